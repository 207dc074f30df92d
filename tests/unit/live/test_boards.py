"""Snapshots: their parts, which rows they have, and boards that are empty or huge."""

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from events.depot import BotCameOnline, BotRetired, ShoppingListCompleted
from events.ordering import OrderApproved, OrderCancelled, OrderCompleted, OrderCreated, OrderPaid, OrderReadied
from events.stores import StoreCreated
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row
from functions.live import board, topics
from functions.live.log import Entry, Watch
from functions.live.topics import Shard, beside, key, shard_of
from tests.simulation.cost import READ_UNIT, item_size
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


def test_a_robot_that_retired_leaves_the_board_and_an_older_message_does_not_bring_it_back(desk: Desk) -> None:
    robot = {"bot_id": "r2", "name": "Rusty", "list_id": None}
    batch((BotCameOnline(**robot, status="idle"), 2))
    desk.subscribes("robots")
    assert desk.client.shows("robots")["r2"]["leavesAt"] is None
    batch((BotRetired(**robot, status="retired"), 4))
    batch((BotCameOnline(**robot, status="idle"), 3))
    desk.subscribes("robots")
    assert desk.client.shows("robots") == {}


def test_an_order_is_shown_for_ten_minutes_after_its_end_and_on_its_own_page_for_longer(desk: Desk, time: Time) -> None:
    batch((order("a", OrderCompleted), 5))
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders")["a"]["leavesAt"] == "2026-03-14T12:10:00.000000Z"
    time.passes(minutes=10)
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders") == {}
    assert desk.client.shows("order:a")["order"]["status"] == "completed"


def completed_list(order_id: str) -> ShoppingListCompleted:
    return ShoppingListCompleted(
        shopping_list_id=order_id,
        order_id=order_id,
        status="completed",
        stops=(),
        bot_id=order_id,
        assignment=1,
        by_staff=False,
        shortages=(),
    )


def stored(partition: str) -> list[dict[str, Any]]:
    views = runtime.current().views
    assert isinstance(views, MemoryViews)
    return [item for key, item in views.items.items() if key[0] == partition]


def test_an_order_that_ended_is_on_its_board_once_and_its_row_is_read_from_beside_it(desk: Desk) -> None:
    batch((order("a", OrderApproved), 4))
    batch((order("a", OrderCompleted), 5), (order("b"), 1))
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders").keys() == {"a", "b"}
    assert desk.client.shows("orders")["a"] == desk.client.shows("order:a")["order"]
    assert desk.client.shows("orders")["a"]["total"] == 7
    assert "moved" not in desk.client.shows("orders")["a"]


def test_no_late_message_brings_an_order_back_that_ended(desk: Desk, time: Time) -> None:
    batch((order("a", OrderCompleted), 5))
    for version, kind in ((5, OrderCompleted), (4, OrderApproved), (1, OrderCreated)):
        batch((order("a", kind), version))
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders")["a"]["status"] == "completed"
    time.passes(hours=25)
    batch((order("a", OrderApproved), 4))
    desk.subscribes("orders", "order:a")
    assert desk.client.shows("orders") == {}
    assert desk.client.shows("order:a")["order"]["status"] == "completed"


def test_a_stub_whose_row_was_deleted_before_it_shows_nothing(desk: Desk) -> None:
    batch((order("a", OrderCompleted), 5))
    runtime.current().views.delete(*beside(key("orders", "a")))
    desk.subscribes("orders", "order:a")
    assert (desk.client.shows("orders"), desk.client.shows("order:a")) == ({}, {})


def test_a_snapshot_reads_little_of_what_left() -> None:
    """In read units: of 10,000 orders a day, with their lists, what left in 26 hours; a tenth is stored."""
    ids = [str(uuid5(NAMESPACE_URL, str(number))) for number in range(1_000)]
    for id in ids:
        more = {"customer_id": id, "payment_id": id}
        batch((order(id, OrderCompleted, **more), 5), (completed_list(id), 8), time=NOON - timedelta(hours=1))
    shards = {topic: topics.shards(topic) for topic in ("orders", "lists")}
    assert not [row for of_topic in shards.values() for shard in of_topic for row in board.rows(shard)]

    def units(beginning: str, topic: str) -> float:
        items = [item for shard in shards[topic] for item in stored(f"{beginning} {topic} {shard.number}")]
        assert len(items) == 1_000
        return 10 * 26 / 24 * sum(map(item_size, items)) / READ_UNIT

    assert {topic: round(units("board", topic)) for topic in shards} == {"orders": 410, "lists": 407}
    assert {topic: round(units("ended", topic)) for topic in shards} == {"orders": 800, "lists": 692}


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
