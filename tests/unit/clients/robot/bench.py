"""A robot on a bench: orders go in, states come out, and time passes as fast as the test likes."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050 import collecting
from events.vda5050.collecting import collect, drop
from events.vda5050.header import timestamp
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Action, ActionParameter, BlockingType, Edge, Node, Order
from events.vda5050.state import ActionStatus, State
from events.vda5050.text import read, to_bytes
from events.vda5050.topics import Kind

SERIAL = "3d0f3f6e-0f5c-4d4c-8f39-0a8a1b1f2c11"
START = 1_795_000_000.0
AGES = 600.0  # seconds: longer than any order on the bench takes
HEADER: dict[str, Any] = {
    "header_id": 0,
    "timestamp": timestamp(datetime.fromtimestamp(START, UTC)),
    "serial_number": SERIAL,
}

Stops = Sequence[tuple[str, Sequence[Action]]]


def never() -> float:
    return 0.999


def node(node_id: str, sequence_id: int, *actions: Action, released: bool = True) -> Node:
    return Node(node_id=node_id, sequence_id=sequence_id, released=released, actions=actions)


def path(stops: Stops, *, first: int = 0, released: int = 1000) -> tuple[tuple[Node, ...], tuple[Edge, ...]]:
    """The nodes and edges of a way over neighbours; only the first `released` nodes are released."""
    nodes = tuple(
        node(place, first + 2 * number, *actions, released=number < released)
        for number, (place, actions) in enumerate(stops)
    )
    edges = tuple(
        Edge(
            edge_id=f"{start.node_id}:{end.node_id}",
            sequence_id=start.sequence_id + 1,
            released=end.released,
            actions=(),
        )
        for start, end in pairwise(nodes)
    )
    return nodes, edges


def order(stops: Stops, order_id: str = "list-1.1", *, update: int = 0, first: int = 0, released: int = 1000) -> Order:
    nodes, edges = path(stops, first=first, released=released)
    return Order(**HEADER, order_id=order_id, order_update_id=update, nodes=nodes, edges=edges)


def shopping(order_id: str = "list-1.1", quantity: int = 3, *, retriable: bool = False) -> Order:
    """Two products at two stores, and the way to the depot."""
    first, second = (
        collect(f"{order_id}/{product}", store, product, quantity).model_copy(update={"retriable": retriable})
        for store, product in (("store-1", "tea"), ("store-2", "mug"))
    )
    stops: Stops = [
        ("depot", ()),
        ("west", ()),
        ("north-west", ()),
        ("north-1", (first,)),
        ("north-west", ()),
        ("north", ()),
        ("north-2", (second,)),
        ("north", ()),
        ("north-west", ()),
        ("west", ()),
        ("depot", (drop(f"{order_id}/drop"),)),
    ]
    return order(stops, order_id)


def replaced(base: Order, **changes: Any) -> Order:
    return base.model_copy(update=changes)


def instant(kind: str, action_id: str = "instant-1", **parameters: str) -> Action:
    return Action(
        action_type=kind,
        action_id=action_id,
        blocking_type=BlockingType.NONE,
        action_parameters=tuple(ActionParameter(key=key, value=value) for key, value in parameters.items()) or None,
    )


def at_once(*actions: Action) -> bytes:
    return to_bytes(InstantActions(**HEADER, actions=actions))


class Bench:
    """A robot that is connected, at the depot, and charged. acknowledges: whether the broker gets what it tells."""

    def __init__(
        self, settings: Settings | None = None, memory: Memory | None = None, chance: Callable[[], float] = never
    ) -> None:
        self.now = START
        self.settings = settings = settings or Settings()
        self.chance = chance
        self.told: list[Publication] = []
        self.robot = Robot(SERIAL, memory or Memory(plan().depot), settings, plan(), chance)
        self.acknowledges = True
        self._tell(self.robot.connected(self.now))

    @property
    def states(self) -> list[State]:
        return [told.message for told in self.told if isinstance(told.message, State)]

    @property
    def state(self) -> State:
        return self.states[-1]

    @property
    def errors(self) -> list[str]:
        return [error.error_type for error in self.state.errors]

    def statuses(self, kind: str | None = None) -> list[ActionStatus]:
        return [each.action_status for each in self.state.action_states if kind in (None, each.action_type)]

    def instant_status(self, action_id: str = "instant-1") -> ActionStatus:
        return next(each.action_status for each in self.state.instant_action_states if each.action_id == action_id)

    def send(self, message: Order | bytes) -> "Bench":
        payload = message if isinstance(message, bytes) else to_bytes(message)
        self._tell(self.robot.received(Kind.ORDER, payload, self.now))
        return self

    def at_once(self, *actions: Action) -> "Bench":
        self._tell(self.robot.received(Kind.INSTANT_ACTIONS, at_once(*actions), self.now))
        return self

    def wait(self, seconds: float) -> "Bench":
        """Let time pass as a client does: by what is due."""
        end = self.now + seconds
        while (due := self.robot.due()) <= end:
            self.now = max(self.now, due)
            self._tell(self.robot.tick(self.now))
        self.now = end
        self._tell(self.robot.tick(self.now))
        return self

    def wait_until(self, condition: Callable[[], bool]) -> "Bench":
        end = self.now + AGES
        while not condition():
            assert self.now < end, self.state
            self.now = max(self.now, min(self.robot.due(), self.now + 1))
            self._tell(self.robot.tick(self.now))
        return self

    def stand_still(self, seconds: float) -> "Bench":
        """Have the process do nothing for so long, whatever is due, and then go on."""
        self.now += seconds
        self._tell(self.robot.tick(self.now))
        return self

    def cut(self) -> "Bench":
        self._tell(self.robot.disconnected(self.now))
        return self

    def back(self) -> "Bench":
        self._tell(self.robot.connected(self.now))
        return self

    def _tell(self, publications: list[Publication]) -> None:
        self.told += publications
        for state in [told.message for told in publications if isinstance(told.message, State)][-1:]:
            assert state.idle == self.robot.memory.idle, "a robot that shows that it is idle takes an order"
        if self.acknowledges and any(each.kind is Kind.STATE for each in publications):
            self.robot.acknowledged(self.now)

    def restarted(self, after: float = 0.0) -> "Bench":
        """The same robot after its process ended and its memory was read from the disk."""
        return self.off(after).back()

    def off(self, seconds: float) -> "Bench":
        """The same robot when its process runs again, and before it has a connection."""
        other = Bench.__new__(Bench)
        memory = Memory.from_json(self.robot.memory.to_json())
        other.now, other.settings, other.chance, other.told = self.now + seconds, self.settings, self.chance, []
        other.robot = Robot(SERIAL, memory, self.settings, plan(), self.chance)
        other.acknowledges = True
        return other


def seeded(seed: int) -> Callable[[], float]:
    return random.Random(seed).random


def results(state: State) -> dict[str, int | None]:
    """How many each collect took."""
    return {
        each.action_id: collecting.collected(each.action_result)
        for each in state.action_states
        if each.action_type == collecting.COLLECT
    }


def reread(bench: Bench) -> None:
    """Every message that was told is one that the standard's models read."""
    for told in bench.told:
        assert read(type(told.message), to_bytes(told.message)) == told.message
