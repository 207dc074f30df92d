"""Faulty robots in what they say."""

from dataclasses import replace
from typing import Any

from clients.robot.machine import Publication
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050 import errors
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet
from events.vda5050.order import Order
from events.vda5050.state import ActionState, ActionStatus, ErrorLevel, Load, State
from events.vda5050.text import read
from events.vda5050.topics import Kind
from tests.conformance.faulty.altered import Altered
from tests.conformance.faulty.planting import Change, changed, each_action, each_error, fault, states
from tests.conformance.links import our_robot


@fault("counts_header_ids_up", r"header ids on state are \[7, 7,")
def sends_every_state_with_the_same_header_id(memory: Memory, settings: Settings) -> Any:
    return states(changed(header_id=7))(memory, settings)


@fault("counts_the_header_ids_of_its_connection_up", "header ids of ONLINE, OFFLINE and ONLINE are 0, 0 and 0")
def numbers_no_connection_messages(memory: Memory, settings: Settings) -> Any:
    def outgoing(each: Publication) -> Publication:
        connects = isinstance(each.message, Connection)
        return each._replace(message=each.message.model_copy(update={"header_id": 0})) if connects else each

    return Altered(our_robot(memory, settings), outgoing)


@fault("names_itself_in_every_header", "a header on state names .*'robot-2'")
def names_another_serial_number(memory: Memory, settings: Settings) -> Any:
    return states(changed(serial_number="robot-2"))(memory, settings)


@fault("retains_its_connection", "a connection message is not retained")
def does_not_retain_its_connection(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), lambda each: each._replace(retain=each.kind is Kind.FACTSHEET))


@fault("retains_nothing_but_its_connection_and_factsheet", "its state is retained")
def retains_all_that_it_publishes(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), lambda each: each._replace(retain=True))


@fault("leaves_a_last_will", "the will says OFFLINE")
def leaves_a_will_that_says_offline(memory: Memory, settings: Settings) -> Any:
    def outgoing(each: Publication) -> Publication:
        broken = isinstance(each.message, Connection) and each.message.connection_state == "CONNECTION_BROKEN"
        offline = {"connection_state": ConnectionState.OFFLINE}
        return each._replace(message=each.message.model_copy(update=offline)) if broken else each

    return Altered(our_robot(memory, settings), outgoing)


@fault("reports_every_thirty_seconds_when_idle", "a gap of 60.0 s")
def reports_once_a_minute(memory: Memory, settings: Settings) -> Any:
    return our_robot(memory, replace(settings, report_every=60))


@fault("reports_every_thirty_seconds_at_work", r"a gap of 100\.\d s")
def says_nothing_while_nothing_changes(memory: Memory, settings: Settings) -> Any:
    return our_robot(memory, replace(settings, report_every=1e9))


def _telling(memory: Memory, settings: Settings, *fields: str) -> Any:
    """A robot that sends a state for a change of these fields alone; as an answer, and every 20 seconds."""
    robot = our_robot(memory, settings)
    report = robot._report

    def reported(now: float, *, owed: bool = False) -> list[Publication]:
        before, state = robot._reported, robot._state(now)
        told = before is None or any(getattr(before, field) != getattr(state, field) for field in fields)
        return report(now, owed=owed) if owed or told or now >= robot._reported_at + settings.report_every else []

    vars(robot)["_report"] = reported
    return robot


@fault("reports_the_end_of_its_order_without_being_asked", "it told only when it was asked, 3 times of 3")
def sends_states_as_answers_and_every_twenty_seconds(memory: Memory, settings: Settings) -> Any:
    return _telling(memory, settings)


@fault("reports_when_it_begins_and_ends_to_drive", "driving was not reported between south-1 and")
def sends_states_for_nodes_alone(memory: Memory, settings: Settings) -> Any:
    return _telling(memory, settings, "last_node_sequence_id")


@fault("reports_when_an_action_begins_and_ends", "collect 2 at south-1 was not reported RUNNING")
def sends_no_states_for_actions(memory: Memory, settings: Settings) -> Any:
    return _telling(memory, settings, "last_node_sequence_id", "driving")


@fault("refuses_orders_in_manual_mode", "MANUAL: not reported within 5 s")
def sends_no_state_for_another_operating_mode(memory: Memory, settings: Settings) -> Any:
    return _telling(memory, settings, "last_node_sequence_id", "driving", "action_states", "errors")


@fault("does_not_leap_after_a_cancel", "its position moved by .* as its order was cancelled")
def places_itself_on_its_last_node_when_its_order_is_cancelled(memory: Memory, settings: Settings) -> Any:
    def change(state: State) -> State:
        at, last = state.mobile_robot_position, plan().nodes.get(state.last_node_id)
        if not (state.idle and at and last):
            return state
        return state.model_copy(update={"mobile_robot_position": at.model_copy(update={"x": last.x, "y": last.y})})

    return states(change)(memory, settings)


@fault("does_not_report_the_first_node", "the first node is reported")
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


@fault("keeps_the_order_id_when_the_order_has_ended", "the order id is gone")
def clears_the_order_id_when_it_is_idle(memory: Memory, settings: Settings) -> Any:
    return states(lambda state: state.model_copy(update={"order_id": ""}) if state.idle else state)(memory, settings)


@fault("tells_how_many_it_collected", "of 2 it collected 'some'")
def tells_in_words_what_it_collected(memory: Memory, settings: Settings) -> Any:
    return states(
        each_action(
            lambda action: action.model_copy(update={"action_result": "some"}) if action.action_result else action
        )
    )(memory, settings)


@fault("is_large_enough_for_the_malls_orders", "id length: 64, while the mall needs 120")
def has_room_for_ids_of_64_characters(memory: Memory, settings: Settings) -> Any:
    def outgoing(each: Publication) -> Publication:
        if not isinstance(each.message, Factsheet):
            return each
        limits = each.message.protocol_limits
        lengths = limits.maximum_string_lengths.model_copy(update={"maximum_id_length": 64})
        small = limits.model_copy(update={"maximum_string_lengths": lengths})
        return each._replace(message=each.message.model_copy(update={"protocol_limits": small}))

    return Altered(our_robot(memory, settings), outgoing)


@fault("collects_something", r"the results are \['0', '0', '0', None\]")
def says_that_it_found_nothing_and_has_no_loads(memory: Memory, settings: Settings) -> Any:
    nothing = each_action(lambda each: each.model_copy(update={"action_result": "0"}) if each.action_result else each)
    return states(lambda state: nothing(state).model_copy(update={"loads": None}))(memory, settings)


@fault("holds_nothing_after_a_drop_that_was_given_up", "idle and without loads: not reported .*'drop=FAILED'")
def keeps_what_it_could_not_drop(memory: Memory, settings: Settings) -> Any:
    def change(state: State) -> State:
        given_up = any(each.action_type == "drop" and each.action_status == "FAILED" for each in state.action_states)
        return state.model_copy(update={"loads": (Load(load_id="goods"),)}) if given_up else state

    return states(change)(memory, settings)


def _with_drops_that_end(status: ActionStatus) -> Change:
    def change(action: ActionState) -> ActionState:
        drops = action.action_type == "drop" and action.action_status is ActionStatus.FINISHED
        return action.model_copy(update={"action_status": status}) if drops else action

    return each_action(change)


@fault("finishes_every_action", "the order is worked off: not reported .*'drop=RUNNING'")
def says_that_finished_actions_are_still_running(memory: Memory, settings: Settings) -> Any:
    return states(_with_drops_that_end(ActionStatus.RUNNING))(memory, settings)


@fault("finishes_every_action", "actions ended .*FAILED")
def says_that_finished_actions_have_failed(memory: Memory, settings: Settings) -> Any:
    return states(_with_drops_that_end(ActionStatus.FAILED))(memory, settings)


@fault("lets_actions_wait_until_their_node", "before its node an action is .*INITIALIZING")
def says_that_actions_run_before_their_node(memory: Memory, settings: Settings) -> Any:
    def change(action: ActionState) -> ActionState:
        waits = action.action_status is ActionStatus.WAITING
        return action.model_copy(update={"action_status": ActionStatus.INITIALIZING}) if waits else action

    return states(each_action(change))(memory, settings)


@fault("refuses_an_order_while_another_is_active", r"error OTHER_ORDER_ACTIVE: not reported .*errors \[\]")
def refuses_orders_in_silence(memory: Memory, settings: Settings) -> Any:
    return states(each_error(lambda error: None if error.error_type in errors.REJECTIONS else error))(memory, settings)


@fault("refuses_an_outdated_update", r"error OUTDATED_ORDER_UPDATE: not reported .*errors \['orderUpdateError'\]")
def names_errors_as_version_2_did(memory: Memory, settings: Settings) -> Any:
    old = {errors.OUTDATED_ORDER_UPDATE: "orderUpdateError", errors.OTHER_ORDER_ACTIVE: "orderError"}
    return states(
        each_error(lambda error: error.model_copy(update={"error_type": old.get(error.error_type, error.error_type)}))
    )(memory, settings)


@fault("refuses_an_optional_field_that_it_cannot_use", "error UNSUPPORTED_PARAMETER has level WARNING")
def takes_errors_lightly(memory: Memory, settings: Settings) -> Any:
    return states(each_error(lambda error: error.model_copy(update={"error_level": ErrorLevel.WARNING})))(
        memory, settings
    )


@fault("refuses_an_unknown_instant_action", r"error INVALID_INSTANT_ACTION refers to \{\}")
def refers_to_nothing_in_its_errors(memory: Memory, settings: Settings) -> Any:
    return states(each_error(lambda error: error.model_copy(update={"error_references": None})))(memory, settings)


@fault("has_no_order_to_cancel", "cancelOrder is not FAILED")
def finishes_every_cancel(memory: Memory, settings: Settings) -> Any:
    def change(state: State) -> State:
        actions = tuple(
            each.model_copy(update={"action_status": ActionStatus.FINISHED})
            if each.action_type == "cancelOrder"
            else each
            for each in state.instant_action_states
        )
        return state.model_copy(update={"instant_action_states": actions})

    return states(change)(memory, settings)


@fault("pauses", "it drives, or does not say that it is paused")
def drives_on_while_it_is_paused(memory: Memory, settings: Settings) -> Any:
    return states(lambda state: state.model_copy(update={"driving": True}) if state.paused else state)(memory, settings)


@fault("sends_its_factsheet_on_request", "a factsheet: not reported")
def keeps_its_factsheet_to_itself(memory: Memory, settings: Settings) -> Any:
    return Altered(our_robot(memory, settings), lambda each: None if each.kind is Kind.FACTSHEET else each)


@fault("stamps_its_messages_in_order", "a state is stamped earlier than the one before it")
def has_a_clock_that_goes_backwards(memory: Memory, settings: Settings) -> Any:
    return states(
        lambda state: state.model_copy(update={"timestamp": f"20{90 - state.header_id % 60}{state.timestamp[4:]}"})
    )(memory, settings)
