"""Stores in which something happens once, before a call of a given number: at any moment of a use case."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.vault import Key, RowWrite


class Moments:
    """calls: how many there were since `at` was set."""

    def __init__(self) -> None:
        self.calls = self._at = 0
        self._happens: Callable[[], Any] = int

    def at(self, number: int, happens: Callable[[], Any]) -> None:
        """Have something happen before the call of this number, counted from now, from 1."""
        self.calls, self._at, self._happens = 0, number, happens

    def passes(self) -> None:
        """A call is about to be made."""
        self.calls += 1
        if self.calls == self._at:
            self._at = 0
            self._happens()


class EventfulVault(MemoryVault):
    """A vault that tells of each call."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self._moments = moments

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._moments.passes()
        return super().get(partition, sort)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        self._moments.passes()
        return super().get_many(keys)

    def sorts(self, partition: str, limit: int, before: str | None = None) -> Sequence[str]:
        self._moments.passes()
        return super().sorts(partition, limit, before)

    def add(self, partition: str, sort: str, data: dict[str, Any]) -> dict[str, Any]:
        self._moments.passes()
        return super().add(partition, sort, data)


class EventfulStore(MemoryEventStore):
    """A store that tells of each call."""

    def __init__(self, moments: Moments) -> None:
        super().__init__()
        self.vault = EventfulVault(moments)
        self._moments = moments

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        self._moments.passes()
        super().commit(*commits, beside=beside)

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        self._moments.passes()
        return super().backwards(stream, page)

    def forwards(self, stream: str) -> Iterator[Commit]:
        self._moments.passes()
        return super().forwards(stream)

    def read(self, stream: str, version: int) -> Commit | None:
        self._moments.passes()
        return super().read(stream, version)
