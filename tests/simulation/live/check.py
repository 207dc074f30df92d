"""What must hold of the history of a schedule, judged by what was recorded: rows, frames, posts, what pages applied."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.kernel.projections.view_store import read_item
from functions.live import topics
from functions.live.topics import Key, Shard
from functions.live.views import has_moved
from tests.simulation.check.violation import Violation
from tests.simulation.history import Entry
from tests.simulation.live.gateway import FRAME
from tests.simulation.live.snapshots import Log, check_snapshots, check_taken

IN_ORDER = "a page applies each item of a log once, in order, and without a gap"
NEWER = "a row is shown in newer and newer versions, and a snapshot sets nothing back"
STORED = "what a page shows was stored"
NUMBERS = "a number of a log is used once, and none is left out"
LOGGED = "what is written while a shard is watched is in its log"
EPOCH = "a frame names an epoch that its shard has had"
RESUMED = "a resume brings exactly what was missed, in order"
WINDOW = "no snapshot within the window, unless the epoch ended by itself"
ASKS = "a page resumes from where it is"
WORKS_FIRST = "a subscription works before it is answered"
FITS = "a frame fits: 32 KB, and entries that the server reads"
KEPT = "a page that is awake neither lets a connection go idle nor has it end after two hours"
BACKS_OFF = "a page backs off: 15 connections in 10 s at most"

WINDOW_S, SECOND = 900, 1_000_000
ATTEMPTS, AWAKE_S = 15, 15 * 60
MOST_ITEMS = 1_000  # of a resume


def check(entries: Sequence[Entry]) -> Iterator[Violation]:
    """The invariants that a history violates."""
    checker = _Checker(entries)
    judges = checker.judges()
    for at_us, kind, fields in entries:
        if kind in judges:
            yield from judges[kind](at_us, fields) or ()
    yield from checker.left_out()


@dataclass
class _Feed:
    """A feed of a page as it was told. versions: of rows, also of those that left. shown: those that did not."""

    epoch: str = ""
    position: int = 0
    versions: dict[str, int] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)


@dataclass
class _Work:
    """An invocation of the socket's function. head: of each log as it began."""

    frame: str
    began_us: int
    posts: list[dict[str, Any]] = field(default_factory=list)
    heads: dict[tuple[str, int, str], int] = field(default_factory=dict)
    unsubscribed: set[tuple[str, str]] = field(default_factory=set)


class _Checker:
    def __init__(self, entries: Sequence[Entry]) -> None:
        skews = [abs(fields["skew"]) for _, kind, fields in entries if kind == "clock"]
        self._clocks = 5 + 2 * max(skews, default=0) / SECOND  # seconds by which two clocks differ at most, and some
        self._rows: dict[Key, dict[int, dict[str, Any]]] = {}  # of boards, by version
        self._written: dict[Key, tuple[int, int]] = {}  # when, and the version
        self._subscribers: set[tuple[str, str]] = set()
        self._logs: dict[tuple[str, int, str], Log] = {}
        self._epochs: dict[tuple[str, int], dict[str, int]] = {}  # of each shard, and when it began
        self._closed: set[tuple[str, int, str]] = set()
        self._kept: dict[tuple[str, int, str], int] = {}  # when a watch was taken or looked after last
        self._feeds: dict[tuple[str, str, int], _Feed] = {}
        self._at_work: dict[str, _Work] = {}
        self._frames: dict[str, tuple[str, dict[str, Any]]] = {}
        self._snapshots: dict[str, list[dict[str, Any]]] = {}  # the rows that were sent, by the snapshot's id
        self._pages: dict[str, str] = {}  # by connection
        self._connects: dict[str, list[int]] = {}
        self._awake: dict[str, int] = {}  # since when
        self._left: set[str] = set()
        self._fault_us = -AWAKE_S * SECOND

    def judges(self) -> dict[str, Callable[[int, dict[str, Any]], Iterator[Violation] | None]]:
        """What is to be done with entries, by their kind."""
        return {
            "row": self._row,
            "frame": self._frame,
            "invocation": self._invocation,
            "posted": self._posted,
            "ended": self._ended,
            "loaded": self._wakes,
            "awake": self._wakes,
            "asleep": self._falls_asleep,
            "wanted": self._wanted,
            "sends": self._sends,
            "problem": self._problem,
            "applied": self._applied,
            "connects": self._connect,
            "closes": self._close,
            "fault": self._fault,
            "ended socket": self._ended_socket,
        }

    # What is stored.

    def _row(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        partition, sort = fields["key"]
        kind, _, rest = partition.partition(" ")
        if kind in ("board", "ended"):
            if fields["item"]:
                data = read_item(fields["item"]) or {}
                version, key = data.pop("version"), Key(f"board {rest}", sort)
                if not has_moved(data):
                    self._rows.setdefault(key, {})[version] = data
                if kind == "board":
                    self._written[key] = at_us, version
        elif kind == "log":
            if fields["item"]:
                yield from self._appended(at_us, rest, int(sort), read_item(fields["item"]) or {})
        elif kind == "watch":
            watch = read_item(fields["item"]) if fields["item"] else None
            if watch:
                self._epochs.setdefault((rest, int(sort)), {}).setdefault(watch["epoch"], at_us)
                if watch["closed"]:
                    self._closed.add((rest, int(sort), watch["epoch"]))
        elif kind == "subscribers":
            if fields["item"]:
                self._subscribers.add((rest, sort))
            else:
                self._subscribers.discard((rest, sort))
                for work in self._at_work.values():
                    work.unsubscribed.add((rest, sort))

    def _appended(self, at_us: int, place: str, number: int, data: dict[str, Any]) -> Iterator[Violation]:
        topic, shard, epoch = place.rsplit(" ", 2)
        log = self._logs.setdefault((topic, int(shard), epoch), {})
        if number != max(log, default=0) + 1:
            yield Violation(NUMBERS, f"{place} got {number} after {max(log, default=0)}")
        log[number] = at_us / SECOND, data["changes"]

    def left_out(self) -> Iterator[Violation]:
        """What is in no log of the epoch in which it was written, if that is not closed."""
        for (topic, number), epochs in self._epochs.items():
            epoch, began_us = list(epochs.items())[-1]
            if (topic, number, epoch) in self._closed:
                continue
            logged = {
                (change["id"], change["version"])
                for _, changes in self._logs.get((topic, number, epoch), {}).values()
                for change in changes
            }
            for id, key in self._shown(Shard(topic, number)):
                at_us, version = self._written[key]
                if at_us > began_us and (id, version) not in logged:
                    text = f"version {version} of {id} is not in the log of {topic} {number}"
                    yield Violation(LOGGED, text, {"epoch": epoch})

    def _shown(self, shard: Shard) -> list[tuple[str, Key]]:
        if shard.topic.startswith(topics.ONE_ORDER):
            return [(id, key) for id, key in topics.keys_of_order(shard.topic).items() if key in self._written]
        partition = topics.board(shard)
        return [(key.sort, key) for key in self._written if key.partition == partition]

    # What goes over the sockets.

    def _frame(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        if len(fields["text"].encode()) > FRAME:
            yield Violation(FITS, f"{fields['id']} of a page has {len(fields['text'].encode())} bytes")
        self._frames[fields["id"]] = fields["connection"], json.loads(fields["text"])

    def _invocation(self, at_us: int, fields: dict[str, Any]) -> None:
        if fields["function"] == "live/socket":
            heads = {place: max(log) for place, log in self._logs.items()}
            self._at_work[fields["container"]] = _Work(fields["cause"][0], at_us, heads=heads)

    def _posted(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        size = len(fields["text"].encode())
        if size > FRAME:
            yield Violation(FITS, f"{fields['id']} has {size} bytes")
        frame = json.loads(fields["text"])
        places = frame["positions"] if frame["type"] == "pong" else [frame] if "epoch" in frame else []
        for place in places:
            epochs = self._epochs.get((place["topic"], place["shard"]), {})
            if place["epoch"] and place["epoch"] not in epochs:
                yield Violation(EPOCH, f"{fields['id']} names the epoch {place['epoch']} of {place['topic']}")
        if frame["type"] == "snapshot":
            self._snapshots.setdefault(frame["id"], []).extend(frame["rows"])
        work = self._at_work.get(fields["container"])
        if work is None:
            return
        if work.posts[-1:] != [frame]:  # one that was taken and not answered is posted again
            work.posts.append(frame)
        who = (frame.get("topic", ""), fields["connection"])
        if frame["type"] in ("snapshot", "subscribed") and who not in self._subscribers | work.unsubscribed:
            yield Violation(WORKS_FIRST, f"{fields['id']} answers {who}, who does not subscribe")

    def _ended(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        work = self._at_work.pop(fields["container"], None)
        if work is None or work.frame not in self._frames:
            return
        _, frame = self._frames[work.frame]
        if frame["action"] == "subscribe":
            for wanted in frame["topics"]:
                if "since" in wanted:
                    yield from self._resumed(at_us, work, wanted)
        yield from check_snapshots(work.posts, self._logs, self._rows)
        for post in work.posts:
            for place in post["positions"] if post["type"] == "pong" else [post]:
                if place.get("epoch"):
                    self._kept[place["topic"], place["shard"], place["epoch"]] = work.began_us

    def _resumed(self, at_us: int, work: _Work, wanted: dict[str, Any]) -> Iterator[Violation]:
        """Judge the answer to a page that said where it is."""
        place = (wanted["topic"], wanted["shard"], wanted["epoch"])
        posts = [post for post in work.posts if (post.get("topic"), post.get("shard")) == place[:2]]
        since, log = wanted["since"], self._logs.get(place, {})
        if any(post["type"] == "snapshot" for post in posts):
            yield from self._reloaded(at_us, posts[0], place, since)
            return
        brought: dict[int, list[dict[str, Any]]] = {}
        for post in posts:
            if post["type"] == "changes":
                for item in [post, *(post.get("more") or ())]:
                    brought.setdefault(item["position"], []).extend(item["changes"])
        numbers = list(brought)
        if numbers != list(range(since + 1, since + 1 + len(numbers))):
            yield Violation(RESUMED, f"{work.frame} brings {numbers} of {place} after {since}")
        for number, changes in brought.items():
            if number not in log or (log[number][1] != changes and posts[-1]["type"] == "subscribed"):
                yield Violation(RESUMED, f"{work.frame} brings another {number} of {place}")
        for post in posts:
            head = work.heads.get(place, 0)
            if post["type"] == "subscribed" and not post["position"] == since + len(numbers) >= head:
                text = f"{work.frame} is at {post['position']} of {place} with {numbers}, whose head was {head}"
                yield Violation(RESUMED, text)

    def _reloaded(
        self, at_us: int, snapshot: dict[str, Any], place: tuple[str, int, str], since: int
    ) -> Iterator[Violation]:
        """A snapshot needs a reason."""
        now = at_us / SECOND
        if snapshot["epoch"] == place[2]:
            behind = [at for number, (at, _) in self._logs.get(place, {}).items() if number > since]
            if len(behind) <= MOST_ITEMS and all(now - at < WINDOW_S - self._clocks for at in behind):
                yield Violation(WINDOW, f"{place} was resumed from {since} within the window, and got a snapshot")
            return
        began_us = self._epochs[place[:2]][snapshot["epoch"]]
        kept_us = self._kept.get(place)
        if kept_us is not None and 0 < began_us - kept_us < (WINDOW_S - self._clocks) * SECOND:
            away = (began_us - kept_us) / SECOND
            yield Violation(WINDOW, f"the epoch of {place} ended {away:.0f} s after somebody looked after it")

    # What pages do.

    def _wakes(self, at_us: int, fields: dict[str, Any]) -> None:
        self._awake[fields["page"]] = at_us

    def _falls_asleep(self, at_us: int, fields: dict[str, Any]) -> None:
        self._awake.pop(fields["page"], None)

    def _wanted(self, at_us: int, fields: dict[str, Any]) -> None:
        for page, topic, shard in list(self._feeds):
            if page == fields["page"] and topic not in fields["topics"]:
                del self._feeds[page, topic, shard]

    def _sends(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        frame = json.loads(fields["text"])
        for wanted in frame["topics"] if frame["action"] == "subscribe" else ():
            feed = self._feeds.get((fields["page"], wanted["topic"], wanted["shard"]), _Feed())
            if (wanted.get("epoch", ""), wanted.get("since", 0)) != (feed.epoch, feed.position):
                yield Violation(ASKS, f"{fields['page']} asks for {wanted}, and is at {feed.position} of {feed.epoch}")

    def _problem(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        if fields["code"] == "unreadable":
            yield Violation(FITS, f"the server cannot read a frame of {fields['page']}")

    def _applied(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        topic, shard = fields["topic"], fields["shard"]
        feed = self._feeds.setdefault((fields["page"], topic, shard), _Feed())
        where = f"{fields['page']} in {topic} {shard}"
        if fields["whole"]:
            epoch, position, _ = fields["place"]
            if epoch == feed.epoch and position < feed.position:
                yield Violation(NEWER, f"{where} goes back from {feed.position} to {position}")
            feed.epoch, feed.position = epoch, position
        yield from self._items(where, feed, (topic, shard, feed.epoch), fields)
        for row in fields["rows"]:
            yield from self._one_row(where, feed, Shard(topic, shard), row, whole=fields["whole"])
        if fields["whole"]:
            yield from check_taken(where, self._snapshots[fields["place"][2]], feed.versions, feed.shown)

    def _items(
        self, where: str, feed: _Feed, place: tuple[str, int, str], fields: dict[str, Any]
    ) -> Iterator[Violation]:
        """Follow the log by the messages that a page heard of."""
        log, heard = self._logs.get(place, {}), list(fields["messages"])
        while heard:
            item = log.get(feed.position + 1)
            expected = [change["message"]["id"] for change in item[1]] if item else []
            if not expected or heard[: len(expected)] != expected:
                text = f"{where} is at {feed.position} and applies {heard[:3]}, the next item has {expected[:3]}"
                yield Violation(IN_ORDER, text)
                return
            del heard[: len(expected)]
            feed.position += 1

    def _one_row(
        self, where: str, feed: _Feed, shard: Shard, row: dict[str, Any], *, whole: bool
    ) -> Iterator[Violation]:
        id, version, data = row["id"], row["version"], row["data"]
        known = feed.versions.get(id, 0)
        if version < known or (version == known and not (whole and data is None)):
            yield Violation(NEWER, f"{where}: {id} in version {version} after {known}")
        feed.versions[id] = max(known, version)
        if data is None:
            feed.shown.discard(id)
            return
        feed.shown.add(id)
        if shard.topic.startswith(topics.ONE_ORDER):
            key = topics.keys_of_order(shard.topic)[id]
        else:
            key = Key(topics.board(shard), id)
        # A change that came twice is made of its message, whose row may not be there any more: then it is newer.
        if self._rows.get(key, {}).get(version, data) != data:
            yield Violation(STORED, f"{where}: {id} in version {version} is {data}")

    def _connect(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        if fields["connection"]:
            self._pages[fields["connection"]] = fields["page"]
        times = self._connects.setdefault(fields["page"], [])
        times.append(at_us)
        if len(times) > ATTEMPTS and at_us - times[-ATTEMPTS - 1] < 10 * SECOND:
            yield Violation(BACKS_OFF, f"{fields['page']} connects {ATTEMPTS + 1} times in 10 s")

    def _close(self, at_us: int, fields: dict[str, Any]) -> None:
        self._left.add(fields["connection"])

    def _fault(self, at_us: int, fields: dict[str, Any]) -> None:
        self._fault_us = at_us

    def _ended_socket(self, at_us: int, fields: dict[str, Any]) -> Iterator[Violation]:
        connection = fields["connection"]
        if fields["why"] not in ("idle", "two hours") or connection in self._left:
            return
        awake_us = self._awake.get(self._pages.get(connection, ""))
        quiet = min(at_us - self._fault_us, at_us - awake_us if awake_us is not None else 0)
        if quiet > AWAKE_S * SECOND:
            yield Violation(KEPT, f"{connection} of {self._pages[connection]} ended: {fields['why']}")
