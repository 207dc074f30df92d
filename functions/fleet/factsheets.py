"""What the mall needs of a robot, and its factsheet does not declare or does not allow. Pure."""

from collections.abc import Iterator, Sequence
from math import floor

from events.vda5050 import collecting
from events.vda5050.factsheet import Factsheet, MobileRobotAction, ProtocolFeatures, ProtocolLimits, Scope, Support
from events.vda5050.order import BlockingType
from functions.fleet.reports import LOW_CHARGE

NEEDED = (collecting.COLLECT, collecting.DROP)  # what a robot must be able to do on a node
# What the longest orders take, which tests/unit/fleet/test_orders.py measures: a list of 100 lines at all stores.
LONGEST_MESSAGE = 48 * 1024  # bytes
LONGEST_ID = 120  # characters of an action's id: two ids of the mall's and the order's, with numbers
MOST_NODES = 40
MOST_PARAMETERS = 3  # of `collect`
ORDERS_EVERY = 5  # seconds: an order that a robot does not show goes out again
# The optional fields that the mall's orders and instant actions have.
SENT = {
    "order.nodes.nodePosition",
    "order.nodes.actions.actionParameters",
    "order.nodes.actions.retriable",
    "instantActions.actions.actionParameters",
}
MESSAGES = ("order.", "instantActions.")
MOST_REQUIRED, LONGEST_REQUIRED = 5, 200  # fields and characters: a robot's words that its stream and its row keep
NOT_ALONE = f":{BlockingType.HARD}"  # after an action that a robot does not declare as HARD
REQUIRED = f"{Support.REQUIRED}:"  # before an optional field that a robot requires


def lacks(factsheet: Factsheet) -> tuple[str, ...]:
    """What keeps a robot from taking the mall's orders, in words that `faults.py` reads.

    Actions that it does not declare for nodes or not as HARD, limits that are too small, and optional fields that it
    requires and the mall does not send.
    """
    features = factsheet.protocol_features
    declared = [action for action in features.mobile_robot_actions if Scope.NODE in action.action_scopes]
    return (*_undeclared(declared), *_too_small(factsheet.protocol_limits), *_required(features))


def lowest_charge(factsheet: Factsheet) -> int:
    """Percent below which a robot is given no list: at its critical level it is to do nothing but charge (7.10)."""
    configuration = factsheet.mobile_robot_configuration
    charging = configuration.battery_charging if configuration else None
    critical = charging.critical_low_charging_level if charging else None
    return max(LOW_CHARGE, min(floor(critical) + 1, 100)) if critical else LOW_CHARGE


def _undeclared(declared: Sequence[MobileRobotAction]) -> Iterator[str]:
    """Actions that are missing, and those which may not block; a factsheet that names no blocking types is trusted."""
    for needed in NEEDED:
        found = [action.blocking_types for action in declared if action.action_type == needed]
        if not found:
            yield needed
        elif not any(types is None or BlockingType.HARD in types for types in found):
            yield needed + NOT_ALONE


def _required(features: ProtocolFeatures) -> list[str]:
    required = (one.parameter for one in features.optional_parameters if one.support is Support.REQUIRED)
    unsent = sorted({name[:LONGEST_REQUIRED] for name in required if name.startswith(MESSAGES) and name not in SENT})
    return [REQUIRED + name for name in unsent[:MOST_REQUIRED]]


def _too_small(limits: ProtocolLimits) -> Iterator[str]:
    """The names of limits below what an order takes; none and 0 are no limit (section 7.10)."""
    texts, arrays = limits.maximum_string_lengths, limits.maximum_array_lengths
    for name, limit, needed in (
        ("maximumMessageLength", texts.maximum_message_length, LONGEST_MESSAGE),
        ("maximumIdLength", texts.maximum_id_length, LONGEST_ID),
        ("order.nodes", arrays.order_nodes, MOST_NODES),
        ("order.edges", arrays.order_edges, MOST_NODES - 1),
        ("node.actions", arrays.node_actions, collecting.MOST_ACTIONS),
        ("actions.actionsParameters", arrays.action_parameters, MOST_PARAMETERS),
        ("state.nodeStates", arrays.state_node_states, MOST_NODES),
        ("state.edgeStates", arrays.state_edge_states, MOST_NODES - 1),
        ("state.actionStates", arrays.state_action_states, collecting.MOST_ACTIONS + 1),
    ):
        if limit and limit < needed:
            yield name
    if texts.id_numerical_only:
        yield "idNumericalOnly"
    if limits.timing.minimum_order_interval > ORDERS_EVERY:
        yield "minimumOrderInterval"
