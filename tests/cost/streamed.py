"""The same orders at a pace, collected by robots on the robots' stream: what their states cost beside the broker.

| | |
|---|---|
| robots | as many as the pace keeps at work for nearly all of the time, so that what they report while they wait for a list is in it, as in a mall |
| requests | an order has three fewer that write: its robot starts, picks and checks in by itself |
| left out | what the broker charges: infra/order_cost.py |
"""  # noqa: E501  (a table)

from collections.abc import Iterator
from math import ceil
from typing import Any

from clients.robot.settings import Settings
from tests.cost.flow import APART, WATCHED, Buyer, Orders
from tests.simulation.choices import Choices
from tests.simulation.iot.control_client import SIGNING_REQUEST
from tests.simulation.iot.robot import StandingRobot

AT_WORK = 90.0  # seconds in which a robot collects an order of three stores, and gets the next
SPARE = 1.2  # robots for each that is at work
LOOK = 1.0  # seconds between two looks of ours, which ask nothing of the mall


class StreamedOrders(Orders):
    """A mall whose robots are all on the stream. completed: the lists that were put down at the depot."""

    deeds = 6
    longest = deeds * APART[1] + AT_WORK + WATCHED

    def __init__(self, per_second: float, counted: int, gatherers: int) -> None:
        super().__init__(per_second, counted, gatherers)
        self._on_stream: list[StandingRobot] = []
        self._completed: set[str] = set()
        self._read = 0

    def completed(self) -> set[str]:
        """The lists that were completed until now."""
        entries = self.cloud.history.entries
        for _, kind, fields in entries[self._read :]:
            if kind == "published" and fields["name"] == "ShoppingListCompleted":
                self._completed.add(fields["detail"]["data"]["shopping_list_id"])
        self._read = len(entries)
        return self._completed

    def _bring_robots(self) -> None:
        cloud = self.cloud
        for number in range(ceil(SPARE * AT_WORK / self._gap)):
            robot = self._ask("POST", "/api/depot/bots", {"name": f"Ajax {number}"})
            cloud.sleep(1.0)
            answer = cloud.request("POST", f"/api/fleet/robots/{robot}/certificate", {"csr": SIGNING_REQUEST})
            assert answer.status == 200, answer
            one = StandingRobot(
                cloud.world,
                cloud.broker,
                cloud.robots_topics,
                robot,
                str(answer.body["certificate"]),
                Settings(),
                Choices(number),
            )
            one.start()
            self._on_stream.append(one)

    def _buyer(self) -> Buyer:
        return StreamedBuyer(self)

    def _leave(self) -> None:
        for robot in self._on_stream:
            robot.leave()


class StreamedBuyer(Buyer):
    """The customer of an order that a robot on the stream collects."""

    def __init__(self, mall: StreamedOrders) -> None:
        super().__init__(mall)
        self._streamed = mall

    def _collected(self, order: str, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        self._look(f"/api/ordering/{order}")
        while order not in self._streamed.completed():
            self.cloud.sleep(LOOK)
        for path in (f"/api/ordering/{order}", f"/api/payments/invoices/{order}"):
            self._look(path)
        yield from ()

    @staticmethod
    def _looks(number: int, order: str) -> list[str]:
        """At the basket before it is checked out; at the order while it is collected, and once it is."""
        return {2: [f"/api/baskets/{order}"]}.get(number, [])
