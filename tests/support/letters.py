"""Failure queues, relays and the alarms' topic in memory, and records of failure queues as SQS gives them."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.kernel.runtime import clock
from functions.kernel.runtime.context import OPERATOR, Caller, Context, within
from functions.operations import consumers
from functions.operations.cloud import HIDDEN, Held
from functions.operations.consumers import FailureQueue, Served

SAMPLES = Path(__file__).parents[1] / "unit" / "operations" / "samples"
CONSUMERS = {
    "customers": ["inbox", "relay"],
    "depot": ["inbox", "dispatcher.fifo", "relay", "rows"],
    "fleet": ["inbox", "topics", "relay", "rows"],
    "operations": ["outcomes"],
    "ordering": ["inbox", "relay"],
    "payments": ["inbox", "relay", "rows"],
}
QUEUES = {
    queue.name: queue
    for service in consumers.read(json.dumps(CONSUMERS)).values()
    for consumer in service.consumers
    for queue in consumer.failure_queues
}


class MemoryFailureQueues:
    """Failure queues by name, each a list of what was sent; a message that was received is hidden for HIDDEN seconds.

    fails: called before each call with its name and queue; it may raise.
    """

    def __init__(self) -> None:
        self.held: dict[str, list[Held]] = {}
        self.fails: Callable[[str, str], object] = lambda call, queue: None
        self._hidden: dict[str, Any] = {}
        self._receives = Counter[str]()

    def put(self, queue: str, *held: Held) -> None:
        self.held.setdefault(queue, []).extend(held)

    def count(self, queue: str) -> int:
        """How many messages are in a queue, hidden ones too."""
        return len(self.held.get(queue, []))

    def receive(self, queue: FailureQueue) -> list[Held]:
        self.fails("receive", queue.name)
        now = clock.now()
        found = [held for held in self.held.get(queue.name, []) if self._hidden.get(held.id, now) <= now][:10]
        self._hidden |= {held.id: now + timedelta(seconds=HIDDEN) for held in found}
        self._receives.update(held.id for held in found)
        return [replace(held, system={**held.system, **self._count(held)}) for held in found]

    def _count(self, held: Held) -> dict[str, str]:
        return {"ApproximateReceiveCount": str(self._receives[held.id])}

    def delete(self, queue: FailureQueue, held: Sequence[Held]) -> None:
        self.fails("delete", queue.name)
        gone = {one.id for one in held}
        self.held[queue.name] = [one for one in self.held[queue.name] if one.id not in gone]


class MemoryFunctions:
    """A function of every service: what it answers, by service; what it was asked."""

    def __init__(self, **answers: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append((service, request))
        answer: dict[str, Any] = json.loads(json.dumps(self.answers[service](request)))
        return answer


class MemoryTopic:
    """What was published, as subject and text; while it is `down`, publishing fails."""

    def __init__(self) -> None:
        self.published: list[tuple[str, str]] = []
        self.down = False

    def publish(self, subject: str, text: str) -> None:
        if self.down:
            raise ConnectionError("the topic is down")
        self.published.append((subject, text))


def sample(name: str, **changes: Any) -> tuple[FailureQueue, Held]:
    """A record of a failure queue, as a file has it. changes: members of `Held`."""
    content = json.loads((SAMPLES / f"{name}.json").read_text())
    message = content["message"]
    fields: dict[str, Any] = {
        "id": message["MessageId"],
        "receipt": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": {n: value["StringValue"] for n, value in message.get("MessageAttributes", {}).items()},
        "system": message["Attributes"],
    }
    return QUEUES[content["queue"]], Held(**{**fields, **changes})


@contextmanager
def known_consumers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Served]]:
    """Within the block, operations knows the consumers of these tests."""
    monkeypatch.setenv("CONSUMERS", json.dumps(CONSUMERS))
    consumers.services.cache_clear()
    try:
        yield consumers.services()
    finally:
        consumers.services.cache_clear()


@contextmanager
def operator(name: str = "ada") -> Iterator[None]:
    """Within the block, an operator asks."""
    caller = Caller(OPERATOR, name)
    with within(Context(caller=caller, actor=caller.actor)):
        yield
