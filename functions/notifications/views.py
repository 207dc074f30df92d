"""A copy of customers' numbers and languages, and the list of the texts that were sent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerLanguageChanged,
    CustomerRegistered,
    CustomerSmsChanged,
    CustomerState,
)
from events.envelope import Metadata
from events.notifications import NotificationSent
from events.queries import CustomerFound, FindCustomer
from functions.kernel.messaging.queries import Ask
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Page, Row

projection = Projection()
find_customer = Ask(FindCustomer)


@dataclass(frozen=True)
class Addressee:
    """Where to text a customer: the number, and the language as an ISO 639-1 code."""

    sms_number: str
    language: str = "en"  # rows from before customers had a language lack it


@projection.on(CustomerRegistered, CustomerSmsChanged, CustomerLanguageChanged, CustomerEnabled, CustomerDisabled)
def customer_row(event: CustomerState, metadata: Metadata) -> Row:
    return _customer(event)


@projection.on(CustomerErased)
def erased_customer_row(event: CustomerErased, metadata: Metadata) -> Row:
    return Row("customers", event.customer_id, None)


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


def addressee(customer_id: str) -> Addressee:
    """Where to text a customer. When the copy misses, the owner is asked and its answer kept.

    Raises NotFoundError for an unknown or erased customer, UnavailableError when the owner does not answer.
    """
    copy = read("customers", customer_id)
    if copy:
        return Addressee(**copy)
    found = find_customer(customer_id=customer_id)
    runtime.current().views.put(_customer(found), found.version)
    return Addressee(found.sms_number, found.language)


def notifications(customer_id: str, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of the texts that were sent to a customer, newest first."""
    return runtime.current().views.query(_texts_to(customer_id), limit=limit, after=after, descending=True)


def _customer(customer: CustomerState | CustomerFound) -> Row:
    data = {"sms_number": customer.sms_number, "language": customer.language}
    return Row("customers", customer.customer_id, data)


def texts_to(customer_id: str, after: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """All texts that were sent to a customer, newest first, each with its place; of those behind a place, if given."""
    for text in rows(_texts_to(customer_id), last=after, descending=True):
        place = f"{text['sent_at']} {text['id']}"
        if place != after:
            yield place, text


def _texts_to(customer_id: str) -> str:
    return f"texts to {customer_id}"
