"""The smallest robot, as docs/robots.md has it, on a broker in this process."""

import json
import re
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from events.vda5050.connection import Connection
from events.vda5050.instant_actions import InstantAction
from events.vda5050.state import State
from events.vda5050.text import read
from events.vda5050.topics import Kind, Topics
from tests.unit.clients.robot.bench import SERIAL, at_once, instant
from tests.unit.clients.robot.broker import Broker
from tests.unit.clients.robot.program import pair

PAGE = Path(__file__).parents[4] / "docs" / "robots.md"
TOPICS = {str(kind): Topics("mallbots-test").of(kind, SERIAL) for kind in Kind}


def code_of_the_page() -> str:
    """The robot that the page has, with steps and pauses that take no time."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    for slow, quick in (("STEP = 1.0", "STEP = 0.0"), ("PAUSE = 1.0, 5.0", "PAUSE = 0.0, 0.05")):
        assert slow in code
        code = code.replace(slow, quick)
    return str(code)


class Clock:
    """A time that passes only when the test says so, where the program asks for it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class Run:
    """The page's program on a broker. clock: in the place of the module `time`."""

    def __init__(
        self, broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock | None = None
    ) -> None:
        answer = {"certificate": "certificate", "ca": "ca", "endpoint": "broker:8883", "topics": TOPICS}
        (folder / "answer.json").write_text(json.dumps(answer))
        (folder / "registered.json").write_text(json.dumps({"id": SERIAL}))
        monkeypatch.setattr("paho.mqtt.client._socketpair_compat", pair)
        monkeypatch.setattr("paho.mqtt.client.Client", lambda version, name, protocol: broker.client(name))
        self.broker, self.ended = broker, threading.Event()
        program: dict[str, Any] = {"__name__": "robot"}
        exec(compile(code_of_the_page(), str(PAGE), "exec"), program)
        program["time"] = clock or time
        self.thread = threading.Thread(target=program["run"], args=(folder, lambda: not self.ended.is_set()))
        self.thread.start()
        broker.wait_for(lambda: self.states)

    @property
    def states(self) -> list[State]:
        return [read(State, each.payload) for each in self.broker.published if each.topic == TOPICS[Kind.STATE]]

    @property
    def connection(self) -> list[str]:
        told = [each for each in self.broker.published if each.topic == TOPICS[Kind.CONNECTION]]
        assert all(each.retain for each in told)
        return [read(Connection, each.payload).connection_state for each in told]

    def statuses(self, kind: str) -> list[str]:
        """The statuses of the actions of a kind, as the newest state has them."""
        return [each.action_status for each in self.states[-1].action_states if each.action_type == kind]

    def answer(self, topic: str, payload: bytes) -> State:
        """The state that follows a message, after whatever the program does by itself between two messages."""
        for _ in range(2):
            count = len(self.states)
            self.broker.publish(TOPICS[topic], payload)
            self.broker.wait_for(lambda: len(self.states) > count)  # noqa: B023
        return self.states[-1]

    def shows(self, action_id: str) -> None:
        """Ask for a state, and wait for the one that shows that it was asked for."""
        self.broker.publish(TOPICS[Kind.INSTANT_ACTIONS], at_once(instant(InstantAction.STATE_REQUEST, action_id)))
        self.broker.wait_for(lambda: action_id in {each.action_id for each in self.states[-1].instant_action_states})

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()
