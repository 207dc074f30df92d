"""Faulty robots in what they do with what they are told."""

import re
from typing import Any

from clients.robot.machine import Publication
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.vda5050.instant_actions import InstantAction, InstantActions
from events.vda5050.order import Order
from events.vda5050.state import ActionState, ActionStatus, State
from events.vda5050.text import MalformedError, read, to_bytes
from events.vda5050.topics import Kind
from tests.conformance.faulty.altered import Altered
from tests.conformance.faulty.planting import each_action, fault
from tests.conformance.links import our_robot


@fault("keeps_its_order_over_a_restart", "its order is '' now")
def forgets_its_order_when_it_is_restarted(memory: Memory, settings: Settings) -> Any:
    return our_robot(Memory(memory.node_id), settings)


@fault("takes_an_order", r"the order is taken over: .*errors \['INVALID_ORDER_ACTION'\]")
def refuses_action_ids_of_more_than_64_characters(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes:
        too_long = re.search(rb'"actionId":"[^"]{65,}"', payload)
        return payload.replace(b'"actionType":"collect"', b'"actionType":"juggle"') if too_long else payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("ignores_an_order_that_is_sent_again", "it reports an error")
def complains_of_orders_that_are_sent_again(memory: Memory, settings: Settings) -> Any:
    seen: list[bytes] = []
    robot = our_robot(memory, settings)

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind != Kind.ORDER:
            return payload
        order = read(Order, payload)
        content = to_bytes(order.model_copy(update={"header_id": 0, "timestamp": order.nodes[0].node_id}))
        known = content in seen
        seen.append(content)
        return payload.replace(b'"blockingType":"HARD"', b'"blockingType":"SOFT"') if known else payload

    return Altered(robot, incoming=incoming)


@fault("does_not_begin_a_cancelled_order_again", "it began it again")
def begins_a_cancelled_order_again(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind == Kind.ORDER and robot.memory.cancelled:
            robot.memory.order, robot.memory.earlier_orders = None, []
            robot.memory.cancelled = False
            return payload.replace(b'"nodeId":"parking-1"', f'"nodeId":"{robot.memory.node_id}"'.encode())
        return payload

    return Altered(robot, incoming=incoming)


@fault("keeps_instant_actions_until_they_are_cleared", "it is gone after an order")
def forgets_instant_actions_with_the_next_order(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind == Kind.ORDER:
            robot.memory.instant = []
        return payload

    return Altered(robot, incoming=incoming)


@fault("stops_at_the_decision_point", "it drove into the horizon")
def drives_into_the_horizon(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes:
        return payload.replace(b'"released":false', b'"released":true') if kind == Kind.ORDER else payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("ignores_fields_that_it_does_not_know", r"the order is taken over: .*errors \['VALIDATION_FAILURE'\]")
def chokes_on_fields_that_it_does_not_know(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), incoming=lambda _, payload: payload.replace(b'"novelty"', b'"orderId"'))


@fault("refuses_what_is_no_json", "error VALIDATION_FAILURE: not reported")
def says_nothing_about_malformed_orders(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes | None:
        try:
            read(Order if kind == Kind.ORDER else InstantActions, payload)
        except MalformedError:
            return None
        return payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("hands_nothing_over_while_cut_off", "it has dropped what it collected")
def drops_without_a_connection(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)
    disconnected = robot.disconnected
    vars(robot._work)["doubt"] = lambda seconds: None  # a silence longer than the lease holds nothing either

    def cut(now: float) -> list[Publication]:
        published = disconnected(now)
        robot._work.online = True
        return published

    robot.disconnected = cut  # type: ignore[method-assign]
    return robot


@fault("refuses_an_order_for_another_robot", r"error VALIDATION_FAILURE: not reported .*the last state: order '\w")
def takes_orders_for_other_robots(memory: Memory, settings: Settings) -> Any:
    def incoming(_: str, payload: bytes) -> bytes:
        return re.sub(rb'"serialNumber":"[^"]*"', b'"serialNumber":"robot-1"', payload)

    return Altered(our_robot(memory, settings), incoming=incoming)


def _executing_again(memory: Memory, settings: Settings, *actions: InstantAction) -> Any:
    """A robot that knows the ids of other instant actions alone."""
    robot = our_robot(memory, settings)

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind == Kind.INSTANT_ACTIONS:
            again = {each.action_id for each in read(InstantActions, payload).actions if each.action_type in actions}
            robot.memory.known_instant = [id for id in robot.memory.known_instant if id not in again]
        return payload

    return Altered(robot, incoming=incoming)


@fault("pauses_once_for_each_instant_action", "a startPause that came twice paused it again")
def pauses_again_for_a_doubled_start_pause(memory: Memory, settings: Settings) -> Any:
    return _executing_again(memory, settings, InstantAction.START_PAUSE)


@fault("pauses_once_for_each_instant_action", "a stopPause that came twice ended another pause")
def goes_on_for_a_doubled_stop_pause(memory: Memory, settings: Settings) -> Any:
    return _executing_again(memory, settings, InstantAction.STOP_PAUSE)


@fault("retries_once_for_each_instant_action", "it was tried a third time")
def tries_again_for_a_doubled_retry(memory: Memory, settings: Settings) -> Any:
    return _executing_again(memory, settings, InstantAction.RETRY)


@fault("executes_what_it_can_of_a_message", r"instant action juggle:\S+ has ended: not reported")
def reads_the_first_instant_action_of_a_message_alone(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes:
        if kind != Kind.INSTANT_ACTIONS:
            return payload
        message = read(InstantActions, payload)
        return to_bytes(message.model_copy(update={"actions": message.actions[:1]}))

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("executes_what_it_can_of_a_message", "its actions ended .*'FAILED', 'FAILED'")
def refuses_what_comes_after_an_unknown_instant_action(memory: Memory, settings: Settings) -> Any:
    def incoming(_: str, payload: bytes) -> bytes:
        return payload.replace(b'"startPause"', b'"juggle"') if b'"juggle"' in payload else payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("runs_a_single_action_alone_while_it_may_drive", "they ran together")
def takes_single_for_none(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), incoming=lambda _, payload: payload.replace(b'"SINGLE"', b'"NONE"'))


@fault("runs_a_single_action_alone_while_it_may_drive", "it waited for the actions")
def takes_single_for_hard(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), incoming=lambda _, payload: payload.replace(b'"SINGLE"', b'"HARD"'))


@fault("cancels_an_order_while_it_is_paused", r"instant action cancelOrder:\S+ has ended: not reported")
def cancels_nothing_while_it_is_paused(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)

    def incoming(_: str, payload: bytes) -> bytes | None:
        return None if robot.memory.paused and b'"cancelOrder"' in payload else payload

    return Altered(robot, incoming=incoming)


@fault("takes_an_order_whenever_it_is_idle", r"the order is taken over: .*errors \['OTHER_ORDER_ACTIVE'\]")
def seems_idle_before_it_has_put_back_what_it_holds(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)

    def ended(action: ActionState) -> ActionState:
        lost = any(task.lost for task in robot.memory.tasks if task.action.action_id == action.action_id)
        return action.model_copy(update={"action_status": ActionStatus.FAILED}) if lost else action

    def outgoing(each: Publication) -> Publication:
        return each._replace(message=each_action(ended)(each.message)) if isinstance(each.message, State) else each

    return Altered(robot, outgoing)
