"""Cases about blocking types of actions (section 6.2.2)."""

from events.vda5050.order import BlockingType
from events.vda5050.state import ActionStatus, State
from tests.conformance.gateway import PlayedGateway, Stop, statuses
from tests.conformance.kit import require
from tests.conformance.robots.declared import case

RUNNING = ActionStatus.RUNNING


@case("6.2.2")
def drives_while_an_action_runs_that_allows_it(gateway: PlayedGateway) -> None:
    """An action with blocking type NONE allows driving: the robot leaves the node while it runs."""
    action = gateway.collect(1, blocking_type=BlockingType.NONE)
    order = gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot")))
    gateway.does(order)
    both = [s for s in gateway.all_of(State) if s.driving and statuses(s, [action]) == [RUNNING]]
    require(both, "it waited for the action")


@case("6.2.2")
def runs_soft_actions_together_while_it_stands(gateway: PlayedGateway) -> None:
    """Two actions with blocking type SOFT run in parallel, and the robot does not drive."""
    actions = [gateway.collect(1, blocking_type=BlockingType.SOFT) for _ in range(2)]
    order = gateway.sends(gateway.order(Stop("south-1", tuple(actions)), Stop("depot")))
    gateway.does(order)
    states = [s for s in gateway.all_of(State) if RUNNING in statuses(s, actions)]
    require(any(statuses(s, actions) == [RUNNING, RUNNING] for s in states), "they ran one after the other")
    require(not any(s.driving for s in states), "it drove meanwhile")


@case("6.2.2")
def runs_a_hard_action_after_those_before_it(gateway: PlayedGateway) -> None:
    """A HARD action begins when the SOFT one before it has ended."""
    soft, hard = gateway.collect(1, blocking_type=BlockingType.SOFT), gateway.collect(1)
    order = gateway.sends(gateway.order(Stop("south-1", (soft, hard))))
    gateway.does(order)
    both = [s for s in gateway.all_of(State) if statuses(s, [soft, hard]) == [RUNNING, RUNNING]]
    require(not both, "they ran together")


@case("6.2.2")
def runs_a_single_action_alone_while_it_may_drive(gateway: PlayedGateway) -> None:
    """An action with blocking type SINGLE runs beside no other, and allows driving."""
    actions = [gateway.collect(1, blocking_type=BlockingType.SINGLE) for _ in range(2)]
    gateway.does(gateway.sends(gateway.order(Stop("south-1", tuple(actions)), Stop("depot"))))
    states = [s for s in gateway.all_of(State) if RUNNING in statuses(s, actions)]
    require(states, "they were not reported RUNNING")
    require(not any(statuses(s, actions) == [RUNNING, RUNNING] for s in states), "they ran together")
    require(any(s.driving for s in states), "it waited for the actions")
