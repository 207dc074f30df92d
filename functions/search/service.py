"""Finding orders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.kernel import clock
from functions.kernel.errors import NotFoundError
from functions.search import views

READ_AT_MOST = 400  # orders in one request: about 100 read units
Place = dict[str, Any]

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)  # a clock that made an order may be ahead of this one
# The sort key of an index is a creation time and an id: this comes after every one of a time.
AFTER_ANY_ID = "~"


@dataclass(frozen=True)
class Filters:
    """What an order must be. Totals in cents and times are inclusive; an empty list and None filter nothing."""

    customer_id: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    store_ids: Sequence[str] = ()
    product_ids: Sequence[str] = ()
    min_total: int | None = None
    max_total: int | None = None
    status: str | None = None

    def match(self, order: dict[str, Any]) -> bool:
        """Whether an order is as asked; several stores or products mean any of them."""
        stores = {item["store_id"] for item in order["items"]}
        products = {item["product_id"] for item in order["items"]}
        return (
            (self.customer_id is None or order["customer_id"] == self.customer_id)
            and (not self.store_ids or not stores.isdisjoint(self.store_ids))
            and (not self.product_ids or not products.isdisjoint(self.product_ids))
            and (self.min_total is None or order["total"] >= self.min_total)
            and (self.max_total is None or order["total"] <= self.max_total)
            and (self.status is None or order["status"] == self.status)
        )


@dataclass(frozen=True)
class Found:
    """An order with the names that its customer, stores and products have now."""

    order: dict[str, Any]
    customer_name: str | None


def order(order_id: str) -> Found:
    """One order. Raises NotFoundError."""
    row = views.order(order_id)
    if row is None:
        raise NotFoundError(f"there is no order {order_id}")
    return _named([row])[0]


def orders(filters: Filters, limit: int, begin: Place | None) -> tuple[list[Found], Place | None]:
    """A page of orders, newest first, and where the next begins (None at the end).

    A page may hold fewer than `limit`, even none, and still have a next: a request reads a bounded number of rows.
    """
    first = clock.stamp(filters.after or ALWAYS)
    last = clock.stamp(filters.before or clock.now() + AHEAD) + AFTER_ANY_ID
    found: list[dict[str, Any]] = []
    left = READ_AT_MOST
    index, partitions = _way(filters, first, last)
    place = begin or {}
    for partition in partitions:
        if place and partition > place["partition"]:
            continue
        after = place.get("after") if place.get("partition") == partition else None
        while left:
            page = views.orders(index, partition, first, last, min(left, limit), after)
            left -= len(page.rows)
            for n, row in enumerate(page.rows):
                if filters.match(row):
                    found.append(row)
                if len(found) == limit and (n + 1 < len(page.rows) or page.after):
                    return _named(found), {"partition": partition, "after": _key(index, partition, row)}
            after = page.after
            if after is None:
                break
        if after is not None:
            return _named(found), {"partition": partition, "after": after}
        if len(found) == limit and partition != partitions[-1]:
            return _named(found), {"partition": partitions[partitions.index(partition) + 1], "after": None}
    return _named(found), None


def _way(filters: Filters, first: str, last: str) -> tuple[str, list[str]]:
    """The index that gives the fewest orders to look at, and its partitions, newest first."""
    if filters.customer_id is not None:
        return "by_customer", [filters.customer_id]
    months = views.months(first[: views.MONTH], last[: views.MONTH])
    if filters.status is not None:
        return "by_status", [f"{filters.status} {month}" for month in months]
    return "by_time", months


def _key(index: str, partition: str, row: dict[str, Any]) -> dict[str, Any]:
    """The key of a row in an index, as a store of views takes it to go on behind it."""
    key = {
        "partition": "orders",
        "sort": row["order_id"],
        f"{index}_partition": partition,
        f"{index}_sort": f"{row['created_at']} {row['order_id']}",
    }
    return {name: {"S": value} for name, value in key.items()}


def _named(rows: Sequence[dict[str, Any]]) -> list[Found]:
    """Orders with the names of now; each customer, store and product is looked up once."""
    known: dict[tuple[str, str], str | None] = {}

    def name(kind: str, id: str) -> str | None:
        if (kind, id) not in known:
            known[kind, id] = views.name_of(kind, id)
        return known[kind, id]

    return [_with_names(row, name) for row in rows]


def _with_names(row: dict[str, Any], name: Callable[[str, str], str | None]) -> Found:
    items = [
        {
            **item,
            "store_name": name("stores", item["store_id"]) or item["store_name"],
            "product_name": name("products", item["product_id"]) or item["product_name"],
        }
        for item in row["items"]
    ]
    return Found({**row, "items": items}, name("customers", row["customer_id"]))
