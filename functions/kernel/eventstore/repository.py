"""Load, decide, commit: how a use case changes an aggregate."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from functions.kernel.domain.aggregate import Aggregate, Unchanged, noun
from functions.kernel.domain.errors import ConcurrencyError, KeyReusedError, NotFoundError, RefusedError, StaleError
from functions.kernel.eventstore import codec
from functions.kernel.eventstore.epochs import floor
from functions.kernel.eventstore.loading import Loaded, fold, load
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.runtime import clock, context, ids, observe, runtime
from functions.kernel.runtime.commit import Commit, Outgoing, StoredEvent
from functions.kernel.runtime.context import CUSTOMER, Context
from functions.kernel.runtime.ownership import may_see, own_id
from functions.kernel.runtime.vault import RowWrite

ATTEMPTS = 6  # at a change or a row that others change at the same time

repositories: dict[tuple[str, str], "Repository[Any]"] = {}
"""By service and the name of the aggregate, with which the ids of its streams begin; of modules that are imported."""

A = TypeVar("A", bound=Aggregate)
B = TypeVar("B", bound=Aggregate)
Beside = Callable[[A, A], Sequence[RowWrite]]


class Repository(Generic[A]):
    """The streams of one kind of aggregate in the service's table.

    owner: the id of whose an aggregate is, where callers of the role `owned_by` see and change their own alone. For
    them another's is not there; that is judged before anything that could tell otherwise, such as `If-Match`.
    """

    def __init__(
        self,
        aggregate: type[A],
        publisher: Publisher,
        *,
        owner: Callable[[A], str | None] | None = None,
        owned_by: str = CUSTOMER,
    ) -> None:
        self.aggregate = aggregate
        self.publisher = publisher
        self._owner = owner
        self._owned_by = owned_by
        repositories[publisher.service, aggregate.__name__] = self

    def find(self, id: str) -> A | None:
        """An aggregate as it is now, or None, also for another's."""
        aggregate = self.load(id).aggregate
        if not self._is_there(aggregate):
            return None
        _note_version(aggregate, aggregate.version)
        return aggregate

    def get(self, id: str) -> A:
        """An aggregate as it is now. Raises NotFoundError, also for another's."""
        aggregate = self.load(id).aggregate
        self.must_be_there(aggregate)
        _note_version(aggregate, aggregate.version)
        return aggregate

    def must_be_there(self, aggregate: A) -> None:
        """Raises NotFoundError, in the same words, for an aggregate that does not exist and for another's."""
        if not self._is_there(aggregate):
            raise _missing_error(aggregate)

    def _is_there(self, aggregate: A) -> bool:
        if aggregate.is_new or self._owner is None or own_id(role=self._owned_by) is None:
            return not aggregate.is_new
        return may_see(self._owner(aggregate), role=self._owned_by)

    def change(self, id: str, decide: Callable[[A], object], *, beside: Beside[A] | None = None) -> A:
        """Let an existing aggregate decide, and commit what it recorded; on a conflict load it and decide again.

        beside: gives the vault's rows that are written in the transaction of a commit, of the aggregate before and
        after it.

        Raises NotFoundError, also for another's, whatever `decide` raises, and ConcurrencyError after six conflicts in
        a row. A cause that the stream has handled before changes nothing. A request under an Idempotency-Key that
        records nothing is committed as Unchanged, so that the key is known when it comes back.
        """
        return self._decide(id, decide, may_be_new=False, beside=beside)

    def create(self, id: str, decide: Callable[[A], object], *, beside: Beside[A] | None = None) -> A:
        """The same for an aggregate that may not exist yet: `decide` then gets an empty one, of version 0.

        Its id is the creator's own, derived from caller and key, or comes from the system: nobody's is refused.
        """
        return self._decide(id, decide, may_be_new=True, beside=beside)

    def history(self, id: str) -> Iterator[Commit]:
        """All commits of an aggregate, oldest first."""
        return runtime.current().store.forwards(self.aggregate.stream(id))

    def as_of(self, id: str, *, version: int | None = None, time: datetime | None = None) -> A:
        """An aggregate as it was at a version, or at a time. Raises NotFoundError when it was not there yet."""
        aggregate = self.aggregate(id=id)
        limit = clock.stamp(time) if time else None
        for commit in self.history(id):
            if (limit and commit.time > limit) or (version is not None and commit.version > version):
                break
            aggregate.rise_to(commit.version - 1)
            for stored in commit.events:
                if aggregate.version != version:
                    fold(aggregate, stored)
        if aggregate.is_new:
            raise NotFoundError(f"there was no {noun(self.aggregate)} {id} then")
        return aggregate

    def _decide(self, id: str, decide: Callable[[A], object], *, may_be_new: bool, beside: Beside[A] | None) -> A:
        working = context.current()
        working.subject = working.subject or self.aggregate.stream(id)
        for attempt in range(ATTEMPTS):
            loaded = self.load(id)
            aggregate = loaded.aggregate
            if aggregate.is_new and not may_be_new:
                raise _missing_error(aggregate)
            if recall(loaded, working):  # by the caller's own key: whose it is now does not matter
                return aggregate
            if not may_be_new:
                self.must_be_there(aggregate)
            check_expected_version(aggregate, working)
            aggregate.floor = floor(runtime.current().store, aggregate.version)
            decide(aggregate)
            _keep_key(aggregate, working)
            if aggregate.changes:
                try:
                    commit = self.prepare(loaded, working)
                    rows = beside(loaded.fold(), aggregate) if beside else ()
                    runtime.current().store.commit(commit, beside=rows)
                except ConcurrencyError:
                    clock.back_off(attempt)
                    continue
                _note_commits(working, commit)
            _note_version(aggregate, aggregate.version)
            return aggregate
        raise ConcurrencyError(f"too many changes to the {noun(self.aggregate)} {id} at once: ask again")

    def last_change(self, id: str) -> Commit:
        """The newest commit of an aggregate that changed it. Raises NotFoundError."""
        for commit in runtime.current().store.backwards(self.aggregate.stream(id), page=1):
            if any(event.name != Unchanged.__name__ for event in commit.events):
                return commit
        raise _missing_error(self.aggregate(id=id))

    def load(self, id: str) -> Loaded[A]:
        """Fold a stream: its newest usable snapshot, then the commits after it."""
        return load(self.aggregate, id, runtime.current().store)

    def prepare(self, loaded: Loaded[A], working: Context, *, with_answer: bool = True) -> Commit:
        """The commit of what an aggregate recorded."""
        aggregate, before = loaded.aggregate, loaded.fold()
        messages: list[Outgoing] = []
        events: list[StoredEvent] = []
        first = aggregate.version - len(aggregate.changes) + 1
        before.rise_to(first - 1)
        for event in aggregate.changes:
            before.apply(event)
            messages += self.publisher.outgoing(before, event, working)
            events.append(StoredEvent(type(event).__name__, event.version, msgspec.Raw(codec.to_text(event))))
        if working.answer and with_answer and not working.answered:
            messages.append(working.answer)
        handled = [(working.cause.id, first)] if working.cause else []
        return Commit(
            stream=aggregate.stream(aggregate.id),
            version=first,
            id=ids.new(),
            events=tuple(events),
            time=clock.stamp(),
            messages=tuple(messages),
            cause=working.cause,
            correlation_id=working.correlation_id,
            causation_id=working.causation_id,
            actor=working.actor,
            snapshot=loaded.snapshot(*handled),
            snapshot_due=loaded.snapshot_is_due,
        )


def change_together(
    first: tuple[Repository[A], str],
    second: tuple[Repository[B], str],
    decide: Callable[[A, B], object],
    *,
    may_be_new: bool = False,
    loaded: tuple[Loaded[A], Loaded[B]] | None = None,
) -> tuple[A, B]:
    """Let two aggregates of a service decide together, and commit both in one transaction.

    Both must exist, unless they `may_be_new`: `decide` then gets an empty one, of version 0, for each that does not.
    The first is what the request is about: its version answers `If-Match`, its commit carries the answer, and it alone
    must not be another's. If only one of them recorded something, that one is committed by itself; under an
    Idempotency-Key the first records at least Unchanged. loaded: both, where the caller has just loaded them; after a
    conflict they are loaded again. Raises as `Repository.change` does; a refusal, only of states that were there at the
    same time.
    """
    (firsts, first_id), (seconds, second_id) = first, second
    working = context.current()
    working.subject = working.subject or firsts.aggregate.stream(first_id)
    for attempt in range(ATTEMPTS):
        one, two = loaded or (firsts.load(first_id), seconds.load(second_id))
        loaded = None
        if one.aggregate.is_new and not may_be_new:
            raise _missing_error(one.aggregate)
        if recall(one, working):
            return one.aggregate, two.aggregate
        if not may_be_new:
            firsts.must_be_there(one.aggregate)
            if two.aggregate.is_new:
                raise _missing_error(two.aggregate)
        if recall(two, working):
            one = firsts.load(first_id)  # both may have been committed between the two loads
            if not recall(one, working):
                _note_version(one.aggregate, one.aggregate.version)
            return one.aggregate, two.aggregate
        check_expected_version(one.aggregate, working)
        version = one.aggregate.version
        base = floor(runtime.current().store, version, two.aggregate.version)
        one.aggregate.floor = two.aggregate.floor = base
        try:
            decide(one.aggregate, two.aggregate)
        except RefusedError:
            # The second may have been changed together with the first after the first was loaded.
            if firsts.load(first_id).aggregate.version == version:
                raise
            clock.back_off(attempt)
            continue
        _keep_key(one.aggregate, working)
        commits: list[Commit] = []
        if one.aggregate.changes:
            commits.append(firsts.prepare(one, working))
        if two.aggregate.changes:
            commits.append(seconds.prepare(two, working, with_answer=not commits))
        if commits:
            try:
                runtime.current().store.commit(*commits)
            except ConcurrencyError:
                clock.back_off(attempt)
                continue
            _note_commits(working, *commits)
        _note_version(one.aggregate, one.aggregate.version)
        return one.aggregate, two.aggregate
    raise ConcurrencyError(f"too many changes to {first_id} and {second_id} at once: ask again")


def _missing_error(aggregate: Aggregate) -> NotFoundError:
    return NotFoundError(f"there is no {noun(type(aggregate))} {aggregate.id}")


def recall(loaded: Loaded[Any], working: Context) -> bool:
    """Whether this stream has handled the cause before. The answer's version is then the one of that time.

    Raises KeyReusedError for another request, and RuntimeError where a use case changes a stream twice for one cause:
    the second change would be taken for a retry and lost.
    """
    if working.cause is None:
        return False
    for recorded in loaded.commits_of(working.cause.id):
        if recorded.stream in working.changed:
            raise RuntimeError(f"{recorded.stream} is changed twice for one cause: make it one change")
        if recorded.cause is None or not working.cause.is_of(recorded.cause):
            raise KeyReusedError("this Idempotency-Key was used for another request: use a new key for a new request")
        working.recorded = recorded
        _note_version(loaded.aggregate, recorded.last)
        return True
    return False


def _keep_key(aggregate: Aggregate, working: Context) -> None:
    """Have a request under an Idempotency-Key leave a commit, even where it changes nothing of what is there."""
    if working.cause and working.cause.is_key and not aggregate.changes and not aggregate.is_new:
        aggregate.record(Unchanged())


def check_expected_version(aggregate: Aggregate, working: Context) -> None:
    """Raises StaleError when `If-Match` names another version of what the request changes first."""
    if working.expected_versions is None or working.subject != aggregate.stream(aggregate.id):
        return
    if aggregate.version not in working.expected_versions:
        raise StaleError(
            f"the {noun(type(aggregate))} is at version {aggregate.version}, which If-Match does not name: "
            "read it again before you change it"
        )


def _note_commits(working: Context, *commits: Commit) -> None:
    working.answered = working.answer is not None
    working.changed.update(commit.stream for commit in commits)
    for commit in commits:
        events = [event.name for event in commit.events]
        observe.detail("committed", stream=commit.stream, stream_version=str(commit.version), events=events)


def _note_version(aggregate: Aggregate, version: int) -> None:
    working = context.current()
    if working.version is None or working.subject == aggregate.stream(aggregate.id):
        working.version = version
