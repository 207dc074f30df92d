"""From a shopping list to an order of the robots' standard, and what is sent to a robot at once.

Pure: the same list, robot and start make the same order, for a robot compares what it gets again with what it has.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from urllib.parse import quote, unquote

from events.floor.plan import Floor
from events.vda5050 import collecting
from events.vda5050.header import timestamp
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Action, ActionParameter, BlockingType, Edge, Node, NodePosition, Order
from functions.fleet.reports import Visit

SEPARATOR = ":"  # the standard recommends A-Z a-z 0-9 _ - . : for ids

# The parameter of an instant action that names what it is about.
ABOUT = {"cancelOrder": "orderId", "retry": "actionId", "skipRetry": "actionId"}


@dataclass(frozen=True)
class Line:
    """What a collect action is for, which its id says."""

    store_id: str
    product_id: str
    quantity: int


def along_the_floor(visits: Iterable[Visit], floor: Floor) -> list[Visit]:
    """The visits in the order in which the map names the stores' nodes: once around the floor, each node once.

    In a customer's own order a robot could cross the mall for each line, which takes more than a message holds.
    """
    places = {node: place for place, node in enumerate(floor.stores)}
    return sorted(visits, key=lambda visit: places[floor.node_of(visit.store_id, visit.location)])


def order(
    robot_id: str, order_id: str, visits: Sequence[Visit], *, start: str, header_id: int, at: datetime, floor: Floor
) -> Order:
    """The order for a list: from `start` to each store and to the depot. Raises LookupError for a start not on the map.

    All of it is released. The visits are driven as they come: they were sorted when they were kept, so that what a
    robot was sent of a list that is open stays the same. Each line is a collect action at its store's node; the drop is
    at the depot. A list has 100 lines at most, so an order has 101 actions at most.
    """
    wanted: list[tuple[str, tuple[Action, ...]]] = [(start, ())]
    wanted += [(floor.node_of(visit.store_id, visit.location), _collects(order_id, visit)) for visit in visits]
    wanted.append((floor.depot, (_drop(order_id),)))
    nodes: list[tuple[str, tuple[Action, ...]]] = [wanted[0]]
    for (here, _), (there, actions) in pairwise(wanted):
        nodes += [(node, ()) for node in floor.route(here, there)[1:]]
        nodes[-1] = (nodes[-1][0], (*nodes[-1][1], *actions))
    return Order(
        header_id=header_id,
        timestamp=timestamp(at),
        serial_number=robot_id,
        order_id=order_id,
        order_update_id=0,
        nodes=tuple(_node(floor, 2 * place, node, actions) for place, (node, actions) in enumerate(nodes)),
        edges=tuple(
            Edge(edge_id=floor.edge(here, there).id, sequence_id=2 * place + 1, released=True, actions=())
            for place, ((here, _), (there, _)) in enumerate(pairwise(nodes))
        ),
    )


def instant_actions(
    robot_id: str, wanted: Iterable[tuple[str, str, str]], *, header_id: int, at: datetime
) -> InstantActions:
    """Instant actions of these ids and kinds, each with what it is about ("" for the robot itself)."""
    return InstantActions(
        header_id=header_id,
        timestamp=timestamp(at),
        serial_number=robot_id,
        actions=tuple(_instant_action(id, kind, target) for id, kind, target in wanted),
    )


def line_of(order_id: str, action_id: str) -> Line | None:
    """What a collect action of an order is for; None for any other action."""
    match action_id.removeprefix(order_id + SEPARATOR).split(SEPARATOR):
        case [store_id, product_id, digits] if action_id.startswith(order_id + SEPARATOR):
            quantity = collecting.whole(digits)
            return None if quantity is None else Line(unquote(store_id), unquote(product_id), quantity)
    return None


def drop_id(order_id: str) -> str:
    """The id of an order's drop action."""
    return f"{order_id}{SEPARATOR}{collecting.DROP}"


def _collects(order_id: str, visit: Visit) -> tuple[Action, ...]:
    """A line that cannot be picked is short: no customer waits until staff have looked, so it is not retriable."""
    return tuple(
        collecting.collect(
            SEPARATOR.join((order_id, quote(visit.store_id, ""), quote(product_id, ""), str(quantity))),
            visit.store_id,
            product_id,
            quantity,
        )
        for product_id, quantity in visit.items
    )


def _drop(order_id: str) -> Action:
    """Retriable: all that was collected must not be lost by one drop that fails."""
    return collecting.drop(drop_id(order_id)).model_copy(update={"retriable": True})


def _node(floor: Floor, sequence_id: int, node: str, actions: tuple[Action, ...]) -> Node:
    place = floor.nodes[node]
    position = NodePosition(x=place.x, y=place.y, map_id=floor.map)
    return Node(node_id=node, sequence_id=sequence_id, released=True, node_position=position, actions=actions)


def _instant_action(id: str, kind: str, target: str) -> Action:
    """`cancelOrder` without a target is for the order that is active: a faulty robot may work on one without an id."""
    about = (ActionParameter(key=ABOUT[kind], value=target),) if kind in ABOUT and target else None
    return Action(action_type=kind, action_id=id, blocking_type=BlockingType.NONE, action_parameters=about)
