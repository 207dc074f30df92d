"""The public event of the notifications service."""

from typing import cast

from events.notifications import NotificationKind, NotificationSent
from functions.kernel.eventstore.publish import Publisher
from functions.notifications.domain import Notification, Sent

publishes = Publisher("notifications")


@publishes(Sent)
def notification_sent(notification: Notification, event: Sent) -> NotificationSent:
    return NotificationSent(
        notification_id=notification.id,
        order_id=notification.order_id,
        customer_id=notification.customer_id,
        kind=cast(NotificationKind, notification.kind),
        status=notification.status,
        sent_at=event.at,
    )
