"""The read model of orders, and copies of customers, stores and products for their names."""

import heapq
from collections.abc import Iterable, Iterator
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
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime.views import Row

BY_STATUS = "by_status"
AT_A_TIME = 50

projection = Projection(indexes=[BY_STATUS])


@projection.on(OrderCreated, OrderApproved, OrderRejected, OrderReadied, OrderPaid, OrderCancelled, OrderCompleted)
def order_row(event: OrderState, metadata: Metadata) -> Row:
    data = event.model_dump(mode="json", include=set(OrderState.model_fields))
    return Row("orders", event.order_id, data, indexes={BY_STATUS: (event.status, place(data))})


@projection.on(OrderCreated)
def pointer_rows(event: OrderCreated, metadata: Metadata) -> list[Row]:
    """By whose and of what the order is found, written once: it loses items later, but never gets any."""
    pointer = {"order_id": event.order_id, "created_at": event.created_at}
    found_by = {of("customer", event.customer_id)}
    found_by |= {of("product", item.product_id) for item in event.items}
    found_by |= {of("store", item.store_id) for item in event.items}
    return [Row(partition, place(pointer), pointer) for partition in sorted(found_by)]


@projection.on(CustomerRegistered, CustomerSmsChanged, CustomerLanguageChanged, CustomerEnabled, CustomerDisabled)
def customer_row(event: CustomerState, metadata: Metadata) -> Row:
    return Row("customers", event.customer_id, {"name": event.name})


@projection.on(CustomerErased)
def erased_customer_row(event: CustomerErased, metadata: Metadata) -> Row:
    return Row("customers", event.customer_id, None)


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return Row("stores", event.store_id, {"name": event.name})


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    """A product that was removed keeps its last name: it was ordered under it."""
    return Row("products", event.product_id, {"name": event.name})


def order(order_id: str) -> dict[str, Any] | None:
    """The row of an order."""
    return read("orders", order_id)


def name_of(kind: str, id: str) -> str | None:
    """What a customer, store or product is called now; None for one that is not known, or erased."""
    row = read(kind, id)
    return row["name"] if row else None


def place(order: dict[str, Any]) -> str:
    """Where an order stands among those of its partition, by creation."""
    return f"{order['created_at']} {order['order_id']}"


def of(kind: str, id: str) -> str:
    """The partition of pointers to the orders of a "customer", or that hold something of a "product" or "store"."""
    return f"orders of {kind} {id}"


def pointed_at(partitions: Iterable[str], first: str, last: str) -> Iterator[dict[str, Any]]:
    """The orders that pointers of these partitions point at from one place to another, newest first, each once."""
    seen = None
    for pointer in _merged(partitions, None, first, last):
        row = order(pointer["order_id"]) if pointer["order_id"] != seen else None
        seen = pointer["order_id"]
        if row:
            yield row


def with_status(statuses: Iterable[str], first: str, last: str, at_a_time: int) -> Iterator[dict[str, Any]]:
    """The orders with one of these statuses from one place to another, newest first, read so many at a time."""
    return _merged(statuses, BY_STATUS, first, last, at_a_time)


def _merged(
    partitions: Iterable[str], index: str | None, first: str, last: str, at_a_time: int = AT_A_TIME
) -> Iterator[dict[str, Any]]:
    found = [
        rows(partition, index=index, first=first, last=last, descending=True, at_a_time=min(at_a_time, AT_A_TIME))
        for partition in dict.fromkeys(partitions)
    ]
    return heapq.merge(*found, key=place, reverse=True)
