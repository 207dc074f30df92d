"""What the notifications service consumes: the events of orders to text about, and those that feed its read models."""

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
from events.queries import FindCustomer
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.uses import Uses
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

inbox = Inbox("notifications", uses=Uses(streams="commit", rows=("get",), asks=(FindCustomer,), ports=(service.texts,)))
inbox.include(projection)


@inbox.on(*KINDS)
def notify(event: OrderState) -> None:
    service.notify(event.order_id, event.customer_id, KINDS[type(event)])
