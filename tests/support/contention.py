"""An event store in which something happens between a decision and its commit."""

from collections.abc import Callable, Iterator, Sequence

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.vault import RowWrite


class ContendedStore(MemoryEventStore):
    """Each of `before` runs once, before a commit, and may itself commit. `tries` counts the attempts to commit."""

    def __init__(self, *before: Callable[[], object]) -> None:
        super().__init__()
        self.before = list(before)
        self.tries = 0

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        self.tries += 1
        if self.before:
            self.before.pop(0)()
        super().commit(*commits, beside=beside)

    def history(self, stream: str) -> Iterator[tuple[int, list[str]]]:
        """The versions and events of a stream's commits."""
        return ((commit.version, [event.name for event in commit.events]) for commit in self.forwards(stream))


def conflict() -> None:
    """A conflict of transactions that leaves no trace, as DynamoDB may report it."""
    raise ConcurrencyError("a conflict without a trace")


def crash(*_: object) -> None:
    """The function is stopped."""
    raise ConnectionError("the function was stopped")
