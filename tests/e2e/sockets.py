"""Sockets of staff on a deployed mall, for tests: one thread reads each, and tests wait for what it has read."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from clients.watcher import PROTOCOL, Watcher

WITHIN = 60.0  # seconds, for whatever a test waits for: other work may use the machine


def open_socket(address: str, *subprotocols: Any) -> Any:
    """A connection that offers these subprotocols: a context manager. Raises InvalidStatus when it is refused."""
    return connect(address, subprotocols=list(subprotocols) or None, compression=None, proxy=None, open_timeout=WITHIN)


class Desk:
    """One clerk's screen: what it knows outlives its connections."""

    def __init__(self, address: str, token: Callable[[], str], topics: list[str]) -> None:
        self._address, self._token = address, token
        self.watcher = Watcher(topics)
        self._news = threading.Condition()

    @contextmanager
    def connected(self) -> Iterator[ClientConnection]:
        """Connect, subscribe or resume, and take what comes until the block ends: then the connection is cut."""
        with open_socket(self._address, PROTOCOL, self._token()) as socket:
            assert socket.subprotocol == PROTOCOL
            reader = threading.Thread(target=self._read, args=(socket,), daemon=True)
            reader.start()
            socket.send(json.dumps(self.watcher.subscribe()))
            yield socket
            socket.close_socket()  # as when a cable is pulled: the server hears nothing
        reader.join(WITHIN)

    def sees(self, what: str, condition: Callable[[Watcher], bool]) -> None:
        """Wait until what it knows fulfils a condition. Fails when that takes too long."""
        with self._news:
            there = self._news.wait_for(lambda: condition(self.watcher), WITHIN)
        assert there, f"not within {WITHIN} s: {what}; {self.watcher.errors}"

    def _read(self, socket: ClientConnection) -> None:
        try:
            for text in socket:
                with self._news:
                    self.watcher.take(json.loads(text))
                    self._news.notify_all()
        except (ConnectionClosed, OSError):
            return
