"""The use case of notifications: text a customer."""

from events.notifications import NotificationKind
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.runtime import Port
from functions.notifications import views, wording
from functions.notifications.domain import Notification
from functions.notifications.publish import publishes
from functions.notifications.sns import TextMessages, UnreachableNumberError, connect

notifications = Repository(Notification, publishes)
texts: Port[TextMessages] = Port("texts", connect=connect)


def notify(order_id: str, customer_id: str, kind: NotificationKind) -> None:
    """Text a customer about an order, once for each kind; skip an unknown customer and an unreachable number.

    The text is sent first and recorded then. When recording fails, the retry sends it with the same request id: so no
    text is lost, and a provider that honours the id sends one. Raises UnavailableError, and what the port raises.
    """
    notification_id = ids.derive(order_id, kind)
    if notifications.find(notification_id):
        return
    try:
        to = views.addressee(customer_id)
        texts().send(to.sms_number, wording.text(kind, order_id, to.language), request_id=notification_id)
    except (NotFoundError, UnreachableNumberError) as error:
        reason = str(error)
        notifications.create(
            notification_id, lambda notification: notification.skip(order_id, customer_id, kind, reason)
        )
    else:
        notifications.create(
            notification_id, lambda notification: notification.mark_sent(order_id, customer_id, kind, clock.stamp())
        )
