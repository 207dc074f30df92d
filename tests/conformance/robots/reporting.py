"""Cases about the state: what it says of an order under way (sections 6.6 and 7.8)."""

from itertools import pairwise

from events.floor.plan import plan
from events.vda5050.collecting import collected
from events.vda5050.order import Order
from events.vda5050.state import ActionStatus, OnRobot, State
from tests.conformance.gateway import PlayedGateway, Stop, statuses
from tests.conformance.kit import require
from tests.conformance.robots.declared import case

NEXT = {  # figure 21 and table 12
    ActionStatus.WAITING: {"INITIALIZING", "RUNNING", "FINISHED", "FAILED"},
    ActionStatus.INITIALIZING: {"RUNNING", "PAUSED", "FAILED"},
    ActionStatus.RUNNING: {"PAUSED", "RETRIABLE", "FINISHED", "FAILED"},
    ActionStatus.PAUSED: {"INITIALIZING", "RUNNING", "FAILED"},
    ActionStatus.RETRIABLE: {"INITIALIZING", "RUNNING", "FINISHED", "FAILED"},
}


def trip(gateway: PlayedGateway) -> tuple[Order, list[State]]:
    """A usual order from its acceptance to its end."""
    order = gateway.sends(gateway.trip())
    gateway.does(order)
    return order, [state for state in gateway.all_of(State) if state.order_id == order.order_id]


@case("6.1.1")
def does_not_report_the_first_node(gateway: PlayedGateway) -> None:
    """The first node of an order is where the robot is: it is not in the nodeStates."""
    _, states = trip(gateway)
    require(all(node.sequence_id > 0 for state in states for node in state.node_states), "the first node is reported")


@case("6.6.2")
def reports_each_node_that_it_traverses(gateway: PlayedGateway) -> None:
    """Each traversed node becomes the last node, in the sequence of the order."""
    order, states = trip(gateway)
    passed = [(state.last_node_id, state.last_node_sequence_id) for state in states]
    seen = [place for n, place in enumerate(passed) if n == 0 or place != passed[n - 1]]
    wanted = [(node.node_id, node.sequence_id) for node in order.nodes]
    require(seen == wanted, f"last nodes were {seen}")


@case("6.6.2")
def removes_each_node_that_it_traverses(gateway: PlayedGateway) -> None:
    """The nodeStates are the nodes after the last one, in sequence."""
    order, states = trip(gateway)
    for state in states:
        wanted = [node.sequence_id for node in order.nodes if node.sequence_id > state.last_node_sequence_id]
        found = [node.sequence_id for node in state.node_states]
        require(found == wanted, f"at {state.last_node_sequence_id} the nodes to go are {found}")


@case("6.6.2")
def removes_each_edge_with_the_node_that_it_leads_to(gateway: PlayedGateway) -> None:
    """The edgeStates are the edges after the last node, in sequence."""
    order, states = trip(gateway)
    for state in states:
        wanted = [edge.sequence_id for edge in order.edges if edge.sequence_id > state.last_node_sequence_id]
        found = [edge.sequence_id for edge in state.edge_states]
        require(found == wanted, f"at {state.last_node_sequence_id} the edges to go are {found}")


@case("6.6.9")
def reports_every_action_of_its_order(gateway: PlayedGateway) -> None:
    """All actions of the order are in the actionStates, from its acceptance to its end."""
    order, states = trip(gateway)
    wanted = {action.action_id for action in order.actions()}
    for state in states:
        found = {each.action_id for each in state.action_states}
        require(found == wanted, f"actions missing {len(wanted - found)}, unknown {len(found - wanted)}")


@case("6.6.9")
def lets_actions_wait_until_their_node(gateway: PlayedGateway) -> None:
    """An action is WAITING before its node is traversed."""
    order, states = trip(gateway)
    for state in states:
        ahead = [node for node in order.nodes if node.sequence_id > state.last_node_sequence_id]
        early = [s for node in ahead for s in statuses(state, node.actions) if s != ActionStatus.WAITING]
        require(not early, f"before its node an action is {early}")


@case("6.6.9")
def changes_statuses_of_actions_as_the_standard_allows(gateway: PlayedGateway) -> None:
    """Statuses of actions change along the arrows of figure 21 alone."""
    order, states = trip(gateway)
    for action in order.actions():
        steps = [status for state in states for status in statuses(state, [action])]
        for before, after in pairwise(steps):
            allowed = before == after or (before in NEXT and str(after) in NEXT[before])
            require(allowed, f"{action.action_type} went from {before} to {after}")


@case("6.6.9")
def finishes_every_action(gateway: PlayedGateway) -> None:
    """At the end of an order in which nothing fails, all its actions are FINISHED."""
    order, states = trip(gateway)
    ended = statuses(states[-1], order.actions())
    require(set(ended) == {ActionStatus.FINISHED}, f"actions ended {ended}")


@case("mall")
def tells_how_many_it_collected(gateway: PlayedGateway) -> None:
    """The result of a collect action is how many were collected, in digits: no more than were asked for."""
    order, states = trip(gateway)
    results = {each.action_id: each.action_result for each in states[-1].action_states}
    for action in order.actions():
        wanted, result = action.parameter("quantity"), results[action.action_id]
        if isinstance(wanted, int):
            right = result is not None and result.isdecimal() and int(result) <= wanted
            require(right, f"of {wanted} it collected {result!r}")


@case("mall")
def collects_something(gateway: PlayedGateway) -> None:
    """Of a usual order something is collected. The products are invented: a robot under test takes them for there."""
    _, states = trip(gateway)
    results = [each.action_result for each in states[-1].action_states]
    require(any(collected(result) for result in results), f"the results are {results}")


@case("7.8")
def keeps_the_order_id_when_the_order_has_ended(gateway: PlayedGateway) -> None:
    """orderId and orderUpdateId stay until another order is accepted."""
    order = gateway.sends(gateway.trip())
    gateway.took(order)
    later = [gateway.until(lambda state: state.idle, "idle", 600), *gateway.passes(70)]
    ids = {(state.order_id, state.order_update_id) for state in later}
    require(ids == {(order.order_id, 0)}, f"the order id is gone: it reports {ids}")


@case("7.8")
def drops_the_actions_of_the_order_before(gateway: PlayedGateway) -> None:
    """When a new order is accepted, the actions of the one before leave the actionStates."""
    trip(gateway)
    order = gateway.sends(gateway.trip())
    state = gateway.took(order)
    require({each.action_id for each in state.action_states} == {a.action_id for a in order.actions()}, "they stay")


@case("6.6.8")
def is_idle_when_its_order_has_ended(gateway: PlayedGateway) -> None:
    """At the end of an order nodeStates and edgeStates are empty, all actions have ended, and it does not drive."""
    _, states = trip(gateway)
    require(states[-1].idle and not states[-1].driving, "it is not idle")


@case("7.8")
def knows_where_it_is(gateway: PlayedGateway) -> None:
    """A robot that can tell its position reports it, on the map of its orders, and is localized."""
    gateway.took(gateway.sends(gateway.trip()))
    position = gateway.state().mobile_robot_position
    if position:
        require(position.localized, "it is not localized")
        require(position.map_id == plan().map, f"it is on the map {position.map_id}")


@case("6.3.2")
def has_the_map_of_the_mall(gateway: PlayedGateway) -> None:
    """The maps of the state, where there are any, have the mall's map enabled."""
    maps = gateway.state().maps
    enabled = [each.map_id for each in maps or () if each.map_status is OnRobot.ENABLED]
    require(maps is None or enabled.count(plan().map) == 1, f"enabled maps are {enabled}")


@case("7.8")
def carries_what_it_collected_until_it_drops_it(gateway: PlayedGateway) -> None:
    """A robot that can tell its loads has some after a collect action and none after drop."""
    order, states = trip(gateway)
    if states[0].loads is None:
        return
    drop = order.actions()[-1]
    before = [state for state in states if statuses(state, [drop]) == [ActionStatus.WAITING]]
    require(before[-1].loads and not states[-1].loads, "its loads do not follow its actions")


@case("6.6.8")
def has_no_load_and_no_error_without_an_order(gateway: PlayedGateway) -> None:
    """A robot that has just been prepared for a case reports neither loads nor errors that keep it from orders."""
    state = gateway.state()
    stopped = [error.error_type for error in state.errors if error.error_level in ("CRITICAL", "FATAL")]
    require(state.idle and not state.loads and not stopped, f"idle={state.idle}, errors {stopped}")


@case("6.2.2")
def stands_while_a_hard_action_runs(gateway: PlayedGateway) -> None:
    """A robot does not drive while a HARD action is at work."""
    _, states = trip(gateway)
    at_work = (ActionStatus.RUNNING, ActionStatus.INITIALIZING)
    both = [s for s in states if s.driving and any(a.action_status in at_work for a in s.action_states)]
    require(not both, "it drives while a HARD action runs")


@case("6.2.2")
def executes_hard_actions_one_by_one_in_their_sequence(gateway: PlayedGateway) -> None:
    """HARD actions of a node run alone, in the sequence of the list."""
    actions = tuple(gateway.collect(1) for _ in range(3))
    order = gateway.sends(gateway.order(Stop("south-1", actions)))
    gateway.does(order)
    begun: list[str] = []
    for state in gateway.all_of(State):
        running = [a.action_id for a in state.action_states if a.action_status is ActionStatus.RUNNING]
        require(len(running) <= 1, f"{len(running)} HARD actions run at once")
        begun += [action for action in running if action not in begun]
    require(begun == [action.action_id for action in actions], "they ran in another sequence")


@case("6.6.2")
def triggers_actions_when_it_traverses_their_node(gateway: PlayedGateway) -> None:
    """With the traversal of a node its actions begin: the robot does not drive on before they have ended."""
    actions = (gateway.collect(1),)
    order = gateway.sends(gateway.order(Stop("south-1", actions), Stop("depot")))
    gateway.does(order)
    place = next(node.sequence_id for node in order.nodes if node.actions)
    beyond = [state for state in gateway.all_of(State) if state.order_id == order.order_id]
    early = [s for s in beyond if s.last_node_sequence_id > place and statuses(s, actions) != [ActionStatus.FINISHED]]
    require(not early, "it drove on while its action had not ended")
