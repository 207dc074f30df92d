"""What the depot says of robots: which of it, once handled, the checker wants in a robot's stream."""

import json
from typing import Any

import pytest

from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.robots_tasks import SET_OUT, TAKEN_OVER, violations

BOT, LIST, ORDER = "bot", "list", "list.1"
TASK = {"version": 3, "status": "active", "list_id": LIST, "assignment": 1}
SHOWN = "2026-01-05T09:00:02.000000Z"
ASSIGNED = {"bot_id": BOT, "list_id": LIST, "assignment": 1, "status": "active"}
OF_LIST = {"bot_id": BOT, "shopping_list_id": LIST, "assignment": 1}
FREE = {
    "Connected": {"presence": {"session": "s", "at": SHOWN}},
    "SessionBegan": {"at": SHOWN},
    "BecameAvailable": {},
}


class Day:
    """A history of one robot, that fleet's inbox learns of."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self._version = 0

    def record(self, at: float, kind: str, **fields: Any) -> None:
        self.entries.append((int(at * SECOND), kind, fields))

    def commits(self, at: float, container: str = "fleet/inbox-1", cause: str = "", **events: Any) -> None:
        version = self._version = self._version + 1
        item = {
            **({"causation_id": {"S": cause}} if cause else {}),
            "stream": {"S": f"Robot#{BOT}"},
            "version": {"N": str(version)},
            "id": {"S": str(version)},
            "events": {"S": json.dumps([[name, 1, data] for name, data in events.items()])},
            "time": {"S": ""},
        }
        key = [f"Robot#{BOT}", version]
        self.record(at, "commit", table="fleet/events", key=key, item=item, container=container)

    def row(self, at: float, partition: str, sort: str, **data: Any) -> None:
        item = {"partition": {"S": partition}, "sort": {"S": sort}, "data": {"S": json.dumps(data)}}
        self.record(at, "row", table="fleet/views", key=[partition, sort], item=item, container="fleet/inbox-1")

    def told(self, at: float, name: str, data: dict[str, Any], id: str = "") -> None:
        """A message comes at a time, and is handled a second later. id: of one that came before."""
        metadata = {"id": id or f"{name} {at}", "name": name, "stream": "", "stream_version": 3}
        body, copy = json.dumps({"detail": {"metadata": metadata, "data": data}}), f"copy {at}"
        self.record(at, "sent", queue="fleet/inbox", message=copy, body=body, delay=0)
        self.record(at, "received", queue="fleet/inbox", message=copy, count=1, function="fleet/inbox")
        self.record(at, "invocation", container="fleet/inbox-1", function="fleet/inbox", cause=[copy])
        self.record(at + 1, "deleted", queue="fleet/inbox", message=copy)

    def violated(self) -> set[str]:
        self.entries.sort(key=lambda entry: entry[0])
        return {one.invariant for one in violations(ParsedHistory(self.entries, {"quiescent": True}))}


def a_free_robot(node: str | None = "depot", shown: str = SHOWN, **more: Any) -> Day:
    """A robot that says where it is."""
    day = Day()
    day.commits(1, "fleet/topics-1", **FREE, **more)
    day.row(2, "reports", BOT, node=node, number=[shown, 1])
    return day


def test_an_assignment_that_is_handled_is_in_the_stream() -> None:
    day = a_free_robot()
    day.told(10, "BotAssigned", ASSIGNED)
    assert day.violated() == {TAKEN_OVER}
    day.commits(10.5, TaskChanged={"task": TASK})
    assert day.violated() == set()


def test_or_something_later_is() -> None:
    day = a_free_robot()
    day.told(10, "BotAssigned", ASSIGNED)
    day.commits(5, TaskChanged={"task": TASK | {"version": 4, "list_id": "", "status": "idle"}})
    assert day.violated() == set()


def test_not_where_it_follows_after_the_message_was_taken_as_handled() -> None:
    day = a_free_robot()
    day.told(10, "BotWentOffline", {"bot_id": BOT, "list_id": None, "assignment": 0, "status": "offline"})
    day.commits(12, TaskChanged={"task": TASK | {"list_id": "", "status": "offline"}})
    assert day.violated() == {TAKEN_OVER}


@pytest.mark.parametrize("robot", [Day(), a_free_robot(Retired={})], ids=["off the stream", "retired"])
def test_a_robot_that_is_retired_or_not_on_the_stream_has_no_task(robot: Day) -> None:
    robot.told(10, "BotAssigned", ASSIGNED)
    assert robot.violated() == set()


def test_a_message_that_was_given_up_has_left_nothing() -> None:
    day = a_free_robot()
    day.told(10, "BotAssigned", ASSIGNED)
    body = next(fields["body"] for _, kind, fields in day.entries if kind == "sent")
    day.record(10.9, "dead", queue="fleet/inbox/dead-letters", message="d", body=body, reason={}, by="inbox")
    assert day.violated() == set()


def the_order_waits(day: Day, *, last: str = "ShoppingListAssigned", stored: bool = True) -> Day:
    """A robot has its task, and what is to be collected is kept; one of the two is handled last, at 20."""
    first = 10 if last == "ShoppingListAssigned" else 20
    day.told(first, "BotAssigned", ASSIGNED)
    day.commits(first + 0.5, TaskChanged={"task": TASK})
    day.told(30 - first, "ShoppingListAssigned", OF_LIST)
    if stored:
        day.row(30.5 - first, f"list#{LIST}", "visits", assignment=1, visits=[])
    return day


@pytest.mark.parametrize("last", ["ShoppingListAssigned", "BotAssigned"])
def test_an_order_goes_out_with_the_last_of_what_it_needs(last: str) -> None:
    day = the_order_waits(a_free_robot(), last=last)
    assert day.violated() == {SET_OUT}
    day.commits(20.7, OrderSent={"order_id": ORDER, "start": "depot", "at": ""})
    assert day.violated() == set()


@pytest.mark.parametrize(
    "robot",
    [
        a_free_robot(node=None),
        a_free_robot(shown="2026-01-05T09:00:01.000000Z"),
        a_free_robot(OrderShown={"order_id": "other.1", "idle": False, "header": 1, "at": ""}),
        a_free_robot(OrderTooLarge={"order_id": ORDER}),
        a_free_robot(BecameUnavailable={}),
    ],
    ids=["of an unknown place", "known by an older row", "at work", "it is too large for", "unfit"],
)
def test_it_waits_for_a_robot(robot: Day) -> None:
    assert the_order_waits(robot).violated() == set()


def test_it_waits_for_what_is_to_be_collected() -> None:
    assert the_order_waits(a_free_robot(), stored=False).violated() == set()


def test_a_robot_that_is_refused_or_done_wants_it_no_more() -> None:
    day = the_order_waits(a_free_robot())
    day.commits(15, Refused={"order_id": ORDER, "has_list": False})
    assert day.violated() == set()


def test_where_the_robot_reports_at_the_same_moment_its_next_state_sends_it() -> None:
    day = the_order_waits(a_free_robot())
    day.commits(20.3, "fleet/topics-1", OrderShown={"order_id": "", "idle": True, "header": 1, "at": ""})
    assert day.violated() == set()
    day = the_order_waits(a_free_robot())
    day.row(20.3, "reports", BOT, node="depot", number=[SHOWN, 2])
    assert day.violated() == set()


def test_a_repeated_assignment_sends_nothing_that_waits_for_the_list() -> None:
    """Its list is kept by a handler that was killed before it sent, and that comes again."""
    day = a_free_robot()
    day.told(10, "BotAssigned", ASSIGNED)
    day.commits(10.5, TaskChanged={"task": TASK})
    day.row(15, f"list#{LIST}", "visits", assignment=1, visits=[])
    day.told(20, "BotAssigned", ASSIGNED, id="BotAssigned 10")
    assert day.violated() == set()
    day.told(30, "ShoppingListAssigned", OF_LIST)
    assert day.violated() == {SET_OUT}


def test_an_assignment_whose_first_try_was_stored_and_failed_then_sends_nothing_that_was_kept_between_the_two() -> None:
    day = a_free_robot()
    day.commits(10.5, "fleet/inbox-2", cause="BotAssigned 20", TaskChanged={"task": TASK})
    day.row(15, f"list#{LIST}", "visits", assignment=1, visits=[])
    day.told(20, "BotAssigned", ASSIGNED)
    assert day.violated() == set()
    day.row(10, f"list#{LIST}", "visits", assignment=1, visits=[])
    assert day.violated() == {SET_OUT}
