"""What a robot on the stream is asked: to cancel an order that is outdated, and what staff ask of it."""

from dataclasses import replace

import pytest

from functions.fleet.domain import Robot
from functions.fleet.robot_events import (
    CANCEL,
    CLEAR,
    PAUSE,
    RESUME,
    RETRY,
    SKIP,
    Answered,
    Asked,
    BecameAvailable,
    BecameUnavailable,
    Collected,
    OrderSent,
    OrderShown,
    Retired,
    TaskChanged,
)
from tests.support.given import given
from tests.unit.fleet.moments import (
    AGAIN,
    ANOTHER,
    AT_WORK,
    CANCELLED,
    DONE,
    GIVEN,
    IDLE,
    LIST,
    NODE,
    ORDER,
    PICK,
    at,
    reports,
    says,
    task,
)


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

    def test_an_order_that_was_brought_is_outdated_where_the_robot_goes_on_with_it(self) -> None:
        restarted = given(Robot, *DONE).when(reports(says(6, ORDER)))
        cancelled = Asked(CANCELLED, CANCEL, ORDER, at(20), state=at(20))
        restarted.then(OrderShown(ORDER, False, 6, at(20)), BecameUnavailable(6, at(20)), cancelled)
        past = (*DONE, OrderShown(ORDER, False, 6, at(20)), BecameUnavailable(6, at(20)), cancelled)
        ended = given(Robot, *past).when(reports(says(7, ORDER, 21, idle=True), 21))
        ended.then(OrderShown(ORDER, True, 7, at(21)), Answered((CANCELLED,)), BecameAvailable(7, at(21)))

    def test_an_order_that_was_brought_is_not_outdated_while_what_is_left_of_it_ends(self) -> None:
        brought = given(Robot, *AT_WORK).when(reports(says(5, ORDER, picked=(PICK,), dropped=True)))
        brought.then(Collected(LIST, 1, (PICK,), True, 5, at(20)))
        past = (*AT_WORK, Collected(LIST, 1, (PICK,), True, 5, at(20)))
        given(Robot, *past).when(reports(says(6, ORDER, 21, picked=(PICK,), dropped=True), 21)).then_nothing()

    def test_the_order_of_a_list_that_a_robot_is_given_again_is_not_outdated(self) -> None:
        past = (*DONE, TaskChanged(task(4, AGAIN)), OrderSent(AGAIN, NODE, at(19)))
        shown = given(Robot, *past).when(reports(says(6, AGAIN)))
        shown.then(OrderShown(AGAIN, False, 6, at(20)), Collected(LIST, 2, (), False, 6, at(20)))

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


class TestInstantActionsThatHaveEnded:
    """A robot shows them in each state, until it is asked to clear them."""

    MANY = frozenset(f"{CANCEL}:{n}:id-1" for n in range(1, 32))
    ASKED = Asked(f"{CLEAR}:1:id-1", CLEAR, "", at(20))

    def test_it_is_asked_to_clear_more_than_thirty(self) -> None:
        few = frozenset(sorted(self.MANY)[1:])
        given(Robot, *IDLE).when(reports(says(4, received=few, ended=few))).then_nothing()
        given(Robot, *IDLE).when(reports(says(4, received=self.MANY, ended=self.MANY))).then(self.ASKED)

    def test_it_has_answered_when_it_has_cleared_them(self) -> None:
        given(Robot, *IDLE, self.ASKED).when(reports(says(5), 26)).then(Answered((self.ASKED.id,)))

    @pytest.mark.parametrize("answers", [False, True])
    def test_one_that_clears_nothing_is_asked_again_after_an_hour(self, answers: bool) -> None:
        past = (*IDLE, self.ASKED, *([Answered((self.ASKED.id,))] if answers else []))
        full = self.MANY | ({self.ASKED.id} if answers else set())
        given(Robot, *past).when(reports(says(5, received=full, ended=full), 26)).then_nothing()
        given(Robot, *past).when(reports(says(5, seconds=3_610, received=full, ended=full), 3_610)).then_nothing()
        again = Asked(f"{CLEAR}:2:id-1", CLEAR, "", at(3_620))
        given(Robot, *past).when(reports(says(5, seconds=3_620, received=full, ended=full), 3_620)).then(again)
