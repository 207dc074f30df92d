"""Many sockets of staff on a local cloud, all cut at once: `python -m tests.e2e.many_sockets --sockets 1000`.

While orders are placed, every socket is cut without a close frame, comes back with back-off and full jitter, and
resumes. The last line is JSON: {"sockets", "orders", "boards", "connected_seconds", "back_seconds", "reloads",
"missed", "errors", "refused", "asked_again", "failed_connections"}. back_seconds: from the cut until the last one has
all that it missed; reloads: snapshots after the cut, which a resume should have spared; missed: positions of logs that
a client has not reached in the end; errors: of the stream; refused: orders that the API refused meanwhile, and that
were begun anew; asked_again: what was not answered in time; failed_connections: those that did not open. The exit code
is 0 when all are back within 40 s, and there are no reloads and nothing missed. It takes minutes, so it is no part of
`make e2e`.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from clients.mall import MallError
from clients.order import Order
from clients.people import People
from clients.scenarios.robots import Fleet
from clients.watcher import PROTOCOL, Watcher
from functions.kernel.runtime.context import STAFF
from functions.live.topics import Shard, shards
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.up import WEBSOCKET_OUTPUT, discard, up
from infra.local.users import credential

TOPICS = ["orders", "lists", "robots", "invoices", "stores"]
BACK_WITHIN = 40  # seconds, on two quiet cores
# Of the pages (clients/pages/live/state.ts).
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # of the back-off
GOOD = 10.0  # seconds of a connection that resets the back-off
PING_EVERY = 30.0
ANSWERS, UNAVAILABLE, LONGEST_ANSWER = 10.0, 5.0, 30.0  # after which what was not answered is asked for again

# Seconds for a connection to open. A page gives up after 15, but a local cloud does all its work for who is gone then,
# where it is slower than that: on busy cores it let in no more than 293 of 1,000.
OPENS = 60.0
RAMP = 0.004  # seconds between the first connections: half of API Gateway's quota of 500 a second
GIVE_UP = 300.0


class Client:
    """One screen, which shows some boards."""

    def __init__(self, address: str, token: Callable[[], str], topics: list[str]) -> None:
        self._address, self._token = address, token
        self.watcher = Watcher(topics)
        self.ready = asyncio.Event()
        self.socket: ClientConnection | None = None
        self.asked_again = self.failed = 0
        self._pongs = asyncio.Event()
        self._unanswered: set[Shard] = set()
        self._tries = 0
        self._opening = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Stay connected until it is cancelled."""
        attempt = 0
        while True:
            began = time.monotonic()
            try:
                await self._connection()
            except (OSError, WebSocketException, TimeoutError):
                self.failed += self.socket is None
            attempt = 0 if self.socket and time.monotonic() - began >= GOOD else attempt + 1
            self.socket = None
            await asyncio.sleep(random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)))

    async def _connection(self) -> None:
        token = await asyncio.to_thread(self._token)
        offered: Any = [PROTOCOL, token]
        began = time.monotonic()
        async with connect(
            self._address, subprotocols=offered, compression=None, proxy=None, open_timeout=OPENS, ping_interval=None
        ) as self.socket:
            self._unanswered = {shard for topic in self.watcher.topics for shard in shards(topic)}
            pinging = asyncio.create_task(self._ping())
            self._tries, self._opening = 0, time.monotonic() - began
            try:
                await self._ask()
                async for text in self.socket:
                    await self._take(json.loads(text))
            finally:
                pinging.cancel()
                self._wait(None)

    async def _ask(self) -> None:
        """Subscribe to what was not answered yet, and again when the wait for that is over."""
        topics = {shard.topic for shard in self._unanswered}
        entries = [entry for entry in self.watcher.subscribe()["topics"] if entry["topic"] in topics]
        first = max(ANSWERS, 2 * self._opening)
        self._wait(random.uniform(1, 1.5) * min(LONGEST_ANSWER, first * 2**self._tries))
        await self._send({"action": "subscribe", "topics": entries, "packed": True})

    def _wait(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, self._again)

    def _again(self) -> None:
        self._tries += 1
        self.asked_again += 1
        self._asking = asyncio.create_task(self._ask())

    async def _take(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "pong":
            if missed := self.watcher.missed(frame):
                await self._send(missed)
            else:
                self._pongs.set()
            return
        self.watcher.take(frame)
        if frame.get("type") in ("snapshot", "subscribed"):
            self._unanswered.discard(Shard(frame["topic"], frame["shard"]))
        if self._unanswered and frame.get("type") == "error":
            self._wait(random.uniform(0.5, 1) * min(LONGEST_ANSWER, UNAVAILABLE * 2**self._tries))
        elif not self._unanswered and self.watcher.is_ready:
            self._wait(None)
            self.ready.set()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            await self._send(self.watcher.ping(1))

    async def settle(self) -> None:
        """Ask where the logs are until everything that they hold is here."""
        self._pongs.clear()
        while not self._pongs.is_set():
            with contextlib.suppress(TimeoutError):
                await self._send(self.watcher.ping(2))
                await asyncio.wait_for(self._pongs.wait(), 15)

    async def _send(self, frame: dict[str, Any]) -> None:
        if self.socket:
            with contextlib.suppress(WebSocketException):  # the reader hears of it, too
                await self.socket.send(json.dumps(frame))

    def cut(self) -> None:
        """As when a cable is pulled."""
        self.ready.clear()
        if self.socket:
            self.socket.transport.abort()


async def measure(
    cloud: LocalCloud, people: People, products: list[str], sockets: int, orders: int, boards: int
) -> dict[str, Any]:
    """Connect, cut, come back; see the module."""
    staff = credential(cloud, STAFF)
    address = str(cloud.output(WEBSOCKET_OUTPUT))
    shown = [[TOPICS[(number + board) % len(TOPICS)] for board in range(boards)] for number in range(sockets)]
    clients = [Client(address, staff.token, topics) for topics in shown]
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(8))
    began = time.monotonic()
    running = []
    for client in clients:
        running.append(asyncio.create_task(client.run()))
        await asyncio.sleep(RAMP)
    await everyone(clients)
    connected = time.monotonic() - began
    report(f"{sockets} sockets have their boards after {connected:.1f} s")
    placing = asyncio.create_task(asyncio.to_thread(place, people, products, orders))
    await asyncio.sleep(2)
    began, before = time.monotonic(), snapshots(clients)
    for client in clients:
        client.cut()
    await everyone(clients)
    back = time.monotonic() - began
    report(f"all are back {back:.1f} s after the cut")
    refused = await placing
    await asyncio.to_thread(wait_until_idle, cloud)
    await asyncio.wait_for(asyncio.gather(*(client.settle() for client in clients)), GIVE_UP)
    watched = [(key, one) for client in clients for key, one in client.watcher.shards.items()]
    heads = {key: max(one.position for other, one in watched if other == key) for key, _ in watched}
    for task in running:
        task.cancel()
    return {
        "sockets": sockets,
        "orders": orders,
        "boards": boards,
        "connected_seconds": round(connected, 1),
        "back_seconds": round(back, 1),
        "reloads": snapshots(clients) - before,
        "missed": sum(heads[key] - one.position for key, one in watched),
        "errors": sum(len(c.watcher.errors) for c in clients),
        "refused": refused,
        "asked_again": sum(c.asked_again for c in clients),
        "failed_connections": sum(c.failed for c in clients),
    }


def snapshots(clients: list[Client]) -> int:
    return sum(one.snapshots for client in clients for one in client.watcher.shards.values())


async def everyone(clients: list[Client]) -> None:
    await asyncio.wait_for(asyncio.gather(*(client.ready.wait() for client in clients)), GIVE_UP)


def place(people: People, products: list[str], orders: int) -> int:
    """Place so many orders; how often one was refused on the way, and begun anew."""
    placed = refused = 0
    until = time.monotonic() + GIVE_UP
    while placed < orders:
        try:
            Order(people).orders({products[placed % len(products)]: 1})
            placed += 1
        except (MallError, httpx.HTTPError):  # the local cloud may refuse requests while many sockets come back
            refused += 1
            if time.monotonic() > until:
                raise
    return refused


@contextlib.contextmanager
def mall(port: int | None, state: Path | None) -> Iterator[LocalCloud]:
    """The cloud that runs on a port, or one of its own."""
    if port and state:
        yield LocalCloud(port, state)
        return
    with tempfile.TemporaryDirectory() as folder:
        cloud = LocalCloud(free_port(), Path(folder) / "state")
        try:
            up(cloud)
            yield cloud
        finally:
            discard(cloud)


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.many_sockets")
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--orders", type=int, default=10)
    parser.add_argument("--boards", type=int, default=1, help="that each screen shows, of five in turn")
    parser.add_argument("--port", type=int, help="of a local cloud that runs; with its --state")
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    with mall(options.port, options.state) as cloud, at_work(cloud) as people:
        seeded = seed(people)
        with Fleet(people.robot, seeded.robots):
            wait_until_idle(cloud)
            size = (options.sockets, options.orders, options.boards)
            found = asyncio.run(measure(cloud, people, seeded.products, *size))
    print(json.dumps(found))
    return 0 if found["back_seconds"] <= BACK_WITHIN and not found["reloads"] + found["missed"] else 1


if __name__ == "__main__":
    sys.exit(main())
