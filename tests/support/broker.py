"""The robots' broker in memory: topics, rules to the queue of a service, presence events, and robots that connect."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.connection import ConnectionState
from events.vda5050.state import OperatingMode
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from functions.fleet.identities import Keep

STILL = Settings()


@dataclass(frozen=True)
class Published:
    """A message that was published to a topic: its kind, its content, when it expires, and its user properties."""

    robot: str
    kind: str
    content: dict[str, Any]
    expires: datetime | None
    properties: dict[str, str]


class Wires(Protocol):
    """What a broker in memory is connected to: a clock, and the queue of its rules."""

    now: datetime

    def send_to_topics(self, body: dict[str, Any]) -> None:
        """Put what a rule makes into the queue."""


class MemoryBroker:
    """A broker that delivers to robots at once, and keeps what is published for those that are away.

    published: all that was published to robots. failing: what `publish` raises. losing: how many of the next messages
    reach no robot.
    """

    def __init__(self, wires: Wires) -> None:
        self._wires = wires
        self.published: list[Published] = []
        self.failing: Exception | None = None
        self.losing = 0
        self.robots: dict[str, StreamRobot] = {}
        self._waiting: list[tuple[Published, bytes]] = []
        self._connections = 0
        self.presence_wrong_by = 0
        """Milliseconds by which the times in presence events are wrong."""

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        expires: int | None = None,
        retain: bool = False,
        properties: Mapping[str, str] | None = None,
    ) -> None:
        """Publish to a robot's topic."""
        if self.failing:
            raise self.failing
        *_, robot, kind = topic.split("/")
        until = None if expires is None else self._wires.now + timedelta(seconds=expires)
        published = Published(robot, kind, json.loads(payload), until, dict(properties or {}))
        self.published.append(published)
        if self.losing:
            self.losing -= 1
            return
        receiver = self.robots.get(robot)
        if receiver and receiver.online:
            receiver.receive(kind, payload)
        else:
            self._waiting.append((published, payload))

    def to(self, robot: str, kind: str) -> list[dict[str, Any]]:
        """What was published to a topic of a robot."""
        return [one.content for one in self.published if (one.robot, one.kind) == (robot, kind)]

    def deliver_waiting(self, robot: "StreamRobot") -> None:
        """Give a robot that is back what its persistent session kept and has not expired."""
        mine = [one for one in self._waiting if one[0].robot == robot.id]
        self._waiting = [one for one in self._waiting if one[0].robot != robot.id]
        for published, payload in mine:
            if published.expires is None or published.expires > self._wires.now:
                robot.receive(published.kind, payload)

    def receive(self, robot: str, kind: str, payload: bytes) -> None:
        """A robot published: the rule of the topic sends it to the queue."""
        body = {"robot": robot, "topic": kind, "received": self._milliseconds(), "client": robot}
        self._wires.send_to_topics({**body, "payload": b64encode(payload).decode()})

    def tell_presence(
        self, robot: str, session: str, version: int, *, connected: bool, in_order: bool = False, reason: str = ""
    ) -> None:
        """A connection of a client began or ended; reason: why it ended, in the words of AWS."""
        said = {
            "clientId": robot,
            "timestamp": self._milliseconds() + self.presence_wrong_by,
            "eventType": "connected" if connected else "disconnected",
            "sessionIdentifier": session,
            "versionNumber": version,
            **({} if connected else {"clientInitiatedDisconnect": in_order, "disconnectReason": reason}),
        }
        payload = b64encode(json.dumps(said).encode()).decode()
        self._wires.send_to_topics({"topic": "presence", "received": self._milliseconds(), "payload": payload})

    @property
    def time(self) -> float:
        """The time (a Unix time)."""
        return self._wires.now.timestamp()

    def new_connection(self) -> int:
        """The number of a new connection."""
        self._connections += 1
        return self._connections

    def _milliseconds(self) -> int:
        return int(self._wires.now.timestamp() * 1000)


class MemoryIdentities:
    """By what robots are known to the broker. issued, revoked: the robots for which that was done, in this order."""

    def __init__(self) -> None:
        self.issued: list[str] = []
        self.revoked: list[str] = []

    def issue(self, bot_id: str, request: object) -> str:
        """A text that stands for a certificate."""
        self.issued.append(bot_id)
        return f"a certificate of {bot_id}"

    def revoke(self, bot_id: str, known: Sequence[str] = (), keep: Keep = lambda arns: None) -> None:
        self.revoked.append(bot_id)


class StreamRobot:
    """A robot of `clients/robot` on a broker in memory; the test says when its connection begins and ends."""

    def __init__(
        self, broker: MemoryBroker, id: str, settings: Settings = STILL, chance: Callable[[], float] = lambda: 1.0
    ) -> None:
        self.id = id
        self._broker = broker
        self._settings = settings
        self.chance = chance
        self._number = 0
        self._machine = self._started(Memory(node_id=plan().parking[0]))
        broker.robots[id] = self

    @property
    def online(self) -> bool:
        """Whether its connection is there."""
        return self._machine.online

    @property
    def memory(self) -> Memory:
        """What it would know again after a restart."""
        return self._machine.memory

    def connect(self) -> None:
        """Its connection begins."""
        self._number = self._broker.new_connection()
        self._broker.tell_presence(self.id, f"session-{self._number}", self._number, connected=True)
        self._publish(self._machine.connected(self._now))
        self._broker.deliver_waiting(self)

    def cut(self, *, will: bool = True) -> None:
        """Its connection is cut; the broker publishes the last will and says so, unless its rules fail."""
        last_will = self._machine.will(self._now)
        self._machine.disconnected(self._now)
        if will:
            self._broker.receive(self.id, str(last_will.kind), to_bytes(last_will.message))
            self._broker.tell_presence(self.id, f"session-{self._number}", self._number, connected=False)

    def leave(self) -> None:
        """It ends its connection in order."""
        self._publish(self._machine.leaving(self._now))
        self._machine.disconnected(self._now)
        self._broker.tell_presence(self.id, f"session-{self._number}", self._number, connected=False, in_order=True)

    def say(self, state: ConnectionState) -> None:
        """Say something of its connection, as its last will does when it comes late."""
        will = self._machine.will(self._now).message
        self._broker.receive(self.id, "connection", to_bytes(will.model_copy(update={"connection_state": state})))

    def switch(self, mode: OperatingMode) -> None:
        """People at the robot change its operating mode."""
        self._publish(self._machine.switch(mode, self._now))

    def restart(self) -> None:
        """Its program starts again, with what it has kept; the numbers of its messages begin again."""
        self._machine = self._started(Memory.from_json(self._machine.memory.to_json()))

    def receive(self, kind: str, payload: bytes) -> None:
        """The broker delivers a message."""
        self._publish(self._machine.received(kind, payload, self._now))

    def tick(self) -> None:
        """Time has passed."""
        if self._machine.due() <= self._now:
            self._publish(self._machine.tick(self._now))

    @property
    def _now(self) -> float:
        return self._broker.time

    def _started(self, memory: Memory) -> Robot:
        return Robot(self.id, memory, self._settings, plan(), lambda: self.chance())

    def _publish(self, publications: list[Publication]) -> None:
        for kind, message, _ in publications:
            self._broker.receive(self.id, str(kind), to_bytes(message))
            if kind is Kind.STATE:
                self._machine.acknowledged(self._now)
