"""Epochs: a table that was restored to a point in time goes on above every version that was ever published.

What was committed after the point is lost, but not forgotten elsewhere: consumers hold rows of its versions, and know
its messages by their ids. Versions that come a second time would be taken for these. So whoever restores a table opens
an epoch in it before it serves. Its base is the moment of the opening in microseconds since 1970, since no stream gets
an event a microsecond: it is above all versions of all epochs before, also of those that a restored table does not know
any more, and below 2^53, to which JavaScript's numbers are exact, until the year 2255.

    Epochs#of-this-table   1, 2 …   a commit for each, which publishes nothing

The first event of a stream after the opening has the version after the base, also in a stream that is lost and begins
anew under its derived id. Ids of messages are derived from stream and version, so none comes again either. Why a stream
of the table and no setting of the deployment: docs/adr/0054.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.kernel.runtime.runtime import EventStore

STREAM = "Epochs#of-this-table"
KNOWN_FOR = timedelta(minutes=5)  # in a container: a table that is restored in place serves so much later
EXACT = 2**53  # what is above this, JavaScript rounds
MOST = 10**9  # events that a stream never has in one epoch
OPENED = "Opened"


class GapError(Exception):
    """A stream lacks a commit between two that it has."""


class Known:
    """The epochs of a table, as they were read at a moment; mixed into event stores. due: when they are read again."""

    _bases: tuple[int, ...] = ()
    due: datetime | None = None

    def forwards(self, stream: str) -> Iterator[Commit]:
        """The commits of a stream, oldest first."""
        raise NotImplementedError

    def epochs(self, *, again: bool = False) -> tuple[int, ...]:
        """Their bases, the oldest first, as of five minutes ago at most. again: as of now. One Query."""
        now = clock.now()
        if again or self.due is None or now >= self.due:
            self._bases = tuple(commit.events[0].data["base"] for commit in self.forwards(STREAM))
            self.due = now + KNOWN_FOR
        return self._bases


def floor(store: EventStore, *versions: int) -> int:
    """The version above which streams go on: the newest base, or 0.

    versions: that streams are known to have; one that is far above the base tells of an epoch opened a moment ago.
    """
    base = max(store.epochs(), default=0)
    if any(version > base + MOST for version in versions):
        base = max(store.epochs(again=True), default=0)
    return base


def check_gap(store: EventStore, stream: str, last: int, first: int) -> None:
    """Raises GapError unless a commit whose first event has version `first` may follow an event of version `last`.

    It follows at once, or it is the stream's first of an epoch.
    """
    base = first - 1
    if base != last and not (base > last and (base in store.epochs() or base in store.epochs(again=True))):
        raise GapError(f"{stream} has nothing between the versions {last} and {first}")


def base_at(moment: datetime) -> int:
    """The base of an epoch that is opened at a moment."""
    return int(moment.timestamp() * 1_000_000)


def open_epoch(store: EventStore, base: int, about: str) -> Commit:
    """Open an epoch in a table that does not serve yet. about: why, for those who read the commit.

    Raises ValueError for a base that is not above those that there are, or so high that it leaves no room.
    """
    bases = store.epochs(again=True)
    if not max(bases, default=0) < base < EXACT - MOST:
        raise ValueError(f"the base {base} is not above those of {bases}, or too high")
    opened = Commit(
        stream=STREAM,
        version=len(bases) + 1,
        id=ids.new(),
        events=(StoredEvent.of(OPENED, 1, {"base": base, "about": about}),),
        time=clock.stamp(),
        actor="operator",
    )
    store.commit(opened)
    store.epochs(again=True)
    return opened
