"""The robots of a mall as a fleet: it sends their heartbeats."""

import logging
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

import httpx

from clients.mall import Mall, MallError

HEARTBEAT = 20.0  # seconds between two heartbeats of a robot: after 60 without one the depot takes it offline

_logger = logging.getLogger(__name__)


class Fleet:
    """Robots that are online while the fleet is entered (`with Fleet(connection, ids):`).

    connection: gives a robot's own. One thread sends all heartbeats; one that fails is logged, not retried: the next
    one follows.
    """

    def __init__(self, connection: Callable[[str], Mall], robots: Iterable[str], heartbeat: float = HEARTBEAT) -> None:
        self._connection = connection
        self._robots = list(robots)
        self._change = threading.Lock()
        self._heartbeat = heartbeat
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._send_heartbeats, name="fleet", daemon=True)

    def __enter__(self) -> "Fleet":
        for robot in self._robots:
            self._send_heartbeat(robot)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def silence(self, robot: str) -> None:
        """Stop a robot's heartbeats, as if it broke down."""
        with self._change:
            self._robots = [other for other in self._robots if other != robot]

    def bring_online(self, robot: str) -> None:
        """Send a robot's heartbeat now, and from now on."""
        self.silence(robot)
        self._send_heartbeat(robot)
        with self._change:
            self._robots = [*self._robots, robot]

    def _send_heartbeats(self) -> None:
        while not self._closed.wait(self._heartbeat):
            for robot in self._robots:
                try:
                    self._send_heartbeat(robot)
                except (MallError, httpx.HTTPError) as error:
                    _logger.warning("the heartbeat of robot %s failed: %s", robot, error)

    def _send_heartbeat(self, robot: str) -> None:
        self._connection(robot).put(f"/api/depot/bots/{robot}/online")
