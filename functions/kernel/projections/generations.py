"""Reading and writing rows by generation: a read model is built anew beside the one that is read, then takes its place.

Which generations there are is one row of the service's read models, which every container keeps for a while: five
minutes while there is one of each view, ten seconds while there are more. So a rebuild begins with waiting for as long
as a container may not know of it (KNOWN_AFTER), and a switch is everywhere after ten seconds. In between both
generations are read by some, and written by all.

What a projection writes and reads, it does in one generation after the other: `in_each`. All other code reads the one
that is live, and writes and deletes in all. A paging token holds a key, whose prefix is its generation: it goes on
there, until that generation is dropped.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from functions.kernel.domain.errors import ConcurrencyError, InvalidError, UnavailableError
from functions.kernel.projections.generation import Pointer, View, placed, pointers, prefixed, split
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.transient import is_transient
from functions.kernel.runtime.views import Page, Row, ViewStore

IDLE, CHANGING = timedelta(minutes=5), timedelta(seconds=10)  # for so long a container keeps the pointers
SLACK = timedelta(minutes=1)  # an invocation that began before (20 s at most), and clocks that differ
KNOWN_AFTER = IDLE + SLACK  # after its first change, when all containers know that a view has another generation
CHANGED_AFTER = CHANGING + SLACK  # after each change that follows
OVER_FOR = timedelta(days=14)  # the row of what expired long ago keeps older versions out: longer than a replay takes
PLACE = ("generations", "pointers")


class Rows(ViewStore, Protocol):
    """A table of rows, which can also be read as a whole."""

    def all_items(self, cursor: str | None, limit: int) -> tuple[list[dict[str, Any]], str | None]:
        """A page of all items as they are stored, in no order, and the cursor of the next page (None at the end)."""

    def stored(self, keys: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """Items as they are stored, read consistently, by their keys; those that are there."""


@dataclass(frozen=True)
class Failed:
    """A projection failed in a generation that is not read: of which view, in which, and by what."""

    view: str
    generation: int
    error: Exception


_pinned: ContextVar[tuple[tuple[int, str, int], ...]] = ContextVar("generations", default=())


class Generations:
    """The rows of a service whose views have generations: the same protocol as the table's, which it stands before.

    replaying: what is written is made of history. A row that has expired since is stored as one that is over: read by
    nobody, as it would have been deleted, but keeping older versions out.
    """

    def __init__(self, store: Rows, views: Iterable[View], *, replaying: bool = False) -> None:
        self.store = store
        self.views = tuple(views)
        self._replaying = replaying
        self._of_index = {index: view for view in self.views for index in view.indexes}
        self._pointers: dict[str, Pointer] = {}
        self.due = datetime.min.replace(tzinfo=UTC)

    def pointer(self, view: View) -> Pointer:
        """Which generations of a view there are, as this container knows it: one consistent read, now and then."""
        if clock.now() >= self.due:
            self._pointers = pointers(self.store.get(*PLACE))
            idle = all(pointer.is_idle for pointer in self._pointers.values())
            self.due = clock.now() + (IDLE if idle else CHANGING)
        return self._pointers.get(view.name, Pointer())

    def written(self, view: View) -> list[int]:
        """The generations that are written: the one that is read first, or the one within which this runs alone."""
        pinned = self._pinned(view)
        return self.pointer(view).written if pinned is None else [pinned]

    def read(self, view: View) -> int:
        """The generation that is read."""
        pinned = self._pinned(view)
        return self.pointer(view).live if pinned is None else pinned

    def _pinned(self, view: View) -> int | None:
        return next((number for store, name, number in _pinned.get() if (store, name) == (id(self), view.name)), None)

    @contextmanager
    def within(self, view: View, generation: int) -> Iterator[None]:
        """Within the block, a view is read and written in this generation alone."""
        token = _pinned.set(((id(self), view.name, generation), *_pinned.get()))
        try:
            yield
        finally:
            _pinned.reset(token)

    def put(self, row: Row, version: int) -> bool:
        """Write a row in each generation; whether it was written in the one that is read."""
        view = self._view(row.partition)
        if view is None:
            return self.store.put(row, version)
        row = self._over(row)
        first, *others = self.written(view)
        was_written = self.store.put(placed(row, first), version)
        for number in others:
            self.store.put(placed(row, number), version)
        return was_written

    def _over(self, row: Row) -> Row:
        now = clock.now()
        if not self._replaying or row.data is None or row.expires is None or row.expires > now.timestamp():
            return row
        return replace(row, over=True, expires=int((now + OVER_FOR).timestamp()))

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """Of the generation that is read."""
        return self.store.get(self._read(partition), sort)

    def delete(self, partition: str, sort: str) -> None:
        """Delete a row in each generation."""
        view = self._view(partition)
        for number in self.written(view) if view else [0]:
            self.store.delete(prefixed(partition, number), sort)

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """Of the generations that are read."""
        stored = [(self._read(partition), sort) for partition, sort in keys]
        found = self.store.get_many(stored, consistent=consistent)
        return {(split(partition)[1], sort): data for (partition, sort), data in found.items()}

    def query(
        self,
        partition: str,
        *,
        index: str | None = None,
        first: str | None = None,
        last: str | None = None,
        limit: int = 50,
        after: dict[str, Any] | None = None,
        descending: bool = False,
        consistent: bool = False,
    ) -> Page:
        """Of the generation that is read; a page that follows another, of that one's.

        Raises InvalidError for a page that follows one of a generation that is no more.
        """
        return self.store.query(
            self._paged(partition, index, after),
            index=index,
            first=first,
            last=last,
            limit=limit,
            after=after,
            descending=descending,
            consistent=consistent,
        )

    def _paged(self, partition: str, index: str | None, after: dict[str, Any] | None) -> str:
        view = self._indexed(partition, index) if index else self._view(partition)
        if view is None:
            return partition
        if after is None:
            return prefixed(partition, self.read(view))
        generation, _ = split(after["partition"]["S"])
        if generation not in (self.pointer(view).written if self._pinned(view) is None else [self.read(view)]):
            raise InvalidError("next: this list was built anew meanwhile: read it from the beginning")
        return prefixed(partition, generation)

    def _indexed(self, partition: str, index: str) -> View | None:
        view = self._of_index.get(index)
        return view if view and partition not in view.apart else None

    def _read(self, partition: str) -> str:
        view = self._view(partition)
        return prefixed(partition, self.read(view)) if view else partition

    def _view(self, partition: str) -> View | None:
        return next((view for view in self.views if view.has(partition)), None)


def in_each(view: View | None, work: Callable[[], object]) -> list[Failed]:
    """Do work in each generation of a view that is written, the one that is read first; for no view, once.

    Raises what it raises in that one, and what may pass in any; what else it raises in another is returned, so that one
    that is being built holds up nothing.
    """
    rows = runtime.current().views
    if view is None or not isinstance(rows, Generations):
        work()
        return []
    failed: list[Failed] = []
    for place, generation in enumerate(rows.written(view)):
        try:
            with rows.within(view, generation):
                work()
        except Exception as error:
            if place == 0 or may_pass(error):
                raise
            failed.append(Failed(view.name, generation, error))
    return failed


def may_pass(error: Exception) -> bool:
    """Whether a projection that failed by this error may succeed later."""
    return isinstance(error, UnavailableError | ConcurrencyError) or is_transient(error)


def with_generations(store: Rows, views: Sequence[View], *, replaying: bool = False) -> ViewStore:
    """The rows of a service: by generation where it has views that can be rebuilt."""
    return Generations(store, views, replaying=replaying) if views else store
