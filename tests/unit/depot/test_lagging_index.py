"""No list and no idle robot wait for each other for long, however far the index is behind."""

from collections.abc import Callable

import pytest

from functions.depot import service
from functions.depot.matching import PAIRS_AT_ONCE
from tests.unit.depot.floor import Floor, robot, status

LAGS = [0, 1, 2, 3, 5, 8, 13, 21, 25]
OFFSETS = [0, 1, 2]


def list_first(floor: Floor, apart: int) -> None:
    floor.available("order-1")
    floor.pass_time(apart)
    floor.idle()


def robot_first(floor: Floor, apart: int) -> None:
    floor.idle()
    floor.pass_time(apart)
    floor.available("order-1")


@pytest.mark.parametrize("begin", [list_first, robot_first])
@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("lag", LAGS)
def test_a_list_is_assigned_within_three_seconds_of_when_the_index_shows_it(
    floor: Floor, begin: Callable[[Floor, int], None], offset: int, lag: int
) -> None:
    floor.pass_time(offset)
    floor.views.lag = lag
    begin(floor, 0)
    assert floor.until_assigned("order-1", at_most=lag + 3) <= lag + 3


@pytest.mark.parametrize("begin", [list_first, robot_first])
@pytest.mark.parametrize("apart", [1, 2, 4, 10])
def test_the_later_of_list_and_robot_finds_what_the_index_shows_by_then(
    floor: Floor, begin: Callable[[Floor, int], None], apart: int
) -> None:
    floor.views.lag = 4
    begin(floor, apart)
    expected = 0 if apart >= 4 else 4 - apart + 3
    assert floor.until_assigned("order-1", at_most=expected) <= expected


@pytest.mark.parametrize("lag", [60, 300, 1_000])
@pytest.mark.parametrize("begin", [list_first, robot_first])
def test_a_list_is_assigned_after_a_long_lag_too(floor: Floor, begin: Callable[[Floor, int], None], lag: int) -> None:
    floor.views.lag = lag
    begin(floor, 0)
    assert floor.until_assigned("order-1", at_most=lag + 60) >= lag


def test_the_runs_for_a_list_go_on_while_the_index_hides_it_although_the_others_are_gone(
    floor: Floor,
) -> None:
    floor.available("order-1")
    floor.pass_time(30)
    floor.views.lag = 20
    floor.available("order-2")
    floor.pass_time(1)
    service.cancel("order-1")
    floor.idle()
    assert floor.until_assigned("order-2", at_most=23) <= 23


def test_a_robot_is_assigned_a_list_that_has_waited_long_at_once(floor: Floor) -> None:
    floor.available("order-1")
    floor.pass_time(1_000)
    floor.views.lag = 30
    floor.idle()
    floor.settle()
    assert status()[0] == "assigned"


def test_a_robot_that_the_index_still_shows_as_idle_gets_no_second_list(floor: Floor) -> None:
    first = floor.idle("Ajax")
    floor.pass_time(10)
    floor.views.lag = 5
    floor.available("order-1")
    floor.settle()
    floor.available("order-2")
    floor.settle()
    assert (status("order-1"), status("order-2"), robot(first)) == (
        ("assigned", first),
        ("available", None),
        ("active", "order-1"),
    )
    second = floor.idle("Hector")
    assert floor.until_assigned("order-2", at_most=8) <= 8
    assert robot(second) == ("active", "order-2")


def test_a_list_that_the_index_still_shows_as_waiting_gets_no_second_robot(floor: Floor) -> None:
    floor.available("order-1")
    floor.pass_time(10)
    floor.views.lag = 5
    first = floor.idle("Ajax")
    floor.settle()
    second = floor.idle("Hector")
    floor.settle()
    assert (status("order-1"), robot(first), robot(second)) == (
        ("assigned", first),
        ("active", "order-1"),
        ("idle", None),
    )
    assert service.shopping_list("order-1").assignment == 1


def test_a_list_that_was_given_back_is_found_by_the_row_of_its_former_wait(floor: Floor) -> None:
    floor.available("order-1")
    floor.pass_time(10)
    floor.views.lag = 5
    first, second = floor.idle("Ajax"), floor.idle("Hector")
    floor.settle()
    service.take_offline(first)
    assert floor.until_assigned("order-1", at_most=8) <= 8
    assert (robot(second), service.shopping_list("order-1").assignment) == (("active", "order-1"), 2)


def test_a_backlog_of_the_inbox_does_not_delay_the_dispatcher(floor: Floor) -> None:
    floor.backlog = True
    floor.views.lag = 2
    floor.available("order-1")
    floor.idle()
    assert floor.until_assigned("order-1", at_most=5) <= 5


def test_more_pairs_than_one_run_makes_are_made_by_the_next_ones(floor: Floor) -> None:
    floor.views.lag = 10
    count = 2 * PAIRS_AT_ONCE + 5
    lists = [floor.available(f"order-{n}") for n in range(count)]
    bots = [floor.idle(f"Robot {n}") for n in range(count)]
    floor.settle()
    assert {status(list_id) for list_id in lists} == {("available", None)}
    floor.until_assigned(*lists, at_most=20)
    assert sorted(str(status(list_id)[1]) for list_id in lists) == sorted(bots)
    assert sorted(str(robot(bot_id)[1]) for bot_id in bots) == sorted(lists)
