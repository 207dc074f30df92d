"""Sales and the funnel: each order is counted once, in its hour."""

import itertools
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from events.baskets import BasketAbandoned, BasketCheckedOut, BasketStarted
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
)
from events.shapes import LineItem
from events.stores import ProductRemoved, StoreRebranded
from functions.insights import sums
from functions.insights.api import api
from functions.insights.models import sales
from functions.kernel.runtime import clock
from tests.support.gateway import request
from tests.unit.insights.messages import (
    BREAD,
    DAY,
    INK,
    ROLL,
    at,
    basket,
    consume,
    order,
    product,
    read,
    roll_up_all,
    store,
)

STAGES = [
    "basketsStarted",
    "checkedOut",
    "approved",
    "ready",
    "paid",
    "completed",
    "rejected",
    "cancelled",
    "abandoned",
]
NOTHING = {"orders": 0, "items": 0, "revenue": 0, "byStore": [], "byProduct": [], "byHour": []}


def complete(order_id: str, *items: LineItem, time: str = at(9), version: int = 5) -> None:
    consume(order(OrderCompleted, order_id, items), time=time, stream_version=version)


def test_sales_are_summed_up_by_store_product_and_hour() -> None:
    consume(store("bakery", "Corner Bakery"))
    consume(product("bread", "Rye bread"))
    complete("order-1", BREAD, ROLL, INK, time=at(9, 10))
    complete("order-2", BREAD, time=at(9, 50))
    complete("order-3", INK, time=at(11))
    assert read("sales") == {
        "orders": 3,
        "items": 11,
        "revenue": Decimal("36.98"),
        "byStore": [
            {"storeId": "bakery", "storeName": "Corner Bakery", "orders": 2, "items": 9, "revenue": 21},
            {"storeId": "paper", "storeName": "", "orders": 2, "items": 2, "revenue": Decimal("15.98")},
        ],
        "byProduct": [
            {"productId": "bread", "productName": "Rye bread", "orders": 2, "items": 4, "revenue": 18},
            {"productId": "ink", "productName": "", "orders": 2, "items": 2, "revenue": Decimal("15.98")},
            {"productId": "roll", "productName": "", "orders": 1, "items": 5, "revenue": 3},
        ],
        "byHour": [
            {"hour": "2026-03-14T09:00:00Z", "orders": 2, "revenue": Decimal("28.99")},
            {"hour": "2026-03-14T11:00:00Z", "orders": 1, "revenue": Decimal("7.99")},
        ],
    }


def test_two_lines_of_one_product_are_one_order_of_it() -> None:
    complete("order-1", BREAD, BREAD)
    found = read("sales")
    assert (found["orders"], found["byProduct"][0]["orders"], found["byStore"][0]["orders"]) == (1, 1, 1)
    assert (found["items"], found["byProduct"][0]["items"], found["byStore"][0]["items"]) == (4, 4, 4)


def test_an_order_that_is_not_completed_is_no_sale() -> None:
    for event in (OrderCreated, OrderApproved, OrderReadied, OrderPaid, OrderCancelled, OrderRejected):
        consume(order(event))
    assert read("sales") == NOTHING


def test_a_redelivered_completion_is_counted_once() -> None:
    for _ in range(3):
        complete("order-1", BREAD, INK)
    complete("order-1", BREAD, INK, version=4)
    found = read("sales")
    assert (found["orders"], found["items"], found["revenue"]) == (1, 3, Decimal("16.99"))
    assert read("funnel")["completed"] == 1


def test_an_order_with_a_hundred_lines_is_counted_completely_and_once() -> None:
    lines = [
        INK.model_copy(update={"store_id": f"store-{n}", "product_id": f"product-{n}", "price": 100})
        for n in range(100)
    ]
    for _ in range(2):
        complete("order-1", *lines)
    found = read("sales")
    assert (found["orders"], found["items"], found["revenue"]) == (1, 100, 100)
    assert [row["revenue"] for row in found["byStore"]] == [1] * 100
    assert [row["revenue"] for row in found["byProduct"]] == [1] * 100


def test_names_are_the_current_ones_and_stay_when_a_product_is_removed() -> None:
    complete("order-1", BREAD)
    consume(store("bakery", "Bakery"), stream_version=1)
    consume(
        StoreRebranded(store_id="bakery", name="Boulangerie", location="Level 1", participating=True), stream_version=2
    )
    removed = ProductRemoved(
        product_id="bread", store_id="bakery", name="Rye bread", description="", sku="", price=1, removed=True
    )
    consume(removed, stream_version=2)
    consume(product("bread", "Bread"), stream_version=1)
    found = read("sales")
    assert found["byStore"][0]["storeName"] == "Boulangerie"
    assert found["byProduct"][0]["productName"] == "Rye bread"


@pytest.mark.parametrize("at_a_time", [1, 2, 3, 100])
def test_names_are_found_wherever_in_a_large_catalogue_they_are(
    monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(sales, "NAMES_AT_A_TIME", at_a_time)
    for n in range(10):
        consume(product(f"product-{n}", f"Product {n}"))
    sold = ["product-0", "product-1", "product-4", "product-4.5", "product-9", "product-99"]
    complete("order-1", *[INK.model_copy(update={"product_id": id}) for id in sold])
    named = {row["productId"]: row["productName"] for row in read("sales")["byProduct"]}
    assert named == {id: f"Product {id[-1]}" for id in sold} | {"product-4.5": "", "product-99": ""}


def test_the_funnel_counts_every_stage_once_when_events_come_twice_and_in_any_order() -> None:
    published = [
        (message, version)
        for n in range(20)
        for version, message in enumerate(
            [
                basket(BasketStarted, f"o{n}"),
                basket(BasketCheckedOut, f"o{n}"),
                order(OrderApproved, f"o{n}"),
                order(OrderReadied, f"o{n}"),
                order(OrderPaid, f"o{n}"),
                order(OrderCompleted, f"o{n}"),
            ],
            1,
        )
    ]
    published += [(basket(BasketAbandoned, f"left{n}"), 2) for n in range(3)]
    published += [(order(OrderRejected, f"refused{n}"), 2) for n in range(2)]
    published += [(order(OrderCancelled, "off"), 2)]
    published *= 2
    random.Random(7).shuffle(published)
    for message, version in published:
        consume(message, stream_version=version)
    assert read("funnel") == {
        **dict.fromkeys(["basketsStarted", "checkedOut", "approved", "ready", "paid", "completed"], 20),
        "abandoned": 3,
        "rejected": 2,
        "cancelled": 1,
    }
    assert read("sales")["revenue"] == 180


def test_orders_are_spread_over_shards_and_summed_up() -> None:
    for n in range(50):
        complete(f"order-{n}", BREAD)
    found = read("sales")
    assert (found["orders"], found["byStore"][0]["orders"], len(found["byStore"]), len(found["byHour"])) == (
        50,
        50,
        1,
        1,
    )


@pytest.mark.parametrize(
    ("start", "end", "orders"),
    [
        ("09:00:00Z", "10:00:00Z", 1),
        ("09:00:00Z", "10:00:00.000001Z", 2),
        ("09:59:59Z", "10:00:00Z", 1),
        ("10:00:00Z", "10:00:01Z", 1),
        ("08:00:00Z", "12:00:00Z", 3),
        ("11:00:00Z", "11:00:00Z", 0),
        ("11:30:00Z", "11:30:00Z", 1),
        ("11:00:00%2B01:00", "12:00:00%2B01:00", 1),
        ("12:00:00Z", "23:00:00Z", 0),
    ],
)
def test_a_range_includes_the_hours_that_it_touches(start: str, end: str, orders: int) -> None:
    for hour in (9, 10, 11):
        complete(f"order-{hour}", BREAD, time=at(hour, 30))
    query = f"?from=2026-03-14T{start}&to=2026-03-14T{end}"
    assert read("sales", query)["orders"] == orders
    assert read("funnel", query)["completed"] == orders


def test_without_a_range_the_last_24_hours_count() -> None:
    now = datetime(2026, 3, 15, 12, 30, tzinfo=UTC)
    for hours in (0, 1, 23, 24, 25, 26):
        complete(f"order-{hours}", BREAD, time=clock.stamp(now - timedelta(hours=hours)))
    with clock.fixed(lambda: now):
        assert read("sales", "")["orders"] == 4
        assert read("sales", "?from=2026-03-15T11:00:00Z")["orders"] == 2
        assert read("sales", "?to=2026-03-15T12:00:00Z")["orders"] == 3


def test_a_range_of_all_time_is_answered() -> None:
    complete("order-1", BREAD)
    assert read("sales", "?from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59Z")["orders"] == 1
    assert read("sales", "?to=0001-01-01T00:00:00Z") == NOTHING


def test_without_any_order_all_sums_are_zero() -> None:
    assert read("sales", "") == NOTHING
    assert read("funnel", "") == dict.fromkeys(STAGES, 0)


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-03-14",
        "from=2026-03-14T10:00:00",
        "from=2026-03-14T10:00:01Z&to=2026-03-14T10:00:00Z",
    ],
)
@pytest.mark.parametrize("what", ["sales", "funnel"])
def test_an_invalid_range_is_refused(what: str, query: str) -> None:
    assert request(api, "GET", f"/api/insights/{what}?{query}").status == 400


@pytest.mark.parametrize(("rolled_up", "most"), [(False, 30), (True, 7)])
def test_a_range_with_too_much_to_add_up_is_refused_and_a_shorter_one_is_not(
    monkeypatch: pytest.MonkeyPatch, rolled_up: bool, most: int
) -> None:
    for n, hour in itertools.product(range(2), range(3)):
        complete(f"order-{hour}-{n}", BREAD, time=at(hour))
    if rolled_up:
        roll_up_all()
    monkeypatch.setattr(sums, "MOST", most)
    answer = request(api, "GET", f"/api/insights/sales{DAY}")
    assert (answer.status, "ask for a shorter range" in answer.body["detail"]) == (400, True)
    assert read("sales", "?from=2026-03-14T00:00:00Z&to=2026-03-14T01:00:00Z")["orders"] == 2
