"""A copy of what a service must know of customers: who there is. Nothing personal is in it.

`inbox.include(known_customers.projection)` feeds it, and `knows(customer_id)` reads it; where it has no entry, the
owner is asked and the answer kept. An erased customer is a marked row, not a tombstone: a tombstone reads like a row
that was never written, and the owner would be asked each time. The erasure is the last event of a customer's stream.
"""

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
from events.queries import CustomerStatusFound, FindCustomerStatus
from functions.kernel.messaging.queries import Ask
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row

CUSTOMERS = "customers"

projection = Projection(View("customers", partitions=(CUSTOMERS,)))
find_status = Ask(FindCustomerStatus)


@projection.on(CustomerRegistered, CustomerSmsChanged, CustomerLanguageChanged, CustomerEnabled, CustomerDisabled)
def customer_row(event: CustomerState, metadata: Metadata) -> Row:
    return _row(event)


@projection.on(CustomerErased)
def erased_customer_row(event: CustomerErased, metadata: Metadata) -> Row:
    return Row(CUSTOMERS, event.customer_id, {"erased": True})


def knows(customer_id: str) -> bool:
    """Whether there is such a customer, enabled or not. Raises UnavailableError when the owner does not answer."""
    copy = read(CUSTOMERS, customer_id)
    return not copy["erased"] if copy else _ask(customer_id)


def _ask(customer_id: str) -> bool:
    found = find_status.or_none(customer_id=customer_id)
    if found and found.version:  # an owner deployed before does not say of which version its answer is
        runtime.current().views.put(_row(found), found.version)
    return found is not None


def _row(customer: CustomerState | CustomerStatusFound) -> Row:
    data = {"enabled": customer.enabled, "language": customer.language, "erased": False}
    return Row(CUSTOMERS, customer.customer_id, data)
