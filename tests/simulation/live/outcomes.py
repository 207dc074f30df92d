"""What may come of a schedule, counted: a long run must reach each of these."""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.simulation.history import Entry

OUTCOMES: dict[str, str] = {
    "page live": "a page had all that it wanted, and said so",
    "page stale": "a page said that what it shows is stale",
    "snapshot": "a shard's rows were sent",
    "snapshot in parts": "in several frames",
    "rows replaced": "a page took a snapshot in place of rows that it had",
    "resumed": "a page went on from where it was",
    "resumed with changes": "and had missed some",
    "items out of order": "a page applied items that came before one of their predecessors",
    "change told": "a page applied an item of a log",
    "row left": "a row left a board",
    "new epoch": "a shard that had been watched was watched anew",
    "watch extended": "by a ping or a subscription",
    "watch closed": "by a worker that found its time over",
    "same change again": "a log has a change twice",
    "found gone": "a post found that a connection has ended (410)",
    "unavailable": "the server could not answer, and said so",
    "frame failed": "a frame's function failed, and the gateway said so",
    "connection refused": "a connection did not open",
    "moved over": "a page closed a connection because the next one is up to date",
    "idle": "a connection ended after ten minutes without a frame",
    "several pages": "more than one page",
}


def count(entries: Iterable[Entry]) -> Counter[str]:
    """How often each was reached."""
    counter = _Counter()
    for _, kind, fields in entries:
        counter.take(kind, fields)
    if counter.pages > 1:
        counter.found["several pages"] += 1
    return +counter.found


class _Counter:
    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.pages = 0
        self._epochs: dict[str, dict[str, Any]] = {}
        self._whole: set[tuple[str, str, int]] = set()
        self._changes: set[tuple[str, str, int]] = set()
        self._items: dict[tuple[str, str], str] = {}

    def take(self, kind: str, fields: dict[str, Any]) -> None:
        """Take an entry in."""
        found = self.found
        if kind == "posted":
            self._posted(json.loads(fields["text"]), fields["container"])
        elif kind == "row" and fields["item"]:
            self._row(fields["key"][0], fields["key"][1], fields["item"])
        elif kind == "applied":
            self._applied(fields)
        elif kind == "status":
            found["page live"] += fields["state"] == "live"
            found["page stale"] += fields["state"] == "stale"
        elif kind == "loaded":
            self.pages += fields["page"].endswith("#1")
        elif kind == "gone":
            found["found gone"] += 1
        elif kind == "refused socket":
            found["connection refused"] += 1
        elif kind == "frame failed":
            found["frame failed"] += 1
        elif kind == "ended socket":
            found["idle"] += fields["why"] == "idle"
        elif kind == "closes":
            found["moved over"] += fields["moved"]

    def _posted(self, frame: dict[str, Any], container: str) -> None:
        self.found["snapshot"] += frame["type"] == "snapshot"
        self.found["snapshot in parts"] += frame["type"] == "snapshot" and frame["part"] > 1
        self.found["resumed"] += frame["type"] == "subscribed"
        self.found["resumed with changes"] += frame["type"] == "changes" and container.startswith("live/socket")
        self.found["unavailable"] += frame["type"] == "error"

    def _row(self, partition: str, sort: str, item: dict[str, Any]) -> None:
        kind = partition.partition(" ")[0]
        if kind == "watch":
            self._watch(f"{partition} {sort}", json.loads(item["data"]["S"]))
        elif kind == "log" and "S" in item["data"]:
            log = partition.removeprefix("log ").rpartition(" ")[0]
            for change in json.loads(item["data"]["S"])["changes"]:
                self._items[log, change["message"]["id"]] = sort
                key = (partition, change["id"], change["version"])
                self.found["same change again"] += key in self._changes
                self._changes.add(key)

    def _watch(self, key: str, now: dict[str, Any]) -> None:
        before = self._epochs.get(key)
        self._epochs[key] = now
        if before is None:
            return
        if before["epoch"] != now["epoch"]:
            self.found["new epoch"] += 1
        elif now["closed"]:
            self.found["watch closed"] += 1
        else:
            self.found["watch extended"] += 1

    def _applied(self, fields: dict[str, Any]) -> None:
        key = (fields["page"], fields["topic"], fields["shard"])
        if fields["whole"]:
            self.found["rows replaced"] += key in self._whole
            self._whole.add(key)
        else:
            self.found["change told"] += 1
            log = f"{fields['topic']} {fields['shard']}"
            items = {self._items.get((log, message)) for message in fields["messages"]}
            self.found["items out of order"] += len(items) > 1
        self.found["row left"] += sum(row["data"] is None for row in fields["rows"])
