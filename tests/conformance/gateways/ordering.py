"""Cases about what is in the orders that the gateway sends (sections 6.1.1, 6.1.2, 7.1 to 7.3)."""

import json
from itertools import pairwise

from jsonschema import Draft202012Validator

from events.floor.plan import plan
from events.vda5050.collecting import COLLECT, DROP, list_and_assignment
from events.vda5050.order import Order
from events.vda5050.topics import Kind
from tests.conformance import largest, schemas
from tests.conformance.gateways.bench import LEASE, SENT_AGAIN, TOPICS, Bench, collects
from tests.conformance.gateways.declared import case
from tests.conformance.gateways.played import PlayedRobot
from tests.conformance.kit import require
from tests.flow.shopper import Shopper


def ordered(bench: Bench) -> tuple[PlayedRobot, Shopper, Order]:
    """A robot that is idle, a customer's order, and the order that the robot got for it."""
    robot = bench.robot()
    shopper = bench.order()
    return robot, shopper, robot.order()


def content(order: Order) -> object:
    """What of an order a robot compares when it comes again."""
    return order.order_id, order.order_update_id, order.nodes, order.edges


@case("4.2")
def sends_orders_on_the_robots_topic(bench: Bench) -> None:
    """An order is published on {interface}/v3/{manufacturer}/{serial number}/order of the robot that has the list."""
    robot, _, _ = ordered(bench)
    require({got.topic for got in robot.got} == {TOPICS.order(robot.id)}, f"it came on {robot.got[0].topic}")


@case("4.2")
def sends_an_order_to_one_robot_alone(bench: Bench) -> None:
    """Of two idle robots one gets the order, and the other nothing."""
    robots = [bench.robot("Ajax"), bench.robot("Bora")]
    bench.order()
    require(sorted(len({o.order_id for o in robot.orders()}) for robot in robots) == [0, 1], "both got an order")


@case("7.3")
def sends_orders_that_fit_the_schema(bench: Bench) -> None:
    """An order fits its JSON Schema."""
    robot = bench.robot()
    bench.order()
    require(robot.got, "no order came")
    for wrong in Draft202012Validator(schemas.schema(Kind.ORDER)).iter_errors(json.loads(robot.got[0].payload)):
        require(False, f"{'.'.join(map(str, wrong.path))}: {wrong.message}")


@case("7.2")
def names_the_robot_in_the_header(bench: Bench) -> None:
    """Manufacturer and serial number in the header of an order are those of its topic, the version is 3.0.0."""
    robot, _, order = ordered(bench)
    named = (order.version, order.manufacturer, order.serial_number)
    require(named == ("3.0.0", "mallbots", robot.id), f"the header names {named}")


@case("7.2")
def counts_the_header_ids_of_orders_up(bench: Bench) -> None:
    """The header id of orders goes up by one with each order that is sent, also to one whose list came late."""
    robot, _, first = ordered(bench)
    bench.passes(4 * SENT_AGAIN)
    robot.takes(first)
    robot.finishes(first)
    _ordered_before_its_list_is_known(bench, robot)
    bench.passes(4 * SENT_AGAIN)
    ids = [order.header_id for order in robot.orders()]
    require(len({order.order_id for order in robot.orders()}) == 2, "it did not get a second order")
    require(ids == list(range(ids[0], ids[0] + len(ids))) and len(ids) > 4, f"header ids are {ids}")


@case("6.1.4.5")
def sends_an_order_whose_list_came_late_once(bench: Bench) -> None:
    """An order that went out when its list became known is not sent again within five seconds."""
    robot = bench.robot()
    _ordered_before_its_list_is_known(bench, robot)
    for _ in range(4):
        robot.says(wait=1)
    require(len(robot.orders()) == 1, f"it came {len(robot.orders())} times")


def _ordered_before_its_list_is_known(bench: Bench, robot: PlayedRobot) -> None:
    """The depot's messages come in another sequence: the robot has a list, before it is known what is in it."""
    bench.mall.hold("fleet", "ShoppingListAssigned")
    bench.order()
    robot.says(wait=1)
    bench.mall.release("fleet", "ShoppingListAssigned")
    bench.mall.settle()


@case("6.1.1")
def sends_a_path(bench: Bench) -> None:
    """Nodes and edges of an order make one path: sequence ids without a gap, one edge fewer than nodes."""
    _, _, order = ordered(bench)
    require(len(order.edges) == len(order.nodes) - 1, f"{len(order.edges)} edges for {len(order.nodes)} nodes")
    sequence = [part.sequence_id for part in order.path]
    require(sequence == list(range(len(sequence))), f"sequence ids are {sequence}")


@case("6.1.1")
def sends_a_way_that_the_floor_has(bench: Bench) -> None:
    """Each edge of an order leads from the node before it to the node after it, on the floor plan."""
    _, _, order = ordered(bench)
    for edge, (here, there) in zip(order.edges, pairwise(order.nodes), strict=True):
        require((here.node_id, there.node_id) in plan().edges, f"no edge leads from {here.node_id} to {there.node_id}")
        require(edge.edge_id == plan().edge(here.node_id, there.node_id).id, f"edge {edge.edge_id} is another")


@case("6.1.1")
def begins_where_the_robot_is(bench: Bench) -> None:
    """The first node of an order is the last node of the robot, with sequence id 0."""
    robot = bench.robot()
    robot.says(last_node_id="east", wait=1)
    bench.order()
    first = robot.order().nodes[0]
    require((first.node_id, first.sequence_id) == ("east", 0), f"it begins at {first.node_id}")


@case("6.1.1")
def begins_where_the_robot_has_driven_meanwhile(bench: Bench) -> None:
    """A robot that is elsewhere by the time the order is sent again gets it from there, for it could not reach it."""
    robot, _, _ = ordered(bench)
    robot.says(last_node_id="east", wait=SENT_AGAIN)
    robot.says(wait=SENT_AGAIN)
    require(robot.order().nodes[0].node_id == "east", f"it begins at {robot.order().nodes[0].node_id}")


@case("6.1.2")
def releases_all_of_an_order(bench: Bench) -> None:
    """All nodes and edges are released: the mall sends no horizon, which it would have to extend in time."""
    _, _, order = ordered(bench)
    require(all(part.released for part in order.path), "a part is not released")


@case("6.1.2")
def begins_each_order_with_update_0(bench: Bench) -> None:
    """A new order has update id 0, and there is no update after it."""
    robot, _, order = ordered(bench)
    robot.takes(order)
    robot.finishes(order)
    require({each.order_update_id for each in robot.orders()} == {0}, "an update was sent")


@case("7.3")
def gives_every_action_an_id_of_its_own(bench: Bench) -> None:
    """Action ids are unique, also over assignments."""
    robot, _, order = ordered(bench)
    ids = [action.action_id for action in order.actions()]
    require(len(set(ids)) == len(ids), f"two actions of an order have one id: {ids}")
    robot.is_cut()
    other = bench.robot("Bora")
    bench.passes(LEASE + 60)
    again = [action.action_id for action in other.order().actions()]
    require(other.order().order_id != order.order_id and len(again) == len(ids), "it is another order")
    require(not set(ids) & set(again), f"actions of two assignments have one id: {set(ids) & set(again)}")


@case("mall")
def collects_every_line_of_the_list(bench: Bench) -> None:
    """There is one collect action for each line, HARD, with store, product and quantity, at the store's node."""
    _, shopper, order = ordered(bench)
    lines = {
        (stop["storeId"], item["productId"], item["quantity"])
        for stop in shopper.shopping_list()["stops"]
        for item in stop["items"]
    }
    keys = ("storeId", "productId", "quantity")
    found = [tuple(action.parameter(key) for key in keys) for action in collects(order)]
    require(sorted(map(str, found)) == sorted(map(str, lines)), f"it collects {found}")
    for node in order.nodes:
        for action in node.actions:
            store = action.action_type != COLLECT or plan().nodes[node.node_id].kind == "store"
            require(store and action.blocking_type == "HARD", f"{action.action_type} at {node.node_id}")


@case("mall")
def ends_at_the_depot_with_a_drop(bench: Bench) -> None:
    """The last node is the depot, its only action drop."""
    _, _, order = ordered(bench)
    last = order.nodes[-1]
    require(last.node_id == plan().depot, f"it ends at {last.node_id}")
    require([action.action_type for action in last.actions] == [DROP], "it does not end with drop alone")
    require(not any(edge.actions for edge in order.edges), "an edge has actions")


@case("mall")
def names_list_and_assignment_in_the_order_id(bench: Bench) -> None:
    """The order id tells the list and the number of its assignment."""
    _, shopper, order = ordered(bench)
    found = shopper.shopping_list()
    told = list_and_assignment(order.order_id)
    require(told == (found["id"], found["assignment"]), f"the order id {order.order_id} tells {told}")


@case("mall")
def lets_orders_expire(bench: Bench) -> None:
    """An order expires at the broker with the robot's lease, and is not retained: no old order is delivered late."""
    robot, _, _ = ordered(bench)
    got = robot.got[0]
    require(
        got.expires is not None and got.expires <= LEASE and not got.retain,
        f"it expires after {got.expires} s, retained={got.retain}",
    )


@case("7.1.2")
def keeps_orders_small(bench: Bench) -> None:
    """An order of usual size has no more bytes than the room of robots that take the mall's longest order."""
    robot, _, _ = ordered(bench)
    size, room = len(robot.got[0].payload), largest.needs().message_length
    require(size <= room, f"it has {size} bytes of {room}")
