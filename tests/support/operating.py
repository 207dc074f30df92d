"""What operations addresses of a mall in memory: failure queues, inboxes, outcomes and relays, and its consumers."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from functions.kernel.composition import replay
from functions.kernel.composition.manifest import Manifest
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.runtime.runtime import Runtime
from functions.operations import consumers
from functions.operations.cloud import HIDDEN, Held
from functions.operations.consumers import OUTCOMES, RELAY, Consumer, FailureQueue, Served
from functions.operations.mappings import Backlog
from tests.support.audited import MemoryAudit
from tests.support.cloud import Subscriber
from tests.support.letters import MemoryTopic
from tests.support.queues import MemoryQueue, Message


class Operated(Protocol):
    """The mall, as far as operations addresses it."""

    now: datetime
    stopped: set[str]
    outcomes: MemoryQueue
    subscribers: list[Subscriber]
    runtimes: dict[str, Runtime]
    manifests: dict[str, Manifest]

    def at_work(self, service: str) -> Any: ...


@dataclass
class MallPorts:
    """The ports of operations in a mall, and the audit of all services.

    started: which of its functions an operator's request has started.
    """

    mall: Operated
    started: list[str] = field(default_factory=list)
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    audit: MemoryAudit = field(default_factory=MemoryAudit)

    @property
    def adapters(self) -> dict[str, Any]:
        """By the names of the ports."""
        return {
            "failure_queues": MallFailureQueues(self.mall),
            "uncollected": MallFailureQueues(self.mall),
            "inboxes": MallInboxes(self.mall),
            "outcomes": MallOutcomes(self.mall),
            "relays": MallRelays(self.mall),
            "relays_now": MallRelays(self.mall),
            "replays_now": MallReplays(self.mall),
            "starts": self,
            "topic": self.topic,
        }

    def start(self, function: str) -> None:
        self.started.append(function)


@dataclass
class MallFailureQueues:
    """What was given up, by the consumer that gave it up. What a rule could not deliver does not happen here."""

    mall: Operated

    def receive(self, queue: FailureQueue) -> list[Held]:
        kinds = (consumers.DEAD_LETTERS, consumers.FAILURES)
        if queue.kind not in kinds or queue.consumer == f"operations/{OUTCOMES}":
            return []
        return _received(self.mall.now, self._letters(queue), lambda message: message.sender == queue.consumer)

    def delete(self, queue: FailureQueue, held: Sequence[Held]) -> None:
        _deleted(self._letters(queue), held)

    def measure(self, queue: Consumer | FailureQueue) -> Backlog:
        assert isinstance(queue, FailureQueue)
        due = [one.due for one in self._letters(queue).messages if one.sender == queue.consumer]
        visible = sum(one <= self.mall.now for one in due)
        return Backlog(visible, in_flight=len(due) - visible, delayed=0)

    def _letters(self, queue: FailureQueue) -> MemoryQueue:
        letters = self.mall.runtimes[queue.consumer.partition("/")[0]].dead_letters
        assert isinstance(letters, MemoryQueue)
        return letters


@dataclass
class MallInboxes:
    """The queues of consumers."""

    mall: Operated

    def send(
        self, consumer: Consumer, body: str, attributes: Mapping[str, str], *, group: str = "", dedup: str = ""
    ) -> None:
        [queue] = [
            one.queue
            for one in self.mall.subscribers
            if (one.inbox.service, one.inbox.queue) == (consumer.service, consumer.queue)
        ]
        queue.send(body, reason=attributes, group=group, dedup=dedup if consumer.fifo else "")


@dataclass
class MallOutcomes:
    """The queue in which consumers say what became of letters."""

    mall: Operated

    def receive(self) -> list[Held]:
        return _received(self.mall.now, self.mall.outcomes, lambda message: True)

    def delete(self, held: Sequence[Held]) -> None:
        _deleted(self.mall.outcomes, held)


@dataclass
class MallRelays:
    """The relays of services."""

    mall: Operated

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if service in self.mall.stopped:
            raise UnavailableError(f"the relay of {service} does not answer")
        with self.mall.at_work(service):
            return relay.serve(dict(request))


@dataclass
class MallReplays:
    """The functions of services that history is brought to."""

    mall: Operated

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if service in self.mall.stopped:
            raise UnavailableError(f"the replay of {service} does not answer")
        with self.mall.at_work(service):
            return replay.handle(dict(request))


@contextmanager
def knowing_consumers(manifests: Mapping[str, Manifest]) -> Iterator[None]:
    """Within the block, code of operations finds the consumers of these services in its environment."""
    before = os.environ.get("CONSUMERS")
    os.environ["CONSUMERS"] = consumers.written(map(_served, manifests.values()))
    consumers.services.cache_clear()
    try:
        yield
    finally:
        if before is None:
            del os.environ["CONSUMERS"]
        else:
            os.environ["CONSUMERS"] = before
        consumers.services.cache_clear()


def _served(found: Manifest) -> Served:
    """As the deployment has it (infra/operations.py)."""
    rooms = [
        *(Consumer(found.service, inbox.queue, inbox.fifo) for inbox in found.inboxes),
        *([Consumer(found.service, found.topics.queue)] if found.topics else []),
        *([Consumer(found.service, RELAY)] if found.publisher else []),
        *([Consumer(found.service, OUTCOMES)] if found.service == "operations" else []),
    ]
    return Served(found.service, tuple(rooms), found.makes_rows)


def _received(now: datetime, queue: MemoryQueue, wanted: Callable[[Message], bool]) -> list[Held]:
    found = [message for message in queue.due() if wanted(message)][:10]
    for message in found:
        message.due = now + timedelta(seconds=HIDDEN)
        message.receives += 1
    return [
        Held(
            id=message.id,
            receipt=message.id,
            body=message.body,
            attributes=dict(message.reason or {}),
            system={
                "SentTimestamp": str(int(message.sent.timestamp() * 1000)),
                "ApproximateReceiveCount": str(message.receives),
            },
        )
        for message in found
    ]


def _deleted(queue: MemoryQueue, held: Sequence[Held]) -> None:
    gone = {one.id for one in held}
    queue.messages = [message for message in queue.messages if message.id not in gone]
