"""What a client of the staff's stream knows: the rows of the topics that it watches, put together of frames.

It does in Python what the pages do (clients/pages/live), for tests and load. It has no timers and opens no connection.
Frames may come in any order and twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PROTOCOL = "mallbots.v1"

Frame = dict[str, Any]


@dataclass
class Watched:
    """One shard of a topic, as far as it is known.

    applied: the positions of the log whose changes were applied, in order. snapshots: how many were taken, the first
    included. promised: up to where the server said that a resume goes.
    """

    epoch: str = ""
    position: int = 0
    rows: dict[str, Frame] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    applied: list[int] = field(default_factory=list)
    snapshots: int = 0
    promised: int = 0
    _parts: dict[str, dict[int, Frame]] = field(default_factory=dict)
    _waiting: dict[tuple[str, int], dict[int, Frame]] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether there was a snapshot, and all that was promised has come."""
        return bool(self.epoch) and not self._parts and self.position >= self.promised

    def take(self, frame: Frame) -> None:
        """Take one frame of this shard."""
        match frame["type"]:
            case "snapshot":
                self._snapshot(frame)
            case "changes":
                self._waiting.setdefault((frame["epoch"], frame["position"]), {})[frame["part"]] = frame
                for item in frame.get("more") or ():
                    whole = {**item, "part": 1, "parts": 1}
                    self._waiting.setdefault((frame["epoch"], item["position"]), {})[1] = whole
            case "subscribed" if frame["epoch"] == self.epoch:
                self.promised = max(self.promised, frame["position"])
        self._apply()

    def _snapshot(self, frame: Frame) -> None:
        parts = self._parts.setdefault(frame["id"], {})
        parts[frame["part"]] = frame
        if len(parts) < frame["parts"]:
            return
        rows = [row for part in parts.values() for row in part["rows"]]
        self.rows = {row["id"]: row["data"] for row in rows}
        self.versions = {row["id"]: row["version"] for row in rows}
        self.epoch, self.position, self.promised = frame["epoch"], frame["position"], frame["position"]
        self.snapshots, self._parts = self.snapshots + 1, {}

    def _apply(self) -> None:
        while parts := self._waiting.get((self.epoch, self.position + 1)):
            first = next(iter(parts.values()))
            if len(parts) < first["parts"]:
                return
            del self._waiting[self.epoch, self.position + 1]
            self.position += 1
            self.applied.append(self.position)
            for _, part in sorted(parts.items()):
                self._change(part["changes"])
        old = [key for key in self._waiting if key[0] == self.epoch and key[1] <= self.position]
        for key in old:
            del self._waiting[key]

    def _change(self, changes: Iterable[Frame]) -> None:
        for change in changes:
            id, version = change["id"], change["version"]
            if version <= self.versions.get(id, 0):
                continue
            self.versions[id] = version
            if change["data"] is None:
                self.rows.pop(id, None)
            else:
                self.rows[id] = change["data"]


class Watcher:
    """All shards of the topics of one client, over all of its connections."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = list(topics)
        self.shards: dict[tuple[str, int], Watched] = {}
        self.errors: list[Frame] = []

    def subscribe(self) -> Frame:
        """What to send first on a connection: each shard that is known resumes, each topic that is not begins."""
        known = [
            {"topic": topic, "shard": shard, "epoch": one.epoch, "since": one.position}
            for (topic, shard), one in self.shards.items()
            if one.epoch
        ]
        begun = {entry["topic"] for entry in known}
        topics = [*known, *({"topic": t} for t in self.topics if t not in begun)]
        return {"action": "subscribe", "topics": topics, "packed": True}

    def ping(self, number: int) -> Frame:
        """What to send every 30 s: it keeps the connection and the watches, and asks where the logs are."""
        places = [
            {"topic": topic, "shard": shard, "epoch": one.epoch, "position": one.position}
            for (topic, shard), one in self.shards.items()
        ]
        return {"action": "ping", "id": number, "positions": places}

    def missed(self, pong: Frame) -> Frame | None:
        """What to send after a pong that names a position beyond what is known, or another epoch; None: nothing."""
        wanted: list[Frame] = []
        for head in pong["positions"]:
            one = self.shards[head["topic"], head["shard"]]
            here = {"topic": head["topic"], "shard": head["shard"]}
            if head["epoch"] != one.epoch:
                wanted.append(here)
            elif head["position"] > one.position:
                wanted.append({**here, "epoch": one.epoch, "since": one.position})
        return {"action": "subscribe", "topics": wanted, "packed": True} if wanted else None

    @property
    def is_ready(self) -> bool:
        """Whether every topic was answered, and all that was promised has come."""
        answered = {topic for topic, _ in self.shards}
        return answered == set(self.topics) and all(one.is_ready for one in self.shards.values())

    def take(self, frame: Frame) -> None:
        """Take what the server sent."""
        if frame.get("type") in ("snapshot", "changes", "subscribed"):
            self.shards.setdefault((frame["topic"], frame["shard"]), Watched()).take(frame)
        elif frame.get("type") == "error" or "message" in frame:
            self.errors.append(frame)

    def row(self, topic: str, id: str) -> Frame | None:
        """A row of a topic, in whichever shard."""
        return next((one.rows[id] for (name, _), one in self.shards.items() if name == topic and id in one.rows), None)

    def rows(self, topic: str) -> dict[str, Frame]:
        """All rows of a topic."""
        return {id: row for (name, _), one in self.shards.items() if name == topic for id, row in one.rows.items()}
