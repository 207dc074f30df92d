"""Commits of a trial over those of a real store, which is only read."""

from collections.abc import Iterator, Sequence

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.item import Item, from_item, to_item
from functions.kernel.runtime.commit import Commit, Snapshot
from functions.kernel.runtime.runtime import EventStore, Scanned
from functions.kernel.runtime.trial import Trial
from functions.kernel.runtime.vault import RowWrite, Vault

Commits = dict[str, dict[int, Item]]  # by stream and version, as a table would hold them


class OverlayStore:
    """An event store whose commits go into `commits`; a version is free where neither those nor the real store have it.

    Where a real commit comes to a stream that the trial has changed, nothing more can be told of that stream: what was
    tried would have been decided on another state.
    """

    def __init__(self, real: EventStore, commits: Commits, trial: Trial) -> None:
        self._real, self._commits, self._trial = real, commits, trial

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        """All or nothing. Raises ConcurrencyError, TooLargeError, and UnknowableError for rows of the vault."""
        items = [to_item(commit) for commit in commits]
        if beside:
            self._trial.doubt("rows of the vault are not written in a forecast")
        there = [self.read(commit.stream, commit.version) for commit in commits]
        if [one and one.id for one in there] == [commit.id for commit in commits]:
            return
        if any(there):
            raise ConcurrencyError(f"{commits[0].stream} has changed meanwhile")
        for commit, item in zip(commits, items, strict=True):
            self._commits.setdefault(commit.stream, {})[commit.version] = item
            self._trial.commits.append((commit.stream, tuple(event.name for event in commit.events)))
            self._trial.messages += [message.name for message in commit.messages]

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        """Those of the trial, then the real ones."""
        tried = sorted(self._commits.get(stream, {}).items(), reverse=True)
        yield from (from_item(item, messages=False) for _, item in tried)
        for commit in self._real.backwards(stream, page):
            self._must_precede(commit)
            yield commit

    def forwards(self, stream: str) -> Iterator[Commit]:
        """The real ones, then those of the trial."""
        for commit in self._real.forwards(stream):
            self._must_precede(commit)
            yield commit
        yield from (from_item(item) for _, item in sorted(self._commits.get(stream, {}).items()))

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        """Filled up with those of the trial once no real one follows."""
        found, last = self._real.page(stream, after, limit)
        for commit in found:
            self._must_precede(commit)
        if last is not None:
            return found, last
        tried = [from_item(item) for version, item in sorted(self._commits.get(stream, {}).items()) if version > after]
        shown = [*found, *tried][:limit]
        return shown, shown[-1].version if len(shown) < len(found) + len(tried) else None

    def read(self, stream: str, version: int) -> Commit | None:
        """That of the trial, or the real one."""
        item = self._commits.get(stream, {}).get(version)
        return from_item(item) if item else self._real.read(stream, version)

    def _must_precede(self, real: Commit) -> None:
        """Raises UnknowableError for a real commit that came after the trial changed its stream."""
        if real.version >= min(self._commits.get(real.stream, {}), default=real.version + 1):
            self._trial.doubt(f"{real.stream} has changed since a part of this forecast was made")

    def epochs(self, *, again: bool = False) -> tuple[int, ...]:
        """Those of the real one."""
        return self._real.epochs(again=again)

    def renew(self, commit: Commit, snapshot: Snapshot) -> None:
        """Raises UnknowableError, as `rewrite` and `scan` do: no message leads to them but those of a migration."""
        self._trial.doubt("snapshots are not renewed in a forecast")

    def rewrite(self, commit: Commit, last: int, beside: Sequence[RowWrite] = ()) -> None:
        """Raises UnknowableError."""
        self._trial.doubt("commits are not stored in other words in a forecast")

    def scan(self, segment: int, segments: int, cursor: str | None, limit: int) -> Scanned:
        """Raises UnknowableError."""
        self._trial.doubt("a table is not read whole in a forecast")

    def size(self) -> int:
        """That of the real one: what a forecast adds to it is nothing beside that."""
        return self._real.size()


class ReadOnlyVault:
    """A vault that is only read: nothing of it may go where the overlay of a forecast goes."""

    def __init__(self, real: Vault, trial: Trial) -> None:
        self._trial = trial
        self.get, self.get_many, self.sorts = real.get, real.get_many, real.sorts

    def add(self, partition: str, sort: str, data: dict[str, object]) -> dict[str, object]:
        """The row that is there. Raises UnknowableError where it would be written."""
        there: dict[str, object] | None = self.get(partition, sort)
        if there is None:
            self._trial.doubt("rows of the vault are not written in a forecast")
        return there
