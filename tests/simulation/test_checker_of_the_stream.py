"""Each invariant of the robots' stream is violated by a day written by hand, and none by the correct day."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.check import orders_to_robots, robots_work, stream_history
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.failures import BEGIN, robot_and_topic
from tests.simulation.check.orders_to_robots import (
    CANCEL_FIRST,
    CANCELLED,
    EXPIRES,
    GIVEN_UP,
    IN_TIME,
    KNOWN_OVER,
    NEVER_SENT,
    RETIRED,
    REVOKED,
    TAKEN,
)
from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.robots_work import (
    DRIVEN_TWICE,
    IN_ORDER,
    LEFT_IDLE,
    OLD_NEWS,
    PICKED,
    PUT_DOWN,
    SILENT_AT_WORK,
    STILL_THERE,
    TRUE_STATE,
)

BOT, LIST = "bot", "list"
STOPS = [{"store_id": "s", "items": [{"product_id": "p", "name": "P", "quantity": 3, "picked": 0}]}]


class Day:
    """A history with one robot on the stream."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.final: dict[str, Any] = {"quiescent": True, "certificates": {"c": (BOT, "ACTIVE")}}
        self._numbers = 0
        self._versions: dict[str, int] = {}

    def record(self, at: float, kind: str, **fields: Any) -> None:
        self.entries.append((int(at * SECOND), kind, fields))

    def number(self) -> str:
        self._numbers += 1
        return str(self._numbers)

    def commit(self, at: float, stream: str, name: str, cause: str = "", **data: Any) -> None:
        version = self._versions[stream] = self._versions.get(stream, 0) + 1
        item = {
            "stream": {"S": stream},
            "version": {"N": str(version)},
            "id": {"S": self.number()},
            "events": {"S": json.dumps([[name, 1, data]])},
            "time": {"S": ""},
            "actor": {"S": ""},
        }
        if cause:
            item["causation_id"] = {"S": cause}
        self.record(at, "commit", table="depot/events", key=[stream, version], item=item, container="depot/inbox-1")

    def message(self, at: float, queue: str, name: str, version: int = 1, **data: Any) -> str:
        """A message that a queue's function has handled at once; its id."""
        id, copy = self.number(), self.number()
        metadata = {"id": id, "name": name, "stream": "", "stream_version": version}
        body = json.dumps({"detail": {"metadata": metadata, "data": data}})
        self.record(at, "sent", queue=queue, message=copy, body=body, delay=0)
        self.record(at, "deleted", queue=queue, message=copy)
        return id

    def is_told(self, at: float, version: int, list_id: str | None, assignment: int, name: str = "BotAssigned") -> None:
        """Fleet handles what the depot says of the robot."""
        status = "active" if list_id else "idle"
        data = {"bot_id": BOT, "status": status, "list_id": list_id, "assignment": assignment}
        self.message(at, "fleet/inbox", name, version, **data)

    def reports(
        self,
        at: float,
        order: str = "",
        *,
        active: bool = False,
        said: float | None = None,
        put_down: bool = False,
        node: str = "depot",
    ) -> None:
        """A state comes to the queue and is handled at once; the broker had it when it was said."""
        drop = [{"actionType": "drop", "actionStatus": "FINISHED"}] if put_down else []
        state: dict[str, Any] = {
            "headerId": self._numbers,
            "timestamp": f"{at:09.3f}",
            "orderId": order,
            "lastNodeId": node,
            "nodeStates": [{}] if active else [],
            "actionStates": drop,
            "errors": [],
            "operatingMode": "AUTOMATIC",
            "paused": False,
        }
        self._comes(at, "state", state, said)

    def says_online(self, at: float, *, said: float) -> None:
        """That it is online comes to the queue and is handled at once; the broker had it when it was said."""
        self._comes(at, "connection", {"connectionState": "ONLINE"}, said)

    def _comes(self, at: float, topic: str, message: dict[str, Any], said: float | None) -> None:
        payload = base64.b64encode(json.dumps(message).encode()).decode()
        received = int(BEGIN.timestamp() + (at if said is None else said)) * 1_000
        body = json.dumps({"robot": BOT, "topic": topic, "received": received, "client": BOT, "payload": payload})
        copy = self.number()
        self.record(at, "sent", queue="fleet/topics", message=copy, body=body, delay=0)
        self.record(at, "received", queue="fleet/topics", message=copy, count=1, function="fleet/topics")
        self.record(at, "deleted", queue="fleet/topics", message=copy)

    def loses(self, at: float) -> None:
        """A rule of the broker cannot send a state."""
        body = json.dumps({"topic": f"i/v3/m/{BOT}/state", "base64OriginalPayload": "e30="})
        queue = "fleet/topics/undelivered"
        self.record(at, "dead", queue=queue, message=self.number(), body=body, reason={}, by="topic rule")

    def sends(self, at: float, assignment: int, *, expires: float = 60) -> str:
        number = self.number()
        self.record(at, "invocation", container="fleet/inbox-1", function="fleet/inbox", cause=["m"])
        self.record(
            at,
            "mqtt",
            what="sent",
            by="fleet/inbox-1",
            number=number,
            topic=f"i/v3/m/{BOT}/order",
            payload=json.dumps({"orderId": f"{LIST}.{assignment}"}),
            expires_us=int((at + expires) * SECOND),
        )
        return number

    def delivers(self, at: float, number: str) -> None:
        self.record(at, "mqtt", what="delivered", client=BOT, number=number, topic="order", payload="{}")

    def ends(self, at: float, assignment: int, action: str, result: str | None = None) -> None:
        parameters = {"storeId": "s", "productId": "p", "quantity": 3} if action == "collect" else {}
        self.record(
            at,
            "robot",
            bot=BOT,
            what="ended action",
            order=f"{LIST}.{assignment}",
            action=action,
            parameters=parameters,
            status="FINISHED",
            result=result,
        )

    def shows(self, *, node: str) -> None:
        """The rows that fleet has in the end."""
        shown = {"node": node, "order": None, "paused": False, "mode": "AUTOMATIC"}
        rows = {"reports": shown, "connections": {"connection": "offline"}}
        self.final["tables"] = {
            "fleet/views": {
                kind: {"partition": {"S": kind}, "sort": {"S": BOT}, "data": {"S": json.dumps(data)}}
                for kind, data in rows.items()
            }
        }

    def violated(self) -> set[str]:
        self.entries.sort(key=lambda entry: entry[0])
        history = ParsedHistory(self.entries, self.final)
        deliveries, stream = Deliveries(history), stream_history.parsed(history)
        found = [
            *orders_to_robots.violations(history, stream, deliveries),
            *robots_work.violations(history, stream, deliveries),
        ]
        return {violation.invariant for violation in found}


def a_list(day: Day) -> None:
    """A robot is connected, is given a list, and collects it."""
    day.record(1, "robot", bot=BOT, what="started", disk="kept", order="")
    day.record(1, "presence", client=BOT, event="connected", version=0, reason=None)
    day.commit(2, f"Bot#{BOT}", "Registered")
    day.commit(2, f"Bot#{BOT}", "CameOnline")
    day.commit(3, f"ShoppingList#{LIST}", "Created", stops=STOPS)
    day.commit(4, f"ShoppingList#{LIST}", "Assigned", bot_id=BOT, assignment=1)
    day.commit(4, f"Bot#{BOT}", "TookList", list_id=LIST)
    day.is_told(5, 3, LIST, 1)
    day.delivers(6.1, day.sends(6, 1))
    for at in (7, 20, 40):
        day.reports(at, f"{LIST}.1", active=True)
    day.ends(41, 1, "collect", "2")
    day.ends(45, 1, "drop")
    report = day.message(46, "depot/inbox", "ReportCollection", bot_id=BOT)
    short = [{"store_id": "s", "product_id": "p", "quantity": 1}]
    day.commit(47, f"ShoppingList#{LIST}", "Completed", report, shortages=short)
    day.commit(47, f"Bot#{BOT}", "Finished")
    day.is_told(48, 4, None, 0, "BotFinished")
    leaves(day)
    day.shows(node="depot")
    day.record(60, "presence", client=BOT, event="disconnected", version=0, reason="CLIENT_INITIATED_DISCONNECT")
    day.commit(62, f"Bot#{BOT}", "WentOffline", day.message(61, "depot/inbox", "RobotDisconnected", bot_id=BOT))
    day.record(900, "quiet")


def leaves(day: Day, **other: object) -> None:
    true = {"node": "depot", "order": "", "paused": False, "mode": "AUTOMATIC", "stuck": False}
    day.record(59, "robot", bot=BOT, what="left", connected=True, **(true | other))


def a_robot_leaves_while_its_cancelled_order_waits_for_what_does_not_begin(day: Day) -> None:
    leaves(day, order=f"{LIST}.1", stuck=True)


def an_order_arrives_late(day: Day) -> None:
    day.delivers(70, day.sends(6, 1))


def an_order_never_expires(day: Day) -> None:
    day.sends(6, 1, expires=3_600)


def an_order_is_sent_after_the_list_was_withdrawn(day: Day) -> None:
    day.sends(50, 1)


def an_order_is_sent_beside_an_outdated_one(day: Day) -> None:
    day.is_told(50, 5, LIST, 2)
    day.reports(51, f"{LIST}.1", active=True)
    day.sends(52, 2)


def a_retired_robot_connects(day: Day) -> None:
    day.is_told(100, 9, None, 0, "BotRetired")
    day.final["certificates"] = {"c": (BOT, "REVOKED")}
    day.record(200, "presence", client=BOT, event="connected", version=1, reason=None)
    day.record(201, "presence", client=BOT, event="disconnected", version=1, reason="AUTH_ERROR")


def a_retired_robot_keeps_its_certificate(day: Day) -> None:
    day.is_told(100, 9, None, 0, "BotRetired")


def a_pick_is_recorded_that_was_not_picked(day: Day) -> None:
    for _, kind, fields in day.entries:
        if kind == "robot" and fields.get("action") == "collect":
            fields["result"] = "3"


def a_list_is_driven_twice(day: Day, given_back: float = 29) -> None:
    day.entries = [entry for entry in day.entries if "Completed" not in json.dumps(entry[2].get("item", ""))]
    day.commit(given_back, f"ShoppingList#{LIST}", "GivenBack")
    day.commit(46, f"ShoppingList#{LIST}", "Assigned", bot_id=BOT, assignment=2)
    day.ends(100, 2, "drop")


def an_idle_robot_is_cut_and_stays(day: Day) -> None:
    day.entries = [entry for entry in day.entries if "WentOffline" not in json.dumps(entry[2].get("item", ""))]


def a_robot_at_work_falls_silent(day: Day) -> None:
    day.entries = [entry for entry in day.entries if entry[0] < 44 * SECOND]
    day.record(900, "quiet")


def a_robot_that_reports_is_taken_offline(day: Day) -> None:
    day.reports(55)
    an_idle_robot_is_cut_and_stays(day)
    day.commit(70, f"Bot#{BOT}", "WentOffline")


def a_list_is_completed_before_its_goods_are_put_down(day: Day) -> None:
    day.entries = [entry for entry in day.entries if entry[2].get("action") != "drop"]


def a_free_robot_refuses_its_order(day: Day) -> None:
    day.record(50, "robot", bot=BOT, what="received order", order="x.1", was_free=True, knows=False, node="depot")


def the_end_of_an_earlier_connection_counts(day: Day) -> None:
    event = {"clientId": BOT, "eventType": "connected", "versionNumber": 1}
    payload = base64.b64encode(json.dumps(event).encode()).decode()
    day.record(48, "presence", client=BOT, event="connected", version=1, reason=None)
    day.record(
        48, "sent", queue="fleet/topics", message="p", body=json.dumps({"topic": "presence", "payload": payload})
    )
    day.record(48, "deleted", queue="fleet/topics", message="p")
    day.commit(58, f"Robot#{BOT}", "Disconnected")


def an_older_word_of_a_connection_is_taken(day: Day) -> None:
    day.commit(50, f"Bot#{BOT}", "Connected", stream_version=7)
    day.commit(51, f"Bot#{BOT}", "Disconnected", stream_version=6)


def a_list_whose_order_was_not_sent_stays(day: Day) -> None:
    day.commit(50, f"Bot#{BOT}", "TookList", list_id="other", assignment=1)
    told = day.message(51, "depot/inbox", "RobotDisconnected", bot_id=BOT, last_order=f"{LIST}.1")
    day.commit(52, f"Bot#{BOT}", "Disconnected", told, stream_version=7)


def fleet_shows_another_node(day: Day) -> None:
    day.shows(node="west")


def an_order_that_is_over_is_not_cancelled(day: Day) -> None:
    for at in (50, 58, 61):
        day.reports(at, f"{LIST}.1", active=True)


BROKEN: dict[Callable[[Day], None], str] = {
    an_order_arrives_late: IN_TIME,
    an_order_never_expires: EXPIRES,
    an_order_is_sent_after_the_list_was_withdrawn: KNOWN_OVER,
    an_order_is_sent_beside_an_outdated_one: CANCEL_FIRST,
    a_robot_leaves_while_its_cancelled_order_waits_for_what_does_not_begin: GIVEN_UP,
    a_retired_robot_connects: RETIRED,
    a_retired_robot_keeps_its_certificate: REVOKED,
    a_pick_is_recorded_that_was_not_picked: PICKED,
    a_list_is_driven_twice: DRIVEN_TWICE,
    an_idle_robot_is_cut_and_stays: LEFT_IDLE,
    a_robot_at_work_falls_silent: SILENT_AT_WORK,
    a_robot_that_reports_is_taken_offline: STILL_THERE,
    a_list_is_completed_before_its_goods_are_put_down: PUT_DOWN,
    a_free_robot_refuses_its_order: TAKEN,
    the_end_of_an_earlier_connection_counts: OLD_NEWS,
    an_older_word_of_a_connection_is_taken: IN_ORDER,
    a_list_whose_order_was_not_sent_stays: NEVER_SENT,
    an_order_that_is_over_is_not_cancelled: CANCELLED,
    fleet_shows_another_node: TRUE_STATE,
}


@pytest.mark.parametrize(("said", "violated"), [(90, True), (45, False)])
def test_a_report_that_comes_late_is_none_of_now(said: float, violated: bool) -> None:
    day = Day()
    a_list(day)
    an_idle_robot_is_cut_and_stays(day)
    day.reports(90, said=said)
    day.commit(100, f"Bot#{BOT}", "WentOffline")
    assert (STILL_THERE in day.violated()) is violated


@pytest.mark.parametrize(("gave_up", "violated"), [(55, False), (57, True), (None, True)])
def test_a_report_that_is_handled_with_the_news_that_the_robot_gave_up_says_nothing(
    gave_up: float | None, violated: bool
) -> None:
    day = Day()
    a_list(day)
    an_idle_robot_is_cut_and_stays(day)
    day.entries = [entry for entry in day.entries if "Finished" not in json.dumps(entry[2])]
    day.reports(55, f"{LIST}.1", active=True)
    if gave_up:
        day.reports(gave_up, f"{LIST}.1")
    day.commit(95, f"Bot#{BOT}", "WentOffline")
    assert (STILL_THERE in day.violated()) is violated


@pytest.mark.parametrize("ends", [5_000, None])
def test_a_silent_robot_is_not_taken_offline_while_fleet_cannot_say_when_it_was_heard(ends: float | None) -> None:
    day = Day()
    a_list(day)
    a_robot_at_work_falls_silent(day)
    day.reports(3_000, f"{LIST}.1", active=True)
    day.record(5_001, "quiet")
    assert SILENT_AT_WORK in day.violated()
    day.record(10, "away", name="table away", target="fleet/views")
    if ends:
        day.record(ends, "back", name="table away", target="fleet/views")
    assert SILENT_AT_WORK not in day.violated()


def test_a_correct_day_violates_no_invariant() -> None:
    day = Day()
    a_list(day)
    assert day.violated() == set()


@pytest.mark.parametrize("break_it", BROKEN, ids=lambda break_it: break_it.__name__)
def test_a_violated_invariant_is_found(break_it: Callable[[Day], None]) -> None:
    day = Day()
    a_list(day)
    break_it(day)
    assert BROKEN[break_it] in day.violated()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"robot": BOT, "topic": "state", "payload": ""}, (BOT, "state")),
        ({"topic": "presence", "payload": base64.b64encode(b'{"clientId": "bot"}').decode()}, (BOT, "presence")),
        ({"topic": f"i/v3/m/{BOT}/state", "base64OriginalPayload": ""}, (BOT, "state")),
        ({"topic": f"$aws/events/presence/connected/{BOT}", "base64OriginalPayload": ""}, (BOT, "presence")),
    ],
)
def test_what_is_handled_together_is_known_by_its_robot_and_its_topic(
    body: dict[str, str], found: tuple[str, str]
) -> None:
    assert robot_and_topic(json.dumps(body)) == found


@pytest.mark.parametrize(("given_back", "is_found"), [(29, True), (31, False), (44.9, False)])
def test_a_robot_that_puts_goods_down_before_it_can_be_told_is_excused(given_back: float, is_found: bool) -> None:
    day = Day()
    a_list(day)
    a_list_is_driven_twice(day, given_back)
    assert (DRIVEN_TWICE in day.violated()) is is_found


@pytest.mark.parametrize(
    ("taken_over", "told", "node", "is_found"),
    [
        pytest.param(47, 48, "depot", True, id="which the gateway knew"),
        pytest.param(47, 48, "west", False, id="of which an older state came before the one that says so"),
        pytest.param(47, 50, "depot", False, id="of which the gateway was told after it had sent it"),
        pytest.param(50, 50.5, "depot", False, id="after it was sent"),
    ],
)
def test_an_order_need_not_be_taken_where_people_set_the_robot_down(
    taken_over: float, told: float, node: str, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    day.record(taken_over, "robot", bot=BOT, what="switched", mode="SERVICE", node="")
    day.reports(told, node=node)
    day.delivers(51, day.sends(49, 2))
    day.record(51, "robot", bot=BOT, what="received order", order="x.2", was_free=True, knows=False, node="depot")
    assert (TAKEN in day.violated()) is is_found


@pytest.mark.parametrize(("later", "is_found"), [(46, True), (48, False), (52, True)])
def test_an_order_need_not_be_taken_where_one_that_was_sent_after_it_came_before_it(
    later: float, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    late = day.sends(47, 2)
    day.delivers(later + 0.1, day.sends(later, 3))
    day.delivers(51, late)
    day.record(51, "robot", bot=BOT, what="received order", order="x.2", was_free=True, knows=False, node="depot")
    assert (TAKEN in day.violated()) is is_found


@pytest.mark.parametrize("put_down", [True, False])
def test_a_robot_that_could_not_say_that_it_put_its_goods_down_is_excused(put_down: bool) -> None:
    day = Day()
    a_list(day)
    day.entries = [entry for entry in day.entries if "Completed" not in json.dumps(entry[2].get("item", ""))]
    day.reports(46, f"{LIST}.1", active=not put_down, put_down=put_down)
    day.commit(90, f"ShoppingList#{LIST}", "GivenBack")
    day.commit(91, f"ShoppingList#{LIST}", "Assigned", bot_id=BOT, assignment=2)
    day.ends(100, 2, "drop")
    assert (DRIVEN_TWICE in day.violated()) is put_down


@pytest.mark.parametrize(("offline", "is_found"), [(95, False), (120, True)])
def test_while_the_depot_is_paused_a_cut_is_noticed_once_it_goes_on(offline: float, is_found: bool) -> None:
    day = Day()
    a_list(day)
    an_idle_robot_is_cut_and_stays(day)
    day.record(50, "mapping", queue="depot/inbox", state="Disabling")
    day.record(90, "mapping", queue="depot/inbox", state="Enabled")
    day.commit(offline, f"Bot#{BOT}", "WentOffline", day.message(offline, "depot/inbox", "RobotDisconnected"))
    assert (LEFT_IDLE in day.violated()) is is_found


def test_a_robot_of_which_fleet_knows_no_more_than_its_name_may_be_taken_offline() -> None:
    day = Day()
    a_list(day)
    an_idle_robot_is_cut_and_stays(day)
    words = ("BotAssigned", "BotFinished")
    day.entries = [entry for entry in day.entries if not any(word in entry[2].get("body", "") for word in words)]
    day.is_told(2, 1, None, 0, "BotRegistered")
    day.reports(55)
    day.commit(70, f"Bot#{BOT}", "WentOffline")
    assert STILL_THERE not in day.violated()


@pytest.mark.parametrize(("told", "is_found"), [(48, True), (300, False)])
def test_a_robot_may_be_taken_offline_while_fleet_does_not_know_that_its_list_was_withdrawn(
    told: float, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    an_idle_robot_is_cut_and_stays(day)
    day.entries = [entry for entry in day.entries if "BotFinished" not in entry[2].get("body", "")]
    day.is_told(told, 4, None, 0, "BotFinished")
    day.reports(55)
    day.commit(70, f"Bot#{BOT}", "WentOffline")
    assert (STILL_THERE in day.violated()) is is_found


@pytest.mark.parametrize(("lost", "is_found"), [(5, True), (100, False), (210, False)])
def test_a_state_that_a_rule_could_not_send_excuses_what_fleet_shows_until_later_ones_replace_it(
    lost: float, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    day.reports(200)
    day.loses(lost)
    assert day.violated() & {TRUE_STATE} == set()
    fleet_shows_another_node(day)
    assert (TRUE_STATE in day.violated()) is is_found


@pytest.mark.parametrize(("handled", "said", "is_found"), [(300, 190, False), (199, 190, True), (300, 130, True)])
def test_an_online_that_comes_behind_all_that_a_robot_said_excuses_what_fleet_shows_if_it_left_within_a_minute(
    handled: float, said: float, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    day.reports(200)
    day.says_online(handled, said=said)
    fleet_shows_another_node(day)
    assert (TRUE_STATE in day.violated()) is is_found


def test_every_invariant_of_the_stream_is_violated_by_some_broken_day() -> None:
    families = (orders_to_robots, robots_work)
    constants = [value for family in families for name, value in vars(family).items() if name.isupper()]
    assert {value for value in constants if isinstance(value, str) and " " in value} == set(BROKEN.values())
