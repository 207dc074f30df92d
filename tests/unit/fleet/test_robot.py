"""A robot on the stream: which order it must work on, what is sent to it, and what is reported of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from functions.fleet.domain import Robot
from functions.fleet.reports import Pick, Presence, Report, Task
from functions.fleet.robot_events import (
    CANCEL,
    PAUSE,
    RESUME,
    RETRY,
    SKIP,
    Answered,
    Asked,
    BecameAvailable,
    BecameUnavailable,
    Collected,
    Described,
    Disconnected,
    Named,
    OrderSent,
    OrderShown,
    OrderTooLarge,
    Refused,
    Retired,
    SessionBegan,
    TaskChanged,
)
from functions.kernel.domain.aggregate import DomainEvent
from tests.support.given import given
from tests.unit.fleet.moments import (
    AGAIN,
    ANOTHER,
    AT_WORK,
    GIVEN,
    IDLE,
    LIST,
    NODE,
    ORDER,
    SENT,
    at,
    says,
    task,
)

PICK = Pick("store-1", "product-1", 2)
CANCELLED = f"{CANCEL}:1:id-1"
# A robot that has put down at the depot what it collected, and has reported that.
DONE = (*AT_WORK, OrderShown(ORDER, True, 5, at(19)), Collected(LIST, 1, (PICK,), True, 5, at(19)))


def reports(report: Report, seconds: float = 20) -> Callable[[Robot], None]:
    return lambda robot: robot.report(report, at(seconds))


def takes(told: Task, seconds: float = 20) -> Callable[[Robot], None]:
    return lambda robot: robot.take_task(told, at(seconds))


def refuses(order: str, *, has_list: bool = True) -> Callable[[Robot], None]:
    return lambda robot: robot.refuse(order, at(20), has_list=has_list)


class TestItsName:
    def test_a_robot_that_the_depot_registered_is_away_until_it_comes(self) -> None:
        robot = given(Robot).when(lambda robot: robot.name_it("Ajax"))
        robot.then(Named("Ajax")).then_state(name="Ajax", connected=False, available=False)

    def test_it_is_kept_when_it_comes_again(self) -> None:
        given(Robot, Named("Ajax")).when(lambda robot: robot.name_it("Bo")).then_nothing()


class TestTheTask:
    def test_it_is_what_the_newest_event_of_the_depot_says(self) -> None:
        given(Robot, *IDLE).when(takes(task(3, ORDER))).then(TaskChanged(task(3, ORDER))).then_state(order_id=ORDER)

    def test_an_event_that_comes_late_changes_nothing(self) -> None:
        past = (*GIVEN, TaskChanged(task(5, AGAIN)))
        given(Robot, *past).when(takes(task(4))).then_nothing()

    def test_an_assignment_that_comes_after_its_end_changes_nothing(self) -> None:
        ended = given(Robot, *IDLE).when(takes(task(4)))
        ended.then(TaskChanged(task(4)))
        given(Robot, *IDLE, TaskChanged(task(4))).when(takes(task(3, ORDER))).then_nothing()

    def test_an_event_that_comes_twice_changes_nothing(self) -> None:
        given(Robot, *GIVEN).when(takes(task(3, ORDER))).then_nothing()

    def test_the_same_list_under_another_assignment_is_another_order(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 5, at(19)))
        outcome = given(Robot, *past).when(takes(task(5, AGAIN)))
        outcome.then(TaskChanged(task(5, AGAIN)), Asked(CANCELLED, CANCEL, ORDER, at(20)))
        outcome.then_state(order_id=AGAIN, progress="", done=False)

    def test_that_a_robot_is_idle_which_has_reported_all_is_no_news(self) -> None:
        given(Robot, *DONE).when(takes(task(4))).then_nothing()

    def test_the_next_list_follows_one_that_is_done(self) -> None:
        given(Robot, *DONE).when(takes(task(5, ANOTHER))).then(TaskChanged(task(5, ANOTHER))).then_state(done=False)

    def test_that_a_robot_is_offline_which_has_reported_all_is_news(self) -> None:
        offline = task(4, status="offline")
        given(Robot, *DONE).when(takes(offline)).then(TaskChanged(offline)).then_state(order_id="")

    def test_a_list_that_is_taken_away_before_its_order_is_shown_is_forgotten(self) -> None:
        given(Robot, *SENT).when(takes(task(4))).then(TaskChanged(task(4))).then_state(order_id="")

    def test_a_list_that_was_taken_from_it_is_called_off(self) -> None:
        past = given(Robot, *AT_WORK).when(takes(task(4, status="offline")))
        past.then(TaskChanged(task(4, status="offline")), Asked(CANCELLED, CANCEL, ORDER, at(20)))

    def test_of_a_robot_that_was_never_on_the_stream_nothing_is_kept(self) -> None:
        given(Robot, Named("Ajax")).when(takes(task(3, ORDER))).then_nothing()

    def test_a_robot_that_is_retired_is_told_nothing_but_to_stop(self) -> None:
        retiring = given(Robot, *AT_WORK).when(takes(task(9, status="retired")))
        retiring.then(Retired(), BecameUnavailable(), Asked(CANCELLED, CANCEL, ORDER, at(20)))
        given(Robot, *AT_WORK, Retired()).when(takes(task(10, ANOTHER))).then_nothing()

    def test_no_session_begins_for_a_robot_that_is_retired_though_its_numbers_begin_again(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 7, at(18)), Retired(), BecameUnavailable())
        later = given(Robot, *past).when(reports(says(1, ORDER, 78), 78))
        later.then(Asked(CANCELLED, CANCEL, ORDER, at(78), state=at(78)))

    def test_a_message_of_before_assignments_were_numbered_stands_for_no_order(self) -> None:
        told = Task(3, "active", LIST, 0, "flow-1")
        given(Robot, *IDLE).when(takes(told)).then_nothing()

    def test_a_report_that_the_depot_refused_ends_the_work_on_the_list(self) -> None:
        refused = given(Robot, *AT_WORK).when(refuses(ORDER))
        refused.then(Refused(ORDER), Asked(CANCELLED, CANCEL, ORDER, at(20))).then_state(order_id="", refused=True)

    def test_a_refusal_because_the_list_is_not_its_own_leaves_it_without_one(self) -> None:
        refused = given(Robot, *AT_WORK).when(refuses(ORDER, has_list=False))
        refused.then(Refused(ORDER, False), Asked(CANCELLED, CANCEL, ORDER, at(20)))
        refused.then_state(order_id="", refused=False, task=task(3, status="active"))

    def test_after_such_a_refusal_that_it_is_idle_is_no_news_and_that_it_is_offline_is(self) -> None:
        past = (*AT_WORK, Refused(ORDER, False))
        given(Robot, *past).when(takes(task(4), 19)).then(Asked(CANCELLED, CANCEL, ORDER, at(19)))
        offline = task(4, status="offline")
        given(Robot, *past).when(takes(offline)).then(TaskChanged(offline), Asked(CANCELLED, CANCEL, ORDER, at(20)))

    @pytest.mark.parametrize("has_list", [True, False])
    def test_a_refusal_of_an_earlier_assignment_changes_nothing(self, has_list: bool) -> None:
        past = (*GIVEN, TaskChanged(task(5, AGAIN)))
        given(Robot, *past).when(refuses(ORDER, has_list=has_list)).then_nothing()


class TestTheOrder:
    def test_it_is_sent_to_a_robot_that_is_free(self) -> None:
        sent = given(Robot, *GIVEN).when(lambda robot: robot.set_out(NODE, at(20)))
        sent.then(OrderSent(ORDER, NODE, at(20))).then_state(start=NODE, orders=1)

    @pytest.mark.parametrize(
        ("past", "node"),
        [
            (IDLE, NODE),  # it has no list
            (GIVEN, ""),  # where it is is not known
            ((*GIVEN, BecameUnavailable()), NODE),
            ((*GIVEN, OrderShown(ANOTHER, False, 4, at(18))), NODE),  # it works on another
            (AT_WORK, NODE),  # it shows it
            ((*AT_WORK, OrderShown(ORDER, True, 5, at(19))), NODE),  # it has ended
            ((*GIVEN, Refused(ORDER)), NODE),
            ((*GIVEN, Retired()), NODE),
        ],
    )
    def test_it_is_not_sent_to_a_robot_that_is_not_free_for_it(self, past: tuple[TaskChanged, ...], node: str) -> None:
        given(Robot, *past).when(lambda robot: robot.set_out(node, at(60))).then_nothing()

    def test_it_is_sent_again_when_it_has_not_been_shown_for_five_seconds(self) -> None:
        given(Robot, *SENT).when(lambda robot: robot.set_out(NODE, at(19.9))).then_nothing()
        given(Robot, *SENT).when(lambda robot: robot.set_out(NODE, at(20))).then(OrderSent(ORDER, NODE, at(20)))

    def test_a_robot_that_lost_its_memory_gets_it_again(self) -> None:
        lost = (*AT_WORK, OrderShown("", True, 0, at(60)))
        given(Robot, *lost).when(lambda robot: robot.set_out(NODE, at(61))).then(OrderSent(ORDER, NODE, at(61)))

    def test_one_that_is_done_is_not_sent_again_to_a_robot_that_lost_its_memory(self) -> None:
        lost = (*AT_WORK, Collected(LIST, 1, (PICK,), True, 5, at(19)), OrderShown("", True, 0, at(60)))
        given(Robot, *lost).when(lambda robot: robot.set_out(NODE, at(61))).then_nothing()


class TestAnOutdatedOrder:
    OUTDATED = (*GIVEN, OrderShown(ANOTHER, False, 4, at(18)), BecameUnavailable())

    def test_it_is_cancelled_before_the_robot_gets_another(self) -> None:
        shown = given(Robot, *GIVEN).when(reports(says(4, ANOTHER)))
        cancelled = Asked(CANCELLED, CANCEL, ANOTHER, at(20), state=at(20))
        shown.then(OrderShown(ANOTHER, False, 4, at(20)), BecameUnavailable(4, at(20)), cancelled)
        shown.then_state(wants_order=False)

    def test_the_new_one_may_go_out_when_the_old_one_has_ended(self) -> None:
        past = (*self.OUTDATED, Asked(CANCELLED, CANCEL, ANOTHER, at(18)))
        ended = given(Robot, *past).when(reports(says(5, ANOTHER, idle=True)))
        ended.then(OrderShown(ANOTHER, True, 5, at(20)), Answered((CANCELLED,)), BecameAvailable(5, at(20)))
        ended.then_state(wants_order=True)

    def test_an_order_that_is_not_the_malls_is_outdated_too(self) -> None:
        shown = given(Robot, *IDLE).when(reports(says(4, "by hand")))
        cancelled = Asked(CANCELLED, CANCEL, "by hand", at(20), state=at(20))
        shown.then(OrderShown("by hand", False, 4, at(20)), BecameUnavailable(4, at(20)), cancelled)

    def test_a_robot_is_given_no_list_while_it_puts_back_what_it_holds_of_an_order_that_was_cancelled(self) -> None:
        past = (*AT_WORK, TaskChanged(task(4)), Asked(CANCELLED, CANCEL, ORDER, at(19)))
        putting_back = says(5, ORDER, received=frozenset([CANCELLED]))
        left = given(Robot, *past).when(reports(putting_back)).then(BecameUnavailable(5, at(20)))
        left.then_state(available=False, order_id="")
        past = (*past, BecameUnavailable())
        given(Robot, *past).when(reports(putting_back)).then_nothing()
        ended = given(Robot, *past).when(reports(says(6, ORDER, idle=True)))
        ended.then(OrderShown(ORDER, True, 6, at(20)), Answered((CANCELLED,)), BecameAvailable(6, at(20)))

    def test_a_robot_without_a_list_is_free_when_it_shows_the_end(self) -> None:
        past = (*AT_WORK, TaskChanged(task(4)), Asked(CANCELLED, CANCEL, ORDER, at(19)))
        ended = given(Robot, *past).when(reports(says(5, ORDER, idle=True)))
        ended.then(OrderShown(ORDER, True, 5, at(20)), Answered((CANCELLED,))).then_state(order_id="", asked=())

    def test_the_cancellation_is_sent_again_until_the_robot_shows_it(self) -> None:
        past = (*self.OUTDATED, Asked(CANCELLED, CANCEL, ANOTHER, at(18)))
        given(Robot, *past).when(reports(says(5, ANOTHER, 22), 22)).then_nothing()
        again = Asked(CANCELLED, CANCEL, ANOTHER, at(23), state=at(23))
        given(Robot, *past).when(reports(says(5, ANOTHER, 23), 23)).then(again)
        seen = says(5, ANOTHER, 23, received=frozenset([CANCELLED]))
        given(Robot, *past).when(reports(seen, 23)).then_nothing()

    def test_one_that_failed_is_asked_anew(self) -> None:
        past = (*self.OUTDATED, Asked(CANCELLED, CANCEL, ANOTHER, at(18)))
        failed = says(5, ANOTHER, 23, received=frozenset([CANCELLED]), ended=frozenset([CANCELLED]))
        outcome = given(Robot, *past).when(reports(failed, 23))
        outcome.then(Asked(f"{CANCEL}:2:id-1", CANCEL, ANOTHER, at(23), state=at(23)))

    def test_a_mode_that_forbids_it_puts_it_off(self) -> None:
        shown = given(Robot, *GIVEN).when(reports(says(4, ANOTHER, cancels=False)))
        shown.then(OrderShown(ANOTHER, False, 4, at(20)), BecameUnavailable(4, at(20)))

    def test_where_it_could_not_be_sent_the_state_that_is_handled_again_sends_it_again(self) -> None:
        first = Asked(CANCELLED, CANCEL, ANOTHER, at(19), state=at(18))
        past = (*self.OUTDATED, first)
        again = replace(first, at=at(21))
        given(Robot, *past).when(reports(says(4, ANOTHER, 18), 21)).then(again)
        given(Robot, *past).when(reports(says(5, ANOTHER, 19), 21)).then_nothing()

    def test_a_robot_that_works_at_what_it_does_not_name_is_given_no_list_before_that_has_ended(self) -> None:
        shown = given(Robot, *IDLE).when(reports(says(4, "", idle=False)))
        shown.then(OrderShown("", False, 4, at(20)), BecameUnavailable(4, at(20)))
        past = (*IDLE, OrderShown("", False, 4, at(18)), BecameUnavailable(4, at(18)))
        ended = given(Robot, *past).when(reports(says(5, "")))
        ended.then(OrderShown("", True, 5, at(20)), BecameAvailable(5, at(20)))

    def test_it_is_not_sent_to_a_robot_that_is_away(self) -> None:
        past = (*AT_WORK, TaskChanged(task(4)))
        robot = given(Robot, *past).aggregate
        robot.connected = False
        robot.take_task(task(5, status="offline"), at(30))
        assert [type(event) for event in robot.changes] == [TaskChanged]


class TestReportsToTheDepot:
    def test_the_first_sight_of_the_order_starts_the_list(self) -> None:
        shown = given(Robot, *SENT).when(reports(says(4, ORDER)))
        shown.then(OrderShown(ORDER, False, 4, at(20)), Collected(LIST, 1, (), False, 4, at(20)))

    def test_each_new_pick_is_reported_with_all_before_it(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (), False, 4, at(18)))
        picked = says(5, ORDER, picked=(PICK,))
        given(Robot, *past).when(reports(picked)).then(Collected(LIST, 1, (PICK,), False, 5, at(20)))

    def test_a_state_that_says_nothing_new_changes_nothing(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 5, at(18)))
        given(Robot, *past).when(reports(says(6, ORDER, picked=(PICK,)))).then_nothing()
        given(Robot, *past).when(reports(says(5, ORDER, picked=(PICK,)))).then_nothing()

    def test_the_drop_is_the_end(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 5, at(18)))
        dropped = says(9, ORDER, picked=(PICK,), dropped=True, idle=True)
        done = given(Robot, *past).when(reports(dropped))
        done.then(OrderShown(ORDER, True, 9, at(20)), Collected(LIST, 1, (PICK,), True, 9, at(20)))
        past = (*past, OrderShown(ORDER, True, 9, at(20)), Collected(LIST, 1, (PICK,), True, 9, at(20)))
        given(Robot, *past).when(reports(says(10, ORDER, picked=(PICK,), dropped=True, idle=True))).then_nothing()

    def test_what_is_done_of_an_outdated_order_is_not_reported(self) -> None:
        past = (*AT_WORK, TaskChanged(task(5, AGAIN)))
        dropped = says(9, ORDER, picked=(PICK,), dropped=True, idle=True)
        given(Robot, *past).when(reports(dropped)).then(OrderShown(ORDER, True, 9, at(20)))

    def test_the_end_that_was_received_before_a_cut_counts_though_it_is_handled_after_it(self) -> None:
        robot = given(Robot, *AT_WORK).aggregate
        robot.connected, robot.available = False, False
        robot.report(says(9, ORDER, 19, picked=(PICK,), dropped=True, idle=True), at(30))
        assert Collected(LIST, 1, (PICK,), True, 9, at(19)) in robot.changes


class TestTheOrderOfStates:
    def test_a_state_with_a_lower_number_is_older(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 7, at(18)))
        given(Robot, *past).when(reports(says(6, ORDER))).then_nothing()

    def test_numbers_begin_again_with_a_session(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 7, at(18)))
        robot = given(Robot, *past).aggregate
        robot.begin_session(at(19))
        robot.report(says(0, ORDER, 20, picked=(PICK, Pick("store-1", "product-2", 1))), at(20))
        assert [event.header for event in robot.changes if isinstance(event, Collected)] == [0]

    def test_a_state_that_was_received_before_the_session_began_is_of_an_earlier_one(self) -> None:
        robot = given(Robot, *SENT).aggregate
        robot.begin_session(at(19))
        before = len(robot.changes)
        robot.report(says(40, ORDER, 18), at(20))
        assert len(robot.changes) == before

    def test_the_first_state_of_a_robot_that_was_started_anew_counts_though_dated_just_before_online(
        self,
    ) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 7, at(18)), SessionBegan(at(20)))
        more = (PICK, Pick("store-1", "product-2", 1))
        told = given(Robot, *past).when(reports(says(0, ORDER, 19.9, picked=more)))
        told.then(Collected(LIST, 1, more, False, 0, at(19.9)))

    def test_it_hides_no_later_state_and_comes_after_none(self) -> None:
        past = (*AT_WORK, SessionBegan(at(20)), OrderShown(ORDER, True, 0, at(20)))
        given(Robot, *past).when(reports(says(0, ORDER, 19.9))).then_nothing()
        past = (*AT_WORK, SessionBegan(at(20)), OrderShown(ORDER, True, 0, at(19.9)))
        given(Robot, *past).when(reports(says(1, ORDER, 20.1), 21)).then_state(header=1, idle=False)

    def test_a_first_state_from_long_before_a_session_is_of_an_earlier_one(self) -> None:
        past = (*AT_WORK, SessionBegan(at(30)))
        given(Robot, *past).when(reports(says(0, ORDER, 25, picked=(PICK,)))).then_nothing()

    def test_a_robot_whose_numbers_began_again_unnoticed_is_believed_after_a_minute(self) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), False, 7, at(18)))
        more = (PICK, Pick("store-1", "product-2", 1))
        given(Robot, *past).when(reports(says(0, ORDER, 77, picked=more), 77)).then_nothing()
        later = given(Robot, *past).when(reports(says(1, ORDER, 78, picked=more), 78))
        later.then(SessionBegan(at(78)), Collected(LIST, 1, more, False, 1, at(78)))


class TestWhetherItMayBeGivenAList:
    def test_the_first_state_that_is_fit_makes_it_available(self) -> None:
        past = IDLE[:-1]
        given(Robot, *past).when(reports(says(0))).then(BecameAvailable(0, at(20)))

    def test_a_state_that_is_not_fit_makes_it_unavailable(self) -> None:
        given(Robot, *IDLE).when(reports(says(4, able=False))).then(BecameUnavailable(4, at(20)))

    def test_an_older_state_that_comes_late_does_not_make_it_available_again(self) -> None:
        past = (*IDLE, BecameUnavailable(7, at(18)))
        given(Robot, *past).when(reports(says(6, seconds=19))).then_nothing()
        given(Robot, *past).when(reports(says(8, seconds=19))).then(BecameAvailable(8, at(19)))

    @pytest.mark.parametrize("status", ["idle", "active"])
    def test_the_depot_is_told_again_where_it_takes_one_that_is_not_fit_for_online(self, status: str) -> None:
        given_one = task(3, ORDER if status == "active" else "", status=status)
        past = (*IDLE, BecameUnavailable(4, at(15)))
        told = given(Robot, *past).when(takes(given_one))
        told.then(*([TaskChanged(given_one)] if status == "active" else []), BecameUnavailable())

    @pytest.mark.parametrize("status", ["offline", "idle", "active"])
    def test_but_not_of_one_that_is_away_for_it_may_take_its_steps_otherwise(self, status: str) -> None:
        past = (*IDLE, Disconnected(Presence(False, 1, "s1", at(14))), BecameUnavailable())
        told = given(Robot, *past).when(takes(task(4, ORDER, status=status)))
        assert BecameUnavailable() not in told.aggregate.changes

    def test_a_robot_that_the_depot_took_offline_is_told_again_when_it_reports(self) -> None:
        past = (*IDLE, TaskChanged(task(4, status="offline")))
        given(Robot, *past).when(reports(says(4))).then(BecameAvailable(4, at(20)))
        given(Robot, *past, BecameAvailable()).when(reports(says(5))).then_nothing()

    def test_a_factsheet_without_what_the_mall_needs_makes_it_unavailable(self) -> None:
        told = given(Robot, *IDLE).when(lambda robot: robot.describe(["collect"], at(20)))
        told.then(Described(("collect",)), BecameUnavailable())
        past = (*IDLE, Described(("collect",)), BecameUnavailable())
        given(Robot, *past).when(reports(says(4))).then_nothing()
        given(Robot, *past).when(lambda robot: robot.describe([], at(20))).then(Described(()))

    def test_a_factsheet_of_an_earlier_session_that_comes_late_changes_nothing(self) -> None:
        past = (*IDLE, SessionBegan(at(100)))
        given(Robot, *past).when(lambda robot: robot.describe(["collect"], at(90))).then_nothing()
        told = given(Robot, *past).when(lambda robot: robot.describe(["collect"], at(99)))  # as two clocks may tell
        told.then(Described(("collect",)), BecameUnavailable())

    def test_a_factsheet_that_says_the_same_changes_nothing(self) -> None:
        given(Robot, *IDLE).when(lambda robot: robot.describe([], at(20))).then_nothing()


class TestARobotThatTakesNoOrders:
    """It is sent orders, and shows none."""

    @staticmethod
    def lost(version: int, order: str) -> tuple[DomainEvent, ...]:
        offline = TaskChanged(task(version + 1, status="offline"))
        return (TaskChanged(task(version, order)), OrderSent(order, NODE, at(15)), offline, BecameAvailable())

    @property
    def twice(self) -> tuple[DomainEvent, ...]:
        """It lost two lists; the depot was told once that it is here."""
        return (*IDLE, *self.lost(3, ORDER), *self.lost(5, ANOTHER)[:-1])

    def test_it_may_lose_one_list_and_is_given_no_more_after_two_in_a_row(self) -> None:
        once = (*IDLE, *self.lost(3, ORDER)[:-1])
        given(Robot, *once).when(reports(says(4))).then(BecameAvailable(4, at(20)))
        told = given(Robot, *self.twice).when(reports(says(4)))
        told.then(BecameUnavailable(4, at(20))).then_state(available=False, takes_no_orders=True)
        given(Robot, *self.twice, BecameUnavailable()).when(reports(says(5))).then_nothing()

    def test_it_gets_lists_again_once_it_says_that_it_is_online(self) -> None:
        robot = given(Robot, *self.twice, BecameUnavailable()).aggregate
        robot.begin_session(at(30))
        robot.report(says(0, seconds=31), at(31))
        assert robot.changes == [SessionBegan(at(30)), BecameAvailable(0, at(31))]

    def test_it_gets_lists_again_once_it_sends_its_factsheet_though_that_says_the_same(self) -> None:
        robot = given(Robot, *self.twice, BecameUnavailable()).aggregate
        robot.describe([], at(30))
        robot.report(says(4, seconds=31), at(31))
        assert robot.changes == [Described(()), BecameAvailable(4, at(31))]

    def test_but_one_alone_until_it_has_shown_an_order(self) -> None:
        past = (*self.twice, BecameUnavailable(), SessionBegan(at(30)), BecameAvailable(), *self.lost(7, AGAIN)[:-1])
        given(Robot, *past).when(reports(says(0, seconds=40), 40)).then(BecameUnavailable(0, at(40)))

    def test_one_that_starts_again_on_each_order_that_it_is_sent_is_given_no_more_after_two(self) -> None:
        sent, lost = self.lost(3, ORDER)[:2], self.lost(3, ORDER)[2:]
        again = (*self.lost(5, ANOTHER)[:2], SessionBegan(at(60)), *self.lost(5, ANOTHER)[2:3])
        past = (*IDLE, *sent, SessionBegan(at(30)), *lost, *again)
        given(Robot, *past).when(reports(says(0, seconds=70), 70)).then(BecameUnavailable(0, at(70)))

    def test_a_list_whose_order_it_showed_begins_the_count_anew(self) -> None:
        shown = (OrderShown(AGAIN, False, 4, at(18)), Collected(LIST, 2, (), False, 4, at(18)))
        took = (TaskChanged(task(5, AGAIN)), OrderSent(AGAIN, NODE, at(16)), *shown)
        past = (*IDLE, *self.lost(3, ORDER), *took, *self.lost(7, ANOTHER)[2:])
        assert given(Robot, *past).aggregate.untaken == 0
        assert given(Robot, *past, *self.lost(9, ANOTHER)).aggregate.untaken == 1

    @pytest.mark.parametrize(
        "ends",
        [
            (TaskChanged(task(4)),),  # it was cancelled, or staff collect it
            (TaskChanged(task(5, ANOTHER)),),
            (OrderTooLarge(ORDER),),
        ],
    )
    def test_a_list_that_it_did_not_lose_by_itself_does_not_count(self, ends: tuple[DomainEvent, ...]) -> None:
        assert given(Robot, *SENT, *ends).aggregate.untaken == 0

    def test_a_list_whose_order_never_went_out_does_not_count(self) -> None:
        past = (*GIVEN, TaskChanged(task(4, status="offline")))
        assert given(Robot, *past).aggregate.untaken == 0


class TestAnOrderThatNoMessageHolds:
    REFUSED = (*GIVEN, OrderTooLarge(ORDER))

    def test_it_is_refused_once_and_never_sent(self) -> None:
        given(Robot, *GIVEN).when(Robot.refuse_order).then(OrderTooLarge(ORDER))
        given(Robot, *self.REFUSED).when(Robot.refuse_order).then_nothing()
        given(Robot, *self.REFUSED).when(lambda robot: robot.set_out(NODE, at(60))).then_nothing()

    def test_the_robot_keeps_its_list_for_no_other_could_take_it(self) -> None:
        assert given(Robot, *self.REFUSED).aggregate.keeps_its_lease(says(4))

    def test_the_next_list_is_sent(self) -> None:
        past = (*self.REFUSED, TaskChanged(task(5, ANOTHER)))
        given(Robot, *past).when(lambda robot: robot.set_out(NODE, at(60))).then(OrderSent(ANOTHER, NODE, at(60)))


class TestItsLease:
    @pytest.mark.parametrize(
        ("past", "report", "keeps"),
        [
            (IDLE, says(4), True),
            (AT_WORK, says(4, ORDER), True),
            (SENT, says(4), False),  # it has not taken its order
            (AT_WORK, says(4, ANOTHER), False),
            (AT_WORK, says(4, ORDER, goes_on=False), False),
            (AT_WORK, says(4, ORDER, goes_on=False, retriable=frozenset(["a"])), True),  # staff decide
            (AT_WORK, says(4, ORDER, able=False), False),
            (AT_WORK, says(4, ORDER, idle=True), False),  # it gave up without bringing what it has
            (AT_WORK, says(4, ORDER, idle=True, dropped=True), True),
            ((*AT_WORK, Refused(ORDER)), says(4, ORDER), False),
            ((*DONE, Refused(ORDER)), says(6), False),
            ((*DONE, Refused(ORDER, False)), says(6), True),  # the list is another's, or over
            (DONE, says(6), True),
            (IDLE[:2], says(4), False),  # what the depot says of it is not known yet
        ],
    )
    def test_it_is_kept_by_a_robot_that_does_what_it_must(
        self, past: tuple[TaskChanged, ...], report: Report, keeps: bool
    ) -> None:
        assert given(Robot, *past).aggregate.keeps_its_lease(report) is keeps


class TestWhatStaffAskOfIt:
    def test_each_request_is_one_instant_action_with_an_id_of_its_own(self) -> None:
        asked = given(Robot, *IDLE).when(lambda robot: robot.ask(PAUSE, at(20)))
        asked.then(Asked(f"{PAUSE}:1:id-1", PAUSE, "", at(20)))

    def test_a_request_that_is_open_is_not_made_twice(self) -> None:
        past = (*IDLE, Asked("pause-1", PAUSE, "", at(19)))
        given(Robot, *past).when(lambda robot: robot.ask(PAUSE, at(20))).then_nothing()

    def test_to_go_on_replaces_to_pause(self) -> None:
        past = (*IDLE, Asked("pause-1", PAUSE, "", at(19)))
        asked = given(Robot, *past).when(lambda robot: robot.ask(RESUME, at(20)))
        assert [one.kind for one in asked.aggregate.asked] == [RESUME]

    def test_what_the_robot_shows_is_answered(self) -> None:
        past = (*IDLE, Asked("pause-1", PAUSE, "", at(19)))
        given(Robot, *past).when(reports(says(4, received=frozenset(["pause-1"])))).then(Answered(("pause-1",)))

    def test_what_it_does_not_show_is_sent_again_after_five_seconds(self) -> None:
        past = (*IDLE, Asked("pause-1", PAUSE, "", at(19)))
        given(Robot, *past).when(reports(says(4, seconds=23), 23)).then_nothing()
        given(Robot, *past).when(reports(says(4, seconds=24), 24)).then(Asked("pause-1", PAUSE, "", at(24)))
        given(Robot, *past).when(reports(says(4, seconds=24, listens=False), 24)).then_nothing()

    @pytest.mark.parametrize("kind", [RETRY, SKIP])
    def test_what_becomes_of_an_action_that_no_longer_waits_is_asked_no_more(self, kind: str) -> None:
        past = (*AT_WORK, Collected(LIST, 1, (), False, 4, at(18)), Asked("id", kind, "action-1", at(19)))
        waits = says(5, ORDER, retriable=frozenset(["action-1"]))
        given(Robot, *past).when(reports(waits)).then_nothing()
        given(Robot, *past).when(reports(says(5, ORDER))).then(Answered(("id",)))

    def test_a_retired_robot_is_asked_nothing(self) -> None:
        asked = given(Robot, *IDLE, Retired()).when(lambda robot: robot.ask(PAUSE, at(20)))
        asked.then_refused("the robot is retired", "retired")
