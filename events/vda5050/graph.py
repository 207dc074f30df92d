"""Whether the nodes and edges of an order make one path (section 6.1.1)."""

from collections.abc import Iterator
from itertools import pairwise

from events.vda5050.order import Order


def fault(order: Order) -> str | None:
    """Why an order's graph is no path of base and horizon, or None if it is one.

    The first node has sequence id 0 in a new order, and that of the node where an update is attached in an update.
    """
    return next(_faults(order), None)


def _faults(order: Order) -> Iterator[str]:
    nodes, edges = order.nodes, order.edges
    if not nodes:
        yield "an order needs at least one node"
        return
    if len(edges) != len(nodes) - 1:
        yield f"{len(nodes)} nodes need {len(nodes) - 1} edges, not {len(edges)}"
    first = nodes[0].sequence_id
    if first % 2:
        yield f"sequence ids of nodes are even, not {first}"
    if order.order_update_id == 0 and first != 0:
        yield f"a new order begins with sequence id 0, not {first}"
    if [node.sequence_id for node in nodes] != [first + 2 * place for place in range(len(nodes))]:
        yield "the sequence ids of the nodes are not continuous"
    if [edge.sequence_id for edge in edges] != [first + 1 + 2 * place for place in range(len(edges))]:
        yield "the sequence ids of the edges are not continuous"
    if not nodes[0].released:
        yield "the first node is not released"
    if any(later.released and not earlier.released for earlier, later in pairwise(order.path)):
        yield "a released part follows one that is not released"
    if any(edge.released and not end.released for edge, end in zip(edges, nodes[1:], strict=False)):
        yield "a released edge leads to a node that is not released"
    ids = [action.action_id for action in order.actions()]
    if len(set(ids)) != len(ids):
        yield "an action id is used twice"
