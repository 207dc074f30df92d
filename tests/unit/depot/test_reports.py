"""What a robot reports over its stream: all that it has picked, in any order, more than once, and that it is done."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import permutations

import pytest

from events.depot import (
    CollectionAccepted,
    CollectionRefused,
    ShoppingListCompleted,
    ShoppingListItemPicked,
    ShoppingListStarted,
)
from events.fleet import ReportCollection
from events.registry import Message
from events.shapes import Picked
from functions.depot import service, views
from functions.depot.inbox import inbox
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import Context, within
from tests.support.contention import ContendedStore, conflict
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor, robot, status
from tests.unit.depot.test_large_lists import LINES

BREAD, ROLL, INK = ("bakery", "bread"), ("bakery", "roll"), ("paper", "ink")
ALL = {BREAD: 2, ROLL: 3, INK: 1}
Picks = Mapping[tuple[str, str], int]


def report(
    bot_id: str, picked: Picks | None = None, *, done: bool = False, assignment: int = 1, list_id: str = "order-1"
) -> ReportCollection:
    picks = tuple(Picked(store_id=key[0], product_id=key[1], quantity=n) for key, n in (picked or {}).items())
    return ReportCollection(bot_id=bot_id, list_id=list_id, assignment=assignment, picked=picks, done=done)


def answer_to(floor: Floor, command: ReportCollection, id: str = "report-1") -> Message:
    """Deliver a report once; returns the reply."""
    before = len(floor.replies)
    assert inbox.handle(delivered(command, id=id, time=clock.stamp())) == {"batchItemFailures": []}
    (answer,) = floor.replies[before:]
    return answer


def accepted(command: ReportCollection) -> CollectionAccepted:
    return CollectionAccepted(list_id=command.list_id, bot_id=command.bot_id, assignment=command.assignment)


def refused(command: ReportCollection, reason: str, *, has_list: bool = False) -> CollectionRefused:
    return CollectionRefused(**accepted(command).model_dump(), reason=reason, has_list=has_list)


def picked(list_id: str = "order-1") -> dict[tuple[str, str], int]:
    stops = service.shopping_list(list_id).stops
    return {(stop.store_id, item.product_id): item.picked for stop in stops for item in stop.items if item.picked}


def shortages(floor: Floor) -> list[tuple[str, int]]:
    [completed] = [event for event in floor.published if isinstance(event, ShoppingListCompleted)]
    return [(short.product_id, short.quantity) for short in completed.shortages]


def stored(floor: Floor, list_id: str = "order-1") -> list[list[str]]:
    """The events of each commit of a list."""
    return [[event.name for event in commit.events] for commit in service.lists.history(list_id)]


def test_a_report_without_picks_starts_the_list(floor: Floor) -> None:
    list_id, bot_id = floor.assigned()
    command = report(bot_id)
    assert answer_to(floor, command) == accepted(command)
    assert (status(list_id), service.shopping_list(list_id).started_at) == (("active", bot_id), clock.stamp())


def test_what_a_report_changes_is_one_commit_that_publishes_the_list_once(floor: Floor) -> None:
    list_id, bot_id = floor.assigned()
    events = len(floor.published)
    answer_to(floor, report(bot_id, {BREAD: 2, ROLL: 1}))
    assert stored(floor)[-1] == ["Started", "Picked", "Picked"]
    [published] = floor.published[events:]
    assert isinstance(published, ShoppingListItemPicked)
    assert (published.status, published.product_id, published.quantity) == ("active", "roll", 1)
    assert published.started_at == clock.stamp()
    assert (status(list_id), picked()) == (("active", bot_id), {BREAD: 2, ROLL: 1})


def test_a_robot_that_reports_step_by_step_publishes_what_one_by_rest_does(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    events = len(floor.published)
    for n, picks in enumerate(({}, {BREAD: 2}, {BREAD: 2, ROLL: 3})):
        answer_to(floor, report(bot_id, picks), id=f"report-{n}")
    answer_to(floor, report(bot_id, {BREAD: 2, ROLL: 3}, done=True), id="report-done")
    assert [type(event).__name__ for event in floor.published[events:]] == [
        "ShoppingListStarted",
        "ShoppingListItemPicked",
        "ShoppingListItemPicked",
        "ShoppingListCompleted",
        "BotFinished",
    ]


@pytest.mark.parametrize("conflicts", [0, 2])
def test_the_last_report_completes_the_list_and_frees_the_robot_in_one_write(
    floor: Floor, store: ContendedStore, conflicts: int
) -> None:
    list_id, bot_id = floor.assigned()
    store.tries, store.before = 0, [conflict] * conflicts
    command = report(bot_id, {BREAD: 2, ROLL: 1}, done=True)
    assert answer_to(floor, command) == accepted(command)
    assert store.tries == 1 + conflicts
    assert (status(list_id), robot(bot_id)) == (("completed", bot_id), ("idle", None))
    assert stored(floor)[-1] == ["Started", "Picked", "Picked", "Completed"]
    assert (shortages(floor), picked()) == ([("roll", 2), ("ink", 1)], {BREAD: 2, ROLL: 1})


def test_a_robot_that_is_done_and_picked_nothing_found_nothing(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    answer_to(floor, report(bot_id, done=True))
    assert shortages(floor) == [("bread", 2), ("roll", 3), ("ink", 1)]


def test_a_robot_that_found_all_is_short_of_nothing(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    answer_to(floor, report(bot_id, ALL, done=True))
    assert (shortages(floor), picked()) == ([], ALL)


REPORTS: list[tuple[Picks, bool]] = [({}, False), ({BREAD: 1}, False), ({BREAD: 2, ROLL: 3}, False)]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_reports_in_any_order_twice_and_with_forgotten_causes_give_one_state(
    floor: Floor, order: tuple[int, ...]
) -> None:
    list_id, bot_id = floor.assigned()
    for n in order:
        floor.deliver(report(bot_id, REPORTS[n][0]), id=f"report-{n}")
    assert (status(list_id), picked()) == (("active", bot_id), {BREAD: 2, ROLL: 3})
    floor.deliver(report(bot_id, {BREAD: 2, ROLL: 3}, done=True), id="done")
    for n in order:
        floor.deliver(report(bot_id, REPORTS[n][0]), id=f"late-{n}")
    assert (status(list_id), robot(bot_id), shortages(floor)) == (
        ("completed", bot_id),
        ("idle", None),
        [("ink", 1)],
    )
    assert {type(reply) for reply in floor.replies} == {CollectionAccepted}


def test_the_last_report_says_how_many_it_is_also_where_an_earlier_one_said_more(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    floor.deliver(report(bot_id, {ROLL: 3, INK: 1}), id="first")
    floor.deliver(report(bot_id, {ROLL: 2}, done=True), id="done")
    assert (shortages(floor), picked()) == ([("bread", 2), ("roll", 1), ("ink", 1)], {ROLL: 2})


def test_a_report_that_says_nothing_new_stores_nothing(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    floor.deliver(report(bot_id, {ROLL: 2}))
    before = len(floor.store.log)
    floor.deliver(report(bot_id, {ROLL: 2}), id="again")
    floor.deliver(report(bot_id, {ROLL: 1}), id="older")
    assert len(floor.store.log) == before


def test_a_list_that_its_robot_completed_takes_its_reports_though_the_robot_works_on_another(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    floor.deliver(report(bot_id, ALL, done=True))
    service.assign(floor.available("order-2"), bot_id)
    before = len(floor.store.log)
    command = report(bot_id, ALL, done=True)
    assert answer_to(floor, command, id="late") == accepted(command)
    assert (len(floor.store.log), robot(bot_id)) == (before, ("active", "order-2"))


def test_a_list_that_staff_completed_takes_the_reports_of_its_robot(floor: Floor) -> None:
    list_id, bot_id = floor.active()
    service.complete(list_id, None, None)
    command = report(bot_id, {BREAD: 1}, done=True)
    assert answer_to(floor, command) == accepted(command)
    assert shortages(floor) == [("bread", 2), ("roll", 3), ("ink", 1)]


def test_a_report_and_a_request_of_the_same_robot_agree(floor: Floor) -> None:
    list_id, bot_id = floor.assigned()
    service.start(list_id, 1)
    service.pick(list_id, 1, "bakery", "bread", 1)
    floor.deliver(report(bot_id, {BREAD: 2, INK: 1}))
    service.complete(list_id, None, 1)
    floor.deliver(report(bot_id, {BREAD: 2, INK: 1}, done=True), id="done")
    assert shortages(floor) == [("roll", 3)]


def _given_back(floor: Floor, list_id: str, bot_id: str) -> None:
    service.take_offline(bot_id)


def _anew(floor: Floor, list_id: str, bot_id: str) -> None:
    service.take_offline(bot_id)
    service.bring_online(bot_id)
    service.assign(list_id, bot_id)


def _anothers(floor: Floor, list_id: str, bot_id: str) -> None:
    service.take_offline(bot_id)
    service.assign(list_id, floor.idle("Hector"))


def _completed_by_another(floor: Floor, list_id: str, bot_id: str) -> None:
    _anothers(floor, list_id, bot_id)
    service.complete(list_id, None, 2)


def _cancelled(floor: Floor, list_id: str, bot_id: str) -> None:
    service.cancel(list_id)


def _retired(floor: Floor, list_id: str, bot_id: str) -> None:
    service.retire(bot_id)


@pytest.mark.parametrize("done", [False, True], ids=["at work", "done"])
@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (_given_back, "the shopping list is available"),
        (_anew, "this is not assignment 1 of the shopping list any more"),
        (_anothers, "another bot has the shopping list"),
        (_completed_by_another, "the shopping list is completed"),
        (_cancelled, "the shopping list is cancelled"),
        (_retired, "the shopping list is available"),
    ],
)
def test_a_report_of_an_assignment_that_ended_is_refused_changes_nothing_and_is_no_heartbeat(
    floor: Floor, end: Callable[[Floor, str, str], None], reason: str, done: bool
) -> None:
    list_id, bot_id = floor.active()
    end(floor, list_id, bot_id)
    floor.now += timedelta(seconds=30)
    before, heard = len(floor.store.log), views.last_heartbeat(bot_id)
    command = report(bot_id, {BREAD: 1}, done=done)
    for id in ("report", "report", "again"):
        assert inbox.handle(delivered(command, id=id, time=clock.stamp())) == {"batchItemFailures": []}
    assert floor.replies == [refused(command, reason)] * 2, "a reply has one id for one command"
    assert (len(floor.store.log), views.last_heartbeat(bot_id)) == (before, heard)


def test_a_report_of_an_unknown_list_is_refused(floor: Floor) -> None:
    command = report(floor.idle())
    assert answer_to(floor, command) == refused(command, "there is no shopping list order-1", has_list=True)


@pytest.mark.parametrize(
    ("picks", "reason"),
    [
        ({BREAD: 3}, "only 2 of this product are on the shopping list"),
        ({("bakery", "cake"): 1}, "the product cake of the store bakery is not on the shopping list"),
    ],
)
def test_a_report_of_what_cannot_be_picked_is_refused_whole(floor: Floor, picks: Picks, reason: str) -> None:
    list_id, bot_id = floor.assigned()
    command = report(bot_id, {ROLL: 1} | dict(picks), done=True)
    assert answer_to(floor, command) == refused(command, reason, has_list=True)
    assert (status(list_id), picked()) == (("assigned", bot_id), {})


def test_a_report_is_decided_again_when_the_list_is_given_back_meanwhile(floor: Floor, store: ContendedStore) -> None:
    list_id, bot_id = floor.active()
    command = report(bot_id, ALL, done=True)

    def leave() -> None:
        with within(Context()):
            service.take_offline(bot_id)

    store.before = [leave]
    assert answer_to(floor, command) == refused(command, "the shopping list is available")
    assert (status(list_id), robot(bot_id)) == (("available", None), ("offline", None))


def test_a_report_is_a_heartbeat_of_when_it_was_sent(floor: Floor) -> None:
    _, bot_id = floor.assigned()
    floor.now += timedelta(seconds=70)
    floor.deliver(report(bot_id), ago=40)
    assert views.last_heartbeat(bot_id) == floor.now - timedelta(seconds=40)
    floor.deliver(report(bot_id, {BREAD: 1}), id="older", ago=50)
    floor.deliver(report(bot_id, {BREAD: 2}), id="by a clock that is ahead", ago=-30)
    assert views.last_heartbeat(bot_id) == floor.now


def test_a_list_as_large_as_may_be_is_reported_at_once(floor: Floor) -> None:
    for wanted in LINES:
        floor.catalogue.products[wanted.product_id] = wanted
    service.assign(floor.available("order-1", *LINES), bot_id := floor.idle())
    command = report(bot_id, {(line.store_id, line.product_id): 1 for line in LINES}, done=True)
    assert answer_to(floor, command) == accepted(command)
    assert (status(), shortages(floor)) == (("completed", bot_id), [])
    assert not [event for event in floor.published if isinstance(event, ShoppingListStarted)]
