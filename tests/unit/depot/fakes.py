"""Fakes below the depot in memory: an index that may be behind, and queues that delay messages."""

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
    """Rows whose index shows them as they were `lag` seconds ago; reads by key are current."""

    def __init__(self) -> None:
        super().__init__(manifest("depot").indexes)
        self.lag = 0.0
        self._past: list[tuple[datetime, tuple[str, str]]] = []
        self._items: list[Any] = []

    def put(self, row: Row, version: int) -> bool:
        written = super().put(row, version)
        if written:
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
class QueuedMessage:
    """A message in a queue, and when it is due."""

    body: dict[str, Any]
    due: datetime

    @property
    def detail(self) -> dict[str, Any]:
        """The envelope of the message."""
        detail: dict[str, Any] = self.body["detail"]
        return detail


class TimedQueue(RecordingQueue):
    """A queue of which the due messages can be taken; two with one deduplication id are one."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[QueuedMessage] = []
        self._seen: set[str] = set()

    def send(
        self, body: str, delay: int = 0, reason: Mapping[str, str] | None = None, group: str = "", dedup: str = ""
    ) -> None:
        super().send(body, delay, reason, group, dedup)
        if not dedup or dedup not in self._seen:
            self.messages.append(QueuedMessage(json.loads(body), clock.now() + timedelta(seconds=delay)))
        self._seen.add(dedup)

    def take(self) -> list[QueuedMessage]:
        """Take the messages that are due."""
        due = [message for message in self.messages if message.due <= clock.now()]
        self.messages = [message for message in self.messages if message not in due]
        return due

    def take_back(self, message: QueuedMessage) -> None:
        """Keep a message that came before it was due, or a sweep that is to look again, until then."""
        assert "due" in message.body or message.body.get("detail-type") == "RobotLeasesDue", f"{message.body} failed"
        seconds = self.retry_in_seconds.pop("receipt")
        self.messages.append(QueuedMessage(message.body, clock.now() + timedelta(seconds=seconds)))
