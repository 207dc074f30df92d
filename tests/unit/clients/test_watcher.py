"""What a client knows of frames that come in any order, in parts and twice."""

from itertools import permutations
from typing import Any

import pytest

from clients.watcher import Watcher

Frame = dict[str, Any]
HERE = {"topic": "robots", "shard": 0, "epoch": "e1"}


def snapshot(position: int, *parts: dict[str, int], epoch: str = "e1") -> list[Frame]:
    """The parts of a snapshot: id → version, which is in the row's data, too."""
    return [
        {**HERE, "epoch": epoch, "type": "snapshot", "position": position, "part": number, "parts": len(parts)}
        | {"id": f"{epoch} {position}"}
        | {"rows": [{"id": id, "version": version, "data": {"v": version}} for id, version in part.items()]}
        for number, part in enumerate(parts)
    ]


def changes(position: int, *parts: dict[str, int | None]) -> list[Frame]:
    """The parts of one item of the log: id → version; None: the row leaves by version 99."""
    return [
        {**HERE, "type": "changes", "position": position, "part": number, "parts": len(parts)}
        | {
            "changes": [
                {"id": id, "version": version or 99, "data": None if version is None else {"v": version}}
                for id, version in part.items()
            ]
        }
        for number, part in enumerate(parts)
    ]


def after(*frames: Frame) -> Watcher:
    watcher = Watcher(["robots"])
    for frame in frames:
        watcher.take(frame)
    return watcher


def test_frames_of_a_seam_give_the_same_rows_in_every_order() -> None:
    frames = [*snapshot(5, {"a": 1}, {"b": 1}), *changes(6, {"a": 2}), *changes(7, {"b": None}, {"c": 1})]
    for order in permutations(frames):
        watcher = after(*order)
        one = watcher.shards["robots", 0]
        assert watcher.rows("robots") == {"a": {"v": 2}, "c": {"v": 1}}, order
        assert (one.position, one.applied, one.snapshots) == (7, [6, 7], 1)


def test_items_that_come_together_are_applied_in_turn_without_those_that_are_known() -> None:
    [first], [second], [third] = changes(6, {"a": 2}), changes(7, {"b": 1}), changes(8, {"a": 3})
    more = [{"position": item["position"], "changes": item["changes"]} for item in (second, third)]
    watcher = after(*snapshot(5, {"a": 1}), first, {**first, "more": more})
    assert watcher.rows("robots") == {"a": {"v": 3}, "b": {"v": 1}}
    assert watcher.shards["robots", 0].applied == [6, 7, 8]


def test_what_comes_twice_changes_nothing() -> None:
    frames = [*snapshot(5, {"a": 1}), *changes(6, {"a": 2})]
    assert after(*frames, *frames[1:]).shards["robots", 0].applied == [6]


def test_a_change_that_is_not_newer_than_its_row_is_ignored() -> None:
    assert after(*snapshot(5, {"a": 3}), *changes(6, {"a": 2})).row("robots", "a") == {"v": 3}


def test_a_gap_is_not_applied_until_it_is_filled() -> None:
    watcher = after(*snapshot(5, {"a": 1}), *changes(7, {"a": 3}))
    assert watcher.row("robots", "a") == {"v": 1}
    for frame in changes(6, {"a": 2}):
        watcher.take(frame)
    assert watcher.row("robots", "a") == {"v": 3}


def test_a_resume_is_whole_when_what_was_promised_has_come() -> None:
    watcher = after(*snapshot(5, {"a": 1}), {**HERE, "type": "subscribed", "position": 6})
    assert not watcher.is_ready
    for frame in changes(6, {"a": 2}):
        watcher.take(frame)
    assert watcher.is_ready


def test_a_client_begins_with_its_topics_and_resumes_where_it_was() -> None:
    watcher = Watcher(["robots", "stores"])
    assert watcher.subscribe()["topics"] == [{"topic": "robots"}, {"topic": "stores"}]
    for frame in snapshot(5, {"a": 1}):
        watcher.take(frame)
    resumed = {"topic": "robots", "shard": 0, "epoch": "e1", "since": 5}
    assert watcher.subscribe()["topics"] == [resumed, {"topic": "stores"}]


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ({"epoch": "e1", "position": 5}, None),
        ({"epoch": "e1", "position": 7}, {"topic": "robots", "shard": 0, "epoch": "e1", "since": 5}),
        ({"epoch": "e2", "position": 0}, {"topic": "robots", "shard": 0}),
        ({"epoch": "", "position": 0}, {"topic": "robots", "shard": 0}),
    ],
)
def test_a_pong_shows_what_was_missed(head: Frame, wanted: Frame | None) -> None:
    watcher = after(*snapshot(5, {"a": 1}))
    asked = watcher.missed({"type": "pong", "id": 1, "positions": [{**HERE, **head}]})
    assert asked == (wanted and {"action": "subscribe", "topics": [wanted], "packed": True})


def test_a_new_epoch_s_snapshot_replaces_the_rows() -> None:
    watcher = after(*snapshot(5, {"a": 1, "b": 1}), *snapshot(2, {"a": 4}, epoch="e2"))
    assert watcher.rows("robots") == {"a": {"v": 4}}
    assert watcher.shards["robots", 0].position == 2
