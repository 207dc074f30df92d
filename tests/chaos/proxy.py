"""A proxy between clients, workers and the engine, which drops replies, throttles, delays and repeats.

Each request is forwarded as it came, the Host header included: a signature covers it, and addresses of queues hold. So
to whoever calls, the proxy is AWS on a bad day. A thread of its own runs it.
"""

import asyncio
import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.process import HOST
from tests.chaos.throttling import gateway_throttled, service_of, throttled

CLIENT, WORKER = "client", "worker"
GATEWAY = "/_aws/execute-api/"
REPLY_DROPPED, THROTTLED, DELAYED, REPEATED = "reply_dropped", "throttled", "delayed", "repeated"
FAULTS = (REPLY_DROPPED, THROTTLED, DELAYED, REPEATED)
DUE = 50  # the request at which a fault strikes that has not struck yet, so that a short run has each
CHUNK = 65_536
HEAD_LIMIT = 65_536
IDLE_UPSTREAM = 4.0  # seconds after which a connection to the engine is not used again: it ends idle ones after 5
WITHOUT_BODY = (204, 304)
REFUSED = 400  # and above


@dataclass(frozen=True)
class Rates:
    """How often each fault strikes a request, as shares of 1; a delay is `longest` seconds at most."""

    reply_dropped: float
    throttled: float
    delayed: float
    repeated: float
    longest: float

    def of(self, fault: str) -> float:
        """The rate of a fault by its name."""
        rate: float = getattr(self, fault)
        return rate


# A worker makes some 40 calls for each request of a client, so it meets as many faults at a fraction of the rate.
RATES: Mapping[str, Rates] = {
    CLIENT: Rates(reply_dropped=0.03, throttled=0.03, delayed=0.05, repeated=0.03, longest=1.5),
    WORKER: Rates(reply_dropped=0.004, throttled=0.008, delayed=0.01, repeated=0.008, longest=1.0),
}


@dataclass
class Request:
    """A request as it was read: its head and its body, verbatim."""

    head: bytes
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def sender(self) -> str:
        """Who sent it: a worker signs, a client calls the gateway; empty for anything else, such as public keys."""
        if service_of(self.headers):
            return WORKER
        return CLIENT if self.path.startswith(GATEWAY) else ""

    @property
    def is_upgrade(self) -> bool:
        return "upgrade" in self.headers.get("connection", "").lower()


@dataclass
class Response:
    """An answer, verbatim. keep: whether the connection may be used again."""

    content: bytes
    status: int
    keep: bool


class Proxy:
    """Listens on a port of the loopback interface, for the engine on another; `armed` switches the faults on."""

    def __init__(self, engine_port: int, seed: int, rates: Mapping[str, Rates] = RATES, port: int = 0) -> None:
        self.port = port
        self.armed = False
        self.faults: Counter[str] = Counter()
        """How often each fault struck, and could have, by sender and name: `worker_throttled`."""
        self.chances: Counter[str] = Counter()
        self._engine_port = engine_port
        self._rates = rates
        self._random = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._tasks: set[asyncio.Task[None] | None] = set()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)

    @property
    def address(self) -> str:
        """What stands for the engine's address where callers are pointed at the proxy."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, HOST, self.port, limit=HEAD_LIMIT))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        for _, _, writer in self._idle:
            await _closed(writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The loop itself keeps weak references only: https://docs.python.org/3/library/asyncio-task.html
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, asyncio.CancelledError):
            pass  # either side went away, or the engine is not there: the caller sees a lost connection
        finally:
            self._tasks.discard(task)
            await _closed(writer)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Handle one request of a connection; whether another may follow."""
        request = await _read_request(reader, writer)
        if request is None:
            return False
        if request.is_upgrade:
            await self._tunnel(request, reader, writer)
            return False
        if self._strikes(DELAYED, request.sender):
            await asyncio.sleep(self._random.uniform(0.05, self._rates[request.sender].longest))
        if self._strikes(THROTTLED, request.sender):
            answer = gateway_throttled() if request.sender == CLIENT else throttled(request.headers)
            writer.write(answer.to_bytes())
            await writer.drain()
            return True
        response = await self._forward(request)
        # What was refused is not repeated: its caller would be told so of what took effect a moment later.
        if response.status < REFUSED and self._strikes(REPEATED, request.sender):
            await self._forward(request)
        if self._strikes(REPLY_DROPPED, request.sender):
            return False
        writer.write(response.content)
        await writer.drain()
        return response.keep and request.headers.get("connection", "").lower() != "close"

    def _strikes(self, fault: str, sender: str) -> bool:
        if not self.armed or not sender:
            return False
        name, rate = f"{sender}_{fault}", self._rates[sender].of(fault)
        self.chances[name] += 1
        is_due = rate > 0 and self.chances[name] == DUE and not self.faults[name]
        if self._random.random() >= rate and not is_due:
            return False
        self.faults[name] += 1
        return True

    async def _forward(self, request: Request) -> Response:
        """Send a request to the engine, and read its answer. Raises OSError where the engine does not answer."""
        reader, writer = await self._connection()
        try:
            writer.write(request.head + request.body)
            await writer.drain()
            response = await _read_response(reader, request.method)
        except BaseException:
            await _closed(writer)
            raise
        if response.keep:
            self._idle.append((time.monotonic(), reader, writer))
        else:
            await _closed(writer)
        return response

    async def _connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            since, reader, writer = self._idle.pop()
            if time.monotonic() - since < IDLE_UPSTREAM and not reader.at_eof() and not writer.is_closing():
                return reader, writer
            await _closed(writer)
        return await asyncio.open_connection(HOST, self._engine_port, limit=HEAD_LIMIT)

    async def _tunnel(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on a WebSocket's bytes, both ways, until either end closes."""
        up_reader, up_writer = await asyncio.open_connection(HOST, self._engine_port)
        up_writer.write(request.head + request.body)
        try:
            await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))
        finally:
            await _closed(up_writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection; what its other end still sent is of no interest."""
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while chunk := await source.read(CHUNK):
        target.write(chunk)
        await target.drain()
    target.close()


async def _read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    line, headers = _parsed(head)
    method, path, _version = line.split(" ", 2)
    request = Request(head, method, path, headers)
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # The engine has the body at once, so it is not asked whether it wants it.
        request.head = b"\r\n".join(one for one in head.split(b"\r\n") if not one.lower().startswith(b"expect:"))
    request.body = await _read_body(reader, headers, until_end=False)
    return request


async def _read_response(reader: asyncio.StreamReader, method: str) -> Response:
    head = await reader.readuntil(b"\r\n\r\n")
    line, headers = _parsed(head)
    status = int(line.split(" ", 2)[1])
    if status == 100:
        return await _read_response(reader, method)
    sized = "content-length" in headers or "transfer-encoding" in headers
    bodiless = method == "HEAD" or status in WITHOUT_BODY
    body = b"" if bodiless else await _read_body(reader, headers, until_end=not sized)
    keep = (sized or bodiless) and headers.get("connection", "").lower() != "close"
    return Response(head + body, status, keep)


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str], *, until_end: bool) -> bytes:
    """A body as it is on the wire: chunks stay chunks."""
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _read_chunks(reader)
    if until_end:
        return await reader.read()
    return await reader.readexactly(int(headers.get("content-length", "0")))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while True:
        size = await reader.readuntil(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        content += size + await reader.readexactly(length + 2)
        if not length:
            return content


def _parsed(head: bytes) -> tuple[str, dict[str, str]]:
    line, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (one.partition(":") for one in rest)
    return line, {name.strip().lower(): value.strip() for name, _, value in pairs}
