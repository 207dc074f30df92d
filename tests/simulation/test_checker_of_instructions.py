"""Instant actions: what fleet records as asked of a robot goes out at once, by the function that recorded it."""

import json
from typing import Any

import pytest

from tests.simulation.check import orders_to_robots, stream_history
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.instructions import AT_ONCE, violations
from tests.simulation.check.parsed_history import SECOND, ParsedHistory

TOPICS, API = "fleet/topics", "fleet/api"
PAUSE, RETRY, CANCEL = "startPause", "retry", "cancelOrder"

Event = tuple[str, dict[str, Any]]
CONNECTED: Event = "Connected", {}


def asked(kind: str, id: str = "1") -> Event:
    return "Asked", {"id": id, "kind": kind, "target": "", "at": ""}


class Day:
    """A history of one robot, and of one container of fleet that works for it."""

    def __init__(self, function: str = TOPICS) -> None:
        self.entries: list[Any] = []
        self.function = function
        self.container = f"{function}-1"
        self._version = 0

    def record(self, kind: str, **fields: Any) -> None:
        self.entries.append((len(self.entries) * SECOND, kind, fields))

    def begins(self, status: int | None = None) -> None:
        """A request is answered with this status in the end, or else a message is handled."""
        if status:
            self.record("request", id="request", who="staff:1", method="PUT", path="/pause")
            self.record("response", id="request", status=status)
        cause = "request" if status else "message"
        self.record("invocation", container=self.container, function=self.function, cause=[cause])

    def shows(self, **shown: Any) -> None:
        item = {"partition": {"S": "reports"}, "sort": {"S": "bot"}, "data": {"S": json.dumps(shown)}}
        self.record("row", table="fleet/views", key=["reports", "bot"], item=item, container="another")

    def commits(self, *events: Event) -> None:
        version = self._version = self._version + 1
        item = {
            "stream": {"S": "Robot#bot"},
            "version": {"N": str(version)},
            "id": {"S": str(version)},
            "events": {"S": json.dumps([[name, 1, data] for name, data in events])},
            "time": {"S": ""},
        }
        key, table = ["Robot#bot", version], "fleet/events"
        self.record("commit", table=table, key=key, item=item, container=self.container)

    def sends(self, *ids: str, expires: int = 60) -> None:
        payload = json.dumps({"actions": [{"actionId": id} for id in ids]})
        topic, until = "i/v3/m/bot/instantActions", (len(self.entries) + expires) * SECOND if expires else 0
        self.record("mqtt", what="sent", by=self.container, number="1", topic=topic, payload=payload, expires_us=until)

    def ends(self, how: str = "ok", failures: tuple[str, ...] = ()) -> None:
        self.record("ended", container=self.container, function=self.function, how=how, failures=failures)

    def is_found(self) -> bool:
        found = list(violations(ParsedHistory(self.entries, {"quiescent": True})))
        assert {one.invariant for one in found} <= {AT_ONCE}
        return bool(found)


@pytest.mark.parametrize(
    ("sent", "is_found"),
    [((), True), (("1",), False), (("1", "2"), False), (("2",), True)],
)
def test_what_was_asked_and_not_sent_is_found(sent: tuple[str, ...], is_found: bool) -> None:
    day = Day()
    day.begins()
    day.commits(asked(CANCEL))
    if sent:
        day.sends(*sent)
    day.ends()
    assert day.is_found() is is_found


def test_what_was_sent_before_it_was_asked_again_is_to_be_sent_again() -> None:
    day = Day()
    day.begins()
    day.commits(asked(CANCEL))
    day.sends("1")
    day.commits(asked(CANCEL))
    day.ends()
    assert day.is_found()


@pytest.mark.parametrize(
    "events",
    [(asked(CANCEL), ("Answered", {"ids": ["1"]})), (asked(CANCEL, "0"), asked(CANCEL))],
    ids=["answered", "replaced"],
)
def test_of_one_commit_only_what_is_still_asked_is_sent(events: tuple[Event, ...]) -> None:
    day = Day()
    day.begins()
    day.commits(*events)
    if events[-1] == asked(CANCEL):
        day.sends("1")
    day.ends()
    assert not day.is_found()


@pytest.mark.parametrize(
    ("how", "failures"), [("error", ()), ("killed", ()), ("timeout", ()), ("ok", ("message",))], ids=str
)
def test_an_invocation_that_failed_need_not_have_sent_it(how: str, failures: tuple[str, ...]) -> None:
    day = Day()
    day.begins()
    day.commits(asked(CANCEL))
    day.ends(how, failures)
    assert not day.is_found()


def test_nor_one_that_gave_a_message_up() -> None:
    day = Day()
    day.begins()
    day.commits(asked(CANCEL))
    day.record("dead", queue="fleet/topics/dead-letters", message="m", body="{}", reason={}, by="inbox")
    day.ends()
    assert not day.is_found()


@pytest.mark.parametrize(("status", "is_found"), [(200, True), (503, False)])
def test_staff_that_were_told_that_it_was_done_are_right(status: int, is_found: bool) -> None:
    day = Day(API)
    day.begins(status)
    day.commits(asked(PAUSE))
    day.ends()
    assert day.is_found() is is_found


@pytest.mark.parametrize(("events", "is_found"), [((), False), ((CONNECTED,), True)], ids=["away", "here"])
def test_an_action_is_tried_again_at_once_by_a_robot_that_is_connected_alone(
    events: tuple[Event, ...], is_found: bool
) -> None:
    day = Day(API)
    day.begins(200)
    day.commits(*events, asked(RETRY))
    day.ends()
    assert day.is_found() is is_found


@pytest.mark.parametrize(("listens", "is_found"), [(True, True), (False, False)])
def test_a_robot_that_takes_no_instant_actions_is_sent_none(listens: bool, is_found: bool) -> None:
    day = Day(API)
    day.shows(listens=listens)
    day.begins(200)
    day.commits(asked(PAUSE))
    day.ends()
    assert day.is_found() is is_found


@pytest.mark.parametrize(("expires", "is_found"), [(60, False), (0, True), (3_600, True)])
def test_an_instant_action_expires_with_the_lease(expires: int, is_found: bool) -> None:
    day = Day()
    day.begins()
    day.sends("1", expires=expires)
    history = ParsedHistory(day.entries, {"quiescent": True})
    found = orders_to_robots.violations(history, stream_history.parsed(history), Deliveries(history))
    assert (orders_to_robots.EXPIRES in {one.invariant for one in found}) is is_found
