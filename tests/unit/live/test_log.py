"""Logs: who is told of what, what is resumed, and when there is another epoch."""

import json
from datetime import timedelta
from typing import Any

import pytest

from events.ordering import OrderApproved, OrderCompleted
from events.stores import StoreCreated, StoreRebranded
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import runtime
from functions.live import board, log
from functions.live.topics import Shard
from tests.support.delivery import TRACE
from tests.support.live import MemoryConnections
from tests.unit.live.desk import Desk, Time, batch, order

STORES = Shard("stores", 0)
STORE = {"store_id": "store-1", "location": "Floor 0", "participating": True}


def rebranded(version: int, name: str = "") -> tuple[StoreRebranded, int]:
    return StoreRebranded(name=name or f"name {version}", **STORE), version  # type: ignore[arg-type]


def views() -> MemoryViews:
    found = runtime.current().views
    assert isinstance(found, MemoryViews)
    return found


def log_items() -> list[str]:
    """The positions in the logs of stores, of all epochs."""
    return sorted(sort for partition, sort in views().items if partition.startswith("log stores"))


def expire(time: Time) -> None:
    """Let DynamoDB delete what has expired."""
    for key, item in list(views().items.items()):
        if "expires" in item and int(item["expires"]["N"]) < time.now.timestamp():
            del views().items[key]


def watching(desk: Desk) -> str:
    """Subscribe to the stores; the epoch."""
    [snapshot] = desk.subscribes("stores")
    epoch: str = snapshot["epoch"]
    return epoch


def test_a_topic_that_nobody_watches_gets_no_log() -> None:
    batch(rebranded(1), rebranded(2))
    assert [key for key in views().items if key[0].startswith(("log", "watch"))] == []


def test_a_batch_is_one_item_of_a_topics_log_with_each_change_and_who_made_it(
    desk: Desk, connections: MemoryConnections
) -> None:
    watching(desk)
    connections.take(desk.id)
    batch(rebranded(2), rebranded(3), (order(), 1))
    [frame] = connections.take(desk.id)
    assert (frame["type"], frame["position"], frame["part"], frame["parts"]) == ("changes", 1, 1, 1)
    assert [(c["id"], c["version"], c["data"]["name"]) for c in frame["changes"]] == [
        ("store-1", 2, "name 2"),
        ("store-1", 3, "name 3"),
    ]
    assert frame["changes"][0]["message"] == {
        "id": "stores#store-1 2",
        "name": "StoreRebranded",
        "time": "2026-03-14T12:00:00.000000Z",
        "source": "mallbots.stores",
        "stream": "stores#store-1",
        "causationId": "cause-1",
        "correlationId": "flow-1",
        "actor": "staff:mia",
        "traceparent": TRACE,
    }


def test_the_logs_of_a_batch_are_posted_in_the_order_of_their_topics(
    desk: Desk, connections: MemoryConnections
) -> None:
    desk.subscribes("stores", "orders", "robots", "lists", "invoices")
    connections.take(desk.id)
    batch(*((order(f"order-{number}"), 1) for number in range(9)), rebranded(2))
    frames = [(frame["topic"], frame["shard"]) for frame in connections.take(desk.id)]
    assert frames == [*(("orders", shard) for shard in range(4)), ("stores", 0)]


def test_the_changes_of_a_batch_come_by_their_versions(desk: Desk) -> None:
    watching(desk)
    batch(rebranded(3), rebranded(2))
    [partition] = {partition for partition, _ in views().items if partition.startswith("log stores")}
    [item] = views().query(partition).rows
    assert [change["version"] for change in item["changes"]] == [2, 3]
    assert desk.client.shows("stores")["store-1"]["name"] == "name 3"


def test_a_batch_that_comes_again_is_appended_again_and_shown_once(desk: Desk) -> None:
    watching(desk)
    for _ in range(2):
        assert batch(rebranded(2)) == []
    assert log_items() == ["000000000001", "000000000002"]
    assert desk.client.shows("stores")["store-1"]["name"] == "name 2"


def test_what_a_newer_message_of_another_batch_replaced_is_left_out(desk: Desk) -> None:
    watching(desk)
    batch(rebranded(3))
    batch(rebranded(2))
    assert log_items() == ["000000000001"]


def test_a_batch_whose_append_fails_is_retried_as_a_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watching(desk)
    put = MemoryViews.put

    def fail(store: MemoryViews, row: Any, version: int) -> bool:
        if row.partition.startswith("log"):
            raise UnavailableError("throttled")
        return put(store, row, version)

    with monkeypatch.context() as patch:
        patch.setattr(MemoryViews, "put", fail)
        assert batch(rebranded(2), (order(), 1)) == ["record-0", "record-1"]
    assert batch(rebranded(2), (order(), 1)) == []
    assert desk.client.shows("stores")["store-1"]["name"] == "name 2"


def test_who_always_finds_its_number_taken_gives_up_and_is_retried(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    watching(desk)
    put = MemoryViews.put
    monkeypatch.setattr(
        MemoryViews, "put", lambda store, row, version: not row.partition.startswith("log") and put(store, row, version)
    )
    assert batch(rebranded(2)) == ["record-0"]


def test_a_resume_gets_what_was_missed_in_order_and_then_the_word_that_it_is_complete(desk: Desk) -> None:
    epoch = watching(desk)
    for version in (1, 2, 3):
        batch(rebranded(version))
    frames = desk.resumes("stores", 0, epoch, 1)
    assert [(f["type"], f["position"]) for f in frames] == [("changes", 2), ("changes", 3), ("subscribed", 3)]


def test_a_resume_gets_all_that_it_missed_in_one_frame_where_it_can_read_that(desk: Desk) -> None:
    epoch = watching(desk)
    for version in (1, 2, 3, 4):
        batch(rebranded(version))
    frame, last = desk.resumes("stores", 0, epoch, 1, packed=True)
    items = [frame, *frame["more"]]
    assert [(item["position"], [c["version"] for c in item["changes"]]) for item in items] == [
        (2, [2]),
        (3, [3]),
        (4, [4]),
    ]
    assert (frame["type"], frame["part"], frame["parts"], last["position"]) == ("changes", 1, 1, 4)


def test_what_does_not_fit_into_one_frame_is_packed_into_several_and_a_larger_item_is_split(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    epoch = watching(desk)
    for versions in ((1,), (2,), (3, 4, 5), (6,), (7,)):
        batch(*map(rebranded, versions))
    one = len(json.dumps(desk.resumes("stores", 0, epoch, 4)[0]["changes"], separators=(",", ":")))
    monkeypatch.setattr(board, "ROWS_BYTES", int(2.5 * (one + board.ITEM_BYTES)))
    frames = desk.resumes("stores", 0, epoch, 0, packed=True)
    taken = [(f["position"], f["part"], len(f["changes"]), len(f.get("more", ()))) for f in frames[:-1]]
    assert taken == [(1, 1, 1, 1), (3, 1, 2, 0), (3, 2, 1, 0), (4, 1, 1, 1)]


def test_a_resume_of_who_missed_nothing_is_complete_at_once(desk: Desk) -> None:
    epoch = watching(desk)
    batch(rebranded(1))
    assert [(f["type"], f["position"], f["epoch"]) for f in desk.resumes("stores", 0, epoch, 1)] == [
        ("subscribed", 1, epoch)
    ]


@pytest.mark.parametrize("minutes", [14, 16])
def test_who_was_away_for_longer_than_the_window_gets_a_snapshot(desk: Desk, time: Time, minutes: int) -> None:
    epoch = watching(desk)
    batch(rebranded(1))
    time.passes(minutes=minutes)
    batch(rebranded(2))
    types = [f["type"] for f in desk.resumes("stores", 0, epoch, 0)]
    assert types == (["changes", "changes", "subscribed"] if minutes < 15 else ["snapshot"])


def test_a_page_that_is_back_within_the_window_resumes_though_it_was_the_only_one(desk: Desk, time: Time) -> None:
    """Its last ping leaves the watch at least as long as the window."""
    epoch = watching(desk)
    time.passes(minutes=14, seconds=59)
    desk.sends(desk.client.pings())
    time.passes(minutes=14)
    batch(rebranded(1))
    time.passes(seconds=50)
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 0)] == ["changes", "subscribed"]


@pytest.mark.parametrize("since", [2, 999])
def test_a_position_that_no_item_had_gets_a_snapshot(desk: Desk, since: int) -> None:
    epoch = watching(desk)
    batch(rebranded(1))
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, since)] == ["snapshot"]


def test_another_epoch_gets_a_snapshot(desk: Desk) -> None:
    watching(desk)
    assert [f["type"] for f in desk.resumes("stores", 0, "another", 0)] == ["snapshot"]


def test_a_resume_that_names_no_shard_gets_a_snapshot(desk: Desk) -> None:
    epoch = watching(desk)
    frames = desk.sends({"action": "subscribe", "topics": [{"topic": "stores", "epoch": epoch, "since": 0}]})
    assert [f["type"] for f in frames] == ["snapshot"]


def test_who_missed_more_than_a_snapshot_would_be_gets_that(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LONGEST_RESUME", 3)
    epoch = watching(desk)
    for version in range(1, 5):
        batch(rebranded(version))
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 1)] == ["changes"] * 3 + ["subscribed"]
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 0)] == ["snapshot"]


def test_a_resume_over_an_item_that_is_missing_gets_a_snapshot(desk: Desk) -> None:
    epoch = watching(desk)
    for version in (1, 2, 3):
        batch(rebranded(version))
    del views().items[f"log stores 0 {epoch}", "000000000002"]
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 0)] == ["snapshot"]
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 2)] == ["changes", "subscribed"]


def test_a_number_is_used_once_also_when_all_items_have_expired(desk: Desk, time: Time) -> None:
    epoch = watching(desk)
    batch(rebranded(1), rebranded(2))
    batch(rebranded(3))
    for _ in range(8):
        time.passes(minutes=10)
        desk.sends(desk.client.pings())
        expire(time)
    assert log_items() == []
    assert desk.client.pings()["positions"][0] == {"topic": "stores", "shard": 0, "epoch": epoch, "position": 2}
    batch(rebranded(4))
    assert log_items() == ["000000000003"]
    assert desk.client.shows("stores")["store-1"]["name"] == "name 4"
    assert desk.client.snapshots == 1
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 1)] == ["snapshot"]


def test_a_watch_that_is_over_and_nobody_closed_is_extended_while_its_items_are_there(desk: Desk, time: Time) -> None:
    epoch = watching(desk)
    time.passes(minutes=44)
    assert [f["type"] for f in desk.resumes("stores", 0, epoch, 0)] == ["subscribed"]


def test_a_watch_that_is_over_for_long_is_extended_by_nobody(desk: Desk, time: Time) -> None:
    """Items behind its base may have expired, and their numbers would be used again."""
    epoch = watching(desk)
    batch(rebranded(1))
    time.passes(minutes=46)
    [pong] = desk.sends(desk.client.pings())
    assert pong["positions"][0]["epoch"] == ""
    [snapshot] = desk.resumes("stores", 0, epoch, 1)
    assert snapshot["type"] == "snapshot"
    assert snapshot["epoch"] != epoch


def test_a_change_after_the_end_of_a_watch_closes_it_and_the_next_subscriber_begins_another_epoch(
    desk: Desk, time: Time
) -> None:
    epoch = watching(desk)
    time.passes(minutes=31)
    batch(rebranded(1))
    assert log_items() == []
    desk.looks()
    assert desk.client.boards["stores", 0].epoch != epoch
    assert desk.client.shows("stores")["store-1"]["name"] == "name 1"
    batch(rebranded(2))
    assert log_items() == ["000000000001"]


@pytest.mark.parametrize(("minutes", "written"), [(14, 0), (16, 1)])
def test_a_ping_extends_a_watch_when_half_of_it_is_over(desk: Desk, time: Time, minutes: int, written: int) -> None:
    watching(desk)
    before = views().items["watch stores", "0"]["version"]
    time.passes(minutes=minutes)
    desk.sends(desk.client.pings())
    after = views().items["watch stores", "0"]["version"]
    assert int(after["N"]) - int(before["N"]) == written


def test_items_of_a_log_expire_and_so_do_watches_that_nobody_needs(desk: Desk, time: Time) -> None:
    watching(desk)
    batch(rebranded(1))
    time.passes(minutes=61)
    expire(time)
    assert log_items() == []
    time.passes(days=2)
    expire(time)
    assert not [key for key in views().items if key[0].startswith("watch")]


def test_one_order_is_told_of_what_its_page_shows_alone(desk: Desk, connections: MemoryConnections) -> None:
    desk.subscribes("order:a")
    connections.take(desk.id)
    batch((order("a", OrderApproved), 2), (order("b"), 1), (StoreCreated(name="Volt", **STORE), 1))  # type: ignore[arg-type]
    [frame] = connections.take(desk.id)
    assert [(c["id"], c["data"]["orderId"]) for c in frame["changes"]] == [("order", "a")]
    batch((order("a", OrderCompleted), 3))
    assert desk.client.shows("order:a")["order"]["status"] == "completed"


def test_the_window_is_within_half_a_lease_and_items_outlive_all_who_may_ask_for_them() -> None:
    assert log.LEASE / 2 >= log.WINDOW == timedelta(minutes=15)
    assert log.ITEMS_KEPT > log.LEASE + log.WINDOW
