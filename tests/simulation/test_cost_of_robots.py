"""What the robots' gateway consumes of one whole order that a robot on the stream collects: from state to command."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from clients.robot.settings import Settings
from infra.order_cost import STATES
from tests.simulation.choices import Choices
from tests.simulation.cost import Call
from tests.simulation.iot.control_client import SIGNING_REQUEST
from tests.simulation.iot.robot import StandingRobot
from tests.simulation.whole_order import PACE, WholeOrder


class StreamedOrder(WholeOrder):
    """A whole order of three lines from three stores, which a robot on the stream collects.

    at_work: what is written and said from the checkout until the list is completed. Then the robot leaves.
    """

    robot: StandingRobot

    def _bring_a_robot(self, bot: str) -> None:
        self.cloud.sleep(PACE)
        answer = self.cloud.request("POST", f"/api/fleet/robots/{bot}/certificate", {"csr": SIGNING_REQUEST})
        assert answer.status == 200, answer
        cloud, certificate = self.cloud, str(answer.body["certificate"])
        self.robot = StandingRobot(
            cloud.world, cloud.broker, cloud.robots_topics, bot, certificate, Settings(), Choices(1)
        )
        self.robot.start()

    def _deeds(self, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        for method, path, body in super()._deeds(products):
            if path.endswith("/checkout"):
                self._calls: list[Call] = []
                self.cloud.cost.calls = self._calls
                self._written, self._seen = Counter(self.cloud.cost.written), len(self.cloud.history.entries)
            yield method, path, body

    def _collected(self, order: str, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        """The robot does it by itself."""
        while self.cloud.request("GET", f"/api/depot/shopping/{order}").body["list"]["status"] != "completed":
            self.cloud.sleep(5)
        self.cloud.sleep(5)
        self.written = Counter(self.cloud.cost.written)
        self.written.subtract(self._written)
        self.cloud.cost.calls = None
        self.happened = self.cloud.history.entries[self._seen :]
        self.robot.leave()
        yield from ()

    def read(self, table: str) -> float:
        """The read units of a table meanwhile."""
        return sum(call.units for call in self._calls if (call.kind, call.where) == ("read_units", table))


@cache
def order() -> StreamedOrder:
    placed = StreamedOrder()
    placed.place()
    return placed


def said(queue: str) -> int:
    """How many messages came into a queue."""
    return sum(kind == "sent" and fields["queue"] == queue for _, kind, fields in order().happened)


def invocations(function: str) -> int:
    return sum(kind == "invocation" and fields["function"] == function for _, kind, fields in order().happened)


def test_the_states_of_an_order_are_fewer_than_are_priced_and_each_is_one_invocation_at_most() -> None:
    assert said("fleet/topics") == 20 <= STATES
    assert invocations("fleet/topics") <= said("fleet/topics") + 1  # of a state just before


def test_an_order_is_five_commits_of_its_robot_and_one_of_its_task() -> None:
    # Its task; the order's first sight; three picks; the drop, which is its end. That it is idle again is no commit.
    assert order().written["fleet/events", "items"] == 6 <= 8


def test_a_row_is_written_for_each_node_and_every_15_seconds_and_one_for_the_list() -> None:
    assert order().written["fleet/views", "items"] == 18 <= 20
    assert order().written["fleet/views", "indexes"] == 0


def test_each_state_reads_its_robot_and_the_row_that_shows_it_once() -> None:
    # What the depot says of the list and of the robot adds four and three; the order's expiry, one.
    assert order().read("fleet/events") == said("fleet/topics") + 4
    assert order().read("fleet/views") == said("fleet/topics") + 4


def test_the_depot_is_told_five_times_of_three_lines() -> None:
    published = Counter(fields["name"] for _, kind, fields in order().happened if kind == "published")
    ours = {"ReportCollection": 5, "CollectionAccepted": 5, "RobotConnected": 0, "RobotDisconnected": 0}
    assert {name: published[name] for name in ours} == ours


def test_an_order_that_is_collected_by_rest_writes_nothing_here() -> None:
    written = WholeOrder().place().cloud.cost.written
    assert {table: units for (table, _), units in written.items() if table.startswith("fleet/")} in (
        {},
        {"fleet/events": 0, "fleet/views": 0},
    )
