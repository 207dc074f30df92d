"""Sales and funnel: counters by the hour, each changed in one transaction with the row that says what was counted.

An order reaches a stage by one event, whose row lets it be counted once. A counter is `<hour> <kind> <id> <shard>` in
its partition; orders are spread over shards, since two transactions on one counter at once make one of them wait.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
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
from functions.kernel import clock, runtime
from functions.kernel.errors import InvalidError
from functions.kernel.projection import Projection
from functions.kernel.views import Row

SHARDS = 8
COUNTERS_AT_ONCE = 90  # a transaction of DynamoDB changes 100 items at most
ROWS_AT_A_TIME = 5_000
MOST_ROWS = 50_000  # as many as are summed up within a few seconds

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
    counter = "funnel", _counter(metadata, "stages", "all", order_id)
    return Row(_reached(order_id), stage, {"time": metadata.time}, counts={counter: {stage: 1}})


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
    def counter(kind: str, id: str) -> tuple[str, str]:
        return "sales", _counter(metadata, kind, id, event.order_id)

    quantity = sum(item.quantity for item in event.items)
    counters: Counters = {counter("mall", "all"): {"orders": 1, "items": quantity, "revenue": event.total}}
    for item in event.items:
        for key in (counter("store", item.store_id), counter("product", item.product_id)):
            fields = counters.setdefault(key, {"orders": 1, "items": 0, "revenue": 0})
            fields["items"] += item.quantity
            fields["revenue"] += item.price * item.quantity
    return counters


def _counter(metadata: Metadata, kind: str, id: str, order_id: str) -> str:
    return f"{_hour(clock.read(metadata.time))} {kind} {id} {zlib.crc32(order_id.encode()) % SHARDS}"


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
    for hour, kind, id, fields in _counted("sales", since, until):
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
    for _, _, _, fields in _counted("funnel", since, until):
        for stage, count in fields.items():
            found[stage] += count
    return found


def _counted(partition: str, since: datetime, until: datetime) -> Iterator[tuple[str, str, str, Mapping[str, int]]]:
    """The counters of a range, each with its hour, its kind and what it is about."""
    last = _hour(until)
    if until > clock.read(f"{last}:00:00Z"):  # an hour that has begun belongs to the range; "!" comes behind a space
        last += "!"
    rows, after = 0, None
    while True:
        page = runtime.current().views.query(
            partition, first=_hour(since), last=last, limit=ROWS_AT_A_TIME, after=after
        )
        rows += len(page.rows)
        if rows > MOST_ROWS:
            raise InvalidError("so much was counted between from and to that it takes several questions")
        for sort, fields in zip(page.sorts, page.rows, strict=True):
            hour, kind, rest = sort.split(" ", 2)
            yield hour, kind, rest.rpartition(" ")[0], fields
        after = page.after
        if after is None:
            return


def names(partition: str) -> dict[str, str]:
    """The names of "stores" or "products", by id."""
    found: dict[str, str] = {}
    after = None
    while True:
        page = runtime.current().views.query(partition, limit=ROWS_AT_A_TIME, after=after)
        found |= {row["id"]: row["name"] for row in page.rows}
        after = page.after
        if after is None:
            return found


def _hour(moment: datetime) -> str:
    return clock.stamp(moment)[:13]
