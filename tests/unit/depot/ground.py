"""What the depot in memory stands on: an index that may be behind, and queues that keep time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.kernel.composition.manifest import manifest
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.views import Page, Row
from tests.support.runtime import RecordingQueue


class LaggingViews(MemoryViews):
    """Rows whose index shows them as they were `lag` seconds ago; by their keys they are as they are."""

    def __init__(self) -> None:
        super().__init__(manifest("depot").indexes)
        self.lag = 0.0
        self._past: list[tuple[datetime, tuple[str, str]]] = []
        self._items: list[Any] = []

    def put(self, row: Row, version: int) -> bool:
        written = super().put(row, version)
        if written and row.indexes:
            self._past.append((clock.now(), (row.partition, row.sort)))
            self._items.append(self.items[row.partition, row.sort])
        return written

    def query(self, partition: str, *, index: str | None = None, **more: Any) -> Page:
        if index is None:
            return super().query(partition, **more)
        shown = MemoryViews(self.indexes)
        limit = clock.now() - timedelta(seconds=self.lag)
        shown.items = {
            key: item
            for (time, key), item in zip(self._past, self._items, strict=True)
            if self.lag == 0 or time <= limit
        }
        return shown.query(partition, index=index, **more)


@dataclass
class Letter:
    """A message in a queue, and when it is due."""

    body: dict[str, Any]
    due: datetime

    @property
    def detail(self) -> dict[str, Any]:
        """The message itself."""
        detail: dict[str, Any] = self.body["detail"]
        return detail


class TimedQueue(RecordingQueue):
    """A queue from which can be taken what is due; what is sent twice under one deduplication id is there once."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Letter] = []
        self._seen: set[str] = set()

    def send(
        self, body: str, delay: int = 0, reason: Mapping[str, str] | None = None, group: str = "", dedup: str = ""
    ) -> None:
        super().send(body, delay, reason, group, dedup)
        if not dedup or dedup not in self._seen:
            self.letters.append(Letter(json.loads(body), clock.now() + timedelta(seconds=delay)))
        self._seen.add(dedup)

    def take(self) -> list[Letter]:
        """What is due, which is then no longer there."""
        due = [letter for letter in self.letters if letter.due <= clock.now()]
        self.letters = [letter for letter in self.letters if letter not in due]
        return due
