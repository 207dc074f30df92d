"""The frames of the protocol mallbots.v1: JSON texts of one object each, names in camelCase.

A client sends those with an `action`, the server those with a `type`. events/live has their JSON Schemas, and
transcripts of what is sent when.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

PROTOCOL = "mallbots.v1"

# An id of an order is 200 characters at most, as on the REST wire, and has no blanks but spaces, no `#` and no `/`.
TopicName = Annotated[str, Field(pattern=r"^(orders|lists|robots|invoices|stores|order:[^\x00-\x1f\x7f#/]{1,200})$")]
Shard = Annotated[int, Field(ge=0, le=15)]
Epoch = Annotated[str, Field(max_length=64)]
Position = Annotated[int, Field(ge=0, lt=10**12)]


class _Frame(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Wanted(_Frame):
    """What is subscribed to: a topic (all its shards where none is named).

    epoch, since: of a client that has what came up to this position of this epoch; then the shard is named too.
    """

    topic: TopicName
    shard: Shard | None = None
    epoch: Epoch | None = None
    since: Position | None = None


class Subscribe(_Frame):
    """Subscribe to topics: each shard is answered by what was missed and `subscribed`, or by a snapshot.

    packed: whether `changes` that answer may hold what follows in `more`. Pages of before read one item of each.
    """

    action: Literal["subscribe"]
    topics: Annotated[list[Wanted], Field(min_length=1, max_length=50)]
    packed: bool = False


class Unwanted(_Frame):
    """A topic of no more interest."""

    topic: TopicName


class Unsubscribe(_Frame):
    """End subscriptions; each is answered by `unsubscribed`."""

    action: Literal["unsubscribe"]
    topics: Annotated[list[Unwanted], Field(min_length=1, max_length=50)]


class Place(_Frame):
    """A position in the log of a topic's shard.

    epoch: of that log; empty in an answer where nobody's watch is held any more: then subscribe again.
    """

    topic: TopicName
    shard: Shard
    epoch: Epoch
    position: Position


class Ping(_Frame):
    """Keep the connection and its watches, and compare positions; every 30 s. Answered by `pong`."""

    action: Literal["ping"]
    id: Annotated[int, Field(ge=0, lt=2**53)]
    positions: Annotated[list[Place], Field(max_length=100)] = []


class BoardRow(_Frame):
    """A row of a board. version: that of the stream that it is made from."""

    id: str
    version: int
    data: dict[str, Any]


class Snapshot(Place):
    """A part of a shard's rows, as they were at the position or later; no rows where the board is empty.

    id: of the snapshot. Parts of two may come between each other, and only those of one are a board.
    """

    type: Literal["snapshot"] = "snapshot"
    id: str
    part: int
    parts: int
    rows: list[BoardRow]


class ChangedBy(_Frame):
    """The message that changed a row. traceparent: its W3C trace context, which an item of earlier code lacks."""

    id: str
    name: str
    time: str
    source: str
    stream: str
    causation_id: str | None
    correlation_id: str
    actor: str
    traceparent: str | None = None


class Change(_Frame):
    """A row's new state. data: None where it left the board."""

    id: str
    version: int
    data: dict[str, Any] | None
    message: ChangedBy


class Item(_Frame):
    """One item of a shard's log, whole."""

    position: Position
    changes: list[Change]


class Changes(Place):
    """A part of one item of a shard's log. more: whole items that follow that one, where `packed` was asked for."""

    type: Literal["changes"] = "changes"
    part: int
    parts: int
    changes: list[Change]
    more: list[Item] | None = None


class Subscribed(Place):
    """A resume is complete: all changes after `since`, up to this position, were sent before."""

    type: Literal["subscribed"] = "subscribed"


class Unsubscribed(_Frame):
    """A subscription ended; changes that were on their way may still come."""

    type: Literal["unsubscribed"] = "unsubscribed"
    topic: TopicName


class Pong(_Frame):
    """The answer to a ping: the heads of the logs as of now, in the order of what was asked."""

    type: Literal["pong"] = "pong"
    id: int
    positions: list[Place]


class Error(_Frame):
    """What was not done, and why; the connection stays.

    unreadable: the frame breaks the protocol, or a limit of it. unavailable: try again. topic: which one it is about,
    if one.
    """

    type: Literal["error"] = "error"
    code: Literal["unreadable", "unavailable"]
    message: str
    topic: str | None = None


FROM_CLIENT: tuple[type[_Frame], ...] = (Subscribe, Unsubscribe, Ping)
FROM_SERVER: tuple[type[_Frame], ...] = (Snapshot, Changes, Subscribed, Unsubscribed, Pong, Error)
