"""Cases about cancelling an order and what follows (sections 6.1.3 and 6.6.7)."""

import math

from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import Order
from events.vda5050.state import ActionStatus, MobileRobotPosition, State
from tests.conformance.gateway import PlayedGateway, Stop, instant, statuses
from tests.conformance.kit import UnavailableError, require
from tests.conformance.robots.declared import case
from tests.conformance.robots.ordering import busy

CANCEL = InstantAction.CANCEL_ORDER


def cancelled(gateway: PlayedGateway, **parameters: str) -> tuple[Order, State]:
    """A robot whose order was cancelled while it drove."""
    order = busy(gateway)
    action = gateway.instantly(CANCEL, **parameters)
    require(gateway.answers(action, 150).action_status is ActionStatus.FINISHED, "cancelOrder is not FINISHED")
    return order, gateway.state()


@case("6.1.3")
def cancels_its_order(gateway: PlayedGateway) -> None:
    """cancelOrder ends an active order: the action is FINISHED, the robot stands and is idle."""
    _, state = cancelled(gateway)
    require(state.idle and not state.driving, "it is not idle")
    require(not any(s.driving for s in gateway.passes(60)), "it drives on")


@case("6.1.3")
def cancels_the_order_that_is_named(gateway: PlayedGateway) -> None:
    """cancelOrder may name the order by the parameter orderId."""
    order = busy(gateway)
    action = gateway.instantly(CANCEL, orderId=order.order_id)
    require(gateway.answers(action, 150).action_status is ActionStatus.FINISHED, "cancelOrder is not FINISHED")


@case("6.1.3")
def fails_the_actions_of_a_cancelled_order(gateway: PlayedGateway) -> None:
    """Actions that wait when an order is cancelled are FAILED."""
    order, state = cancelled(gateway)
    require(set(statuses(state, order.actions())) == {ActionStatus.FAILED}, "actions did not fail")


@case("6.6.7")
def clears_what_was_to_go_of_a_cancelled_order(gateway: PlayedGateway) -> None:
    """nodeStates and edgeStates are empty after a cancellation; order id, update id and last node stay."""
    order = busy(gateway)
    before = gateway.state()
    gateway.answers(gateway.instantly(CANCEL), 150)
    state = gateway.state()
    require(not state.node_states and not state.edge_states, "nodes or edges are still to go")
    require((state.order_id, state.order_update_id) == (order.order_id, 0), f"its order is {state.order_id!r}")
    require(state.last_node_sequence_id >= before.last_node_sequence_id, "the last node went back")


@case("6.1.3.2")
def has_no_order_to_cancel(gateway: PlayedGateway) -> None:
    """cancelOrder while idle: FAILED, and NO_ORDER_TO_CANCEL as WARNING with its actionId."""
    gateway.state()
    action = gateway.instantly(CANCEL)
    require(gateway.answers(action).action_status is ActionStatus.FAILED, "cancelOrder is not FAILED")
    gateway.refuses(errors.NO_ORDER_TO_CANCEL, "WARNING", actionId=action)


@case("6.1.3.2")
def does_not_cancel_another_order_than_is_named(gateway: PlayedGateway) -> None:
    """cancelOrder with the id of another order: FAILED, NO_ORDER_TO_CANCEL, and the active order goes on."""
    order = busy(gateway)
    action = gateway.instantly(CANCEL, orderId="another.1")
    require(gateway.answers(action).action_status is ActionStatus.FAILED, "cancelOrder is not FAILED")
    gateway.refuses(errors.NO_ORDER_TO_CANCEL, "WARNING", actionId=action)
    require(set(statuses(gateway.does(order), order.actions())) == {ActionStatus.FINISHED}, "the order ended")


@case("6.2.3.2")
def does_not_cancel_twice(gateway: PlayedGateway) -> None:
    """cancelOrder after the order has been cancelled: FAILED, and NO_ORDER_TO_CANCEL."""
    cancelled(gateway)
    action = gateway.instantly(CANCEL)
    require(gateway.answers(action).action_status is ActionStatus.FAILED, "cancelOrder is not FAILED")
    gateway.refuses(errors.NO_ORDER_TO_CANCEL, "WARNING", actionId=action)


@case("6.1.3.1")
def refuses_an_update_after_a_cancel(gateway: PlayedGateway) -> None:
    """An update of a cancelled order: ORDER_UPDATE_FOLLOWING_CANCEL as WARNING with its ids."""
    order, state = cancelled(gateway)
    update = gateway.order(Stop("depot"), begins=state.last_node_sequence_id, order=order.order_id, update=1)
    gateway.sends(update)
    gateway.refuses(errors.ORDER_UPDATE_FOLLOWING_CANCEL, "WARNING", orderId=order.order_id, orderUpdateId="1")
    require(gateway.state().idle, "it took the update")


@case("mall")
def does_not_begin_a_cancelled_order_again(gateway: PlayedGateway) -> None:
    """A cancelled order that comes once more, as it was sent before, is not executed."""
    order, _ = cancelled(gateway)
    gateway.sends(order)
    states = gateway.passes(40)
    require(states and all(state.idle and not state.driving for state in states), "it began it again")


@case("6.1.3.1")
def takes_a_new_order_after_a_cancel(gateway: PlayedGateway) -> None:
    """After a cancellation a new order that begins at the last traversed node is taken and worked off."""
    _, state = cancelled(gateway)
    next_one = gateway.sends(
        gateway.order(
            Stop("north-1", (gateway.collect(1),)), Stop("depot", (gateway.drop(),)), start=Stop(state.last_node_id)
        )
    )
    require(set(statuses(gateway.does(next_one), next_one.actions())) == {ActionStatus.FINISHED}, "actions failed")


@case("mall")
def does_not_leap_after_a_cancel(gateway: PlayedGateway) -> None:
    """A robot whose order is cancelled between two nodes reports where it stands, and drives on from there."""
    busy(gateway)
    gateway.passes(3)
    gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST))
    before, began = _position(gateway.state()), gateway.link.now()
    gateway.answers(gateway.instantly(CANCEL), 150)
    ended, within = gateway.state(), gateway.link.now() - began
    _require_no_leap(before, _position(ended), within, "as its order was cancelled")
    began = gateway.link.now()
    order = gateway.sends(
        gateway.order(
            Stop("north-1", (gateway.collect(1),)), Stop("depot", (gateway.drop(),)), start=Stop(ended.last_node_id)
        )
    )
    taken, within = gateway.took(order), gateway.link.now() - began
    _require_no_leap(_position(ended), _position(taken), within, "as it took another")
    gateway.does(order)


def _position(state: State) -> MobileRobotPosition:
    if state.mobile_robot_position is None:
        raise UnavailableError("it reports no position")
    return state.mobile_robot_position


def _require_no_leap(here: MobileRobotPosition, there: MobileRobotPosition, seconds: float, when: str) -> None:
    """A robot of a mall drives two metres a second at most, and knows where it is to a metre."""
    away = math.dist((here.x, here.y), (there.x, there.y))
    require(away <= 1 + 2 * seconds, f"its position moved by {away:.1f} m in {seconds:.1f} s {when}")


@case("6.6.8")
def takes_an_order_whenever_it_is_idle(gateway: PlayedGateway) -> None:
    """As soon as a state shows a cancelled order as ended, at its last node too, another order is taken."""
    collects = gateway.collect(1), gateway.collect(1)
    gateway.sends(gateway.order(Stop("south-1", collects)))
    gateway.until(lambda state: statuses(state, collects)[0] is ActionStatus.FINISHED, "it holds goods")
    gateway.instantly(CANCEL)
    idle = gateway.until(lambda state: state.idle, "it is idle")
    next_one = gateway.order(Stop("depot", (gateway.drop(),)), start=Stop(idle.last_node_id))
    gateway.took(gateway.sends(next_one))


@case("6.1.3")
def cancels_an_order_while_it_is_paused(gateway: PlayedGateway) -> None:
    """cancelOrder ends the order of a robot that is paused too: it need not be let go on for that."""
    order = busy(gateway)
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    action = gateway.instantly(CANCEL)
    require(gateway.answers(action, 150).action_status is ActionStatus.FINISHED, "cancelOrder is not FINISHED")
    state = gateway.state()
    require(state.idle and state.order_id == order.order_id, "its order was not ended")
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    require(not any(each.driving for each in gateway.passes(40)), "it drives on after stopPause")


@case("6.1.3")
def lets_an_action_finish_that_cannot_be_cancelled(gateway: PlayedGateway) -> None:
    """While an action with cancelAllowed=false runs, cancelOrder is RUNNING; both are FINISHED after it."""
    drop = gateway.drop()
    gateway.sends(gateway.order(Stop("depot", (drop,))))
    gateway.until(lambda state: statuses(state, [drop]) == [ActionStatus.RUNNING], "dropping")
    place = len(gateway.log)
    action = gateway.instantly(CANCEL)
    gateway.answers(action)
    for state in gateway.all_of(State, place):
        if statuses(state, [drop]) == [ActionStatus.RUNNING]:
            found = instant(state, action)
            require(found and found.action_status is ActionStatus.RUNNING, "cancelOrder ended before the action did")
    require(statuses(gateway.state(), [drop]) == [ActionStatus.FINISHED], "the action did not finish")


@case("6.1.3")
def fails_an_action_that_can_be_cancelled(gateway: PlayedGateway) -> None:
    """An action with cancelAllowed=true that runs when its order is cancelled is FAILED."""
    action = gateway.collect(1)
    gateway.sends(gateway.order(Stop("south-1", (action,))))
    gateway.until(lambda state: statuses(state, [action]) == [ActionStatus.RUNNING], "collecting")
    gateway.answers(gateway.instantly(CANCEL), 150)
    require(statuses(gateway.state(), [action]) == [ActionStatus.FAILED], "the action is not FAILED")


@case("mall")
def puts_back_what_it_collected_for_a_cancelled_order(gateway: PlayedGateway) -> None:
    """After a cancellation a robot that can tell its loads has none: what it took is back in its place."""
    action = gateway.collect(1)
    gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot", (gateway.drop(),))))
    gateway.until(lambda state: statuses(state, [action]) == [ActionStatus.FINISHED], "collected")
    gateway.answers(gateway.instantly(CANCEL), 150)
    require(not gateway.state().loads, "it still carries something")
