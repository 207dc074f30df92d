"""The read model of orders, and copies of the names of customers, stores and products."""

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
    return Row("orders", event.order_id, data, indexes={BY_STATUS: (event.status, position(data))})


@projection.on(OrderCreated)
def pointer_rows(event: OrderCreated, metadata: Metadata) -> list[Row]:
    """Pointers to an order, by its customer, products and stores; written once, because an order gets no new items."""
    pointer = {"order_id": event.order_id, "created_at": event.created_at}
    partitions = {pointers_of("customer", event.customer_id)}
    partitions |= {pointers_of("product", item.product_id) for item in event.items}
    partitions |= {pointers_of("store", item.store_id) for item in event.items}
    return [Row(partition, position(pointer), pointer) for partition in sorted(partitions)]


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
    """A removed product keeps its last name, which orders still show."""
    return Row("products", event.product_id, {"name": event.name})


def order(order_id: str) -> dict[str, Any] | None:
    """The row of an order."""
    return read("orders", order_id)


def name_of(kind: str, id: str) -> str | None:
    """The current name of a customer, store or product; None for an unknown or erased one."""
    row = read(kind, id)
    return row["name"] if row else None


def position(order: dict[str, Any]) -> str:
    """The position of an order or pointer in its partition, by creation."""
    return f"{order['created_at']} {order['order_id']}"


def pointers_of(kind: str, id: str) -> str:
    """The partition of the pointers to the orders of a "customer", or with a "product" or products of a "store"."""
    return f"orders of {kind} {id}"


def by_pointers(partitions: Iterable[str], first: str, last: str) -> Iterator[dict[str, Any]]:
    """The orders of the pointers in these partitions, between two positions, newest first, each once."""
    seen = None
    for pointer in _merged(partitions, None, first, last):
        row = order(pointer["order_id"]) if pointer["order_id"] != seen else None
        seen = pointer["order_id"]
        if row:
            yield row


def by_status(statuses: Iterable[str], first: str, last: str, at_a_time: int) -> Iterator[dict[str, Any]]:
    """The orders with one of these statuses, between two positions, newest first, read in pages of `at_a_time`."""
    return _merged(statuses, BY_STATUS, first, last, at_a_time)


def _merged(
    partitions: Iterable[str], index: str | None, first: str, last: str, at_a_time: int = AT_A_TIME
) -> Iterator[dict[str, Any]]:
    streams = [
        rows(partition, index=index, first=first, last=last, descending=True, at_a_time=min(at_a_time, AT_A_TIME))
        for partition in dict.fromkeys(partitions)
    ]
    return heapq.merge(*streams, key=position, reverse=True)
