"""IoT Core's message broker: where it listens, how long it keeps connections, and its limits.

Restored behaviour of AWS:

- A client that is silent for one and a half times its keep-alive interval is disconnected. The interval is 30 to
  1200 s; another one is replaced by the nearest, of which MQTT 5 tells the client.
  https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
- A payload is 128 KB at most, a topic 256 bytes and 7 slashes: what exceeds them ends the connection, or is refused by
  HTTP. https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
- A second CONNECT, and any other error of the client, ends the connection with CLIENT_ERROR.
  https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
- The end of a connection has a reason string. Without one, some clients do not read the reason code either.
  https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt5-properties
- A last will is a message of its client, so that rules read its id by `clientid()`.
  https://docs.aws.amazon.com/iot/latest/developerguide/iot-sql-functions.html

The broker listens on the engine's own interface only, and the engine does not start when its port is in use. Settings,
for tests: `MQTT_SHORTEST_KEEP_ALIVE_SECONDS`.
"""

import asyncio
import contextlib
import contextvars
import os
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from infra.local.engine.seams import Seams, module

PAYLOAD = 128 * 1024
SLASHES = 7
TOPIC_BYTES = 256
SHORTEST_KEEP_ALIVE = float(os.environ.get("MQTT_SHORTEST_KEEP_ALIVE_SECONDS", "30"))
LONGEST_KEEP_ALIVE = 1200
GRACE = 1.5
GOODBYE_SECONDS = 1.0
"""How long a client that is disconnected has to read why."""

BASIC_INGEST = "$aws/rules/"
PROTOCOL_ERROR, NOT_AUTHORIZED, KEEP_ALIVE_TIMEOUT, PACKET_TOO_LARGE = 0x82, 0x87, 0x8D, 0x95
REASONS = {
    0x81: "Malformed packet",
    PROTOCOL_ERROR: "Protocol error",
    NOT_AUTHORIZED: "Not authorized",
    0x8B: "Server shutting down",
    KEEP_ALIVE_TIMEOUT: "Keep alive timeout",
    0x8E: "Session taken over",
    0x90: "Topic name invalid",
    PACKET_TOO_LARGE: "Packet too large",
}

Response = tuple[int, dict[str, str], bytes]

_writer: contextvars.ContextVar[asyncio.StreamWriter | None] = contextvars.ContextVar("mqtt_writer", default=None)


def apply() -> None:
    if os.environ.get("IOT_MTLS_ENABLED") == "0":
        return
    seams = Seams("mqtt")
    iot = module("services.iot")
    seams.need(iot, "_connected_clients", "_make_disconnect", "MQTT_5", "PKT_CONNECT", "PKT_PUBLISH")
    listen(seams, iot)
    know_the_connection(seams, iot)
    say_why(seams, iot)
    watch_packets(seams, iot)
    limit_topics(seams, iot)
    limit_http(seams, module("services.iot_data"))
    name_who_left_a_will(seams, iot)


def listen(seams: Seams, iot: Any) -> None:
    """On the engine's own interface, from the start: the engine only logs that a port is in use."""
    seams.need(iot, "_MtlsAcceptor", "_mtls_server", "_mtls_loop")
    address = os.environ.get("BIND_HOST", "127.0.0.1"), int(os.environ.get("IOT_MTLS_PORT", "0"))

    def bound() -> socket.socket:
        try:
            return socket.create_server(address)
        except OSError as error:
            raise SystemExit(
                f"the local cloud does not start: MQTT cannot listen on port {address[1]}: {error}"
            ) from error

    waiting = [bound()]

    async def start() -> None:
        if iot._mtls_server is None:
            iot._mtls_loop = asyncio.get_running_loop()
            server = await iot._mtls_loop.create_server(iot._MtlsAcceptor, sock=waiting.pop() if waiting else bound())
            iot._mtls_server = server

    seams.replace(iot, "_mtls_start_locked", start)


def know_the_connection(seams: Seams, iot: Any) -> None:
    """A session keeps the connection that it is served on, so that the broker can end it."""
    serve, start = seams.take(iot, "_mtls_serve_conn"), seams.take(iot._WSSession, "__init__")

    async def serve_known(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _writer.set(writer)
        await serve(reader, writer)

    def start_known(session: Any, *arguments: Any, **named: Any) -> None:
        start(session, *arguments, **named)
        session.writer = _writer.get()

    seams.replace(iot, "_mtls_serve_conn", serve_known)
    seams.replace(iot._WSSession, "__init__", start_known)


async def disconnect(iot: Any, session: Any, code: int, reason: str) -> None:
    """End a session as the broker: its will is published, and its presence event says why."""
    if session._cleaned_up:
        return
    session._forced_disconnect_reason = reason
    if session.protocol_version == iot.MQTT_5:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(session.send_bytes(iot._make_disconnect(code)), GOODBYE_SECONDS)
    await session.cleanup()
    if session.writer is None:
        with contextlib.suppress(Exception):
            await session._send({"type": "websocket.close", "code": 1000})
        return
    session.writer.close()
    # A peer that is gone never answers the end of TLS.
    asyncio.get_running_loop().call_later(GOODBYE_SECONDS, session.writer.transport.abort)


def say_why(seams: Seams, iot: Any) -> None:
    make = seams.take(iot, "_make_disconnect")
    reason_string = seams.take(iot, "PROP_REASON_STRING")

    def make_with_reason(code: int, properties: list[tuple[int, object]] | None = None) -> bytes:
        packet: bytes = make(code, properties or [(reason_string, REASONS.get(code, "Unspecified error"))])
        return packet

    seams.replace(iot, "_make_disconnect", make_with_reason)


def watch_packets(seams: Seams, iot: Any) -> None:
    handle = seams.take(iot._WSSession, "handle_packet")
    properties_of = seams.take(iot._WSSession, "_connack_properties")
    seams.need(iot, "_read_string", "_decode_properties", "PROP_SERVER_KEEP_ALIVE", "PKT_DISCONNECT")

    async def handle_watched(session: Any, kind: int, flags: int, body: bytes) -> bool:
        if session._cleaned_up:
            return False  # what a client had sent before it was disconnected
        session.last_packet = asyncio.get_running_loop().time()
        if kind == iot.PKT_CONNECT:
            if session._client_id:
                await disconnect(iot, session, PROTOCOL_ERROR, "CLIENT_ERROR")
                return False
            session.requested_keep_alive = keep_alive(body)
        if kind == iot.PKT_PUBLISH and len(body) > PAYLOAD and payload_size(iot, session, flags, body) > PAYLOAD:
            await disconnect(iot, session, PACKET_TOO_LARGE, "CLIENT_ERROR")
            return False
        goes_on = bool(await handle(session, kind, flags, body))
        if goes_on and kind == iot.PKT_CONNECT and session._client_id:
            watch_silence(iot, session, nearest(session.requested_keep_alive) * GRACE)
        if not goes_on and kind != iot.PKT_DISCONNECT and not session._forced_disconnect_reason:
            session._forced_disconnect_reason = "CLIENT_ERROR"
        return goes_on

    def properties_with_keep_alive(session: Any, *arguments: Any) -> list[tuple[int, object]]:
        properties: list[tuple[int, object]] = properties_of(session, *arguments)
        # A payload of the full size arrives with its topic and properties.
        properties = [each for each in properties if each[0] != iot.PROP_MAXIMUM_PACKET_SIZE]
        used = nearest(session.requested_keep_alive)
        return properties if used == session.requested_keep_alive else [*properties, (iot.PROP_SERVER_KEEP_ALIVE, used)]

    seams.replace(iot._WSSession, "handle_packet", handle_watched)
    seams.replace(iot._WSSession, "_connack_properties", properties_with_keep_alive)


def keep_alive(connect: bytes) -> int:
    """The interval that a CONNECT asks for: after the protocol's name, its level and the flags."""
    start = 2 + int.from_bytes(connect[:2], "big") + 2
    return int.from_bytes(connect[start : start + 2], "big")


def nearest(requested: int) -> int:
    """The interval that the broker uses; 0 asks for none, which AWS does not offer."""
    return int(min(max(requested, SHORTEST_KEEP_ALIVE), LONGEST_KEEP_ALIVE)) if requested else LONGEST_KEEP_ALIVE


def watch_silence(iot: Any, session: Any, longest: float) -> None:
    loop = asyncio.get_running_loop()

    def look() -> None:
        if session._cleaned_up:
            return
        left = session.last_packet + longest - loop.time()
        if left > 0:
            loop.call_later(left, look)
        else:
            start(disconnect(iot, session, KEEP_ALIVE_TIMEOUT, "MQTT_KEEP_ALIVE_TIMEOUT"))

    loop.call_later(longest, look)


def payload_size(iot: Any, session: Any, flags: int, publish: bytes) -> int:
    _topic, offset = iot._read_string(publish, 0)
    offset += 2 if flags & 0b110 else 0  # the packet's identifier
    if session.protocol_version == iot.MQTT_5:
        _properties, offset = iot._decode_properties(publish, offset)
    return len(publish) - int(offset)


def limit_topics(seams: Seams, iot: Any) -> None:
    may_publish = seams.take(iot, "_validate_publish_topic")
    may_subscribe = seams.take(iot, "_reserved_filter_subscribe_allowed")
    seams.replace(iot, "_MQTT_MAX_TOPIC_BYTES", 65_535)  # counted by `fits`, without the segments that name a rule
    seams.replace(iot, "_validate_publish_topic", lambda topic: may_publish(topic) and fits(topic))
    seams.replace(iot, "_reserved_filter_subscribe_allowed", lambda wanted: may_subscribe(wanted) and fits(wanted))


def fits(topic: str) -> bool:
    """Whether a topic or filter is short enough, without the segments that name a rule."""
    counted = topic.split("/", 3)[-1] if topic.startswith(BASIC_INGEST) else topic
    return counted.count("/") <= SLASHES and len(counted.encode()) <= TOPIC_BYTES


def limit_http(seams: Seams, data: Any) -> None:
    refusal_of, publish = seams.take(data, "_validate_topic"), seams.take(data, "_publish")
    error = seams.take(data, "error_response_json")

    def refuse_topic(topic: str) -> Response | None:
        refusal: Response | None = refusal_of(topic)
        if refusal is None and not fits(topic):
            refusal = error("InvalidRequestException", f"Topic exceeds {SLASHES} slashes or {TOPIC_BYTES} bytes", 400)
        return refusal

    async def publish_small(topic: str, body: bytes, *rest: Any) -> Response:
        if len(body or b"") > PAYLOAD:
            too_large: Response = error("RequestEntityTooLargeException", f"Payload exceeds {PAYLOAD} bytes", 413)
            return too_large
        published: Response = await publish(topic, body, *rest)
        return published

    seams.replace(data, "_validate_topic", refuse_topic)
    seams.replace(data, "_publish", publish_small)


def name_who_left_a_will(seams: Seams, iot: Any) -> None:
    clean_up: Callable[[Any], Awaitable[None]] = seams.take(iot._WSSession, "cleanup")
    publish = seams.take(iot, "broker_publish")

    async def publish_will(session: Any) -> None:
        topic, session._will_topic = session._will_topic, None
        if topic is None or session._graceful_disconnect or session._cleaned_up:
            return
        await publish(
            session.account_id,
            session.region,
            topic,
            session._will_message or b"",
            qos=session._will_qos,
            retain=session._will_retain,
            properties=session._will_properties,
            client_id=session._client_id,
            principal=session._principal,
        )

    async def clean_up_with_will(session: Any) -> None:
        await publish_will(session)
        await clean_up(session)

    seams.replace(iot._WSSession, "cleanup", clean_up_with_will)


_started: set[asyncio.Task[None]] = set()


def start(work: Any) -> None:
    """Run a coroutine beside the caller; the loop alone would not keep it."""
    task = asyncio.get_running_loop().create_task(work)
    _started.add(task)
    task.add_done_callback(_started.discard)
