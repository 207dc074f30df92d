"""Whether the fleet is behind with what robots say: then silence is no sign that a robot is gone."""

from datetime import timedelta

import pytest

from events.queries import FindLastHeard
from events.vda5050.state import State
from functions.fleet.queries import queries
from tests.support.states import state
from tests.unit.fleet.gateway import BOT, Gateway


def is_behind() -> bool:
    answer = queries.handle({"query": FindLastHeard.__name__, "data": {"bot_ids": [BOT]}})
    return bool(answer["answer"]["is_behind"])


def hears(gateway: Gateway, header: int, *, late: int) -> bool:
    """A state is handled so many seconds after the broker received it."""
    said: State = state(BOT, header)
    return gateway.deliver(gateway.body("state", said, received=gateway.now - timedelta(seconds=late)))


def test_a_fleet_that_has_heard_nothing_is_not_behind(gateway: Gateway) -> None:
    assert not is_behind()


@pytest.mark.parametrize(("late", "behind"), [(0, False), (20, False), (29, False), (31, True), (300, True)])
def test_it_is_behind_where_the_newest_of_a_robot_waited_for_more_than_half_a_lease(
    gateway: Gateway, late: int, behind: bool
) -> None:
    gateway.comes()
    gateway.passes(600)
    hears(gateway, 1, late=late)
    assert is_behind() is behind


def test_it_is_so_until_a_lease_has_passed_without_another(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(600)
    hears(gateway, 1, late=100)
    gateway.passes(59)
    assert is_behind()
    gateway.passes(1)
    assert not is_behind()
    hears(gateway, 2, late=100)
    assert is_behind()


def test_an_old_state_that_comes_once_more_says_nothing(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(600)
    hears(gateway, 2, late=0)
    gateway.passes(100)
    hears(gateway, 2, late=100)
    hears(gateway, 1, late=150)
    assert not is_behind()
