"""Cases about instant actions that come twice, as QoS 1 and the gateway's own repetition bring them (section 6.2)."""

from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionStatus, State
from tests.conformance.gateway import PlayedGateway, Stop, instant, statuses
from tests.conformance.kit import require
from tests.conformance.robots.declared import case
from tests.conformance.robots.ordering import busy

RUNNING, RETRIABLE = ActionStatus.RUNNING, ActionStatus.RETRIABLE


def _now(gateway: PlayedGateway) -> State:
    """What it reports after all that was sent to it."""
    gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST))
    return gateway.state()


@case("mall")
def executes_an_instant_action_once(gateway: PlayedGateway) -> None:
    """An instant action that comes again with its id is the same one: it is not executed again."""
    order = busy(gateway)
    action = gateway.instantly(InstantAction.CANCEL_ORDER, orderId=order.order_id)
    gateway.answers(action, 150)
    second = gateway.sends(gateway.trip())
    gateway.took(second)
    gateway.instantly(InstantAction.CANCEL_ORDER, action_id=action, orderId=order.order_id)
    state = gateway.does(second)
    again = instant(state, action)
    require(again is None or again.action_status is ActionStatus.FINISHED, "it is reported with another end")
    told = [error.error_type for error in gateway.complaints(state)]
    require(not told, f"it reports {told}")
    require(set(statuses(state, second.actions())) == {ActionStatus.FINISHED}, "the next order ended")


@case("mall")
def pauses_once_for_each_instant_action(gateway: PlayedGateway) -> None:
    """startPause that comes again after stopPause does not pause the robot, nor does a doubled stopPause let it go."""
    order = busy(gateway)
    pause = gateway.instantly(InstantAction.START_PAUSE)
    gateway.answers(pause)
    resume = gateway.instantly(InstantAction.STOP_PAUSE)
    gateway.answers(resume)
    gateway.instantly(InstantAction.START_PAUSE, action_id=pause)
    require(not _now(gateway).paused, "a startPause that came twice paused it again, and no one would let it go on")
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    gateway.instantly(InstantAction.STOP_PAUSE, action_id=resume)
    require(_now(gateway).paused, "a stopPause that came twice ended another pause")
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    gateway.does(order)


@case("mall")
def retries_once_for_each_instant_action(gateway: PlayedGateway) -> None:
    """retry that comes again, after the action has failed once more, does not begin it a third time."""
    gateway.state()
    gateway.link.mishandle(True)
    action = gateway.collect(1, retriable=True)
    gateway.sends(gateway.order(Stop("south-1", (action,))))
    gateway.until(lambda state: statuses(state, [action]) == [RETRIABLE], "the action RETRIABLE")
    retry = gateway.instantly(InstantAction.RETRY, actionId=action.action_id)
    gateway.until(lambda state: statuses(state, [action]) == [RUNNING], "the action RUNNING again")
    gateway.until(lambda state: statuses(state, [action]) == [RETRIABLE], "the action RETRIABLE again")
    gateway.instantly(InstantAction.RETRY, action_id=retry, actionId=action.action_id)
    states = [_now(gateway), *gateway.passes(30)]
    require(all(statuses(state, [action]) == [RETRIABLE] for state in states), "it was tried a third time")
