"""How the kit reaches a robot: what it sends there, and what arrives from it."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.state import OperatingMode
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.conformance.kit import UnavailableError

BEGINNING = 1_796_000_000.0  # a Unix time in 2026
START = "parking-1"


@dataclass(frozen=True)
class Arrived:
    """A message from the robot. retain: as it was published, which some links cannot know (False)."""

    kind: Kind
    payload: bytes
    retain: bool
    at: float


class Link(Protocol):
    """A robot that the kit can talk to. Times are seconds on the link's clock."""

    serial: str

    def now(self) -> float:
        """The time on the link's clock."""
        ...

    def send(self, kind: Kind, payload: bytes) -> None:
        """Send a message to the robot."""
        ...

    def wait(self, seconds: float) -> list[Arrived]:
        """What arrives next; returns as soon as something has, and empty when nothing came in that time."""
        ...

    def retains(self, kind: Kind) -> bool:
        """Whether the broker keeps the robot's latest message of a kind."""
        ...

    def will(self) -> Arrived:
        """The last will that the robot left with the broker."""
        ...

    def leave(self) -> None:
        """Have the robot end its connection in order."""
        ...

    def cut(self) -> None:
        """Cut the robot's connection."""
        ...

    def restore(self) -> None:
        """Let the robot connect again."""
        ...

    def restart(self) -> None:
        """Switch the robot off and on again."""
        ...

    def switch(self, mode: OperatingMode) -> None:
        """Switch the operating mode by hand, at the robot."""
        ...

    def mishandle(self, always: bool) -> None:
        """Have each action of an order fail from now on, or none."""
        ...


class Unhandled:
    """A link to a robot that the kit can only talk to: it cannot be cut off, restarted or switched from here."""

    def will(self) -> Arrived:
        """Raises UnavailableError."""
        raise UnavailableError("its last will cannot be seen from here")

    def leave(self) -> None:
        """Raises UnavailableError."""
        raise UnavailableError("the robot cannot be told to leave from here")

    def cut(self) -> None:
        """Raises UnavailableError."""
        raise UnavailableError("its connection cannot be cut from here")

    def restore(self) -> None:
        """Raises UnavailableError."""
        raise UnavailableError("its connection cannot be restored from here")

    def restart(self) -> None:
        """Raises UnavailableError."""
        raise UnavailableError("it cannot be restarted from here")

    def switch(self, mode: OperatingMode) -> None:
        """Raises UnavailableError."""
        raise UnavailableError("its operating mode cannot be switched from here")

    def mishandle(self, always: bool) -> None:
        """Raises UnavailableError."""
        raise UnavailableError("its actions cannot be made to fail from here")


Make = Callable[[Memory, Settings], Robot]


def our_robot(memory: Memory, settings: Settings) -> Robot:
    """The mall's own robot."""
    return Robot("robot-1", memory, settings, plan(), random.Random(1).random)


class MachineLink:
    """A robot in this process, on a clock that only waiting advances."""

    def __init__(self, make: Make = our_robot, settings: Settings | None = None) -> None:
        self._make = make
        self._settings = settings or Settings()
        self._now = BEGINNING
        self._arrived: list[Arrived] = []
        self._retained: dict[Kind, bool] = {}
        self.robot = make(Memory(START), self._settings)
        self.serial = "robot-1"
        self._connect()

    def now(self) -> float:
        """The time that waiting has reached."""
        return self._now

    def send(self, kind: Kind, payload: bytes) -> None:
        """Send a message; what is sent while the connection is cut is lost."""
        if self.robot.online:
            self._take(self.robot.received(kind, payload, self._now))

    def wait(self, seconds: float) -> list[Arrived]:
        """Advance the clock until something arrives."""
        end = self._now + seconds
        while not self._arrived and self._now < end:
            due = self.robot.due()
            self._now = min(end, max(due, self._now + 0.001) if math.isfinite(due) else end)
            self._take(self.robot.tick(self._now))
        arrived, self._arrived = self._arrived, []
        return arrived

    def retains(self, kind: Kind) -> bool:
        """Whether every message of a kind so far was to be retained."""
        return self._retained.get(kind, False)

    def will(self) -> Arrived:
        """The will of the current connection."""
        return self._will

    def leave(self) -> None:
        """End the connection in order."""
        self._take(self.robot.leaving(self._now))
        self.robot.disconnected(self._now)

    def cut(self) -> None:
        """Cut the connection; the broker publishes the will."""
        self._arrived.append(self._will)
        self.robot.disconnected(self._now)

    def restore(self) -> None:
        """Connect again."""
        self._connect()

    def restart(self) -> None:
        """A new process with what the old one had saved."""
        if self.robot.online:
            self.cut()
        self.robot = self._make(Memory.from_json(self.robot.memory.to_json()), self._settings)
        self._connect()

    def switch(self, mode: OperatingMode) -> None:
        """Switch the operating mode."""
        self._take(self.robot.switch(mode, self._now))

    def mishandle(self, always: bool) -> None:
        """A robot with other luck, which is what it was before in all else."""
        self._settings = replace(self._settings, failing=1.0 if always else 0.0)
        self.restart()

    def _connect(self) -> None:
        self._will = self._as_arrived(self.robot.will(self._now))
        self._take(self.robot.connected(self._now))

    def _take(self, publications: list[Publication]) -> None:
        if self.robot.online or any(each.kind is Kind.CONNECTION for each in publications):
            self._arrived += [self._as_arrived(each) for each in publications]
            for each in publications:
                self._retained[each.kind] = each.retain and self._retained.get(each.kind, True)
                if each.kind is Kind.STATE:
                    self.robot.acknowledged(self._now)

    def _as_arrived(self, publication: Publication) -> Arrived:
        return Arrived(publication.kind, to_bytes(publication.message), publication.retain, self._now)
