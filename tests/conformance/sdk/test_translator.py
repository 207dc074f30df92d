"""The translator between the versions 3.0.0 and 2.1.0, and what it loses."""

import json
from typing import Any

import pytest
from vda5050.validation import default_validator

from events.vda5050.text import read, to_bytes
from events.vda5050.topics import Kind
from tests.conformance import schemas
from tests.conformance.gateway import PlayedGateway
from tests.conformance.links import MachineLink
from tests.conformance.sdk.translator import Translator


def messages() -> list[tuple[Kind, dict[str, Any]]]:
    """All that our robot sends in a trip, and the order for it."""
    gateway = PlayedGateway(MachineLink())
    order = gateway.sends(gateway.trip())
    gateway.does(order)
    sent = [(arrived.kind, json.loads(arrived.payload)) for arrived, _ in gateway.log]
    return [(Kind.ORDER, json.loads(to_bytes(order))), *sent]


def test_what_our_robot_and_gateway_send_is_valid_in_the_older_version():
    for kind, message in messages():
        default_validator().validate(kind, Translator().to_2(message))


@pytest.mark.parametrize("kind", [Kind.ORDER, Kind.STATE, Kind.CONNECTION])
def test_what_comes_back_of_an_order_a_state_and_a_connection_is_what_was_sent(kind: Kind):
    found = [message for sent, message in messages() if sent is kind]
    assert found
    for message in found:
        translator = Translator()
        back = json.dumps(translator.to_3(translator.to_2(message)))
        assert json.loads(to_bytes(read(schemas.MESSAGES[kind], back))) == message


@pytest.mark.parametrize(
    ("newer", "older", "lost"),
    [
        (
            {"errorType": "OTHER_ORDER_ACTIVE"},
            {"errorType": "orderError"},
            "errorType OTHER_ORDER_ACTIVE becomes orderError",
        ),
        ({"errorLevel": "CRITICAL"}, {"errorLevel": "FATAL"}, "errorLevel CRITICAL becomes FATAL"),
        ({"blockingType": "SINGLE"}, {"blockingType": "HARD"}, "blockingType SINGLE becomes HARD"),
        ({"actionStatus": "RETRIABLE"}, {"actionStatus": "PAUSED"}, "actionStatus RETRIABLE becomes PAUSED"),
        (
            {"connectionState": "HIBERNATING"},
            {"connectionState": "OFFLINE"},
            "connectionState HIBERNATING becomes OFFLINE",
        ),
        ({"operatingMode": "INTERVENED"}, {"operatingMode": "MANUAL"}, "operatingMode INTERVENED becomes MANUAL"),
        ({"retriable": True}, {}, "retriable is left out"),
        (
            {"allowedDeviationXY": {"a": 2.0, "b": 1.0, "theta": 0.5}},
            {"allowedDeviationXY": 1.0},
            "allowedDeviationXY is a circle with the shorter axis",
        ),
    ],
)
def test_what_the_older_version_cannot_say_is_noted(newer: dict[str, Any], older: dict[str, Any], lost: str):
    translator = Translator()
    assert translator.to_2(newer) == {**older, "version": "2.1.0"}
    assert translator.losses == {lost}


@pytest.mark.parametrize(
    ("older", "newer", "lost"),
    [
        (
            {"errorType": "orderUpdateError"},
            {"errorType": "OUTDATED_ORDER_UPDATE"},
            "OUTDATED_ORDER_UPDATE, one of 3",
        ),
        ({"eStop": "AUTOACK"}, {"activeEmergencyStop": "REMOTE"}, "eStop AUTOACK becomes REMOTE"),
        ({"zoneSetId": "zones"}, {}, "zoneSetId is left out"),
    ],
)
def test_what_the_newer_version_has_not_is_noted(older: dict[str, Any], newer: dict[str, Any], lost: str):
    translator = Translator()
    assert translator.to_3(older) == {**newer, "version": "3.0.0"}
    assert [lost in each for each in translator.losses] == [True]


def test_states_of_instant_actions_are_told_from_those_of_an_order():
    translator = Translator()
    translator.sent({"actions": [{"actionId": "pause-1"}]})
    state = {"actionStates": [{"actionId": "collect-1"}], "instantActionStates": [{"actionId": "pause-1"}]}
    assert translator.to_3(translator.to_2(state)) == {**state, "version": "3.0.0"}
