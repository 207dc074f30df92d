"""Rows in memory that are found by their partitions: what a query reads does not grow with the rest of the table."""

from collections import defaultdict
from typing import Any

from functions.kernel.projections.view_store import Item, MemoryViews
from functions.kernel.runtime.views import Page, Row

Key = tuple[str, str]


class PartitionedViews(MemoryViews):
    """The same as MemoryViews, for tables of many rows. What a test deletes itself is noticed, what it adds is not."""

    def __init__(self, indexes: Any = ()) -> None:
        super().__init__(indexes)
        self._places: defaultdict[tuple[str | None, str], set[Key]] = defaultdict(set)

    def put(self, row: Row, version: int) -> bool:
        key = row.partition, row.sort
        was_written = super().put(row, version)
        if was_written:
            self._places[None, row.partition].add(key)
            for index, (partition, _) in row.indexes.items():
                self._places[index, partition].add(key)
        return was_written

    def query(self, partition: str, *, index: str | None = None, **more: Any) -> Page:
        """Of these rows alone; those of an index that have left it are left out as ever."""
        found = MemoryViews(self.indexes)
        keys = self._places[index, partition]
        there: dict[Key, Item] = {key: self.items[key] for key in keys if key in self.items}
        found.items = there
        return found.query(partition, index=index, **more)
