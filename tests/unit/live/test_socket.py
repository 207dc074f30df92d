"""Connections, and what is answered to each frame of a client, or to what is none."""

import json
from typing import Any

import pytest

from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import budget, runtime
from functions.kernel.runtime.context import Caller
from functions.kernel.runtime.views import Row
from functions.live import board
from functions.live.socket import socket
from functions.live.topics import shard_of
from tests.support.live import Frame, MemoryConnections, event
from tests.unit.live.desk import Desk, Time, batch, order


def rows(beginning: str) -> set[tuple[str, str]]:
    views = runtime.current().views
    assert isinstance(views, MemoryViews)
    return {key for key in views.items if key[0].startswith(beginning)}


@pytest.mark.parametrize("role", ["staff", "operator"])
def test_staff_and_operators_connect_and_get_the_first_of_their_subprotocols_alone(role: str) -> None:
    answer = socket.handle(event("$connect", "one", caller=Caller(role, "mia")))
    assert answer == {"statusCode": 200, "headers": {"Sec-WebSocket-Protocol": "mallbots.v1"}}
    assert rows("connection") == set()


@pytest.mark.parametrize("caller", [Caller("customer", "c"), Caller("bot", "b"), Caller("kiosk", "k"), Caller()])
def test_nobody_else_connects(caller: Caller) -> None:
    assert socket.handle(event("$connect", "one", caller=caller)) == {"statusCode": 403}
    assert rows("connection") == set()


def test_a_connection_that_subscribes_has_a_row_that_says_whose_it_is(desk: Desk) -> None:
    desk.subscribes("stores", "lists")
    desk.subscribes("lists", "robots")
    row = runtime.current().views.get(f"connection {desk.id}", "topics")
    assert row
    assert (row["role"], row["id"], row["topics"]) == ("staff", "clerk-1", ["stores", "lists", "robots"])


def test_frames_at_once_keep_each_others_topics(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    put, meanwhile = MemoryViews.put, ["lists", "robots"]

    def overtaken(store: MemoryViews, row: Row, version: int) -> bool:
        if row.partition.startswith("connection") and meanwhile:
            desk.subscribes(meanwhile.pop())
        return put(store, row, version)

    monkeypatch.setattr(MemoryViews, "put", overtaken)
    desk.subscribes("stores")
    row = runtime.current().views.get(f"connection {desk.id}", "topics")
    assert row
    assert set(row["topics"]) == {"stores", "lists", "robots"}


def test_rows_of_a_connection_and_its_subscriptions_expire_ten_minutes_after_it_must_have_ended(
    desk: Desk, time: Time
) -> None:
    desk.subscribes("stores")
    views = runtime.current().views
    assert isinstance(views, MemoryViews)
    its_own = [key for key in views.items if "desk-1" in key[0] or key[1] == "desk-1"]
    assert len(its_own) == 2
    for key in its_own:
        assert int(views.items[key]["expires"]["N"]) == time.now.timestamp() + (2 * 60 + 10) * 60


def test_one_that_ended_leaves_each_topic_at_its_first_post_and_its_own_row_expires(
    desk: Desk, connections: MemoryConnections
) -> None:
    desk.subscribes("orders", "stores")
    connections.close(desk.id)
    batch((order(), 1))
    assert rows("subscribers") == {("subscribers stores", desk.id)}
    assert rows("connection") == {(f"connection {desk.id}", "topics")}


def test_a_subscription_is_answered_by_a_snapshot_of_each_shard(desk: Desk) -> None:
    batch((order("a"), 1))
    frames = desk.subscribes("orders", "stores")
    found = [(f["type"], f["topic"], f["shard"], f["part"], f["parts"], f["position"]) for f in frames]
    assert found == [("snapshot", "orders", shard, 1, 1, 0) for shard in range(4)] + [
        ("snapshot", "stores", 0, 1, 1, 0)
    ]
    assert list(desk.client.shows("orders")) == ["a"]


def test_each_snapshot_has_an_id_of_its_own_which_its_parts_share(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "ROWS_BYTES", 1)
    for id in ("a", "b", "c"):
        batch((order(id, created_at="2026-03-14T12:00:00.000000Z"), 1))
    entry = {"topic": "orders", "shard": shard_of("orders", "a").number}
    sent = [desk.sends({"action": "subscribe", "topics": [entry]}) for _ in range(2)]
    ids = [{frame["id"] for frame in frames} for frames in sent]
    assert [len(frames) for frames in sent] == [frames[0]["parts"] for frames in sent]
    assert [len(found) for found in ids] == [1, 1]
    assert ids[0] != ids[1]


def test_each_topic_is_subscribed_to_once_a_frame_however_many_of_its_shards_it_names(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In write units: a row is one. A client resumes shard by shard."""
    desk.subscribes("orders", "stores")
    written: list[str] = []
    put = MemoryViews.put

    def noted(store: MemoryViews, row: Row, version: int) -> bool:
        written.append(row.partition)
        return put(store, row, version)

    monkeypatch.setattr(MemoryViews, "put", noted)
    frames = desk.sends(desk.client.wants(["orders", "stores"]))
    assert [frame["type"] for frame in frames] == ["subscribed"] * 5
    assert written == ["connection desk-1", "subscribers orders", "subscribers stores"]


def test_an_entry_that_a_frame_has_twice_is_answered_once(desk: Desk) -> None:
    assert len(desk.subscribes("stores", "stores", "lists", "stores")) == 2


def test_a_connection_subscribes_to_a_hundred_topics_at_most_and_keeps_those_that_it_has(desk: Desk) -> None:
    names = [f"order:{number}" for number in range(102)]
    for first in range(0, 100, 50):
        assert {frame["type"] for frame in desk.subscribes(*names[first : first + 50])} == {"snapshot"}
    frames = desk.subscribes(names[100], names[0], names[101])
    assert [(frame["type"], frame["topic"]) for frame in frames] == [
        ("error", names[100]),
        ("error", names[101]),
        ("snapshot", names[0]),
    ]
    assert frames[0]["code"] == "unreadable"
    assert len(rows("subscribers")) == 100
    desk.sends({"action": "unsubscribe", "topics": [{"topic": names[5]}]})
    assert [frame["type"] for frame in desk.subscribes(names[100])] == ["snapshot"]


@pytest.mark.parametrize(("times", "answered"), [(3, True), (4, False)])
def test_a_part_of_an_answer_that_is_refused_is_posted_again(
    desk: Desk, connections: MemoryConnections, monkeypatch: pytest.MonkeyPatch, times: int, answered: bool
) -> None:
    post, refused = connections.post, []

    def refuse(connection: str, text: str) -> None:
        if len(refused) < times:
            refused.append(text)
            raise ConnectionError("429")
        post(connection, text)

    monkeypatch.setattr(connections, "post", refuse)
    frames = desk.subscribes("stores")
    assert [frame["type"] for frame in frames] == (["snapshot"] if answered else ["error"])
    assert len(set(refused)) == 1


def test_no_part_of_an_answer_is_posted_again_without_time_left(
    desk: Desk, connections: MemoryConnections, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(connection: str, text: str) -> None:
        tried.append(json.loads(text)["type"])
        raise ConnectionError("429")

    monkeypatch.setattr(connections, "post", refuse)
    with budget.limited(lambda: budget.TRY):
        desk.subscribes("stores")
    assert tried.count("snapshot") == 1


def test_a_subscription_to_one_shard_is_answered_for_that_alone(desk: Desk) -> None:
    frames = desk.sends({"action": "subscribe", "topics": [{"topic": "orders", "shard": 2}]})
    assert [(f["type"], f["shard"]) for f in frames] == [("snapshot", 2)]


def test_a_shard_that_a_topic_does_not_have_is_answered_by_nothing(desk: Desk) -> None:
    assert desk.sends({"action": "subscribe", "topics": [{"topic": "stores", "shard": 3}]}) == []


def test_who_unsubscribes_is_told_so_and_gets_no_more(desk: Desk, connections: MemoryConnections) -> None:
    desk.subscribes("orders")
    frames = desk.sends({"action": "unsubscribe", "topics": [{"topic": "orders"}, {"topic": "stores"}]})
    assert frames == [{"type": "unsubscribed", "topic": "orders"}, {"type": "unsubscribed", "topic": "stores"}]
    batch((order(), 1))
    assert connections.take(desk.id) == []
    assert rows("subscribers") == set()


def test_a_ping_is_answered_by_where_the_logs_are(desk: Desk) -> None:
    [snapshot, *_] = desk.subscribes("stores", "orders")
    batch((order("a"), 1))
    positions = desk.client.pings()["positions"]
    desk.client.boards["orders", 3].position = 0
    [pong] = desk.sends({"action": "ping", "id": 7, "positions": positions})
    assert (pong["type"], pong["id"]) == ("pong", 7)
    assert [(p["topic"], p["shard"], p["position"]) for p in pong["positions"]] == [
        (p["topic"], p["shard"], p["position"]) for p in positions
    ]
    assert sum(p["position"] for p in pong["positions"]) == 1
    assert {p["epoch"] for p in pong["positions"] if p["topic"] == "stores"} == {snapshot["epoch"]}


def test_a_ping_without_positions_is_answered(desk: Desk) -> None:
    assert desk.sends({"action": "ping", "id": 1}) == [{"type": "pong", "id": 1, "positions": []}]


def test_a_ping_about_what_nobody_watches_names_no_epoch(desk: Desk) -> None:
    place = {"topic": "stores", "shard": 0, "epoch": "long ago", "position": 9}
    [pong] = desk.sends({"action": "ping", "id": 1, "positions": [place]})
    assert pong["positions"] == [{"topic": "stores", "shard": 0, "epoch": "", "position": 0}]


UNREADABLE: list[Any] = [
    "",
    "hello",
    "[]",
    "null",
    "[" * 100_000,
    "{}",
    {"action": 7},
    {"action": "shout"},
    {"action": "subscribe"},
    {"action": "subscribe", "topics": []},
    {"action": "subscribe", "topics": "orders"},
    {"action": "subscribe", "topics": [{"topic": "customers"}]},
    {"action": "subscribe", "topics": [{"topic": "order:"}]},
    {"action": "subscribe", "topics": [{"topic": "order:a/b"}]},
    {"action": "subscribe", "topics": [{"topic": "order:" + "x" * 201}]},
    {"action": "subscribe", "topics": [{"topic": "orders\n"}]},
    {"action": "subscribe", "topics": [{"topic": "orders"}] * 51},
    {"action": "subscribe", "topics": [{"topic": "orders", "shard": -1}]},
    {"action": "subscribe", "topics": [{"topic": "orders", "since": "first"}]},
    {"action": "unsubscribe", "topics": [{"topic": "everything"}]},
    {"action": "ping"},
    {"action": "ping", "id": -1},
    {"action": "ping", "id": 1, "positions": [{"topic": "orders"}]},
    {
        "action": "ping",
        "id": 1,
        "positions": [{"topic": "orders", "shard": 0, "epoch": "e", "position": 10**12}],
    },
]


@pytest.mark.parametrize("frame", UNREADABLE, ids=lambda frame: json.dumps(frame)[:60])
def test_what_cannot_be_read_is_answered_by_an_error_and_the_connection_stays(desk: Desk, frame: Frame | str) -> None:
    [error] = desk.sends(frame)
    assert (error["type"], error["code"], error["topic"]) == ("error", "unreadable", None)
    assert 0 < len(error["message"]) < 300
    assert desk.sends({"action": "ping", "id": 1})[0]["type"] == "pong"


def test_a_frame_may_have_members_that_are_not_known_yet(desk: Desk) -> None:
    [snapshot] = desk.sends({"action": "subscribe", "topics": [{"topic": "stores", "colour": "red"}], "later": 1})
    assert snapshot["type"] == "snapshot"


def test_a_topic_that_fails_is_answered_by_an_error_and_the_others_by_their_snapshots(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = MemoryViews.query

    def fail(views: MemoryViews, partition: str, **more: Any) -> Any:
        if partition == "board lists 0":
            raise ConnectionError("throttled")
        return query(views, partition, **more)

    monkeypatch.setattr(MemoryViews, "query", fail)
    frames = desk.subscribes("lists", "stores")
    assert [(f["type"], f["topic"]) for f in frames] == [("error", "lists"), ("snapshot", "stores")]
    assert frames[0]["code"] == "unavailable"
    assert "throttled" not in frames[0]["message"]


def test_a_frame_whose_handler_fails_is_answered_by_an_error(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise ConnectionError

    monkeypatch.setattr(MemoryViews, "get_many", fail)
    place = {"topic": "stores", "shard": 0, "epoch": "", "position": 0}
    [error] = desk.sends({"action": "ping", "id": 1, "positions": [place]})
    assert (error["code"], error["topic"]) == ("unavailable", None)


def test_a_client_that_is_gone_before_it_is_answered_is_forgotten(desk: Desk, connections: MemoryConnections) -> None:
    connections.close(desk.id)
    assert desk.subscribes("orders", "stores") == []
    assert rows("subscribers") == set()


def test_a_post_that_fails_while_a_frame_is_answered_ends_nothing(desk: Desk, connections: MemoryConnections) -> None:
    connections.failing[desk.id] = ConnectionError("throttled")
    assert desk.subscribes("stores") == []
    del connections.failing[desk.id]
    assert [f["type"] for f in desk.subscribes("stores")] == ["snapshot"]
