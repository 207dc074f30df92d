"""The models of the robots' standard: names on the wire, what is read, what is refused."""

import json
from datetime import UTC, datetime

import pytest

from events.vda5050 import collecting, errors, graph
from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.factsheet import MaximumArrayLengths
from events.vda5050.geometry import MobileRobotGeometry
from events.vda5050.header import timestamp
from events.vda5050.order import AllowedDeviation, BlockingType, Edge, Node, NodePosition, Order
from events.vda5050.text import MalformedError, read, to_bytes
from events.vda5050.topics import Kind, Topics

NOW = "2026-11-27T09:30:00.250Z"
ONLINE = Connection(header_id=0, timestamp=NOW, serial_number="robot-1", connection_state=ConnectionState.ONLINE)


def order(*stops: str, update: int = 0, begins: int = 0, released: int = 99) -> Order:
    nodes = tuple(
        Node(node_id=stop, sequence_id=begins + 2 * place, released=place < released, actions=())
        for place, stop in enumerate(stops)
    )
    edges = tuple(
        Edge(edge_id=f"e{place}", sequence_id=begins + 2 * place + 1, released=place + 1 < released, actions=())
        for place in range(len(stops) - 1)
    )
    return Order(
        header_id=1,
        timestamp=NOW,
        serial_number="robot-1",
        order_id="list.1",
        order_update_id=update,
        nodes=nodes,
        edges=edges,
    )


def altered(**changes: object) -> bytes:
    return json.dumps({**json.loads(to_bytes(ONLINE)), **changes}).encode()


def test_a_message_begins_with_the_header_in_the_names_of_the_standard():
    assert to_bytes(ONLINE) == (
        b'{"headerId":0,"timestamp":"2026-11-27T09:30:00.250Z","version":"3.0.0","manufacturer":"mallbots",'
        b'"serialNumber":"robot-1","connectionState":"ONLINE"}'
    )


def test_a_moment_is_written_in_utc_with_milliseconds():
    assert timestamp(datetime(2026, 11, 27, 9, 30, 0, 250_999, tzinfo=UTC)) == NOW


def test_what_is_read_is_what_was_written():
    message = order("a", "b")
    assert read(Order, to_bytes(message)) == message


def test_names_that_camel_case_would_get_wrong_are_those_of_the_standard():
    position = NodePosition(x=1, y=2, allowed_deviation_xy=AllowedDeviation(a=1, b=1, theta=0), map_id="mall")
    assert json.loads(to_bytes(position))["allowedDeviationXY"] == {"a": 1, "b": 1, "theta": 0}
    assert json.loads(to_bytes(MaximumArrayLengths(order_nodes=9, instant_actions=3))) == {
        "order.nodes": 9,
        "instantActions": 3,
    }
    assert json.loads(to_bytes(MobileRobotGeometry(envelopes2d=(), envelopes3d=()))) == {
        "envelopes2d": [],
        "envelopes3d": [],
    }


def test_what_is_absent_is_left_out_and_what_is_empty_is_not():
    assert json.loads(to_bytes(order("a").nodes[0])) == {
        "nodeId": "a",
        "sequenceId": 0,
        "released": True,
        "actions": [],
    }


def test_unknown_fields_are_ignored_also_in_parts():
    text = json.loads(to_bytes(order("a")))
    text["novelty"] = text["nodes"][0]["novelty"] = {"any": 1}
    assert read(Order, json.dumps(text)) == order("a")


@pytest.mark.parametrize("version", ["3.0.0", "3.1.7"])
def test_any_minor_version_of_the_major_is_read(version: str):
    assert read(Connection, altered(version=version)).connection_state is ConnectionState.ONLINE


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"headerId": "0"}, "headerId"),
        ({"headerId": -1}, "headerId"),
        ({"headerId": 2**32}, "headerId"),
        ({"headerId": True}, "headerId"),
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"timestamp": "2026-11-27T09:30:00+01:00"}, "timestamp"),
        ({"version": "2.1.0"}, "version"),
        ({"version": "3"}, "version"),
        ({"serialNumber": 7}, "serialNumber"),
        ({"connectionState": "online"}, "connectionState"),
        ({"connectionState": "CONNECTIONBROKEN"}, "connectionState"),
        ({"connectionState": None}, "connectionState"),
    ],
)
def test_what_has_a_wrong_type_or_value_is_malformed_and_says_where(changes: dict[str, object], place: str):
    with pytest.raises(MalformedError, match=place):
        read(Connection, altered(**changes))


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"headerId":0}'])
def test_what_is_no_message_is_malformed(payload: bytes):
    with pytest.raises(MalformedError, match="no Connection"):
        read(Connection, payload)


def test_the_names_of_this_code_are_not_read_from_the_wire():
    text = altered()
    with pytest.raises(MalformedError, match="connectionState"):
        read(Connection, text.replace(b"connectionState", b"connection_state"))


def test_numbers_that_are_none_are_refused():
    text = to_bytes(NodePosition(x=1, y=2, map_id="mall")).replace(b"1.0", b"NaN")
    with pytest.raises(MalformedError):
        read(NodePosition, text)


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (order(), "at least one node"),
        (order("a", "b").model_copy(update={"edges": ()}), "2 nodes need 1 edges, not 0"),
        (order("a", "b", begins=2), "begins with sequence id 0"),
        (order("a", "b", begins=3, update=1), "even"),
        (order("a", "b", released=0), "first node is not released"),
        (
            order("a", "b").model_copy(update={"nodes": (order("a").nodes[0], order("x", "y", "z").nodes[2])}),
            "nodes are not continuous",
        ),
        (
            order("a", "b").model_copy(update={"edges": (order("x", "y", "z").edges[1],)}),
            "edges are not continuous",
        ),
        (
            order("a", "b", "c").model_copy(
                update={"nodes": (*order("a", "b", released=1).nodes, order("a", "b", "c").nodes[2])}
            ),
            "a released part follows",
        ),
        (
            order("a", "b").model_copy(update={"nodes": order("a", "b", released=1).nodes}),
            "a released edge leads to",
        ),
    ],
)
def test_an_order_that_is_no_path_is_told_why(message: Order, why: str):
    fault = graph.fault(message)
    assert fault is not None
    assert why in fault


def test_an_action_id_may_be_used_once_in_an_order():
    again = collecting.drop("same")
    node = order("a").nodes[0].model_copy(update={"actions": (again, again)})
    assert graph.fault(order("a").model_copy(update={"nodes": (node,)})) == "an action id is used twice"


@pytest.mark.parametrize(
    "message",
    [order("a"), order("a", "b", "c"), order("a", "b", released=1), order("b", "c", update=1, begins=2)],
)
def test_an_order_that_is_a_path_has_no_fault(message: Order):
    assert graph.fault(message) is None


def test_a_topic_tells_robot_and_kind():
    topics = Topics("mallbots-dev")
    assert topics.order("robot-1") == "mallbots-dev/v3/mallbots/robot-1/order"
    made = {kind: topics.of(kind, "robot-1") for kind in Kind}
    assert {topics.parse(topic) for topic in made.values()} == {("robot-1", kind) for kind in Kind}
    assert topics.instant_actions("r") == topics.of(Kind.INSTANT_ACTIONS, "r")
    assert [topics.state("r"), topics.connection("r"), topics.factsheet("r"), topics.visualization("r")] == [
        topics.of(kind, "r") for kind in (Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET, Kind.VISUALIZATION)
    ]


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "mallbots-dev/v2/mallbots/r/state",
        "mallbots-prod/v3/mallbots/r/state",
        "mallbots-dev/v3/another/r/state",
        "mallbots-dev/v3/mallbots/r/zoneSet",
        "mallbots-dev/v3/mallbots/r/state/more",
        "mallbots-dev/v3/mallbots//state",
    ],
)
def test_a_topic_of_others_is_refused(topic: str):
    with pytest.raises(ValueError, match=r"no topic|not a valid"):
        Topics("mallbots-dev").parse(topic)


@pytest.mark.parametrize("serial", ["", "a/b", "+", "#", "$x", "ä", "a b"])
def test_a_serial_number_has_the_characters_of_the_standard(serial: str):
    with pytest.raises(ValueError, match="no serial number"):
        Topics("mallbots-dev").state(serial)


@pytest.mark.parametrize("level", ["", "a/b", "+", "a#", "$aws"])
def test_an_interface_is_one_level_of_a_topic(level: str):
    with pytest.raises(ValueError, match="level"):
        Topics(level)


def test_an_order_id_tells_list_and_assignment():
    assert collecting.list_and_assignment(collecting.order_id("a.b", 12)) == ("a.b", 12)


@pytest.mark.parametrize(
    "order_id", ["", "list", "list.", ".1", "list.one", "list.-1", "list.²", "list." + "9" * 5_000]
)
def test_an_order_id_of_others_tells_nothing(order_id: str):
    assert collecting.list_and_assignment(order_id) is None


def test_a_collect_action_says_what_to_take():
    action = collecting.collect("c1", "store", "product", 3)
    assert action.blocking_type is BlockingType.HARD
    assert [action.parameter(key) for key in ("storeId", "productId", "quantity", "other")] == [
        "store",
        "product",
        3,
        None,
    ]


@pytest.mark.parametrize(
    ("result", "count"),
    [("3", 3), ("0", 0), ("-1", None), ("3.0", None), ("9" * 5_000, None), ("", None), (None, None)],
)
def test_the_result_of_a_collect_action_is_a_whole_number(result: str | None, count: int | None):
    assert collecting.collected(result) == count


def test_every_type_of_error_has_a_level():
    types = {name for name in vars(errors) if name.isupper()} - {"LEVELS", "REJECTIONS"}
    assert types == set(errors.LEVELS)
    assert set(errors.LEVELS) >= errors.REJECTIONS
