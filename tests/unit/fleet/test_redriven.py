"""Messages of robots that a rule of the broker could not send, and that an operator redrives later."""

import json
from base64 import b64encode
from datetime import datetime

from events.vda5050.connection import Connection, ConnectionState
from events.vda5050.text import to_bytes
from events.vda5050.topics import Topics
from functions.fleet import views
from functions.kernel.messaging.topics import dated
from tests.support.states import TIME, state
from tests.unit.fleet.gateway import BOT, Gateway


def redrive(gateway: Gateway, topic: str, payload: bytes, undelivered: datetime) -> None:
    body = json.dumps({"topic": topic, "clientId": BOT, "base64OriginalPayload": b64encode(payload).decode()})
    assert gateway.deliver(json.loads(dated(body, int(undelivered.timestamp() * 1000))))


def presence(change: str) -> tuple[str, bytes]:
    said = {"clientId": BOT, "eventType": change, "sessionIdentifier": "s-1", "versionNumber": 0}
    return f"$aws/events/presence/{change}/{BOT}", json.dumps(said).encode()


def test_the_end_of_a_connection_takes_a_robot_away_that_has_said_nothing_since(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(10)
    ended = gateway.now
    gateway.passes(3600)
    redrive(gateway, *presence("disconnected"), ended)
    assert not gateway.robot.available
    assert views.connections(BOT, BOT)[BOT]["connection"] == "broken"


def test_the_end_of_an_earlier_connection_takes_no_robot_away_that_is_back(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(10)
    ended = gateway.now
    gateway.passes(3600)
    back = {"clientId": BOT, "eventType": "connected", "sessionIdentifier": "s-2", "versionNumber": 1}
    payload = b64encode(json.dumps(back).encode()).decode()
    received = int(gateway.now.timestamp() * 1000)
    assert gateway.deliver({"topic": "presence", "received": received, "payload": payload})
    redrive(gateway, *presence("disconnected"), ended)
    assert gateway.robot.connected
    assert gateway.robot.available


def test_a_state_from_before_the_newest_changes_nothing(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(10)
    lost = gateway.now
    gateway.passes(600)
    gateway.says(2, order_id="list-9.1", last_node_id="depot")
    before, commits = views.report(BOT), gateway.commits
    topic = Topics("mallbots-test").state(BOT)
    redrive(gateway, topic, to_bytes(state(BOT, 1, last_node_id="north")), lost)
    assert views.report(BOT) == before
    assert gateway.commits == commits


def test_the_last_state_of_a_robot_that_left_is_shown(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(10)
    lost = gateway.now
    gateway.passes(600)
    topic = Topics("mallbots-test").state(BOT)
    redrive(gateway, topic, to_bytes(state(BOT, 1, last_node_id="depot")), lost)
    shown = views.report(BOT)
    assert shown
    assert shown["node"] == "depot"


def test_online_that_is_redriven_begins_no_session(gateway: Gateway) -> None:
    gateway.comes()
    gateway.passes(10)
    undelivered, commits = gateway.now, gateway.commits
    gateway.passes(600)
    said = Connection(header_id=0, timestamp=TIME, serial_number=BOT, connection_state=ConnectionState.ONLINE)
    redrive(gateway, Topics("mallbots-test").connection(BOT), to_bytes(said), undelivered)
    assert gateway.commits == commits
