"""A table in memory that is restored to a point in time, the containers that work on it, and all it ever published."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from functions.kernel.eventstore import epochs
from functions.kernel.eventstore.item import Item, from_item, messages_of, to_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.vault import RowWrite


class Container(MemoryEventStore):
    """A container's store, with what it knows of the table's epochs. before_commit: each runs once, before a commit."""

    def __init__(self, shelf: "Shelf") -> None:
        super().__init__()
        self._shelf = shelf
        self.items, self.log = shelf.items, shelf.log
        self.before_commit: list[Callable[[], object]] = []

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        if self.before_commit:
            self.before_commit.pop(0)()
        before = len(self.log)
        super().commit(*commits, beside=beside)
        self._shelf.publish(self.log[before:])

    def forwards_last(self, stream: str) -> Commit:
        """The newest commit of a stream."""
        return list(self.forwards(stream))[-1]


class Shelf:
    """The table. now: the time. published: stream and version of each event that was ever published; messages too."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.items: dict[str, dict[int, Item]] = {}
        self.log: list[Item] = []
        self.published: list[tuple[str, int]] = []
        self.messages: list[dict[str, Any]] = []

    def container(self) -> Container:
        """A new one, which knows nothing yet."""
        return Container(self)

    def publish(self, items: Sequence[Item]) -> None:
        for item in items:
            for message in messages_of(item):
                metadata = message.detail["metadata"]
                if message.delay is None:
                    self.published.append((metadata["stream"], metadata["stream_version"]))
                    self.messages.append(message.detail)

    def restore(self, commits: int, *, with_epochs: int | None = None) -> None:
        """Have what the first so many commits left, and so many of the epochs (all of them)."""
        opened = [item for item in self.log if item["stream"]["S"] == epochs.STREAM][:with_epochs]
        kept = [item for item in self.log if item["stream"]["S"] != epochs.STREAM][:commits]
        self.log[:] = [item for item in self.log if item in opened or item in kept]
        self.items.clear()
        for item in self.log:
            self.items.setdefault(item["stream"]["S"], {})[int(item["version"]["N"])] = item

    def open_epoch(self) -> None:
        """Open an epoch now, from a container of the operator's own."""
        epochs.open_epoch(self.container(), epochs.base_at(self.now), "restored")

    def drop_snapshots(self) -> None:
        """Leave events alone in the commits."""
        for stored in self.items.values():
            for version, item in stored.items():
                stored[version] = to_item(replace(from_item(item), snapshot=None, renewed=None))
