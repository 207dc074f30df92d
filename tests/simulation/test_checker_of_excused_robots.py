"""Days of a robot that only look as if they violated an invariant: what the checker excuses, and what it does not."""

import json

import pytest

from tests.simulation.check.orders_to_robots import CANCELLED, TAKEN, WITHIN_LEASE
from tests.simulation.check.robots_work import DRIVEN_TWICE, LEFT_IDLE, SILENT_AT_WORK, STILL_THERE, TRUE_STATE
from tests.simulation.robots_day import (
    BOT,
    LIST,
    Day,
    a_list,
    a_list_is_driven_twice,
    a_robot_at_work_falls_silent,
    an_idle_robot_is_cut_and_stays,
    fleet_shows_another_node,
)


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


@pytest.mark.parametrize(("given_back", "is_found"), [(29, True), (31, False), (44.9, False)])
def test_a_robot_that_puts_goods_down_before_it_can_be_told_is_excused(given_back: float, is_found: bool) -> None:
    day = Day()
    a_list(day)
    a_list_is_driven_twice(day, given_back)
    assert (DRIVEN_TWICE in day.violated()) is is_found


@pytest.mark.parametrize(
    ("taken_over", "told", "handled", "node", "is_found"),
    [
        pytest.param(47, 48, 48, "depot", True, id="which the gateway knew"),
        pytest.param(47, 48, 48, "west", False, id="of which an older state came before the one that says so"),
        pytest.param(47, 48, 68, "depot", False, id="of which the gateway was told in a batch that failed"),
        pytest.param(47, 50, 50, "depot", False, id="of which the gateway was told after it had sent it"),
        pytest.param(50, 50.5, 50.5, "depot", False, id="after it was sent"),
    ],
)
def test_an_order_need_not_be_taken_where_people_set_the_robot_down(
    taken_over: float, told: float, handled: float, node: str, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    day.record(taken_over, "robot", bot=BOT, what="switched", mode="SERVICE", node="")
    day.reports(told, node=node, handled=handled)
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


@pytest.mark.parametrize(("left", "is_found"), [(50.1, False), (56, True)])
def test_a_robot_that_leaves_right_after_its_state_is_not_told_to_cancel_its_order(left: float, is_found: bool) -> None:
    day = Day()
    a_list(day)
    day.reports(50, f"{LIST}.1", active=True)
    day.record(left, "presence", client=BOT, event="disconnected", version=0, reason="CONNECTION_LOST")
    day.record(57, "presence", client=BOT, event="connected", version=1, reason=None)
    day.reports(61, f"{LIST}.1", active=True)
    day.record(67, "presence", client=BOT, event="disconnected", version=1, reason="CONNECTION_LOST")
    assert (CANCELLED in day.violated()) is is_found


@pytest.mark.parametrize(("resumed", "is_found"), [(4_900, False), (4_000, True)])
def test_while_the_depot_is_paused_a_silence_at_work_is_noticed_once_it_goes_on(resumed: float, is_found: bool) -> None:
    day = Day()
    a_list(day)
    a_robot_at_work_falls_silent(day)
    day.reports(3_000, f"{LIST}.1", active=True)
    day.record(3_100, "mapping", queue="depot/inbox", state="Disabling")
    day.record(resumed, "mapping", queue="depot/inbox", state="Enabled")
    day.record(5_001, "quiet")
    assert (SILENT_AT_WORK in day.violated()) is is_found


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


@pytest.mark.parametrize("topic", [f"i/v3/m/{BOT}/state", f"$aws/events/presence/disconnected/{BOT}"])
def test_what_a_rule_lost_for_good_excuses_what_fleet_shows_of_the_robot_that_it_is_about(topic: str) -> None:
    day = Day()
    a_list(day)
    fleet_shows_another_node(day)
    day.loses_for_good(50, topic.replace(BOT, "another"))
    assert TRUE_STATE in day.violated()
    day.loses_for_good(51, topic)
    assert TRUE_STATE not in day.violated()


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


@pytest.mark.parametrize(("highest", "is_found"), [(196, False), (198, True), (190, True)])
def test_a_state_that_is_dated_before_the_online_that_it_follows_excuses_what_fleet_shows(
    highest: float, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    day.says_online(200, said=197)
    day.reports(201, said=199)
    day.reports(202, said=highest)
    fleet_shows_another_node(day)
    assert (TRUE_STATE in day.violated()) is is_found


@pytest.mark.parametrize(("began", "is_found"), [(59, False), (61, True)])
def test_a_robot_may_be_taken_offline_by_a_slow_transaction_that_began_before_it_reported(
    began: float, is_found: bool
) -> None:
    day = Day()
    a_list(day)
    an_idle_robot_is_cut_and_stays(day)
    day.reports(55)
    day.record(began, "underway", container="depot/inbox-1", keys=[[f"Bot#{BOT}", 6]])
    day.commit(65, f"Bot#{BOT}", "WentOffline")
    assert (STILL_THERE in day.violated()) is is_found


@pytest.mark.parametrize(
    ("failed", "violated"), [("fleet/inbox-1 Publish broker", False), ("fleet/inbox-2 Publish broker", True)]
)
def test_an_order_whose_request_was_repeated_expires_later_by_as_much(failed: str, violated: bool) -> None:
    day = Day()
    a_list(day)
    day.record(17, "invocation", container="fleet/inbox-1", function="fleet/inbox", cause=["m"])
    day.record(17.5, "fault", number=1, name="no connection", where=failed)
    day.sends(19, 1, expires=50, begins=False)
    assert (WITHIN_LEASE in day.violated()) is violated
