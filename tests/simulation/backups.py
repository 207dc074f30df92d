"""Point-in-time recovery: what each table was at any moment, and a table that a restored one replaces.

A restored table is another one, with a stream of its own: what is in it was not written now, so no record tells of it.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html
"""

from tests.simulation.expressions import Item
from tests.simulation.tables import Key, Table


class Backups:
    """Every write of every table."""

    def __init__(self) -> None:
        self._writes: list[tuple[int, str, Key, Item]] = []

    def written(self, at_us: int, table: str, key: Key, item: Item) -> None:
        """An item was put, or deleted (an empty one)."""
        self._writes.append((at_us, table, key, item))

    def first_written(self, table: str, key: Key) -> int:
        """When an item was first put. Raises StopIteration for one that never was."""
        return next(at for at, name, written, item in self._writes if (name, written) == (table, key) and item)

    def moments(self, table: str) -> list[int]:
        """When items of a table were written."""
        return sorted({at for at, name, _, _ in self._writes if name == table})

    def as_of(self, table: str, at_us: int) -> dict[Key, Item]:
        """The items of a table at a moment."""
        items: dict[Key, Item] = {}
        for written_us, name, key, item in self._writes:
            if name == table and written_us <= at_us:
                items[key] = item
        return {key: item for key, item in items.items() if item}

    def restore(self, table: Table, at_us: int) -> None:
        """Have a table hold what it held at a moment."""
        table.replace(self.as_of(table.name, at_us))
