"""The stored form of a commit: one item of a service's table. Its parts are JSON text, written and read by msgspec."""

from typing import Any

import msgspec

from functions.kernel.domain.sizes import COMMIT_LIMIT
from functions.kernel.runtime.commit import Cause, Commit, Outgoing, Snapshot, StoredEvent, refuse_oversize

Item = dict[str, dict[str, Any]]

_write = msgspec.json.Encoder().encode
_events = msgspec.json.Decoder(tuple[StoredEvent, ...]).decode
_messages = msgspec.json.Decoder(tuple[Outgoing, ...]).decode
_snapshot = msgspec.json.Decoder(Snapshot).decode


def to_item(commit: Commit) -> Item:
    """The item of a commit. Its JSON parts are text: attribute maps take ten times as long to serialise.

    A snapshot that would not fit is left out. Raises TooLargeError when the rest does not fit either, or a message
    would not fit on the bus.
    """
    item: Item = {
        "stream": {"S": commit.stream},
        "version": {"N": str(commit.version)},
        "id": {"S": commit.id},
        "time": {"S": commit.time},
        "actor": {"S": commit.actor},
        "correlation_id": {"S": commit.correlation_id},
        "events": {"S": _write(commit.events).decode()},
    }
    if commit.causation_id:
        item["causation_id"] = {"S": commit.causation_id}
    if commit.cause:
        item["cause"] = {"S": commit.cause.id}
        item["digest"] = {"S": commit.cause.digest}
    messages = [_write(message) for message in commit.messages]
    if messages:
        item["messages"] = {"S": f"[{b','.join(messages).decode()}]"}
    size = _size(item)
    refuse_oversize(commit.stream, size, map(len, messages))
    if commit.snapshot:
        part: Item = {"snapshot": {"S": _write(commit.snapshot).decode()}}
        if size + _size(part) <= COMMIT_LIMIT:
            item |= part
    return item


def from_item(item: Item, *, messages: bool = True) -> Commit:
    """The commit of an item, with its messages or without."""
    return Commit(
        stream=item["stream"]["S"],
        version=int(item["version"]["N"]),
        id=item["id"]["S"],
        events=_events(item["events"]["S"]),
        time=item["time"]["S"],
        messages=messages_of(item) if messages else (),
        cause=Cause(item["cause"]["S"], item["digest"]["S"]) if "cause" in item else None,
        correlation_id=item["correlation_id"]["S"],
        causation_id=item["causation_id"]["S"] if "causation_id" in item else None,
        actor=item["actor"]["S"],
        snapshot=_snapshot(item["snapshot"]["S"]) if "snapshot" in item else None,
    )


def messages_of(item: Item) -> tuple[Outgoing, ...]:
    """The messages that a commit's item holds, in their order."""
    return _messages(item["messages"]["S"]) if "messages" in item else ()


def _size(item: Item) -> int:
    return sum(len(name) + len(text.encode()) for name, value in item.items() for text in value.values())
