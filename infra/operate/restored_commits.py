"""What a restored table of commits holds, and how what serves is another: lost, damaged in its place, or sealed since.

A commit never changes, but for two things (functions/kernel/eventstore/item.py). A migration of customers seals what is
personal: what was sealed since stays so, and is compared but for what a seal hides. And `make snapshots` puts a
snapshot beside a commit: it is made of the stream, which may have been damaged by then, and can be made again.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import msgspec

from functions.customers import migration
from functions.kernel.eventstore import epochs
from functions.kernel.eventstore.item import RENEWED, Item, from_item
from functions.kernel.runtime.commit import Commit, StoredEvent
from infra.operate.deployment import OperateError

UNREADABLE = (KeyError, TypeError, ValueError, zlib.error, msgspec.MsgspecError)


@dataclass(frozen=True)
class Held:
    """What a table holds. commits: a hash of stream, version and id of each → one of its content: about 130 bytes."""

    commits: Mapping[int, int]
    streams: frozenset[int]
    highest: int
    newest: str


@dataclass(frozen=True)
class Lost:
    """A commit that the restored table lacks. is_whole: whether it lacks the stream, so that it begins anew.

    Of one that cannot be read, there is no more than its key: time, actor and events are empty.
    """

    stream: str
    version: int
    last: int
    time: str
    actor: str
    correlation_id: str
    events: tuple[str, ...]
    messages: tuple[str, ...]
    is_whole: bool


@dataclass(frozen=True)
class Damaged:
    """A commit that is not what it was. differs: the names of its attributes; time and events: as it was."""

    stream: str
    version: int
    time: str
    events: tuple[str, ...]
    differs: tuple[str, ...]


class Change(StrEnum):
    """What became of a commit that both tables have, where the two are not the same."""

    DAMAGED = "damaged"
    SEALED = "sealed"
    SNAPSHOT = "snapshot"


def held_by(dynamodb: Any, table: str) -> Held:
    """Read a table once. Raises OperateError where a commit cannot be read: then it was damaged by that moment."""
    found, streams, highest, newest = dict[int, int](), set[int](), 0, ""
    for item in items(dynamodb, table):
        commit = readable(item)
        if commit is None:
            where = f"version {item['version']['N']} of {item['stream']['S']}"
            raise OperateError(f"{table} holds a commit that cannot be read, {where}: restore an earlier moment")
        found[digest(item)] = _content(item)
        streams.add(hash(commit.stream))
        highest, newest = max(highest, commit.last), max(newest, commit.time)
    return Held(found, frozenset(streams), highest, newest)


def is_lost(item: Item, held: Held) -> bool:
    """Whether a table lacks a commit of another one."""
    return digest(item) not in held.commits


def is_same(item: Item, held: Held) -> bool:
    """Whether a table has this commit, and nothing in it is another."""
    return held.commits.get(digest(item)) == _content(item)


def lost(item: Item, held: Held) -> Lost:
    """What is said of a lost commit: names of events and messages, nothing that they hold."""
    stream, version, commit = item["stream"]["S"], int(item["version"]["N"]), readable(item)
    return Lost(
        stream=stream,
        version=version,
        last=commit.last if commit else version,
        time=commit.time if commit else "",
        actor=commit.actor if commit else "",
        correlation_id=commit.correlation_id if commit else "",
        events=tuple(event.name for event in commit.events) if commit else (),
        messages=tuple(message.name for message in commit.messages) if commit else (),
        is_whole=hash(stream) not in held.streams,
    )


def damaged(there: Item, restored: Item) -> Damaged:
    """What is said of a damaged commit, likewise."""
    commit = from_item(restored)
    return Damaged(
        stream=commit.stream,
        version=commit.version,
        time=commit.time,
        events=tuple(event.name for event in commit.events),
        differs=tuple(sorted(name for name in {*there, *restored} if there.get(name) != restored.get(name))),
    )


def change(there: Item, restored: Item) -> Change:
    """What became of a commit, which is not the same in both tables."""
    if _without_renewed(there) == _without_renewed(restored):
        return Change.SNAPSHOT
    return Change.SEALED if _is_sealed_form(there, restored) else Change.DAMAGED


def right(there: Item, restored: Item) -> Item:
    """A commit as it has to be: as it was, or as it was sealed since; without a snapshot that was put there since."""
    return _without_renewed(there) if change(there, restored) is Change.SEALED else restored


def readable(item: Item) -> Commit | None:
    """The commit of an item; None where it is damaged so that it is none."""
    try:
        commit = from_item(item)
        return commit if all(message.name for message in commit.messages) else None
    except UNREADABLE:
        return None


def digest(item: Item) -> int:
    """A hash of what a commit is known by, in this process. One whose id is gone is another commit."""
    return hash((item["stream"]["S"], int(item["version"]["N"]), item.get("id", {}).get("S")))


def items(dynamodb: Any, table: str) -> Iterator[Item]:
    """All commits of a table but those of epochs."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            if item["stream"]["S"] != epochs.STREAM:
                yield cast(Item, item)


def item_at(dynamodb: Any, table: str, like: Item) -> Item | None:
    """What a table has under the key of another table's commit."""
    key = {"stream": like["stream"], "version": like["version"]}
    return cast("Item | None", dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"))


def _content(item: Item) -> int:
    return hash(repr(sorted(item.items())))


def _without_renewed(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != RENEWED}


def _is_sealed_form(there: Item, restored: Item) -> bool:
    """Whether a commit that held what is personal as it is was sealed since, and nothing else in it is another.

    A seal cannot be told from another one: the texts of a seal, and a digest by a customer's key, are not compared.
    """
    before, after = readable(restored), readable(_without_renewed(there))
    if before is None or after is None or before.stream.partition("#")[0] not in migration.KINDS:
        return False
    if not migration.may_be_in_plain(before) or migration.may_be_in_plain(after):
        return False
    return _but_for_seals(before) == _but_for_seals(after) and after.snapshot in (None, before.snapshot)


def _but_for_seals(commit: Commit) -> tuple[Any, ...]:
    """What a commit holds beside what a seal changes."""
    return (
        (commit.stream, commit.version, commit.id, commit.time),
        (commit.actor, commit.correlation_id, commit.causation_id),
        [_event_but_for_seals(event) for event in commit.events],
        [(migration.as_of_today(message.detail), message.delay) for message in commit.messages],
        (commit.cause.id, commit.cause.is_key) if commit.cause else None,
    )


def _event_but_for_seals(event: StoredEvent) -> tuple[Any, ...]:
    sealed = migration.SEALED.get(event.name)
    if sealed is None:
        return event.name, event.version, event.data
    return event.name, {field: value for field, value in event.data.items() if field not in sealed}
