"""A robot as it stands in the mall: the shipped machine, its process, its disk, its clock and its network."""

import json
from collections.abc import Callable

from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.state import ActionStatus, OperatingMode
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind, Topics
from tests.simulation.choices import Choices
from tests.simulation.containers import BEGIN
from tests.simulation.iot.broker import Broker
from tests.simulation.iot.client import MqttClient
from tests.simulation.iot.packets import Will
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import World

KEPT_STATES = 6  # of the disk, to which it may fall back
ENDED = (ActionStatus.FINISHED, ActionStatus.FAILED)
RECEIVED = (Kind.ORDER, Kind.INSTANT_ACTIONS)


class StandingRobot:
    """One robot. It records what it truly does (`robot` in the history); the mall learns of it by messages alone.

    skew: by how many seconds its clock is wrong.
    """

    def __init__(
        self,
        world: World,
        broker: Broker,
        topics: Topics,
        serial: str,
        certificate: str,
        settings: Settings,
        choices: Choices,
        skew: float = 0.0,
    ) -> None:
        self._world, self._broker, self._topics = world, broker, topics
        self.serial = serial
        self.certificate = certificate
        self._settings, self._choices, self._skew = settings, choices, skew
        self._disk: list[bytes] = []
        self._machine: Robot | None = None
        self._client: MqttClient | None = None
        self._saved = -1
        self._wakeup = 0
        self._hangs_until_us = 0
        self._missed: list[Callable[[Robot], list[Publication]]] = []
        self._told: set[tuple[str, str]] = set()

    @property
    def is_running(self) -> bool:
        """Whether its process runs."""
        return self._machine is not None

    @property
    def is_at_work(self) -> bool:
        """Whether it has an order that has not ended."""
        return self._machine is not None and not self._machine.memory.idle

    @property
    def was_refused(self) -> bool:
        """Whether the broker has refused its certificate."""
        return self._client is not None and self._client.refused > 0

    def start(self, *, disk: str = "kept") -> None:
        """Start the process. disk: what it finds there: what was kept, an "older" state, or nothing ("lost")."""
        memory = self._from_disk(disk)
        self._record("started", disk=disk, order=memory.order.order_id if memory.order else "")
        self._machine = Robot(self.serial, memory, self._settings, plan(), lambda: self._choices.seconds(0, 1, "luck"))
        self._saved = -1
        self._hangs_until_us, self._missed = 0, []
        order = memory.order.order_id if memory.order else ""
        self._told = {(order, task.action.action_id) for task in memory.tasks if task.status in ENDED}
        own = {kind: self._topics.of(kind, self.serial) for kind in RECEIVED}
        self._client = MqttClient(
            self._world, self._broker, self, self.serial, self.certificate, list(own.values()), self._will
        )
        self._client.start()
        self._plan()

    def crash(self) -> None:
        """End the process without a word."""
        self._record("crashed")
        if self._client:
            self._client.crash()
        self._end()

    def leave(self) -> None:
        """End the process in order."""
        if self._machine and self._client:
            is_connected = self._client.is_connected
            self._publish(self._machine.leaving(self._now()))
            self._client.stop()
            self._record("left", connected=is_connected and not self._hangs, **self.truth(is_connected))
            self._end()

    def cut(self, seconds: float) -> None:
        """Take its network away for so long."""
        if self._client:
            self._record("cut", seconds=seconds)
            self._client.leave_network(seconds)

    def hang(self, seconds: float, *, whole: bool = False) -> None:
        """Have the machine stand still for so long, and its network too (whole), which otherwise answers pings.

        Messages that come meanwhile are lost; that its connection ended or is there again it learns when it goes on.
        """
        self._record("hangs", seconds=seconds, whole=whole)
        self._hangs_until_us = max(self._hangs_until_us, self._world.scheduler.now_us + int(seconds * SECOND))
        if whole and self._client:
            self._client.suspend(seconds)
        machine = self._machine

        def go_on() -> None:
            if machine is self._machine and not self._hangs:
                if not self._missed or self._choices.chance(0.5, "what it looks at first"):
                    self._tick()
                missed, self._missed = self._missed, []
                for act in missed:
                    self._do(act)

        self._world.scheduler.call_in(seconds, go_on)

    def switch(self, mode: OperatingMode) -> None:
        """Have its operating mode changed, by someone who stands before it."""
        if self._machine:
            self._do(lambda machine: machine.switch(mode, self._now()))
            self._record("switched", mode=mode.value, node=self._machine.memory.node_id)

    def connected(self) -> None:
        """The connection is there."""
        self._do_or_learn_later(lambda machine: machine.connected(self._now()))

    def disconnected(self) -> None:
        """The connection ended."""
        self._do_or_learn_later(lambda machine: machine.disconnected(self._now()))

    def received(self, topic: str, payload: bytes) -> None:
        """A message arrived."""
        _, kind = self._topics.parse(topic)
        was_free = self._takes_orders() and not self.is_at_work
        self._do(lambda machine: machine.received(kind, payload, self._now()))
        if kind == Kind.ORDER and not self._hangs and self._machine:
            order, memory = json.loads(payload)["orderId"], self._machine.memory
            knows = memory.order is not None and order in (memory.order.order_id, *memory.earlier_orders)
            self._record("received order", order=order, was_free=was_free, knows=knows, node=memory.node_id)

    def acknowledged(self, topic: str, sent_us: int) -> None:
        """The broker has what was published then."""
        kind = self._topics.parse(topic)[1]
        if kind is Kind.STATE:
            self._do_or_learn_later(lambda machine: self._told_at(machine, sent_us))
        elif kind is Kind.CONNECTION:
            self._do_or_learn_later(self._announced)

    def truth(self, is_connected: bool = True) -> dict[str, object]:
        """What is so: node, order, pauses and mode; and whether it gives up an order and does nothing to that end.

        Without a connection it may hold its drop till it is back, which one that was retired never is.
        """
        if not self._disk:
            return {}
        memory = self._machine.memory if self._machine else Memory.from_json(self._disk[-1])
        ending = memory.ending
        holds = not is_connected and any(task.status is ActionStatus.PAUSED for task in memory.tasks)
        return {
            "node": memory.node_id,
            "order": memory.order.order_id if memory.order and not memory.idle else "",
            "paused": memory.paused,
            "mode": memory.mode.value,
            "stuck": ending is not None
            and ending.left is None
            and not (holds or any(task.at_work for task in memory.tasks)),
        }

    @property
    def _hangs(self) -> bool:
        return self._world.scheduler.now_us < self._hangs_until_us

    def _takes_orders(self) -> bool:
        return self._machine is not None and self._machine.memory.mode.takes_orders

    def _will(self) -> Will | None:
        assert self._machine
        will = self._machine.will(self._now())
        return Will(self._topics.of(will.kind, self.serial), to_bytes(will.message), will.retain)

    def _do(self, act: Callable[[Robot], list[Publication]]) -> None:
        if self._machine and not self._hangs:
            publications = act(self._machine)
            self._save()
            self._tell_of_work()
            self._publish(publications)
            self._plan()

    def _do_or_learn_later(self, act: Callable[[Robot], list[Publication]]) -> None:
        if self._hangs:
            self._missed.append(act)
        else:
            self._do(act)

    def _told_at(self, machine: Robot, sent_us: int) -> list[Publication]:
        machine.acknowledged(BEGIN.timestamp() + sent_us / SECOND + self._skew)
        return []

    def _announced(self, machine: Robot) -> list[Publication]:
        machine.announced(self._now())
        return []

    def _tick(self) -> None:
        self._do(lambda machine: machine.tick(self._now()))

    def _plan(self) -> None:
        """Plan the next tick, instead of the one that was planned."""
        if self._machine is None:
            return
        self._wakeup += 1
        wakeup, machine = self._wakeup, self._machine

        def wake() -> None:
            if wakeup == self._wakeup and machine is self._machine:
                self._tick()

        due = self._machine.due()
        if due < float("inf"):
            self._world.scheduler.call_in(max(0.01, due - self._now()), wake)

    def _publish(self, publications: list[Publication]) -> None:
        for kind, message, retain in publications:
            assert self._client
            self._client.publish(self._topics.of(kind, self.serial), to_bytes(message), retain=retain)

    def _save(self) -> None:
        assert self._machine
        if self._machine.revision != self._saved:
            self._saved = self._machine.revision
            self._disk = [*self._disk, self._machine.memory.to_json()][-KEPT_STATES:]

    def _from_disk(self, disk: str) -> Memory:
        if not self._disk or disk == "lost":
            return Memory(self._choices.pick((plan().depot, *plan().parking), "where a robot stands"))
        back = self._choices.between(1, len(self._disk), "which state") if disk == "older" else 1
        return Memory.from_json(self._disk[-back])

    def _end(self) -> None:
        self._machine, self._client = None, None

    def _now(self) -> float:
        return BEGIN.timestamp() + self._world.scheduler.now_us / SECOND + self._skew

    def _tell_of_work(self) -> None:
        """Record each action that has ended since the last call, by the order that the robot has."""
        assert self._machine
        memory = self._machine.memory
        if memory.order is None:
            return
        for task in memory.tasks:
            key = memory.order.order_id, task.action.action_id
            if task.status in ENDED and key not in self._told:
                self._told.add(key)
                parameters = {each.key: each.value for each in task.action.action_parameters or ()}
                self._record(
                    "ended action",
                    order=memory.order.order_id,
                    action=task.action.action_type,
                    parameters=parameters,
                    status=task.status.value,
                    result=task.result,
                    online=self._machine.online,
                )

    def _record(self, what: str, **more: object) -> None:
        self._world.history.record("robot", bot=self.serial, what=what, **json.loads(json.dumps(more)))
