"""Snapshots: their parts, which rows they have, and boards that are empty or huge."""

from datetime import timedelta

import pytest

from events.ordering import OrderCancelled, OrderCompleted, OrderPaid, OrderReadied
from events.stores import StoreCreated
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row
from functions.live import board
from functions.live.log import Entry, Watch
from functions.live.topics import Shard, shard_of
from tests.support.live import MemoryConnections
from tests.unit.live.desk import NOON, Desk, Time, batch, order

FRAME = 32_768  # bytes of a frame: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
WATCH = Watch("e" * 64, "2026-03-14T12:00:00.000000Z", 0, 1)


def store(number: int, name: str = "Volt") -> StoreCreated:
    return StoreCreated(store_id=f"store-{number:05}", name=name, location="Floor 0", participating=True)


def test_an_empty_board_is_one_part_without_rows(desk: Desk) -> None:
    [snapshot] = desk.subscribes("stores")
    assert (snapshot["part"], snapshot["parts"], snapshot["rows"]) == (1, 1, [])


def test_a_huge_board_comes_in_parts_that_fit_into_frames_and_has_each_row_once(
    desk: Desk, connections: MemoryConnections
) -> None:
    for number in range(2_500):
        name = f"Volt ⚡ {number} " + "x" * (number % 150)
        data = {"storeId": f"store-{number:05}", "name": name, "location": "", "participating": True, "version": 3}
        runtime.current().views.put(Row("board stores 0", f"store-{number:05}", data), 3)
    frames = desk.subscribes("stores")
    assert [(f["part"], f["parts"]) for f in frames] == [(n + 1, len(frames)) for n in range(len(frames))]
    assert len(frames) > 10
    assert max(connections.sizes) <= board.PART_BYTES < FRAME
    assert min(connections.sizes[:-1]) > board.PART_BYTES / 2
    assert [row["id"] for f in frames for row in f["rows"]] == [f"store-{n:05}" for n in range(2_500)]
    assert len(desk.client.shows("stores")) == 2_500


def test_the_largest_head_of_a_part_fits_beside_its_rows() -> None:
    shard = Shard("order:" + "\N{PILE OF POO}" * 200, 15)
    changes = [{"id": "order", "data": "x" * 100} for _ in range(1_000)]
    texts = list(board.changes(shard, WATCH, Entry(10**12 - 1, "", changes)))
    assert len(texts) > 1
    assert max(len(text.encode()) for text in texts) <= board.PART_BYTES


def test_a_row_that_is_larger_than_a_part_goes_alone() -> None:
    sizes = [10, board.ROWS_BYTES + 1, 10]
    parts = board.split([{"id": "x" * size} for size in sizes])
    assert [[len(item["id"]) for item in part] for part in parts] == [[10], [board.ROWS_BYTES + 1], [10]]


def test_rows_fill_a_part_to_its_last_byte() -> None:
    item = {"id": "x" * 992}  # 1,001 bytes, and a comma
    assert [len(part) for part in board.split([item] * 53)] == [26, 26, 1]
    assert board.ROWS_BYTES // 1_002 == 26


def test_an_order_is_shown_for_ten_minutes_after_its_end_and_on_its_own_page_for_longer(desk: Desk, time: Time) -> None:
    batch((order("a", OrderCompleted), 5))
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders")["a"]["leavesAt"] == "2026-03-14T12:10:00.000000Z"
    time.passes(minutes=10)
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders") == {}
    assert desk.client.shows("order:a")["order"]["status"] == "completed"


def test_an_order_that_ended_long_ago_leaves_the_board_by_the_change_itself(desk: Desk, time: Time) -> None:
    desk.subscribes("orders", "order:a")
    batch((order("a", OrderCompleted), 5), time=NOON - timedelta(hours=1))
    assert desk.client.boards["orders", shard_of("orders", "a").number].rows == {"a": (5, None)}
    assert desk.client.shows("order:a")["order"]["endedAt"] == "2026-03-14T11:00:00.000000Z"


def test_a_bad_end_says_why(desk: Desk) -> None:
    batch((order("a", OrderCancelled, status="cancelled", reason="closing", by="staff"), 2))
    desk.subscribes("orders")
    row = desk.client.shows("orders")["a"]
    assert (row["status"], row["reason"], row["cancelledBy"]) == ("cancelled", "closing", "staff")


@pytest.mark.parametrize("kind", [OrderPaid, OrderReadied])
def test_what_completes_the_order_in_the_same_commit_makes_no_row(desk: Desk, kind: type[OrderPaid]) -> None:
    desk.subscribes("orders")
    more = {"shortages": ()} if kind is OrderReadied else {}
    batch((order("a", kind, status="ready", ready=True, paid=True, **more), 4))
    assert desk.client.shows("orders") == {}
    batch((order("a", OrderCompleted), 5))
    assert desk.client.shows("orders")["a"]["status"] == "completed"
    assert desk.client.messages == ["OrderCompleted"]


def test_amounts_are_those_of_the_rest_api(desk: Desk) -> None:
    batch((order("a", total=1_234), 1))
    desk.subscribes("orders")
    assert desk.client.shows("orders")["a"]["total"] == 12.34


def test_no_row_has_a_name_of_a_customer_or_a_list_of_items(desk: Desk) -> None:
    batch((order("a"), 1))
    desk.subscribes("orders")
    row = desk.client.shows("orders")["a"]
    assert (row["lines"], row["quantity"]) == (1, 2)
    assert not any(isinstance(value, list | dict) for value in row.values())


def test_an_older_message_that_comes_late_changes_nothing(desk: Desk) -> None:
    batch((order("a", OrderCompleted), 5))
    desk.subscribes("orders")
    batch((order("a"), 1))
    assert desk.client.shows("orders")["a"]["status"] == "completed"
    assert desk.client.messages == []
