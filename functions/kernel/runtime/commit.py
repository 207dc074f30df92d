"""A commit: what one command does to one stream. Events, messages to send, cause, and maybe a snapshot.

These are values. How a commit becomes one item, and the condition of its write, are in eventstore/store.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from functions.kernel.domain.errors import TooLargeError
from functions.kernel.domain.sizes import COMMIT_LIMIT, MESSAGE_LIMIT
from functions.kernel.runtime.causes import Causes

DIGEST = (
    32  # hexadecimal digits: two requests of one key have the same 128 bits by intent only, and each KB is paid for
)


@dataclass(frozen=True)
class Cause:
    """What made a change: a message's id, or an id made of caller and Idempotency-Key with a digest of the request.

    scope: method and path of a request, so that what two of them create under one key are two things. unbound: the
    digest as it is without a key, where it is bound to one, for commits that earlier code made of the same request.
    """

    id: str
    digest: str = ""
    scope: str = field(default="", compare=False)
    unbound: str = field(default="", compare=False)

    @property
    def is_key(self) -> bool:
        """Whether it is an Idempotency-Key, which must be known however little came of its request."""
        return bool(self.digest)

    def is_of(self, recorded: "Cause") -> bool:
        """Whether a recorded cause is this one, and not another request under its Idempotency-Key."""
        return recorded.id == self.id and recorded.digest in (self.digest, self.unbound or self.digest)


class StoredEvent(msgspec.Struct, frozen=True, array_like=True):
    """A domain event as it is stored: its name, the version of its shape, and its fields as JSON text."""

    name: str
    version: int
    text: msgspec.Raw

    @classmethod
    def of(cls, name: str, version: int, data: dict[str, Any]) -> "StoredEvent":
        """The event with these fields."""
        return cls(name, version, msgspec.Raw(msgspec.json.encode(data)))

    @property
    def data(self) -> dict[str, Any]:
        """Its fields."""
        fields: dict[str, Any] = msgspec.json.decode(self.text)
        return fields


class Outgoing(msgspec.Struct, frozen=True, omit_defaults=True):
    """A finished message: for the bus or, with a delay in seconds, for the service's own queue."""

    detail: dict[str, Any]
    delay: int | None = None

    @property
    def name(self) -> str:
        return str(self.detail["metadata"]["name"])

    @property
    def id(self) -> str:
        return str(self.detail["metadata"]["id"])

    def place_in(self, stream: str, version: int) -> dict[str, tuple[str, int]]:
        """Its id and the commit that holds it, where its metadata name another stream: a reply's name its command."""
        return {} if self.detail["metadata"]["stream"] == stream else {self.id: (stream, version)}


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """The state after a commit as JSON text, and the latest causes that the stream has handled."""

    schema: int
    text: msgspec.Raw
    causes: Causes

    @classmethod
    def of(cls, schema: int, state: dict[str, Any], causes: dict[str, int]) -> "Snapshot":
        """The snapshot with this state, and with these causes (id → version of its commit)."""
        return cls(schema, msgspec.Raw(msgspec.json.encode(state)), Causes().followed_by(causes.items()))

    @property
    def state(self) -> dict[str, Any]:
        """Its fields."""
        fields: dict[str, Any] = msgspec.json.decode(self.text)
        return fields


@dataclass(frozen=True)
class Commit:
    """One item of a service's table. `version` is that of its first event; a stream's first event has version 1.

    snapshot_due: whether the snapshot is stored even where that takes a further KB. renewed: a snapshot of another
    schema that was put beside the commit later. unread: its messages as they are stored, where they were not read.
    """

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
    snapshot_due: bool = field(default=True, compare=False)
    renewed: Snapshot | None = field(default=None, compare=False)
    unread: tuple[msgspec.Raw, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        if not self.events:
            raise ValueError(f"a commit to {self.stream} needs at least one event")

    def snapshot_of(self, schema: int) -> Snapshot | None:
        """Its snapshot of a schema."""
        return next((it for it in (self.renewed, self.snapshot) if it and it.schema == schema), None)

    @property
    def last(self) -> int:
        """The version of its last event."""
        return self.version + len(self.events) - 1

    @property
    def traceparent(self) -> str:
        """The W3C trace context of its last message, which may be unread; "" of a commit that sends none."""
        sent = self.messages or tuple(msgspec.json.decode(each, type=Outgoing) for each in self.unread[-1:])
        return str(sent[-1].detail["metadata"].get("traceparent", "")) if sent else ""


def refuse_oversize(stream: str, size: int, messages: Iterable[int]) -> None:
    """Raises TooLargeError for a commit that does not fit into one item, or a message that the bus would not take.

    Sizes in bytes: of the commit, and of each of its messages.
    """
    if size > COMMIT_LIMIT:
        raise TooLargeError(
            f"a change to {stream} takes {size:,} bytes, and one change holds at most {COMMIT_LIMIT:,}: "
            "ask for less in one request"
        )
    largest = max(messages, default=0)
    if largest > MESSAGE_LIMIT:
        raise TooLargeError(
            f"a change to {stream} makes a message of {largest:,} bytes, and one message holds at most "
            f"{MESSAGE_LIMIT:,}: ask for less in one request"
        )
