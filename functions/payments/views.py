"""A copy of the customers, as far as payments need it: who is there.

A copy that misses asks the owner and keeps the answer. Who was erased stays as a marked row instead of a tombstone,
so that it is told from who never came and needs no asking; the erasure is the last event of its stream.
"""

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerErased,
    CustomerRegistered,
    CustomerSmsChanged,
    CustomerState,
)
from events.envelope import Metadata
from events.queries import FindCustomer
from functions.kernel import runtime
from functions.kernel.errors import NotFoundError
from functions.kernel.projection import Projection, read
from functions.kernel.queries import Ask
from functions.kernel.views import Row

projection = Projection()
find_customer = Ask(FindCustomer)


@projection.on(CustomerRegistered, CustomerSmsChanged, CustomerEnabled, CustomerDisabled)
def customer_row(event: CustomerState, metadata: Metadata) -> Row:
    return _customer(event.customer_id, erased=False)


@projection.on(CustomerErased)
def erased_customer_row(event: CustomerErased, metadata: Metadata) -> Row:
    return _customer(event.customer_id, erased=True)


def must_know_customer(customer_id: str) -> None:
    """Raises NotFoundError for a customer that is not there, and UnavailableError when the owner must be asked."""
    copy = read("customers", customer_id)
    if copy is None:
        _ask(customer_id)
    elif copy["erased"]:
        raise NotFoundError("customer was not located")


def _ask(customer_id: str) -> None:
    try:
        found = find_customer(customer_id=customer_id)
    except NotFoundError:
        raise NotFoundError("customer was not located") from None
    runtime.current().views.put(_customer(customer_id, erased=False), found.version)


def _customer(customer_id: str, *, erased: bool) -> Row:
    return Row("customers", customer_id, {"erased": erased})
