"""The REST routes of notifications."""

from typing import Literal

from events.notifications import NotificationKind
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import GivenId, Stamp, Wire
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.uses import Uses
from functions.notifications import views

api = Api("notifications", uses=Uses(rows=("query",)))


class OfCustomer(Paged):
    customer_id: GivenId


class NotificationShape(Wire):
    id: str
    order_id: str
    kind: NotificationKind
    status: Literal["sent"]
    sent_at: Stamp


class NotificationsAnswer(PagedAnswer):
    notifications: list[NotificationShape]


@api.get("/api/notifications", may=[STAFF])
def get_notifications(params: OfCustomer) -> NotificationsAnswer:
    """List the texts that were sent to a customer, newest first."""
    purpose = f"notifications of {params.customer_id}"
    page = views.notifications(params.customer_id, params.limit, paging.read(params.next, purpose))
    return NotificationsAnswer(
        notifications=[NotificationShape(**row) for row in page.rows], next=paging.sign(page.after, purpose)
    )
