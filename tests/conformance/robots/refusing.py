"""Cases about orders that a robot refuses while it is idle (sections 6.1.1 and 6.1.4)."""

from collections.abc import Callable
from typing import Any

from events.vda5050 import errors
from events.vda5050.collecting import MOST_BYTES
from events.vda5050.order import Corridor
from events.vda5050.state import OperatingMode
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.conformance.gateway import PlayedGateway, Stop
from tests.conformance.kit import UnavailableError, require
from tests.conformance.robots.connecting import sheet
from tests.conformance.robots.declared import case


def refuses(gateway: PlayedGateway, kind: str, level: str, send: Callable[[], object], **references: str) -> None:
    """A robot that is idle refuses what is sent: the error is there, and nothing of its order is another."""
    before = gateway.state()
    send()
    gateway.refuses(kind, level, **references)
    after = gateway.state()
    require((after.order_id, after.order_update_id) == (before.order_id, before.order_update_id), "it took the order")
    require(after.idle, "it is no longer idle")


@case("6.1.4.1")
def refuses_what_is_no_json(gateway: PlayedGateway) -> None:
    """Text that is no JSON on the order topic: VALIDATION_FAILURE as WARNING."""
    refuses(gateway, errors.VALIDATION_FAILURE, "WARNING", lambda: gateway.sends_text(Kind.ORDER, b'{"headerId": 1,'))


def _malformed(gateway: PlayedGateway, change: Callable[[dict[str, Any]], object]) -> None:
    order = gateway.trip()
    refuses(gateway, errors.VALIDATION_FAILURE, "WARNING", lambda: gateway.sends_json(order, change))


@case("6.1.4.1")
def refuses_an_order_without_a_mandatory_field(gateway: PlayedGateway) -> None:
    """An order without its nodes: VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order.pop("nodes"))


@case("6.1.4.1")
def refuses_an_order_with_a_field_of_another_type(gateway: PlayedGateway) -> None:
    """A number as text: VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order.update(orderUpdateId="0"))


@case("6.1.4.1")
def refuses_an_order_with_an_unknown_blocking_type(gateway: PlayedGateway) -> None:
    """A value that an enumeration does not have: VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order["nodes"][-1]["actions"][0].update(blockingType="hard"))


@case("6.1.1")
def refuses_an_order_without_nodes(gateway: PlayedGateway) -> None:
    """An order without any node: VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order.update(nodes=[], edges=[]))


@case("6.1.1")
def refuses_an_order_whose_edges_do_not_fit_its_nodes(gateway: PlayedGateway) -> None:
    """There is one edge fewer than nodes: another number is a VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order["edges"].pop())


@case("6.1.1")
def refuses_sequence_ids_with_a_gap(gateway: PlayedGateway) -> None:
    """Sequence ids are continuous: a gap is a VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order["nodes"][-1].update(sequenceId=order["nodes"][-1]["sequenceId"] + 2))


@case("6.1.1")
def refuses_an_order_whose_first_node_is_not_released(gateway: PlayedGateway) -> None:
    """The first node is always released: otherwise VALIDATION_FAILURE as WARNING."""
    refuses(
        gateway,
        errors.VALIDATION_FAILURE,
        "WARNING",
        lambda: gateway.sends(gateway.order(Stop("south-1"), released=0)),
    )


@case("6.1.1")
def refuses_a_base_behind_a_horizon(gateway: PlayedGateway) -> None:
    """No released node follows one that is not released: otherwise VALIDATION_FAILURE as WARNING."""
    _malformed(gateway, lambda order: order["nodes"][1].update(released=False))


@case("mall")
def refuses_an_order_for_another_robot(gateway: PlayedGateway) -> None:
    """An order whose header names another serial number: VALIDATION_FAILURE as WARNING."""
    order = gateway.trip()
    refuses(gateway, errors.VALIDATION_FAILURE, "WARNING", lambda: gateway.sends(order, serial_number="another-robot"))


@case("6.1.2")
def refuses_a_new_order_that_begins_with_an_update(gateway: PlayedGateway) -> None:
    """A new order has update id 0 (figure 8, step 4): the kit wants a WARNING; the standard does not name its type."""
    order = gateway.sends(gateway.trip(), order_update_id=1)
    state = gateway.until(gateway.complaints, "an error", 30)
    require({error.error_level for error in gateway.complaints(state)} == {"WARNING"}, "the level is not WARNING")
    require(state.order_id != order.order_id and state.idle, "it took the order")


@case("6.1.4.2")
def refuses_an_optional_field_that_it_cannot_use(gateway: PlayedGateway) -> None:
    """An optional field that the factsheet does not name: UNSUPPORTED_PARAMETER as CRITICAL with its name."""
    order = gateway.trip()
    corridor = Corridor(left_width=1, right_width=1, release_required=True)
    edges = (order.edges[0].model_copy(update={"corridor": corridor}), *order.edges[1:])
    refuses(gateway, errors.UNSUPPORTED_PARAMETER, "CRITICAL", lambda: gateway.sends(order, edges=edges))
    error = gateway.refuses(errors.UNSUPPORTED_PARAMETER, "CRITICAL")
    told = [each.reference_value for each in error.error_references or ()]
    require(any("corridor" in value for value in told), f"it refers to {told}")


@case("6.6.5.1")
def takes_an_order_after_a_critical_refusal(gateway: PlayedGateway) -> None:
    """A CRITICAL error does not keep a robot from a new order, which ends the error of a refusal."""
    order = gateway.trip()
    corridor = Corridor(left_width=1, right_width=1, release_required=True)
    gateway.sends(order, edges=(order.edges[0].model_copy(update={"corridor": corridor}), *order.edges[1:]))
    gateway.refuses(errors.UNSUPPORTED_PARAMETER, "CRITICAL")
    require(not gateway.complaints(gateway.does(gateway.sends(gateway.trip()))), "the error stays")


@case("6.1.4.3")
def refuses_an_action_that_it_cannot_perform(gateway: PlayedGateway) -> None:
    """An action of an unknown type: INVALID_ORDER_ACTION as WARNING."""
    order = gateway.order(Stop("south-1", (gateway.collect(1, action_type="juggle"),)))
    refuses(
        gateway,
        errors.INVALID_ORDER_ACTION,
        "WARNING",
        lambda: gateway.sends(order),
        orderId=order.order_id,
    )


@case("6.1.4.3")
def refuses_an_action_with_wrong_parameters(gateway: PlayedGateway) -> None:
    """A collect action without its parameters: INVALID_ORDER_ACTION as WARNING."""
    order = gateway.order(Stop("south-1", (gateway.collect(1, action_parameters=()),)))
    refuses(gateway, errors.INVALID_ORDER_ACTION, "WARNING", lambda: gateway.sends(order))


@case("6.1.4.7")
def refuses_an_order_that_begins_elsewhere(gateway: PlayedGateway) -> None:
    """A first node that the robot is not at: START_NODE_OUT_OF_RANGE as WARNING with the orderId."""
    there = "east-2" if gateway.state().last_node_id != "east-2" else "depot"
    order = gateway.order(Stop("east"), start=Stop(there))
    refuses(gateway, errors.START_NODE_OUT_OF_RANGE, "WARNING", lambda: gateway.sends(order), orderId=order.order_id)


@case("6.1.4.8")
def refuses_a_node_that_it_cannot_reach(gateway: PlayedGateway) -> None:
    """A node that is not on the map: NO_ROUTE_TO_TARGET as WARNING with the orderId."""
    order = gateway.order(Stop("south-1"))
    lost = order.nodes[-1].model_copy(update={"node_id": "nowhere"})
    refuses(
        gateway,
        errors.NO_ROUTE_TO_TARGET,
        "WARNING",
        lambda: gateway.sends(order, nodes=(*order.nodes[:-1], lost)),
        orderId=order.order_id,
    )


@case("6.1.4.10")
def refuses_a_node_on_an_unknown_map(gateway: PlayedGateway) -> None:
    """A map that the robot does not have: UNKNOWN_MAP_ID as WARNING with the orderId."""
    order = gateway.order(Stop("south-1"))
    position = order.nodes[-1].node_position
    assert position
    elsewhere = position.model_copy(update={"map_id": "another-mall"})
    lost = order.nodes[-1].model_copy(update={"node_position": elsewhere})
    refuses(
        gateway,
        errors.UNKNOWN_MAP_ID,
        "WARNING",
        lambda: gateway.sends(order, nodes=(*order.nodes[:-1], lost)),
        orderId=order.order_id,
    )


@case("6.1.4.9")
def refuses_orders_in_manual_mode(gateway: PlayedGateway) -> None:
    """An order in operating mode MANUAL: MOBILE_ROBOT_NOT_AVAILABLE as WARNING, until the mode allows orders."""
    gateway.state()
    gateway.link.switch(OperatingMode.MANUAL)
    gateway.until(lambda state: state.operating_mode is OperatingMode.MANUAL, "MANUAL", 5)
    order = gateway.trip()
    refuses(gateway, errors.MOBILE_ROBOT_NOT_AVAILABLE, "WARNING", lambda: gateway.sends(order), orderId=order.order_id)
    gateway.link.switch(OperatingMode.AUTOMATIC)
    gateway.until(lambda state: not gateway.complaints(state), "no error in AUTOMATIC", 30)


@case("7.1.2")
def refuses_an_order_that_is_too_large(gateway: PlayedGateway) -> None:
    """An order with more actions than its factsheet allows: INSUFFICIENT_MEMORY as URGENT."""
    limit = sheet(gateway).protocol_limits.maximum_array_lengths.state_action_states
    order = gateway.order(Stop("south-1", tuple(gateway.collect(1) for _ in range((limit or 0) + 1))))
    if not limit or len(to_bytes(order)) > MOST_BYTES:
        raise UnavailableError("no message is large enough for that")
    refuses(gateway, errors.INSUFFICIENT_MEMORY, "URGENT", lambda: gateway.sends(order))
