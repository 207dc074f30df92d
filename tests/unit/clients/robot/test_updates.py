"""How a robot takes an update of its order: it goes on at the decision point, and changes nothing before."""

from events.vda5050 import errors
from events.vda5050.collecting import collect, drop
from events.vda5050.state import ActionStatus
from tests.unit.clients.robot.bench import Bench, order, path, replaced

FINISHED, WAITING = ActionStatus.FINISHED, ActionStatus.WAITING


def test_an_update_releases_the_horizon_and_the_robot_goes_on() -> None:
    stops = [("depot", ()), ("west", ()), ("north-west", ()), ("north-1", (collect("a", "s", "tea", 1),))]
    bench = Bench().send(order(stops, released=2)).wait(60)
    assert (bench.state.last_node_id, bench.state.driving, bench.state.new_base_request) == ("west", False, True)
    assert bench.statuses() == [WAITING]
    bench.send(order(stops[1:], update=1, first=2)).wait(60)
    assert (bench.state.last_node_id, bench.state.order_update_id, bench.statuses()) == ("north-1", 1, [FINISHED])


def test_an_update_of_an_order_that_has_ended_goes_on_from_its_last_node() -> None:
    bench = Bench().send(order([("depot", ()), ("west", ())])).wait(60)
    assert bench.state.idle
    bench.send(order([("west", ()), ("depot", (drop("d"),))], update=1, first=2)).wait(60)
    assert (bench.state.last_node_id, bench.state.idle, bench.statuses()) == ("depot", True, [FINISHED])


def test_a_horizon_that_an_update_leaves_out_is_gone_with_its_actions() -> None:
    stops = [("depot", ()), ("west", ()), ("north-west", (collect("a", "s", "tea", 1),))]
    bench = Bench().send(order(stops, released=2)).wait(30)
    nodes, edges = path([("west", ()), ("depot", ())], first=2)
    bench.send(replaced(order(stops), order_update_id=1, nodes=nodes, edges=edges)).wait(30)
    assert (bench.state.last_node_id, bench.state.idle, bench.statuses()) == ("depot", True, [])


def test_outdated_and_changed_updates_and_those_of_another_place_are_refused() -> None:
    stops = [("depot", ()), ("west", ()), ("north-west", ())]
    bench = Bench().send(order(stops, released=2)).send(order(stops[1:], update=1, first=2))
    bench.send(order(stops, released=2))
    assert bench.errors == [errors.OUTDATED_ORDER_UPDATE]
    bench.send(order(stops[1:2], update=1, first=2))
    assert bench.errors == [errors.OUTDATED_ORDER_UPDATE, errors.SAME_ORDER_UPDATE_ID]
    bench.send(order(stops[:1], update=2, first=2))
    assert bench.errors[2:] == [errors.VALIDATION_FAILURE]
    assert bench.wait(60).state.last_node_id == "north-west"


def test_an_update_that_adds_an_action_where_it_goes_on_is_refused() -> None:
    first = order([("depot", (collect("a", "s", "tea", 1),))])
    bench = Bench().send(first).wait(60)
    (place,) = first.nodes
    more = place.model_copy(update={"actions": (*place.actions, collect("b", "s", "mug", 1))})
    bench.send(replaced(first, order_update_id=1, nodes=(more,)))
    assert (bench.errors, bench.state.order_update_id, bench.state.idle) == ([errors.VALIDATION_FAILURE], 0, True)
    bench.send(replaced(first, order_update_id=1))
    assert (bench.errors, bench.state.order_update_id) == ([], 1)
