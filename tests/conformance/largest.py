"""The largest orders of the mall, made as the gateway makes them: what a robot must be able to take."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from events.floor.plan import plan
from events.vda5050.collecting import MOST_ACTIONS, order_id
from events.vda5050.order import Order
from events.vda5050.text import to_bytes
from functions.fleet import orders
from functions.fleet.reports import Visit

MOST_OF_ONE = 999  # of a product in one line (functions/depot/stops.py)
ASSIGNMENT = 99_999  # of a list that was given away all day: the number is in every id, and nothing bounds it
ROOM = 16 * 1024  # bytes to which the longest message is rounded up
HEADER_ID = 2**32 - 1


@dataclass(frozen=True)
class Needs:
    """How much of each a robot must be able to take. Lengths in characters, the message's in bytes."""

    message_length: int
    id_length: int
    nodes: int
    edges: int
    actions: int
    actions_at_a_node: int
    parameters: int


def longest_list() -> tuple[Visit, ...]:
    """The most lines that a list has, each of a store of its own, at every store's node; those at one node together."""
    nodes = plan().stores
    return _visits(nodes[n * len(nodes) // MOST_ACTIONS] for n in range(MOST_ACTIONS))


def order(visits: Sequence[Visit], start: str, robot_id: str, list_id: str, assignment: int = 1) -> Order:
    """The gateway's order for a list."""
    id, at = order_id(list_id, assignment), datetime(2026, 1, 1, tzinfo=UTC)
    return orders.order(robot_id, id, visits, start=start, header_id=HEADER_ID, at=at, floor=plan())


@cache
def needs() -> Needs:
    """What the mall's largest orders need.

    An order comes to each store once, in the order of the floor plan, so it is longest where it comes to every store.
    """
    floor = plan()
    longest = [order(longest_list(), start, _id(0), _id(0), ASSIGNMENT) for start in floor.nodes]
    at_one_node = order(_visits([floor.stores[0]] * MOST_ACTIONS), floor.depot, _id(0), _id(0), ASSIGNMENT)
    actions = at_one_node.actions()
    return Needs(
        message_length=-(max(len(to_bytes(each)) for each in longest) // -ROOM) * ROOM,
        id_length=max(len(action.action_id) for action in actions),
        nodes=max(len(each.nodes) for each in longest),
        edges=max(len(each.edges) for each in longest),
        actions=len(actions),
        actions_at_a_node=max(len(node.actions) for node in at_one_node.nodes),
        parameters=max(len(action.action_parameters or ()) for action in actions),
    )


def _visits(nodes: Iterable[str]) -> tuple[Visit, ...]:
    """One line of another store at each node."""
    return tuple(Visit(_id(n), plan().nodes[node].label, ((_id(n), MOST_OF_ONE),)) for n, node in enumerate(nodes))


def _id(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))
