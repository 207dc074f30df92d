"""What the notifications service hears: what becomes of orders, and what feeds its copies and its list."""

from events.notifications import NotificationKind
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from functions.kernel.messaging.inbox import Inbox
from functions.notifications import service
from functions.notifications.views import projection

KINDS: dict[type[OrderState], NotificationKind] = {
    OrderCreated: "received",
    OrderApproved: "approved",
    OrderReadied: "ready_for_pickup",
    OrderCancelled: "cancelled",
    OrderRejected: "rejected",
    OrderCompleted: "completed",
}

inbox = Inbox("notifications")
inbox.include(projection)


@inbox.on(*KINDS)
def notify(event: OrderState) -> None:
    service.notify(event.order_id, event.customer_id, KINDS[type(event)])
