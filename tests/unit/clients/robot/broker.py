"""A small MQTT 5 broker on a Unix socket, in this process: enough of it for one robot and its gateway."""

import socket
import struct
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
WITHIN = 20.0  # seconds, on a busy machine
USER_PROPERTY = b"\x26"
REASON_STRING = b"\x1f"
SESSION_TAKEN_OVER = b"\x8e"
OVER_QUOTA = b"\x97"  # a reason code of MQTT 5: quota exceeded


@dataclass(frozen=True)
class Published:
    topic: str
    payload: bytes
    retain: bool
    properties: bytes = b""


@dataclass
class Session:
    """A client's: it stays when the connection is cut."""

    topics: set[str] = field(default_factory=set)
    kept: list[Published] = field(default_factory=list)
    line: socket.socket | None = None
    will: Published | None = None


class Broker:
    """Listens while it is entered. Notes what is published, and whether connections end in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.published: list[Published] = []
        self.connections: list[tuple[str, bool]] = []
        """Who connected, and whether it wanted a clean start."""
        self.is_dead = False
        """Whether what clients publish is lost, and they are not told."""
        self.lost: list[str] = []
        """The topics of what was lost so."""
        self.throttled: dict[str, bytes] = {}
        """Topics whose next message is not taken: it is acknowledged by this reason code, or not at all (b"")."""
        self.refuses = 0
        """How many connections it refuses from now on."""
        self.between_retained = 0.0
        """Seconds in which it takes one retained message on a topic, wills included: 1 at AWS."""
        self.refused: list[Published] = []
        """What came too soon after another retained message on its topic."""
        self._took: dict[str, float] = {}
        self._sessions: dict[str, Session] = defaultdict(Session)
        self._changed = threading.Condition()
        self._listener = socket.socket(socket.AF_UNIX)

    def __enter__(self) -> "Broker":
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client_id in [*self._sessions]:
            self.cut(client_id)

    def client(self, client_id: str) -> Client:
        """An MQTT client that connects here, wherever it is told to connect."""
        path, broker = str(self.path), self

        class Here(Client):
            def reconnect(self) -> Any:
                if broker._refuse():
                    raise ConnectionRefusedError
                return super().reconnect()

            def connect(self, host: str, port: int = 1, *more: Any, **others: Any) -> Any:
                return super().connect(path, 1, *more, **others)

            def connect_async(self, host: str, port: int = 1, *more: Any, **others: Any) -> None:
                super().connect_async(path, 1, *more, **others)

            def tls_set(self, *files: Any, **others: Any) -> None:
                """Who uses this socket is on this machine."""

        return Here(CallbackAPIVersion.VERSION2, client_id, protocol=MQTTProtocolVersion.MQTTv5, transport="unix")

    def publish(self, topic: str, payload: bytes, traceparent: str = "") -> None:
        """As the gateway: to those who subscribed, and kept for those of them who are away."""
        named = USER_PROPERTY + _framed_text("traceparent") + _framed_text(traceparent) if traceparent else b""
        with self._changed:
            self._route(Published(topic, payload, False, named))

    def cut(self, client_id: str) -> None:
        """Cut a client's connection without a word."""
        with self._changed:
            connection, self._sessions[client_id].line = self._sessions[client_id].line, None
        with suppress(OSError):
            if connection:
                connection.shutdown(socket.SHUT_RDWR)

    def take_over(self, client_id: str) -> None:
        """End a client's connection, as for another that came with its id, and say so as IoT Core does."""
        with self._changed:
            line = self._sessions[client_id].line
            assert line
            why = REASON_STRING + _framed_text("Session taken over")
            _send(line, _framed(DISCONNECT << 4, SESSION_TAKEN_OVER + bytes([len(why)]) + why))
        self.cut(client_id)

    def forget_the_rate(self) -> None:
        """Take the next retained message on each topic, as if the last one had come long ago."""
        with self._changed:
            self._took = {}

    def wait_for(self, condition: Callable[[], Any]) -> Any:
        """What a condition gives once that is something."""
        with self._changed:
            assert self._changed.wait_for(condition, WITHIN), [each.payload for each in self.published[-3:]]
            return condition()

    def _refuse(self) -> bool:
        with self._changed:
            is_refused = self.refuses > 0
            self.refuses -= is_refused
            self._changed.notify_all()
        return is_refused

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        session: Session | None = None
        with connection, connection.makefile("rb") as stream:
            while packet := _packet(stream):
                kind, flags, body = packet
                with self._changed:
                    if kind == CONNECT:
                        session = self._connected(connection, body)
                    elif kind == SUBSCRIBE and session:
                        self._subscribed(connection, session, body)
                    elif kind == PUBLISH and self.is_dead:
                        self.lost.append(_text(body, 0)[0])
                    elif kind == PUBLISH:
                        self._received(connection, flags, body)
                    elif kind == PINGREQ:
                        _send(connection, bytes([PINGRESP << 4, 0]))
                    elif kind == DISCONNECT and session:
                        session.will = None
                        break
                    self._changed.notify_all()
            with self._changed:
                if session and session.will and self._takes(session.will):
                    self._route(session.will)
                if session and session.line is connection:
                    session.line = None
                self._changed.notify_all()

    def _connected(self, connection: socket.socket, body: bytes) -> Session:
        flags, place = body[7], 10
        place = _skip_properties(body, place)
        client_id, place = _text(body, place)
        session, clean = self._sessions[client_id], bool(flags & 2)
        if flags & 4:
            topic, place = _text(body, _skip_properties(body, place))
            length = struct.unpack_from("!H", body, place)[0]
            session.will = Published(topic, body[place + 2 : place + 2 + length], bool(flags & 32))
        self.connections.append((client_id, clean))
        session.line = connection
        _send(connection, _framed(CONNACK << 4, bytes([0 if clean else 1, 0, 0])))
        kept, session.kept = session.kept, []
        for message in kept:
            self._deliver(session, message)
        return session

    def _subscribed(self, connection: socket.socket, session: Session, body: bytes) -> None:
        place, reasons = _skip_properties(body, 2), b""
        while place < len(body):
            topic, place = _text(body, place)
            session.topics.add(topic)
            place, reasons = place + 1, reasons + b"\1"
        _send(connection, _framed(SUBACK << 4, body[:2] + b"\0" + reasons))

    def _received(self, connection: socket.socket, flags: int, body: bytes) -> None:
        topic, place = _text(body, 0)
        start = place + 2 if flags & 6 else place
        message = Published(topic, body[_skip_properties(body, start) :], bool(flags & 1))
        reason = self.throttled.pop(topic, None)
        if reason is None and not self._takes(message):
            reason = OVER_QUOTA
        if flags & 6 and reason != b"":
            _send(connection, _framed(PUBACK << 4, body[place : place + 2] + (reason or b"")))
        if reason is None:
            self._route(message)

    def _takes(self, message: Published) -> bool:
        """Whether a message is within the rate of retained ones on its topic.

        https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
        """
        if message.retain and time.monotonic() < self._took.get(message.topic, 0) + self.between_retained:
            self.refused.append(message)
            return False
        if message.retain:
            self._took[message.topic] = time.monotonic()
        return True

    def _route(self, message: Published) -> None:
        self.published.append(message)
        for session in self._sessions.values():
            if message.topic in session.topics:
                self._deliver(session, message)
        self._changed.notify_all()

    def _deliver(self, session: Session, message: Published) -> None:
        if session.line:
            properties = bytes([len(message.properties)]) + message.properties
            body = _framed_text(message.topic) + b"\0\1" + properties + message.payload
            _send(session.line, _framed(PUBLISH << 4 | 2, body))
        else:
            session.kept.append(message)


def _packet(stream: Any) -> tuple[int, int, bytes] | None:
    try:
        first = stream.read(1)
        if not first:
            return None
        length, shift = 0, 0
        while True:
            (byte,) = stream.read(1)
            length, shift = length | (byte & 127) << shift, shift + 7
            if byte < 128:
                return first[0] >> 4, first[0] & 15, stream.read(length)
    except (OSError, ValueError):
        return None


def _send(line: socket.socket, packet: bytes) -> None:
    with suppress(OSError):  # who was cut does not read it
        line.sendall(packet)


def _framed(first: int, body: bytes) -> bytes:
    length, encoded = len(body), b""
    while True:
        byte, length = length & 127, length >> 7
        encoded += bytes([byte | (128 if length else 0)])
        if not length:
            return bytes([first]) + encoded + body


def _framed_text(text: str) -> bytes:
    return struct.pack("!H", len(text.encode())) + text.encode()


def _text(body: bytes, place: int) -> tuple[str, int]:
    length = struct.unpack_from("!H", body, place)[0]
    return body[place + 2 : place + 2 + length].decode(), place + 2 + length


def _skip_properties(body: bytes, place: int) -> int:
    """Properties are shorter than 128 bytes here."""
    return place + 1 + body[place]
