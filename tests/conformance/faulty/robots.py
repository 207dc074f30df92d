"""Faulty robots: our own with one fault each, which the case that is named must find."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clients.robot.machine import Publication, Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Order
from events.vda5050.state import ActionState, ActionStatus, Error, ErrorLevel, State
from events.vda5050.text import MalformedError, read, to_bytes
from events.vda5050.topics import Kind
from tests.conformance.faulty.altered import Altered
from tests.conformance.faulty.faults import Fault
from tests.conformance.gateway import PlayedGateway
from tests.conformance.links import MachineLink, Make, our_robot
from tests.conformance.robots.cases import ROBOT_CASES

Change = Callable[[State], State]


ROBOT_FAULTS: list[Fault] = []


def fault(found_by: str) -> Callable[[Callable[[Memory, Settings], Robot]], Callable[[Memory, Settings], Robot]]:
    """Declare a faulty robot; its fault is the name of the function."""

    def declare(make: Make) -> Make:
        assert found_by in ROBOT_CASES.known, found_by
        name = make.__name__.replace("_", " ")
        ROBOT_FAULTS.append(Fault(name, found_by, lambda: PlayedGateway(MachineLink(make))))
        return make

    return declare


def _states(change: Change) -> Callable[[Memory, Settings], Any]:
    """A robot whose states are changed."""

    def outgoing(each: Publication) -> Publication:
        return each._replace(message=change(each.message)) if isinstance(each.message, State) else each

    return lambda memory, settings: Altered(our_robot(memory, settings), outgoing)


def _changed(**changes: object) -> Change:
    return lambda state: state.model_copy(update=changes)


def _each_action(change: Callable[[ActionState], ActionState]) -> Change:
    return lambda state: state.model_copy(update={"action_states": tuple(map(change, state.action_states))})


def _each_error(change: Callable[[Error], Error | None]) -> Change:
    return lambda state: state.model_copy(
        update={"errors": tuple(changed for error in state.errors if (changed := change(error)))}
    )


@fault("counts_header_ids_up")
def sends_every_state_with_the_same_header_id(memory: Memory, settings: Settings) -> Any:
    return _states(_changed(header_id=7))(memory, settings)


@fault("names_itself_in_every_header")
def names_another_serial_number(memory: Memory, settings: Settings) -> Any:
    return _states(_changed(serial_number="robot-2"))(memory, settings)


@fault("retains_its_connection")
def does_not_retain_its_connection(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), lambda each: each._replace(retain=each.kind is Kind.FACTSHEET))


@fault("leaves_a_last_will")
def leaves_a_will_that_says_offline(memory: Memory, settings: Settings) -> Any:
    def outgoing(each: Publication) -> Publication:
        broken = isinstance(each.message, Connection) and each.message.connection_state == "CONNECTION_BROKEN"
        offline = {"connection_state": ConnectionState.OFFLINE}
        return each._replace(message=each.message.model_copy(update=offline)) if broken else each

    return Altered(our_robot(memory, settings), outgoing)


@fault("reports_every_thirty_seconds_when_idle")
def reports_once_a_minute(memory: Memory, settings: Settings) -> Any:
    return our_robot(memory, replace(settings, report_every=60))


@fault("keeps_its_order_over_a_restart")
def forgets_its_order_when_it_is_restarted(memory: Memory, settings: Settings) -> Any:
    return our_robot(Memory(memory.node_id), settings)


@fault("does_not_report_the_first_node")
def reports_nodes_that_it_has_traversed(memory: Memory, settings: Settings) -> Any:
    last: dict[str, Any] = {}

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind == Kind.ORDER:
            last["order"] = read(Order, payload)
        return payload

    def outgoing(each: Publication) -> Publication:
        order = last.get("order")
        if not isinstance(each.message, State) or not order or not each.message.node_states:
            return each
        first = each.message.node_states[0].model_copy(update={"node_id": order.nodes[0].node_id, "sequence_id": 0})
        return each._replace(
            message=each.message.model_copy(update={"node_states": (first, *each.message.node_states)})
        )

    return Altered(our_robot(memory, settings), outgoing, incoming)


@fault("keeps_the_order_id_when_the_order_has_ended")
def clears_the_order_id_when_it_is_idle(memory: Memory, settings: Settings) -> Any:
    return _states(lambda state: state.model_copy(update={"order_id": ""}) if state.idle and _aged(state) else state)(
        memory, settings
    )


def _aged(state: State) -> bool:
    return state.header_id > 12


@fault("tells_how_many_it_collected")
def tells_in_words_what_it_collected(memory: Memory, settings: Settings) -> Any:
    return _states(
        _each_action(
            lambda action: action.model_copy(update={"action_result": "some"}) if action.action_result else action
        )
    )(memory, settings)


@fault("takes_an_order")
def refuses_action_ids_of_more_than_64_characters(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes:
        too_long = re.search(rb'"actionId":"[^"]{65,}"', payload)
        return payload.replace(b'"actionType":"collect"', b'"actionType":"juggle"') if too_long else payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("is_large_enough_for_the_malls_orders")
def has_room_for_ids_of_64_characters(memory: Memory, settings: Settings) -> Any:
    def outgoing(each: Publication) -> Publication:
        if not isinstance(each.message, Factsheet):
            return each
        limits = each.message.protocol_limits
        lengths = limits.maximum_string_lengths.model_copy(update={"maximum_id_length": 64})
        small = limits.model_copy(update={"maximum_string_lengths": lengths})
        return each._replace(message=each.message.model_copy(update={"protocol_limits": small}))

    return Altered(our_robot(memory, settings), outgoing)


@fault("finishes_every_action")
def says_that_finished_actions_are_still_running(memory: Memory, settings: Settings) -> Any:
    def change(action: ActionState) -> ActionState:
        drops = action.action_type == "drop" and action.action_status is ActionStatus.FINISHED
        return action.model_copy(update={"action_status": ActionStatus.FAILED}) if drops else action

    return _states(_each_action(change))(memory, settings)


@fault("lets_actions_wait_until_their_node")
def says_that_actions_run_before_their_node(memory: Memory, settings: Settings) -> Any:
    def change(action: ActionState) -> ActionState:
        waits = action.action_status is ActionStatus.WAITING
        return action.model_copy(update={"action_status": ActionStatus.INITIALIZING}) if waits else action

    return _states(_each_action(change))(memory, settings)


@fault("refuses_an_order_while_another_is_active")
def refuses_orders_in_silence(memory: Memory, settings: Settings) -> Any:
    return _states(_each_error(lambda error: None if error.error_type in errors.REJECTIONS else error))(
        memory, settings
    )


@fault("refuses_an_outdated_update")
def names_errors_as_version_2_did(memory: Memory, settings: Settings) -> Any:
    old = {errors.OUTDATED_ORDER_UPDATE: "orderUpdateError", errors.OTHER_ORDER_ACTIVE: "orderError"}
    return _states(
        _each_error(lambda error: error.model_copy(update={"error_type": old.get(error.error_type, error.error_type)}))
    )(memory, settings)


@fault("refuses_an_optional_field_that_it_cannot_use")
def takes_errors_lightly(memory: Memory, settings: Settings) -> Any:
    return _states(_each_error(lambda error: error.model_copy(update={"error_level": ErrorLevel.WARNING})))(
        memory, settings
    )


@fault("refuses_an_unknown_instant_action")
def refers_to_nothing_in_its_errors(memory: Memory, settings: Settings) -> Any:
    return _states(_each_error(lambda error: error.model_copy(update={"error_references": None})))(memory, settings)


@fault("ignores_an_order_that_is_sent_again")
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


@fault("has_no_order_to_cancel")
def finishes_every_cancel(memory: Memory, settings: Settings) -> Any:
    def change(state: State) -> State:
        actions = tuple(
            each.model_copy(update={"action_status": ActionStatus.FINISHED})
            if each.action_type == "cancelOrder"
            else each
            for each in state.instant_action_states
        )
        return state.model_copy(update={"instant_action_states": actions})

    return _states(change)(memory, settings)


@fault("does_not_begin_a_cancelled_order_again")
def begins_a_cancelled_order_again(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind == Kind.ORDER and robot.memory.cancelled:
            robot.memory.order, robot.memory.earlier_orders = None, []
            robot.memory.cancelled = False
            return payload.replace(b'"nodeId":"parking-1"', f'"nodeId":"{robot.memory.node_id}"'.encode())
        return payload

    return Altered(robot, incoming=incoming)


@fault("pauses")
def drives_on_while_it_is_paused(memory: Memory, settings: Settings) -> Any:
    return _states(lambda state: state.model_copy(update={"driving": True}) if state.paused else state)(
        memory, settings
    )


@fault("keeps_instant_actions_until_they_are_cleared")
def forgets_instant_actions_with_the_next_order(memory: Memory, settings: Settings) -> Any:
    robot = our_robot(memory, settings)

    def incoming(kind: str, payload: bytes) -> bytes:
        if kind == Kind.ORDER:
            robot.memory.instant = []
        return payload

    return Altered(robot, incoming=incoming)


@fault("stops_at_the_decision_point")
def drives_into_the_horizon(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes:
        return payload.replace(b'"released":false', b'"released":true') if kind == Kind.ORDER else payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("sends_its_factsheet_on_request")
def keeps_its_factsheet_to_itself(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), lambda each: None if each.kind is Kind.FACTSHEET else each)


@fault("ignores_fields_that_it_does_not_know")
def chokes_on_fields_that_it_does_not_know(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), incoming=lambda _, payload: payload.replace(b'"novelty"', b'"orderId"'))


@fault("refuses_what_is_no_json")
def says_nothing_about_malformed_orders(memory: Memory, settings: Settings) -> Any:
    def incoming(kind: str, payload: bytes) -> bytes | None:
        try:
            read(Order if kind == Kind.ORDER else InstantActions, payload)
        except MalformedError:
            return None
        return payload

    return Altered(our_robot(memory, settings), incoming=incoming)


@fault("hands_nothing_over_while_cut_off")
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


@fault("stamps_its_messages_in_order")
def has_a_clock_that_goes_backwards(memory: Memory, settings: Settings) -> Any:
    return _states(
        lambda state: state.model_copy(update={"timestamp": f"20{90 - state.header_id % 60}{state.timestamp[4:]}"})
    )(memory, settings)
