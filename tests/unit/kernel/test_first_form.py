"""Commits as they were first stored, one text attribute for each of their parts, load for ever.

samples/first_form holds what each service had stored after one order in a mall in memory, written by the last code of
that form, and how it loaded each stream: {"items": […], "loaded": {stream: {"state": …, "causes": {cause: version}}}}.
"""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from events.registry import Kind, language
from functions.kernel.domain.aggregate import Aggregate
from functions.kernel.eventstore import codec, relay
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.eventstore.repository import Repository, recall
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import Runtime
from tests.support.runtime import RecordingBus, RecordingQueue, memory_runtime

SAMPLES = Path(__file__).parent / "samples" / "first_form"
SERVICES = sorted(path.stem for path in SAMPLES.glob("*.json"))
ATTRIBUTES = {"stream", "version", "id", "time", "actor", "correlation_id", "events"}


def sample(service: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((SAMPLES / f"{service}.json").read_text())
    return read


def stored(items: list[dict[str, Any]]) -> MemoryEventStore:
    """A store that holds these items."""
    store = MemoryEventStore()
    for item in items:
        store.items.setdefault(item["stream"]["S"], {})[int(item["version"]["N"])] = item
        store.log.append(item)
    return store


def repository(service: str, stream: str) -> Repository[Any]:
    """The repository of a stream's kind."""
    kind = stream.partition("#")[0]
    modules = [import_module(f"functions.{service}.{name}") for name in ("domain", "service")]
    [aggregate] = {vars(module)[kind] for module in modules if kind in vars(module)}
    assert issubclass(aggregate, Aggregate)
    return Repository(aggregate, Publisher(service))


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(service: str) -> Iterator[Runtime]:
    with runtime.active(memory_runtime(service, store=stored(sample(service)["items"]))) as active:
        yield active


def test_the_samples_hold_every_kind_of_commit_that_there_was() -> None:
    items = [item for service in SERVICES for item in sample(service)["items"]]
    optional = {"causation_id", "cause", "digest", "messages", "snapshot"}
    assert {frozenset(item) & optional for item in items} >= {
        frozenset({"snapshot"}),
        frozenset({"messages", "snapshot"}),
        frozenset({"causation_id", "messages", "snapshot"}),
        frozenset({"causation_id", "cause", "digest", "messages"}),
        frozenset({"causation_id", "cause", "digest", "messages", "snapshot"}),
        frozenset({"cause", "digest", "messages", "snapshot"}),
    }
    assert all(set(item) - optional == ATTRIBUTES for item in items)
    assert {len(json.loads(item["events"]["S"])) for item in items} >= {1, 2}
    assert any('["Unchanged",1,{}]' in item["events"]["S"] for item in items)
    assert any(item.get("digest", {}).get("S") for item in items)


@pytest.mark.parametrize("snapshots", [True, False], ids=["with its snapshots", "without"])
def test_every_stream_is_loaded_as_it_was(service: str, snapshots: bool) -> None:
    recorded = sample(service)
    items = [
        {name: value for name, value in item.items() if snapshots or name != "snapshot"} for item in recorded["items"]
    ]
    with runtime.active(memory_runtime(service, store=stored(items))):
        loaded = {stream: repository(service, stream).get(stream.partition("#")[2]) for stream in recorded["loaded"]}
    for stream, known in recorded["loaded"].items():
        read = loaded[stream]
        state = json.loads(codec.to_state(read))
        assert {"id": read.id, "version": read.version, "unchanged": read.unchanged, **state} == known["state"]


def test_every_cause_is_known_with_its_commit(service: str, running: Runtime) -> None:
    digests = {item["cause"]["S"]: item["digest"]["S"] for item in sample(service)["items"] if "cause" in item}
    for stream, known in sample(service)["loaded"].items():
        for cause, version in known["causes"].items():
            working = Context(cause=Cause(cause, digests[cause]))
            assert recall(repository(service, stream).load(stream.partition("#")[2]), working)
            assert working.recorded
            assert (working.recorded.version, working.recorded.cause) == (version, working.cause)


def test_every_message_is_sent_and_published_again_as_it_was_stored(service: str, running: Runtime) -> None:
    items = sample(service)["items"]
    kept = [message for item in items if "messages" in item for message in json.loads(item["messages"]["S"])]
    to_bus = [message["detail"] for message in kept if "delay" not in message]
    assert isinstance(running.bus, RecordingBus)
    assert isinstance(running.queue, RecordingQueue)
    records = [{"eventName": "INSERT", "dynamodb": {"NewImage": item, "SequenceNumber": "1"}} for item in items]
    assert relay.handle({"Records": records}) == {"batchItemFailures": []}
    assert [message.detail for message in running.bus.messages] == to_bus
    reminders = [message["detail"] for message in kept if "delay" in message]
    assert [json.loads(sent.body)["detail"] for sent in running.queue.sent] == reminders
    running.bus.messages.clear()
    relay.republish()
    events = [detail for detail in to_bus if language()[detail["metadata"]["name"]].about.kind is Kind.EVENT]
    assert [message.detail for message in running.bus.messages] == events


def test_a_commit_reads_as_all_that_its_item_holds(service: str, running: Runtime) -> None:
    for item in sample(service)["items"]:
        commit = running.store.read(item["stream"]["S"], int(item["version"]["N"]))
        assert commit
        assert (commit.id, commit.time, commit.actor) == tuple(item[name]["S"] for name in ("id", "time", "actor"))
        assert commit.correlation_id == item["correlation_id"]["S"]
        assert commit.causation_id == item.get("causation_id", {}).get("S")
        assert [[e.name, e.version, e.data] for e in commit.events] == json.loads(item["events"]["S"])
        assert len(commit.messages) == len(json.loads(item.get("messages", {"S": "[]"})["S"]))
