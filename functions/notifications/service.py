"""What is done to let a customer know."""

from events.notifications import NotificationKind
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.runtime import Port
from functions.notifications import views, wording
from functions.notifications.domain import Notification
from functions.notifications.publish import publishes
from functions.notifications.texts import TextMessages, UnreachableNumberError, connect

notifications = Repository(Notification, publishes)
texts: Port[TextMessages] = Port("texts", connect=connect)


def notify(order_id: str, customer_id: str, kind: NotificationKind) -> None:
    """Text a customer about an order, once for each kind; one who cannot be reached is skipped.

    The text is sent first and recorded then: if the second fails, the next try sends with the same request id, so
    that no text is lost and a provider that honours the id sends one. Raises UnavailableError, and what the port
    raises.
    """
    notification_id = ids.derive(order_id, kind)
    if notifications.find(notification_id):
        return
    try:
        to = views.addressee(customer_id)
        texts().send(to.sms_number, wording.text(kind, order_id, to.language), request_id=notification_id)
    except (NotFoundError, UnreachableNumberError) as error:
        reason = str(error)
        notifications.create(notification_id, lambda it: it.skip(order_id, customer_id, kind, reason))
    else:
        notifications.create(notification_id, lambda it: it.note_sent(order_id, customer_id, kind, clock.stamp()))
