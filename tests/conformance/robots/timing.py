"""Cases about when a state is sent: at least every 30 seconds, and when something has changed (section 6.6)."""

from itertools import pairwise

from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import Action
from events.vda5050.state import ActionStatus, State
from tests.conformance.gateway import PlayedGateway, Stop, statuses
from tests.conformance.kit import FailedError, require
from tests.conformance.robots.declared import case
from tests.conformance.robots.ordering import busy
from tests.conformance.robots.reporting import trip

LIMIT = 30.5  # seconds between two states: the standard's 30, and a little for the way
ASKED_EVERY = 1.7  # seconds: no multiple of what actions take, so that few of them end as the robot is asked
QUESTIONS = 40  # at most, about one action
TRIES = 3  # for a robot may be asked in the very moment in which its action ends


def _longest_gap(gateway: PlayedGateway, place: int, begun: float) -> float:
    """The longest time without a state since a place in the log, until now; seconds."""
    arrived = [each.at for each, message in gateway.log[place:] if isinstance(message, State)]
    return max(later - earlier for earlier, later in pairwise([begun, *arrived, gateway.link.now()]))


@case("6.6")
def reports_every_thirty_seconds_when_idle(gateway: PlayedGateway) -> None:
    """An idle robot sends a state at least every 30 seconds."""
    gateway.state()
    place, begun = len(gateway.log), gateway.link.now()
    gateway.passes(100)
    longest = _longest_gap(gateway, place, begun)
    require(longest <= LIMIT, f"a gap of {longest:.1f} s")


@case("6.6")
def reports_every_thirty_seconds_at_work(gateway: PlayedGateway) -> None:
    """A robot with an order sends a state at least every 30 seconds, also while it is paused and nothing changes."""
    order = busy(gateway)
    place, begun = len(gateway.log), gateway.link.now()
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    gateway.passes(100)
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    gateway.does(order)
    longest = _longest_gap(gateway, place, begun)
    require(longest <= LIMIT, f"a gap of {longest:.1f} s")


@case("6.6")
def reports_at_once_that_it_has_an_order(gateway: PlayedGateway) -> None:
    """Receiving an order triggers a state."""
    gateway.state()
    begun = gateway.link.now()
    gateway.took(gateway.sends(gateway.trip()))
    require(gateway.link.now() - begun < 5, "the order was echoed late")


@case("6.6")
def reports_when_it_begins_and_ends_to_drive(gateway: PlayedGateway) -> None:
    """A change of `driving` triggers a state: it is told before the next node is, and that it stands where it acts."""
    order, states = trip(gateway)
    for here, there in pairwise(order.nodes):
        drives = any(state.driving for state in states if state.last_node_sequence_id == here.sequence_id)
        require(drives, f"driving was not reported between {here.node_id} and {there.node_id}")
        stands = any(not state.driving for state in states if state.last_node_sequence_id == there.sequence_id)
        require(stands or not there.actions, f"it was not reported that it stands at {there.node_id}")


@case("6.6")
def reports_when_an_action_begins_and_ends(gateway: PlayedGateway) -> None:
    """A change of actionStates triggers a state: each HARD action is told RUNNING and FINISHED before the next node."""
    actions = tuple(gateway.collect(1) for _ in range(3))
    order = gateway.sends(gateway.order(Stop("south-1", actions), Stop("depot", (gateway.drop(),))))
    gateway.does(order)
    states = [state for state in gateway.all_of(State) if state.order_id == order.order_id]
    for node in order.nodes:
        there = [state for state in states if state.last_node_sequence_id == node.sequence_id]
        for number, action in enumerate(node.actions, 1):
            seen = {status for state in there for status in statuses(state, [action])}
            for status in (ActionStatus.RUNNING, ActionStatus.FINISHED):
                told = f"{action.action_type} {number} at {node.node_id} was not reported {status} there"
                require(status in seen, told)


@case("6.6")
def reports_the_end_of_its_order_without_being_asked(gateway: PlayedGateway) -> None:
    """The end of the last action triggers a state: it arrives before the answer to the next stateRequest does."""
    for _ in range(TRIES):
        gateway.instantly(InstantAction.CLEAR_INSTANT_ACTIONS)
        action = gateway.collect(1)
        gateway.took(gateway.sends(gateway.order(start=Stop(gateway.state().last_node_id, (action,)))))
        if not _ends_in_an_answer(gateway, action):
            return
    raise FailedError(f"that its action had ended it told only when it was asked, {TRIES} times of {TRIES}")


def _ends_in_an_answer(gateway: PlayedGateway, action: Action) -> bool:
    """Ask for the state all the time: whether the first one in which the action has ended answers a question."""
    place = len(gateway.log) - 1
    for _ in range(QUESTIONS):
        gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST), 10)
        gateway.passes(ASKED_EVERY)
        for before, state in pairwise(gateway.all_of(State, place)):
            if statuses(state, [action]) == [ActionStatus.FINISHED]:
                return bool(_asked(state) - _asked(before))
    raise FailedError(f"an action had not ended after {QUESTIONS * ASKED_EVERY:.0f} s")


def _asked(state: State) -> set[str]:
    return {action.action_id for action in state.instant_action_states}
