"""A commit: what one command does to one stream. Events, messages to send, cause, and maybe a snapshot.

These are values. How a commit becomes one item, and the condition of its write, are in eventstore/store.py.
"""

from dataclasses import dataclass, field
from typing import Any

from functions.kernel.domain.errors import TooLargeError

SIZE_LIMIT = 350_000  # DynamoDB refuses an item over 400 KB; the rest is room for names and keys.


@dataclass(frozen=True)
class Cause:
    """What made a change: a message's id, or an id made of caller and Idempotency-Key with a digest of the request.

    scope: method and path of a request, so that what two of them create under one key are two things.
    """

    id: str
    digest: str = ""
    scope: str = field(default="", compare=False)


@dataclass(frozen=True)
class StoredEvent:
    """A domain event as it is stored: its name, the version of its shape, and its fields."""

    name: str
    version: int
    data: dict[str, Any]


@dataclass(frozen=True)
class Outgoing:
    """A finished message: for the bus or, with a delay in seconds, for the service's own queue."""

    detail: dict[str, Any]
    delay: int | None = None

    @property
    def name(self) -> str:
        return str(self.detail["metadata"]["name"])

    @property
    def id(self) -> str:
        return str(self.detail["metadata"]["id"])


@dataclass(frozen=True)
class Snapshot:
    """The state after a commit, with the causes that the stream has handled (cause id → version of its commit)."""

    schema: int
    state: dict[str, Any]
    causes: dict[str, int]


@dataclass(frozen=True)
class Commit:
    """One item of a service's table. `version` is that of its first event; a stream's first event has version 1."""

    stream: str
    version: int
    id: str
    events: tuple[StoredEvent, ...]
    time: str
    messages: tuple[Outgoing, ...] = ()
    cause: Cause | None = None
    correlation_id: str = ""
    causation_id: str | None = None
    actor: str = "system"
    snapshot: Snapshot | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.events:
            raise ValueError(f"a commit to {self.stream} needs at least one event")

    @property
    def last(self) -> int:
        """The version of its last event."""
        return self.version + len(self.events) - 1


def refuse_oversize(stream: str, size: int) -> None:
    """Raises TooLargeError when a commit of `size` bytes would not fit into one item."""
    if size > SIZE_LIMIT:
        raise TooLargeError(
            f"a change to {stream} takes {size:,} bytes, and one change holds at most {SIZE_LIMIT:,}: "
            "ask for less in one request"
        )
