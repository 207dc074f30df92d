"""The server's side of mallbots.v1 as the browser tests need it: rows, logs, positions, and sockets to cut."""

import json
import threading
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve

from functions.live import frames
from functions.live.topics import ONE_ORDER, SHARDS

Data = dict[str, Any]
_OF_ORDER = {"orders": "order", "lists": "list", "invoices": "invoice"}


def of(topic: str, id: str) -> tuple[str, int]:
    """The shard of a topic that has a row."""
    return topic, zlib.crc32(id.encode()) % SHARDS.get(topic, 1)


@dataclass
class Board:
    """The rows of a shard, and the log of what changed them."""

    epoch: str = field(default_factory=lambda: str(uuid4()))
    rows: dict[str, tuple[int, Data]] = field(default_factory=dict)
    log: list[list[Data]] = field(default_factory=list)


class Boards:
    """All boards, and who is subscribed to them. A frame that breaks the protocol ends its socket."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._boards: dict[tuple[str, int], Board] = defaultdict(Board)
        self._versions: dict[tuple[str, str], int] = defaultdict(int)
        self._subscribers: dict[str, set[ServerConnection]] = defaultdict(set)
        self._sockets: set[ServerConnection] = set()
        self._closed = False
        self.snapshots = 0  # sent, in all
        self.resumed = 0  # subscriptions that were answered without one
        self._server: Server = serve(
            self._serve,
            "127.0.0.1",
            0,
            subprotocols=[frames.PROTOCOL],
            process_request=self._admit,  # type: ignore
        )
        # Kept, since a file may be asked for while this stops.
        self.url = f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()

    def put(self, topic: str, id: str, data: Data, message: Data | None = None, gone: bool = False) -> int:
        """Change a row, and tell who watches. gone: it leaves its board (the page of its order keeps it)."""
        with self._lock:
            # The version is that of the stream, so the page of an order has the same.
            self._versions[topic, id] += 1
            version = self._versions[topic, id]
            shard = of(topic, id)
            if gone:
                self._boards[shard].rows.pop(id, None)
            else:
                self._boards[shard].rows[id] = (version, data)
            self._tell(shard, id, version, None if gone else data, message)
            # The page of an order has the order's own list, and none that staff made.
            if topic in _OF_ORDER and id == data["orderId"]:
                page = (f"{ONE_ORDER}{data['orderId']}", 0)
                self._boards[page].rows[_OF_ORDER[topic]] = (version, data)
                self._tell(page, _OF_ORDER[topic], version, data, message)
            return version

    def put_payment(self, order_id: str, data: Data) -> None:
        with self._lock:
            page = (f"{ONE_ORDER}{order_id}", 0)
            self._boards[page].rows["payment"] = (1, data)

    def board_log(self, topic: str) -> list[Data]:
        """All changes of a topic's first shard, oldest first."""
        return [change for item in self._boards[topic, 0].log for change in item]

    def row(self, topic: str, id: str) -> Data:
        """The data of a row, also of one that left its board."""
        board = self._boards[of(topic, id)]
        if id in board.rows:
            return dict(board.rows[id][1])
        return dict(self._boards[f"{ONE_ORDER}{id}", 0].rows[_OF_ORDER[topic]][1])

    def _tell(self, shard: tuple[str, int], id: str, version: int, data: Data | None, message: Data | None) -> None:
        if message is None:
            return  # set up before anybody watched
        board = self._boards[shard]
        board.log.append([{"id": id, "version": version, "data": data, "message": message}])
        for socket in list(self._subscribers[shard[0]]):
            self._send(socket, self._changes(shard, len(board.log)))

    def _changes(self, shard: tuple[str, int], position: int) -> frames.Changes:
        board = self._boards[shard]
        changes = [frames.Change.model_validate(change) for change in board.log[position - 1]]
        return frames.Changes(**self._place(shard, position), part=1, parts=1, changes=changes)

    def _place(self, shard: tuple[str, int], position: int) -> Data:
        return {"topic": shard[0], "shard": shard[1], "epoch": self._boards[shard].epoch, "position": position}

    # Sockets

    def cut(self, refuse: bool = False) -> None:
        """End all connections, as a deploy does. refuse: and take no new ones until `open`."""
        with self._lock:
            self._closed = refuse
            for socket in list(self._sockets):
                threading.Thread(target=socket.close, args=(1012,), daemon=True).start()

    def open(self) -> None:
        self._closed = False

    def _admit(self, connection: ServerConnection, request: Any) -> Any:
        return connection.respond(503, "closed\n") if self._closed else None

    def _serve(self, socket: ServerConnection) -> None:
        with self._lock:
            self._sockets.add(socket)
        try:
            for text in socket:
                with self._lock:
                    self._answer(socket, json.loads(text))
        except ConnectionClosed:
            pass
        finally:
            with self._lock:
                self._sockets.discard(socket)
                for subscribers in self._subscribers.values():
                    subscribers.discard(socket)

    def _answer(self, socket: ServerConnection, frame: Data) -> None:
        match frame["action"]:
            case "subscribe":
                for wanted in frames.Subscribe.model_validate(frame).topics:
                    self._subscribe(socket, wanted)
            case "unsubscribe":
                for unwanted in frames.Unsubscribe.model_validate(frame).topics:
                    self._subscribers[unwanted.topic].discard(socket)
                    self._send(socket, frames.Unsubscribed(topic=unwanted.topic))
            case "ping":
                ping = frames.Ping.model_validate(frame)
                heads = [(one.topic, one.shard) for one in ping.positions]
                places = [frames.Place(**self._place(shard, len(self._boards[shard].log))) for shard in heads]
                self._send(socket, frames.Pong(id=ping.id, positions=places))

    def _subscribe(self, socket: ServerConnection, wanted: frames.Wanted) -> None:
        self._subscribers[wanted.topic].add(socket)
        numbers = range(SHARDS.get(wanted.topic, 1)) if wanted.shard is None else [wanted.shard]
        for shard in [(wanted.topic, number) for number in numbers]:
            board = self._boards[shard]
            head = len(board.log)
            if wanted.since is not None and wanted.epoch == board.epoch:
                self.resumed += 1
                for position in range(wanted.since + 1, head + 1):
                    self._send(socket, self._changes(shard, position))
                self._send(socket, frames.Subscribed(**self._place(shard, head)))
            else:
                self.snapshots += 1
                rows = [
                    frames.BoardRow(id=id, version=version, data=data) for id, (version, data) in board.rows.items()
                ]
                whole = {"id": str(uuid4()), "part": 1, "parts": 1, "rows": rows}
                self._send(socket, frames.Snapshot(**self._place(shard, head), **whole))

    def _send(self, socket: ServerConnection, frame: Any) -> None:
        try:
            socket.send(frame.model_dump_json(by_alias=True))
        except ConnectionClosed:
            self._sockets.discard(socket)
