"""The queues of all services by their names: those that consumers receive from, and those of what was given up.

The deployment (infra/names.py) names queues and functions by what is here, so that operations needs no order among
the stacks, and a function of it finds every queue by its environment: CONSUMERS, QUEUES and FUNCTIONS.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

DEAD_LETTERS, UNDELIVERED, FAILURES = "dead-letters", "undelivered", "failures"
RELAY = "relay"
OUTCOMES = "outcomes"  # where consumers say what became of a letter that was redriven; no rule sends to it
FIFO = ".fifo"  # how the name of a FIFO queue ends: SQS wants it so


def queue_name(service: str, queue: str, kind: str = "", *, fifo: bool = False) -> str:
    """The name of a queue without its stage: `depot-dispatcher-dead-letters.fifo`."""
    return "-".join(part for part in (service, queue, kind) if part) + (FIFO if fifo else "")


@dataclass(frozen=True)
class FailureQueue:
    """A queue of what was given up. name: `depot/inbox/dead-letters`. physical: its name without the stage."""

    consumer: str
    kind: str
    physical: str

    @property
    def name(self) -> str:
        return f"{self.consumer}/{self.kind}"


@dataclass(frozen=True)
class Consumer:
    """A queue with the function that consumes it, or a relay, which has no queue that could be sent to."""

    service: str
    queue: str
    fifo: bool = False

    @property
    def name(self) -> str:
        """What a letter calls it: `depot/inbox`, `depot/relay`."""
        return f"{self.service}/{self.queue}"

    @property
    def is_relay(self) -> bool:
        return self.queue == RELAY

    @property
    def handles(self) -> bool:
        """Whether a function handles its messages: not where a relay publishes, or operations takes what is there."""
        return self.queue not in (RELAY, OUTCOMES)

    @property
    def physical(self) -> str:
        """The name of its queue without the stage. Raises ValueError for a relay."""
        if self.is_relay:
            raise ValueError(f"{self.name} has no queue")
        return queue_name(self.service, self.queue, fifo=self.fifo)

    @property
    def failure_queues(self) -> tuple[FailureQueue, ...]:
        """Where what it gave up is, and what never reached it."""
        if self.is_relay:
            return (self._failure(FAILURES),)
        dead_letters = self._failure(DEAD_LETTERS, fifo=self.fifo)
        return (dead_letters,) if self.queue == OUTCOMES else (dead_letters, self._failure(UNDELIVERED))

    def _failure(self, kind: str, *, fifo: bool = False) -> FailureQueue:
        return FailureQueue(self.name, kind, queue_name(self.service, self.queue, kind, fifo=fifo))


@dataclass(frozen=True)
class Served:
    """A service as operations addresses it. has_rows: whether it has read models that a replay can make again."""

    name: str
    consumers: tuple[Consumer, ...]
    has_rows: bool

    @property
    def has_history(self) -> bool:
        """Whether it publishes, so that its relay answers."""
        return any(consumer.is_relay for consumer in self.consumers)

    @property
    def has_consumers(self) -> bool:
        """Whether it handles messages, so that what would become of one can be forecast."""
        return any(consumer.handles for consumer in self.consumers)


def written(services: Iterable[Served]) -> str:
    """The text of CONSUMERS: short, for a function's variables may have 4 KB together.

    https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    """
    return json.dumps(
        {
            one.name: [
                *(consumer.queue + (FIFO if consumer.fifo else "") for consumer in one.consumers),
                *(["rows"] if one.has_rows else []),
            ]
            for one in services
        },
        separators=(",", ":"),
    )


def read(text: str) -> dict[str, Served]:
    """The services of such a text, by name."""
    content: Mapping[str, list[str]] = json.loads(text)
    return {
        name: Served(
            name,
            tuple(Consumer(name, one.removesuffix(FIFO), one.endswith(FIFO)) for one in rooms if one != "rows"),
            "rows" in rooms,
        )
        for name, rooms in content.items()
    }


@cache
def services() -> dict[str, Served]:
    """All services of the deployment, by name."""
    return read(os.environ["CONSUMERS"])


def consumers() -> dict[str, Consumer]:
    """All consumers of the deployment, relays too, by name."""
    return {one.name: one for service in services().values() for one in service.consumers}


def failure_queues() -> dict[str, FailureQueue]:
    """All queues of what was given up, by name."""
    return {queue.name: queue for one in consumers().values() for queue in one.failure_queues}


def queue_url(physical: str) -> str:
    """The address of a queue by its name without the stage."""
    return os.environ["QUEUES"].format(physical)


def function_name(service: str, function: str) -> str:
    """What to invoke of a service: its `relay`, `forecast` or `replay`."""
    return os.environ["FUNCTIONS"].format(f"{service}-{function}")
