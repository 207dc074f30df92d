"""Whether a robot takes an order (figure 8 of the standard), and by which of the standard's errors it refuses."""

import json
import math

from pydantic.alias_generators import to_camel

from clients.robot.memory import Memory
from events.floor.plan import Floor
from events.vda5050 import errors
from events.vda5050.collecting import COLLECT, DIGITS, DROP, MOST_ACTIONS, PRODUCT_ID, QUANTITY, STORE_ID
from events.vda5050.graph import fault
from events.vda5050.order import Action, Node, Order
from events.vda5050.state import Error, ErrorLevel, ErrorReference

UNSUPPORTED_ON_EDGES = (
    "maximum_mobile_robot_height",
    "minimum_load_handling_device_height",
    "orientation",
    "orientation_type",
    "direction",
    "reach_orientation_before_entering",
    "maximum_rotation_speed",
    "trajectory",
    "corridor",
)
UNSUPPORTED_AT_NODES = ("theta", "allowed_deviation_theta")
ON_ITS_TOPIC = "publish it on the topic of that robot"
HINTS = {
    errors.VALIDATION_FAILURE: "correct the message and send it again",
    errors.INSUFFICIENT_MEMORY: "split the order",
    errors.MOBILE_ROBOT_NOT_AVAILABLE: "resolve what the state shows: its operating mode, its FATAL errors",
    errors.OUTDATED_ORDER_UPDATE: "send a newer update, or an order with an id of its own",
    errors.SAME_ORDER_UPDATE_ID: "send what has changed under the next orderUpdateId",
    errors.ORDER_UPDATE_FOLLOWING_CANCEL: "send an order with another id",
    errors.OTHER_ORDER_ACTIVE: "send it when the state shows that the active order has ended",
    errors.START_NODE_OUT_OF_RANGE: "begin the order at the robot's last node",
    errors.UNSUPPORTED_PARAMETER: "leave it out: the factsheet lists what is supported",
    errors.UNKNOWN_MAP_ID: "use the map that the state shows",
    errors.NO_ROUTE_TO_TARGET: "use nodes and edges of the floor plan",
    errors.INVALID_ORDER_ACTION: "correct the action: the factsheet declares what the robot can do",
    errors.INVALID_INSTANT_ACTION: "send what the factsheet declares, when the state allows it",
    errors.NO_ORDER_TO_CANCEL: "nothing is to be done where the order has ended; else name the active one",
}
"""What helps against a refusal, by its error."""

UNTIL_ANOTHER_ORDER = errors.REJECTIONS - {errors.MOBILE_ROBOT_NOT_AVAILABLE} | {
    errors.NO_ORDER_TO_CANCEL,
    errors.PICK_FAILED,
    errors.DROP_FAILED,
}


def error(kind: str, why: str, hint: str | None = None, **references: object) -> Error:
    """An error at the standard's level for its kind. hint: what helps, instead of what usually does."""
    listed = tuple(ErrorReference(reference_key=key, reference_value=str(value)) for key, value in references.items())
    return Error(
        error_type=kind,
        error_level=errors.LEVELS[kind],
        error_description=why,
        error_hint=hint or HINTS.get(kind),
        error_references=listed or None,
    )


def refusal(order: Order, memory: Memory, floor: Floor, serial_number: str) -> Error | None:
    """Why a robot does not take an order; None if it does. One that it has is refused silently: see `is_repeated`."""

    def refused(kind: str, why: str, hint: str | None = None, **more: str) -> Error:
        return error(kind, why, hint, orderId=order.order_id, orderUpdateId=order.order_update_id, **more)

    if order.serial_number != serial_number:
        return refused(errors.VALIDATION_FAILURE, f"the order is for robot {order.serial_number}", ON_ITS_TOPIC)
    if wrong := fault(order):
        return refused(errors.VALIDATION_FAILURE, wrong)
    if sum(action.action_type != DROP for action in order.actions()) > MOST_ACTIONS:
        return refused(errors.INSUFFICIENT_MEMORY, f"an order has {MOST_ACTIONS} actions and a drop at most")
    if not memory.mode.takes_orders:
        return refused(errors.MOBILE_ROBOT_NOT_AVAILABLE, f"the operating mode is {memory.mode}")
    for fatal in (each for each in memory.errors if each.error_level is ErrorLevel.FATAL):
        return refused(errors.MOBILE_ROBOT_NOT_AVAILABLE, f"the robot has {fatal.error_type}")
    last = memory.order
    if last and order.order_id == last.order_id:
        if order.order_update_id < last.order_update_id:
            return refused(errors.OUTDATED_ORDER_UPDATE, f"the robot has update {last.order_update_id}")
        if order.order_update_id == last.order_update_id:
            return refused(errors.SAME_ORDER_UPDATE_ID, "the robot has this update with another content")
        if memory.cancelled:
            return refused(errors.ORDER_UPDATE_FOLLOWING_CANCEL, "the order was cancelled")
        end = decision_point(memory)
        if (order.nodes[0].node_id, order.nodes[0].sequence_id) != end:
            return refused(errors.VALIDATION_FAILURE, f"an update goes on at {end[0]}, sequence id {end[1]}")
        if order.nodes[0] not in last.nodes:
            return refused(errors.VALIDATION_FAILURE, "an update changes nothing at the node where it goes on")
    else:
        if not memory.idle:
            return refused(errors.OTHER_ORDER_ACTIVE, f"order {last.order_id if last else ''} is active")
        if order.order_id in memory.earlier_orders:
            return refused(errors.OUTDATED_ORDER_UPDATE, "the robot had this order before its last one")
        if order.order_update_id != 0:
            return refused(errors.VALIDATION_FAILURE, "an order begins with update 0")
        if not _is_within_reach(order.nodes[0], memory, floor):
            return refused(errors.START_NODE_OUT_OF_RANGE, f"the robot is at {memory.node_id}")
    for parameter in _unsupported(order):
        return refused(errors.UNSUPPORTED_PARAMETER, f"the robot cannot use {parameter}", parameter=parameter)
    for node in order.nodes:
        if node.node_position and node.node_position.map_id != floor.map:
            return refused(errors.UNKNOWN_MAP_ID, "the map is unknown", mapId=node.node_position.map_id)
        if node.node_id not in floor.nodes:
            return refused(errors.NO_ROUTE_TO_TARGET, "the node is not on the map", nodeId=node.node_id)
    for start, edge, end_node in zip(order.nodes, order.edges, order.nodes[1:], strict=False):
        if start.node_id != end_node.node_id and (start.node_id, end_node.node_id) not in floor.edges:
            return refused(
                errors.NO_ROUTE_TO_TARGET, "no edge leads there", edgeId=edge.edge_id, nodeId=end_node.node_id
            )
    on_edges = {action.action_id for edge in order.edges for action in edge.actions}
    for action in order.actions():
        if wrong := "the robot does nothing on edges" if action.action_id in on_edges else _wrong(action):
            return refused(errors.INVALID_ORDER_ACTION, wrong, actionId=action.action_id)
    return None


def order_ids(payload: bytes) -> dict[str, object]:
    """What can be read of the ids of an order that is malformed, for the references of its error."""
    try:
        fields = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    found = fields if isinstance(fields, dict) else {}
    kinds = (("orderId", str), ("orderUpdateId", int))
    return {key: found[key] for key, kind in kinds if isinstance(found.get(key), kind)}


def is_repeated(order: Order, last: Order | None) -> bool:
    """Whether it is the update that the robot has, sent again (section 6.1.4.5)."""
    return last is not None and _content(order) == _content(last)


def decision_point(memory: Memory) -> tuple[str, int]:
    """Node and sequence id of the last released node: where an update goes on."""
    released = [node for node in memory.nodes if node.released]
    return (released[-1].node_id, released[-1].sequence_id) if released else (memory.node_id, memory.sequence_id)


def _content(order: Order) -> object:
    return order.order_id, order.order_update_id, order.nodes, order.edges


def _is_within_reach(node: Node, memory: Memory, floor: Floor) -> bool:
    """On its last node, or within the deviation of another. From between two nodes it can go back to its last one."""
    if node.node_id == memory.node_id:
        return True
    position = node.node_position
    if not position or not position.allowed_deviation_xy or memory.node_id not in floor.nodes:
        return False
    last = floor.nodes[memory.node_id]
    away = math.dist((position.x, position.y), memory.off or (last.x, last.y))
    return away <= min(position.allowed_deviation_xy.a, position.allowed_deviation_xy.b)


def _unsupported(order: Order) -> list[str]:
    at_nodes = [
        f"order.nodes.nodePosition.{to_camel(name)}"
        for node in order.nodes
        for name in UNSUPPORTED_AT_NODES
        if node.node_position and getattr(node.node_position, name) is not None
    ]
    on_edges = [
        f"order.edges.{to_camel(name)}"
        for edge in order.edges
        for name in UNSUPPORTED_ON_EDGES
        if getattr(edge, name) is not None
    ]
    return [*at_nodes, *on_edges]


def _wrong(action: Action) -> str | None:
    if action.action_type not in (COLLECT, DROP):
        return f"the robot cannot {action.action_type}"
    if action.action_type == DROP:
        return None
    quantity = action.parameter(QUANTITY)
    if not all(isinstance(action.parameter(key), str) for key in (STORE_ID, PRODUCT_ID)):
        return f"collect needs {STORE_ID} and {PRODUCT_ID}"
    if not isinstance(quantity, int) or isinstance(quantity, bool) or not 1 <= quantity < 10**DIGITS:
        return f"{QUANTITY} is a whole number of at least 1, with {DIGITS} digits at most"
    return None
