"""What the mall needs of a robot, and its factsheet does not declare or does not allow. Pure."""

from collections.abc import Iterator

from events.vda5050 import collecting
from events.vda5050.factsheet import Factsheet, ProtocolLimits, Scope

NEEDED = (collecting.COLLECT, collecting.DROP)  # what a robot must be able to do on a node
# What the longest orders take, which tests/unit/fleet/test_orders.py measures: a list of 100 lines at all stores.
LONGEST_MESSAGE = 48 * 1024  # bytes
LONGEST_ID = 120  # characters of an action's id: two ids of the mall's and the order's, with numbers
MOST_NODES = 40
MOST_PARAMETERS = 3  # of `collect`


def lacks(factsheet: Factsheet) -> tuple[str, ...]:
    """Which of the actions that the mall needs a robot does not declare for nodes, and which limits are too small."""
    declared = {
        action.action_type
        for action in factsheet.protocol_features.mobile_robot_actions
        if Scope.NODE in action.action_scopes
    }
    actions = (action for action in NEEDED if action not in declared)
    return (*actions, *_too_small(factsheet.protocol_limits))


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
