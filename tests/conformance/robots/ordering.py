"""Cases about orders that a robot takes, and others while it has one (sections 6.1.1, 6.1.2 and 6.1.4)."""

from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import Order
from events.vda5050.state import ActionStatus, OperatingMode, State
from events.vda5050.topics import Kind
from tests.conformance import largest
from tests.conformance.gateway import PlayedGateway, Stop, statuses
from tests.conformance.kit import require
from tests.conformance.robots.declared import case


def busy(gateway: PlayedGateway) -> Order:
    """A robot that has begun with a usual order."""
    order = gateway.sends(gateway.trip())
    gateway.until(lambda state: state.driving, "driving")
    return order


@case("6.1.2")
def takes_an_order(gateway: PlayedGateway) -> None:
    """An idle robot takes a new order over and drives."""
    order = gateway.sends(gateway.trip())
    state = gateway.took(order)
    require(len(state.node_states) <= len(order.nodes) - 1, "more nodes than the order has")
    gateway.until(lambda state: state.driving, "driving")


@case("6.1.1")
def takes_an_order_with_a_single_node(gateway: PlayedGateway) -> None:
    """One node is an order: its actions are executed where the robot is."""
    action = gateway.collect(1)
    order = gateway.sends(gateway.order(start=Stop(gateway.state().last_node_id, (action,))))
    require(statuses(gateway.does(order), [action]) == [ActionStatus.FINISHED], "its action is not FINISHED")


@case("6.1.2.1")
def takes_another_order_after_the_last(gateway: PlayedGateway) -> None:
    """A robot that has ended an order is ready for the next, from where it is."""
    gateway.does(gateway.sends(gateway.trip()))
    gateway.does(gateway.sends(gateway.order(Stop("north-2", (gateway.collect(1),)), Stop("depot", (gateway.drop(),)))))


@case("6.1.4.6")
def refuses_an_order_while_another_is_active(gateway: PlayedGateway) -> None:
    """Another order while one is active: OTHER_ORDER_ACTIVE as WARNING with its orderId; the first goes on."""
    first = busy(gateway)
    second = gateway.sends(gateway.order(Stop("north-1"), start=Stop("depot")))
    gateway.refuses(errors.OTHER_ORDER_ACTIVE, "WARNING", orderId=second.order_id)
    gateway.does(first)


@case("6.1.4.6")
def reports_a_refusal_until_it_accepts_an_order(gateway: PlayedGateway) -> None:
    """The warning of a refused order stays until a new order is accepted, and no longer."""
    first = busy(gateway)
    gateway.sends(gateway.order(Stop("north-1"), start=Stop("depot")))
    gateway.refuses(errors.OTHER_ORDER_ACTIVE, "WARNING")
    ended = gateway.does(first)
    require(any(e.error_type == errors.OTHER_ORDER_ACTIVE for e in ended.errors), "the warning is gone too early")
    taken = gateway.took(gateway.sends(gateway.trip()))
    require(not any(e.error_type == errors.OTHER_ORDER_ACTIVE for e in taken.errors), "the warning stays")


@case("6.1.4.5")
def ignores_an_order_that_is_sent_again(gateway: PlayedGateway) -> None:
    """The same update with the same content is ignored without an error; nothing is done twice."""
    order = busy(gateway)
    for _ in range(2):
        gateway.sends(order)
        gateway.passes(8)
    ended = gateway.does(order)
    place = len(gateway.log)
    gateway.sends(order)
    later = gateway.passes(40)
    require(not any(gateway.complaints(state) for state in (ended, *later)), "it reports an error")
    require(all(state.idle for state in gateway.all_of(State, place)), "it began the order once more")


@case("6.1.4.5")
def refuses_another_content_under_the_same_update_id(gateway: PlayedGateway) -> None:
    """The same update id with another content: SAME_ORDER_UPDATE_ID as WARNING; the first content counts."""
    order = busy(gateway)
    gateway.sends(order, nodes=(*order.nodes[:-1], order.nodes[-1].model_copy(update={"actions": ()})))
    gateway.refuses(errors.SAME_ORDER_UPDATE_ID, "WARNING", orderId=order.order_id, orderUpdateId="0")
    require(statuses(gateway.does(order), order.actions())[-1] is ActionStatus.FINISHED, "it took the other content")


@case("6.1.4.4")
def refuses_an_outdated_update(gateway: PlayedGateway) -> None:
    """An update with a lower id than the current: OUTDATED_ORDER_UPDATE as WARNING; the current one goes on."""
    first = gateway.sends(gateway.order(Stop("south-1"), Stop("south"), released=3))
    gateway.took(first)
    end = first.nodes[2]
    update = gateway.sends(
        gateway.order(Stop("south"), start=Stop(end.node_id), begins=4, order=first.order_id, update=1)
    )
    gateway.took(update)
    gateway.sends(first)
    gateway.refuses(errors.OUTDATED_ORDER_UPDATE, "WARNING", orderId=first.order_id, orderUpdateId="0")
    gateway.does(update)


@case("6.6.7")
def gives_its_order_up_in_manual_mode(gateway: PlayedGateway) -> None:
    """A robot that changes to MANUAL clears its order: nothing to go, waiting actions FAILED, the order id kept."""
    order = busy(gateway)
    gateway.link.switch(OperatingMode.MANUAL)
    state = gateway.until(lambda state: state.operating_mode is OperatingMode.MANUAL, "MANUAL")
    require(state.idle and state.order_id == order.order_id, "the order was not cleared")
    require(set(statuses(state, order.actions())) == {ActionStatus.FAILED}, "actions did not fail")


@case("6.6.6")
def keeps_its_order_in_intervened_mode(gateway: PlayedGateway) -> None:
    """In INTERVENED a robot stands with its order, and goes on when it is AUTOMATIC again."""
    order = busy(gateway)
    gateway.link.switch(OperatingMode.INTERVENED)
    gateway.until(lambda state: state.operating_mode is OperatingMode.INTERVENED, "INTERVENED", 5)
    require(not any(state.driving for state in gateway.passes(90)), "it drives by itself")
    gateway.link.switch(OperatingMode.AUTOMATIC)
    require(set(statuses(gateway.does(order), order.actions())) == {ActionStatus.FINISHED}, "actions did not finish")


@case("mall")
def takes_an_order_of_a_hundred_lines(gateway: PlayedGateway) -> None:
    """The mall's longest list, 100 lines and the drop, is taken over."""
    visits, start = largest.longest_list(), gateway.state().last_node_id
    order = gateway.sends(largest.order(visits, start, gateway.link.serial, gateway.id()))
    require(len(gateway.took(order).action_states) == 101, "not all actions are reported")


@case("7")
def ignores_fields_that_it_does_not_know(gateway: PlayedGateway) -> None:
    """Fields that the standard does not have are no reason to refuse an order: minor versions add some."""
    order = gateway.trip()
    gateway.sends_json(order, lambda text: (text.update(novelty={"a": 1}), text["nodes"][0].update(novelty=[])))
    gateway.took(order)


@case("mall")
def does_not_begin_an_earlier_order_again(gateway: PlayedGateway) -> None:
    """An order that had ended, and comes late after another has been worked off, is not executed once more."""
    first = gateway.sends(gateway.trip())
    gateway.does(first)
    second = gateway.sends(gateway.order(Stop("north-1", (gateway.collect(1),)), Stop("depot", (gateway.drop(),))))
    gateway.does(second)
    gateway.sends(first, nodes=(first.nodes[-1].model_copy(update={"sequence_id": 0}),), edges=())
    states = gateway.passes(40)
    require(all(state.order_id == second.order_id and state.idle for state in states), "it began it again")


@case("6.6.5.1")
def never_clears_its_order_for_an_error(gateway: PlayedGateway) -> None:
    """Whatever errors it reports, the order stays."""
    order = busy(gateway)
    gateway.sends_text(Kind.ORDER, b"nothing")
    gateway.instantly("juggle")
    gateway.sends(gateway.order(Stop("north-1"), start=Stop("depot")))
    gateway.passes(5)
    gateway.instantly(InstantAction.STATE_REQUEST)
    gateway.does(order)
