"""The staff's stream in memory: the connections to which frames are posted, and a client that keeps its boards."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.kernel.runtime.context import Caller
from functions.live.push import GoneError
from functions.live.socket import socket
from tests.support.callers import CLERK

Frame = dict[str, Any]


class MemoryConnections:
    """Connections that are open, by id, with what is to be done with a text that is posted.

    posted: all frames that were posted, by connection. failing: connections to which a post fails, and how.
    """

    def __init__(self) -> None:
        self.receivers: dict[str, Callable[[Frame], object]] = {}
        self.posted: dict[str, list[Frame]] = defaultdict(list)
        self.sizes: list[int] = []
        self.failing: dict[str, Exception] = {}

    def open(self, connection: str, receive: Callable[[Frame], object] = lambda frame: None) -> None:
        """Open a connection."""
        self.receivers[connection] = receive

    def close(self, connection: str) -> None:
        """End a connection; the server is not told."""
        self.receivers.pop(connection, None)

    def post(self, connection: str, text: str) -> None:
        """Give a frame to the client at once. Raises GoneError, or what is to fail."""
        if connection in self.failing:
            raise self.failing[connection]
        if connection not in self.receivers:
            raise GoneError
        frame = json.loads(text)
        self.sizes.append(len(text.encode()))
        self.posted[connection].append(frame)
        self.receivers[connection](frame)

    def take(self, connection: str) -> list[Frame]:
        """What was posted to a connection since the last time."""
        return self.posted.pop(connection, [])


def event(
    route: str, connection: str, frame: Mapping[str, Any] | str | None = None, caller: Caller = CLERK
) -> dict[str, Any]:
    """An event of the WebSocket API; a text is sent as it is, anything else as JSON."""
    body = frame if isinstance(frame, str) or frame is None else json.dumps(frame)
    told = {"principalId": caller.actor, "role": caller.role, "id": caller.id} if caller.role else {}
    requested = {"routeKey": route, "connectionId": connection, "authorizer": told}
    return {"requestContext": requested, "isBase64Encoded": False, **({} if body is None else {"body": body})}


def send(connection: str, frame: Mapping[str, Any] | str, route: str = "$default") -> dict[str, Any]:
    """Have the service handle a frame of a connection."""
    return socket.handle(event(route, connection, frame))


@dataclass
class Board:
    """One shard as a client has it. buffered: changes that came before the snapshot was whole. snapshot: its id."""

    epoch: str = ""
    position: int = -1
    snapshot: str = ""
    whole: bool = False
    rows: dict[str, tuple[int, Any]] = field(default_factory=dict)
    parts: dict[int, list[Frame]] = field(default_factory=dict)
    buffered: list[Frame] = field(default_factory=list)


class Client:
    """What a page does with frames: it keeps the rows of each shard, and the messages that it was told of.

    A gap, another epoch and a pong that is ahead make it ask again at its next `look`. snapshots: how many it got.
    """

    def __init__(self) -> None:
        self.boards: dict[tuple[str, int], Board] = defaultdict(Board)
        self.behind: set[tuple[str, int]] = set()
        self.messages: list[str] = []
        self.errors: list[Frame] = []
        self.snapshots = 0

    def receive(self, frame: Frame) -> None:
        """Take a frame in."""
        getattr(self, f"_{frame['type']}")(frame)

    def wants(self, topics: list[str]) -> Frame:
        """The frame that subscribes to topics, from where it has them."""
        entries: list[Frame] = []
        for topic in topics:
            known = [key for key, board in self.boards.items() if key[0] == topic and board.whole]
            entries += [self._entry(key) for key in known] or [{"topic": topic}]
        return {"action": "subscribe", "topics": entries, "packed": True}

    def asks_again(self) -> Frame | None:
        """The frame that resumes what it is behind with, if anything."""
        behind, self.behind = sorted(self.behind), set()
        topics = [self._entry(key) for key in behind]
        return {"action": "subscribe", "topics": topics, "packed": True} if behind else None

    def pings(self) -> Frame:
        """A ping with its positions."""
        places = [
            {"topic": topic, "shard": shard, "epoch": board.epoch, "position": board.position}
            for (topic, shard), board in sorted(self.boards.items())
            if board.whole
        ]
        return {"action": "ping", "id": 1, "positions": places}

    def shows(self, topic: str) -> dict[str, Any]:
        """The rows of a topic, by id."""
        found = [board for (name, _), board in self.boards.items() if name == topic]
        return {id: data for board in found for id, (_, data) in board.rows.items() if data is not None}

    def _entry(self, key: tuple[str, int]) -> Frame:
        board = self.boards[key]
        return {"topic": key[0], "shard": key[1], "epoch": board.epoch, "since": max(board.position, 0)}

    def _snapshot(self, frame: Frame) -> None:
        key = (frame["topic"], frame["shard"])
        board = self.boards[key]
        if frame["id"] != board.snapshot:
            self.snapshots += 1
            buffered = [f for f in board.buffered if f["epoch"] == frame["epoch"]]
            board = self.boards[key] = Board(frame["epoch"], frame["position"], frame["id"], buffered=buffered)
        board.parts[frame["part"]] = frame["rows"]
        if len(board.parts) == frame["parts"]:
            board.rows = {row["id"]: (row["version"], row["data"]) for rows in board.parts.values() for row in rows}
            board.whole, board.parts, buffered = True, {}, board.buffered
            board.buffered = []
            for one in buffered:
                self._changes(one)

    def _changes(self, frame: Frame) -> None:
        key = (frame["topic"], frame["shard"])
        board = self.boards[key]
        if not board.whole or board.epoch != frame["epoch"]:
            board.buffered.append(frame)
            return
        if frame["position"] > board.position + 1:
            self.behind.add(key)
            return
        if frame["position"] == board.position + 1:
            self._apply(board, frame)
        for item in frame.get("more", ()):
            self._changes({**frame, **item, "part": 1, "parts": 1, "more": ()})

    def _apply(self, board: Board, frame: Frame) -> None:
        for change in frame["changes"]:
            self.messages.append(change["message"]["name"])
            version, _ = board.rows.get(change["id"], (0, None))
            if change["version"] > version:
                board.rows[change["id"]] = (change["version"], change["data"])
        if frame["part"] == frame["parts"]:
            board.position = frame["position"]

    def _subscribed(self, frame: Frame) -> None:
        assert self.boards[frame["topic"], frame["shard"]].position >= frame["position"]

    def _unsubscribed(self, frame: Frame) -> None:
        for key in [key for key in self.boards if key[0] == frame["topic"]]:
            del self.boards[key]

    def _pong(self, frame: Frame) -> None:
        for place in frame["positions"]:
            key = (place["topic"], place["shard"])
            board = self.boards.get(key)
            if board and (board.epoch != place["epoch"] or board.position < place["position"]):
                self.behind.add(key)

    def _error(self, frame: Frame) -> None:
        self.errors.append(frame)
