"""The states of a robot on the stream: which count, what is reported of them, and whether it may be given a list."""

import pytest

from functions.fleet.domain import Robot
from functions.fleet.reports import Pick, Presence
from functions.fleet.robot_events import (
    BecameAvailable,
    BecameUnavailable,
    Collected,
    Described,
    Disconnected,
    OrderSent,
    OrderShown,
    OrderTooLarge,
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
    PICK,
    SENT,
    at,
    reports,
    says,
    takes,
    task,
)


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


class TestARobotThatPicksNothing:
    """It loses its lists, or brings nothing of them."""

    @staticmethod
    def lost(version: int, order: str) -> tuple[DomainEvent, ...]:
        offline = TaskChanged(task(version + 1, status="offline", lost=order))
        return (TaskChanged(task(version, order)), OrderSent(order, NODE, at(15)), offline, BecameAvailable())

    @staticmethod
    def brought(version: int, quantity: int) -> tuple[DomainEvent, ...]:
        order = f"list-{version}.1"
        picked = (Pick("store-1", "product-1", quantity),)
        collected = Collected(f"list-{version}", 1, picked, True, version, at(15))
        return (TaskChanged(task(version, order)), OrderSent(order, NODE, at(15)), collected)

    @property
    def twice(self) -> tuple[DomainEvent, ...]:
        """It lost two lists; the depot was told once that it is here."""
        return (*IDLE, *self.lost(3, ORDER), *self.lost(5, ANOTHER)[:-1])

    def test_it_may_lose_one_list_and_is_given_no_more_after_two_in_a_row(self) -> None:
        once = (*IDLE, *self.lost(3, ORDER)[:-1])
        given(Robot, *once).when(reports(says(4))).then(BecameAvailable(4, at(20)))
        told = given(Robot, *self.twice).when(reports(says(4)))
        told.then(BecameUnavailable(4, at(20))).then_state(available=False, picks_nothing=True)
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

    def test_it_gets_a_list_again_ten_minutes_after_its_last_order_for_that_may_not_have_reached_it(self) -> None:
        past = (*self.twice, BecameUnavailable())
        given(Robot, *past).when(reports(says(4, seconds=614), 614)).then_nothing()
        given(Robot, *past).when(reports(says(4, seconds=616), 616)).then(BecameAvailable(4, at(616)))

    def test_then_it_keeps_that_list_and_is_sent_its_order_as_any_other_is(self) -> None:
        past = (*self.twice, BecameUnavailable(), BecameAvailable(), TaskChanged(task(7, AGAIN)))
        sent = (*past, OrderSent(AGAIN, NODE, at(620)))
        robot = given(Robot, *sent).aggregate
        robot.report(says(4, seconds=626), at(626))
        robot.set_out(NODE, at(626))
        assert robot.changes == [OrderSent(AGAIN, NODE, at(626))]

    def test_but_one_alone_until_it_has_picked_something(self) -> None:
        past = (*self.twice, BecameUnavailable(), SessionBegan(at(30)), BecameAvailable(), *self.lost(7, AGAIN)[:-1])
        given(Robot, *past).when(reports(says(0, seconds=40), 40)).then(BecameUnavailable(0, at(40)))

    def test_one_that_starts_again_on_each_order_that_it_is_sent_is_given_no_more_after_two(self) -> None:
        sent, lost = self.lost(3, ORDER)[:2], self.lost(3, ORDER)[2:]
        again = (*self.lost(5, ANOTHER)[:2], SessionBegan(at(60)), *self.lost(5, ANOTHER)[2:3])
        past = (*IDLE, *sent, SessionBegan(at(30)), *lost, *again)
        given(Robot, *past).when(reports(says(0, seconds=70), 70)).then(BecameUnavailable(0, at(70)))

    @pytest.mark.parametrize(("quantity", "lost"), [(1, 0), (0, 2)])
    def test_a_list_of_which_it_picked_something_begins_the_count_anew_and_one_that_it_only_showed_does_not(
        self, quantity: int, lost: int
    ) -> None:
        picked = (Pick("store-1", "product-1", quantity),)
        shown = (OrderShown(AGAIN, False, 4, at(18)), Collected(LIST, 2, picked, False, 4, at(18)))
        took = (TaskChanged(task(5, AGAIN)), OrderSent(AGAIN, NODE, at(16)), *shown)
        past = (*IDLE, *self.lost(3, ORDER), *took, *self.lost(7, AGAIN)[2:])
        assert given(Robot, *past).aggregate.lost == lost
        assert given(Robot, *past, *self.lost(9, ANOTHER)).aggregate.lost == lost + 1

    @pytest.mark.parametrize(
        "ends",
        [
            (TaskChanged(task(4)),),  # it was cancelled, or staff collect it
            (TaskChanged(task(5, ANOTHER)),),
            (TaskChanged(task(5, status="offline")),),  # it was cancelled: that it is idle comes later, and is old
            (OrderTooLarge(ORDER),),
        ],
    )
    def test_a_list_that_it_did_not_lose_by_itself_does_not_count(self, ends: tuple[DomainEvent, ...]) -> None:
        assert given(Robot, *SENT, *ends).aggregate.lost == 0

    def test_a_list_whose_order_never_went_out_does_not_count(self) -> None:
        past = (*GIVEN, TaskChanged(task(4, status="offline", lost=ORDER)))
        assert given(Robot, *past).aggregate.lost == 0

    def test_a_list_that_it_brought_does_not_count_as_lost(self) -> None:
        past = (*IDLE, *self.brought(3, 0), TaskChanged(task(4, status="offline", lost="list-3.1")))
        assert given(Robot, *past).aggregate.lost == 0

    def test_it_is_given_no_more_after_five_lists_in_a_row_of_which_it_brought_nothing(self) -> None:
        empty = tuple(event for version in range(3, 7) for event in self.brought(version, 0))
        given(Robot, *IDLE, *empty).when(reports(says(4))).then_nothing()
        given(Robot, *IDLE, *empty, *self.brought(7, 0)).when(reports(says(8))).then(BecameUnavailable(8, at(20)))
        given(Robot, *IDLE, *empty, *self.brought(7, 1), *self.brought(8, 0)).when(reports(says(9))).then_nothing()


class TestItsCharge:
    """An idle robot that is low is given no list: it might not bring it to the depot."""

    @pytest.mark.parametrize(("charge", "told"), [(9.9, [BecameUnavailable(4, at(20))]), (10, [])])
    def test_below_ten_percent_it_is_given_no_list(self, charge: float, told: list[DomainEvent]) -> None:
        robot = given(Robot, *IDLE).aggregate
        robot.report(says(4, charge=charge), at(20))
        assert robot.changes == told

    @pytest.mark.parametrize(("charge", "told"), [(20, [BecameUnavailable(4, at(20))]), (21, [])])
    def test_nor_at_the_critical_level_of_its_factsheet(self, charge: float, told: list[DomainEvent]) -> None:
        robot = given(Robot, *IDLE, Described((), 21)).aggregate
        robot.report(says(4, charge=charge), at(20))
        assert robot.changes == told

    def test_one_at_work_goes_on(self) -> None:
        given(Robot, *AT_WORK).when(reports(says(5, ORDER, charge=1))).then_state(available=True)
