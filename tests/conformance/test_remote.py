"""The kit against a robot over a broker: here our own, on a broker in this process."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from clients.robot.settings import Settings
from events.vda5050.topics import Kind, Topics
from tests.conformance.__main__ import arguments, main
from tests.conformance.kit import Outcome
from tests.conformance.links import MachineLink
from tests.conformance.remote import BY_HAND, FROM_ROBOT, Message, Paho, RemoteLink, prepared
from tests.conformance.robots.cases import ROBOT_CASES

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
TOPICS = Topics("mallbots-test")


class Broker:
    """A transport to our own robot, on a clock that only waiting advances; it keeps what is retained."""

    def __init__(self) -> None:
        self._link = MachineLink(settings=Settings())
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


def test_an_address_that_is_none_of_a_broker_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        arguments(["--robot", "https://broker.example", "--serial", "robot-1"])
    assert "mqtts://host:port" in capsys.readouterr().err


def test_a_robot_needs_a_serial_number(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        arguments(["--robot", "mqtts://broker.example:8883"])
    assert "--robot needs --serial" in capsys.readouterr().err
