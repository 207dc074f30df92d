"""The robot's logic as a state machine: what it receives and the time go in, what it publishes comes out.

It knows no clock, thread or network, so that a client, a simulation and a test run the same robot. What runs it
calls `connected` and `disconnected` as the broker's connection changes, `announced` when the broker has ONLINE,
`received` for each message, `acknowledged` for each state that the broker has, and `tick` when `due` has come; `now` is
a Unix time. The memory is to be saved whenever `revision` has changed, before what a call returned is published.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from clients.robot import factsheet
from clients.robot.execution import Execution
from clients.robot.instant import InstantWork
from clients.robot.judging import (
    ON_ITS_TOPIC,
    UNTIL_ANOTHER_ORDER,
    decision_point,
    error,
    is_repeated,
    order_ids,
    refusal,
)
from clients.robot.memory import Memory, Task
from clients.robot.settings import Settings
from events.floor.plan import Floor
from events.vda5050 import errors
from events.vda5050.collecting import MOST_BYTES
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet
from events.vda5050.header import Header, timestamp
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Order
from events.vda5050.state import (
    EdgeState,
    EmergencyStop,
    Map,
    MobileRobotPosition,
    NodeState,
    OnRobot,
    OperatingMode,
    PowerSupply,
    SafetyState,
    State,
)
from events.vda5050.text import MalformedError, read
from events.vda5050.topics import Kind

# Seconds from ONLINE until a state is told again: rules of AWS date messages when they run, in any order, so the first
# state may be dated before ONLINE, and then counts as of the session before.
TOLD_AGAIN = 1.0
EARLIER_ORDERS = 20  # that it still knows, so that a message which comes very late is no new order
M = TypeVar("M", bound=Header)


class Publication(NamedTuple):
    """A message to publish on a topic of this robot."""

    kind: Kind
    message: Header
    retain: bool = False


class Robot:
    """A robot. chance: random numbers from 0 to 1 that decide what it does not find. Header ids begin at 0."""

    def __init__(
        self, serial_number: str, memory: Memory, settings: Settings, floor: Floor, chance: Callable[[], float]
    ) -> None:
        self.memory = memory
        self.revision = 0
        """Counts the changes that are worth saving."""
        self.online = False
        self._serial_number = serial_number
        self._settings = settings
        self._floor = floor
        self._work = Execution(memory, settings, floor, chance)
        self._instant = InstantWork(memory, self._work)
        self._header_ids: dict[Kind, int] = {}
        self._now: float | None = None
        self._reported: State | None = None
        self._reported_at = -math.inf

    def will(self, now: float) -> Publication:
        """The last will to leave with the broker when connecting."""
        return self._connection(ConnectionState.CONNECTION_BROKEN, now)

    def connected(self, now: float) -> list[Publication]:
        """The connection is there."""
        self._pass(now)
        if self._outlasted_its_lease(now) or self.memory.unsure:
            self._work.doubt(self._settings.settle)
        self._set_online(True)
        online = self._connection(ConnectionState.ONLINE, now)
        return [online, self._factsheet(now), *self._report(now, owed=True)]

    def announced(self, now: float) -> None:
        """The broker has ONLINE."""
        self._reported_at = min(self._reported_at, now - self._settings.report_every + TOLD_AGAIN)

    def leaving(self, now: float) -> list[Publication]:
        """The robot is about to end the connection in order."""
        self._pass(now)
        return [self._connection(ConnectionState.OFFLINE, now)]

    def disconnected(self, now: float) -> list[Publication]:
        """The connection is gone, nobody knows since when. The robot goes on, but hands nothing over at the depot."""
        self._work.online = False
        self._pass(now)
        self._set_online(False)
        return self._report(now)

    def taken_over(self, now: float) -> None:
        """The broker has ended the connection, since another program connected under the robot's id."""
        self._pass(now)
        self._work.contest()

    def received(self, kind: str, payload: bytes, now: float) -> list[Publication]:
        """A message on the topic `order` or `instantActions`."""
        self._pass(now)
        more: list[Publication] = []
        if kind == Kind.ORDER:
            self._receive_order(payload)
        elif instant := self._read_instant(payload):
            if self.online and InstantWork.asks_for_factsheet(instant):
                more.append(self._factsheet(now))
            self._instant.receive(instant.actions)
        self._work.go_on()
        return [*more, *self._report(now, owed=True)]

    def acknowledged(self, sent: float) -> None:
        """The broker has the state of that time: the lease counts from there.

        One that was sent does not count. A connection may be dead for a while before its end is known.
        """
        self.memory.reported_at = max(self.memory.reported_at or sent, sent)

    def tick(self, now: float) -> list[Publication]:
        """Time has passed."""
        self._pass(now)
        return self._report(now)

    def switch(self, mode: OperatingMode, now: float) -> list[Publication]:
        """People at the robot change its operating mode; one that takes no orders ends the order first."""
        self._pass(now)
        self._work.switch(mode)
        self._work.go_on()
        return self._report(now)

    def due(self) -> float:
        """When `tick` has something to do (a Unix time)."""
        if self._now is None:
            return -math.inf
        report = self._reported_at + self._settings.report_every if self.online else math.inf
        return min(self._now + self._work.next_end(), report)

    def _pass(self, now: float) -> None:
        """Let time pass. A clock that was set back counts as standing still.

        Where its states did not arrive for its lease, the robot stood still or was off, or its connection is dead: its
        list may be another's, and nothing of the time that passed is time in which it handed over.
        """
        if now < max(self._now or now, self.memory.reported_at or now):
            self._doubt_the_clock(now)
        elif self._now is not None and now > self._now:
            if self._outlasted_its_lease(now):
                self._work.doubt(now - self._now + self._settings.settle)
            self._work.spend(now - self._now)
        self._now = now

    def _doubt_the_clock(self, now: float) -> None:
        """A clock that was set back, also while the robot was off, does not say for how long it was silent.

        So it may have been for its lease, until the broker has another state, which it tells now.
        """
        self.memory.reported_at = now - 2 * self._settings.lease
        self._reported_at = -math.inf
        self._work.doubt(self._settings.settle)

    def _outlasted_its_lease(self, now: float) -> bool:
        return now - (self.memory.reported_at or now) > self._settings.lease - self._settings.margin

    def _set_online(self, online: bool) -> None:
        self.online = self._work.online = online
        self._work.go_on()

    def _receive_order(self, payload: bytes) -> None:
        memory = self.memory
        if len(payload) > MOST_BYTES:
            memory.report(error(errors.INSUFFICIENT_MEMORY, f"a message has {MOST_BYTES} bytes at most"))
            return
        order = self._read(Order, payload, Kind.ORDER)
        if not order or is_repeated(order, memory.order):
            return
        if problem := refusal(order, memory, self._floor, self._serial_number):
            memory.report(problem)
            return
        is_update = memory.order is not None and memory.order.order_id == order.order_id
        if is_update:
            self._extend(order)
        else:
            self._begin(order)
        memory.order = order
        memory.withdraw(*UNTIL_ANOTHER_ORDER)
        memory.unsure = 0.0

    def _begin(self, order: Order) -> None:
        memory, first = self.memory, order.nodes[0]
        if memory.order:
            memory.earlier_orders = [*memory.earlier_orders, memory.order.order_id][-EARLIER_ORDERS:]
        memory.cancelled = False
        self._work.actions.clear()  # what an order without a drop left
        self._work.begin_at(first)
        memory.nodes, memory.edges = list(order.nodes[1:]), list(order.edges)
        memory.tasks = [Task(action, reached=action in first.actions) for action in order.actions()]

    def _extend(self, order: Order) -> None:
        """The base stays, the horizon is replaced."""
        memory, (_, end) = self.memory, decision_point(self.memory)
        gone = {action.action_id for node in memory.nodes if node.sequence_id > end for action in node.actions}
        memory.nodes = [node for node in memory.nodes if node.sequence_id <= end] + list(order.nodes[1:])
        memory.edges = [edge for edge in memory.edges if edge.sequence_id <= end] + list(order.edges)
        memory.tasks = [task for task in memory.tasks if task.action.action_id not in gone]
        known = {task.action.action_id for task in memory.tasks}
        memory.tasks += [Task(action) for action in order.actions() if action.action_id not in known]

    def _read_instant(self, payload: bytes) -> InstantActions | None:
        message = self._read(InstantActions, payload, Kind.INSTANT_ACTIONS)
        if message and message.serial_number != self._serial_number:
            why = f"the instant actions are for robot {message.serial_number}"
            self.memory.report(error(errors.VALIDATION_FAILURE, why, ON_ITS_TOPIC, topic=Kind.INSTANT_ACTIONS))
            return None
        return message

    def _read(self, model: type[M], payload: bytes, topic: str) -> M | None:
        try:
            return read(model, payload)
        except MalformedError as malformed:
            ids = order_ids(payload) if model is Order else {}
            self.memory.report(error(errors.VALIDATION_FAILURE, str(malformed), None, topic=topic, **ids))
            return None

    def _report(self, now: float, *, owed: bool = False) -> list[Publication]:
        """A state, if something has changed, one is owed as an answer, or the last was long ago."""
        state = self._state(now)
        if changed := state != self._reported:
            self.revision += 1
            self._reported = state
        if not self.online or not (changed or owed or now >= self._reported_at + self._settings.report_every):
            return []
        self._reported_at = now
        power = PowerSupply(state_of_charge=round(self.memory.charge, 1), charging=self.memory.charging)
        told = {"power_supply": power, "mobile_robot_position": self._position(), **self._header(Kind.STATE, now)}
        return [Publication(Kind.STATE, state.model_copy(update=told))]

    def _state(self, now: float) -> State:
        """What is worth a message when it changes: all but position, charge and header."""
        memory = self.memory
        return State(
            header_id=0,
            timestamp=timestamp(datetime.fromtimestamp(0, UTC)),
            serial_number=self._serial_number,
            maps=(Map(map_id=self._floor.map, map_version="1", map_status=OnRobot.ENABLED),),
            order_id=memory.order.order_id if memory.order else "",
            order_update_id=memory.order.order_update_id if memory.order else 0,
            last_node_id=memory.node_id,
            last_node_sequence_id=memory.sequence_id,
            node_states=tuple(
                NodeState(node_id=node.node_id, sequence_id=node.sequence_id, released=node.released)
                for node in memory.nodes
            ),
            edge_states=tuple(
                EdgeState(edge_id=edge.edge_id, sequence_id=edge.sequence_id, released=edge.released)
                for edge in memory.edges
            ),
            loads=tuple(memory.loads),
            driving=self._work.driving,
            paused=memory.paused,
            new_base_request=bool(memory.nodes) and not memory.nodes[0].released,
            action_states=tuple(task.state() for task in memory.tasks),
            instant_action_states=tuple(task.state() for task in memory.instant),
            power_supply=PowerSupply(state_of_charge=100, charging=memory.charging),
            operating_mode=memory.mode,
            errors=tuple(memory.errors),
            safety_state=SafetyState(active_emergency_stop=EmergencyStop.NONE, field_violation=False),
        )

    def _position(self) -> MobileRobotPosition:
        x, y, theta = self._work.place()
        return MobileRobotPosition(
            x=round(x, 2), y=round(y, 2), theta=round(theta, 2), map_id=self._floor.map, localized=True
        )

    def _factsheet(self, now: float) -> Publication:
        sheet = Factsheet(**self._header(Kind.FACTSHEET, now), **factsheet.content(self._settings))
        return Publication(Kind.FACTSHEET, sheet, retain=True)

    def _connection(self, state: ConnectionState, now: float) -> Publication:
        message = Connection(**self._header(Kind.CONNECTION, now), connection_state=state)
        return Publication(Kind.CONNECTION, message, retain=True)

    def _header(self, kind: Kind, now: float) -> dict[str, Any]:
        number = self._header_ids[kind] = self._header_ids.get(kind, -1) + 1
        moment = timestamp(datetime.fromtimestamp(now, UTC))
        return {"header_id": number, "timestamp": moment, "serial_number": self._serial_number}
