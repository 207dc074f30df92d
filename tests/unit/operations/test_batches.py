"""What a table's stream gave up becomes letters: read from the stream, or by time once it has let go of the records."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import budget, clock
from functions.kernel.runtime.runtime import Runtime
from functions.operations import rows
from functions.operations.cloud import HIDDEN
from functions.operations.collector import collector
from functions.operations.letters import Letter
from functions.operations.rows import Filter
from tests.support.letters import MemoryFailureQueues, MemoryFunctions, known_consumers, sample

QUEUE = "depot/relay/failures"
NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

Answer = Callable[[Mapping[str, Any]], dict[str, Any]]


def detail(number: int, name: str = "OrderApproved") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(sample("inbox")[1].body)["detail"]
    data = {"time": "2026-03-14T09:26:00Z"} if name == "RobotLeasesDue" else found["data"]
    metadata = {**found["metadata"], "id": f"message-{number}", "name": name, "stream_version": number}
    return {"metadata": metadata, "data": data}


class Minutes:
    """The clock, and a collector that runs with what its queue gives each time that it is visible again."""

    def __init__(self) -> None:
        self.now = NOON

    def collect(self, times: int = 1) -> None:
        for _ in range(times):
            with budget.limited(lambda: 60.0):
                collector.handle({})
            self.now += timedelta(seconds=HIDDEN + 1)


@pytest.fixture
def minutes() -> Iterator[Minutes]:
    minutes = Minutes()
    with clock.fixed(lambda: minutes.now):
        yield minutes


@pytest.fixture
def queues(runtime: Runtime, minutes: Minutes, monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryFailureQueues]:
    queues = MemoryFailureQueues()
    queues.put(QUEUE, sample("stream")[1])
    runtime.adapters["failure_queues"] = queues
    with known_consumers(monkeypatch):
        yield queues


def relay(runtime: Runtime, answer: Answer) -> MemoryFunctions:
    relays = MemoryFunctions(depot=answer)
    runtime.adapters["relays"] = relays
    return relays


def letters() -> list[Letter]:
    found = rows.letters(Filter(), 100).letters
    return sorted(found, key=lambda letter: letter.message_id)


def test_each_message_of_a_batch_is_a_letter_of_the_relay(
    runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    messages = [detail(1), detail(2, "RobotLeasesDue")]
    relays = relay(runtime, lambda request: {"messages": messages, "next": None, "gone": False})
    minutes.collect()
    assert [(letter.consumer, letter.queue, letter.message_id) for letter in letters()] == [
        ("depot/relay", QUEUE, "message-1"),
        ("depot/relay", QUEUE, "message-2"),
    ]
    event, reminder = [json.loads(letter.body) for letter in letters()]
    assert event == {"detail-type": "OrderApproved", "source": "mallbots.ordering", "detail": messages[0]}
    assert reminder == {"detail-type": "RobotLeasesDue", "detail": messages[1]}
    why = letters()[0]
    assert (why.reason, why.error, why.tries) == ("the relay gave it up: RecordAgeExceeded", "RecordAgeExceeded", 70)
    assert why.failed_at == "2026-03-14T21:26:53.017000Z"
    assert queues.count(QUEUE) == 0
    [(_, request)] = relays.asked
    assert request["records"] == {
        "stream_arn": "arn:aws:dynamodb:eu-central-1:000000000000:table/depot-Events/stream/2026-03-01T10:00:00.000",
        "shard": "shardId-00000001573689847184-864758bb",
        "first": "800000000003126276362",
        "last": "800000000003126276364",
    }


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_reply_is_about_the_commit_that_holds_it_from_where_it_is_sent_again(
    is_gone: bool, runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        if "records" in request and is_gone:
            return {"messages": [], "places": {}, "next": None, "gone": True}
        found = {"messages": [detail(1), detail(2)], "places": {"message-2": ["ShoppingList#list-1", 5]}}
        return {**found, "next": None, "gone": False, "cursor": None}

    relay(runtime, answer)
    minutes.collect()
    event, reply = letters()
    assert (event.stream, event.stream_version) == (detail(1)["metadata"]["stream"], 1)
    assert (reply.stream, reply.stream_version) == ("ShoppingList#list-1", 5)


def test_a_batch_larger_than_an_answer_is_read_by_pages(
    runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        if request["records"]["first"] == "800000000003126276362":
            return {"messages": [detail(1)], "next": "800000000003126276363", "gone": False}
        assert request["records"]["first"] == "800000000003126276363"
        return {"messages": [detail(2)], "next": None, "gone": False}

    relay(runtime, answer)
    minutes.collect()
    assert [letter.message_id for letter in letters()] == ["message-1", "message-2"]
    assert queues.count(QUEUE) == 0


def test_once_the_stream_has_let_go_the_messages_are_found_by_time_with_a_margin(
    runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        if "records" in request:
            return {"messages": [], "next": None, "gone": True}
        wanted = request["history"]
        assert (wanted["since"], wanted["until"]) == ("2026-03-14T09:24:53.000000Z", "2026-03-14T09:28:54.000000Z")
        assert {"BotAssigned", "RobotLeasesDue"} <= set(wanted["names"])
        assert "OrderApproved" not in wanted["names"]
        page = int(wanted["cursor"] or 1)
        return {"messages": [detail(page)], "cursor": str(page + 1) if page < 3 else None}

    relay(runtime, answer)
    minutes.collect()
    assert [letter.message_id for letter in letters()] == ["message-1", "message-2", "message-3"]
    assert queues.count(QUEUE) == 0


def test_a_long_batch_goes_on_where_the_last_minute_stopped(
    runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    pages: list[str] = []

    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        first = request["records"]["first"]
        if len(pages) == 1:
            pages.append("stopped")
            raise UnavailableError("not now")
        pages.append(first)
        return {"messages": [detail(len(pages))], "next": None if first == "3" else "3", "gone": False}

    relay(runtime, answer)
    minutes.collect()
    assert (len(letters()), queues.count(QUEUE)) == (1, 1)
    minutes.collect()
    assert (len(letters()), queues.count(QUEUE)) == (2, 0)
    assert pages == ["800000000003126276362", "stopped", "3"]
    assert isinstance(runtime.views, MemoryViews)
    assert not [key for key in runtime.views.items if key[0].startswith("batch ")]


def test_a_relay_that_does_not_answer_leaves_the_batch_in_its_queue(
    runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    def answer(request: Mapping[str, Any]) -> dict[str, Any]:
        raise UnavailableError("the relay of depot does not answer")

    relay(runtime, answer)
    minutes.collect(times=3)
    assert (letters(), queues.count(QUEUE)) == ([], 1)
    relay(runtime, lambda request: {"messages": [detail(1)], "next": None, "gone": False})
    minutes.collect()
    assert (len(letters()), queues.count(QUEUE)) == (1, 0)


def test_no_relay_is_asked_when_there_is_no_time_for_its_answer(
    runtime: Runtime, queues: MemoryFailureQueues, minutes: Minutes
) -> None:
    relays = relay(runtime, lambda request: {"messages": [], "next": None, "gone": False})
    with budget.limited(lambda: 20.0):
        collector.handle({})
    assert (relays.asked, queues.count(QUEUE)) == ([], 1)
