"""The lease of robots on the robots' stream: the fleet is asked when they last reported before one is taken offline."""

from datetime import timedelta

import pytest

from events.depot import RobotLeasesDue
from functions.depot import inbox as consumer
from functions.depot import service, views
from functions.kernel.runtime import clock
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor, robot, status
from tests.unit.depot.test_connections import at_work, connected, says
from tests.unit.depot.test_lease import offline_after


def reports(floor: Floor, bot_id: str, seconds: int, every: int = 10, rows: int = 15) -> None:
    """A robot reports over its stream for so many seconds; the fleet keeps the time once in `rows` seconds."""
    for second in range(seconds):
        floor.pass_time(1)
        due = bot_id not in floor.catalogue.heard or (floor.now - floor.catalogue.heard[bot_id]).total_seconds() >= rows
        if second % every == 0 and due:
            floor.catalogue.heard[bot_id] = floor.now


def test_a_robot_that_reports_over_its_stream_stays_online_without_any_request_of_its_own(floor: Floor) -> None:
    bot_id = connected(floor)
    reports(floor, bot_id, 1_200)
    assert (robot(bot_id), service.bots.get(bot_id).session) == (("idle", None), 1)


@pytest.mark.parametrize("second", [0, 1, 20, 44, 45, 59])
def test_a_robot_at_work_whose_reports_end_is_offline_after_60_seconds_and_within_two_minutes(
    floor: Floor, second: int
) -> None:
    bot_id = at_work(floor)
    reports(floor, bot_id, 300 + second, every=1)
    says(floor, bot_id, 3, connected=False)
    assert 60 <= offline_after(floor, bot_id) <= 120
    assert (robot(bot_id), status()) == (("offline", None), ("available", None))


def test_a_robot_that_connects_again_and_again_without_its_order_keeps_no_list(floor: Floor) -> None:
    bot_id = at_work(floor)
    for version in range(3, 12, 2):
        floor.pass_time(30)
        says(floor, bot_id, version, connected=False)
        says(floor, bot_id, version + 1, connected=True)
    assert service.shopping_list("order-1").assignment == 2


def test_what_the_fleet_knows_is_recorded_so_that_it_is_asked_once_in_a_lease(floor: Floor) -> None:
    bot_id = connected(floor)
    floor.catalogue.heard[bot_id] = floor.now + timedelta(seconds=70)
    floor.pass_time(75)
    assert views.last_heartbeat(bot_id) == floor.catalogue.heard[bot_id]
    assert floor.catalogue.asked_for == [1]
    floor.pass_time(60)
    assert floor.catalogue.asked_for == [1]


def test_a_heartbeat_by_request_that_is_later_than_the_last_report_counts(floor: Floor) -> None:
    bot_id = connected(floor)
    floor.catalogue.heard[bot_id] = floor.now
    floor.pass_time(50)
    service.bring_online(bot_id)
    assert offline_after(floor, bot_id) == 75


def test_while_the_fleet_does_not_answer_only_robots_without_a_stream_are_taken_offline(floor: Floor) -> None:
    on_stream, by_request = connected(floor), floor.silent("Hector")
    floor.catalogue.fleet_is_down = True
    floor.pass_time(300)
    assert (robot(on_stream)[0], robot(by_request)[0]) == ("idle", "offline")
    floor.catalogue.fleet_is_down = False
    floor.pass_time(60)
    assert robot(on_stream)[0] == "offline"


def test_a_fleet_that_does_not_answer_rings_the_alarm_once_a_look(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "depot")
    for name in ("Ajax", "Hector"):
        says(floor, service.register_bot(name)[0], 1, connected=True)
    floor.settle()
    floor.now += timedelta(seconds=100)
    floor.catalogue.fleet_is_down = True
    service.end_leases()
    assert capsys.readouterr().out.count('"LeaseNotEnded":[1.0]') == 1
    floor.catalogue.fleet_is_down = False
    service.end_leases()
    assert "LeaseNotEnded" not in capsys.readouterr().out


def test_while_the_fleet_is_behind_robots_on_the_stream_keep_their_lists_and_the_alarm_rings(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "depot")
    bot_id, by_request = at_work(floor), floor.silent("Hector")
    floor.catalogue.heard[bot_id] = floor.now
    floor.catalogue.fleet_is_behind = True
    floor.pass_time(300)
    assert (status(), robot(by_request)[0]) == (("active", bot_id), "offline")
    assert '"LeaseNotEnded":[1.0]' in capsys.readouterr().out
    floor.catalogue.fleet_is_behind = False
    floor.pass_time(60)
    assert (status(), robot(bot_id)[0]) == (("available", None), "offline")


def test_the_fleet_is_not_asked_while_no_robot_seems_silent(floor: Floor) -> None:
    floor.idle()
    floor.pass_time(600)
    assert floor.catalogue.asked_for == []


def test_the_fleet_is_asked_for_500_robots_at_once(floor: Floor) -> None:
    for n in range(501):
        bot_id, _ = service.register_bot(f"Robot {n}")
        service.bots.change(bot_id, lambda bot: bot.come_online())
        floor.catalogue.heard[bot_id] = floor.now
    floor.settle()
    service.end_leases()
    assert floor.catalogue.asked_for == [500, 1]
    assert set(views.heartbeats().values()) == {floor.now}


def test_a_look_is_made_again_when_a_lease_that_the_fleet_puts_in_doubt_has_ended_for_certain(floor: Floor) -> None:
    bot_id = connected(floor)
    floor.settle()
    floor.now += timedelta(seconds=100)
    floor.catalogue.heard[bot_id] = floor.now - timedelta(seconds=65)
    consumer.inbox.handle(delivered(RobotLeasesDue(time=clock.stamp())))
    assert (floor.queue.retry_in_seconds, robot(bot_id)[0]) == ({"receipt-0": 10}, "idle")
    floor.now += timedelta(seconds=10)
    service.end_leases()
    assert robot(bot_id)[0] == "offline"
