"""What the vault has of a customer: the key that opens what is personal, and the digest by which the phone is found.

The key is there before the customer is: it leads to nothing by itself. The digest is written in the transaction that
registers the customer or changes the number, and leaves with the key in the one that erases.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from functions.customers import codes, wrapping
from functions.customers.domain import Customer
from functions.customers.sealing import CustomerKey
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Beside
from functions.kernel.runtime import clock, observe, runtime
from functions.kernel.runtime.vault import RowWrite

KEY = "key"
AT_A_TIME = 10  # of the customers who have one number


def make(customer_id: str) -> CustomerKey:
    """The key of a customer who is being registered: a new one, or that of an earlier attempt.

    Raises NotFoundError once the customer is erased.
    """
    wrapped_by, by = wrapping.newest()
    new = CustomerKey.new(customer_id)
    row = runtime.current().vault.add(partition_of(customer_id), KEY, {"key": new.wrapped(by), "by": wrapped_by})
    found = _unwrapped(customer_id, row)
    if found is None:
        raise NotFoundError(f"there is no customer {customer_id}")
    return found


def find(customer_id: str) -> CustomerKey | None:
    """A customer's key; None once the customer is erased."""
    return _unwrapped(customer_id, runtime.current().vault.get(partition_of(customer_id), KEY))


def find_many(customer_ids: Iterable[str]) -> dict[str, CustomerKey]:
    """The keys of customers by id, of those who have one. One whose wrapping key is missing is an error in the log."""
    places = {(partition_of(id), KEY): id for id in customer_ids}
    rows = runtime.current().vault.get_many(places)
    found: dict[str, CustomerKey] = {}
    for place, id in places.items():
        try:
            key = _unwrapped(id, rows.get(place))
        except wrapping.MissingKeyError as error:
            observe.log_error(f"the key of customer {id} cannot be unwrapped", error)
        else:
            found |= {id: key} if key else {}
    return found


def follow(key: CustomerKey | None = None) -> Beside[Customer]:
    """The vault's rows that follow a customer's change: the digest of the number, and after an erasure a tombstone.

    Without the key it is found once the customer is loaded: what is sealed there was sealed by a key of before.
    """

    def rows(before: Customer, after: Customer) -> Sequence[RowWrite]:
        opener = key or find(before.id)
        old, new = _place(before, opener), _place(after, opener)
        moved = [] if old == new else [*_digest(old, None), *_digest(new, {})]
        erased = before.status != after.status == "erased"
        return [*moved, *(tombstone(after.id, after.version, clock.stamp()) if erased else [])]

    return rows


def digest_row(customer: Customer, key: CustomerKey) -> list[RowWrite]:
    """The row by which a customer's phone is found."""
    return _digest(_place(customer, key), {})


def tombstone(customer_id: str, version: int, at: str) -> list[RowWrite]:
    """A tombstone in place of the key, and an entry in the ledger, of a customer whom an event erased at a time."""
    entry = RowWrite(customer_id, "erased", {"erased": at, "version": version}, table="erasures")
    return [RowWrite(partition_of(customer_id), KEY, {"erased": at}), entry]


def customers_with(phone_id: str) -> Iterator[str]:
    """The ids of the customers who have a phone, the latest to register first."""
    before = None
    while sorts := runtime.current().vault.sorts(_phone(phone_id), AT_A_TIME, before):
        yield from (sort.rpartition(" ")[2] for sort in sorts)
        before = sorts[-1]


def has(customer: Customer, phone_id: str) -> bool:
    """Whether a customer has a phone now: a row may be of before, where the vault was restored."""
    number = customer.number_opened_by(find(customer.id))
    return number is not None and codes.phone_id(number) == phone_id


def _place(customer: Customer, key: CustomerKey | None) -> tuple[str, str] | None:
    """Where the row is by which a customer's phone is found; None once the number is forgotten."""
    number = customer.number_opened_by(key)
    return (_phone(codes.phone_id(number)), f"{customer.registered_at} {customer.id}") if number else None


def _digest(place: tuple[str, str] | None, data: dict[str, Any] | None) -> list[RowWrite]:
    return [RowWrite(*place, data)] if place else []


def _unwrapped(customer_id: str, row: dict[str, Any] | None) -> CustomerKey | None:
    """The key in a row. A damaged one opens nothing for good, as a tombstone does, but is an error in the log.

    What wraps it is raised as an error where it is missing or damaged: it wraps the keys of all, and can be restored.
    """
    if row is None or "key" not in row:
        return None
    by = wrapping.of(row["by"]) if "by" in row else b""
    try:
        return CustomerKey.unwrapped(customer_id, row["key"], by)
    except ValueError as error:
        observe.log_error(f"the key of customer {customer_id} does not open", error)
        return None


def partition_of(customer_id: str) -> str:
    """Where the key of a customer is, under the sort key KEY."""
    return f"customer {customer_id}"


def _phone(phone_id: str) -> str:
    return f"phone {phone_id}"
