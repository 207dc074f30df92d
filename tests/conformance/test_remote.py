"""The kit against a robot over a broker: here our own, on a broker in this process."""

import json
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.vda5050 import errors
from events.vda5050.state import Error, ErrorLevel, State
from events.vda5050.topics import Kind, Topics
from tests.conformance import transport
from tests.conformance.__main__ import arguments, main
from tests.conformance.by_hand import BY_HAND
from tests.conformance.faulty.altered import Altered
from tests.conformance.faulty.planting import changed, states
from tests.conformance.kit import EndedError, Outcome, Result
from tests.conformance.links import MachineLink, Make, our_robot
from tests.conformance.remote import ADVISED, FROM_ROBOT, RemoteLink, attempts, prepared
from tests.conformance.robots.cases import ROBOT_CASES
from tests.conformance.transport import Message, Paho

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
TOPICS = Topics("mallbots-test")


class Broker:
    """A transport to our own robot, on a clock that only waiting advances; it keeps what is retained."""

    def __init__(self, make: Make = our_robot, losses: Sequence[str] = ()) -> None:
        self._link = MachineLink(make, Settings())
        self._losses = list(losses)
        self._coming: list[Message] = []
        self._kept: dict[str, bytes] = {}
        self._subscribed: set[str] = set()

    def now(self) -> float:
        return self._link.now()

    def publish(self, topic: str, payload: bytes) -> None:
        _, kind = TOPICS.parse(topic)
        self._link.send(kind, payload)

    def subscribe(self, topic: str) -> None:
        self._arrive(0)
        self._subscribed.add(topic)
        if topic in self._kept:
            self._coming.append(Message(topic, self._kept[topic], True))

    def next(self, seconds: float) -> Message | None:
        if not self._coming:
            self._arrive(seconds)
        return self._coming.pop(0) if self._coming else None

    def lost(self) -> str:
        return self._losses.pop(0) if self._losses else ""

    def returns(self) -> None:
        pass

    def _arrive(self, seconds: float) -> None:
        for each in self._link.wait(seconds):
            topic = TOPICS.of(each.kind, "robot-1")
            if each.retain:
                self._kept[topic] = each.payload
            if topic in self._subscribed:
                self._coming.append(Message(topic, each.payload, False))


@pytest.fixture(scope="module")
def link() -> RemoteLink:
    """One robot for all cases, as in the world."""
    return RemoteLink(Broker(), TOPICS, "robot-1")


@pytest.mark.parametrize("name", ROBOT_CASES.known)
def test_a_robot_on_a_broker_is_tried_with_what_can_be_tried_from_there(name: str, link: RemoteLink):
    (result,) = ROBOT_CASES.run(lambda: prepared(link, 1.0), [name])
    assert (result.outcome, result.why if name not in BY_HAND else "") == (
        (Outcome.LEFT_OUT, "") if name in BY_HAND else (Outcome.PASSED, "")
    )


def tried(broker: Broker, *names: str, serial: str = "robot-1") -> list[Result]:
    link = RemoteLink(broker, TOPICS, serial)
    return list(attempts(link, [ROBOT_CASES.known[name] for name in names], 1.0))


def test_a_robot_that_does_not_answer_is_told_once_before_any_case():
    def deaf(memory: Memory, settings: Settings) -> Any:
        return Altered(our_robot(memory, settings), incoming=lambda kind, payload: None)

    broker = Broker(deaf)
    begun = broker.now()
    with pytest.raises(EndedError, match=r"robot robot-1 does not answer .*/robot-1/instantActions .*Check .*--serial"):
        tried(broker, *ROBOT_CASES.known)
    assert broker.now() - begun < 70


def test_a_robot_that_stands_where_the_floor_has_no_node_is_told_before_any_case():
    with pytest.raises(EndedError, match="'the cellar', which is no node of the floor plan"):
        tried(Broker(lambda _, settings: our_robot(Memory("the cellar"), settings)), "takes_an_order")


def test_a_robot_whose_errors_are_of_its_own_is_tried_all_the_same():
    low = Error(error_type=errors.BATTERY_LOW, error_level=ErrorLevel.URGENT)
    due = Error(error_type="MAINTENANCE_DUE", error_level=ErrorLevel.WARNING)

    def worn(state: State) -> State:
        also = (due, low) if state.header_id > 30 else (due,)
        return state.model_copy(update={"errors": (*also, *state.errors)})

    names = [name for name in ROBOT_CASES.known if name not in BY_HAND]
    results = tried(Broker(states(worn)), *names)
    assert {(result.case, result.why) for result in results if result.outcome is not Outcome.PASSED} == set()
    assert len(results) == len(names)


def test_a_robot_with_a_critical_error_is_not_tried():
    stuck = Error(error_type="WHEEL_BLOCKED", error_level=ErrorLevel.CRITICAL)
    with pytest.raises(EndedError, match="WHEEL_BLOCKED"):
        tried(Broker(states(changed(errors=(stuck,)))), "takes_an_order")


def test_a_case_in_which_the_kit_loses_its_own_connection_is_tried_again():
    [result] = tried(Broker(states(changed(header_id=7)), ["", "Keep alive timeout"]), "takes_an_order")
    assert result.outcome is Outcome.PASSED


def test_a_kit_that_loses_its_own_connection_again_and_again_blames_no_robot():
    with pytest.raises(
        EndedError, match=r"3 times at takes_an_order \(Keep alive timeout\), which says nothing of the"
    ):
        tried(Broker(losses=["", *["Keep alive timeout"] * 3]), "takes_an_order")


def test_what_the_standard_leaves_to_the_maker_is_told_and_fails_no_robot():
    def forgetful(memory: Memory, settings: Settings) -> Any:
        robot = our_robot(memory, settings)

        def incoming(kind: str, payload: bytes) -> bytes:
            robot.memory.earlier_orders = []
            return payload

        return Altered(robot, incoming=incoming)

    [result] = tried(Broker(forgetful), *ADVISED)
    assert (result.outcome, result.why) == (Outcome.ADVISED, "it began it again")


def test_what_is_retained_is_told_from_what_is_not(link: RemoteLink):
    assert link.retains(Kind.CONNECTION)
    assert link.retains(Kind.FACTSHEET)
    assert not link.retains(Kind.STATE)


def test_the_policy_of_the_page_lets_the_kit_do_what_it_does_and_speak_for_no_robot(link: RemoteLink):
    (text,) = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    granted = [
        (action, resource)
        for statement in json.loads(text)["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]

    def may(action: str, resource: str) -> bool:
        wanted = f"arn:aws:iot:eu-west-1:123456789012:{resource}"
        return any(action == one and fnmatchcase(wanted, pattern) for one, pattern in granted)

    topics = {kind: Topics("mallbots-prod").of(kind, "robot-1") for kind in Kind}
    assert may("iot:Connect", f"client/{Paho.CLIENT}-1")
    assert not may("iot:Connect", "client/robot-1")
    for kind in FROM_ROBOT:
        assert may("iot:Subscribe", f"topicfilter/{topics[kind]}")
        assert may("iot:Receive", f"topic/{topics[kind]}")
        assert not may("iot:Publish", f"topic/{topics[kind]}")
    assert may("iot:Publish", f"topic/{topics[Kind.ORDER]}")
    assert may("iot:Publish", f"topic/{topics[Kind.INSTANT_ACTIONS]}")


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_a_broker_that_cannot_be_reached_is_told_in_a_sentence_and_no_case_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError("connection refused")

    monkeypatch.setattr("paho.mqtt.client.Client.connect", refuse)
    assert main(["--robot", "mqtt://broker.example", "--serial", "robot-1"]) == 1
    told = capsys.readouterr()
    assert told.err == "the kit has no connection to mqtt://broker.example: connection refused\n"
    assert json.loads(told.out.splitlines()[-1]) == {"cases": 0, "passed": 0, "faulty_caught": 0, "faulty": 0}


class Answering:
    """In place of paho's client: a broker that grants what it is told to, and then is gone."""

    def __init__(self, *_: object, **__: object) -> None:
        self.on_connect: Callable[..., None]
        self.on_subscribe: Callable[..., None]
        self.on_disconnect: Callable[..., None]

    granted = "Granted QoS 1"

    def connect(self, *_: object) -> None:
        self.on_connect(self, None, None, ReasonCode(PacketTypes.CONNACK, "Success"), None)

    def loop_start(self) -> None:
        pass

    def loop_stop(self) -> None:
        pass

    def disconnect(self) -> None:
        pass

    def subscribe(self, topic: str, qos: int) -> tuple[int, int]:
        self.on_subscribe(self, None, 7, [ReasonCode(PacketTypes.SUBACK, self.granted)], None)
        return 0, 7

    def publish(self, *_: object, **__: object) -> MQTTMessageInfo:
        self.on_disconnect(self, None, None, ReasonCode(PacketTypes.DISCONNECT, "Session taken over"), None)
        lost = MQTTMessageInfo(8)
        lost.rc = MQTTErrorCode.MQTT_ERR_NO_CONN
        return lost


def test_a_subscription_that_the_broker_refuses_is_told_in_a_sentence_and_no_case_is_tried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("paho.mqtt.client.Client", Answering)
    monkeypatch.setattr(Answering, "granted", "Not authorized")
    assert main(["--robot", "mqtt://broker.example", "--serial", "robot-1"]) == 1
    told = capsys.readouterr()
    assert re.fullmatch(
        r"ended after 0 of \d+ cases: the broker does not let .*: Not authorized\. Check .*\n", told.err
    )
    assert json.loads(told.out.splitlines()[-1])["cases"] == 0


def test_a_connection_that_is_lost_and_does_not_come_back_is_the_kits_and_not_the_robots(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("paho.mqtt.client.Client", Answering)
    monkeypatch.setattr(transport, "BACK", 0.01)
    assert main(["--robot", "mqtt://broker.example", "--serial", "robot-1"]) == 1
    assert "the kit lost its connection to mqtt://broker.example" in capsys.readouterr().err


def test_an_address_that_is_none_of_a_broker_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        arguments(["--robot", "https://broker.example", "--serial", "robot-1"])
    assert "mqtts://host:port" in capsys.readouterr().err


def test_a_robot_needs_a_serial_number(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        arguments(["--robot", "mqtts://broker.example:8883"])
    assert "--robot needs --serial" in capsys.readouterr().err
