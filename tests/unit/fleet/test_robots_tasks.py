"""A robot's task on the stream: its list, when the order for that is sent to it, and whether it keeps its lease."""

from collections.abc import Callable

import pytest

from functions.fleet.domain import Robot
from functions.fleet.reports import Report, Task
from functions.fleet.robot_events import (
    CANCEL,
    Asked,
    BecameUnavailable,
    Collected,
    Named,
    OrderSent,
    OrderShown,
    OrderTooLarge,
    Refused,
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
    SENT,
    at,
    reports,
    says,
    takes,
    task,
)


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
