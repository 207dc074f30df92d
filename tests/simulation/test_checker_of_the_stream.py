"""Each invariant of the robots' stream is violated by a day written by hand, and none by the correct day."""

import base64
import json
from collections.abc import Callable

import pytest

from tests.simulation.check import behind, orders_to_robots, robots_work
from tests.simulation.check.behind import BEHIND
from tests.simulation.check.failures import robot_and_topic
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
    WITHIN_LEASE,
)
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
    WHILE_ONLINE,
)
from tests.simulation.robots_day import (
    BOT,
    LIST,
    Day,
    a_list,
    a_list_is_driven_twice,
    a_robot_at_work_falls_silent,
    an_idle_robot_is_cut_and_stays,
    fleet_shows_another_node,
    leaves,
)


def a_robot_leaves_while_its_cancelled_order_waits_for_what_does_not_begin(day: Day) -> None:
    leaves(day, order=f"{LIST}.1", stuck=True)


def an_order_arrives_late(day: Day) -> None:
    day.delivers(70, day.sends(6, 1))


def an_order_never_expires(day: Day) -> None:
    day.sends(6, 1, expires=3_600)


def an_order_outlasts_the_lease(day: Day) -> None:
    day.sends(19, 1, expires=50)


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


def a_robot_that_reports_is_taken_offline(day: Day) -> None:
    day.reports(55)
    an_idle_robot_is_cut_and_stays(day)
    day.commit(70, f"Bot#{BOT}", "WentOffline")


def a_list_is_completed_before_its_goods_are_put_down(day: Day) -> None:
    day.entries = [entry for entry in day.entries if entry[2].get("action") != "drop"]


def goods_are_put_down_without_a_connection(day: Day) -> None:
    day.ends(44, 1, "drop", online=False)


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


def an_order_that_is_over_is_not_cancelled(day: Day) -> None:
    for at in (50, 58, 61):
        day.reports(at, f"{LIST}.1", active=True)


def a_robot_is_taken_offline_while_fleet_is_behind(day: Day, handled: float | None = 180) -> None:
    day.commit(8, f"Bot#{BOT}", "Connected", stream_version=2)
    if handled:
        day.reports(120, handled=handled)
    day.commit(201, f"Bot#{BOT}", "CameOnline")
    day.commit(202, f"Bot#{BOT}", "WentOffline")


BROKEN: dict[Callable[[Day], None], str] = {
    an_order_arrives_late: IN_TIME,
    an_order_never_expires: EXPIRES,
    an_order_outlasts_the_lease: WITHIN_LEASE,
    an_order_is_sent_after_the_list_was_withdrawn: KNOWN_OVER,
    an_order_is_sent_beside_an_outdated_one: CANCEL_FIRST,
    a_robot_leaves_while_its_cancelled_order_waits_for_what_does_not_begin: GIVEN_UP,
    a_retired_robot_connects: RETIRED,
    a_retired_robot_keeps_its_certificate: REVOKED,
    a_pick_is_recorded_that_was_not_picked: PICKED,
    a_list_is_driven_twice: DRIVEN_TWICE,
    goods_are_put_down_without_a_connection: WHILE_ONLINE,
    an_idle_robot_is_cut_and_stays: LEFT_IDLE,
    a_robot_at_work_falls_silent: SILENT_AT_WORK,
    a_robot_that_reports_is_taken_offline: STILL_THERE,
    a_robot_is_taken_offline_while_fleet_is_behind: BEHIND,
    a_list_is_completed_before_its_goods_are_put_down: PUT_DOWN,
    a_free_robot_refuses_its_order: TAKEN,
    the_end_of_an_earlier_connection_counts: OLD_NEWS,
    an_older_word_of_a_connection_is_taken: IN_ORDER,
    a_list_whose_order_was_not_sent_stays: NEVER_SENT,
    an_order_that_is_over_is_not_cancelled: CANCELLED,
    fleet_shows_another_node: TRUE_STATE,
}


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


@pytest.mark.parametrize(("handled", "violated"), [(121, False), (164, False), (170, True), (185, True), (195, False)])
def test_a_fleet_is_behind_for_a_lease_after_it_has_handled_something_late(handled: float, violated: bool) -> None:
    day = Day()
    a_list(day)
    a_robot_is_taken_offline_while_fleet_is_behind(day, handled)
    assert (BEHIND in day.violated()) is violated


def test_a_queue_that_is_drained_in_order_may_be_behind_too() -> None:
    day = Day()
    a_list(day)
    a_robot_is_taken_offline_while_fleet_is_behind(day, None)
    for at in (78, 100, 122, 144):
        day.reports(at, handled=at + 50)
    assert BEHIND in day.violated()


def test_what_was_received_in_time_and_whose_acknowledgement_was_lost_was_not_late() -> None:
    day = Day()
    a_list(day)
    a_robot_is_taken_offline_while_fleet_is_behind(day, None)
    day.reports(120, received=121, handled=180)
    assert BEHIND not in day.violated()


@pytest.mark.parametrize(
    ("handled", "said", "excused"),
    [(72, 50, True), (54, 50, False), (72, -10, False)],
    ids=["it comes later", "it came before", "it was said a minute before"],
)
def test_a_state_whose_online_comes_later_does_not_keep_a_robot_online_for_a_minute(
    handled: float, said: float, excused: bool
) -> None:
    day = Day()
    a_list(day)
    day.says_online(handled, said=said)
    a_robot_that_reports_is_taken_offline(day)
    assert (STILL_THERE not in day.violated()) == excused


def test_every_invariant_of_the_stream_is_violated_by_some_broken_day() -> None:
    families = (behind, orders_to_robots, robots_work)
    constants = [value for family in families for name, value in vars(family).items() if name.isupper()]
    assert {value for value in constants if isinstance(value, str) and " " in value} == set(BROKEN.values())


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
