"""The records that the checks work on: messages, events, commits, requests, and messages in queues."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_IN_A_GENERATION = re.compile(r"[\w ]+, generation \d+: ")


@dataclass(slots=True)
class Message:
    """A message as first recorded. commit: the one that carries it. delay: in seconds; None: it goes to the bus."""

    id: str
    name: str
    service: str
    detail: dict[str, Any]
    delay: int | None = None
    commit: "Commit | None" = None

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = self.detail["data"]
        return found

    @property
    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = self.detail["metadata"]
        return found


@dataclass(slots=True)
class Event:
    """A stored event. stream_version: the event's own, not that of its commit."""

    name: str
    data: dict[str, Any]
    stream_version: int


@dataclass(slots=True)
class Commit:
    """One stored item.

    at: the virtual time. began: when its transaction did, seconds before where that is slow. time: that of the
    container's clock, RFC 3339. kind: the aggregate class. cause: the message or key that led to the commit. request:
    the one that it belongs to. items_in_transaction: 1 for a commit that was written alone.
    """

    at: int
    began: int
    service: str
    stream: str
    kind: str
    aggregate_id: str
    version: int
    id: str
    events: list[Event]
    messages: list[Message]
    item: dict[str, dict[str, Any]]
    time: str
    cause: str | None
    causation: str | None
    items_in_transaction: int
    request: str | None

    @property
    def last_version(self) -> int:
        """The version of its last event."""
        return self.version + len(self.events) - 1

    @property
    def actor(self) -> str:
        """Who began what led to it."""
        return str(self.item["actor"]["S"])

    @property
    def where(self) -> str:
        """How a violation names it."""
        return f"{self.service}'s {self.stream} at version {self.version}"

    def event_names(self) -> list[str]:
        """The names of its events."""
        return [event.name for event in self.events]


@dataclass(slots=True)
class Request:
    """A request and the response that its client received. status: None when no response arrived.

    token: the header Authorization, if it has one.
    """

    id: str
    at: int
    who: str
    method: str
    path: str
    key: str | None
    body: Any
    if_match: int | None
    token: str | None = None
    answered_at: int | None = None
    status: int | None = None
    answer: Any = None
    version: int | None = None
    commits: list[Commit] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the client received a 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the client received a 4xx: nothing may be stored."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def where(self) -> str:
        """How a violation names it."""
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Copy:
    """One copy of a message in one queue. due: when it becomes visible. failed: how many batches reported it."""

    queue: str
    id: str
    message: Message | None
    body: str
    due: int
    received: list[int] = field(default_factory=list)
    failed: int = 0
    deleted: int | None = None


@dataclass(slots=True)
class Outage:
    """An outage of minutes or hours. kind: the fault's name. target: what was away."""

    kind: str
    target: str
    begin: int
    end: int = 0


@dataclass(slots=True)
class DeadLetter:
    """A message that was dead-lettered, redriven since or not.

    queue: the one it was meant for. by: inbox, redrive (the queue's policy), rule, topic rule or relay. version: of
    this copy. deleted: when it was deleted from its failure queue.
    """

    at: int
    queue: str
    message: Message | None
    body: str
    reason: Mapping[str, Any]
    by: str
    version: int = 1
    deleted: int | None = None

    @property
    def is_set_aside(self) -> bool:
        """Whether it failed in a generation of a read model that is not read: in that which is read it was handled."""
        return self.by == "inbox" and bool(_IN_A_GENERATION.match(str(self.reason.get("reason", ""))))

    @property
    def is_robots(self) -> bool:
        """Whether a rule of the broker could not send it: a robot's word, or the broker's of its connection."""
        return self.by == "topic rule"
