"""Our robot with its messages altered."""

from collections.abc import Callable
from typing import Any

from clients.robot.machine import Publication, Robot


class Altered:
    """A robot whose messages are altered on the way out, or on the way in."""

    def __init__(
        self,
        robot: Robot,
        outgoing: Callable[[Publication], Publication | None] = lambda each: each,
        incoming: Callable[[str, bytes], bytes | None] = lambda _, payload: payload,
    ) -> None:
        self._robot = robot
        self._outgoing = outgoing
        self._incoming = incoming

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._robot, name)
        if name not in ("connected", "leaving", "disconnected", "tick", "switch"):
            return found
        return lambda *given: self._out(found(*given))

    def will(self, now: float) -> Publication:
        """The last will, altered."""
        return self._outgoing(self._robot.will(now)) or self._robot.will(now)

    def received(self, kind: str, payload: bytes, now: float) -> list[Publication]:
        """A message, altered; None is a message that never came."""
        taken = self._incoming(kind, payload)
        return self._out(self._robot.received(kind, taken, now) if taken is not None else self._robot.tick(now))

    def _out(self, publications: list[Publication]) -> list[Publication]:
        return [altered for each in publications if (altered := self._outgoing(each))]
