"""What a history is made of, as the checks see it: messages, commits, requests, and how messages went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Message:
    """A message as it was first seen. commit: the one that carries it. delay: seconds, None for one for the bus."""

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
    """A stored event. stream_version: its own, not that of its commit."""

    name: str
    data: dict[str, Any]
    stream_version: int


@dataclass(slots=True)
class Commit:
    """One stored item. together: how many items were written with it in one transaction. request: whose it is."""

    at: int
    service: str
    stream: str
    kind: str
    thing: str
    version: int
    id: str
    events: list[Event]
    messages: list[Message]
    item: dict[str, dict[str, Any]]
    cause: str | None
    causation: str | None
    together: int
    request: str | None

    @property
    def last(self) -> int:
        """The version of its last event."""
        return self.version + len(self.events) - 1

    @property
    def where(self) -> str:
        """How a sentence names it."""
        return f"{self.service}'s {self.stream} at version {self.version}"

    def names(self) -> list[str]:
        """The names of its events."""
        return [event.name for event in self.events]


@dataclass(slots=True)
class Request:
    """A request, and what its client heard: status None for nothing at all."""

    id: str
    at: int
    who: str
    method: str
    path: str
    key: str | None
    body: Any
    if_match: int | None
    answered_at: int | None = None
    status: int | None = None
    answer: Any = None
    version: int | None = None
    commits: list[Commit] = field(default_factory=list)

    @property
    def accepted(self) -> bool:
        """Whether the client was told that it is done."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Whether the client was told that nothing of it is done."""
        return self.status is not None and 400 <= self.status < 500

    @property
    def where(self) -> str:
        """How a sentence names it."""
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class Copy:
    """A message in a queue. due: when it could first be received."""

    queue: str
    id: str
    message: Message | None
    body: str
    due: int
    received: list[int] = field(default_factory=list)
    failed: int = 0
    deleted: int | None = None


@dataclass(slots=True)
class Dead:
    """A message that lies, or lay, with the dead letters.

    queue: where it is from. by: inbox, redrive, rule or relay. version: that of this copy.
    """

    at: int
    queue: str
    message: Message | None
    body: str
    reason: Mapping[str, Any]
    by: str
    version: int = 1
