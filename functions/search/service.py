"""The use cases of search: show an order, find orders."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from events.ordering import OrderStatus
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.runtime import clock
from functions.search import views

READ_AT_MOST = 400  # orders in one request: 400 read units and about a second when each is read through a pointer

# Before and behind every order's position, which is its creation time and its id.
OLDEST = "0"
NEWEST = "~"


@dataclass(frozen=True)
class Filters:
    """What an order must match: all that is given. Totals (in cents) and times are inclusive; [] and None match all."""

    customer_id: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    store_ids: Sequence[str] = ()
    product_ids: Sequence[str] = ()
    min_total: int | None = None
    max_total: int | None = None
    status: OrderStatus | None = None

    def match(self, order: dict[str, Any]) -> bool:
        """Whether an order matches, its creation time aside; of several stores or products it needs any."""
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
    """An order with the current names of its customer, stores and products."""

    order: dict[str, Any]
    customer_name: str | None


def order(order_id: str) -> Found:
    """One order. Raises NotFoundError."""
    row = views.order(order_id)
    if row is None:
        raise NotFoundError(f"there is no order {order_id}")
    return _named([row])[0]


def orders(filters: Filters, limit: int, before: str | None) -> tuple[list[Found], str | None]:
    """A page of orders, newest first, of those before a position, and the position for the next page: None at the end.

    A request reads at most READ_AT_MOST orders, so a page may hold fewer than `limit`, even none, and have a next one.
    """
    first = clock.stamp(filters.after) if filters.after else OLDEST
    last = before or (clock.stamp(filters.before) + NEWEST if filters.before else NEWEST)
    found: list[dict[str, Any]] = []
    read, reached = 0, before
    for row in _candidates(filters, first, last, limit):
        if views.position(row) == before:
            continue
        matches = filters.match(row)
        if read == READ_AT_MOST or (matches and len(found) == limit):
            return _named(found), reached
        read, reached = read + 1, views.position(row)
        if matches:
            found.append(row)
    return _named(found), None


def _candidates(filters: Filters, first: str, last: str, limit: int) -> Iterator[dict[str, Any]]:
    """The orders between two positions, newest first, by the index or pointers that leave the fewest to read."""
    if filters.customer_id is not None:
        return views.by_pointers([views.pointers_of("customer", filters.customer_id)], first, last)
    if filters.product_ids:
        return views.by_pointers([views.pointers_of("product", id) for id in filters.product_ids], first, last)
    if filters.store_ids:
        return views.by_pointers([views.pointers_of("store", id) for id in filters.store_ids], first, last)
    # Without a filter that drops rows, no more are read than the page, the order before it, and one of the next page.
    at_a_time = limit + 2 if filters.min_total is None and filters.max_total is None else views.AT_A_TIME
    statuses = [filters.status] if filters.status else get_args(OrderStatus)
    return views.by_status(statuses, first, last, at_a_time)


def _named(rows: Sequence[dict[str, Any]]) -> list[Found]:
    """Orders with the current names; each customer, store and product is read once."""
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
