"""All that is held of a customer, for an access request: asked of its owners when it is asked for, and kept nowhere.

It is one list of several kinds of things, read by pages: a kind begins where the one before ends. Each page does
bounded work, whatever the customer did, so it may hold fewer things than asked for, even none, and have a next one.
Where an owner does not answer the page fails, since the answer to such a request must be complete.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from events.queries import (
    FindBasketsOf,
    FindInvoices,
    FindOrdersOf,
    FindPaymentsOf,
    FindReasons,
    FindSkippedTexts,
    FindTextsTo,
    HeldFound,
)
from functions.customers import held_codes, keys
from functions.customers.domain import Customer
from functions.customers.sealing import CustomerKey
from functions.customers.service import customers
from functions.kernel.eventstore.loading import fold
from functions.kernel.messaging.queries import Ask
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Commit

FORGOTTEN = "forgotten"  # in place of a name and a number that nothing opens any more
UNTOUCHED = "untouched"  # what an event does not set
ORDERS_AT_ONCE = 20  # for each of which six texts are looked for

Kind = Literal["profile", "change", "code", "order", "basket", "payment", "text"]

find_orders, find_invoices, find_baskets = Ask(FindOrdersOf), Ask(FindInvoices), Ask(FindBasketsOf)
find_payments, find_texts = Ask(FindPaymentsOf), Ask(FindTextsTo)
find_reasons, find_skipped = Ask(FindReasons), Ask(FindSkippedTexts)


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


Read = tuple[Sequence[Thing], Any]  # things of a kind, and where the next of them begin, None at the end
Reader = Callable[[Any, int], Read]


def of(customer_id: str, begin: Mapping[str, Any] | None, limit: int) -> Page:
    """A page of what is held of a customer, also of an erased one.

    Raises NotFoundError for an unknown customer, and UnavailableError where an owner does not answer.
    """
    customer, key = customers.get(customer_id), keys.find(customer_id)
    readers: dict[str, Reader] = {
        "profile": lambda after, most: ([_profile(customer, key)], None),
        "changes": lambda after, most: _changes(customer_id, key, after, most),
        "codes": lambda after, most: _codes(customer_id, key, after, most),
        "orders": lambda after, most: _orders(customer_id, after, min(most, ORDERS_AT_ONCE)),
        "baskets": _asking("basket", find_baskets, customer_id),
        "payments": _asking("payment", find_payments, customer_id),
        "texts": _asking("text", find_texts, customer_id),
    }
    first, after = (begin["part"], begin["after"]) if begin else ("profile", None)
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


def _profile(customer: Customer, key: CustomerKey | None) -> Thing:
    registered = {"registered_at": customer.registered_at, "kiosk_id": customer.kiosk_id}
    return Thing("profile", f"profile {customer.id}", {"id": customer.id, **_state(customer, key), **registered})


def _changes(customer_id: str, key: CustomerKey | None, after: int | None, most: int) -> Read:
    """The events of the customer's stream, oldest first, each with what it set; a commit of it has one event."""
    commits, further = runtime.current().store.page(Customer.stream(customer_id), after or 0, most)
    return [thing for commit in commits for thing in _events_in(commit, customer_id, key)], further


def _events_in(commit: Commit, customer_id: str, key: CustomerKey | None) -> Iterator[Thing]:
    for version, event in enumerate(commit.events, start=commit.version):
        then = Customer(customer_id, version - 1, status=UNTOUCHED, name=UNTOUCHED, sms_number=UNTOUCHED)
        then.language = UNTOUCHED
        fold(then, event)
        was_set = {name: value for name, value in _state(then, key).items() if getattr(then, name) != UNTOUCHED}
        what = {"event": event.name, "time": commit.time, "by": commit.actor}
        yield Thing("change", f"change {version}", {**what, **was_set})


def _state(customer: Customer, key: CustomerKey | None) -> dict[str, Any]:
    return {
        "name": customer.name_opened_by(key) or FORGOTTEN,
        "sms_number": customer.number_opened_by(key) or FORGOTTEN,
        "status": customer.status,
        "language": customer.language,
    }


def _codes(customer_id: str, key: CustomerKey | None, after: Mapping[str, int] | None, most: int) -> Read:
    found, further = held_codes.found(customer_id, key, after, most)
    return [Thing("code", id, data) for id, data in found], further


def _orders(customer_id: str, after: str | None, most: int) -> Read:
    """Orders with their invoices, why they were rejected or cancelled, and the texts that were not sent about them."""
    found = find_orders(customer_id=customer_id, after=after, limit=most)
    ids = [row["order_id"] for row in found.rows]
    invoices = find_invoices(order_ids=ids).invoices if ids else {}
    skipped = find_skipped(order_ids=ids).texts if ids else {}
    reasons = find_reasons(order_ids=ids).reasons if ids else {}  # of all: what search shows may be behind
    rows = [
        {**row, "invoice": invoices.get(id), "reason": reasons.get(id), "skipped_texts": list(skipped.get(id, ()))}
        for id, row in zip(ids, found.rows, strict=True)
    ]
    return [Thing("order", f"order {row['order_id']}", row) for row in rows], found.after


def _asking(kind: Kind, ask: Ask[HeldFound], customer_id: str) -> Reader:
    def read(after: str | None, most: int) -> Read:
        found = ask(customer_id=customer_id, after=after, limit=most)
        return [Thing(kind, f"{kind} {row['id']}", row) for row in found.rows], found.after

    return read
