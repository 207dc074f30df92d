"""Searches while orders move, and of orders that are many and large: bounded reads, bounded answers, nothing lost."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from events.ordering import OrderState
from events.shapes import LineItem
from events.stores import ProductAdded
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Page
from functions.search import service
from tests.unit.search.orders import ask, consume, found, order, pages, place

LARGEST_ANSWER = 6_291_456  # bytes of a function's answer
STEPS = ["pending", "approved", "ready", "paid", "completed"]


class WatchedViews(MemoryViews):
    """Counts reads; before the read of a number `moves_at`, and each one after it, an order reaches its next status."""

    def __init__(self, indexes: Iterable[str]) -> None:
        super().__init__(indexes)
        self.reads = 0
        self.single = 0
        self.keys: list[tuple[str, str]] = []
        self.moves_at = 0
        self.steps = 0

    def _read(self) -> None:
        self.reads += 1
        if self.moves_at and self.reads >= self.moves_at and self.steps + 1 < len(STEPS):
            self.steps += 1
            moves, self.moves_at = self.moves_at, 0
            consume(order("order-3", STEPS[self.steps], at=moment(3)), self.steps + 1)
            self.moves_at = moves

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._read()
        self.single += 1
        return super().get(partition, sort)

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], dict[str, Any]]:
        self._read()
        asked = list(dict.fromkeys(keys))
        self.keys += asked
        return super().get_many(asked, consistent=consistent)

    def query(self, partition: str, **query: Any) -> Page:
        self._read()
        return super().query(partition, **query)


@pytest.fixture
def views(runtime: Runtime) -> WatchedViews:
    runtime.views = WatchedViews(["by_status"])
    return runtime.views


def moment(number: int) -> str:
    return f"2026-03-01T09:{number // 60:02}:{number % 60:02}.000000Z"


def large_order(order_id: str, number: int, lines: int, letters: int, stores: int = 100) -> OrderState:
    """An order of so many products of its own, of so many stores of its own, with names of so many letters."""
    name = "\N{ROBOT FACE}" * letters
    items = [
        LineItem(
            store_id=f"store {order_id} {n % stores}",
            product_id=f"product {order_id} {n}",
            store_name=name,
            product_name=name,
            price=100,
            quantity=1,
        )
        for n in range(lines)
    ]
    return order(order_id, at=moment(number), items=items)


@pytest.mark.parametrize("moves_at", range(1, 12))
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_an_order_that_moves_while_its_search_reads_is_found_once(
    views: WatchedViews, moves_at: int, limit: int
) -> None:
    for number in range(6):
        place(f"order-{number}", at=moment(number))
    views.reads, views.moves_at = 0, moves_at
    assert found({}, limit) == [f"order-{number}" for number in reversed(range(6))]


def test_60_orders_that_all_move_between_pages_are_each_found_once() -> None:
    for number in range(60):
        place(f"order-{number:02}", at=moment(number))
    listed: list[str] = []
    for page in pages({}, 7):
        listed += [one["orderId"] for one in page]
        for number in range(60):
            consume(order(f"order-{number:02}", "approved", at=moment(number)), 1 + len(listed))
    assert listed == [f"order-{number:02}" for number in reversed(range(60))]


def test_a_page_of_100_orders_with_30_products_each_reads_its_rows_and_names_in_batches(views: WatchedViews) -> None:
    for number in range(100):
        consume(large_order(f"order-{number:02}", number, lines=30, letters=5, stores=2))
    views.reads = views.single = 0
    views.keys.clear()
    assert len(found({}, 100)) == 100
    assert views.single == 0
    names = [key for key in views.keys if key[0] != "orders"]
    assert len(names) == len(set(names)) == 100 * 32
    assert views.reads <= 10


@pytest.mark.parametrize("most", [1, 7, 61, 1000])
def test_a_page_of_orders_with_more_names_than_are_read_at_once_is_short_and_none_is_lost(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "NAMES_AT_MOST", most)
    for number in range(9):
        consume(large_order(f"order-{number}", number, lines=5, letters=1))
    assert [len(page) for page in pages({})] == {1: [1] * 9, 7: [1] * 9, 61: [6, 3], 1000: [9]}[most]
    assert found({}) == [f"order-{number}" for number in reversed(range(9))]


def test_a_page_of_orders_with_100_lines_of_long_names_fits_into_an_answer_and_none_is_lost() -> None:
    for number in range(60):
        consume(large_order(f"order-{number:02}", number, lines=100, letters=110))
    listed: list[str] = []
    following: dict[str, str] = {}
    while True:
        answer = ask({}, limit=100, **following)
        assert len(json.dumps({"body": json.dumps(answer.body, ensure_ascii=False, default=str)})) < LARGEST_ANSWER
        listed += [one["orderId"] for one in answer.body["orders"]]
        if "next" not in answer.body:
            break
        following = {"next": answer.body["next"]}
    assert listed == [f"order-{number:02}" for number in reversed(range(60))]


def test_names_that_have_become_longer_than_they_were_are_weighed_too() -> None:
    longest = "\N{ROBOT FACE}" * 200
    for number in range(30):
        consume(large_order(f"order-{number:02}", number, lines=100, letters=1))
        for n in range(100):
            product = f"product order-{number:02} {n}"
            fields = {"store_id": "s", "description": "", "sku": "", "price": 100, "removed": False}
            consume(ProductAdded(product_id=product, name=longest, **fields))
    sizes = [len(page) for page in pages({})]
    assert sum(sizes) == 30
    assert max(sizes) < 30


def test_a_request_reads_no_more_than_some_megabytes_of_orders_that_do_not_match(
    views: WatchedViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BYTES_AT_MOST", 300_000)
    place("dear", at=moment(0), customer="ada", total=10**9)
    for number in range(1, 10):
        consume(large_order(f"order-{number}", number, lines=100, letters=110))
    answered = [[one["orderId"] for one in page] for page in pages({"minTotal": 1_000_000})]
    assert len(answered) > 1
    assert [one for page in answered for one in page] == ["dear"]
