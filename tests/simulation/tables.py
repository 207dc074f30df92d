"""DynamoDB's tables: items by key in the order of sort keys, indexes that lag, and stale reads."""

import re
from bisect import bisect_left, bisect_right, insort
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from zlib import crc32

from tests.simulation.expressions import Item, plain
from tests.simulation.sdk import World

Key = tuple[str, Any]  # partition and sort key
Written = Callable[["Table", Key, Item, str, int], None]

_CANONICAL = re.compile(r"0|-?[1-9][0-9]*").fullmatch

ITEM_LIMIT = 409_600  # bytes
PARTITION_LIMIT, SORT_LIMIT = 2_048, 1_024  # bytes of a key
STALENESS = 2_000_000  # microseconds that an eventually consistent read lags at most
USUAL_LAG = 0.02  # seconds that an index lags without a fault


class InvalidKeyError(ValueError):
    """An item or a key that a table refuses."""


class Index:
    """A global secondary index: sparse, and lagging behind its table."""

    def __init__(self, name: str) -> None:
        self.partition_name = f"{name}_partition"
        self.sort_name = f"{name}_sort"
        self._shown: dict[Key, Item] = {}
        self._places: dict[Key, tuple[str, str]] = {}
        self._sorted: dict[str, list[tuple[str, str, str]]] = {}
        self._pending: deque[tuple[int, Key, Item]] = deque()
        self._visible: dict[Key, int] = {}

    def write(self, visible_at: int, key: Key, item: Item) -> None:
        """Show an item from a time on, never before an earlier write to the same key."""
        visible_at = max(visible_at, self._visible.get(key, 0))
        self._visible[key] = visible_at
        self._pending.append((visible_at, key, item))

    def catch_up(self, now: int) -> None:
        """Show what is due."""
        if not self._pending:
            return
        later = deque(entry for entry in self._pending if entry[0] > now)
        for visible_at, key, item in self._pending:
            if visible_at <= now:
                self._show(key, item)
        self._pending = later

    def _show(self, key: Key, item: Item) -> None:
        before = self._places.pop(key, None)
        if before:
            partition, sort = before
            entries = self._sorted[partition]
            del entries[bisect_left(entries, (sort, *key))]
        self._shown[key] = item
        if self.partition_name in item and self.sort_name in item:
            partition, sort = item[self.partition_name]["S"], item[self.sort_name]["S"]
            self._places[key] = (partition, sort)
            insort(self._sorted.setdefault(partition, []), (sort, *key))

    def entries(self, partition: str) -> Sequence[tuple[str, str, str]]:
        """(sort, table's partition, table's sort) of a partition, in order."""
        return self._sorted.get(partition, ())

    def item(self, key: Key) -> Item:
        """An item as the index shows it."""
        return self._shown[key]


class Table:
    """One table. `written` is called for each write: table, key, whole item, writer, items in its transaction."""

    def __init__(
        self,
        world: World,
        name: str,
        partition_name: str,
        sort_name: str,
        sort_type: str,
        written: Written,
        indexes: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.partition_name, self.sort_name, self._sort_type = partition_name, sort_name, sort_type
        self.items: dict[Key, Item] = {}
        self.indexes = {index: Index(index) for index in indexes}
        self.index_keys = [(index.partition_name, index.sort_name) for index in self.indexes.values()]
        self.locked: dict[Key, str] = {}
        self.transactional = False
        self._world = world
        self._written = written
        self._sorts: dict[str, list[Any]] = {}
        self._recent: deque[tuple[int, Key, Item | None]] = deque()

    @property
    def key_names(self) -> tuple[str, str]:
        """The names of its keys."""
        return self.partition_name, self.sort_name

    def index_key_names(self, index: str) -> tuple[str, str]:
        """The names of the keys of an index. Raises InvalidKeyError for an unknown index."""
        if index not in self.indexes:
            raise InvalidKeyError(f"The table does not have the specified index: {index}")
        return self.indexes[index].partition_name, self.indexes[index].sort_name

    def key(self, item: Item) -> Key:
        """The key of an item. Raises InvalidKeyError."""
        partition = item.get(self.partition_name, {}).get("S")
        sort = item.get(self.sort_name, {})
        if not partition or self._sort_type not in sort or sort[self._sort_type] == "":
            raise InvalidKeyError(f"the key of {self.name} is missing, empty or of another type")
        if not (_fits(partition, PARTITION_LIMIT) and _fits(sort.get("S", ""), SORT_LIMIT)):
            raise InvalidKeyError("Size of a key has exceeded the maximum size limit of 2048 bytes, or of 1024 to sort")
        return partition, plain(sort)

    def key_item(self, key: Key) -> Item:
        """A key as attribute values."""
        partition, sort = key
        return {self.partition_name: {"S": partition}, self.sort_name: {self._sort_type: str(sort)}}

    def index_key_item(self, index: Index, partition: str, sort: str, key: Key) -> Item:
        """The keys of an index and of the table as attribute values."""
        return {**self.key_item(key), index.partition_name: {"S": partition}, index.sort_name: {"S": sort}}

    def checked(self, item: Item) -> Item:
        """An item as it is stored. Raises InvalidKeyError for one that DynamoDB would refuse."""
        size, kept = 0, dict(item)
        for name, value in item.items():
            [(kind, content)] = value.items()
            if kind in ("S", "N"):
                if not isinstance(content, str):
                    raise InvalidKeyError(f"{name} must be text, and is {content!r}")
                size += len(name) + (len(content) if content.isascii() else len(content.encode()))
            if kind == "B":
                if not isinstance(content, bytes):
                    raise InvalidKeyError(f"{name} must be bytes, and is {content!r}")
                size += len(name) + len(content)
            if kind == "N" and not _CANONICAL(content):
                kept[name] = {"N": _canonical(content)}
            if kind in ("SS", "NS", "BS") and not content:
                raise InvalidKeyError("a set may not be empty")
        if size > ITEM_LIMIT:
            raise InvalidKeyError("Item size has exceeded the maximum allowed size")
        for index in self.indexes.values():
            for name in (index.partition_name, index.sort_name):
                if name in item and not item[name].get("S"):
                    raise InvalidKeyError(f"the index key {name} is empty")
                limit = PARTITION_LIMIT if name == index.partition_name else SORT_LIMIT
                if name in item and not _fits(item[name]["S"], limit):
                    raise InvalidKeyError(f"the index key {name} has more than {limit} bytes")
        return kept

    def write(self, key: Key, item: Item, by: str, in_transaction: int = 1) -> None:
        """Put an item, which must not be changed afterwards."""
        world = self._world
        before = self.items.get(key)
        if before is None:
            insort(self._sorts.setdefault(key[0], []), key[1])
        self.items[key] = item
        if world.faults.on("stale read"):
            self._recent.append((world.scheduler.now_us, key, before))
        for index in self.indexes.values():
            seconds = USUAL_LAG
            if world.faults.strikes("index behind", self.name):
                seconds = world.choices.seconds(0.5, 8.0, "index behind")
            index.write(world.scheduler.now_us + int(seconds * 1_000_000), key, item)
        self._written(self, key, item, by, in_transaction)

    def remove(self, key: Key, by: str) -> None:
        """Delete an item; `written` is called with an empty one. Nothing happens when it is not there."""
        before = self.items.pop(key, None)
        if before is None:
            return
        self._sorts[key[0]].remove(key[1])
        now = self._world.scheduler.now_us
        if self._world.faults.on("stale read"):
            self._recent.append((now, key, before))
        for index in self.indexes.values():
            index.write(now + int(USUAL_LAG * 1_000_000), key, {})
        self._written(self, key, {}, by, 1)

    def replace(self, items: dict[Key, Item]) -> None:
        """Hold these items instead, as a table that was restored does. Nobody is told."""
        self.items = dict(items)
        self._sorts, self._recent = {}, deque()
        self.indexes = {name: Index(name) for name in self.indexes}
        for key, item in items.items():
            insort(self._sorts.setdefault(key[0], []), key[1])
            for index in self.indexes.values():
                index.write(0, key, item)

    def sorts(self, partition: str) -> Sequence[Any]:
        """The sort keys of a partition in order."""
        return self._sorts.get(partition, ())

    def as_it_was(self, ago: int) -> "Snapshot":
        """The table as it was so many microseconds ago (2 s at most)."""
        now = self._world.scheduler.now_us
        while self._recent and self._recent[0][0] < now - STALENESS:
            self._recent.popleft()
        before: dict[Key, Item | None] = {}
        for at, key, item in self._recent:
            if at > now - ago:
                before.setdefault(key, item)
        return Snapshot(self, before)

    def in_segment(self, segment: int, segments: int) -> Iterator[Key]:
        """The keys of one segment of a parallel scan, in the order of their hashes. Raises InvalidKeyError."""
        if not 0 <= segment < segments:
            raise InvalidKeyError("the segment must be less than the number of segments")
        hashed = sorted((crc32(partition.encode("utf-8", "surrogatepass")), partition) for partition in self._sorts)
        for number, partition in hashed:
            if number % segments == segment:
                yield from ((partition, sort) for sort in self._sorts[partition])


class Snapshot:
    """A table at an earlier time."""

    def __init__(self, table: Table, before: dict[Key, Item | None]) -> None:
        self._table = table
        self._before = before

    def item(self, key: Key) -> Item | None:
        """The item of a key at that time."""
        return self._before[key] if key in self._before else self._table.items.get(key)

    def sorts(self, partition: str) -> Sequence[Any]:
        """The sort keys of a partition at that time."""
        there = self._table.sorts(partition)
        if not self._before:
            return there
        deleted = {sort for (within, sort), item in self._before.items() if within == partition and item is not None}
        return [sort for sort in sorted({*there, *deleted}) if self.item((partition, sort)) is not None]


def _fits(text: str, limit: int) -> bool:
    """Whether a text has at most so many bytes."""
    return len(text) * 4 <= limit or len(text.encode()) <= limit


def _canonical(number: str) -> str:
    """A number without superfluous zeros. Raises InvalidKeyError for text that is no number."""
    try:
        value = Decimal(number)
    except InvalidOperation:
        raise InvalidKeyError(f"Cannot convert {number!r} to a number") from None
    if not value.is_finite():
        raise InvalidKeyError(f"Cannot convert {number!r} to a number")
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("", "-0", "-") else text


def between(sorts: Sequence[Any], low: Any, high: Any) -> tuple[int, int]:
    """The positions between two sort keys, inclusive; None is no bound."""
    start = 0 if low is None else bisect_left(sorts, low)
    end = len(sorts) if high is None else bisect_right(sorts, high)
    return start, end
