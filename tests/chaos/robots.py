"""The robots of the run: some take their steps by REST, all at one desk, and some are on the robots' stream."""

import threading
import uuid
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType

from clients.mall import Json, MallError
from clients.people import People
from tests.chaos.clients import AbandonedError, NoAnswerError

HEARTBEAT = 15.0  # seconds: a lease is 60
LOOK_EVERY = 1.5
GOES_ON_AFTER = (MallError, NoAnswerError, AbandonedError)
AT_WORK = ("assigned", "active")


class Desk:
    """Works off the lists of robots by REST, and sends their heartbeats, while it is entered.

    What is refused is looked at again: after a kill the mall may know less than a robot does.
    """

    def __init__(self, people: People, robots: Iterable[str]) -> None:
        self._people = people
        self._robots = set(robots)
        self._closed = threading.Event()
        self._busy: set[str] = set()
        self._change = threading.Lock()
        self._threads = [
            threading.Thread(target=self._look, name="desk", daemon=True),
            *(threading.Thread(target=self._beat, args=(robot,), daemon=True) for robot in self._robots),
        ]

    def __enter__(self) -> "Desk":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for thread in self._threads:
            thread.join()

    def _beat(self, robot: str) -> None:
        while True:
            with suppress(*GOES_ON_AFTER):  # the next one follows
                self._people.robot(robot).put(f"/api/depot/bots/{robot}/online")
            if self._closed.wait(HEARTBEAT):
                return

    def _look(self) -> None:
        while not self._closed.wait(LOOK_EVERY):
            for one in self._open_lists():
                if one["botId"] in self._robots and self._takes(one["id"]):
                    threading.Thread(target=self._collect, args=(one,), daemon=True).start()

    def _open_lists(self) -> list[Json]:
        try:
            return [
                one
                for status in AT_WORK
                for one in self._people.staff.pages(f"/api/depot/shopping?status={status}", "lists")
            ]
        except GOES_ON_AFTER:
            return []

    def _takes(self, list_id: str) -> bool:
        with self._change:
            is_free = list_id not in self._busy
            self._busy.add(list_id)
        return is_free

    def _collect(self, shopping_list: Json) -> None:
        """One robot starts, picks everything and brings it; a clerk checks it in."""
        robot = self._people.robot(shopping_list["botId"])
        path, assignment = f"/api/depot/shopping/{shopping_list['id']}", {"assignment": shopping_list["assignment"]}
        try:
            # The list of an index may be behind: the aggregate says what is there now.
            now = self._people.staff.get(path)["list"]
            if now["status"] not in AT_WORK or now["assignment"] != shopping_list["assignment"]:
                return
            if now["status"] == "assigned":
                robot.put(f"{path}/start", assignment, key=_key())
            for stop in now["stops"]:
                for item in stop["items"]:
                    pick = {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}
                    robot.put(f"{path}/pick", {**assignment, **pick}, key=_key())
            self._people.staff.put(f"{path}/complete", assignment, key=_key())
        except GOES_ON_AFTER:
            pass  # its list is another's, or over: the next look shows
        finally:
            with self._change:
                self._busy.discard(shopping_list["id"])


def _key() -> str:
    return str(uuid.uuid4())
