"""What the texts say."""

from events.notifications import NotificationKind

TEXTS: dict[NotificationKind, str] = {
    "received": "MallBots: we have received your order {order} and are checking it.",
    "approved": "MallBots: your order {order} is approved. Our robots will collect it for you.",
    "ready_for_pickup": "MallBots: your order {order} is ready. You can pick it up at the depot.",
    "cancelled": "MallBots: your order {order} was cancelled. You pay nothing for it.",
    "rejected": "MallBots: we are sorry, your order {order} could not be accepted. You pay nothing for it.",
    "completed": "MallBots: your order {order} is complete. Thank you for shopping with us!",
}


def text(kind: NotificationKind, order_id: str) -> str:
    """The text of a kind about an order, short enough for one message."""
    return TEXTS[kind].format(order=order_id[:8])
