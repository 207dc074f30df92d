"""Cases about base, horizon and order updates (sections 6.1.1, 6.1.2 and 6.6.9.1). The mall's gateway sends none."""

from events.vda5050.order import Order
from events.vda5050.state import ActionStatus, EdgeState, NodeState, State
from tests.conformance.gateway import PlayedGateway, Stop, statuses
from tests.conformance.kit import require
from tests.conformance.robots.declared import case


def with_horizon(gateway: PlayedGateway) -> Order:
    """An order of which all but the last two nodes are released; the last one has an action."""
    order = gateway.order(Stop("south-1", (gateway.collect(1),)), Stop("south-2", (gateway.collect(1),)))
    base = len(order.nodes) - 2
    nodes = tuple(n.model_copy(update={"released": place < base}) for place, n in enumerate(order.nodes))
    edges = tuple(e.model_copy(update={"released": place + 1 < base}) for place, e in enumerate(order.edges))
    return gateway.sends(order, nodes=nodes, edges=edges)


def decision_point(order: Order) -> Stop:
    """Where the base ends, as it must be sent again."""
    node = [node for node in order.nodes if node.released][-1]
    return Stop(node.node_id, node.actions)


def end_of_base(order: Order) -> int:
    """The sequence id of the last released node."""
    return [node.sequence_id for node in order.nodes if node.released][-1]


def waits(gateway: PlayedGateway, order: Order) -> State:
    """The robot has come to the end of the base and stands."""
    end = end_of_base(order)
    return gateway.until(
        lambda state: state.order_id == order.order_id and state.last_node_sequence_id == end and not state.driving,
        "standing at the decision point",
    )


@case("6.1.1")
def stops_at_the_decision_point(gateway: PlayedGateway) -> None:
    """What is not released is not traversed: the robot stops at the last node of the base, and is not idle."""
    order = with_horizon(gateway)
    end = end_of_base(order)
    gateway.took(order)
    there = gateway.until(lambda state: state.last_node_sequence_id >= end, "at the decision point")
    places = {state.last_node_sequence_id for state in (there, *gateway.passes(60))}
    require(places == {end}, f"it drove into the horizon: from {end} on to {max(places)}")
    waits(gateway, order)
    require(not any(state.idle or state.driving for state in gateway.passes(40)), "it counts as idle, or drives")


@case("6.6.9.1")
def reports_the_horizon(gateway: PlayedGateway) -> None:
    """Nodes, edges and actions of the horizon are in the state: not released, and WAITING."""
    order = with_horizon(gateway)
    state = waits(gateway, order)
    ahead = [node for node in order.nodes if not node.released]
    require([n.sequence_id for n in state.node_states] == [n.sequence_id for n in ahead], "nodes are missing")
    parts: list[NodeState | EdgeState] = [*state.node_states, *state.edge_states]
    require(not any(part.released for part in parts), "they count as released")
    waiting = statuses(state, [action for node in ahead for action in node.actions])
    require(set(waiting) == {ActionStatus.WAITING}, f"their actions are {waiting}")


@case("6.1.2")
def goes_on_when_its_base_is_extended(gateway: PlayedGateway) -> None:
    """An update that begins at the decision point extends the base; the robot drives on."""
    order = with_horizon(gateway)
    waits(gateway, order)
    start, goal = decision_point(order), Stop("south-2", order.nodes[-1].actions)
    update = gateway.order(goal, start=start, begins=end_of_base(order), order=order.order_id, update=1)
    gateway.took(gateway.sends(update))
    ended = gateway.does(update)
    require(set(statuses(ended, order.actions())) == {ActionStatus.FINISHED}, "not all actions finished")


@case("6.1.2")
def executes_no_action_of_the_decision_point_again(gateway: PlayedGateway) -> None:
    """The decision point is sent again with its actions, which are not executed a second time."""
    action = gateway.collect(1)
    first = gateway.sends(gateway.order(Stop("south-1", (action,))))
    gateway.does(first)
    place = len(gateway.log)
    end = first.nodes[-1].sequence_id
    update = gateway.sends(
        gateway.order(Stop("south-2"), start=Stop("south-1", (action,)), begins=end, order=first.order_id, update=1)
    )
    gateway.does(update)
    again = [s for s in gateway.all_of(State, place) if statuses(s, [action]) != [ActionStatus.FINISHED]]
    require(not again, "its action did not stay FINISHED")


@case("6.6.9.1")
def forgets_the_horizon_that_an_update_replaces(gateway: PlayedGateway) -> None:
    """When an update replaces the horizon, nodes and actions of the old one leave the state."""
    order = with_horizon(gateway)
    waits(gateway, order)
    update = gateway.order(
        Stop("depot"), start=decision_point(order), begins=end_of_base(order), order=order.order_id, update=1
    )
    state = gateway.took(gateway.sends(update))
    gone = [action for node in order.nodes if not node.released for action in node.actions]
    require(statuses(state, gone) == [None] * len(gone), "actions of the old horizon are reported")
    gateway.does(update)


@case("6.1.2")
def keeps_the_base_when_an_update_comes(gateway: PlayedGateway) -> None:
    """An update while the robot is under way keeps the nodes of the base and their actions."""
    order = with_horizon(gateway)
    gateway.until(lambda state: state.driving, "driving")
    update = gateway.order(
        Stop("south-2"), start=decision_point(order), begins=end_of_base(order), order=order.order_id, update=1
    )
    state = gateway.took(gateway.sends(update))
    sequence = [node.sequence_id for node in state.node_states]
    wanted = list(range(state.last_node_sequence_id + 2, update.nodes[-1].sequence_id + 1, 2))
    require(sequence == wanted, f"the nodes to go are {sequence}")
    gateway.does(update)


@case("6.1.2")
def refuses_an_update_that_does_not_continue_its_base(gateway: PlayedGateway) -> None:
    """An update that begins elsewhere is refused by a WARNING (figure 8, steps 9 and 10; its type is not named)."""
    order = with_horizon(gateway)
    waits(gateway, order)
    update = gateway.order(Stop("east"), start=Stop("north"), begins=2, order=order.order_id, update=1)
    gateway.sends(update)
    state = gateway.until(gateway.complaints, "an error", 30)
    require({error.error_level for error in gateway.complaints(state)} == {"WARNING"}, "the level is not WARNING")
    require(state.order_update_id == 0, "it took the update")


@case("6.1.2")
def takes_an_update_of_an_order_that_has_ended(gateway: PlayedGateway) -> None:
    """A completed order can go on by an update that begins where it ended (figure 8, step 10)."""
    first = gateway.sends(gateway.order(Stop("south-1")))
    gateway.does(first)
    action = gateway.collect(1)
    end = first.nodes[-1].sequence_id
    update = gateway.sends(
        gateway.order(Stop("south-2", (action,)), start=Stop("south-1"), begins=end, order=first.order_id, update=1)
    )
    require(statuses(gateway.does(update), [action]) == [ActionStatus.FINISHED], "its action did not finish")


@case("6.1.2")
def executes_new_actions_where_it_stands(gateway: PlayedGateway) -> None:
    """New actions at the decision point come as another node at the same place, with its sequence id plus 2."""
    first = gateway.sends(gateway.order(Stop("south-1")))
    gateway.does(first)
    action, end = gateway.collect(1), first.nodes[-1].sequence_id
    update = gateway.sends(
        gateway.order(Stop("south-1", (action,)), start=Stop("south-1"), begins=end, order=first.order_id, update=1)
    )
    require(statuses(gateway.does(update), [action]) == [ActionStatus.FINISHED], "its action did not finish")
