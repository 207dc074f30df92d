"""A robot that is silent for its lease is taken offline, also when reminders, rows or clocks fail."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from events.depot import LeaseEnds
from functions.depot import lease, service, views
from functions.depot.domain import Bot, CameOnline, Registered, WentOffline
from functions.kernel.domain.errors import RefusedError
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from functions.kernel.runtime.runtime import LONGEST_DELAY
from tests.support.contention import ContendedStore
from tests.unit.depot.floor import Floor, in_turn, robot, status


def offline_after(floor: Floor, bot_id: str, at_most: int = 200) -> int:
    """The seconds until a robot is taken offline."""
    for seconds in range(at_most + 1):
        floor.pass_time(1 if seconds else 0)
        if robot(bot_id)[0] == "offline":
            return seconds
    raise AssertionError(f"{robot(bot_id)} after {at_most} seconds")


def test_a_robot_that_is_silent_for_60_seconds_is_taken_offline(floor: Floor) -> None:
    assert offline_after(floor, floor.silent()) == 60
    assert floor.lease_checks == []


def test_a_robot_that_sends_heartbeats_stays_online(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.pass_time(3_600)
    assert (robot(bot_id), service.bots.get(bot_id).version) == (("idle", None), 2)
    assert len(floor.lease_checks) == 1


@pytest.mark.parametrize("heartbeat_at", [1, 19, 30, 59, 60])
def test_the_lease_begins_anew_with_every_heartbeat(floor: Floor, heartbeat_at: int) -> None:
    bot_id = floor.silent()
    floor.pass_time(heartbeat_at - 1)
    floor.now += timedelta(seconds=1)
    service.bring_online(bot_id)
    assert offline_after(floor, bot_id) == 60


@pytest.mark.parametrize(("silent", "left"), [(0, 60), (0.4, 60), (59, 1), (59.4, 1), (59.999999, 1), (60, 0), (99, 0)])
def test_a_lease_has_ended_after_60_seconds_and_no_sooner(floor: Floor, silent: float, left: int) -> None:
    bot_id = floor.silent()
    floor.now += timedelta(seconds=silent)
    assert lease.seconds_left(bot_id) == left


def test_how_long_a_robot_may_be_silent_is_a_setting() -> None:
    with Floor(settings={"MALLBOTS_ROBOT_LEASE": "7"}).open() as floor:
        assert offline_after(floor, floor.silent()) == 7


def test_a_lease_may_be_longer_than_a_queue_delays() -> None:
    with Floor(settings={"MALLBOTS_ROBOT_LEASE": "2000"}).open() as floor:
        bot_id = floor.silent()
        floor.pass_time(1_500)
        service.bring_online(bot_id)
        assert offline_after(floor, bot_id, at_most=2_001) == 2_000
        assert max(sent.delay for sent in floor.queue.sent) == LONGEST_DELAY


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
    assert offline_after(floor, bot_id) == 60


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
    assert offline_after(floor, bot_id) == 10


def test_a_repeated_step_is_no_heartbeat_of_the_robot_that_has_the_list_by_then(floor: Floor) -> None:
    list_id, first = floor.assigned()
    body, headers = {"assignment": 1}, {"Idempotency-Key": "start"}
    assert floor.request("PUT", f"/shopping/{list_id}/start", body, headers).status == 200
    service.take_offline(first)
    other = floor.silent("Hector")
    service.assign(list_id, other)
    floor.pass_time(50)
    assert floor.request("PUT", f"/shopping/{list_id}/start", body, headers).status == 200
    assert (status(list_id), offline_after(floor, other)) == (("assigned", other), 10)


def test_what_staff_do_with_its_list_is_no_heartbeat_of_a_robot(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    floor.alive.clear()
    floor.pass_time(50)
    service.complete(list_id, None, None)
    assert (robot(bot_id), offline_after(floor, bot_id)) == (("idle", None), 10)


def test_a_robot_that_falls_silent_mid_task_gives_its_list_back_and_another_starts_anew(floor: Floor) -> None:
    list_id, silent = floor.active()
    service.pick(list_id, 1, "bakery", "roll", 2)
    floor.alive.clear()
    floor.pass_time(30)
    other = floor.idle("Hector")
    floor.pass_time(30)
    assert (robot(silent), robot(other)) == (("offline", None), ("active", list_id))
    taken = service.shopping_list(list_id)
    assert (taken.status, taken.bot_id, taken.assignment) == ("assigned", other, 2)
    assert [item.picked for stop in taken.stops for item in stop.items] == [0, 0, 0]


def test_a_robot_that_was_silent_is_online_again_with_its_next_heartbeat(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.pass_time(100)
    service.bring_online(bot_id)
    assert (robot(bot_id), service.bots.get(bot_id).session) == (("idle", None), 2)
    assert offline_after(floor, bot_id) == 60


def test_the_reminder_of_an_earlier_session_sends_no_other(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.pass_time(30)
    service.take_offline(bot_id)
    service.bring_online(bot_id)
    floor.pass_time(30)
    assert (robot(bot_id), [ahead.session for ahead in floor.lease_checks]) == (("idle", None), [2])
    assert offline_after(floor, bot_id) == 30


def test_a_robot_that_went_offline_by_itself_is_checked_no_more(floor: Floor) -> None:
    bot_id = floor.silent()
    service.take_offline(bot_id)
    floor.pass_time(60)
    assert (floor.lease_checks, service.bots.get(bot_id).version) == ([], 3)


def test_a_reminder_that_is_delivered_twice_sends_one_more(floor: Floor) -> None:
    bot_id = floor.idle()
    for _ in range(3):
        floor.queue.messages *= 2
        floor.pass_time(60)
        assert len(floor.lease_checks) <= 1
    floor.alive.clear()
    floor.queue.messages *= 2
    assert offline_after(floor, bot_id) == 60
    assert (service.bots.get(bot_id).version, floor.lease_checks) == (3, [])


def test_two_copies_handled_at_once_become_one_again(floor: Floor) -> None:
    bot_id = floor.idle()
    floor.pass_time(30)
    for _ in range(2):  # neither sees that the other has sent the next
        lease.schedule_next_check(LeaseEnds(bot_id=bot_id, session=1), 10)
    floor.pass_time(200)
    assert (len(floor.lease_checks), robot(bot_id)) == (1, ("idle", None))


def test_the_lease_is_still_checked_after_a_worker_crashed_before_it_recorded_its_check(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot_id = floor.idle()
    floor.settle()
    reminder = floor.lease_checks[0]

    def crash(*args: object, **kwargs: object) -> None:
        raise ConnectionError("the table does not answer")

    with monkeypatch.context() as crashing:
        crashing.setattr(views, "record_lease_check", crash)
        with pytest.raises(ConnectionError):
            lease.schedule_next_check(reminder, 60)
    floor.deliver(reminder)
    floor.alive.clear()
    floor.pass_time(130)
    assert (robot(bot_id)[0], floor.lease_checks) == ("offline", [])


def test_a_late_reminder_finds_a_heartbeat_that_came_meanwhile(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.settle()
    floor.now += timedelta(seconds=290)
    service.bring_online(bot_id)
    assert offline_after(floor, bot_id) == 60


@pytest.mark.parametrize("online_before", [False, True])
def test_a_robot_whose_first_heartbeat_was_not_recorded_has_one_lease(floor: Floor, online_before: bool) -> None:
    bot_id, _ = service.register_bot("Ajax")
    if online_before:
        service.bring_online(bot_id)
        assert offline_after(floor, bot_id) == 60
        floor.pass_time(5)
    service.bots.change(bot_id, lambda bot: bot.come_online())  # and then the worker crashes
    assert offline_after(floor, bot_id) == 60


def test_a_clock_that_is_ahead_prolongs_a_lease_by_that_much(floor: Floor) -> None:
    bot_id = floor.silent()
    views.record_heartbeat(bot_id, clock.now() + timedelta(seconds=3))
    assert lease.seconds_left(bot_id) == 60
    assert offline_after(floor, bot_id) == 63


def test_a_heartbeat_that_is_recorded_late_does_not_replace_a_later_one(floor: Floor) -> None:
    bot_id = floor.silent()
    floor.pass_time(30)
    service.bring_online(bot_id)
    views.record_heartbeat(bot_id, clock.now() - timedelta(seconds=20))
    assert offline_after(floor, bot_id) == 60


def test_a_robot_that_completes_its_list_as_the_lease_ends_stays_online(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.active()
    floor.now += timedelta(seconds=60)
    store.before = [lambda: service.complete(list_id, None, 1)]
    assert service.end_lease(bot_id, 1) == 60
    assert (status(list_id), robot(bot_id)) == (("completed", bot_id), ("idle", None))


def test_a_completion_just_after_the_lease_ended_is_refused(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.active()
    floor.now += timedelta(seconds=60)
    store.before = [lambda: service.end_lease(bot_id, 1)]
    with pytest.raises(RefusedError, match="the shopping list is available"):
        service.complete(list_id, None, 1)
    assert (status(list_id), robot(bot_id)) == (("available", None), ("offline", None))


def test_a_robot_that_comes_back_online_as_its_lease_ends_stays_online(floor: Floor, store: ContendedStore) -> None:
    bot_id = floor.silent()
    floor.now += timedelta(seconds=60)
    store.before = [in_turn(lambda: service.take_offline(bot_id), lambda: service.bring_online(bot_id))]
    assert service.end_lease(bot_id, 1) == 0
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
            events=(StoredEvent("WentOffline", 1, {}),),
            time=clock.stamp(),
            messages=(),
            cause=None,
            correlation_id="flow-1",
            causation_id=None,
            actor="system",
            snapshot=Snapshot(1, {"status": "offline", "name": "Ajax", "list_id": None}, {}),
        )
    )
    assert service.bots.get(bot_id).session == 2
    service.bring_online(bot_id)
    assert service.bots.get(bot_id).session == 3


def test_a_session_is_counted_through_snapshots(floor: Floor) -> None:
    bot_id = floor.silent()
    for _ in range(Bot.snapshot_every):
        service.take_offline(bot_id)
        service.bring_online(bot_id)
    assert service.bots.get(bot_id).session == 1 + Bot.snapshot_every


def test_a_robot_is_online_in_its_latest_session_alone() -> None:
    bot = Bot(id="bot-1")
    for event in (Registered("Ajax"), CameOnline(), WentOffline(), CameOnline()):
        bot.apply(event)
    assert [bot.is_online_in(session) for session in (0, 1, 2, 3)] == [False, False, True, False]
    bot.go_offline()
    assert not bot.is_online_in(2)
