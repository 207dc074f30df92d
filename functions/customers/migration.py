"""Seals what was stored before customers had keys: events, messages, snapshots and digests of requests in commits.

`make migrate-personal-data` finds the streams, and sends a timer for each. A commit is rewritten in its place, with the
rows of the vault in the same transaction, unless the stream has changed meanwhile. So it may stop at any point, run
again and twice at once, while customers register, change and are erased. Of the erased what is personal is dropped.
It stays for as long as a table or a backup may hold such commits (docs/personal-data.md).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from events.customers import (
    CustomerDisabled,
    CustomerEnabled,
    CustomerLanguageChanged,
    CustomerRegistered,
    CustomerSmsChanged,
    without_what_is_personal,
)
from functions.customers import codes, keys
from functions.customers.domain import NAME, NUMBER, PLAIN, Customer, Erased, Registered, SmsChanged
from functions.customers.phone import Kiosk, Phone
from functions.customers.sealing import KEYED, CustomerKey
from functions.kernel.domain.aggregate import Unchanged
from functions.kernel.eventstore.loading import fold_commit
from functions.kernel.runtime import runtime
from functions.kernel.runtime.commit import DIGEST, Cause, Commit, Outgoing, Snapshot, StoredEvent
from functions.kernel.runtime.vault import RowWrite

SEALED = {Registered.__name__: (NAME, NUMBER), SmsChanged.__name__: (NUMBER,)}  # the fields of events
ASKED = {*SEALED, Unchanged.__name__}  # the events of requests that had what is personal, or may have had
FORGOTTEN = KEYED.ljust(DIGEST, "0")  # the digest of a request of an erased customer
MESSAGES = {
    message.about.name
    for message in (
        CustomerRegistered,
        CustomerSmsChanged,
        CustomerLanguageChanged,
        CustomerEnabled,
        CustomerDisabled,
    )
}
KINDS = (Customer.__name__, Phone.__name__, Kiosk.__name__)

Digest = Callable[[str], str]


def seal(stream: str) -> None:
    """Seal what a stream holds in plain, and write its rows of the vault where one is missing.

    Raises ConcurrencyError where it has changed meanwhile: then try again. Raises NotFoundError where the vault says
    that the customer is erased and the stream does not: see the ledger.
    """
    store = runtime.current().store
    commits = list(store.forwards(stream))
    if not commits:
        return
    sealed, beside = _how(stream, commits)
    missing = [] if _are_there(beside) else beside
    for commit in list(in_plain(commits)) or (commits[-1:] if missing else []):
        store.rewrite(sealed(commit), commits[-1].last, missing)


def _are_there(rows: Sequence[RowWrite]) -> bool:
    """Whether the vault has rows like these; a tombstone may be of another time."""
    get = runtime.current().vault.get
    found = ((get(row.partition, row.sort), row.data or {}) for row in rows if row.table == "vault")
    return all(there is not None and there.keys() == data.keys() for there, data in found)


def in_plain(commits: Iterable[Commit]) -> Iterator[Commit]:
    """Those of a stream's commits, the oldest first, that hold what is personal as it is.

    A request that changed nothing once the customer was erased can only have erased again.
    """
    erased = False
    for commit in commits:
        if may_be_in_plain(commit) and not (erased and _names(commit) == {Unchanged.__name__}):
            yield commit
        erased = erased or Erased.__name__ in _names(commit)


def may_be_in_plain(commit: Commit) -> bool:
    """Whether a commit by itself looks as if it held what is personal as it is."""
    return (
        any(_is_plain_event(event) for event in commit.events)
        or any(is_of_before(message.detail) for message in commit.messages)
        or any(_is_plain_snapshot(commit, snapshot) for snapshot in (commit.snapshot, commit.renewed))
        or _has_plain_digest(commit)
    )


def is_of_before(detail: dict[str, Any]) -> bool:
    """Whether a finished message is of the version that held name and number."""
    metadata = detail.get("metadata")
    return isinstance(metadata, dict) and metadata.get("name") in MESSAGES and metadata.get("version") == 1


def as_of_today(detail: dict[str, Any]) -> dict[str, Any]:
    """A finished message without what is personal: of version 2, under the same id."""
    if not is_of_before(detail):
        return detail
    data = detail.get("data")
    return {
        **detail,
        "metadata": {**detail["metadata"], "version": CustomerRegistered.about.version},
        "data": without_what_is_personal(data) if isinstance(data, dict) else {},
    }


def _names(commit: Commit) -> set[str]:
    return {event.name for event in commit.events}


def _kind(stream: str) -> str:
    return stream.partition("#")[0]


def _is_plain_event(event: StoredEvent) -> bool:
    return event.name in SEALED and event.version == 1


def _is_plain_snapshot(commit: Commit, snapshot: Snapshot | None) -> bool:
    if snapshot is None or _kind(commit.stream) != Customer.__name__:
        return False
    texts = (str(snapshot.state.get(field) or "") for field in (NAME, NUMBER))
    return any(text if snapshot.schema < Customer.snapshot_schema else text.startswith(PLAIN) for text in texts)


def _has_plain_digest(commit: Commit) -> bool:
    if commit.cause is None or not commit.cause.is_key or commit.cause.digest.startswith(KEYED):
        return False
    return _kind(commit.stream) != Customer.__name__ or bool(_names(commit) & ASKED)


def _how(stream: str, commits: Sequence[Commit]) -> tuple[Callable[[Commit], Commit], Sequence[RowWrite]]:
    """How the commits of a stream are sealed, and the rows of the vault that go with each of them."""
    kind, _, id = stream.partition("#")
    if kind != Customer.__name__:  # a phone or a kiosk, which hold no more than digests
        return partial(_sealed, key=None, digest=codes.digest), ()
    customer = Customer(id=id)
    for commit in commits:
        fold_commit(customer, commit)
        if Erased.__name__ in _names(commit):
            return partial(_sealed, key=None, digest=_forgotten), keys.tombstone(id, commit.last, commit.time)
    key = keys.make(id)
    return partial(_sealed, key=key, digest=key.digest), keys.digest_row(customer, key)


def _sealed(commit: Commit, key: CustomerKey | None, digest: Digest) -> Commit:
    """A commit with what is personal sealed by the customer's key, or dropped where there is none any more."""
    cause = commit.cause
    return replace(
        commit,
        events=tuple(_event(event, commit.version + n, key) for n, event in enumerate(commit.events)),
        messages=tuple(Outgoing(as_of_today(message.detail), message.delay) for message in commit.messages),
        cause=Cause(cause.id, digest(cause.digest)) if cause and _has_plain_digest(commit) else cause,
        snapshot=None if _is_plain_snapshot(commit, commit.snapshot) else commit.snapshot,
        renewed=None,
    )


def _event(event: StoredEvent, version: int, key: CustomerKey | None) -> StoredEvent:
    if not _is_plain_event(event):
        return event
    data = event.data
    sealed = {field: key.seal(data[field], field, version) if key else "" for field in SEALED[event.name]}
    return StoredEvent.of(event.name, 2, {**data, **sealed})


def _forgotten(digest: str) -> str:
    return FORGOTTEN
