"""Cases about when the gateway sends orders, and when not (sections 6.1.4, 6.6.5 and 6.6.6)."""

from events.floor.plan import plan
from events.vda5050 import errors
from events.vda5050.collecting import COLLECT, list_and_assignment
from events.vda5050.factsheet import ProtocolFeatures
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus, Error, ErrorLevel, ErrorReference, OperatingMode
from tests.conformance.gateways.bench import LEASE, SENT_AGAIN, Bench
from tests.conformance.gateways.declared import case
from tests.conformance.gateways.ordering import content, ordered
from tests.conformance.kit import require
from tests.flow.shopper import Shopper


@case("6.1.4.5")
def sends_an_order_again_until_it_is_shown(bench: Bench) -> None:
    """An order that no state shows is sent again, with the same content."""
    robot, _, order = ordered(bench)
    bench.passes(3 * SENT_AGAIN)
    require(len(robot.orders()) >= 3, "it was not sent again")
    require(all(content(each) == content(order) for each in robot.orders()), "its content changed")


@case("6.1.4.5")
def does_not_flood_a_robot_with_its_order(bench: Bench) -> None:
    """An order that is not shown yet is not sent with each state: a few seconds lie between."""
    robot, _, _ = ordered(bench)
    robot.forgets()
    for _ in range(100):
        robot.says(wait=0.1)
    require(len(robot.got) <= 3, f"{len(robot.got)} messages in 10 seconds")


@case("6.1.4.5")
def stops_sending_an_order_that_is_shown(bench: Bench) -> None:
    """An order that a state shows is not sent again."""
    robot, _, order = ordered(bench)
    robot.takes(order)
    robot.forgets()
    bench.passes(50)
    require(not robot.got, f"{len(robot.got)} messages came")


@case("6.1.4.5")
def sends_an_order_that_was_lost_once_the_robot_is_back(bench: Bench) -> None:
    """A robot that lost its connection before it took the order gets it once it is back."""
    robot, _, order = ordered(bench)
    robot.is_cut()
    robot.forgets()
    bench.passes(10)
    robot.comes_online()
    bench.passes(SENT_AGAIN)
    require(robot.order().order_id == order.order_id, f"it got {robot.order().order_id}")


@case("6.1.2.1")
def sends_the_next_order_when_the_robot_is_idle(bench: Bench) -> None:
    """A robot that has worked an order off gets the next, from the depot."""
    robot, _, first = ordered(bench)
    robot.takes(first)
    robot.finishes(first)
    bench.order()
    second = robot.order()
    require(second.order_id != first.order_id and second.nodes[0].node_id == plan().depot, "there is no second order")


@case("6.1.4.6")
def sends_no_order_while_another_is_active(bench: Bench) -> None:
    """A robot that shows another order than its list's is not idle: it gets cancelOrder, and no order before it is."""
    robot, _, first = ordered(bench)
    robot.takes(first)
    robot.finishes(first)
    foreign = first.model_copy(update={"order_id": "an-old-list.1"})
    robot.takes(foreign)
    robot.forgets()
    bench.order()
    bench.passes(2 * SENT_AGAIN)
    require(not robot.orders(), "it got an order while another was active")
    cancel = robot.one_instant(InstantAction.CANCEL_ORDER)
    require(cancel.parameter("orderId") == foreign.order_id, f"cancelOrder names {cancel.parameter('orderId')}")
    robot.cancels(cancel)
    bench.passes(SENT_AGAIN)
    require(robot.orders(), "it got no order when it was idle")


@case("6.6.6")
def sends_nothing_to_a_robot_that_is_not_in_its_control(bench: Bench) -> None:
    """In MANUAL, SERVICE, TEACH_IN and STARTUP a robot gets neither orders nor instant actions (table 10)."""
    robot = bench.robot()
    for mode in (OperatingMode.MANUAL, OperatingMode.SERVICE, OperatingMode.TEACH_IN, OperatingMode.STARTUP):
        robot.says(operating_mode=mode, wait=2)
        Shopper(bench.mall).ask("PUT", f"/api/fleet/robots/{robot.id}/pause", {})
        if mode is OperatingMode.MANUAL:
            bench.order()  # which waits for a robot in all of these modes
        bench.passes(2 * SENT_AGAIN)
        told = ", ".join([*(action.action_type for action in robot.instant()), *("an order" for _ in robot.orders())])
        require(not robot.got, f"it got {told} in {mode}")
    robot.says(operating_mode=OperatingMode.AUTOMATIC, wait=SENT_AGAIN)
    bench.passes(2 * SENT_AGAIN)
    require(robot.orders(), "it got no order in AUTOMATIC")


@case("6.6.6")
def sends_orders_in_semiautomatic_mode(bench: Bench) -> None:
    """A SEMIAUTOMATIC robot gets orders."""
    robot = bench.robot()
    robot.says(operating_mode=OperatingMode.SEMIAUTOMATIC, wait=2)
    bench.order()
    bench.passes(SENT_AGAIN)
    require(robot.orders(), "it got no order")


@case("6.6.6")
def waits_for_a_node_to_begin_at(bench: Bench) -> None:
    """A robot without a last node gets no order until it has one."""
    robot = bench.robot()
    robot.says(last_node_id="", wait=2)
    bench.order()
    bench.passes(2 * SENT_AGAIN)
    require(not robot.orders(), "it got an order without a node to begin at")
    robot.says(last_node_id="west", wait=SENT_AGAIN)
    bench.passes(SENT_AGAIN)
    require(robot.order().nodes[0].node_id == "west", "it does not begin at its node")


@case("6.6.5.1")
def sends_no_order_to_a_robot_with_a_fatal_error(bench: Bench) -> None:
    """A FATAL error keeps a robot from orders, until it is gone."""
    robot = bench.robot()
    robot.fails(errors.LOCALIZATION_ERROR, "FATAL")
    bench.order()
    bench.passes(2 * SENT_AGAIN)
    require(not robot.orders(), "it got an order")
    robot.says(errors=(), wait=2 * SENT_AGAIN)
    require(robot.orders(), "it got no order when the error was gone")


@case("6.6.5.1")
def sends_orders_in_spite_of_a_warning(bench: Bench) -> None:
    """WARNING, URGENT and CRITICAL, each by itself, keep no robot from a new order."""
    robot = bench.robot()
    for level in ("WARNING", "URGENT", "CRITICAL"):
        robot.fails("SOMETHING_OF_ITS_MAKER", level)
        bench.order()
        bench.passes(SENT_AGAIN)
        require(robot.orders(), f"it got no order with an error at level {level}")
        order = robot.order()
        robot.takes(order)
        robot.finishes(order)
        robot.forgets()


@case("7.10")
def gives_no_list_to_a_robot_that_cannot_collect(bench: Bench) -> None:
    """A robot whose factsheet lacks an action of the mall gets no list, and staff see why."""
    robot = bench.robot(online=False)
    nothing = ProtocolFeatures(optional_parameters=(), mobile_robot_actions=())
    robot.comes_online(sheet=robot.sheet(protocol_features=nothing))
    bench.order()
    bench.passes(2 * SENT_AGAIN)
    require(not robot.orders(), "it got an order")
    told = [error["hint"] for error in robot.seen()["errors"]]
    require(any(COLLECT in hint for hint in told), f"staff see {told}")


@case("6.1.4")
def gives_the_list_to_another_when_an_order_is_refused(bench: Bench) -> None:
    """A robot that refuses its order, and goes on to, loses the list to another one when its lease ends."""
    robot, _, order = ordered(bench)
    robot.fails(errors.INVALID_ORDER_ACTION, "WARNING")
    other = bench.robot("Bora")
    bench.passes(LEASE + 60)
    found = [list_and_assignment(each.order_id) for each in other.orders()]
    require(found and found[0] == (list_and_assignment(order.order_id)[0], 2), f"the other got {found}")  # type: ignore[index]


@case("6.1.4")
def shows_staff_why_an_order_is_refused(bench: Bench) -> None:
    """The errors of a robot are shown to staff with type, level, hint and references."""
    robot, _, _ = ordered(bench)
    told = Error(
        error_type=errors.NO_ROUTE_TO_TARGET,
        error_level=ErrorLevel.WARNING,
        error_hint="look at the map",
        error_references=(ErrorReference(reference_key="orderId", reference_value="x"),),
    )
    robot.says(errors=(told,), wait=2)
    wanted = {
        "type": errors.NO_ROUTE_TO_TARGET,
        "level": "WARNING",
        "hint": "look at the map",
        "references": [{"key": "orderId", "value": "x"}],
    }
    seen = robot.seen()["errors"]
    require(len(seen) == 1 and wanted.items() <= seen[0].items(), f"staff see {seen}")


@case("6.6.9")
def does_not_take_a_waiting_order_for_done(bench: Bench) -> None:
    """An order whose actions wait is neither sent again nor cancelled, however long it takes."""
    robot, shopper, order = ordered(bench)
    robot.takes(order, driving=True)
    robot.forgets()
    bench.passes(300)
    require(not robot.got, "something was sent")
    require(shopper.shopping_list()["botId"] == robot.id, "the list was given to another")
    require(robot.shows.action_states[0].action_status is ActionStatus.WAITING, "")
