"""The stored form of a commit: one item of a service's table, of its key, its id and one compressed text.

    stream, version   the key
    id                tells a write that the SDK repeats from a conflict
    messages          "-" in a commit that has some (in its body), for the stream's filter and the scan of a republish.
                      Once they were here, and a relay of then fails rather than skip such a commit
    body              the rest as one JSON text, deflated (zlib): see Body
    renewed           a snapshot that was put there later (loading.renew, by `make snapshots`), deflated too: the one
                      thing that changes, but for what is sealed later (functions/customers/migration.py)

docs/adr/0033 says why. Before that, each part was a text attribute of its own; such items are read for ever.
"""

from base64 import b64decode
from typing import Any

import msgspec

from functions.kernel.domain.sizes import COMMIT_LIMIT
from functions.kernel.runtime.causes import Causes
from functions.kernel.runtime.commit import DIGEST, Cause, Commit, Outgoing, Snapshot, StoredEvent, refuse_oversize
from functions.kernel.runtime.json_text import deflated, inflated

Item = dict[str, dict[str, Any]]

MESSAGES = "messages"
RENEWED = "renewed"


class Body(msgspec.Struct, omit_defaults=True):
    """What a commit holds beside its key and id. Only the relay and those who read a commit whole decode messages."""

    time: str
    actor: str
    correlation_id: str
    events: tuple[StoredEvent, ...]
    causation_id: str | None = None
    cause: str | None = None
    digest: str = ""
    messages: tuple[msgspec.Raw, ...] = ()
    snapshot: Snapshot | None = None


class _Sending(msgspec.Struct):
    messages: tuple[Outgoing, ...] = ()


_write = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(Body).decode
_sending = msgspec.json.Decoder(_Sending).decode
_message = msgspec.json.Decoder(Outgoing).decode
_first_events = msgspec.json.Decoder(tuple[StoredEvent, ...]).decode
_first_messages = msgspec.json.Decoder(tuple[Outgoing, ...]).decode
_renewed = msgspec.json.Decoder(Snapshot).decode
_first_snapshot = msgspec.json.Decoder(tuple[int, msgspec.Raw, dict[str, int]]).decode


def to_item(commit: Commit) -> Item:
    """The item of a commit. Its limits are judged before it is deflated.

    A snapshot is left out where it would not fit and, unless it is due, where the item would take a further KB, which
    is what a write is billed by. Raises TooLargeError when the rest does not fit either, or a message would not fit on
    the bus.
    """
    messages = tuple(msgspec.Raw(_write(message)) for message in commit.messages)
    body = Body(
        time=commit.time,
        actor=commit.actor,
        correlation_id=commit.correlation_id,
        events=commit.events,
        causation_id=commit.causation_id,
        cause=commit.cause.id if commit.cause else None,
        digest=commit.cause.digest if commit.cause else "",
        messages=messages,
    )
    text = _write(body)
    refuse_oversize(commit.stream, len(text), (len(memoryview(message)) for message in messages))
    if commit.snapshot:
        body.snapshot = commit.snapshot
        with_snapshot = _write(body)
        if len(with_snapshot) <= COMMIT_LIMIT:
            item = _item(commit, with_snapshot)
            size = _kilobytes(item)
            if size == 1 or commit.snapshot_due or size == _kilobytes(_item(commit, text)):
                return item
    return _item(commit, text)


def renewed_value(snapshot: Snapshot) -> dict[str, bytes]:
    """The value of the attribute `renewed`."""
    return {"B": deflated(_write(snapshot))}


def _renewed_of(item: Item) -> Snapshot | None:
    return _renewed(_inflated(item[RENEWED])) if RENEWED in item else None


def _item(commit: Commit, text: bytes) -> Item:
    item: Item = {
        "stream": {"S": commit.stream},
        "version": {"N": str(commit.version)},
        "id": {"S": commit.id},
        "body": {"B": deflated(text)},
    }
    return item | {MESSAGES: {"S": "-"}} if commit.messages else item


def _kilobytes(item: Item) -> int:
    """What a write of the item is billed by: names and values; a number takes a byte for two digits and one more.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    size = sum(map(len, item)) + len(item["stream"]["S"].encode()) + len(item["id"]["S"]) + len(item["body"]["B"])
    return -(-(size + len(item["version"]["N"]) // 2 + 2 + (MESSAGES in item)) // 1024)


def from_item(item: Item, *, messages: bool = True) -> Commit:
    """The commit of an item, with its messages or without."""
    if "body" not in item:
        return _from_first_form(item, messages)
    body = _body(text_of(item))
    return Commit(
        stream=item["stream"]["S"],
        version=int(item["version"]["N"]),
        id=item["id"]["S"],
        events=body.events,
        time=body.time,
        messages=tuple(map(_message, body.messages)) if messages else (),
        cause=Cause(body.cause, body.digest) if body.cause is not None else None,
        correlation_id=body.correlation_id,
        causation_id=body.causation_id,
        actor=body.actor,
        snapshot=body.snapshot,
        renewed=_renewed_of(item),
        unread=() if messages else body.messages,
    )


def messages_of(item: Item) -> tuple[Outgoing, ...]:
    """The messages that a commit's item holds, in their order; an item of a table, or as a stream brings it."""
    if MESSAGES not in item:
        return ()
    return _sending(text_of(item)).messages if "body" in item else _first_messages(item[MESSAGES]["S"])


def text_of(item: Item) -> bytes:
    """The JSON text of an item's body."""
    return _inflated(item["body"])


def _inflated(value: dict[str, Any]) -> bytes:
    """boto3 gives bytes; an event of the stream is JSON, which holds them in base64.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_AttributeValue.html
    """
    packed = value["B"]
    return inflated(packed if isinstance(packed, bytes) else b64decode(packed))


def _from_first_form(item: Item, messages: bool) -> Commit:
    return Commit(
        stream=item["stream"]["S"],
        version=int(item["version"]["N"]),
        id=item["id"]["S"],
        events=_first_events(item["events"]["S"]),
        time=item["time"]["S"],
        messages=messages_of(item) if messages else (),
        cause=Cause(item["cause"]["S"], item["digest"]["S"][:DIGEST]) if "cause" in item else None,
        correlation_id=item["correlation_id"]["S"],
        causation_id=item["causation_id"]["S"] if "causation_id" in item else None,
        actor=item["actor"]["S"],
        snapshot=_snapshot_of_first_form(item["snapshot"]["S"]) if "snapshot" in item else None,
        renewed=_renewed_of(item),
    )


def _snapshot_of_first_form(text: str) -> Snapshot:
    """Causes were whole then."""
    schema, state, causes = _first_snapshot(text)
    return Snapshot(schema, state, Causes().followed_by(causes.items()))
