"""Many sockets of staff on a local cloud, all cut at once: `python -m tests.e2e.many_sockets --sockets 1000`.

While orders are placed, every socket is cut without a close frame, comes back with back-off and full jitter, and
resumes. The last line is JSON: {"sockets", "orders", "boards", "connected_seconds", "back_seconds", "reloads",
"missed", "errors", "refused", "asked_again"}. back_seconds: from the cut until the last one has all that it missed;
reloads: snapshots after the cut, which a resume should have spared; missed: positions of logs that a client has not
reached in the end; errors: of the stream; refused: orders that the API refused meanwhile, and that were begun anew;
asked_again: what was not answered in time. The exit code is 0 when all are back within 40 s, and there are no reloads
and nothing missed. It takes minutes, so it is no part of `make e2e`.
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
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.up import WEBSOCKET_OUTPUT, discard, up
from infra.local.users import credential

TOPICS = ["orders", "lists", "robots", "invoices", "stores"]
BACK_WITHIN = 40  # seconds, on two quiet cores
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0  # of the pages' back-off
PING_EVERY = 30.0
RAMP = 0.004  # seconds between the first connections: half of API Gateway's quota of 500 a second
AGAIN = (1.0, 5.0)  # seconds after which what was unavailable is asked for again
ANSWERS, LONGEST_ANSWER = 5.0, 30.0  # seconds after which what is not answered is asked for again, as the pages do
GIVE_UP = 300.0


class Client:
    """One screen, which shows some boards."""

    def __init__(self, address: str, token: Callable[[], str], topics: list[str]) -> None:
        self._address, self._token = address, token
        self.watcher = Watcher(topics)
        self.ready = asyncio.Event()
        self.socket: ClientConnection | None = None
        self._pongs = asyncio.Event()
        self._unanswered = set(topics)
        self.asked_again = 0

    async def run(self) -> None:
        """Stay connected until it is cancelled."""
        failed = 0
        while True:
            try:
                await self._connection()
                failed = 0
            except (OSError, WebSocketException, TimeoutError):
                failed += 1
            self.socket = None
            await asyncio.sleep(random.uniform(0, min(LONGEST_WAIT, FIRST_WAIT * 2**failed)))

    async def _connection(self) -> None:
        token = await asyncio.to_thread(self._token)
        offered: Any = [PROTOCOL, token]
        async with connect(
            self._address, subprotocols=offered, compression=None, proxy=None, open_timeout=60, ping_interval=None
        ) as self.socket:
            working = [asyncio.create_task(work) for work in (self._ask(), self._ping())]
            try:
                async for text in self.socket:
                    await self._take(json.loads(text))
            finally:
                for task in working:
                    task.cancel()

    async def _ask(self) -> None:
        """Subscribe, and again while it is not answered: an answer that is refused or late is not sent again."""
        wait, self._unanswered = ANSWERS, set(self.watcher.topics)
        await self._send(self.watcher.subscribe())
        while not self.ready.is_set():
            await asyncio.sleep(wait)
            if not self.ready.is_set():
                self.asked_again += 1
                await self._send(self.watcher.subscribe())
            wait = min(2 * wait, LONGEST_ANSWER)

    async def _take(self, frame: dict[str, Any]) -> None:
        if frame.get("type") == "pong":
            if missed := self.watcher.missed(frame):
                await self._send(missed)
            else:
                self._pongs.set()
            return
        self.watcher.take(frame)
        if frame.get("type") in ("snapshot", "subscribed"):
            self._unanswered.discard(frame["topic"])
        if self.watcher.is_ready and not self._unanswered:
            self.ready.set()
        elif frame.get("type") == "error" or "message" in frame:
            asyncio.get_running_loop().call_later(random.uniform(*AGAIN), self._again)

    def _again(self) -> None:
        if not self.ready.is_set():
            self._asking = asyncio.create_task(self._send(self.watcher.subscribe()))

    async def _ping(self) -> None:
        await asyncio.sleep(random.uniform(0, PING_EVERY))
        while True:
            await self._send(self.watcher.ping(1))
            await asyncio.sleep(PING_EVERY)

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
