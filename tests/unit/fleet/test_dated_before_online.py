"""States that a robot sent after ONLINE, and that rules of the broker dated before it, for rules run in any order."""

from datetime import timedelta
from typing import Any

import pytest

from functions.fleet import views
from functions.kernel.runtime import clock
from tests.support.states import state
from tests.unit.fleet.gateway import AHEAD, BOT, Gateway, sets_out


def is_given_a_list(gateway: Gateway) -> None:
    """It is sent its order, and has not shown it."""
    gateway.comes()
    gateway.visits("list-1", 1)
    gateway.assigned("list-1", 1, 3)


def is_back(gateway: Gateway, *headers: int) -> list[dict[str, Any]]:
    """After 40 seconds the robot says ONLINE, and that it works on its order; when it said that is dated before."""
    gateway.passes(40)
    late = [gateway.body("state", state(BOT, header, order_id="list-1.1", node_states=AHEAD)) for header in headers]
    gateway.passes(0.1)
    gateway.goes_online()
    return late


@pytest.mark.parametrize("had_shown_it", [True, False])
@pytest.mark.parametrize("headers", [(9, 12), (12, 9)])
def test_they_are_shown_and_keep_the_lease_of_a_robot_and_decide_nothing(
    gateway: Gateway, headers: tuple[int, int], had_shown_it: bool
) -> None:
    (sets_out if had_shown_it else is_given_a_list)(gateway)
    late = is_back(gateway, *headers)
    commits, dated = gateway.commits, gateway.now - timedelta(seconds=0.1)
    gateway.deliver(*late)
    assert views.last_heard([BOT]) == {BOT: clock.stamp(dated)}
    assert (views.report(BOT) or {})["order"] == "list-1.1"
    assert gateway.commits == commits


def test_they_change_nothing_once_a_state_of_the_new_session_has_come(gateway: Gateway) -> None:
    sets_out(gateway)
    late = is_back(gateway, 12)
    first = gateway.now - timedelta(seconds=0.2)  # of a session the first state counts though it is dated before
    gateway.deliver(gateway.body("state", state(BOT, 0), received=first))
    shown = views.report(BOT)
    gateway.deliver(*late)
    assert views.report(BOT) == shown


def test_the_state_that_comes_next_counts_though_its_number_is_lower(gateway: Gateway) -> None:
    sets_out(gateway)
    gateway.deliver(*is_back(gateway, 12))
    gateway.says(0, order_id="list-1.1", node_states=AHEAD, last_node_id="west")
    assert (views.report(BOT) or {})["node"] == "west"
