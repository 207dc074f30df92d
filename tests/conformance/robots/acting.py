"""Cases about instant actions, pauses and retries (sections 6.2 and 6.6.9)."""

from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction
from events.vda5050.order import Action
from events.vda5050.state import ActionStatus, State
from events.vda5050.topics import Kind
from tests.conformance.gateway import PlayedGateway, Stop, instant, statuses
from tests.conformance.kit import require
from tests.conformance.robots.declared import case
from tests.conformance.robots.ordering import busy

FINISHED, FAILED = ActionStatus.FINISHED, ActionStatus.FAILED
RUNNING, PAUSED, RETRIABLE = ActionStatus.RUNNING, ActionStatus.PAUSED, ActionStatus.RETRIABLE


@case("6.2.1")
def reports_an_instant_action(gateway: PlayedGateway) -> None:
    """An instant action is in the instantActionStates at once, and not among the actions of the order."""
    gateway.state()
    action = gateway.instantly(InstantAction.STATE_REQUEST)
    gateway.answers(action, 5)
    require(action not in {each.action_id for each in gateway.state().action_states}, "it is in the actionStates")


@case("6.2.3")
def sends_a_state_on_request(gateway: PlayedGateway) -> None:
    """stateRequest is answered with a state, in which it is FINISHED."""
    gateway.state()
    place = len(gateway.log)
    action = gateway.instantly(InstantAction.STATE_REQUEST)
    gateway.until_message(State, lambda state: instant(state, action), "a state", 5, since=place)
    require(gateway.answers(action, 5).action_status is FINISHED, "stateRequest is not FINISHED")


@case("6.2.3")
def pauses(gateway: PlayedGateway) -> None:
    """startPause stops a robot between two nodes: it reports paused, does not drive, and the action is FINISHED."""
    busy(gateway)
    require(gateway.answers(gateway.instantly(InstantAction.START_PAUSE)).action_status is FINISHED, "not FINISHED")
    place = gateway.state().last_node_sequence_id
    states = [gateway.state(), *gateway.passes(70)]
    require(all(state.paused and not state.driving for state in states), "it drives, or does not say that it is paused")
    require(states[-1].last_node_sequence_id == place, "it reached another node")


@case("6.2.3")
def goes_on_after_a_pause(gateway: PlayedGateway) -> None:
    """stopPause ends a pause: the robot reports paused=false and works its order off."""
    order = busy(gateway)
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    gateway.passes(40)
    require(gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE)).action_status is FINISHED, "not FINISHED")
    require(not gateway.state().paused, "it is still paused")
    require(set(statuses(gateway.does(order), order.actions())) == {FINISHED}, "actions did not finish")


@case("6.2.3")
def pauses_an_action_that_can_be_paused(gateway: PlayedGateway) -> None:
    """An action with pauseAllowed=true is PAUSED by startPause and RUNNING again after stopPause."""
    action = gateway.collect(1)
    order = gateway.sends(gateway.order(Stop("south-1", (action,))))
    gateway.until(lambda state: statuses(state, [action]) == [RUNNING], "collecting")
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    gateway.until(lambda state: statuses(state, [action]) == [PAUSED], "the action PAUSED", 10)
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    require(statuses(gateway.does(order), [action]) == [FINISHED], "the action did not finish")


@case("6.2.3")
def takes_an_order_while_paused(gateway: PlayedGateway) -> None:
    """A paused robot that is idle takes an order, and begins with it after stopPause."""
    gateway.state()
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    order = gateway.sends(gateway.trip())
    gateway.took(order)
    require(not any(state.driving for state in gateway.passes(40)), "it drives while paused")
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    gateway.does(order)


@case("6.2.3")
def pauses_twice_without_harm(gateway: PlayedGateway) -> None:
    """startPause and stopPause are idempotent: a second one is FINISHED too."""
    order = busy(gateway)
    for kind in (InstantAction.START_PAUSE, InstantAction.STOP_PAUSE):
        for _ in range(2):
            require(gateway.answers(gateway.instantly(kind)).action_status is FINISHED, f"{kind} is not FINISHED")
    gateway.does(order)


@case("6.2.1")
def refuses_an_unknown_instant_action(gateway: PlayedGateway) -> None:
    """An instant action that it cannot execute is FAILED: INVALID_INSTANT_ACTION as WARNING with its actionId."""
    gateway.state()
    action = gateway.instantly("juggle")
    require(gateway.answers(action).action_status is FAILED, "it is not FAILED")
    gateway.refuses(errors.INVALID_INSTANT_ACTION, "WARNING", actionId=action)


@case("6.6.5.4")
def forgets_a_refused_instant_action_when_it_accepts_another(gateway: PlayedGateway) -> None:
    """INVALID_INSTANT_ACTION stays until another instant action is accepted."""
    gateway.state()
    gateway.answers(gateway.instantly("juggle"))
    gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST))
    gateway.until(lambda state: not gateway.complaints(state), "no error", 10)


@case("6.2.1")
def executes_what_it_can_of_a_message(gateway: PlayedGateway) -> None:
    """Of a message every instant action is executed that can be: one that cannot keeps neither them nor the order."""
    order = busy(gateway)
    actions = [gateway.instant(kind) for kind in (InstantAction.STATE_REQUEST, "juggle", InstantAction.START_PAUSE)]
    gateway.sends_instantly(*actions)
    ended = [str(gateway.answers(action.action_id).action_status) for action in actions]
    require(ended == ["FINISHED", "FAILED", "FINISHED"], f"its actions ended {ended}")
    require(gateway.state().paused, "it is not paused")
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    require(set(statuses(gateway.does(order), order.actions())) == {FINISHED}, "actions did not finish")


@case("6.1.4.1")
def survives_malformed_instant_actions(gateway: PlayedGateway) -> None:
    """Text that is no instantActions message is reported as VALIDATION_FAILURE and has no effect."""
    order = busy(gateway)
    gateway.sends_text(Kind.INSTANT_ACTIONS, b'{"actions": [{}]}')
    gateway.refuses(errors.VALIDATION_FAILURE, "WARNING")
    gateway.does(order)


@case("7.8")
def keeps_instant_actions_until_they_are_cleared(gateway: PlayedGateway) -> None:
    """Instant actions stay in the state, also over a new order, until clearInstantActions."""
    gateway.state()
    action = gateway.instantly(InstantAction.STATE_REQUEST)
    gateway.answers(action)
    state = gateway.does(gateway.sends(gateway.trip()))
    require(instant(state, action), "it is gone after an order")
    gateway.instantly(InstantAction.CLEAR_INSTANT_ACTIONS)
    gateway.until(lambda state: not instant(state, action), "it is gone", 10)


def _fails(gateway: PlayedGateway) -> None:
    gateway.state()
    gateway.link.mishandle(True)


@case("6.6.9")
def waits_with_a_retriable_action_that_failed(gateway: PlayedGateway) -> None:
    """A retriable action that does not succeed is RETRIABLE, with an error; the order waits."""
    _fails(gateway)
    action = gateway.collect(1, retriable=True)
    order = gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot", (gateway.drop(),))))
    state = gateway.until(lambda state: statuses(state, [action]) == [RETRIABLE], "the action RETRIABLE")
    require(gateway.complaints(state), "there is no error")
    states = gateway.passes(60)
    require(all(statuses(each, [action]) == [RETRIABLE] and not each.driving for each in states), "it goes on")
    require(gateway.state().order_id == order.order_id, "the order is gone")


@case("6.2.3")
def tries_an_action_again(gateway: PlayedGateway) -> None:
    """retry begins the RETRIABLE action anew: it is FINISHED where it succeeds, and its error is gone."""
    _fails(gateway)
    action = gateway.collect(1, retriable=True)
    order = gateway.sends(gateway.order(Stop("south-1", (action,))))
    gateway.until(lambda state: statuses(state, [action]) == [RETRIABLE], "the action RETRIABLE")
    gateway.link.mishandle(False)
    retry = gateway.instantly(InstantAction.RETRY, actionId=action.action_id)
    require(gateway.answers(retry).action_status is FINISHED, "retry is not FINISHED")
    ended = gateway.does(order)
    succeeded = statuses(ended, [action]) == [FINISHED] and not gateway.complaints(ended)
    require(succeeded, "it did not succeed the second time")


@case("6.2.3")
def gives_an_action_up(gateway: PlayedGateway) -> None:
    """skipRetry makes the RETRIABLE action FAILED, and the order goes on."""
    _fails(gateway)
    action = gateway.collect(1, retriable=True)
    order = gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot", (gateway.drop(),))))
    gateway.until(lambda state: statuses(state, [action]) == [RETRIABLE], "the action RETRIABLE")
    gateway.link.mishandle(False)
    skip = gateway.instantly(InstantAction.SKIP_RETRY, actionId=action.action_id)
    require(gateway.answers(skip).action_status is FINISHED, "skipRetry is not FINISHED")
    require(statuses(gateway.does(order), order.actions()) == [FAILED, FINISHED], "the order did not go on")


@case("mall")
def holds_nothing_after_a_drop_that_was_given_up(gateway: PlayedGateway) -> None:
    """What a robot holds after a drop that was skipped, or failed for good, it puts back; it is idle meanwhile."""
    gateway.state()
    for retriable in (True, False):
        drop = _fails_to_drop(gateway, retriable)
        if retriable:
            gateway.until(lambda state: RETRIABLE in [a.action_status for a in state.action_states], "RETRIABLE")
            gateway.answers(gateway.instantly(InstantAction.SKIP_RETRY, actionId=drop.action_id), 150)
        ended = gateway.until(lambda state: state.idle, "idle")
        require(statuses(ended, [drop]) == [FAILED], "the drop that was given up is not FAILED")
        gateway.until(lambda state: state.idle and not state.loads, "idle and without loads")
        gateway.link.mishandle(False)


def _fails_to_drop(gateway: PlayedGateway, retriable: bool) -> Action:
    """A robot that has collected something, and from now on fails in all that it does; its drop."""
    action, drop = gateway.collect(1), gateway.drop(retriable=retriable)
    gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot", (drop,))))
    gateway.until(lambda state: statuses(state, [action]) == [FINISHED], "collected")
    gateway.link.mishandle(True)
    return drop


@case("6.2.3")
def retries_nothing_that_is_not_retriable(gateway: PlayedGateway) -> None:
    """retry of an action that is not RETRIABLE is FAILED: INVALID_INSTANT_ACTION."""
    order = busy(gateway)
    action = gateway.instantly(InstantAction.RETRY, actionId=order.actions()[0].action_id)
    require(gateway.answers(action).action_status is FAILED, "retry is not FAILED")
    gateway.refuses(errors.INVALID_INSTANT_ACTION, "WARNING", actionId=action)


@case("6.6.9")
def fails_an_action_that_is_not_retriable(gateway: PlayedGateway) -> None:
    """An action without `retriable` that does not succeed is FAILED directly, with an error; the order goes on."""
    _fails(gateway)
    action = gateway.collect(1)
    order = gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot", (gateway.drop(),))))
    gateway.until(lambda state: statuses(state, [action]) == [FAILED], "the action FAILED")
    gateway.link.mishandle(False)
    ended = gateway.does(order)
    require(statuses(ended, order.actions()) == [FAILED, FINISHED], "the order did not go on")
    require(any(action.action_id in str(error.error_references) for error in ended.errors), "no error names it")


@case("6.1.3")
def cancels_an_order_that_waits_for_a_retry(gateway: PlayedGateway) -> None:
    """cancelOrder ends an order with a RETRIABLE action, which is FAILED then."""
    _fails(gateway)
    action = gateway.collect(1, retriable=True)
    gateway.sends(gateway.order(Stop("south-1", (action,)), Stop("depot", (gateway.drop(),))))
    gateway.until(lambda state: statuses(state, [action]) == [RETRIABLE], "the action RETRIABLE")
    cancel = gateway.answers(gateway.instantly(InstantAction.CANCEL_ORDER), 150)
    require(cancel.action_status is FINISHED, "cancelOrder is not FINISHED")
    require(statuses(gateway.state(), [action]) == [FAILED], "the action is not FAILED")
