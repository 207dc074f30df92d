"""The read model of orders, and copies of customers, stores and products for their names."""

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
from functions.kernel import runtime
from functions.kernel.projection import Projection, read
from functions.kernel.views import Page, Row

MONTH = 7  # characters: 2026-11

projection = Projection(indexes=["by_customer", "by_status", "by_time"])


@projection.on(OrderCreated, OrderApproved, OrderRejected, OrderReadied, OrderPaid, OrderCancelled, OrderCompleted)
def order_row(event: OrderState, metadata: Metadata) -> Row:
    sort = f"{event.created_at} {event.order_id}"
    return Row(
        "orders",
        event.order_id,
        event.model_dump(mode="json", include=set(OrderState.model_fields)),
        indexes={
            "by_customer": (event.customer_id, sort),
            "by_status": (f"{event.status} {event.created_at[:MONTH]}", sort),
            "by_time": (event.created_at[:MONTH], sort),
        },
    )


@projection.on(OrderCreated)
def month_row(event: OrderCreated, metadata: Metadata) -> Row:
    """That there are orders of a month: where a search that goes back may end."""
    return Row("months", event.created_at[:MONTH], {"month": event.created_at[:MONTH]})


@projection.on(CustomerRegistered, CustomerSmsChanged, CustomerEnabled, CustomerDisabled)
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


def months(first: str, last: str) -> list[str]:
    """The months in which orders were placed, newest first, from `first` to `last`, both such as 2026-11."""
    page = runtime.current().views.query("months", first=first, last=last, limit=1200, descending=True)
    return [row["month"] for row in page.rows]


def orders(index: str, partition: str, first: str, last: str, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of the orders in a partition of an index, newest first, created from `first` to `last`."""
    return runtime.current().views.query(
        partition, index=index, first=first, last=last, limit=limit, after=after, descending=True
    )
