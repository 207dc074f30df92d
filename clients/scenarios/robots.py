"""The robots of a mall as a fleet: each of them says every few seconds that it is there."""

import logging
import threading
from collections.abc import Iterable
from types import TracebackType

import httpx

from clients.mall import Mall, MallError

HEARTBEAT = 20.0  # seconds between two words of a robot: the depot takes it offline after 60 without one

_logger = logging.getLogger(__name__)


class Fleet:
    """Robots that stay online for as long as the fleet is open (`with Fleet(mall, ids):`), from one thread.

    They are online when it opens. A word that does not come through is left to the next one.
    """

    def __init__(self, mall: Mall, robots: Iterable[str], heartbeat: float = HEARTBEAT) -> None:
        self._mall = mall
        self._robots = list(robots)
        self._change = threading.Lock()
        self._heartbeat = heartbeat
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._speak_now_and_then, name="fleet", daemon=True)

    def __enter__(self) -> "Fleet":
        for robot in self._robots:
            self._speak(robot)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def silence(self, robot: str) -> None:
        """Let a robot say nothing more, as one that broke down."""
        with self._change:
            self._robots = [other for other in self._robots if other != robot]

    def wake(self, robot: str) -> None:
        """Let a robot be there again, at once and from now on."""
        self.silence(robot)
        self._speak(robot)
        with self._change:
            self._robots = [*self._robots, robot]

    def _speak_now_and_then(self) -> None:
        while not self._closed.wait(self._heartbeat):
            for robot in self._robots:
                try:
                    self._speak(robot)
                except (MallError, httpx.HTTPError) as error:
                    _logger.warning("robot %s was not heard: %s", robot, error)

    def _speak(self, robot: str) -> None:
        self._mall.put(f"/api/depot/bots/{robot}/online")
