"""A gateway that the kit plays towards a robot: it sends orders and instant actions, and reads what comes back."""

import json
import random
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from events.floor.plan import plan
from events.vda5050 import errors
from events.vda5050.collecting import collect, drop, order_id
from events.vda5050.connection import Connection
from events.vda5050.factsheet import Factsheet
from events.vda5050.header import Header, timestamp
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Action, ActionParameter, BlockingType, Edge, Node, NodePosition, Order
from events.vda5050.state import ActionState, ActionStatus, Error, State
from events.vda5050.text import MalformedError, read, to_bytes
from events.vda5050.topics import Kind
from events.vda5050.visualization import Visualization
from functions.fleet.orders import SEPARATOR, drop_id
from tests.conformance.kit import FailedError, require
from tests.conformance.links import Arrived, Link

MODELS: dict[Kind, type[Header]] = {
    Kind.STATE: State,
    Kind.CONNECTION: Connection,
    Kind.FACTSHEET: Factsheet,
    Kind.VISUALIZATION: Visualization,
}
WITHIN = 150.0  # seconds for whatever a robot does next; it drives 60 m at most on the floor plan
H = TypeVar("H", bound=Header)


@dataclass(frozen=True)
class Stop:
    """A node where an order has something to do."""

    node: str
    actions: tuple[Action, ...] = ()


class PlayedGateway:
    """What a case has at hand. `patience` multiplies all waits, for robots that are slower than ours."""

    def __init__(self, link: Link, patience: float = 1.0, seed: int | None = 1) -> None:
        self.link = link
        self.log: list[tuple[Arrived, Header]] = []
        self.forgiven: frozenset[str] = frozenset()
        """Types of errors that the robot had before the case."""
        self._patience = patience
        self._ids = random.Random(seed)
        self._upcoming = order_id(self.id(), 1)
        self._header_ids: dict[Kind, int] = {}

    # ids and messages

    def id(self) -> str:
        """A new id."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def collect(self, quantity: int = 2, **changes: Any) -> Action:
        """An action of the next order that collects some of a new product; its id has the form of the mall's."""
        store, product = self.id(), self.id()
        id = SEPARATOR.join((self._upcoming, store, product, str(quantity)))
        return collect(id, store, product, quantity).model_copy(update=changes)

    def drop(self, **changes: Any) -> Action:
        """An action of the next order that puts down what was collected."""
        return drop(drop_id(self._upcoming)).model_copy(update=changes)

    def order(
        self,
        *stops: Stop,
        order: str | None = None,
        update: int = 0,
        start: Stop | None = None,
        begins: int = 0,
        released: int = 1000,
    ) -> Order:
        """An order from where the robot is to each stop in turn; `released` counts the nodes of the base."""
        id, self._upcoming = order or self._upcoming, order_id(self.id(), 1)
        path = [start or Stop(self.state().last_node_id)]
        for stop in stops:
            way = plan().route(path[-1].node, stop.node)
            path += [Stop(node) for node in way[1:-1]]
            path += [stop]
        nodes = tuple(_node(stop, begins + 2 * n, n < released) for n, stop in enumerate(path))
        edges = tuple(
            Edge(
                edge_id=f"{path[n].node}:{path[n + 1].node}",
                sequence_id=begins + 2 * n + 1,
                released=n + 1 < released,
                actions=(),
            )
            for n in range(len(path) - 1)
        )
        return Order(
            **self._header(Kind.ORDER),
            order_id=id,
            order_update_id=update,
            nodes=nodes,
            edges=edges,
        )

    def trip(self, start: Stop | None = None) -> Order:
        """A usual order: two stops, three lines, and back to the depot."""
        return self.order(
            Stop("south-1", (self.collect(2), self.collect(1))),
            Stop("centre-1", (self.collect(3),)),
            Stop("depot", (self.drop(),)),
            start=start,
        )

    def sends(self, order: Order, **changes: Any) -> Order:
        """Send an order, or one with other fields; returns what was sent."""
        sent = order.model_copy(update={**self._header(Kind.ORDER), **changes})
        self.sends_text(Kind.ORDER, to_bytes(sent))
        return sent

    def sends_json(self, order: Order, change: Callable[[dict[str, Any]], object]) -> None:
        """Send an order whose JSON was changed, to what the models do not allow."""
        text = json.loads(to_bytes(order.model_copy(update=self._header(Kind.ORDER))))
        change(text)
        self.sends_text(Kind.ORDER, json.dumps(text).encode())

    def sends_text(self, kind: Kind, payload: bytes) -> None:
        """Send any bytes."""
        self.link.send(kind, payload)

    def instant(self, kind: str, action_id: str | None = None, **parameters: Any) -> Action:
        """An instant action, under a new id unless one is given."""
        values = tuple(ActionParameter(key=key, value=value) for key, value in parameters.items())
        return Action(
            action_type=kind,
            action_id=action_id or f"{kind}{SEPARATOR}{self.id()}",
            blocking_type=BlockingType.NONE,
            action_parameters=values or None,
        )

    def instantly(self, kind: str, action_id: str | None = None, **parameters: Any) -> str:
        """Send an instant action; returns its id."""
        action = self.instant(kind, action_id, **parameters)
        self.sends_instantly(action)
        return action.action_id

    def sends_instantly(self, *actions: Action) -> None:
        """Send instant actions in one message."""
        message = InstantActions(**self._header(Kind.INSTANT_ACTIONS), actions=actions)
        self.sends_text(Kind.INSTANT_ACTIONS, to_bytes(message))

    # what arrives

    def state(self) -> State:
        """The latest state, after all that has arrived so far; waits for the first."""
        self._listen(0)
        latest = self.latest(State)
        return latest or self.until(lambda state: True, "anything is reported")

    def latest(self, model: type[H]) -> H | None:
        """The latest message of a kind that has arrived."""
        return next((message for _, message in reversed(self.log) if isinstance(message, model)), None)

    def all_of(self, model: type[H], since: int = 0) -> list[H]:
        """The messages of a kind, from a place in the log."""
        return [message for _, message in self.log[since:] if isinstance(message, model)]

    def until(self, condition: Callable[[State], object], what: str, within: float = WITHIN) -> State:
        """The first state from now on, the latest included, that meets a condition; raises FailedError if none does."""
        return self.until_message(State, condition, what, within)

    def until_message(
        self,
        model: type[H],
        condition: Callable[[H], object],
        what: str,
        within: float = WITHIN,
        since: int | None = None,
    ) -> H:
        """The same for any kind of message; since: the place in the log where to begin, else the latest counts."""
        self._listen(0)
        latest = self.latest(model) if since is None else None
        if latest is not None and condition(latest):
            return latest
        place = len(self.log) if since is None else since
        end = self.link.now() + within * self._patience
        while True:
            for message in self.all_of(model, place):
                if condition(message):
                    return message
            place = len(self.log)
            if self.link.now() >= end:
                break
            self._listen(end - self.link.now())
        raise FailedError(f"{what}: not reported within {within:g} s; {self._told()}")

    def passes(self, seconds: float) -> list[State]:
        """The states of the next seconds."""
        place = len(self.log)
        end = self.link.now() + seconds * self._patience
        while self.link.now() < end:
            self._listen(end - self.link.now())
        return self.all_of(State, place)

    def answers(self, action_id: str, within: float = 30.0) -> ActionState:
        """The final state of an instant action."""
        state = self.until(
            lambda state: (found := instant(state, action_id)) is not None and found.action_status.ended,
            f"instant action {action_id} has ended",
            within,
        )
        found = instant(state, action_id)
        assert found
        return found

    def refuses(self, kind: str, level: str, **references: str) -> Error:
        """The robot reports an error of a kind and level with references."""
        state = self.until(lambda state: _errors(state, kind), f"error {kind}", 30)
        error = _errors(state, kind)[-1]
        require(error.error_level == level, f"error {kind} has level {error.error_level}, not {level}")
        told = {each.reference_key: each.reference_value for each in error.error_references or ()}
        for key, value in references.items():
            require(told.get(key) == value, f"error {kind} refers to {told}, not to {key} {value}")
        return error

    def complaints(self, state: State) -> list[Error]:
        """The errors of a state that the case may have caused: not those of before, nor that the battery is low."""
        apart = self.forgiven | {errors.BATTERY_LOW}
        return [error for error in state.errors if error.error_type not in apart]

    def does(self, order: Order) -> State:
        """The robot works an order off."""
        return self.until(lambda state: _has(state, order) and state.idle, "the order is worked off", 600)

    def took(self, order: Order) -> State:
        """The robot has taken an order over."""
        return self.until(lambda state: _has(state, order), "the order is taken over", 30)

    def _listen(self, seconds: float) -> None:
        for arrived in self.link.wait(seconds):
            try:
                self.log.append((arrived, read(MODELS[arrived.kind], arrived.payload)))
            except MalformedError as malformed:
                raise FailedError(f"{arrived.kind}: {malformed}") from malformed

    def _told(self) -> str:
        state = self.latest(State)
        if state is None:
            return "there was no state at all"
        actions = [f"{each.action_type}={each.action_status}" for each in state.action_states]
        told = [each.error_type for each in state.errors]
        return (
            f"the last state: order {state.order_id!r} update {state.order_update_id}, at {state.last_node_id} "
            f"({state.last_node_sequence_id}), {len(state.node_states)} nodes to go, actions {actions}, errors {told}"
        )

    def _header(self, kind: Kind) -> dict[str, Any]:
        number = self._header_ids[kind] = self._header_ids.get(kind, -1) + 1
        moment = timestamp(datetime.fromtimestamp(self.link.now(), UTC))
        return {"header_id": number, "timestamp": moment, "serial_number": self.link.serial}


def instant(state: State, action_id: str) -> ActionState | None:
    """The state of an instant action."""
    return next((each for each in state.instant_action_states if each.action_id == action_id), None)


def statuses(state: State, actions: Iterable[Action]) -> list[ActionStatus | None]:
    """The statuses of an order's actions; None for one that is not reported."""
    known = {each.action_id: each.action_status for each in state.action_states}
    return [known.get(action.action_id) for action in actions]


def _has(state: State, order: Order) -> bool:
    return (state.order_id, state.order_update_id) == (order.order_id, order.order_update_id)


def _errors(state: State, kind: str) -> list[Error]:
    return [error for error in state.errors if error.error_type == kind]


def _node(stop: Stop, sequence_id: int, released: bool) -> Node:
    here = plan().nodes.get(stop.node)
    position = NodePosition(x=here.x, y=here.y, map_id=plan().map) if here else None
    return Node(
        node_id=stop.node, sequence_id=sequence_id, released=released, node_position=position, actions=stop.actions
    )
