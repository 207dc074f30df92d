"""Loading an aggregate: its newest usable snapshot, and the commits after that folded."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from functions.kernel.domain.aggregate import Aggregate, UnknownEventError, upcast
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.epochs import check_gap
from functions.kernel.runtime.causes import Causes
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from functions.kernel.runtime.runtime import EventStore

RENEWED_LIMIT = 50_000  # bytes: DynamoDB takes 400 KB an item, and a commit 350 of them
SNAPSHOT_EVERY = 4  # commits at the latest, so that a load is one query of so many (docs/adr/0034)

A = TypeVar("A", bound=Aggregate)


class Loaded(Generic[A]):
    """An aggregate as its stream has it, with what a commit on top of it needs to know.

    fold: makes the aggregate as it was loaded, a new object each time. before: the causes up to its snapshot. newer:
    the commits after that. latest: the newest commit of all; None of a new one.
    """

    def __init__(
        self, store: EventStore, fold: Callable[[], A], before: Causes, newer: Sequence[Commit], latest: Commit | None
    ) -> None:
        self.fold = fold
        self.aggregate = fold()
        self.newer = newer
        self.latest = latest
        self._store, self._before = store, before
        self._handled = [(commit.cause.id, commit.version) for commit in newer if commit.cause]

    @property
    def snapshot_is_due(self) -> bool:
        """Whether the next commit must carry one, so that a load stays one query."""
        return len(self.newer) + 1 >= SNAPSHOT_EVERY

    def commits_of(self, cause: str) -> Iterator[Commit]:
        """The commit that handled a cause, or none. Its hash may be another's: the commit itself tells."""
        stream = self.aggregate.stream(self.aggregate.id)
        known = [version for handled, version in self._handled if handled == cause]
        for version in known or self._before.versions_of(cause):
            commit = self._store.read(stream, version)
            if commit and commit.cause and commit.cause.id == cause:
                yield commit

    def snapshot(self, *handled: tuple[str, int]) -> Snapshot | None:
        """The aggregate as it is, with the causes that its stream has handled; None where it may not be kept.

        handled: what a commit on top has, too: its cause, and its version.
        """
        if not self.aggregate.may_be_kept:
            return None
        causes = self._before.followed_by([*self._handled, *handled])
        return Snapshot(self.aggregate.snapshot_schema, msgspec.Raw(codec.to_state(self.aggregate)), causes)


def load(kind: type[A], id: str, store: EventStore) -> Loaded[A]:
    """Read a stream back to its newest snapshot of the aggregate's schema, and fold it. Raises GapError."""
    newer: list[Commit] = []
    snapshot: Snapshot | None = None
    latest: Commit | None = None
    version = 0
    for commit in store.backwards(kind.stream(id), page=SNAPSHOT_EVERY):
        latest = latest or commit
        snapshot = commit.snapshot_of(kind.snapshot_schema)
        if snapshot:
            version = commit.last
            break
        newer.append(commit)
    newer.reverse()
    last = version
    for commit in newer:
        check_gap(store, commit.stream, last, commit.version)
        last = commit.last

    def folded() -> A:
        aggregate = codec.from_text(kind, snapshot.text) if snapshot else kind()
        aggregate.id, aggregate.version = id, version
        for commit in newer:
            fold_commit(aggregate, commit)
        return aggregate

    return Loaded(store, folded, snapshot.causes if snapshot else Causes(), newer, latest)


def renew(kind: type[Aggregate], id: str, store: EventStore) -> bool:
    """Put a snapshot of this code's schema beside the newest commit of a stream that has none in a load's reach.

    Code of another schema does not look at it, and the commit itself does not change. Returns whether it was needed.
    """
    loaded = load(kind, id, store)
    if len(loaded.newer) < SNAPSHOT_EVERY:
        return False
    snapshot = loaded.snapshot()
    if snapshot is None or len(memoryview(snapshot.text)) > RENEWED_LIMIT:
        return False
    store.renew(loaded.newer[-1], snapshot)
    return True


def fold_commit(aggregate: Aggregate, commit: Commit) -> None:
    """Apply the events of a commit, which may be the first of an epoch. Raises as `fold` does."""
    aggregate.rise_to(commit.version - 1)
    for stored in commit.events:
        fold(aggregate, stored)


def fold(aggregate: Aggregate, stored: StoredEvent) -> None:
    """Apply a stored event in its newest shape. Raises UnknownEventError and UnreadableError."""
    event = aggregate.event_types.get(stored.name)
    if event is None:
        raise UnknownEventError(f"{aggregate.stream(aggregate.id)} holds {stored.name}, which this code does not know")
    if stored.version == event.version:
        aggregate.apply(codec.from_text(event, stored.text))
    else:
        aggregate.apply(codec.from_data(event, upcast(event, stored.version, stored.data)))
