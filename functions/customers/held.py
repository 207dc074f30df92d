"""All that is held of a customer, for an access request: asked of its owners when it is asked for, and kept nowhere.

It is one list of several kinds of things, read by pages: a kind begins where the one before ends. Where an owner does
not answer the page fails, since the answer to such a request must be complete.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from events.queries import FindBasketsOf, FindInvoices, FindOrdersOf, FindPaymentsOf, FindTextsTo, HeldFound
from functions.customers import codes, keys
from functions.customers.domain import Customer
from functions.customers.sealing import CustomerKey
from functions.customers.service import customers
from functions.customers.sessions import phones
from functions.kernel.eventstore.loading import fold
from functions.kernel.messaging.queries import Ask

NEVER = "9999"  # after every time
FORGOTTEN = "forgotten"  # in place of a name and a number that nothing opens any more

Kind = Literal["profile", "change", "code", "order", "basket", "payment", "text"]

find_orders, find_invoices, find_baskets = Ask(FindOrdersOf), Ask(FindInvoices), Ask(FindBasketsOf)
find_payments, find_texts = Ask(FindPaymentsOf), Ask(FindTextsTo)


@dataclass(frozen=True)
class Thing:
    """A thing of a kind; its id is its own among all that is held of the customer."""

    kind: Kind
    id: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Page:
    """after: where the next page begins, None at the end."""

    things: Sequence[Thing]
    after: dict[str, Any] | None


Read = tuple[Sequence[Thing], str | None]  # things of a kind, and where the next page of them begins
Reader = Callable[[str | None, int], Read]


def of(customer_id: str, begin: Mapping[str, Any] | None, limit: int) -> Page:
    """A page of what is held of a customer, also of an erased one.

    Raises NotFoundError for an unknown customer, and UnavailableError where an owner does not answer.
    """
    customer, key = customers.get(customer_id), keys.find(customer_id)
    readers: dict[str, Reader] = {
        "customer": lambda after, most: _sliced(_of_customer(customer, key), after, most),
        "codes": lambda after, most: _sliced(_codes(customer, key), after, most),
        "orders": lambda after, most: _orders(customer_id, after, most),
        "baskets": _asking("basket", find_baskets, customer_id),
        "payments": _asking("payment", find_payments, customer_id),
        "texts": _asking("text", find_texts, customer_id),
    }
    first, after = (begin["part"], begin["after"]) if begin else ("customer", None)
    things: list[Thing] = []
    for part in list(readers)[list(readers).index(first) :]:
        left = limit - len(things)
        found, further = readers[part](after, left or 1)
        if found and not left:
            return Page(things, {"part": part, "after": None})
        things += found
        if further is not None:
            return Page(things, {"part": part, "after": further})
        after = None
    return Page(things, None)


def _of_customer(customer: Customer, key: CustomerKey | None) -> Iterator[Thing]:
    """The profile as of now, then each event of the customer's stream, oldest first, with the customer after it."""
    registered = {"registered_at": customer.registered_at, "kiosk_id": customer.kiosk_id}
    yield Thing("profile", f"profile {customer.id}", {"id": customer.id, **_state(customer, key), **registered})
    then = Customer(id=customer.id)
    for commit in customers.history(customer.id):
        for event in commit.events:
            fold(then, event)
            what = {"event": event.name, "time": commit.time, "by": commit.actor}
            yield Thing("change", f"change {then.version}", {**what, **_state(then, key)})


def _state(customer: Customer, key: CustomerKey | None) -> dict[str, Any]:
    return {
        "name": customer.name_opened_by(key) or FORGOTTEN,
        "sms_number": customer.number_opened_by(key) or FORGOTTEN,
        "status": customer.status,
        "language": customer.language,
    }


def _codes(customer: Customer, key: CustomerKey | None) -> Iterator[Thing]:
    """What was done with one-time codes for the customer's numbers, each while it was the customer's.

    Before and after that it may have been somebody else's, of whom nothing is told.
    """
    changes = [thing.data for thing in _of_customer(customer, key) if thing.kind == "change"]
    had: dict[str, list[tuple[str, str]]] = {}
    for change, until in zip(changes, [*(one["time"] for one in changes[1:]), NEVER], strict=True):
        had.setdefault(change["sms_number"], []).append((change["time"], until))
    for number, times in had.items():
        for commit in phones.history(codes.phone_id(number)) if number != FORGOTTEN else ():
            for event in commit.events if any(since <= commit.time < until for since, until in times) else ():
                data = {"sms_number": number, "event": event.name, "time": commit.time, "by": commit.actor}
                yield Thing("code", f"code {commit.id}", data)


def _orders(customer_id: str, after: str | None, most: int) -> Read:
    """Orders with their invoices."""
    found = find_orders(customer_id=customer_id, after=after, limit=most)
    ids = [row["order_id"] for row in found.rows]
    invoices = find_invoices(order_ids=ids).invoices if ids else {}
    rows = [{**row, "invoice": invoices.get(row["order_id"])} for row in found.rows]
    return [Thing("order", f"order {row['order_id']}", row) for row in rows], found.after


def _asking(kind: Kind, ask: Ask[HeldFound], customer_id: str) -> Reader:
    def read(after: str | None, most: int) -> Read:
        found = ask(customer_id=customer_id, after=after, limit=most)
        return [Thing(kind, f"{kind} {row['id']}", row) for row in found.rows], found.after

    return read


def _sliced(things: Iterator[Thing], after: str | None, most: int) -> Read:
    """Things of this service, whose places are their numbers."""
    begin = int(after or 0)
    found = list(islice(things, begin, begin + most + 1))
    return found[:most], str(begin + most) if len(found) > most else None
