"""The numbers of customers, as far as texts need them, and the list of the texts that were sent."""

from typing import Any

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerRegistered,
    CustomerSmsChanged,
    CustomerState,
)
from events.envelope import Metadata
from events.notifications import NotificationSent
from events.queries import FindCustomer
from functions.kernel import runtime
from functions.kernel.projection import Projection, read
from functions.kernel.queries import Ask
from functions.kernel.views import Page, Row

projection = Projection()
find_customer = Ask(FindCustomer)


@projection.on(CustomerRegistered, CustomerSmsChanged, CustomerEnabled, CustomerDisabled)
def customer_row(event: CustomerState, metadata: Metadata) -> Row:
    return _customer(event.customer_id, event.sms_number)


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


def number_of(customer_id: str) -> str:
    """A customer's number. Raises NotFoundError for one who is not there (any more), UnavailableError."""
    copy = read("customers", customer_id)
    if copy:
        return str(copy["sms_number"])
    found = find_customer(customer_id=customer_id)
    runtime.current().views.put(_customer(customer_id, found.sms_number), found.version)
    return found.sms_number


def notifications(customer_id: str, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of the texts that a customer was sent, newest first."""
    return runtime.current().views.query(_texts_to(customer_id), limit=limit, after=after, descending=True)


def _customer(customer_id: str, sms_number: str) -> Row:
    return Row("customers", customer_id, {"sms_number": sms_number})


def _texts_to(customer_id: str) -> str:
    return f"texts to {customer_id}"
