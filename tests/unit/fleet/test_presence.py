"""Whether a robot is connected: the broker's word, which comes in any order, and what the robot says meanwhile."""

from collections.abc import Callable

import pytest

from functions.fleet.domain import Robot
from functions.fleet.reports import Presence
from functions.fleet.robot_events import (
    BecameAvailable,
    BecameUnavailable,
    Connected,
    Disconnected,
    Retired,
    SessionBegan,
)
from functions.kernel.domain.aggregate import DomainEvent
from tests.support.given import given
from tests.unit.fleet.moments import IDLE, at, connected, gone, says

HOUR = 3_600


def notes(presence: Presence) -> Callable[[Robot], None]:
    return lambda robot: robot.note_presence(presence)


def test_a_connection_that_begins_is_noted() -> None:
    given(Robot).when(notes(connected())).then(Connected(connected())).then_state(connected=True, available=False)


def test_a_connection_that_ends_takes_the_robot_from_the_depot() -> None:
    given(Robot, *IDLE).when(notes(gone())).then(Disconnected(gone()), BecameUnavailable())


def test_an_event_that_comes_twice_changes_nothing() -> None:
    given(Robot, *IDLE).when(notes(connected())).then_nothing()
    given(Robot, *IDLE, Disconnected(gone()), BecameUnavailable()).when(notes(gone())).then_nothing()


def test_the_begin_of_a_connection_that_has_ended_changes_nothing() -> None:
    given(Robot, Disconnected(gone())).when(notes(connected())).then_nothing()


@pytest.mark.parametrize("late", [gone(1, "s1", 30), gone(1, "s0", 30)])
def test_the_end_of_an_earlier_connection_that_comes_late_changes_nothing(late: Presence) -> None:
    past = (*IDLE, Connected(connected(2, "s2", 20)))
    given(Robot, *past).when(notes(late)).then_nothing()


def test_the_end_of_a_later_connection_counts_though_its_begin_is_still_to_come() -> None:
    given(Robot, *IDLE).when(notes(gone(2, "s2", 30))).then(Disconnected(gone(2, "s2", 30)), BecameUnavailable())


def test_numbers_that_began_again_after_an_hour_are_newer() -> None:
    past = (Connected(connected(7, "s7")), Disconnected(gone(7, "s7")))
    back = connected(0, "s8", HOUR + 60)
    given(Robot, *past).when(notes(back)).then(Connected(back))


def test_without_numbers_the_time_decides_and_the_end_of_another_connection_is_an_earlier_ones() -> None:
    past = (Connected(connected(0, "s1")),)
    later = connected(0, "s2", 20)
    given(Robot, *past).when(notes(later)).then(Connected(later))
    given(Robot, *past, Connected(later)).when(notes(gone(0, "s1", 21))).then_nothing()
    given(Robot, *past, Connected(later)).when(notes(gone(0, "s2", 21))).then(Disconnected(gone(0, "s2", 21)))


def test_the_begin_of_the_connection_by_which_a_robot_has_spoken_is_noted_and_an_earlier_end_changes_nothing() -> None:
    spoken = Connected(Presence(True, 0, "", at(20)))
    begin = connected(2, "s2", 19)
    given(Robot, *IDLE, Disconnected(gone()), spoken).when(notes(begin)).then(Connected(begin))
    given(Robot, *IDLE, Disconnected(gone()), spoken, Connected(begin)).when(notes(gone(1, "s1", 30))).then_nothing()


class TestWithoutTheBrokersWord:
    GONE: tuple[DomainEvent, ...] = (*IDLE, Disconnected(gone()), BecameUnavailable())

    def test_a_state_that_was_received_after_the_end_shows_that_the_robot_is_back(self) -> None:
        back = given(Robot, *self.GONE).when(lambda robot: robot.report(says(9, seconds=20), at(20)))
        back.then(Connected(Presence(True, 0, "", at(20))), BecameAvailable(9, at(20)))

    def test_a_state_that_was_received_before_the_end_does_not(self) -> None:
        given(Robot, *self.GONE).when(lambda robot: robot.report(says(9, seconds=9), at(20))).then_nothing()

    def test_one_that_is_dated_within_seconds_of_the_end_may_have_been_sent_before_and_does_not(self) -> None:
        """A message is dated when its rule runs, and rules run in any order: so the last state of all may come last."""
        given(Robot, *self.GONE).when(lambda robot: robot.report(says(9, seconds=12), at(20))).then_nothing()

    def test_unless_the_robot_has_said_since_that_it_is_online(self) -> None:
        back = given(Robot, *self.GONE, SessionBegan(at(11))).when(
            lambda robot: robot.report(says(0, seconds=12), at(20))
        )
        back.then(Connected(Presence(True, 0, "", at(12))), BecameAvailable(0, at(12)))

    def test_that_it_is_online_shows_it_too(self) -> None:
        back = given(Robot, *self.GONE).when(lambda robot: robot.begin_session(at(20)))
        back.then(Connected(Presence(True, 0, "", at(20)))).then_state(session=at(20), header=-1)

    def test_the_end_that_was_known_before_does_not_count_again_nor_one_that_is_older(self) -> None:
        past = (*self.GONE, Connected(Presence(True, 0, "", at(20))))
        given(Robot, *past).when(notes(gone())).then_nothing()
        given(Robot, *past).when(notes(gone(2, "s2", 21))).then(Disconnected(gone(2, "s2", 21)))

    def test_a_robot_of_which_the_broker_never_said_anything_is_connected_when_it_reports(self) -> None:
        first = given(Robot).when(lambda robot: robot.report(says(0, seconds=20), at(20)))
        first.then(Connected(Presence(True, 0, "", at(20))), BecameAvailable(0, at(20)))


class TestSessions:
    def test_one_begins_when_the_robot_says_that_it_is_online(self) -> None:
        begun = given(Robot, Connected(connected())).when(lambda robot: robot.begin_session(at(1)))
        begun.then(SessionBegan(at(1))).then_state(session=at(1), header=-1)

    def test_an_earlier_one_that_comes_late_changes_nothing(self) -> None:
        given(Robot, *IDLE).when(lambda robot: robot.begin_session(at(1))).then_nothing()
        given(Robot, *IDLE).when(lambda robot: robot.begin_session(at(0.5))).then_nothing()


def test_of_a_retired_robot_nothing_is_noted() -> None:
    for decide in (notes(gone()), lambda robot: robot.begin_session(at(30))):
        given(Robot, *IDLE, Retired()).when(decide).then_nothing()
