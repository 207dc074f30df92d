"""A robot that the kit plays: it says whatever a case has it say, and keeps what it receives."""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from clients.robot import factsheet
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet
from events.vda5050.header import Header, timestamp
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Action, Order
from events.vda5050.state import (
    ActionState,
    ActionStatus,
    EdgeState,
    EmergencyStop,
    Error,
    MobileRobotPosition,
    NodeState,
    OperatingMode,
    PowerSupply,
    SafetyState,
    State,
)
from events.vda5050.text import MalformedError, read, to_bytes
from events.vda5050.topics import Kind
from tests.conformance.kit import FailedError, require
from tests.flow.shopper import Shopper
from tests.support.mall import Mall

START = "parking-1"
REPORT = 10.0  # seconds between the states that a played robot sends by itself


@dataclass(frozen=True)
class Got:
    """What the gateway published to a robot. expires: seconds until the broker drops it, None for never."""

    topic: str
    payload: bytes
    expires: int | None
    retain: bool
    at: datetime


class Around(Protocol):
    """What a played robot needs of its bench."""

    mall: Mall

    def passes(self, seconds: float) -> None:
        """Time passes."""
        ...

    def arrives(self, body: dict[str, Any]) -> None:
        """A rule of the broker has put something into the gateway's queue."""
        ...


class PlayedRobot:
    """One robot on the bench. `says` sends a state that differs from the last by what is given."""

    def __init__(self, bench: Around, id: str) -> None:
        self.bench = bench
        self.id = id
        self.got: list[Got] = []
        self.connection = 0
        self._header_ids: dict[Kind, int] = {}
        self.clock: str | None = None
        """What its clock shows, if it is not the mall's time."""
        self.shows: State = self._first_state()

    # the connection

    def comes_online(self, *, sheet: Factsheet | None = None) -> None:
        """The connection begins: presence, ONLINE, factsheet, state."""
        self.begins_connection()
        self._header_ids = {}
        self.says_connection(ConnectionState.ONLINE)
        self.sends(Kind.FACTSHEET, sheet or self.sheet())
        self.says()
        self.reports_regularly()
        self.bench.passes(2)

    def begins_connection(self) -> int:
        """The broker sees a new connection; its number."""
        self.connection += 1
        self.presence(self.connection, connected=True)
        return self.connection

    def presence(self, connection: int, *, connected: bool, in_order: bool = False, at: datetime | None = None) -> None:
        """The broker says that one of the robot's connections began or ended."""
        said = {
            "clientId": self.id,
            "timestamp": _milliseconds(at or self.bench.mall.now),
            "eventType": "connected" if connected else "disconnected",
            "sessionIdentifier": f"session-{connection}",
            "versionNumber": connection,
            **({} if connected else {"clientInitiatedDisconnect": in_order}),
        }
        self._to_queue({"topic": "presence"}, json.dumps(said).encode(), self.bench.mall.now)

    def says_connection(self, state: ConnectionState) -> None:
        """The robot, or its last will, says how it is connected."""
        self.sends(Kind.CONNECTION, Connection(**self.header(Kind.CONNECTION), connection_state=state))

    def is_cut(self) -> None:
        """The connection is cut: the last will is published, and the broker says so."""
        self.is_silent()
        self.says_connection(ConnectionState.CONNECTION_BROKEN)
        self.presence(self.connection, connected=False)
        self.bench.passes(1)

    def is_silent(self) -> None:
        """The robot reports nothing more by itself."""
        self.bench.mall.stop_repeating(self.id)

    def reports_regularly(self) -> None:
        """The robot repeats its state every ten seconds."""
        self.bench.mall.repeat(REPORT, self.says, self.id)

    # what it says

    def says(self, *, wait: float = 0, **changes: Any) -> State:
        """Send a state, and keep it as what the robot shows; wait: seconds that pass after it."""
        self.shows = self.shows.model_copy(update={**changes, **self.header(Kind.STATE)})
        self.sends(Kind.STATE, self.shows)
        if wait:
            self.bench.passes(wait)
        return self.shows

    def takes(self, order: Order, **changes: Any) -> State:
        """Show that an order was taken over."""
        ahead = {
            "node_states": tuple(
                NodeState(node_id=node.node_id, sequence_id=node.sequence_id, released=node.released)
                for node in order.nodes[1:]
            ),
            "edge_states": tuple(
                EdgeState(edge_id=edge.edge_id, sequence_id=edge.sequence_id, released=edge.released)
                for edge in order.edges
            ),
        }
        waiting = tuple(_shown(action, ActionStatus.WAITING) for action in order.actions())
        return self.says(
            wait=1,
            **{
                "order_id": order.order_id,
                "order_update_id": order.order_update_id,
                "last_node_id": order.nodes[0].node_id,
                "last_node_sequence_id": 0,
                "action_states": waiting,
                **ahead,
                **changes,
            },
        )

    def has(self, action: Action, status: ActionStatus, result: str | None = None) -> State:
        """Show an action in another status."""
        changed = tuple(
            _shown(action, status, result) if each.action_id == action.action_id else each
            for each in self.shows.action_states
        )
        return self.says(wait=1, action_states=changed)

    def finishes(self, order: Order, short: int = 0) -> State:
        """Show that an order is worked off, and some of its first line were not found."""
        ended = []
        for place, action in enumerate(order.actions()):
            wanted = action.parameter("quantity")
            result = str(wanted - short if place == 0 else wanted) if isinstance(wanted, int) else None
            ended.append(_shown(action, ActionStatus.FINISHED, result))
        return self.says(
            wait=5,
            action_states=tuple(ended),
            node_states=(),
            edge_states=(),
            last_node_id=order.nodes[-1].node_id,
            last_node_sequence_id=order.nodes[-1].sequence_id,
        )

    def answers(self, action: Action, status: ActionStatus, **changes: Any) -> State:
        """Show an instant action."""
        others = tuple(each for each in self.shows.instant_action_states if each.action_id != action.action_id)
        return self.says(wait=1, instant_action_states=(*others, _shown(action, status)), **changes)

    def cancels(self, action: Action) -> State:
        """Show that an order was cancelled."""
        failed = tuple(
            each if each.action_status.ended else each.model_copy(update={"action_status": ActionStatus.FAILED})
            for each in self.shows.action_states
        )
        return self.answers(action, ActionStatus.FINISHED, node_states=(), edge_states=(), action_states=failed)

    def fails(self, kind: str, level: str, **changes: Any) -> State:
        """Show an error."""
        return self.says(wait=1, errors=(Error(error_type=kind, error_level=level),), **changes)  # type: ignore[arg-type]

    def sends(self, kind: Kind, message: Header, received: datetime | None = None) -> None:
        """Publish a message, which the broker receives now or is said to have received at another time."""
        self.sends_text(kind, to_bytes(message), received)

    def sends_text(self, kind: Kind, payload: bytes, received: datetime | None = None) -> None:
        """Publish any bytes."""
        body = {"robot": self.id, "topic": str(kind), "client": self.id}
        self._to_queue(body, payload, received or self.bench.mall.now)

    def header(self, kind: Kind) -> dict[str, Any]:
        """The next header on a topic."""
        number = self._header_ids[kind] = self._header_ids.get(kind, -1) + 1
        stamp = self.clock or timestamp(self.bench.mall.now)
        return {"header_id": number, "timestamp": stamp, "serial_number": self.id}

    def sheet(self, **changes: Any) -> Factsheet:
        """The factsheet of our own robot."""
        content = {**factsheet.content(Settings()), **changes}
        return Factsheet(**self.header(Kind.FACTSHEET), **content)

    # what it receives

    def receives(self, got: Got) -> None:
        """The gateway published something to this robot."""
        self.got.append(got)

    def orders(self) -> list[Order]:
        """The orders that came, in their sequence. Raises FailedError for one that is malformed."""
        return [self._read(Order, got) for got in self.got if got.topic.endswith(f"/{Kind.ORDER}")]

    def order(self, number: int = -1) -> Order:
        """An order that came, the latest by default. Raises FailedError where there is none."""
        found = self.orders()
        require(found, "no order came")
        return found[number]

    def instant(self, kind: str | None = None) -> list[Action]:
        """The instant actions that came, each as often as it came; of one kind, if one is given."""
        messages = [self._read(InstantActions, got) for got in self.got if got.topic.endswith(Kind.INSTANT_ACTIONS)]
        actions = [action for message in messages for action in message.actions]
        return [action for action in actions if kind in (None, action.action_type)]

    def one_instant(self, kind: str) -> Action:
        """The latest instant action of a kind. Raises FailedError where there is none."""
        found = self.instant(kind)
        require(found, f"no {kind} came")
        return found[-1]

    def forgets(self) -> None:
        """Forget what came so far."""
        self.got.clear()

    # what staff see of it

    def status(self) -> str:
        """Its status at the depot."""
        bots = Shopper(self.bench.mall).ask("GET", "/api/depot/bots")["bots"]
        return next((bot["status"] for bot in bots if bot["id"] == self.id), "retired")

    def seen(self) -> dict[str, Any]:
        """What staff see of it."""
        found: dict[str, Any] = Shopper(self.bench.mall).ask("GET", f"/api/fleet/robots/{self.id}")["robot"]
        return found

    def _to_queue(self, body: dict[str, Any], payload: bytes, received: datetime) -> None:
        self.bench.arrives({**body, "received": _milliseconds(received), "payload": b64encode(payload).decode()})

    def _first_state(self) -> State:
        place = plan().nodes[START]
        return State(
            header_id=0,
            timestamp=timestamp(self.bench.mall.now),
            serial_number=self.id,
            order_id="",
            order_update_id=0,
            last_node_id=START,
            last_node_sequence_id=0,
            node_states=(),
            edge_states=(),
            mobile_robot_position=MobileRobotPosition(x=place.x, y=place.y, theta=0, map_id=plan().map, localized=True),
            driving=False,
            paused=False,
            action_states=(),
            instant_action_states=(),
            power_supply=PowerSupply(state_of_charge=80, charging=False),
            operating_mode=OperatingMode.AUTOMATIC,
            errors=(),
            safety_state=SafetyState(active_emergency_stop=EmergencyStop.NONE, field_violation=False),
        )

    @staticmethod
    def _read(model: type[Any], got: Got) -> Any:
        try:
            return read(model, got.payload)
        except MalformedError as malformed:
            raise FailedError(str(malformed)) from malformed


def _shown(action: Action, status: ActionStatus, result: str | None = None) -> ActionState:
    return ActionState(
        action_id=action.action_id, action_type=action.action_type, action_status=status, action_result=result
    )


def _milliseconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1000)
