"""What the notifications service consumes: what to text about orders, and the event that feeds its read model."""

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerLanguageChanged,
    CustomerRegistered,
    CustomerSmsChanged,
    OneTimeCodeRequested,
)
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
from events.queries import FindAddress, FindOneTimeCode
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

WINDOW = 5  # seconds: a text about an order is promised within a minute (docs/adr/0059)

inbox = Inbox(
    "notifications",
    window=WINDOW,
    uses=Uses(streams="commit", asks=(FindAddress, FindOneTimeCode), ports=(service.texts,)),
)
inbox.include(projection)
inbox.move("codes", OneTimeCodeRequested)
inbox.drain(
    CustomerRegistered, CustomerSmsChanged, CustomerLanguageChanged, CustomerEnabled, CustomerDisabled, CustomerErased
)


@inbox.on(*KINDS)
def notify(event: OrderState) -> None:
    service.notify(event.order_id, event.customer_id, KINDS[type(event)])


@inbox.on(OneTimeCodeRequested)
def send_code(event: OneTimeCodeRequested) -> None:
    service.send_code(event.phone_id, event.request, event.expires_at)
