"""Commits in each form in which they were ever stored load for ever.

samples/stored_forms holds what each service had stored after one order in a mall in memory, written by the last code of
the first form (a text attribute for each part) and by the first of the second (one compressed text, in base64), and
how that code loaded each stream: {"items": […], "loaded": {stream: {"state": …, "causes": {cause: version}}}}.
"""

import json
import zlib
from base64 import b64decode
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from events.registry import Kind, language
from functions.customers.domain import PLAIN
from functions.kernel.domain.aggregate import Aggregate
from functions.kernel.eventstore import codec, relay
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.eventstore.repository import Repository, recall
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import DIGEST, Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import Runtime
from tests.simulation.check.stored_form import unpacked
from tests.support.runtime import RecordingBus, RecordingQueue, memory_runtime

SAMPLES = Path(__file__).parent / "samples" / "stored_forms"
FORMS = ("first", "second")
SERVICES = sorted(path.stem for path in (SAMPLES / "first").glob("*.json"))
FORMER = {"attempt"}  # fields of that code that no aggregate has any more
PERSONAL = {"name", "sms_number"}  # fields of customers that code of today marks where they are not sealed
ATTRIBUTES = {"stream", "version", "id", "time", "actor", "correlation_id", "events"}


def sample(form: str, service: str) -> dict[str, Any]:
    """The items as a stream of the table would bring them, and how they were loaded."""
    read: dict[str, Any] = json.loads((SAMPLES / form / f"{service}.json").read_text())
    return read


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item in the first form, unpacked by code that is not the services'."""
    return unpacked({**item, "body": {"B": b64decode(item["body"]["B"])}} if "body" in item else item)


def without_snapshot(item: dict[str, Any]) -> dict[str, Any]:
    if "body" not in item:
        return {name: value for name, value in item.items() if name != "snapshot"}
    body = json.loads(zlib.decompress(b64decode(item["body"]["B"])))
    body.pop("snapshot", None)
    return {**item, "body": {"B": zlib.compress(json.dumps(body).encode())}}


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


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def running(form: str, service: str) -> Iterator[Runtime]:
    with runtime.active(memory_runtime(service, store=stored(sample(form, service)["items"]))) as active:
        yield active


def test_the_samples_hold_every_kind_of_commit_that_there_was(form: str) -> None:
    items = [plain(item) for service in SERVICES for item in sample(form, service)["items"]]
    optional = {"causation_id", "cause", "digest", "messages", "snapshot"}
    assert {frozenset(item) & optional for item in items} >= {
        frozenset({"snapshot"}),
        frozenset({"messages", "snapshot"}),
        frozenset({"causation_id", "messages", "snapshot"}),
        frozenset({"causation_id", "cause", "digest", "messages", "snapshot"}),
        frozenset({"cause", "digest", "messages", "snapshot"}),
    }
    assert all(set(item) - optional == ATTRIBUTES for item in items)
    assert {len(json.loads(item["events"]["S"])) for item in items} >= {1, 2}
    assert any('["Unchanged",1,{}]' in item["events"]["S"] for item in items)
    assert any(item.get("digest", {}).get("S") for item in items)


@pytest.mark.parametrize("snapshots", [True, False], ids=["with its snapshots", "without"])
def test_every_stream_is_loaded_as_it_was(form: str, service: str, snapshots: bool) -> None:
    recorded = sample(form, service)
    items = [item if snapshots else without_snapshot(item) for item in recorded["items"]]
    with runtime.active(memory_runtime(service, store=stored(items))):
        loaded = {stream: repository(service, stream).get(stream.partition("#")[2]) for stream in recorded["loaded"]}
    for stream, known in recorded["loaded"].items():
        read = loaded[stream]
        state = {
            "id": read.id,
            "version": read.version,
            "unchanged": read.unchanged,
            **json.loads(codec.to_state(read)),
        }
        names = set(known["state"]) - FORMER
        expected = {name: known["state"][name] for name in names}
        if service == "customers":
            expected |= {name: PLAIN + expected[name] for name in PERSONAL}
        assert {name: state.get(name, getattr(read, name)) for name in names} == expected


def test_every_cause_is_known_with_its_commit(form: str, service: str, running: Runtime) -> None:
    items = map(plain, sample(form, service)["items"])
    digests = {item["cause"]["S"]: item["digest"]["S"] for item in items if "cause" in item}
    for stream, known in sample(form, service)["loaded"].items():
        for cause, version in known["causes"].items():
            working = Context(cause=Cause(cause, digests[cause][:DIGEST]))
            assert recall(repository(service, stream).load(stream.partition("#")[2]), working)
            assert working.recorded
            assert (working.recorded.version, working.recorded.cause) == (version, working.cause)


def test_a_relay_of_before_fails_at_a_commit_of_today_rather_than_skip_it(service: str) -> None:
    """It finds messages by the same attribute, as the filter of before does, and reads a list of them there."""
    items = sample("second", service)["items"]
    marks = [item["messages"]["S"] for item in items if "messages" in item]
    assert marks
    for mark in marks:
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(mark)
    commits = [unpacked({**item, "body": {"B": b64decode(item["body"]["B"])}}) for item in items]
    assert len(marks) == sum("messages" in commit for commit in commits)


def test_every_message_is_sent_and_published_again_as_it_was_stored(form: str, service: str, running: Runtime) -> None:
    items = sample(form, service)["items"]
    kept = [
        message for item in map(plain, items) if "messages" in item for message in json.loads(item["messages"]["S"])
    ]
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


def test_a_commit_reads_as_all_that_its_item_holds(form: str, service: str, running: Runtime) -> None:
    for item in map(plain, sample(form, service)["items"]):
        commit = running.store.read(item["stream"]["S"], int(item["version"]["N"]))
        assert commit
        assert (commit.id, commit.time, commit.actor) == tuple(item[name]["S"] for name in ("id", "time", "actor"))
        assert commit.correlation_id == item["correlation_id"]["S"]
        assert commit.causation_id == item.get("causation_id", {}).get("S")
        assert [[e.name, e.version, e.data] for e in commit.events] == json.loads(item["events"]["S"])
        if "snapshot" in item:
            assert commit.snapshot
            assert [commit.snapshot.schema, commit.snapshot.state] == json.loads(item["snapshot"]["S"])[:2]
        assert len(commit.messages) == len(json.loads(item.get("messages", {"S": "[]"})["S"]))
