"""The use cases of search: show an order, find orders.

A customer's name is asked of its owner when it is shown, and kept nowhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from events.ordering import OrderStatus
from events.queries import FindCustomerNames
from functions.kernel.domain.errors import NotFoundError, UnavailableError
from functions.kernel.messaging.queries import Ask
from functions.kernel.runtime import budget, clock, observe
from functions.kernel.runtime.json_text import compact, fitting
from functions.kernel.runtime.ownership import must_be, must_own, own_id
from functions.search import views

# The most that one request reads, which answers a page that is shorter, and a next one.
READ_AT_MOST = 400  # orders: at least as many read units
BYTES_AT_MOST = 8_000_000  # of the orders that are read, and of those of one batch more
NAMES_AT_MOST = 4_000  # of a page: 2,000 units of the 3,000 that a partition gives in a second

find_customer_names = Ask(FindCustomerNames)

Key = tuple[str, str]  # a kind ("stores", "products") and an id

# Before and behind every order's position, which is its creation time and its id.
OLDEST = "0"
NEWEST = "~"


@dataclass(frozen=True)
class Filters:
    """What an order must match: all that is given. Totals (in cents) and times are inclusive; [] and None match all.

    number: how the order's id begins.
    """

    number: str | None = None
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
            (self.number is None or order["order_id"].startswith(self.number))
            and (self.customer_id is None or order["customer_id"] == self.customer_id)
            and (not self.store_ids or not stores.isdisjoint(self.store_ids))
            and (not self.product_ids or not products.isdisjoint(self.product_ids))
            and (self.min_total is None or order["total"] >= self.min_total)
            and (self.max_total is None or order["total"] <= self.max_total)
            and (self.status is None or order["status"] == self.status)
        )


@dataclass(frozen=True)
class Found:
    """An order with the current names of its customer, stores and products.

    customer_name: None where it is not to be had: its owner does not answer, or knows no such customer (any more).
    """

    order: dict[str, Any]
    customer_name: str | None


def order(order_id: str) -> Found:
    """One order. Raises NotFoundError, also for another customer's."""
    row = views.order(order_id)
    missing = f"there is no order {order_id}"
    if row is None:
        raise NotFoundError(missing)
    must_own(row["customer_id"], missing)
    return _with_customers(_named([row]))[0]


def permitted(filters: Filters) -> Filters:
    """The filters as the caller may use them: a customer finds its own orders alone.

    Raises ForbiddenError for a customer that names another one.
    """
    own = own_id()
    if own is None:
        return filters
    must_be(filters.customer_id or own)
    return replace(filters, customer_id=own)


def orders(filters: Filters, limit: int, before: str | None) -> tuple[list[Found], str | None]:
    """A page of orders, newest first, of those before a position, and the position for the next page: None at the end.

    What a request reads and answers is bounded, so a page may hold fewer than `limit`, even none, and have a next one.
    """
    first = clock.stamp(filters.after) if filters.after else OLDEST
    last = before or (clock.stamp(filters.before) + NEWEST if filters.before else NEWEST)
    found: list[dict[str, Any]] = []
    names: set[Key] = set()
    read, size, reached = 0, 0, before
    for row in _candidates(filters, first, last, limit):
        if views.position(row) == before:
            continue
        matches = filters.match(row)
        bounded = read == READ_AT_MOST or size > BYTES_AT_MOST
        if bounded or (matches and (len(found) == limit or _too_many(names.union(_names_in(row)), found))):
            return _answerable(found, reached)
        read, size, reached = read + 1, size + len(compact(row)), views.position(row)
        if matches:
            found.append(row)
            names.update(_names_in(row))
    return _answerable(found, None)


def _too_many(names: set[Key], found: Sequence[object]) -> bool:
    return len(names) > NAMES_AT_MOST and bool(found)


def _answerable(rows: Sequence[dict[str, Any]], reached: str | None) -> tuple[list[Found], str | None]:
    """The orders with their names, as many as fit into an answer, and where the next page begins."""
    found = _named(rows)
    shown = found[: fitting(map(compact, found))]
    return _with_customers(shown), reached if len(shown) == len(found) else views.position(shown[-1])


def _candidates(filters: Filters, first: str, last: str, limit: int) -> Iterator[dict[str, Any]]:
    """The orders between two positions, newest first, by the index or pointers that leave the fewest to read."""
    # Where no filter drops rows, no more are read than the page, the order before it, and one of the next page.
    a_page = limit + 2
    if filters.number is not None:
        return views.by_number(filters.number, first, last)
    if filters.customer_id is not None:
        partitions = [views.pointers_of("customer", filters.customer_id)]
    elif filters.product_ids:
        partitions = [views.pointers_of("product", id) for id in filters.product_ids]
    elif filters.store_ids:
        partitions = [views.pointers_of("store", id) for id in filters.store_ids]
    elif filters.status and filters.status != "completed":
        return views.by_status(filters.status, first, last, max(views.AT_A_TIME, a_page))
    else:  # where most orders are completed
        partitions = [views.MALL]
    return views.by_pointers(partitions, first, last, a_page)


def _names_in(row: dict[str, Any]) -> list[Key]:
    """The kinds and ids of the stores and products in an order."""
    stores = [("stores", item["store_id"]) for item in row["items"]]
    products = [("products", item["product_id"]) for item in row["items"]]
    return [*stores, *products]


def _named(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Orders with the current names of stores and products; each is read once, a hundred at a time."""
    names = views.names_of(key for row in rows for key in _names_in(row))
    return [_with_names(row, names) for row in rows]


def _with_names(row: dict[str, Any], names: Mapping[Key, str]) -> dict[str, Any]:
    items = [
        {
            **item,
            "store_name": names.get(("stores", item["store_id"]), item["store_name"]),
            "product_name": names.get(("products", item["product_id"]), item["product_name"]),
        }
        for item in row["items"]
    ]
    return {**row, "items": items}


def _with_customers(orders: Sequence[dict[str, Any]]) -> list[Found]:
    """Orders with the names of their customers: last of all, so that an owner that is slow keeps nothing else back."""
    names = _names_of_customers(order["customer_id"] for order in orders)
    return [Found(order, names.get(order["customer_id"])) for order in orders]


def _names_of_customers(ids: Iterable[str]) -> Mapping[str, str]:
    """The names of a page's customers by id, all asked at once; none when their owner does not answer in time."""
    different = tuple(dict.fromkeys(ids))
    if not different or budget.left() < budget.OPTIONAL:
        return {}
    try:
        with budget.at_most(budget.OPTIONAL):
            return find_customer_names(customer_ids=different).names
    except UnavailableError as error:
        observe.log_error("orders are shown without the names of customers", error)
        return {}
