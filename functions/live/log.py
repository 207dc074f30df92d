"""The log of a shard: one item for each batch that changed it, numbered, while somebody watches.

A watch is a lease with an epoch. Its row is written with the version after the one that was read, so that of two who
change it one reads again. A log item's key must not exist, so that of two who append the second takes the next number.

What makes it right, whatever the order of two at work and however much their clocks disagree:

- a worker writes its rows first, then reads the watch, then appends; a subscriber takes the watch first, then reads the
  head, then the rows: a change is in the rows that it reads, or in the log behind the head, or in both;
- a worker that finds a watch past its time closes it before it leaves the log out, and looks again where it could not;
  nobody extends a closed one, the next subscriber begins another epoch: no epoch lacks a change;
- a worker reads the head first, then the rows, then appends: of one row, a later item never has an older version;
- a watch that is extended keeps its head as `base`, and one whose time is long over is extended no more: a number is
  used once, also when all items have expired.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock, ids, runtime
from functions.kernel.runtime.views import Row
from functions.live.topics import Shard

WINDOW = timedelta(minutes=15)  # a client that was away longer gets a snapshot
LEASE = 2 * WINDOW  # pings extend it when half of it is left: so the log of a client that goes away has the window
ITEMS_KEPT = 2 * LEASE  # longer than a watch can be extended without its base: LEASE and WINDOW
WATCHES_KEPT = timedelta(days=1)  # past their time: a worker that read one has ended long before
LONGEST_RESUME = 1_000  # items: a snapshot is shorter. A client goes on from where an invocation had no more time
TRIES = 10  # of an append, and of a change of a watch


@dataclass(frozen=True)
class Watch:
    """Somebody watches a shard, until a time (RFC 3339). base: no item of the epoch has a lower number, or that one.

    version: how often the row was written.
    """

    epoch: str
    until: str
    base: int
    version: int
    closed: bool = False

    @property
    def is_over(self) -> bool:
        """Whether its time is over, by the clock here."""
        return clock.read(self.until) <= clock.now()

    @property
    def is_lost(self) -> bool:
        """Whether nobody may extend it: it is closed, or over for so long that items behind its base may expire."""
        return self.closed or clock.read(self.until) + WINDOW <= clock.now()

    @property
    def is_fresh(self) -> bool:
        """Whether more than half of its lease is left, by the clock here."""
        return clock.read(self.until) - clock.now() > LEASE / 2


@dataclass(frozen=True)
class Entry:
    """An item of a log: what changed, as sent. time: when it was appended."""

    position: int
    time: str
    changes: list[dict[str, Any]]


def open_watches(shards: Iterable[Shard]) -> dict[Shard, Watch]:
    """The watches of those shards that somebody watches, or watched and nobody closed; read consistently.

    They come in the order of the shards, whatever order DynamoDB reads a batch in.
    """
    return {shard: watch for shard, watch in watches(shards).items() if not watch.closed}


def watches(shards: Iterable[Shard]) -> dict[Shard, Watch]:
    """The watches that shards have, open or not, as `take` needs them; read consistently."""
    keys = {shard: _watch_key(shard) for shard in shards}
    found = runtime.current().views.get_many(keys.values(), consistent=True)
    return {shard: Watch(**found[key]) for shard, key in keys.items() if key in found}


def take(shard: Shard, there: Watch | None) -> Watch:
    """Watch a shard: the watch that is there, extended where half of its time is over, or one with another epoch.

    there: as it was read just now. Raises UnavailableError.
    """
    for attempt in range(TRIES):
        if there and not there.is_lost:
            extended = _extended(shard, there)
            if extended:
                return extended
        else:
            version = there.version + 1 if there else 1
            new = Watch(ids.new(), clock.stamp(clock.now() + LEASE), 0, version)
            if _write(shard, new):
                return new
        clock.back_off(attempt)
        there = _read(shard)
    raise UnavailableError("many begin to watch this at once: ask again in a moment")


def keep(shard: Shard, watch: Watch) -> Watch | None:
    """Extend a watch that was read, where half of its time is over; None where it is lost."""
    there: Watch | None = watch
    for attempt in range(TRIES):
        if there is None or there.is_lost:
            return None
        extended = _extended(shard, there)
        if extended:
            return extended
        clock.back_off(attempt)
        there = _read(shard)
    raise UnavailableError("many watch this at once: ask again in a moment")


def head(shard: Shard, watch: Watch) -> int:
    """The position of the newest item of a log; its base where it has none, or none any more."""
    newest = runtime.current().views.query(_partition(shard, watch), limit=1, descending=True, consistent=True)
    return max([watch.base, *map(int, newest.sorts)])


def append(
    shard: Shard, watch: Watch | None, changes: Callable[[], list[dict[str, Any]]]
) -> tuple[Watch, Entry] | None:
    """Append an item to the log of a shard; None where nobody watches it, or nothing is to be appended.

    watch: if it is open, as read after the rows were written. changes: reads the rows, and is called after each look at
    the head. Raises UnavailableError where others are faster again and again.
    """
    for attempt in range(TRIES):
        if watch is None:
            return None
        if watch.is_over:
            if _write(shard, replace(watch, closed=True, version=watch.version + 1)):
                return None
        else:
            position = head(shard, watch) + 1
            changed = changes()
            if not changed:
                return None
            entry = Entry(position, clock.stamp(), changed)
            if _add(shard, watch, entry):
                return watch, entry
            clock.back_off(min(attempt, 4))
        watch = open_watches([shard]).get(shard)
    raise UnavailableError("many append to this log at once")


def since(shard: Shard, watch: Watch, position: int) -> list[Entry] | None:
    """The items behind a position, all of them; None where that cannot be told, or one is older than the window.

    A client knows no position that no item had: there is its item, the next one, or the watch's base is that.
    """
    oldest = clock.now() - WINDOW
    entries: list[Entry] = []
    known = position == watch.base
    for entry in _from(shard, watch, position):
        if entry.position == position:
            known = True
            continue
        lacks_one = entry.position != position + len(entries) + 1
        if lacks_one or clock.read(entry.time) < oldest or len(entries) == LONGEST_RESUME:
            return None
        entries.append(entry)
    reaches_base = position + len(entries) >= watch.base  # items up to the base may have expired
    return entries if (known or entries) and reaches_base else None


def _from(shard: Shard, watch: Watch, position: int) -> Iterator[Entry]:
    """The items from a position on; what is appended meanwhile is found, too."""
    after: dict[str, Any] | None = None
    while True:
        page = runtime.current().views.query(
            _partition(shard, watch), first=_sort(position), limit=100, after=after, consistent=True
        )
        for sort, data in zip(page.sorts, page.rows, strict=True):
            yield Entry(int(sort), data["time"], data["changes"])
        after = page.after
        if after is None:
            return


def _extended(shard: Shard, watch: Watch) -> Watch | None:
    """The watch, extended unless it is fresh; None where it is not the one that was read any more."""
    if watch.is_fresh:
        return watch
    until = clock.stamp(clock.now() + LEASE)
    extended = replace(watch, until=until, base=head(shard, watch), version=watch.version + 1)
    return extended if _write(shard, extended) else None


def _read(shard: Shard) -> Watch | None:
    data = runtime.current().views.get(*_watch_key(shard))
    return Watch(**data) if data else None


def _write(shard: Shard, watch: Watch) -> bool:
    """Write a watch unless somebody wrote its row since the version before was read."""
    expires = int((clock.read(watch.until) + WATCHES_KEPT).timestamp())
    return runtime.current().views.put(Row(*_watch_key(shard), asdict(watch), expires=expires), watch.version)


def _add(shard: Shard, watch: Watch, entry: Entry) -> bool:
    """Write an item unless its number is taken."""
    data = {"time": entry.time, "changes": entry.changes}
    expires = int((clock.read(entry.time) + ITEMS_KEPT).timestamp())
    return runtime.current().views.put(Row(_partition(shard, watch), _sort(entry.position), data, expires=expires), 1)


def _watch_key(shard: Shard) -> tuple[str, str]:
    return f"watch {shard.topic}", str(shard.number)


def _partition(shard: Shard, watch: Watch) -> str:
    return f"log {shard.topic} {shard.number} {watch.epoch}"


def _sort(position: int) -> str:
    return f"{position:012}"
