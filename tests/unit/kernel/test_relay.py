"""From a table's stream to the bus, and what was sent before sent again."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from events.checkout import RejectOrder
from events.envelope import Envelope, Metadata
from events.ordering import OrderRejectionAccepted
from events.registry import Message
from events.stores import StoreCreated
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.commit import Commit, Outgoing, StoredEvent
from functions.kernel.runtime.runtime import Runtime, Unsent, active
from tests.support.delivery import attributes
from tests.support.jars import JarForgotten, jars
from tests.support.runtime import RecordingBus, RecordingQueue, memory_runtime

SAMPLE = Path(__file__).parent / "samples" / "dynamodb_stream.json"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DONE: dict[str, list[Any]] = {"batchItemFailures": []}


class PickyBus(RecordingBus):
    """Takes all but these messages, by their position among all that it is ever offered."""

    def __init__(self, *refused: int, refusal: str = "") -> None:
        super().__init__()
        self.refused = refused
        self.refusal = refusal
        self.offered = 0

    def put(self, messages: Sequence[Outgoing]) -> list[Unsent]:
        begin, self.offered = self.offered, self.offered + len(messages)
        failed = [position for position in range(len(messages)) if begin + position in self.refused]
        self.messages += [message for position, message in enumerate(messages) if position not in failed]
        return [Unsent(position, self.refusal) for position in failed]


def bus_of(running: Runtime) -> RecordingBus:
    assert isinstance(running.bus, RecordingBus)
    return running.bus


def queue_of(running: Runtime) -> RecordingQueue:
    assert isinstance(running.queue, RecordingQueue)
    return running.queue


def stream_of(running: Runtime) -> dict[str, Any]:
    """The stream records of all that was committed, with sequence numbers 1, 2, 3…"""
    assert isinstance(running.store, MemoryEventStore)
    return {
        "Records": [
            {"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "NewImage": item}}
            for number, item in enumerate(running.store.log, start=1)
        ]
    }


def first_failure(response: dict[str, Any]) -> str:
    [failure] = response["batchItemFailures"]
    return str(failure["itemIdentifier"])


def test_a_batch_as_the_stream_delivers_it_is_sent_where_it_belongs(running: Runtime) -> None:
    with clock.fixed(lambda: NOON):
        assert relay.handle(json.loads(SAMPLE.read_text())) == DONE
    assert [(message.name, message.id) for message in bus_of(running).messages] == [
        ("JarFilled", "id-1"),
        ("JarSealed", "id-2"),
    ]
    [reminder] = queue_of(running).sent
    assert reminder.delay == 900
    body = json.loads(reminder.body)
    assert (body["detail-type"], body["detail"]["metadata"]["id"]) == ("JarForgotten", "id-3")


def test_messages_leave_as_they_were_committed(running: Runtime) -> None:
    jars.create("jar-1", lambda jar: jar.fill(5, "Grüße 🤖"))
    relay.handle(stream_of(running))
    [commit] = jars.history("jar-1")
    assert tuple(bus_of(running).messages) == commit.messages


def test_only_inserts_of_commits_with_messages_make_messages(running: Runtime) -> None:
    records = json.loads(SAMPLE.read_text())["Records"]
    assert relay.handle({"Records": records[2:]}) == DONE
    assert (bus_of(running).messages, queue_of(running).sent) == ([], [])


@pytest.mark.parametrize(
    ("refused", "first"), [([0], "1"), ([1], "1"), ([2], "2"), ([5], "4"), ([5, 2, 3], "2"), ([4, 1], "1")]
)
def test_the_first_record_of_which_a_message_failed_is_reported(refused: list[int], first: str) -> None:
    with active(memory_runtime("jars", bus=PickyBus(*refused))) as running:
        for coins in ([1, 2], [3], [4, 5], [6]):
            jars.create("jar-1", lambda jar, coins=coins: jar.fill_each(*coins))  # type: ignore[misc]
        assert first_failure(relay.handle(stream_of(running))) == first
    assert len(bus_of(running).messages) == 6 - len(refused)


def test_a_batch_that_is_brought_again_from_its_failure_on_misses_nothing() -> None:
    with active(memory_runtime("jars", bus=PickyBus(1))) as running:
        for coins in (1, 2, 3):
            jars.create("jar-1", lambda jar, coins=coins: jar.fill(coins))  # type: ignore[misc]
        batch = stream_of(running)
        failed = first_failure(relay.handle(batch))
        again = [record for record in batch["Records"] if record["dynamodb"]["SequenceNumber"] >= failed]
        assert relay.handle({"Records": again}) == DONE
    assert {message.detail["data"]["added"] for message in bus_of(running).messages} == {1, 2, 3}


def test_a_reminder_that_the_queue_does_not_take_is_a_failure_and_holds_up_no_message(running: Runtime) -> None:
    jars.create("jar-1", lambda jar: jar.fill(1))
    jars.change("jar-1", lambda jar: jar.seal())
    queue_of(running).down = True
    assert first_failure(relay.handle(stream_of(running))) == "2"
    assert bus_of(running).names == ["JarFilled", "JarSealed"]


def test_what_the_bus_refuses_for_its_content_goes_to_the_failure_queue_and_holds_up_no_other() -> None:
    with active(memory_runtime("jars", bus=PickyBus(1, refusal="MalformedDetail in PutEvents"))) as running:
        for coins in (1, 2, 3):
            jars.create("jar-1", lambda jar, coins=coins: jar.fill(coins))  # type: ignore[misc]
        assert relay.handle(stream_of(running)) == DONE
        committed_second = list(jars.history("jar-1"))[1].messages[0]
    assert [message.detail["data"]["added"] for message in bus_of(running).messages] == [1, 3]
    assert isinstance(running.dead_letters, RecordingQueue)
    [letter] = running.dead_letters.sent
    assert json.loads(letter.body) == {
        "detail-type": "JarFilled",
        "source": "mallbots.jars",
        "detail": committed_second.detail,
    }
    assert letter.reason == {"reason": "MalformedDetail in PutEvents", "error": "RefusedByBus"}


def test_of_a_reply_that_the_bus_refuses_its_commit_is_named_for_its_metadata_name_its_command() -> None:
    reply = {"metadata": {"id": "reply", "name": "JarFilled", "source": "mallbots.jars", "stream": "FillJar#command-1"}}
    commit = Commit(
        stream="Jar#jar-1",
        version=4,
        id="commit-1",
        events=(StoredEvent.of("Filled", 1, {}),),
        time="2026-03-01T12:00:00.000000Z",
        messages=(Outgoing({**reply, "data": {}}),),
        correlation_id="flow-1",
    )
    with active(memory_runtime("jars", bus=PickyBus(0, refusal="MalformedDetail in PutEvents"))) as running:
        running.store.commit(commit)
        assert relay.handle(stream_of(running)) == DONE
    assert isinstance(running.dead_letters, RecordingQueue)
    [letter] = running.dead_letters.sent
    assert (letter.reason or {})["commit"] == "4 Jar#jar-1"


def test_what_not_even_the_failure_queue_takes_is_retried_by_the_stream() -> None:
    with active(memory_runtime("jars", bus=PickyBus(0, refusal="MalformedDetail in PutEvents"))) as running:
        jars.create("jar-1", lambda jar: jar.fill(1))
        assert isinstance(running.dead_letters, RecordingQueue)
        running.dead_letters.down = True
        assert first_failure(relay.handle(stream_of(running))) == "1"


def test_a_reminder_says_when_it_is_due_and_is_handled_then_and_not_before(running: Runtime) -> None:
    handled: list[str] = []
    inbox = Inbox("jars")
    inbox.on(JarForgotten)(lambda message: handled.append(message.jar_id))
    now = NOON
    with clock.fixed(lambda: now):
        jars.create("jar-1", lambda jar: jar.seal())
        relay.handle(stream_of(running))
        [reminder] = queue_of(running).sent
        waited = [reminder.delay]
        record = {"messageId": "m", "receiptHandle": "r", "body": reminder.body, "attributes": attributes()}
        while not handled:
            now += timedelta(seconds=waited[-1])
            inbox.handle({"Records": [record]})
            waited += queue_of(running).retry_in_seconds.values()
            queue_of(running).retry_in_seconds.clear()
    assert (handled, waited) == (["jar-1"], [900, 2700])
    assert queue_of(running).sent == [reminder]


def test_a_short_reminder_is_only_delayed(running: Runtime) -> None:
    metadata = {"name": "JarForgotten", "time": "2026-03-01T12:00:00.000000Z"}
    assert relay.send([Outgoing({"metadata": metadata, "data": {}}, delay=900)]) == []
    [sent] = queue_of(running).sent
    assert sent.delay == 900
    assert "due" not in json.loads(sent.body)


def message(body: Message, *, delay: int | None = None) -> Outgoing:
    about = type(body).about
    metadata = Metadata(
        id=ids.new(),
        name=about.name,
        version=about.version,
        time="2026-03-01T12:00:00.000000Z",
        source=f"mallbots.{about.source}",
        stream="Store#1",
        stream_version=1,
        correlation_id="flow-1",
        causation_id=None,
        actor="system",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    return Outgoing(Envelope(metadata=metadata, data=body.model_dump(mode="json")).detail(), delay)


def store_created(name: str) -> Outgoing:
    return message(StoreCreated(store_id="1", name=name, location="here", participating=False))


def committed(running: Runtime, stream: str, *messages: Outgoing, version: int = 1, minute: int = 0) -> None:
    running.store.commit(
        Commit(
            stream=stream,
            version=version,
            id=ids.new(),
            events=(StoredEvent.of("Created", 1, {}),),
            time=f"2026-03-01T12:{minute:02}:00.000000Z",
            messages=messages,
        )
    )


def published_names(running: Runtime) -> list[str]:
    return sorted(message.detail["data"]["name"] for message in bus_of(running).messages)


def test_the_messages_of_one_stream_are_sent_again_verbatim_and_in_order(running: Runtime) -> None:
    messages = [store_created(name) for name in ("a", "b", "c")]
    committed(running, "Store#1", *messages[:2])
    committed(running, "Store#1", messages[2], version=2)
    committed(running, "Store#2", store_created("d"))
    assert relay.republish(stream="Store#1") == {"sent": 3, "cursor": None}
    assert bus_of(running).messages == messages


def test_what_is_sent_to_one_consumer_says_so_and_is_otherwise_the_same(running: Runtime) -> None:
    original = store_created("a")
    committed(running, "Store#1", original)
    relay.republish(stream="Store#1", to="search")
    [sent] = bus_of(running).messages
    assert sent.detail == {**original.detail, "to": "search"}
    assert Envelope.read(sent.detail).to == "search"


@pytest.mark.parametrize(
    ("bounds", "names"),
    [
        ({}, ["0", "1", "2", "3"]),
        ({"since": "2026-03-01T12:02:00Z"}, ["2", "3"]),
        ({"until": "2026-03-01T12:01:00Z"}, ["0", "1"]),
        ({"since": "2026-03-01T13:01:00+01:00", "until": "2026-03-01T12:02:00.000Z"}, ["1", "2"]),
        ({"since": "2026-03-02T00:00:00Z"}, []),
    ],
)
@pytest.mark.parametrize("stream", [None, "Store#1"])
def test_a_range_of_times_is_sent_again_with_its_bounds(
    running: Runtime, bounds: dict[str, str], names: list[str], stream: str | None
) -> None:
    for minute in range(4):
        committed(running, "Store#1", store_created(f"{minute}"), version=minute + 1, minute=minute)
    assert relay.republish(stream=stream, **bounds)["sent"] == len(names)  # type: ignore[arg-type]
    assert published_names(running) == names


def test_a_stream_of_30000_events_is_republished_by_pages_of_200_commits_in_order(running: Runtime) -> None:
    original = store_created("a")
    for version in range(1, 30_001):
        detail = {**original.detail, "data": {"name": f"{version}"}}
        committed(running, "Store#1", Outgoing(detail), version=version)
    sent, cursor = [], None
    while True:
        page = relay.republish(stream="Store#1", cursor=cursor)
        sent.append(page["sent"])
        cursor = page["cursor"]
        if cursor is None:
            break
    assert sent == [200] * 150
    names = [message.detail["data"]["name"] for message in bus_of(running).messages]
    assert names == [f"{version}" for version in range(1, 30_001)]


def test_a_stream_that_grows_meanwhile_is_republished_to_its_end(running: Runtime) -> None:
    for version in (1, 2):
        committed(running, "Store#1", store_created(f"{version}"), version=version)
    page = relay.republish(stream="Store#1", limit=1)
    committed(running, "Store#1", store_created("3"), version=3)
    while page["cursor"]:
        page = relay.republish(stream="Store#1", limit=1, cursor=page["cursor"])
    assert published_names(running) == ["1", "2", "3"]


@pytest.mark.parametrize("segments", [1, 2])
def test_all_that_was_ever_sent_is_sent_again_page_by_page(running: Runtime, segments: int) -> None:
    for number in range(7):
        committed(running, f"Store#{number}", store_created(f"{number}"))
    for segment in range(segments):
        cursor: str | None = None
        while True:
            result = relay.republish(segment=segment, segments=segments, cursor=cursor, limit=2)
            assert result["sent"] <= 2
            cursor = result["cursor"]
            if cursor is None:
                break
    assert published_names(running) == [f"{number}" for number in range(7)]


def test_commands_replies_and_reminders_are_sent_again_only_when_they_are_named(running: Runtime) -> None:
    command = message(RejectOrder(order_id="1", reason="no"))
    reply = message(OrderRejectionAccepted(order_id="1"))
    forgotten = message(JarForgotten(jar_id="1"), delay=60)
    committed(running, "Store#1", store_created("a"), command, reply, forgotten)
    assert relay.republish(stream="Store#1")["sent"] == 1
    assert bus_of(running).names == ["StoreCreated"]
    relay.republish(stream="Store#1", names=["RejectOrder", "JarForgotten"])
    assert bus_of(running).names == ["StoreCreated", "StoreCreated", "RejectOrder"]
    assert [sent.delay for sent in queue_of(running).sent] == [60]


def test_a_message_that_nobody_publishes_any_more_is_left_out(running: Runtime) -> None:
    committed(running, "Store#1", store_created("a"), Outgoing({"metadata": {"name": "StoreMoved"}, "data": {}}))
    assert relay.republish(stream="Store#1")["sent"] == 1


def test_what_the_bus_does_not_take_is_an_error_that_says_where_to_look() -> None:
    messages = [store_created("a"), store_created("b"), store_created("c")]
    with active(memory_runtime("jars", bus=PickyBus(1, 2))) as running:
        committed(running, "Store#1", *messages)
        with pytest.raises(UnavailableError, match=f"the bus did not accept 2 of 3 messages, first {messages[1].id}"):
            relay.republish(stream="Store#1")


def whole_history(**wanted: Any) -> list[dict[str, Any]]:
    """All messages of a history, page by page; nothing is published by it."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = json.loads(json.dumps(relay.serve({"history": {**wanted, "cursor": cursor}})))
        found += page["messages"]
        cursor = page["cursor"]
        if cursor is None:
            return found


def test_history_is_given_verbatim_to_who_asks_and_published_to_nobody(running: Runtime) -> None:
    messages = [store_created(name) for name in ("a", "b", "c")]
    committed(running, "Store#1", *messages[:2])
    committed(running, "Store#1", messages[2], version=2)
    assert whole_history(stream="Store#1", limit=1) == [message.detail for message in messages]
    assert len(whole_history(limit=2)) == 3
    assert (bus_of(running).messages, queue_of(running).sent) == ([], [])


@pytest.mark.parametrize("segments", [1, 3])
def test_history_is_read_in_segments_and_each_commit_is_in_one(running: Runtime, segments: int) -> None:
    for number in range(7):
        committed(running, f"Store#{number}", store_created(f"{number}"))
    found = [
        one["data"]["name"]
        for segment in range(segments)
        for one in whole_history(segment=segment, segments=segments, limit=2)
    ]
    assert sorted(found) == [f"{number}" for number in range(7)]


def test_history_is_of_a_range_of_times_and_of_some_names_alone(running: Runtime) -> None:
    for minute in range(4):
        command = message(RejectOrder(order_id="1", reason="no"))
        committed(running, f"Store#{minute}", store_created(f"{minute}"), command, minute=minute)
    bounds = {"since": "2026-03-01T12:01:00Z", "until": "2026-03-01T12:02:00Z"}
    assert [one["data"]["name"] for one in whole_history(**bounds)] == ["1", "2"]
    assert whole_history(only=["RejectOrder"]) == []
    named = whole_history(names=["RejectOrder"], only=["RejectOrder"], **bounds)
    assert [one["metadata"]["name"] for one in named] == ["RejectOrder"] * 2


def test_commands_replies_and_timers_are_history_only_when_they_are_named(running: Runtime) -> None:
    reply, timer = message(OrderRejectionAccepted(order_id="1")), message(JarForgotten(jar_id="1"), delay=60)
    committed(running, "Store#1", store_created("a"), reply, timer)
    assert [one["metadata"]["name"] for one in whole_history()] == ["StoreCreated"]
    named = whole_history(names=["OrderRejectionAccepted", "JarForgotten"])
    assert [one["metadata"]["name"] for one in named] == ["StoreCreated", "OrderRejectionAccepted", "JarForgotten"]


def test_a_page_of_history_is_no_larger_than_a_functions_answer_however_small_its_commits_are_stored(
    running: Runtime,
) -> None:
    for number in range(60):
        committed(running, f"Store#{number}", store_created("x" * 200_000))
    cursor, sizes = None, []
    while True:
        page = relay.history(cursor=cursor)
        sizes.append(len(json.dumps(page)))
        cursor = page["cursor"]
        if cursor is None:
            break
    assert max(sizes) < 6_000_000
    assert len(whole_history()) == 60
