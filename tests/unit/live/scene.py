"""A scene in which several are at work: what is stored, who is connected, and all orders of their steps."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

from events.registry import Message
from functions.kernel.projections.view_store import MemoryViews, read_item
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from functions.live.topics import Key, beside, shard_of
from functions.live.views import has_moved
from tests.support.live import Client, MemoryConnections, send
from tests.support.runtime import memory_runtime
from tests.unit.live.desk import NOON, batch, order
from tests.unit.live.interleaved import Actor, Taken, World, copied, every_order

# Two orders of one shard.
FIRST, SECOND = [id for id in map(str, range(100)) if shard_of("orders", id).number == 0][:2]
SHARD = shard_of("orders", FIRST)
HERE = {"topic": "orders", "shard": SHARD.number}

Build = Callable[["Scene"], Sequence[Actor]]


class Scene:
    """Rows, connections and clients, at a time."""

    def __init__(self, before: "Scene | None" = None) -> None:
        self.views = copied(before.views) if before else MemoryViews()
        self.connections = MemoryConnections()
        self.clients: dict[str, Client] = {}
        self.now = before.now if before else NOON
        self.world = World(self.views, self.connections, self.now)

    def client(self, name: str, known: Client | None = None) -> Client:
        """A client with an open connection of this name; what it knows is that of another one."""
        client = self.clients[name] = Client()
        if known:
            client.boards.update({key: deepcopy(board) for key, board in known.boards.items()})
        self.connections.open(name, client.receive)
        return client

    def do(self, work: Callable[[], object]) -> None:
        """Do something alone."""
        running = memory_runtime("live", views=self.views, adapters={"connections": self.connections})
        with clock.fixed(lambda: self.now), active(running):
            work()

    def subscribes(self, name: str) -> Callable[[], object]:
        """What a client's frame does that subscribes to the shard from where the client is."""
        board = self.clients[name].boards.get(("orders", SHARD.number))
        since = {"epoch": board.epoch, "since": board.position} if board else {}
        return lambda: send(name, {"action": "subscribe", "topics": [{**HERE, **since}]})

    def pings(self, name: str) -> Callable[[], object]:
        return lambda: send(name, self.clients[name].pings())

    def looks(self, name: str) -> int:
        """Ping and ask again until the client is behind with nothing; how often it had to ask."""
        for asked in range(6):
            self.do(self.pings(name))
            again = self.clients[name].asks_again()
            if again is None:
                return asked
            frame = again
            self.do(lambda frame=frame: send(name, frame))  # type: ignore[misc]
        raise AssertionError("it never has what there is")

    def stored(self) -> dict[str, tuple[int, Any]]:
        """The rows of the shard, with their versions, as they are shown."""
        found = {}
        for (partition, sort), item in self.views.items.items():
            if partition == f"board orders {SHARD.number}":
                data = read_item(item) or {}
                if has_moved(data):
                    data = read_item(self.views.items[beside(Key(partition, sort))]) or {}
                found[sort] = (data.pop("version"), data)
        return found

    def shown(self, name: str) -> dict[str, tuple[int, Any]]:
        rows = self.clients[name].boards["orders", SHARD.number].rows
        return {id: row for id, row in rows.items() if row[1] is not None}

    def expect_no_row_to_go_back(self) -> None:
        """In a log, no item has an older version of a row than one before it: whoever begins between sees it leave."""
        newest: dict[tuple[str, str], int] = {}
        for (partition, _), item in sorted(self.views.items.items()):
            if partition.startswith("log "):
                for change in (read_item(item) or {})["changes"]:
                    before = newest.get((partition, change["id"]), 0)
                    assert change["version"] >= before, f"{change['id']} goes back to version {change['version']}"
                    newest[partition, change["id"]] = change["version"]

    def numbers(self) -> dict[str, list[int]]:
        """The positions of the items of each epoch's log."""
        found: dict[str, list[int]] = {}
        for partition, sort in sorted(self.views.items):
            if partition.startswith("log "):
                found.setdefault(partition.rpartition(" ")[2], []).append(int(sort))
        return found


def works(*messages: tuple[Message, int]) -> Callable[[], object]:
    """A worker that handles one batch, all of which succeeds."""

    def work() -> None:
        assert batch(*messages) == []

    return work


def watched() -> tuple[Scene, Client]:
    """An order on the board, and a client that has it."""
    scene = Scene()
    scene.do(works((order(FIRST), 1)))
    client = scene.client("early")
    scene.do(scene.subscribes("early"))
    assert scene.shown("early") == scene.stored() != {}
    return scene, client


def in_every_order(before: Scene, build: Build, check: Callable[[Scene], object]) -> int:
    """Build actors of a copy of a scene, run them in every order, and check what came of it; how many orders."""
    scene = before

    def run(path: Sequence[int]) -> tuple[list[Taken], bool]:
        nonlocal scene
        scene = Scene(before)
        return scene.world.run(build(scene), path)

    count = 0
    for path in every_order(run):
        count += 1
        try:
            check(scene)
            assert not [error for client in scene.clients.values() for error in client.errors]
            for numbers in scene.numbers().values():
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "a position is missing"
            scene.expect_no_row_to_go_back()
        except AssertionError as error:
            raise AssertionError(f"in the order {path}") from error
    return count


def has_all(name: str) -> Callable[[Scene], None]:
    """A client has what the store has, at the latest after it looked."""

    def check(scene: Scene) -> None:
        scene.looks(name)
        assert scene.shown(name) == scene.stored()

    return check


def has_all_at_once(name: str) -> Callable[[Scene], None]:
    """A client has what the store has without another look."""

    def check(scene: Scene) -> None:
        assert scene.shown(name) == scene.stored()
        assert scene.looks(name) == 0

    return check
