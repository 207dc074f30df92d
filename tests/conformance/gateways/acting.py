"""Cases about the instant actions that the gateway sends (sections 6.1.3, 6.2.1, 6.2.3 and 7.4)."""

import json

from jsonschema import Draft202012Validator

from events.vda5050 import errors
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import ActionState, ActionStatus, Error, ErrorLevel, ErrorReference, OperatingMode
from events.vda5050.topics import Kind
from tests.conformance import schemas
from tests.conformance.gateways.bench import LEASE, SENT_AGAIN, TOPICS, Bench, collects
from tests.conformance.gateways.declared import case
from tests.conformance.gateways.ordering import ordered
from tests.conformance.gateways.played import PlayedRobot
from tests.conformance.gateways.progressing import taken
from tests.conformance.kit import require
from tests.flow.shopper import Shopper

PAUSE, CANCEL = InstantAction.START_PAUSE, InstantAction.CANCEL_ORDER


def put(robot: PlayedRobot, what: str) -> int:
    """A clerk's request about a robot; the status of its answer."""
    answer = robot.bench.mall.request("PUT", f"/api/fleet/robots/{robot.id}/{what}", {})
    robot.bench.passes(1)
    return answer.status


def paused(bench: Bench) -> PlayedRobot:
    """A robot that staff asked to pause."""
    robot = bench.robot()
    require(put(robot, "pause") == 200, "staff cannot pause it")
    return robot


@case("6.2.3")
def sends_a_pause(bench: Bench) -> None:
    """Staff's pause goes out as startPause on the robot's topic."""
    robot = paused(bench)
    robot.one_instant(PAUSE)
    require({got.topic for got in robot.got} == {TOPICS.instant_actions(robot.id)}, f"it came on {robot.got[0].topic}")


@case("6.2.3")
def sends_the_end_of_a_pause(bench: Bench) -> None:
    """Staff's resume goes out as stopPause, under an id of its own."""
    robot = paused(bench)
    pause = robot.one_instant(PAUSE)
    robot.answers(pause, ActionStatus.FINISHED, paused=True)
    require(put(robot, "resume") == 200, "staff cannot resume it")
    require(robot.one_instant(InstantAction.STOP_PAUSE).action_id != pause.action_id, "it has the id of the pause")


@case("6.2.1")
def lets_instant_actions_block_nothing(bench: Bench) -> None:
    """The blocking type of an instant action is NONE."""
    robot = paused(bench)
    require({action.blocking_type for action in robot.instant()} == {"NONE"}, "it blocks something")


@case("7.4")
def sends_instant_actions_that_fit_the_schema(bench: Bench) -> None:
    """A message of instant actions fits its JSON Schema."""
    robot = paused(bench)
    for wrong in Draft202012Validator(schemas.schema(Kind.INSTANT_ACTIONS)).iter_errors(
        json.loads(robot.got[0].payload)
    ):
        require(False, f"{'.'.join(map(str, wrong.path))}: {wrong.message}")


@case("7.2")
def counts_the_header_ids_of_instant_actions_up(bench: Bench) -> None:
    """The header id of instant actions goes up by one with each message."""
    robot = paused(bench)
    bench.passes(4 * SENT_AGAIN)
    ids = [json.loads(got.payload)["headerId"] for got in robot.got]
    require(ids == list(range(ids[0], ids[0] + len(ids))) and len(ids) > 2, f"header ids are {ids}")


@case("6.2.1")
def sends_an_instant_action_again_until_it_is_shown(bench: Bench) -> None:
    """An instant action that no state shows is sent again under its id; one that is shown is not."""
    robot = paused(bench)
    bench.passes(3 * SENT_AGAIN)
    sent = robot.instant(PAUSE)
    ids = {action.action_id for action in sent}
    require(len(sent) >= 3, f"it came {len(sent)} times")
    require(len(ids) == 1, f"it came under {len(ids)} ids")
    robot.answers(sent[0], ActionStatus.RUNNING)
    robot.forgets()
    bench.passes(30)
    require(not robot.got, "it was sent again though it is shown")


@case("mall")
def lets_instant_actions_expire(bench: Bench) -> None:
    """Instant actions expire at the broker: a robot that is back much later does nothing that is no longer wanted."""
    robot = paused(bench)
    require(robot.got[0].expires == LEASE and not robot.got[0].retain, f"it expires after {robot.got[0].expires} s")


@case("6.1.3")
def cancels_the_order_of_a_cancelled_list(bench: Bench) -> None:
    """When a list is cancelled its robot gets cancelOrder with the order id."""
    robot, shopper, order = taken(bench)
    shopper.is_cancelled_by_staff()
    bench.passes(2)
    cancel = robot.one_instant(CANCEL)
    require(cancel.parameter("orderId") == order.order_id, f"it names {cancel.parameter('orderId')}")


@case("6.1.3")
def sends_a_cancel_again_until_it_is_shown(bench: Bench) -> None:
    """cancelOrder is sent again under its id until a state shows it, and not while it is RUNNING."""
    robot, shopper, _ = taken(bench)
    shopper.is_cancelled_by_staff()
    bench.passes(3 * SENT_AGAIN)
    sent = robot.instant(CANCEL)
    ids = {action.action_id for action in sent}
    require(len(sent) >= 3, f"it came {len(sent)} times")
    require(len(ids) == 1, f"it came under {len(ids)} ids")
    robot.answers(sent[0], ActionStatus.RUNNING)
    robot.forgets()
    bench.passes(30)
    require(not robot.got, "it was sent again while it ran")


@case("6.1.3.1")
def sends_no_update_after_a_cancel(bench: Bench) -> None:
    """After cancelOrder nothing more is sent of that order; the robot gets a new one under another id."""
    robot, shopper, order = taken(bench)
    shopper.is_cancelled_by_staff()
    bench.passes(2)
    robot.cancels(robot.one_instant(CANCEL))
    robot.forgets()
    bench.order()
    bench.passes(SENT_AGAIN)
    require(robot.orders(), "it got no other order")
    require(order.order_id not in {each.order_id for each in robot.orders()}, "the cancelled order was sent again")


@case("6.1.3.1")
def begins_after_a_cancel_where_the_robot_stands(bench: Bench) -> None:
    """The order after a cancellation begins at the last node that the robot has traversed."""
    robot, shopper, _ = taken(bench)
    robot.says(last_node_id="centre", last_node_sequence_id=4, wait=1)
    shopper.is_cancelled_by_staff()
    bench.passes(2)
    robot.cancels(robot.one_instant(CANCEL))
    bench.order()
    bench.passes(SENT_AGAIN)
    require(robot.order().nodes[0].node_id == "centre", f"it begins at {robot.order().nodes[0].node_id}")


@case("6.1.3.2")
def ends_a_cancel_that_came_too_late(bench: Bench) -> None:
    """cancelOrder FAILED with NO_ORDER_TO_CANCEL, by a robot that is idle, ends it: the next order goes out."""
    robot, shopper, order = taken(bench)
    shopper.is_cancelled_by_staff()
    bench.passes(2)
    cancel = robot.one_instant(CANCEL)
    robot.finishes(order)
    told = Error(error_type=errors.NO_ORDER_TO_CANCEL, error_level=ErrorLevel.WARNING)
    robot.answers(cancel, ActionStatus.FAILED, errors=(told,))
    robot.forgets()
    bench.order()
    bench.passes(SENT_AGAIN)
    require(robot.orders() and not robot.instant(CANCEL), "it got no order, or another cancelOrder")


@case("6.6.6")
def sends_an_intervened_robot_nothing_but_cancels(bench: Bench) -> None:
    """In INTERVENED cancelOrder is the only instant action that is allowed (table 10)."""
    robot, shopper, _ = taken(bench)
    robot.says(operating_mode=OperatingMode.INTERVENED, wait=2)
    robot.forgets()
    put(robot, "pause")
    bench.passes(2 * SENT_AGAIN)
    require(not robot.instant(), "it got an instant action")
    shopper.is_cancelled_by_staff()
    bench.passes(SENT_AGAIN)
    require({action.action_type for action in robot.instant()} == {CANCEL}, "it got no cancelOrder, or more")


def _stuck(bench: Bench) -> tuple[PlayedRobot, Shopper, str]:
    """A robot with an action that failed and may be tried again."""
    robot, shopper, order = taken(bench)
    action = collects(order)[0].action_id
    told = Error(
        error_type=errors.PICK_FAILED,
        error_level=ErrorLevel.WARNING,
        error_references=(ErrorReference(reference_key="actionId", reference_value=action),),
    )
    robot.has(collects(order)[0], ActionStatus.RETRIABLE)
    robot.says(errors=(told,), wait=2)
    robot.forgets()
    return robot, shopper, action


@case("6.2.3")
def sends_a_retry(bench: Bench) -> None:
    """Staff's retry of a RETRIABLE action goes out as retry with its actionId."""
    robot, _, action = _stuck(bench)
    require(put(robot, f"actions/{action}/retry") == 200, "staff cannot retry it")
    sent = robot.one_instant(InstantAction.RETRY)
    require(sent.parameter("actionId") == action, f"it names {sent.parameter('actionId')}")


@case("6.2.3")
def sends_a_skip(bench: Bench) -> None:
    """Staff's skip of a RETRIABLE action goes out as skipRetry with its actionId."""
    robot, _, action = _stuck(bench)
    require(put(robot, f"actions/{action}/skip") == 200, "staff cannot skip it")
    sent = robot.one_instant(InstantAction.SKIP_RETRY)
    require(sent.parameter("actionId") == action, f"it names {sent.parameter('actionId')}")


@case("6.2.3")
def retries_only_what_is_retriable(bench: Bench) -> None:
    """Staff cannot retry an action that is not RETRIABLE: the request is refused, and nothing is sent."""
    robot, _, order = taken(bench)
    robot.forgets()
    refused = put(robot, f"actions/{collects(order)[0].action_id}/retry")
    require(refused in (404, 409), f"the answer is {refused}")
    require(not robot.got, "something was sent")


@case("6.2.3")
def lets_a_robot_wait_for_a_retry(bench: Bench) -> None:
    """A robot that waits with a RETRIABLE action and reports keeps its list: staff decide."""
    robot, shopper, _ = _stuck(bench)
    bench.robot("Bora")
    bench.passes(3 * LEASE)
    require(shopper.shopping_list()["botId"] == robot.id, "its list was given away")


@case("6.6.5.1")
def gives_away_the_list_of_a_robot_that_cannot_go_on(bench: Bench) -> None:
    """A robot with a CRITICAL error cannot continue its order: when its lease ends its list is another's."""
    robot, shopper, _ = taken(bench)
    other = bench.robot("Bora")
    robot.fails(errors.NODE_UNREACHABLE, "CRITICAL")
    bench.passes(2 * LEASE + 30)
    require(shopper.shopping_list()["botId"] == other.id, "the list is still the stuck robot's")


@case("6.6.7")
def gives_away_the_list_of_a_robot_that_cleared_its_order(bench: Bench) -> None:
    """A robot that cleared its order in MANUAL does not collect it: when its lease ends its list is another's."""
    robot, shopper, _ = taken(bench)
    other = bench.robot("Bora")
    failed = tuple(each.model_copy(update={"action_status": ActionStatus.FAILED}) for each in robot.shows.action_states)
    robot.says(operating_mode=OperatingMode.MANUAL, node_states=(), edge_states=(), action_states=failed)
    bench.passes(2 * LEASE + 30)
    require(shopper.shopping_list()["botId"] == other.id, "the list is still its own")


@case("6.2.1")
def asks_for_a_pause_once(bench: Bench) -> None:
    """A second pause before the robot has shown the first is the same instant action."""
    robot = paused(bench)
    put(robot, "pause")
    require(len({action.action_id for action in robot.instant(PAUSE)}) == 1, "there are two")


@case("7.8")
def works_with_a_robot_that_keeps_instant_actions(bench: Bench) -> None:
    """Instant actions stay in the state until they are cleared: old ones are not taken for answers to new ones."""
    robot = paused(bench)
    first = robot.one_instant(PAUSE)
    robot.answers(first, ActionStatus.FINISHED, paused=True)
    put(robot, "resume")
    robot.answers(robot.one_instant(InstantAction.STOP_PAUSE), ActionStatus.FINISHED, paused=False)
    robot.forgets()
    put(robot, "pause")
    bench.passes(SENT_AGAIN)
    sent = robot.instant(PAUSE)
    require(sent and first.action_id not in {action.action_id for action in sent}, "the second pause did not come")


@case("7.8")
def clears_instant_actions_that_have_ended(bench: Bench) -> None:
    """A robot whose state is full of instant actions that have ended is asked to clear them, and asked once."""
    robot = bench.robot()
    robot.says(wait=1, instant_action_states=tuple(_ended(number) for number in range(40)))
    asked = robot.one_instant(InstantAction.CLEAR_INSTANT_ACTIONS)
    robot.says(wait=1, instant_action_states=())
    robot.answers(asked, ActionStatus.FINISHED)
    robot.forgets()
    bench.passes(2 * SENT_AGAIN)
    require(not robot.instant(InstantAction.CLEAR_INSTANT_ACTIONS), "it is asked again")


def _ended(number: int) -> ActionState:
    return ActionState(action_id=f"ended-{number}", action_type=CANCEL, action_status=ActionStatus.FINISHED)


@case("6.1.2.1")
def keeps_an_order_that_has_ended_from_being_cancelled(bench: Bench) -> None:
    """A robot that shows an order that has ended gets no cancelOrder for it."""
    robot, _, order = ordered(bench)
    robot.takes(order)
    robot.finishes(order)
    robot.forgets()
    bench.passes(40)
    require(not robot.got, "something was sent")
