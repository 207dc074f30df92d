"""Any orders, any filters and any news between two pages: what is found is what plain filtering finds."""

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
from tests.unit.search.placed import PRICES, STORES, ask, found, line, order, place
from tests.unit.search.placed import hear as tell

CUSTOMERS = ["ada", "bo", "cy"]
STATUSES = ["pending", "approved", "ready", "completed", "rejected", "cancelled"]
START = datetime(2025, 12, 30, tzinfo=UTC)
NEWS = settings(max_examples=60, derandomize=True, deadline=None, database=None)

moments = st.integers(0, 20).map(lambda hours: clock.stamp(START + timedelta(hours=6 * hours)))
orders = st.lists(
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
filters = st.fixed_dictionaries(
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


def fits(one: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether an order should be found."""
    products, stores = set(one["items"]), {STORES[product] for product in one["items"]}
    total = sum(PRICES[product] * quantity for product, quantity in one["items"].items())
    return (
        asked.get("customerId", one["customer"]) == one["customer"]
        and asked.get("status", one["status"]) == one["status"]
        and bool(products & set(asked.get("productIds") or products))
        and bool(stores & set(asked.get("storeIds") or stores))
        and asked.get("after", "0") <= one["at"] <= asked.get("before", "9")
        and round(asked.get("minTotal", 0) * 100) <= total <= round(asked.get("maxTotal", 10**9) * 100)
    )


def place_all(placed: list[dict[str, Any]]) -> None:
    for number, one in enumerate(placed):
        items = [line(product, quantity) for product, quantity in one["items"].items()]
        place(f"order-{number:02}", **{**one, "items": items})


def expected(placed: list[dict[str, Any]], asked: dict[str, Any]) -> list[str]:
    """The ids that plain filtering finds, newest first."""
    matches = [(one["at"], f"order-{number:02}") for number, one in enumerate(placed) if fits(one, asked)]
    return [id for _, id in sorted(matches, reverse=True)]


@pytest.fixture(autouse=True, scope="module")
def few_at_a_time() -> Iterator[None]:
    """A bound that searches of few orders meet, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "READ_AT_MOST", 5)
        yield


@NEWS
@given(orders, filters, st.sampled_from([1, 2, 5, 50]))
def test_a_search_finds_what_plain_filtering_finds_by_whatever_filters(
    placed: list[dict[str, Any]], asked: dict[str, Any], limit: int
) -> None:
    with active(memory_runtime("search")):
        place_all(placed)
        assert found(asked, limit) == expected(placed, asked)


@settings(NEWS, max_examples=8)
@given(orders, filters, st.sampled_from([1, 50]))
def test_the_same_holds_in_dynamodb(placed: list[dict[str, Any]], asked: dict[str, Any], limit: int) -> None:
    with local_views(manifest("search").indexes) as views, active(memory_runtime("search", views=views)):
        place_all(placed)
        assert found(asked, limit) == expected(placed, asked)


@NEWS
@given(orders, filters, st.integers(1, 3), st.lists(st.integers(0, 11), min_size=1, max_size=4))
def test_what_fits_before_and_after_news_between_pages_comes_once(
    placed: list[dict[str, Any]], asked: dict[str, Any], limit: int, news: list[int]
) -> None:
    """Between pages orders are placed, and some come to another status: those that fit all the while come once."""
    with active(memory_runtime("search")):
        place_all(placed)
        before = expected(placed, asked)
        answer = ask(asked, limit=limit)
        ids = [one["orderId"] for one in answer.body["orders"]]
        now = list(placed)
        for version, number in enumerate(news, 3):
            if number < len(now):
                now[number] = now[number] | {"status": "cancelled"}
                items = [line(product, quantity) for product, quantity in now[number]["items"].items()]
                about = {"customer": now[number]["customer"], "at": now[number]["at"], "items": items}
                tell(order(f"order-{number:02}", "cancelled", **about), version)
            place(f"new-{version}", customer="ada", at=clock.stamp(START + timedelta(days=9, hours=version)))
        while "next" in answer.body:
            answer = ask(asked, limit=limit, next=answer.body["next"])
            assert answer.status == 200
            ids += [one["orderId"] for one in answer.body["orders"]]
        after = expected(now, asked)
        assert len(set(ids)) == len(ids)
        assert [id for id in ids if id in before and id in after] == [id for id in before if id in after]
        assert not [id for id in ids if id.startswith("new-")]
