"""Robots on the robots' stream: online while they are connected, by the version of what the fleet says of each."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from events.fleet import RobotConnected, RobotDisconnected, RobotState
from functions.depot import service, views
from functions.kernel.runtime import clock
from functions.kernel.runtime.commit import Commit, Snapshot, StoredEvent
from tests.unit.depot.floor import Floor, robot, status
from tests.unit.depot.test_reports import report


def says(
    floor: Floor, bot_id: str, version: int, *, connected: bool, id: str = "", last_order: str | None = None
) -> None:
    """The fleet says that a robot is connected or not, twice, and once more with the cause forgotten."""
    said: RobotState = RobotDisconnected(bot_id=bot_id, connected=False, last_order=last_order)
    if connected:
        said = RobotConnected(bot_id=bot_id, connected=True)
    floor.deliver(said, id=id or f"version-{version}", version=version)


def registered() -> str:
    return service.register_bot("Ajax")[0]


def connected(floor: Floor) -> str:
    """A robot that is connected, at version 2 of its stream at the fleet, and idle."""
    bot_id = registered()
    says(floor, bot_id, 2, connected=True)
    return bot_id


def at_work(floor: Floor) -> str:
    """The same, with a list that it collects."""
    bot_id = connected(floor)
    service.assign(floor.available(), bot_id)
    floor.deliver(report(bot_id))
    return bot_id


def test_a_robot_that_connects_is_online_once_with_a_heartbeat(floor: Floor) -> None:
    bot_id = connected(floor)
    assert (robot(bot_id), service.bots.get(bot_id).session) == (("idle", None), 1)
    assert views.last_heartbeat(bot_id) == floor.now


def test_an_idle_robot_that_is_cut_is_offline_at_once(floor: Floor) -> None:
    bot_id = connected(floor)
    says(floor, bot_id, 3, connected=False)
    assert robot(bot_id) == ("offline", None)
    floor.settle()
    assert [type(event).__name__ for event in floor.published] == ["BotRegistered", "BotCameOnline", "BotWentOffline"]


def test_a_robot_at_work_that_is_cut_goes_on(floor: Floor) -> None:
    bot_id = at_work(floor)
    says(floor, bot_id, 3, connected=False)
    assert (robot(bot_id), status()) == (("active", "order-1"), ("active", bot_id))
    floor.deliver(report(bot_id, {("bakery", "bread"): 2}), id="late")
    says(floor, bot_id, 4, connected=True)
    assert robot(bot_id) == ("active", "order-1")
    floor.deliver(report(bot_id, done=True), id="done")
    assert robot(bot_id) == ("idle", None)


@pytest.mark.parametrize("last_order", ["", "order-0.1", "order-1.2"])
def test_a_list_whose_order_was_not_sent_when_its_robot_became_unfit_is_given_back_at_once(
    floor: Floor, last_order: str
) -> None:
    bot_id = connected(floor)
    service.assign(floor.available(), bot_id)
    says(floor, bot_id, 3, connected=False, last_order=last_order)
    assert (robot(bot_id), status()) == (("offline", None), ("available", None))
    says(floor, bot_id, 4, connected=True)
    floor.settle()
    assert (robot(bot_id), status()) == (("active", "order-1"), ("assigned", bot_id))
    assert service.lists.get("order-1").assignment == 2


@pytest.mark.parametrize("last_order", ["order-1.1", None], ids=["sent", "not known, by earlier code"])
def test_a_list_whose_order_may_have_been_sent_stays_with_its_robot_until_the_lease_ends(
    floor: Floor, last_order: str | None
) -> None:
    bot_id = connected(floor)
    service.assign(floor.available(), bot_id)
    says(floor, bot_id, 3, connected=False, last_order=last_order)
    assert (robot(bot_id), status()) == (("active", "order-1"), ("assigned", bot_id))
    floor.pass_time(120)
    assert (robot(bot_id), status()) == (("offline", None), ("available", None))


def test_a_list_that_its_robot_has_started_is_not_given_back_whatever_the_fleet_sent(floor: Floor) -> None:
    bot_id = at_work(floor)
    says(floor, bot_id, 3, connected=False, last_order="")
    assert (robot(bot_id), status()) == (("active", "order-1"), ("active", bot_id))


@pytest.mark.parametrize("end", ["completed", "cancelled"])
def test_a_robot_whose_list_ends_while_it_is_cut_gets_no_other_before_it_is_back(floor: Floor, end: str) -> None:
    bot_id = at_work(floor)
    floor.settle()
    says(floor, bot_id, 3, connected=False)
    floor.available("order-2")
    if end == "completed":
        floor.deliver(report(bot_id, done=True), id="done")
    else:
        service.cancel("order-1")
    floor.settle()
    assert (robot(bot_id), status("order-2")) == (("offline", None), ("available", None))
    says(floor, bot_id, 4, connected=True)
    floor.settle()
    assert (robot(bot_id), status("order-2")) == (("active", "order-2"), ("assigned", bot_id))


SAID: Sequence[tuple[int, bool]] = [(2, True), (3, False), (4, True), (5, False)]


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("last", [3, 4], ids=["connected in the end", "cut in the end"])
def test_what_the_fleet_said_last_counts_in_any_order(floor: Floor, order: Sequence[int], last: int) -> None:
    bot_id = registered()
    for version, is_connected in (SAID[n] for n in order if n < last):
        says(floor, bot_id, version, connected=is_connected)
    assert robot(bot_id) == ("idle" if last == 3 else "offline", None)
    for version, is_connected in SAID[:last]:
        says(floor, bot_id, version, connected=is_connected, id=f"late-{version}")
    assert robot(bot_id) == ("idle" if last == 3 else "offline", None)


def test_a_late_cut_of_an_earlier_session_changes_nothing_for_a_robot_at_work(floor: Floor) -> None:
    bot_id = registered()
    says(floor, bot_id, 4, connected=True)
    service.assign(floor.available(), bot_id)
    says(floor, bot_id, 3, connected=False)
    service.complete("order-1", None, None)
    assert robot(bot_id) == ("idle", None)


def test_a_robot_whose_list_is_cancelled_gets_the_next_once_the_fleet_says_that_it_is_free(floor: Floor) -> None:
    bot_id = registered()
    says(floor, bot_id, 1, connected=True)
    service.assign(floor.available(), bot_id)
    service.cancel("order-1")
    next_list = floor.available("order-2")
    floor.settle()
    assert (robot(bot_id), service.shopping_list(next_list).status) == (("offline", None), "available")
    says(floor, bot_id, 2, connected=True)
    floor.settle()
    assert (robot(bot_id), service.shopping_list(next_list).status) == (("active", next_list), "assigned")


def test_a_robot_without_a_stream_is_idle_when_its_list_is_cancelled(floor: Floor) -> None:
    bot_id = floor.idle()
    service.assign(floor.available(), bot_id)
    service.cancel("order-1")
    assert robot(bot_id) == ("idle", None)


def test_a_robot_that_was_cut_and_lost_its_list_is_idle_when_it_is_back(floor: Floor) -> None:
    bot_id = at_work(floor)
    says(floor, bot_id, 3, connected=False)
    floor.pass_time(120)
    assert (robot(bot_id), status()) == (("offline", None), ("available", None))
    says(floor, bot_id, 4, connected=True)
    assert robot(bot_id) == ("idle", None)


def test_a_robot_that_the_depot_took_offline_is_online_when_the_fleet_says_anew_that_it_is_connected(
    floor: Floor,
) -> None:
    bot_id = connected(floor)
    service.take_offline(bot_id)
    says(floor, bot_id, 2, connected=True, id="late")
    assert robot(bot_id) == ("offline", None)
    says(floor, bot_id, 3, connected=True)
    assert robot(bot_id) == ("idle", None)


def test_an_idle_robot_that_connects_again_keeps_its_place_among_those_that_wait(floor: Floor) -> None:
    first = connected(floor)
    floor.now += timedelta(seconds=1)
    second = floor.idle("Hector")
    floor.settle()
    says(floor, first, 3, connected=True)
    floor.available("order-1")
    floor.settle()
    assert (status("order-1"), robot(second)) == (("assigned", first), ("idle", None))


@pytest.mark.parametrize("is_connected", [True, False])
@pytest.mark.parametrize("who", ["unknown", "retired"])
def test_the_connection_of_a_robot_that_has_no_place_here_changes_nothing_and_is_not_tried_again(
    floor: Floor, who: str, is_connected: bool
) -> None:
    bot_id = "foreign"
    if who == "retired":
        service.retire(bot_id := connected(floor))
    before = len(floor.store.log)
    says(floor, bot_id, 7, connected=is_connected)
    assert len(floor.store.log) == before
    assert views.last_heartbeat("foreign") is None


def test_a_robot_that_reports_by_request_after_it_was_cut_is_online(floor: Floor) -> None:
    bot_id = connected(floor)
    says(floor, bot_id, 3, connected=False)
    service.bring_online(bot_id)
    says(floor, bot_id, 3, connected=False, id="late")
    assert robot(bot_id) == ("idle", None)


OLD = {"status": "active", "name": "Ajax", "list_id": "order-1", "session": 1, "generation": 1}


@pytest.mark.parametrize("snapshot", [OLD, None], ids=["with its snapshot", "without"])
def test_a_robot_that_took_its_list_before_assignments_were_kept_goes_on(
    floor: Floor, snapshot: dict[str, Any] | None
) -> None:
    """Its stream is as code before there were streams stored it (snapshots of schema 3)."""
    floor.available()
    events = [("Registered", {"name": "Ajax"}), ("CameOnline", {}), ("TookList", {"list_id": "order-1"})]
    stored = tuple(StoredEvent.of(name, 1, data) for name, data in events)
    kept = Snapshot.of(3, snapshot, {}) if snapshot else None
    floor.store.commit(Commit("Bot#ajax", 1, "c-1", stored, clock.stamp(), snapshot=kept))
    assigned = StoredEvent.of("Assigned", 1, {"bot_id": "ajax", "assignment": 1})
    floor.store.commit(Commit("ShoppingList#order-1", 3, "c-2", (assigned,), clock.stamp()))
    assert (robot("ajax"), service.bots.get("ajax").assignment) == (("active", "order-1"), 0)
    says(floor, "ajax", 1, connected=True)
    service.complete("order-1", None, 1)
    assert (robot("ajax"), service.bots.get("ajax").stream_version) == (("idle", None), 1)
    service.assign(floor.available("order-2"), "ajax")
    assert service.bots.get("ajax").assignment == 1
