"""A robot whose order ends between two nodes stands there, and goes back to its last node once it has another."""

import math
from itertools import pairwise

from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.collecting import collect
from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import AllowedDeviation, Node, NodePosition
from events.vda5050.state import ActionStatus, OperatingMode
from tests.unit.clients.robot.bench import AGES, Bench, instant, node, order, reread, shopping

CANCEL = instant(InstantAction.CANCEL_ORDER)
STATE = InstantAction.STATE_REQUEST
SPEED = Settings().metres_a_second


def on_the_way(seconds: float = 3) -> Bench:
    """On the way from the depot to the west, for so long."""
    return Bench().send(shopping()).wait(seconds)


def where(bench: Bench) -> tuple[float, float]:
    bench.at_once(instant(STATE, f"state-{len(bench.told)}"))
    at = bench.state.mobile_robot_position
    assert at
    return at.x, at.y


def test_it_stands_where_its_order_was_cancelled_and_says_so() -> None:
    bench = on_the_way()
    before = where(bench)
    assert before == (2 + 3 * SPEED, 12)
    assert where(bench.at_once(CANCEL)) == before
    assert (bench.state.last_node_id, bench.state.idle, bench.state.driving) == ("depot", True, False)
    assert where(bench.wait(AGES)) == before


def test_it_takes_an_order_from_its_last_node_and_goes_back_there_before_it_does_anything() -> None:
    bench = on_the_way().at_once(CANCEL)
    here = collect("here", "store-1", "tea", 1)
    bench.send(order([("depot", (here,)), ("west", ())], "list-2.1"))
    assert (bench.state.order_id, bench.state.driving, bench.errors) == ("list-2.1", True, [])
    bench.wait(2)
    assert where(bench) == (2 + SPEED, 12)
    assert bench.statuses() == [ActionStatus.WAITING]
    bench.wait(1.1)
    assert (where(bench), bench.statuses()) == ((2, 12), [ActionStatus.RUNNING])
    bench.wait(AGES)
    assert (bench.state.last_node_id, bench.state.idle) == ("west", True)
    reread(bench)


def test_it_never_leaps_whenever_its_orders_are_cancelled() -> None:
    for seconds in range(0, 40, 3):
        bench, places = on_the_way(seconds), []
        for number in range(2, 5):
            bench.at_once(instant(InstantAction.CANCEL_ORDER, f"cancel-{number}"))
            places.append((bench.now, where(bench.wait(10))))
            start = bench.state.last_node_id
            way = plan().route(start, "depot")
            bench.send(order([(place, ()) for place in way], f"list-{number}.1"))
            places += [(bench.now, where(bench.wait(1))) for _ in range(4)]
        for (before, here), (now, there) in pairwise(places):
            assert math.dist(here, there) <= SPEED * (now - before) + 0.02, (seconds, places)


def test_an_order_that_is_cancelled_on_the_way_back_leaves_it_where_it_is_then() -> None:
    bench = on_the_way().at_once(CANCEL).send(shopping("list-2.1")).wait(1)
    before = where(bench)
    bench.at_once(instant(InstantAction.CANCEL_ORDER, "again"))
    assert (where(bench), bench.state.idle) == (before, True)
    bench.send(shopping("list-3.1")).wait(AGES)
    assert set(bench.statuses()) == {ActionStatus.FINISHED}


def test_it_stays_where_it_is_while_it_is_paused_and_after_a_restart() -> None:
    bench = on_the_way().at_once(instant(InstantAction.START_PAUSE)).at_once(instant("cancelOrder", "cancel"))
    before = where(bench)
    bench = bench.restarted(20).send(shopping("list-2.1")).wait(60)
    assert (where(bench), bench.state.driving) == (before, False)
    bench.at_once(instant(InstantAction.STOP_PAUSE, "go on")).wait(AGES)
    assert set(bench.statuses()) == {ActionStatus.FINISHED}


def test_a_mode_that_ends_the_order_leaves_it_where_it_is_and_one_that_takes_its_place_sets_it_down_elsewhere() -> None:
    bench = on_the_way()
    before = where(bench)
    bench.robot.switch(OperatingMode.MANUAL, bench.now)
    assert where(bench) == before
    for mode in (OperatingMode.SERVICE, OperatingMode.AUTOMATIC):
        bench.robot.switch(mode, bench.now)
    assert (where(bench), bench.state.last_node_id) == ((2, 12), "depot")


def test_it_is_within_reach_of_a_node_by_where_it_stands() -> None:
    def near(metres: float) -> Node:
        deviation = AllowedDeviation(a=metres, b=metres, theta=0)
        position = NodePosition(x=8, y=12, map_id="mall", allowed_deviation_xy=deviation)
        return node("west", 0).model_copy(update={"node_position": position})

    away = 6 - 3 * SPEED
    for metres, taken in ((away - 0.1, False), (away + 0.1, True)):
        bench = on_the_way().at_once(CANCEL)
        before = where(bench)
        bench.send(order([("west", ())], "list-2.1").model_copy(update={"nodes": (near(metres),)}))
        assert (bench.state.order_id == "list-2.1") is taken
        assert where(bench) == before
