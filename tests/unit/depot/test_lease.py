"""A robot that is silent for its lease is taken offline by the next sweep, also when timers, rows or clocks fail."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from events.depot import LeaseEnds, RobotLeasesDue
from functions.depot import inbox as consumer
from functions.depot import service, views
from functions.depot.bot import Bot
from functions.kernel.domain.errors import RefusedError
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from tests.support.contention import ContendedStore
from tests.support.delivery import delivered
from tests.unit.depot.floor import START, Floor, in_turn, robot, status


def offline_after(floor: Floor, bot_id: str, at_most: int = 200) -> int:
    """The seconds until a robot is taken offline; sweeps are at whole minutes."""
    for seconds in range(at_most + 1):
        floor.pass_time(1 if seconds else 0)
        if robot(bot_id)[0] == "offline":
            return seconds
    raise AssertionError(f"{robot(bot_id)} after {at_most} seconds")


@pytest.mark.parametrize("second", [0, 1, 20, 44, 45, 59])
def test_a_silent_robot_is_offline_after_60_seconds_at_the_earliest_and_within_two_minutes(
    floor: Floor, second: int
) -> None:
    """Sweeps are at whole minutes, and once more when a lease that was in doubt has ended for certain."""
    floor.pass_time(second)
    assert offline_after(floor, floor.silent()) == max(75, 120 - second) if second else 75


def test_a_robot_that_sends_heartbeats_stays_online_and_causes_no_message_to_itself(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.settle()
    published = len(floor.outgoing)
    floor.pass_time(3_600)
    assert (robot(bot_id), service.bots.get(bot_id).version) == (("idle", None), 2)
    assert (len(floor.outgoing), floor.queue.messages) == (published, [])


@pytest.mark.parametrize(
    ("heartbeat_at", "offline"), [(1, 75), (14.999, 75), (15, 120), (45, 120), (59, 134), (60, 135), (61, 180)]
)
def test_the_lease_begins_anew_with_a_heartbeat_that_is_not_within_15_seconds_of_the_last_one(
    floor: Floor, heartbeat_at: float, offline: int
) -> None:
    bot_id = floor.silent()
    floor.pass_time(min(int(heartbeat_at), 59))
    floor.now = START + timedelta(seconds=heartbeat_at)
    service.bring_online(bot_id)
    floor.now = START + timedelta(seconds=int(heartbeat_at))
    assert offline_after(floor, bot_id) == offline - int(heartbeat_at)


@pytest.mark.parametrize("lease_seconds", [4, 7, 20, 60, 600])
@pytest.mark.parametrize("share", [0.1, 0.24, 0.25, 0.26, 0.5, 0.74, 0.76, 0.99])
def test_a_robot_that_reports_within_its_lease_each_time_is_never_taken_offline(
    lease_seconds: int, share: float
) -> None:
    """Each second report comes at once after another, so that it is not recorded: the sweep looks just before."""
    with Floor(settings={"MALLBOTS_ROBOT_LEASE": str(lease_seconds)}).open() as floor:
        bot_id = floor.silent()
        for _ in range(20):
            for pause in (lease_seconds * share * 0.2, lease_seconds * share):
                floor.now += timedelta(seconds=pause)
                service.end_leases()
                service.bring_online(bot_id)
        assert (robot(bot_id)[0], service.bots.get(bot_id).session) == ("idle", 1)


@pytest.mark.parametrize(("lease_seconds", "rows"), [(60, 40), (20, 120), (8, 300)])
def test_of_many_heartbeats_one_in_15_seconds_is_written_or_in_a_quarter_of_a_shorter_lease(
    lease_seconds: int, rows: int
) -> None:
    with Floor(settings={"MALLBOTS_ROBOT_LEASE": str(lease_seconds)}).open() as floor:
        bot_id, written = floor.silent(), 0
        for _ in range(600):
            floor.now += timedelta(seconds=1)
            before = views.last_heartbeat(bot_id)
            service.bring_online(bot_id)
            written += views.last_heartbeat(bot_id) != before
        assert written == rows


@pytest.mark.parametrize(("silent", "ended"), [(0, False), (60, False), (74.999999, False), (75, True), (99, True)])
def test_a_lease_has_ended_60_seconds_after_the_last_heartbeat_that_may_not_have_been_recorded(
    floor: Floor, silent: float, ended: bool
) -> None:
    bot_id = floor.silent()
    floor.now += timedelta(seconds=14.999999)
    service.bring_online(bot_id)
    floor.now += timedelta(seconds=silent - 14.999999)
    service.end_lease(bot_id)
    assert robot(bot_id)[0] == ("offline" if ended else "idle")


@pytest.mark.parametrize(("seconds", "offline"), [(7, 60), (2_000, 2_040)])
def test_how_long_a_robot_may_be_silent_is_a_setting(seconds: int, offline: int) -> None:
    with Floor(settings={"MALLBOTS_ROBOT_LEASE": str(seconds)}).open() as floor:
        assert offline_after(floor, floor.silent(), at_most=offline) == offline


def test_a_sweep_ends_the_leases_of_the_silent_robots_alone_in_whatever_state(floor: Floor) -> None:
    list_id, at_work = floor.active()
    idle, alive, (offline, _) = floor.silent("Hector"), floor.idle("Paris"), service.register_bot("Priam")
    floor.alive.discard(at_work)
    floor.pass_time(75)
    assert [robot(bot_id)[0] for bot_id in (at_work, idle, offline)] == ["offline"] * 3
    assert (robot(alive), status(list_id)) == (("active", list_id), ("assigned", alive))


def test_a_robot_whose_stream_cannot_be_read_does_not_keep_others_online(floor: Floor) -> None:
    broken, sound = sorted((floor.silent("Ajax"), floor.silent("Hector")))
    floor.settle()
    unknown = StoredEvent.of("Bewitched", 1, {})
    floor.store.commit(Commit(Bot.stream(broken), 3, "c", (unknown,), clock.stamp()))
    floor.pass_time(75)
    assert robot(sound)[0] == "offline"


def test_a_reminder_of_earlier_code_changes_nothing(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.now += timedelta(seconds=100)
    floor.deliver(LeaseEnds(bot_id=bot_id, session=1, looks=7))
    assert (robot(bot_id)[0], floor.queue.messages) == ("idle", [])


@pytest.mark.parametrize(
    ("silent", "late", "again"), [(59, 0, {}), (60, 0, {"receipt-0": 15}), (60, 45, {}), (75, 0, {})]
)
def test_a_sweep_looks_again_when_a_lease_in_doubt_has_ended_unless_the_next_tick_is_near(
    floor: Floor, silent: int, late: int, again: dict[str, int]
) -> None:
    floor.silent()
    floor.settle()
    floor.now += timedelta(seconds=silent)
    tick = RobotLeasesDue(time=clock.stamp(floor.now - timedelta(seconds=late)))
    consumer.inbox.handle(delivered(tick))
    assert floor.queue.retry_in_seconds == again


def test_the_sweep_is_a_schedule_of_a_minute() -> None:
    assert consumer.inbox.schedules[RobotLeasesDue] == "rate(1 minute)"


@pytest.mark.parametrize(
    "step",
    [
        lambda: service.start("order-1", 1),
        lambda: service.pick("order-1", 1, "bakery", "roll", 2),
        lambda: service.pick("order-1", 1, "bakery", "roll", 0),
        lambda: service.complete("order-1", None, 1),
    ],
    ids=["start again", "pick", "pick none", "complete"],
)
def test_a_step_with_its_list_is_a_heartbeat_of_the_robot(floor: Floor, step: Callable[[], None]) -> None:
    _, bot_id = floor.active()
    floor.alive.clear()
    floor.pass_time(50)
    step()
    assert offline_after(floor, bot_id) == 75


@pytest.mark.parametrize(
    "step",
    [
        lambda: service.start("order-1", 2),
        lambda: service.pick("order-1", 0, "bakery", "roll", 2),
        lambda: service.complete("order-1", None, 2),
    ],
    ids=["start", "pick", "complete"],
)
def test_a_step_of_another_assignment_is_no_heartbeat(floor: Floor, step: Callable[[], None]) -> None:
    _, bot_id = floor.active()
    floor.alive.clear()
    floor.pass_time(50)
    with pytest.raises(RefusedError):
        step()
    assert offline_after(floor, bot_id) == 25


def test_a_repeated_step_is_no_heartbeat_of_the_robot_that_has_the_list_by_then(floor: Floor) -> None:
    list_id, first = floor.assigned()
    body, headers = {"assignment": 1}, {"Idempotency-Key": "start"}
    assert floor.request("PUT", f"/shopping/{list_id}/start", body, headers).status == 200
    service.take_offline(first)
    other = floor.silent("Hector")
    service.assign(list_id, other)
    floor.pass_time(50)
    assert floor.request("PUT", f"/shopping/{list_id}/start", body, headers).status == 200
    assert (status(list_id), offline_after(floor, other)) == (("assigned", other), 25)


def test_what_staff_do_with_its_list_is_no_heartbeat_of_a_robot(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    floor.alive.clear()
    floor.pass_time(50)
    service.complete(list_id, None, None)
    assert (robot(bot_id), offline_after(floor, bot_id)) == (("idle", None), 25)


def test_a_robot_that_falls_silent_mid_task_gives_its_list_back_and_another_starts_anew(floor: Floor) -> None:
    list_id, silent = floor.active()
    service.pick(list_id, 1, "bakery", "roll", 2)
    floor.alive.clear()
    floor.pass_time(30)
    other = floor.idle("Hector")
    floor.pass_time(45)
    assert (robot(silent), robot(other)) == (("offline", None), ("active", list_id))
    taken = service.shopping_list(list_id)
    assert (taken.status, taken.bot_id, taken.assignment) == ("assigned", other, 2)
    assert [item.picked for stop in taken.stops for item in stop.items] == [0, 0, 0]


def test_a_robot_that_was_silent_is_online_again_with_its_next_heartbeat(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.pass_time(100)
    service.bring_online(bot_id)
    assert (robot(bot_id), service.bots.get(bot_id).session) == (("idle", None), 2)
    assert offline_after(floor, bot_id) == 80


def test_a_sweep_that_is_late_sees_a_heartbeat_that_came_meanwhile(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.settle()
    floor.now += timedelta(seconds=290)
    service.bring_online(bot_id)
    service.end_leases()
    assert robot(bot_id)[0] == "idle"


def test_no_sweep_meets_a_robot_that_comes_online_with_the_heartbeat_of_its_last_session(
    floor: Floor, store: ContendedStore
) -> None:
    bot_id = floor.silent()
    floor.pass_time(600)
    store.before = [lambda: service.end_lease(bot_id)]
    service.bring_online(bot_id)
    service.end_leases()
    assert robot(bot_id)[0] == "idle"


def test_a_robot_that_is_online_without_a_heartbeat_is_taken_offline(floor: Floor) -> None:
    bot_id, _ = service.register_bot("Ajax")
    service.bots.change(bot_id, lambda bot: bot.come_online())
    assert offline_after(floor, bot_id) == 60


def test_a_clock_that_is_ahead_prolongs_a_lease_by_that_much(floor: Floor) -> None:
    bot_id = floor.silent()
    views.record_heartbeat(bot_id, clock.now() + timedelta(seconds=3))
    assert offline_after(floor, bot_id) == 120


def test_a_heartbeat_that_is_recorded_late_does_not_replace_a_later_one(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.pass_time(30)
    service.bring_online(bot_id)
    views.record_heartbeat(bot_id, clock.now() - timedelta(seconds=20))
    assert offline_after(floor, bot_id) == 90


def test_a_robot_that_completes_its_list_as_the_lease_ends_stays_online(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.active()
    floor.now += timedelta(seconds=75)
    store.before = [lambda: service.complete(list_id, None, 1)]
    service.end_lease(bot_id)
    assert (status(list_id), robot(bot_id)) == (("completed", bot_id), ("idle", None))


def test_a_completion_just_after_the_lease_ended_is_refused(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.active()
    floor.now += timedelta(seconds=75)
    store.before = [lambda: service.end_lease(bot_id)]
    with pytest.raises(RefusedError, match="the shopping list is available"):
        service.complete(list_id, None, 1)
    assert (status(list_id), robot(bot_id)) == (("available", None), ("offline", None))


def test_a_robot_that_comes_back_online_as_its_lease_ends_stays_online(floor: Floor, store: ContendedStore) -> None:
    bot_id = floor.silent()
    floor.now += timedelta(seconds=75)
    store.before = [in_turn(lambda: service.take_offline(bot_id), lambda: service.bring_online(bot_id))]
    service.end_lease(bot_id)
    assert (robot(bot_id), service.bots.get(bot_id).session) == (("idle", None), 2)


def test_a_snapshot_from_before_sessions_were_counted_is_not_used(floor: Floor, store: ContendedStore) -> None:
    bot_id = floor.silent()
    service.take_offline(bot_id)
    service.bring_online(bot_id)
    store.commit(
        Commit(
            stream=Bot.stream(bot_id),
            version=5,
            id="old-commit",
            events=(StoredEvent.of("WentOffline", 1, {}),),
            time=clock.stamp(),
            messages=(),
            cause=None,
            correlation_id="flow-1",
            causation_id=None,
            actor="system",
            snapshot=Snapshot.of(1, {"status": "offline", "name": "Ajax", "list_id": None}, {}),
        )
    )
    assert service.bots.get(bot_id).session == 2
    service.bring_online(bot_id)
    assert service.bots.get(bot_id).session == 3


def test_a_session_is_counted_through_snapshots(floor: Floor) -> None:
    bot_id = floor.silent()
    for _ in range(10):
        service.take_offline(bot_id)
        service.bring_online(bot_id)
    assert service.bots.get(bot_id).session == 11
