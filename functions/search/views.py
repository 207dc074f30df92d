"""The read model of orders, and copies of the names of stores and products."""

import heapq
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from events.envelope import Metadata
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductState,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
    StoreState,
)
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, read_many, rows
from functions.kernel.runtime.views import Row

BY_STATUS = "by_status"
UNFINISHED = "unfinished"  # the partition of the index with all orders that have not ended
UNFINISHED_STATUSES = ("pending", "approved", "ready")
AT_A_TIME = 50
SHOWN = set(OrderState.model_fields) - {"approved_at", "readied_at"}
MALL = "orders of the mall"  # the partition of the pointers to all orders

projection = Projection(View("orders", partitions=("orders", "orders of ", "stores", "products"), indexes=(BY_STATUS,)))


@projection.on(OrderCreated, OrderApproved, OrderRejected, OrderReadied, OrderPaid, OrderCancelled, OrderCompleted)
def order_row(event: OrderState, metadata: Metadata) -> Row | None:
    """An order's row; none where the same commit completes the order as well, which its next event shows."""
    if event.status == "ready" and event.paid:
        return None
    data = event.model_dump(mode="json", include=SHOWN)
    return Row("orders", event.order_id, data, indexes=_entry(event.status, position(data)))


def _entry(status: str, place: str) -> dict[str, tuple[str, str]]:
    """Where the index has an order: it moves when the order ends. Most are completed, and found as all orders are."""
    if status == "completed":
        return {}
    return {BY_STATUS: (UNFINISHED if status in UNFINISHED_STATUSES else status, place)}


@projection.on(OrderCreated)
def pointer_rows(event: OrderCreated, metadata: Metadata) -> list[Row]:
    """Pointers to an order: of the mall, and by its customer, products and stores.

    Written once, because an order gets no new items; so a pointer keeps its place whatever becomes of the order.
    """
    pointer = {"order_id": event.order_id, "created_at": event.created_at}
    partitions = {MALL, pointers_of("customer", event.customer_id)}
    partitions |= {pointers_of("product", item.product_id) for item in event.items}
    partitions |= {pointers_of("store", item.store_id) for item in event.items}
    return [Row(partition, position(pointer), pointer) for partition in sorted(partitions)]


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return Row("stores", event.store_id, {"name": event.name})


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    """A removed product keeps its last name, which orders still show."""
    return Row("products", event.product_id, {"name": event.name})


def order(order_id: str) -> dict[str, Any] | None:
    """The row of an order."""
    return read("orders", order_id)


def names_of(keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The current names of stores and products by kind and id, of those that are known.

    They may be those of a moment ago, like all that search shows.
    """
    return {key: row["name"] for key, row in read_many(keys).items()}


def position(order: dict[str, Any]) -> str:
    """The position of an order or pointer in its partition, by creation."""
    return f"{order['created_at']} {order['order_id']}"


def pointers_of(kind: str, id: str) -> str:
    """The partition of the pointers to the orders of a "customer", or with a "product" or products of a "store"."""
    return f"orders of {kind} {id}"


def by_pointers(partitions: Iterable[str], first: str, last: str, at_first: int) -> Iterator[dict[str, Any]]:
    """The orders of the pointers in these partitions, between two positions, newest first, each once.

    Read so many `at_first`, and then by AT_A_TIME; consistently, for a row is written before its pointers: each pointer
    leads to its order.
    """
    streams = [
        rows(partition, first=first, last=last, descending=True, at_a_time=at_first)
        for partition in dict.fromkeys(partitions)
    ]
    pointers = _once(pointer["order_id"] for pointer in heapq.merge(*streams, key=position, reverse=True))
    at_a_time = at_first
    while ids := list(islice(pointers, at_a_time)):
        at_a_time = AT_A_TIME
        found = read_many((("orders", id) for id in ids), consistent=True)
        yield from (found["orders", id] for id in ids if ("orders", id) in found)


def by_number(number: str, first: str, last: str) -> Iterator[dict[str, Any]]:
    """The orders whose ids begin so, between two positions, newest first: of eight random digits one, or none."""
    found = [order for order in rows("orders", first=number, last=f"{number}~") if first <= position(order) <= last]
    return iter(sorted(found, key=position, reverse=True))


def by_status(status: str, first: str, last: str, at_a_time: int) -> Iterator[dict[str, Any]]:
    """The orders in the index, between two positions, newest first: those with this status, or all unfinished ones.

    Read in pages of `at_a_time`. Earlier code put unfinished orders by their status: for one release both are read.
    """
    partitions = [status, UNFINISHED] if status in UNFINISHED_STATUSES else [status]
    found = [
        rows(partition, index=BY_STATUS, first=first, last=last, descending=True, at_a_time=at_a_time)
        for partition in partitions
    ]
    before = ""
    for order in heapq.merge(*found, key=position, reverse=True):
        if position(order) != before:  # one that moves meanwhile may be in both
            yield order
        before = position(order)


def _once(ids: Iterable[str]) -> Iterator[str]:
    """Ids without those that are the same as the one before."""
    before = None
    for id in ids:
        if id != before:
            yield id
        before = id
