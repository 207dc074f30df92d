"""The list of the texts that were sent."""

from collections.abc import Iterator
from typing import Any

from events.envelope import Metadata
from events.notifications import NotificationSent
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, rows
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Page, Row

projection = Projection(View("texts", partitions=("texts to ",)))


@projection.on(NotificationSent)
def notification_row(event: NotificationSent, metadata: Metadata) -> Row:
    return Row(
        _texts_to(event.customer_id),
        f"{event.sent_at} {event.notification_id}",
        {
            "id": event.notification_id,
            "order_id": event.order_id,
            "kind": event.kind,
            "status": event.status,
            "sent_at": event.sent_at,
        },
    )


def notifications(customer_id: str, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of the texts that were sent to a customer, newest first."""
    return runtime.current().views.query(_texts_to(customer_id), limit=limit, after=after, descending=True)


def texts_to(customer_id: str, after: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """All texts that were sent to a customer, newest first, each with its place; of those behind a place, if given."""
    for text in rows(_texts_to(customer_id), last=after, descending=True):
        place = f"{text['sent_at']} {text['id']}"
        if place != after:
            yield place, text


def _texts_to(customer_id: str) -> str:
    return f"texts to {customer_id}"
