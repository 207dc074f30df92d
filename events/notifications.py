"""Messages of the notifications service: the text messages that customers were sent."""

from typing import Literal

from events.registry import Event
from events.shapes import Time

NotificationKind = Literal["received", "approved", "ready_for_pickup", "cancelled", "rejected", "completed"]


class NotificationSent(Event, source="notifications", key="notification_id"):
    """A customer was sent the one text of this kind about an order."""

    notification_id: str
    order_id: str
    customer_id: str
    kind: NotificationKind
    status: str
    sent_at: Time
