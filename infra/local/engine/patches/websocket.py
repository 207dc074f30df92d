"""API Gateway's WebSocket APIs: the subprotocol of the answer, and the limits that the engine does not have.

Restored behaviour of AWS:

- The handshake is answered with the subprotocol that the integration of `$connect` names in its answer, and with none
  when it names none.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
- A connection is closed with 1001 when it was idle for 10 minutes, and after 2 hours. What either side sends keeps it
  from being idle.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
- A frame over 32 KB or a message over 128 KB closes it with 1009; 500 new connections a second are let in; data over
  128 KB is not posted to a connection.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
- An exception in a function is an error: of `$connect` it refuses the handshake, as any answer but 2xx does, with its
  status. The engine takes it for consent, and hands all messages to one worker.
- What an integration answers is sent to the client only by a route with a route response; of an error it hears.
  https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-route-response.html
- `$disconnect` says with which code the gateway closed an idle or old connection.

Mended besides: a connection waits for what is posted to it, where the engine looks twice a second for each connection.
The engine's server lets 100 connections wait until it accepts them, and the kernel drops the handshakes of more, which
are tried again after 1, 3, 7, 15 and 31 s: of 1,000 that come back at once, some came half a minute late.

Settings, for tests: `WEBSOCKET_IDLE_SECONDS`, `WEBSOCKET_LIFETIME_SECONDS`, `WEBSOCKET_CONNECTIONS_PER_SECOND`.
"""

import asyncio
import contextvars
import importlib
import json
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from types import SimpleNamespace
from typing import Any

from infra.local.engine.seams import Seams, module

KB = 1024
BACKLOG = 4096
FRAME = 32 * KB
MESSAGE = 128 * KB
IDLE_SECONDS = float(os.environ.get("WEBSOCKET_IDLE_SECONDS", "600"))
LIFETIME_SECONDS = float(os.environ.get("WEBSOCKET_LIFETIME_SECONDS", "7200"))
CONNECTIONS_PER_SECOND = int(os.environ.get("WEBSOCKET_CONNECTIONS_PER_SECOND", "500"))

GOING_AWAY, TOO_BIG = 1001, 1009
PROTOCOL = "sec-websocket-protocol"

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]


class Connection:
    """One socket: what the gateway looks after between the server and the engine's own handling of it."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send
        self.subprotocol: str | None = None
        self.status = 200
        """What the integration of `$connect` answered."""
        self._ends = self._last = time.monotonic()
        self._accepted = self._closed = False
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        """What was posted and is to be sent; None ends the sending."""

    async def send(self, message: Message) -> None:
        """What the engine sends; nothing more once the gateway has closed."""
        kind = message["type"]
        if self._closed:
            return
        if kind == "websocket.accept":
            self._accepted, self._last = True, time.monotonic()
            self._ends = self._last + LIFETIME_SECONDS
            message = {**message, "subprotocol": self.subprotocol}
        elif kind == "websocket.send":
            self._last = time.monotonic()
        elif kind == "websocket.close":
            self._closed = True
            if not self._accepted and self.status >= 400:
                await refuse(self._send, self.status)
                return
        await self._send(message)

    async def receive(self) -> Message:
        """The next message of the client, or how the connection ended: by the client, or by one of its limits."""
        if not self._accepted:
            return await self._receive()
        receiving = asyncio.ensure_future(self._receive())
        try:
            while not receiving.done():
                left = min(self._ends, self._last + IDLE_SECONDS) - time.monotonic()
                if left <= 0:
                    return await self._close(GOING_AWAY, "Going away")
                await asyncio.wait({receiving}, timeout=left)
        finally:
            if not receiving.done():
                receiving.cancel()
        message = receiving.result()
        if message["type"] == "websocket.receive":
            self._last = time.monotonic()
            if _size(message) > MESSAGE:
                return await self._close(TOO_BIG, "Message too big")
        return message

    async def _close(self, code: int, reason: str) -> Message:
        await self.send({"type": "websocket.close", "code": code, "reason": reason})
        return {"type": "websocket.disconnect", "code": code, "reason": reason}


_current: contextvars.ContextVar[Connection] = contextvars.ContextVar("websocket")


def apply() -> None:
    seams = Seams("websocket")
    gateway = module("services.apigateway")
    guard_connections(seams, gateway)
    invoke_like_others(seams, gateway)
    refuse_large_posts(seams, gateway)
    refuse_large_frames(seams)
    wait_for_posts(seams, gateway)
    seams.replace(importlib.import_module("hypercorn.config").Config, "backlog", BACKLOG)


def guard_connections(seams: Seams, gateway: Any) -> None:
    handle = seams.take(gateway, "handle_websocket")
    recent: deque[float] = deque()

    def let_in() -> bool:
        now = time.monotonic()
        while recent and recent[0] <= now - 1:
            recent.popleft()
        if len(recent) >= CONNECTIONS_PER_SECOND:
            return False
        recent.append(now)
        return True

    async def handle_limited(
        scope: Message, receive: Receive, send: Send, api_id: str, path_override: str | None = None
    ) -> None:
        if not let_in():
            await receive()
            await refuse(send, 429)
            return
        connection = Connection(receive, send)
        token = _current.set(connection)
        try:
            await handle(scope, connection.receive, connection.send, api_id, path_override)
        finally:
            _current.reset(token)

    seams.replace(gateway, "handle_websocket", handle_limited)


async def refuse(send: Send, status: int) -> None:
    """Answer a handshake with an HTTP status instead of a connection."""
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"{}"})


def invoke_like_others(seams: Seams, gateway: Any) -> None:
    """Integrations by the engine's usual dispatcher; the answer to `$connect` names the subprotocol."""
    functions, runtime = module("services.lambda_svc"), module("core.lambda_runtime")
    run = seams.take(functions, "_execute_function")
    answer_of = seams.take(functions, "lambda_execute_result_to_api_proxy_response")
    invoke = seams.take(gateway, "_invoke_ws_lambda")
    route_responses = seams.take(gateway, "_route_responses")

    class Worker:
        """In the place of one worker: any that is free."""

        def __init__(self, function: Message) -> None:
            self._function = function

        def invoke(self, event: Message, _request_id: str) -> Message:
            return {"status": "ok", "result": answer_of(run(self._function, event))[0]}

    def any_worker(_name: str, config: Message, code: bytes, qualifier: str = "$LATEST") -> Worker:
        return Worker({"config": config, "code_zip": code})

    async def invoke_route(
        api: str, account: str, region: str, route: Message, stage: str, connection: str, event_type: str, *rest: Any,
        **more: Any,
    ) -> Message | None:  # fmt: skip
        answer: Message = await invoke(api, account, region, route, stage, connection, event_type, *rest, **more) or {}
        status = int(answer.get("statusCode", 200))
        if event_type == "CONNECT":
            headers = {name.lower(): value for name, value in (answer.get("headers") or {}).items()}
            current = _current.get()
            current.status, current.subprotocol = status, headers.get(PROTOCOL) or None
            return {"statusCode": status}
        if status >= 500:
            message, request = "Internal server error", rest[0]
            return {"body": json.dumps({"message": message, "connectionId": connection, "requestId": request})}
        return answer if route_responses.get(api, {}).get(route.get("routeId")) else None

    seams.replace(runtime, "get_or_create_worker", any_worker)
    seams.replace(gateway, "_invoke_ws_lambda", invoke_route)


def refuse_large_posts(seams: Seams, gateway: Any) -> None:
    handle = seams.take(gateway, "handle_connections_api")

    async def handle_small(
        method: str, api_id: str, stage: str, connection_id: str, body: bytes, headers: Message
    ) -> Any:
        if method == "POST" and len(body) > MESSAGE:
            kind = {"Content-Type": "application/json", "x-amzn-ErrorType": "PayloadTooLargeException"}
            return 413, kind, b'{"message": "Message too long"}'
        return await handle(method, api_id, stage, connection_id, body, headers)

    seams.replace(gateway, "handle_connections_api", handle_small)


def refuse_large_frames(seams: Seams) -> None:
    """In the server's own protocol library, since the engine sees whole messages alone."""
    protocol, frames = importlib.import_module("wsproto.connection"), importlib.import_module("wsproto.frame_protocol")
    parse = seams.take(frames.FrameDecoder, "parse_header")
    events = seams.take(protocol.Connection, "events")
    too_big = frames.CloseReason.MESSAGE_TOO_BIG

    def parse_small(decoder: Any) -> bool:
        complete = bool(parse(decoder))
        if complete and not decoder.client and decoder.header.payload_len > FRAME:
            raise frames.ParseFailed("Frame too big", too_big)
        return complete

    def events_with_close(connection: Any) -> Iterator[Any]:
        for event in events(connection):
            if getattr(event, "code", None) is too_big:
                # The server answers a close that the client began; of any other it ends the connection silently.
                connection._state = protocol.ConnectionState.REMOTE_CLOSING
            yield event

    seams.replace(frames.FrameDecoder, "parse_header", parse_small)
    seams.replace(protocol.Connection, "events", events_with_close)


def wait_for_posts(seams: Seams, gateway: Any) -> None:
    """The engine's task that sends what was posted ends by an entry in the outbox, not by looking every 0.5 s."""

    def outbox() -> "asyncio.Queue[str | None]":
        return _current.get().outbox

    class Closed(asyncio.Event):
        def __init__(self) -> None:
            super().__init__()
            self._outbox = outbox()

        def set(self) -> None:
            super().set()
            self._outbox.put_nowait(None)

    async def wait_for(awaited: Awaitable[Any], timeout: float) -> Any:
        return await awaited

    seams.need(gateway.asyncio, "Queue", "Event", "wait_for")
    replaced = {"Queue": outbox, "Event": Closed, "wait_for": wait_for}
    seams.replace(gateway, "asyncio", SimpleNamespace(**{**vars(asyncio), **replaced}))


def _size(message: Message) -> int:
    text = message.get("text")
    return len(text.encode()) if text is not None else len(message.get("bytes") or b"")
