"""The robots of a mall: on the robots' stream, where they work by themselves, or moved step by step by REST."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import httpx

from clients.mall import Mall, MallError
from clients.people import People
from clients.robot.client import running
from clients.robot.enrol import connected, enrol
from clients.robot.files import InUseError, alone_in
from clients.robot.settings import Settings

HEARTBEAT = 20.0  # seconds between two heartbeats of a robot: after 60 without one the depot takes it offline

AT_ONCE = 4  # robots that are enrolled

_logger = logging.getLogger(__name__)


@contextmanager
def on_the_stream(people: People, robots: Sequence[str], folder: Path, settings: Settings) -> Iterator[None]:
    """Robots that work by themselves while this is entered, connected by MQTT, a thread each.

    folder: their files; those that have none are enrolled. Robots that another program runs are left to it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(alone_in(folder))
        except InUseError as others:
            _logger.info("%s", others)
        else:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                files = list(pool.map(lambda robot: enrol(people.staff, robot, folder), robots))
            stack.enter_context(running(connected(own, settings, parking=number) for number, own in enumerate(files)))
        people.on_stream = True
        yield


def are_on_the_stream(staff: Mall) -> bool:
    """Whether a robot is connected by MQTT, so that it works by itself."""
    return any(robot["connection"] == "online" for robot in staff.pages("/api/fleet/robots", "robots"))


class Fleet:
    """Robots that take their steps by REST, and are online while the fleet is entered (`with Fleet(connection, ids):`).

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
        self._connection(robot).put(f"/api/depot/bots/{robot}/online", key="")  # under a key, each would be a commit
