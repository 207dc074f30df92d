"""Cases about connection, header and factsheet (sections 4, 6.5, 6.10, 7.1, 7.2)."""

import json
from collections.abc import Callable

from jsonschema import Draft202012Validator

from events.vda5050.collecting import COLLECT, DROP
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import Factsheet, Scope
from events.vda5050.header import MANUFACTURER
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import OperatingMode, State
from events.vda5050.text import read
from events.vda5050.topics import Kind
from tests.conformance import largest, schemas
from tests.conformance.gateway import PlayedGateway, Stop
from tests.conformance.kit import require
from tests.conformance.robots.declared import case


def _is(state: ConnectionState) -> Callable[[Connection], bool]:
    return lambda message: message.connection_state is state


@case("6.5")
def is_online_when_connected(gateway: PlayedGateway) -> None:
    """A robot that has connected says ONLINE on its connection topic."""
    gateway.until_message(Connection, _is(ConnectionState.ONLINE), "ONLINE", 30)


@case("6.5")
def retains_its_connection(gateway: PlayedGateway) -> None:
    """Every message on the connection topic is retained."""
    gateway.until_message(Connection, _is(ConnectionState.ONLINE), "ONLINE", 30)
    require(gateway.link.retains(Kind.CONNECTION), "a connection message is not retained")


@case("6.5")
def leaves_a_last_will(gateway: PlayedGateway) -> None:
    """The last will is CONNECTION_BROKEN on the connection topic, retained."""
    will = gateway.link.will()
    require(will.kind is Kind.CONNECTION and will.retain, "the will is not retained on the connection topic")
    left = read(Connection, will.payload).connection_state
    require(left is ConnectionState.CONNECTION_BROKEN, f"the will says {left}")


@case("6.5")
def says_goodbye(gateway: PlayedGateway) -> None:
    """A robot that ends its connection in order says OFFLINE before."""
    gateway.state()
    gateway.link.leave()
    gateway.until_message(Connection, _is(ConnectionState.OFFLINE), "OFFLINE", 30)


@case("6.5")
def is_online_again_after_a_cut(gateway: PlayedGateway) -> None:
    """After a cut, of which the will told, the robot says ONLINE again and reports its state."""
    gateway.state()
    gateway.link.cut()
    gateway.until_message(Connection, _is(ConnectionState.CONNECTION_BROKEN), "CONNECTION_BROKEN", 30)
    place = len(gateway.log)
    gateway.link.restore()
    gateway.until_message(Connection, _is(ConnectionState.ONLINE), "ONLINE", 30, since=place)
    gateway.until_message(State, lambda state: True, "a state", 30, since=place)


@case("4.1")
def goes_on_while_cut_off(gateway: PlayedGateway) -> None:
    """A robot without a connection keeps its order and goes on to the last released node."""
    order = gateway.sends(gateway.trip())
    before = gateway.until(lambda state: state.driving, "driving")
    gateway.link.cut()
    gateway.passes(20)
    gateway.link.restore()
    after = gateway.until(lambda state: state.last_node_sequence_id > before.last_node_sequence_id, "further on", 5)
    require(after.order_id == order.order_id, "the order is gone")
    gateway.does(order)


@case("mall")
def keeps_its_order_over_a_restart(gateway: PlayedGateway) -> None:
    """A robot that was switched off and on in mid-order goes on, and repeats no action that had ended."""
    order = gateway.sends(gateway.trip())
    before = gateway.until(lambda state: [a for a in state.action_states if a.action_status.ended], "a first action")
    ended = {each for each in before.action_states if each.action_status.ended}
    gateway.link.restart()
    after = gateway.until_message(State, lambda state: True, "a state", 30, since=len(gateway.log))
    require(after.order_id == order.order_id, f"its order is {after.order_id!r} now")
    require(ended <= set(after.action_states), "what had ended is not reported as before")
    gateway.does(order)


@case("mall")
def hands_nothing_over_while_cut_off(gateway: PlayedGateway) -> None:
    """Without a connection nothing is dropped at the depot: the order may have been given to another robot."""
    order = gateway.sends(gateway.trip())
    gateway.until(lambda state: state.driving, "driving")
    gateway.link.cut()
    gateway.passes(300)
    gateway.link.restore()
    place = len(gateway.log)
    state = gateway.until_message(State, lambda state: True, "a state", 30, since=place)
    require(not state.action_states[-1].action_status.ended, "it has dropped what it collected")
    gateway.does(order)


@case("7.2")
def counts_header_ids_up(gateway: PlayedGateway) -> None:
    """On the topics of states and factsheets the header id goes up by one with each message."""
    gateway.does(gateway.sends(gateway.trip()))
    for kind in (Kind.STATE, Kind.FACTSHEET):
        ids = [message.header_id for arrived, message in gateway.log if arrived.kind is kind]
        wanted = list(range(ids[0], ids[0] + len(ids))) if ids else []
        require(ids == wanted, f"header ids on {kind} are {ids}")


@case("7.2")
def counts_the_header_ids_of_its_connection_up(gateway: PlayedGateway) -> None:
    """On the connection topic the header id goes up by one too; a last will that was left may take one meanwhile."""
    gateway.until_message(Connection, _is(ConnectionState.ONLINE), "ONLINE", 30)
    gateway.link.leave()
    gateway.until_message(Connection, _is(ConnectionState.OFFLINE), "OFFLINE", 30)
    place = len(gateway.log)
    gateway.link.restore()
    gateway.until_message(Connection, _is(ConnectionState.ONLINE), "ONLINE", 30, since=place)
    online, offline, again = [message.header_id for message in gateway.all_of(Connection)]
    wanted = offline == online + 1 and again - offline in (1, 2)
    require(wanted, f"header ids of ONLINE, OFFLINE and ONLINE are {online}, {offline} and {again}")


@case("7.2")
def names_itself_in_every_header(gateway: PlayedGateway) -> None:
    """Serial number and manufacturer of each header are those of the topic."""
    gateway.does(gateway.sends(gateway.trip()))
    for arrived, message in gateway.log:
        named = (message.manufacturer, message.serial_number)
        require(named == (MANUFACTURER, gateway.link.serial), f"a header on {arrived.kind} names {named}")


@case("7.2")
def stamps_its_messages_in_order(gateway: PlayedGateway) -> None:
    """Timestamps of states do not go back."""
    gateway.does(gateway.sends(gateway.trip()))
    stamps = [state.timestamp for state in gateway.all_of(State)]
    require(stamps == sorted(stamps), "a state is stamped earlier than the one before it")


@case("7")
def fits_the_schemas(gateway: PlayedGateway) -> None:
    """All that a robot sends in a trip with a pause and a refused order fits the JSON Schemas."""
    order = gateway.sends(gateway.trip())
    gateway.answers(gateway.instantly(InstantAction.START_PAUSE))
    gateway.sends(gateway.order(Stop("depot"), start=Stop("depot")))
    gateway.answers(gateway.instantly(InstantAction.STOP_PAUSE))
    gateway.does(order)
    for arrived, _ in gateway.log:
        for wrong in Draft202012Validator(schemas.schema(arrived.kind)).iter_errors(json.loads(arrived.payload)):
            require(False, f"{arrived.kind} {'.'.join(map(str, wrong.path))}: {wrong.message}")


@case("7.1.1")
def leaves_out_what_it_does_not_know(gateway: PlayedGateway) -> None:
    """An optional field without a value is left out, not null."""
    gateway.does(gateway.sends(gateway.trip()))
    for arrived, _ in gateway.log:
        require(b":null" not in arrived.payload.replace(b" ", b""), f"a field of {arrived.kind} is null")


def sheet(gateway: PlayedGateway) -> Factsheet:
    """What the robot says that it can do."""
    if not gateway.latest(Factsheet):
        gateway.state()
    return gateway.latest(Factsheet) or _requested(gateway)


def _requested(gateway: PlayedGateway) -> Factsheet:
    place = len(gateway.log)
    gateway.instantly(InstantAction.FACTSHEET_REQUEST)
    return gateway.until_message(Factsheet, lambda _: True, "a factsheet", 30, since=place)


@case("6.10")
def sends_its_factsheet_on_request(gateway: PlayedGateway) -> None:
    """factsheetRequest is answered with a factsheet, and FINISHED."""
    gateway.state()
    place = len(gateway.log)
    action = gateway.instantly(InstantAction.FACTSHEET_REQUEST)
    gateway.until_message(Factsheet, lambda _: True, "a factsheet", 30, since=place)
    require(gateway.answers(action).action_status == "FINISHED", "the request is not FINISHED")


@case("6.10")
def retains_its_factsheet(gateway: PlayedGateway) -> None:
    """The factsheet is retained."""
    _requested(gateway)
    require(gateway.link.retains(Kind.FACTSHEET), "a factsheet is not retained")


@case("mall")
def retains_nothing_but_its_connection_and_factsheet(gateway: PlayedGateway) -> None:
    """State and visualization are not retained: the mall's policy lets robots retain connection and factsheet alone."""
    gateway.answers(gateway.instantly(InstantAction.STATE_REQUEST))
    for kind in (Kind.STATE, Kind.VISUALIZATION):
        require(not gateway.link.retains(kind), f"its {kind} is retained")


@case("6.2.3")
def declares_the_actions_that_every_robot_has(gateway: PlayedGateway) -> None:
    """cancelOrder, startPause and stopPause are in the factsheet, as instant actions."""
    known = {each.action_type: each for each in sheet(gateway).protocol_features.mobile_robot_actions}
    for wanted in (InstantAction.CANCEL_ORDER, InstantAction.START_PAUSE, InstantAction.STOP_PAUSE):
        action = known.get(wanted)
        require(action and Scope.INSTANT in action.action_scopes, f"{wanted} is not declared as an instant action")


@case("mall")
def declares_collect_and_drop(gateway: PlayedGateway) -> None:
    """collect with its three parameters and drop are in the factsheet, for nodes."""
    known = {each.action_type: each for each in sheet(gateway).protocol_features.mobile_robot_actions}
    for wanted in (COLLECT, DROP):
        require(wanted in known and Scope.NODE in known[wanted].action_scopes, f"{wanted} is not declared for nodes")
    parameters = {each.key for each in known[COLLECT].action_parameters or ()}
    require(parameters >= {"storeId", "productId", "quantity"}, f"collect has the parameters {parameters}")


@case("7.10")
def is_large_enough_for_the_malls_orders(gateway: PlayedGateway) -> None:
    """The limits in the factsheet allow the mall's longest order: its bytes, ids, nodes, edges and actions."""
    limits, needs = sheet(gateway).protocol_limits, largest.needs()
    lengths, arrays = limits.maximum_string_lengths, limits.maximum_array_lengths
    for what, limit, needed in (
        ("message length", lengths.maximum_message_length, needs.message_length),
        ("id length", lengths.maximum_id_length, needs.id_length),
        ("nodes", arrays.order_nodes, needs.nodes),
        ("edges", arrays.order_edges, needs.edges),
        ("actions at a node", arrays.node_actions, needs.actions_at_a_node),
        ("action parameters", arrays.action_parameters, needs.parameters),
        ("node states", arrays.state_node_states, needs.nodes),
        ("edge states", arrays.state_edge_states, needs.edges),
        ("action states", arrays.state_action_states, needs.actions),
    ):
        require(not limit or limit >= needed, f"{what}: {limit}, while the mall needs {needed}")
    require(not lengths.id_numerical_only, "ids must be numbers")


@case("6.6.6")
def is_in_automatic_mode(gateway: PlayedGateway) -> None:
    """A robot that is ready for orders says so by its operating mode."""
    mode = gateway.state().operating_mode
    require(mode in (OperatingMode.AUTOMATIC, OperatingMode.SEMIAUTOMATIC), f"its operating mode is {mode}")
