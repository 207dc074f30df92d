"""Sales and funnel: counters by the hour, each changed in one transaction with the row that says what was counted.

An order reaches a stage by one event, whose row lets it be counted once.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from events.baskets import BasketAbandoned, BasketCheckedOut, BasketStarted, BasketState
from events.envelope import Metadata
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.registry import Message
from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductRemoved,
    ProductState,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
    StoreState,
)
from functions.insights.counting import Range, counted, counter
from functions.kernel.projections.projection import Projection
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Money, Stamp, Wire
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.views import Row

COUNTERS_AT_ONCE = 90  # a transaction of DynamoDB changes 100 items at most
NAMES_AT_A_TIME = 100  # about 15 KB, which is two read units

STAGES: dict[type[Message], str] = {
    BasketStarted: "baskets_started",
    BasketCheckedOut: "checked_out",
    BasketAbandoned: "abandoned",
    OrderApproved: "approved",
    OrderReadied: "ready",
    OrderPaid: "paid",
    OrderCompleted: "completed",
    OrderRejected: "rejected",
    OrderCancelled: "cancelled",
}

Counters = dict[tuple[str, str], dict[str, int]]

projection = Projection()
api = Api("insights")


@dataclass
class Sum:
    """Completed orders, the items in them, and what they came to in cents."""

    orders: int = 0
    items: int = 0
    revenue: int = 0

    def add(self, counted: Mapping[str, int]) -> None:
        """Add a counter's fields."""
        self.orders += counted["orders"]
        self.items += counted["items"]
        self.revenue += counted["revenue"]


@dataclass
class Sales:
    """What was sold: in all, and by store id, product id and hour (RFC 3339)."""

    total: Sum = field(default_factory=Sum)
    by_store: defaultdict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_product: defaultdict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))
    by_hour: defaultdict[str, Sum] = field(default_factory=lambda: defaultdict(Sum))


@projection.on(*STAGES)
def stage_row(event: BasketState | OrderState, metadata: Metadata) -> Row:
    order_id = event.basket_id if isinstance(event, BasketState) else event.order_id
    stage = STAGES[type(event)]
    key = "funnel", counter(metadata.time, "stages", "all", order_id)
    return Row(_reached(order_id), stage, {"time": metadata.time}, counts={key: {stage: 1}})


@projection.on(OrderCompleted)
def sale_rows(event: OrderCompleted, metadata: Metadata) -> list[Row]:
    """One row, with all that the order adds; more for an order with more lines than a transaction can take."""
    counters = iter(_sold(event, metadata).items())
    parts = iter(lambda: dict(islice(counters, COUNTERS_AT_ONCE)), {})
    return [
        Row(_reached(event.order_id), f"sale, part {number}", {"time": metadata.time}, counts=part)
        for number, part in enumerate(parts, 1)
    ]


def _sold(event: OrderCompleted, metadata: Metadata) -> Counters:
    def key(kind: str, id: str) -> tuple[str, str]:
        return "sales", counter(metadata.time, kind, id, event.order_id)

    quantity = sum(item.quantity for item in event.items)
    counters: Counters = {key("mall", "all"): {"orders": 1, "items": quantity, "revenue": event.total}}
    for item in event.items:
        for about in (key("store", item.store_id), key("product", item.product_id)):
            fields = counters.setdefault(about, {"orders": 1, "items": 0, "revenue": 0})
            fields["items"] += item.quantity
            fields["revenue"] += item.price * item.quantity
    return counters


def _reached(order_id: str) -> str:
    return f"stages of {order_id}"


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return Row("stores", event.store_id, {"id": event.store_id, "name": event.name})


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged, ProductRemoved)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    # What is not sold any more was sold once: it keeps its name.
    return Row("products", event.product_id, {"id": event.product_id, "name": event.name})


def sales(since: datetime, until: datetime) -> Sales:
    """What was sold from the hour of `since` until that of `until`. Raises InvalidError for more than can be summed."""
    found = Sales()
    for hour, kind, id, fields in counted("sales", since, until):
        if kind == "store":
            found.by_store[id].add(fields)
        elif kind == "product":
            found.by_product[id].add(fields)
        else:
            found.total.add(fields)
            found.by_hour[f"{hour}:00:00Z"].add(fields)
    return found


def funnel(since: datetime, until: datetime) -> dict[str, int]:
    """How many baskets and orders reached each stage in those hours. Raises InvalidError as `sales` does."""
    found = dict.fromkeys(STAGES.values(), 0)
    for _, _, _, fields in counted("funnel", since, until):
        for stage, count in fields.items():
            found[stage] += count
    return found


def names(partition: str, ids: Iterable[str]) -> dict[str, str]:
    """The names of these "stores" or "products", by id; names of others may be among them.

    Each query starts at the next id that is wanted. It finds many names at once where their ids lie close together, and
    skips the rest of the catalogue, however large it is.
    """
    found: dict[str, str] = {}
    wanted = sorted(ids)
    while wanted:
        page = runtime.current().views.query(partition, first=wanted[0], last=wanted[-1], limit=NAMES_AT_A_TIME)
        found |= {row["id"]: row["name"] for row in page.rows}
        wanted = wanted[bisect_right(wanted, page.sorts[-1]) :] if page.after else []
    return found


class StoreSales(Wire):
    store_id: str
    store_name: str
    orders: int
    items: int
    revenue: Money


class ProductSales(Wire):
    product_id: str
    product_name: str
    orders: int
    items: int
    revenue: Money


class HourSales(Wire):
    hour: Stamp
    orders: int
    revenue: Money


class SalesAnswer(Answer):
    orders: int
    items: int
    revenue: Money
    by_store: list[StoreSales]
    by_product: list[ProductSales]
    by_hour: list[HourSales]


class FunnelAnswer(Answer):
    baskets_started: int
    checked_out: int
    approved: int
    ready: int
    paid: int
    completed: int
    rejected: int
    cancelled: int
    abandoned: int


@api.get("/api/insights/sales", may=[STAFF])
def get_sales(params: Range) -> SalesAnswer:
    """What completed orders sold: in all, by store and product (best first), and by the hour."""
    found = sales(*params.bounds)
    stores, products = names("stores", found.by_store), names("products", found.by_product)
    return SalesAnswer(
        **vars(found.total),
        by_store=[
            StoreSales(store_id=id, store_name=stores.get(id, ""), **vars(sold))
            for id, sold in sorted(found.by_store.items(), key=_best)
        ],
        by_product=[
            ProductSales(product_id=id, product_name=products.get(id, ""), **vars(sold))
            for id, sold in sorted(found.by_product.items(), key=_best)
        ],
        by_hour=[
            HourSales(hour=hour, orders=sold.orders, revenue=sold.revenue)
            for hour, sold in sorted(found.by_hour.items())
        ],
    )


def _best(sold: tuple[str, Sum]) -> tuple[int, str]:
    return -sold[1].revenue, sold[0]


@api.get("/api/insights/funnel", may=[STAFF])
def get_funnel(params: Range) -> FunnelAnswer:
    """How many baskets and orders came to each stage."""
    return FunnelAnswer(**funnel(*params.bounds))
