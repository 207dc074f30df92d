"""Any orders, any filters and any changes between two pages: a search finds what plain filtering finds."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.kernel.composition.manifest import manifest
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from functions.search import service
from tests.support.aws import local_views
from tests.support.runtime import memory_runtime
from tests.unit.search.orders import PRICES, STORES, ask, consume, found, line, order, place

CUSTOMERS = ["ada", "bo", "cy"]
STATUSES = ["pending", "approved", "ready", "completed", "rejected", "cancelled"]
START = datetime(2025, 12, 30, tzinfo=UTC)
SETTINGS = settings(max_examples=60, derandomize=True, deadline=None, database=None)

moments = st.integers(0, 20).map(lambda hours: clock.stamp(START + timedelta(hours=6 * hours)))
some_orders = st.lists(
    st.fixed_dictionaries(
        {
            "status": st.sampled_from(STATUSES),
            "customer": st.sampled_from(CUSTOMERS),
            "at": moments,
            "items": st.dictionaries(st.sampled_from(sorted(PRICES)), st.integers(1, 3), min_size=1, max_size=3),
        }
    ),
    max_size=12,
)
some_filters = st.fixed_dictionaries(
    {},
    optional={
        "customerId": st.sampled_from([*CUSTOMERS, "nobody"]),
        "status": st.sampled_from(STATUSES),
        "productIds": st.lists(st.sampled_from([*PRICES, "none"]), max_size=3),
        "storeIds": st.lists(st.sampled_from(["bakery", "paper", "none"]), max_size=2),
        "after": moments,
        "before": moments,
        "minTotal": st.sampled_from([0, 4.5, 7.99, 20]),
        "maxTotal": st.sampled_from([0.6, 9, 15.98, 40]),
    },
)


def matches(order: dict[str, Any], filters: dict[str, Any]) -> bool:
    """Whether an order should be found."""
    products, stores = set(order["items"]), {STORES[product] for product in order["items"]}
    total = sum(PRICES[product] * quantity for product, quantity in order["items"].items())
    return (
        filters.get("customerId", order["customer"]) == order["customer"]
        and filters.get("status", order["status"]) == order["status"]
        and bool(products & set(filters.get("productIds") or products))
        and bool(stores & set(filters.get("storeIds") or stores))
        and filters.get("after", "0") <= order["at"] <= filters.get("before", "9")
        and round(filters.get("minTotal", 0) * 100) <= total <= round(filters.get("maxTotal", 10**9) * 100)
    )


def place_all(orders: list[dict[str, Any]]) -> None:
    for number, one in enumerate(orders):
        items = [line(product, quantity) for product, quantity in one["items"].items()]
        place(f"order-{number:02}", **{**one, "items": items})


def expected(orders: list[dict[str, Any]], filters: dict[str, Any]) -> list[str]:
    """The ids that plain filtering finds, newest first."""
    matching = [(one["at"], f"order-{number:02}") for number, one in enumerate(orders) if matches(one, filters)]
    return [id for _, id in sorted(matching, reverse=True)]


@pytest.fixture(autouse=True, scope="module")
def few_at_a_time() -> Iterator[None]:
    """A bound that searches of few orders reach, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "READ_AT_MOST", 5)
        yield


@SETTINGS
@given(some_orders, some_filters, st.sampled_from([1, 2, 5, 50]))
def test_a_search_finds_what_plain_filtering_finds(
    orders: list[dict[str, Any]], filters: dict[str, Any], limit: int
) -> None:
    with active(memory_runtime("search")):
        place_all(orders)
        assert found(filters, limit) == expected(orders, filters)


@settings(SETTINGS, max_examples=8)
@given(some_orders, some_filters, st.sampled_from([1, 50]))
def test_the_same_holds_in_dynamodb(orders: list[dict[str, Any]], filters: dict[str, Any], limit: int) -> None:
    with local_views(manifest("search").indexes) as views, active(memory_runtime("search", views=views)):
        place_all(orders)
        assert found(filters, limit) == expected(orders, filters)


@SETTINGS
@given(some_orders, some_filters, st.integers(1, 3), st.lists(st.integers(0, 11), min_size=1, max_size=4))
def test_an_order_that_matches_before_and_after_changes_between_pages_is_found_once(
    orders: list[dict[str, Any]], filters: dict[str, Any], limit: int, cancelled: list[int]
) -> None:
    """Between pages orders are placed and others cancelled: those that match all the time are found once."""
    with active(memory_runtime("search")):
        place_all(orders)
        before = expected(orders, filters)
        answer = ask(filters, limit=limit)
        ids = [one["orderId"] for one in answer.body["orders"]]
        now = list(orders)
        for version, number in enumerate(cancelled, 3):
            if number < len(now):
                now[number] = now[number] | {"status": "cancelled"}
                items = [line(product, quantity) for product, quantity in now[number]["items"].items()]
                fields = {"customer": now[number]["customer"], "at": now[number]["at"], "items": items}
                consume(order(f"order-{number:02}", "cancelled", **fields), version)
            place(f"new-{version}", customer="ada", at=clock.stamp(START + timedelta(days=9, hours=version)))
        while "next" in answer.body:
            answer = ask(filters, limit=limit, next=answer.body["next"])
            assert answer.status == 200
            ids += [one["orderId"] for one in answer.body["orders"]]
        after = expected(now, filters)
        assert len(set(ids)) == len(ids)
        assert [id for id in ids if id in before and id in after] == [id for id in before if id in after]
        assert not [id for id in ids if id.startswith("new-")]
