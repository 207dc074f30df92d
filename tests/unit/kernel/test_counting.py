"""How many messages a history has, counted whole where it is short, and else concluded from a part of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.checkout import RejectOrder
from functions.kernel.eventstore import counting, relay
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, Scanned, active
from tests.support import aws
from tests.support.runtime import memory_runtime
from tests.unit.kernel.test_relay import committed, message, store_created, whole_history

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TABLE = {"segments": 8}


@pytest.fixture
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars")) as made:
        yield made


def count(**asked: Any) -> dict[str, Any]:
    answer: dict[str, Any] = relay.serve({"count": asked})
    return answer


def test_a_short_table_is_counted_exactly_as_its_history_would_be_brought(running: Runtime) -> None:
    for minute in range(30):
        command = message(RejectOrder(order_id="1", reason="no"))
        committed(running, f"Store#{minute}", store_created(f"{minute}"), command, minute=minute)
    committed(running, "Store#silent")
    bounds = {"since": "2026-03-01T12:05:00Z", "until": "2026-03-01T12:14:00Z"}
    for asked in ({}, bounds, {"names": ["RejectOrder"]}, {"only": ["RejectOrder"]}, {"only": ["StoreCreated"]}):
        told = count(**TABLE, **asked)
        assert told["messages"] == len(whole_history(**asked))
        assert (told["commits"], told["precision"]) == (31, "exact")
    assert count(**TABLE, **bounds)["messages"] == 10


def test_an_empty_table_has_exactly_nothing(running: Runtime) -> None:
    assert count(**TABLE) == {"messages": 0, "commits": 0, "seconds": 0, "precision": "exact"}


def test_a_long_table_is_concluded_from_a_page_of_each_segment(running: Runtime) -> None:
    for number in range(4_000):  # of which every fourth has a message: 1,000
        committed(running, f"Store#{number}", *([store_created("a")] if number // 8 % 4 == 0 else []))
    told = count(**TABLE)
    assert (told["commits"], told["precision"]) == (4_000, "about")
    assert told["messages"] == pytest.approx(1_000, rel=0.05)


def test_the_time_to_read_all_follows_from_that_of_what_was_read(
    running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3_200):
        committed(running, f"Store#{number}", store_created("a"))
    with slow_pages(monkeypatch, 0.25):
        told = count(**TABLE)
    assert (told["commits"], told["seconds"]) == (3_200, 4)


def test_what_is_read_slowly_is_not_read_for_longer_than_who_asks_waits(
    running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1_600):
        committed(running, f"Store#{number}", store_created("a"))
    with slow_pages(monkeypatch, 2.0):
        told = count(**TABLE)
        assert (clock.now() - NOON).total_seconds() == 4
    assert (told["messages"], told["precision"], told["seconds"]) == (1_600, "about", 16)


def test_a_table_that_is_not_counted_yet_has_at_least_what_was_seen(
    running: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2_000):
        committed(running, f"Store#{number}", store_created("a"))
    monkeypatch.setattr(MemoryEventStore, "size", lambda store: 0)  # as of a table that is younger than six hours
    told = count(**TABLE)
    assert (told["messages"], told["commits"], told["precision"]) == (1_600, 1_600, "at least")


@pytest.mark.parametrize(("length", "messages", "precision"), [(450, 450, "exact"), (2_300, 2_000, "at least")])
def test_a_stream_is_counted_from_its_beginning_up_to_a_bound(
    running: Runtime, length: int, messages: int, precision: str
) -> None:
    for version in range(1, length + 1):
        committed(running, "Store#hot", store_created("a"), version=version)
    committed(running, "Store#other", store_created("a"))
    told = count(stream="Store#hot")
    assert (told["messages"], told["commits"], told["precision"]) == (messages, messages, precision)


def test_dynamodb_says_how_many_commits_a_table_has() -> None:
    with aws.local_aws():
        client = aws.client("dynamodb")
        store = DynamoEventStore(client, aws.event_table(client))
        with active(memory_runtime("jars", store=store)) as running:
            assert store.size() == 0
            for number in range(3):
                committed(running, f"Store#{number}", *([store_created("a")] if number else []))
            assert (store.size(), store.scan(0, 1, None, 9).examined) == (3, 3)
            assert count(**TABLE)["messages"] == 2


def slow_pages(monkeypatch: pytest.MonkeyPatch, seconds: float) -> Any:
    """A clock that stands still but while a page of a table is read. Within the block."""
    now = [NOON]
    original = MemoryEventStore.scan

    def slow(store: MemoryEventStore, segment: int, segments: int, cursor: str | None, limit: int) -> Scanned:
        now[0] += timedelta(seconds=seconds)
        return original(store, segment, segments, cursor, limit)

    monkeypatch.setattr(MemoryEventStore, "scan", slow)
    return clock.fixed(lambda: now[0])


def test_a_page_is_as_long_as_one_that_a_replay_reads() -> None:
    from functions.operations import replays

    assert counting.COMMITS == replays.COMMITS
