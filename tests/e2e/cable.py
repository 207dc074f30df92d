"""A cable between a browser and the local cloud: tests pull it, and the sockets that went through it are gone."""

import socket
import struct
import threading
from contextlib import suppress

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset, as when the other end has vanished


class Cable:
    """Passes connections on to a port of this machine. While it is unplugged, sockets of staff are refused."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._lock = threading.Lock()
        self._plugged = True
        self._sockets: list[tuple[socket.socket, socket.socket]] = []  # both ends of each WebSocket
        self.cut = 0  # WebSockets that were under way when it was pulled
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def sockets(self) -> int:
        """How many WebSockets are under way."""
        return len(self._sockets)

    def pull(self) -> None:
        with self._lock:
            self._plugged = False
            self.cut += len(self._sockets)
            for ends in self._sockets:
                for end in ends:
                    _reset(end)
            self._sockets.clear()

    def plug_in(self) -> None:
        self._plugged = True

    def close(self) -> None:
        self._listener.close()
        self.pull()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near: socket.socket) -> None:
        with suppress(OSError), near, socket.create_connection(("127.0.0.1", self._to)) as far:
            first = near.recv(65_536)
            if b"upgrade: websocket" in first.lower():
                with self._lock:
                    if not self._plugged:
                        _reset(near)
                        return
                    self._sockets.append((near, far))
            far.sendall(first)
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            with self._lock:
                self._sockets = [ends for ends in self._sockets if source not in ends]
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        end.shutdown(socket.SHUT_RDWR)
        end.close()
