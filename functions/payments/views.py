"""Copies of orders, as far as payments need them, and the list of differences that staff see.

An order's copy is what its money is compared with, once it has ended; it is written when an order begins and when it
ends, and ordering is asked about one between. One sparse index finds what is to be compared: an ended order by the day
on which it ended, an unfinished one by the time of its creation, a difference by its status and time.

The payments that no order has taken are rows in the order of their authorization. Those rows, the runs and the
last day with runs are no read model: use cases write them, and no rebuild would bring them back.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from events.envelope import Metadata
from events.ordering import (
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderRejected,
    OrderState,
)
from events.payments import (
    DifferenceCleared,
    DifferenceFound,
    DifferenceState,
    OrdersToCompare,
)
from events.queries import FindOrder
from functions.kernel.messaging import known_customers
from functions.kernel.messaging.queries import Ask
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Page, Row
from functions.payments.difference import ENDED, Order

INDEX = "reconciliation"
UNFINISHED_FOR = timedelta(days=1)  # a younger order may still be under way
PAGE = 100
RUNS = "reconciliation runs"
RUN_KEPT = timedelta(days=1)  # after its end, so that no message begins it anew
RECONCILED = "reconciled days"

UNCONFIRMED = "payments without an order"
UNCONFIRMED_BEFORE = "unconfirmed payments"  # of earlier code

projection = Projection(
    View(
        "orders",
        partitions=("order ", "difference ", "differences"),
        indexes=(INDEX,),
        apart=(UNCONFIRMED_BEFORE,),
    )
)
projection.include(known_customers.projection)
find_order = Ask(FindOrder)


@projection.on(OrderCreated, OrderRejected, OrderCancelled, OrderCompleted)
def order_row(event: OrderState, metadata: Metadata) -> Row:
    data = {
        "id": event.order_id,
        "customer_id": event.customer_id,
        "payment_id": event.payment_id,
        "status": event.status,
        "total": event.total,
        "paid": event.paid,
        "moved_at": metadata.time,
    }
    if event.status in ENDED:
        place = f"ended {metadata.time[:10]}", event.order_id
    else:
        place = "unfinished", f"{event.created_at} {event.order_id}"
    return Row(f"order {event.order_id}", "order", data, indexes={INDEX: place})


@projection.on(DifferenceFound, DifferenceCleared)
def difference_rows(event: DifferenceState, metadata: Metadata) -> list[Row]:
    """A row that is listed by status, and one that keeps its place in the list of all differences."""
    place = "differences", f"{event.status} {event.since} {event.difference_id}"
    data = {"id": event.difference_id, **event.model_dump(mode="json", exclude={"difference_id"})}
    by_status = Row(f"difference {event.difference_id}", "difference", data, indexes={INDEX: place})
    return [by_status, Row("differences", event.difference_id, data)]


def pointer(customer_id: str, payment_id: str, at: str) -> Row:
    """The row by which a payment is found when its customer asks what is held; at: when it was authorized (RFC 3339).

    It is no read model: the use case writes it, since to hear of each payment would cost more.
    """
    return Row(_payments_of(customer_id), f"{at} {payment_id}", {"payment_id": payment_id, "authorized_at": at})


def point_to(customer_id: str, payment_id: str, at: str) -> None:
    """Write that row."""
    runtime.current().views.put(pointer(customer_id, payment_id, at), 1)


def payments_of(customer_id: str, after: str | None) -> Iterator[tuple[str, str]]:
    """The ids of a customer's payments, newest first, each with its place; of those behind a place, if given."""
    for payment in rows(_payments_of(customer_id), last=after, descending=True):
        place = f"{payment['authorized_at']} {payment['payment_id']}"
        if place != after:
            yield place, payment["payment_id"]


def _payments_of(customer_id: str) -> str:
    return f"payments of {customer_id}"


def order(order_id: str) -> Order | None:
    """The copy of an order; None before its first event."""
    row = read(f"order {order_id}", "order")
    return Order(**row) if row else None


def orders_to_compare(
    orders: OrdersToCompare, day: str, now: datetime, after: str | None
) -> tuple[list[str], str | None]:
    """A page of the ids of orders whose money is to be compared, and where the next page begins (None at the end)."""
    begin = json.loads(after) if after else None
    query = runtime.current().views.query
    if orders == "ended":
        page = query(f"ended {day}", index=INDEX, limit=PAGE, after=begin)
    elif orders == "unfinished":
        last = clock.stamp(now - UNFINISHED_FOR)
        page = query("unfinished", index=INDEX, last=last, limit=PAGE, after=begin)
    else:
        page = differences("open", PAGE, begin)
    return [row["id"] for row in page.rows], json.dumps(page.after) if page.after else None


@dataclass(frozen=True)
class Run:
    """A reconciliation of one kind of orders; time: when it begins (RFC 3339). after: where the next page does."""

    orders: OrdersToCompare
    day: str
    time: str
    after: str | None = None
    pages: int = 0

    @property
    def place(self) -> tuple[str, str]:
        """The partition and sort key of its row."""
        return RUNS, f"{self.time} {self.orders} {self.day}"


def record_run(run: Run) -> bool:
    """Store how far a run has come; False when it is as far already, or has ended."""
    return runtime.current().views.put(Row(*run.place, vars(run)), run.pages)


def end_run(run: Run) -> bool:
    """Store that a run has come to its end; False when it is further than this already."""
    expires = int((clock.now() + RUN_KEPT).timestamp())
    return runtime.current().views.put(Row(*run.place, None, expires=expires), run.pages + 1)


def runs() -> list[Run]:
    """The runs that have not come to their end, oldest first."""
    return [Run(**row) for row in rows(RUNS, consistent=True)]


def record_reconciled(day: date) -> None:
    """Store that a night's runs were begun for a day, unless they were for a later one."""
    runtime.current().views.put(Row(RECONCILED, "last", {"day": day.isoformat()}), day.toordinal())


def reconciled() -> date | None:
    """The last day for which a night's runs were begun; None if none was."""
    row = read(RECONCILED, "last")
    return date.fromisoformat(row["day"]) if row else None


@dataclass(frozen=True)
class Unconfirmed:
    """A payment that no order has taken, and since when (RFC 3339)."""

    id: str
    at: str

    @property
    def place(self) -> tuple[str, str]:
        """The partition and sort key of its row."""
        return UNCONFIRMED, f"{self.at} {self.id}"


def await_confirmation(payment: Unconfirmed) -> None:
    """Keep in mind that a payment is authorized, or about to be, and that no order has taken it."""
    runtime.current().views.put(Row(*payment.place, vars(payment)), 1)


def await_no_more(payment: Unconfirmed) -> None:
    """Forget a payment that an order has taken, or that was voided. Where that is lost, the sweep does it again."""
    runtime.current().views.delete(*payment.place)


def unconfirmed_since(moment: datetime) -> Iterator[Unconfirmed]:
    """The payments that no order had taken at `moment`, the oldest first."""
    return (Unconfirmed(**row) for row in rows(UNCONFIRMED, last=f"{clock.stamp(moment)} ~"))


# The same of earlier code, whose rows are found by the index. The release after the next finds none, and drops this.
KEPT_BEFORE = timedelta(days=1)


def unconfirmed_before(moment: datetime) -> Iterator[str]:
    """The ids of the payments in rows of earlier code that no order had taken at `moment`, the oldest first."""
    return (row["id"] for row in rows(UNCONFIRMED_BEFORE, index=INDEX, last=clock.stamp(moment)))


def drop_unconfirmed_before(payment_id: str) -> None:
    """Take a row of earlier code out of the index, as that code does."""
    expires = int((clock.now() + KEPT_BEFORE).timestamp())
    runtime.current().views.put(Row(UNCONFIRMED_BEFORE, payment_id, {"id": payment_id}, expires=expires), 2)


def differences(status: str | None, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of differences, those of one status, the oldest first, or all by their orders."""
    query = runtime.current().views.query
    if status is None:
        return query("differences", limit=limit, after=after)
    return query("differences", index=INDEX, first=f"{status} ", last=f"{status} ~", limit=limit, after=after)
