"""The smallest robot, as docs/robots.md has it, works on a broker."""

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from events.vda5050.connection import Connection
from events.vda5050.instant_actions import InstantAction, InstantActions
from events.vda5050.state import State
from events.vda5050.text import read, to_bytes
from events.vda5050.topics import Kind, Topics
from tests.unit.clients.robot.bench import HEADER, SERIAL, instant, results, shopping
from tests.unit.clients.robot.broker import OVER_QUOTA, Broker
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


class Run:
    """The page's program on a broker."""

    def __init__(self, broker: Broker, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        answer = {"certificate": "certificate", "ca": "ca", "endpoint": "broker:8883", "topics": TOPICS}
        (folder / "answer.json").write_text(json.dumps(answer))
        (folder / "registered.json").write_text(json.dumps({"id": SERIAL}))
        monkeypatch.setattr("paho.mqtt.client._socketpair_compat", pair)
        monkeypatch.setattr("paho.mqtt.client.Client", lambda version, name, protocol: broker.client(name))
        self.broker, self.ended = broker, threading.Event()
        program: dict[str, Any] = {"__name__": "robot"}
        exec(compile(code_of_the_page(), str(PAGE), "exec"), program)
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

    def stop(self) -> None:
        self.ended.set()
        self.thread.join()


def test_the_smallest_robot_works_an_order_off_and_says_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Broker(tmp_path / "b") as broker:
        run = Run(broker, tmp_path, monkeypatch)
        try:
            broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
            broker.wait_for(lambda: run.states[-1].order_id and run.states[-1].idle)
            broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        finally:
            run.stop()
        broker.wait_for(lambda: run.connection == ["ONLINE", "OFFLINE"])
    assert results(run.states[-1]) == {"list-1.1/tea": 3, "list-1.1/mug": 3}
    assert run.states[-1].last_node_id == "depot"
    assert [state.header_id for state in run.states] == list(range(len(run.states)))
    assert all(state.errors == () for state in run.states)


def test_the_smallest_robot_tries_until_the_broker_takes_it_and_says_that_it_is_online_until_the_broker_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Broker(tmp_path / "b") as broker:
        broker.refuses = 3
        broker.throttled[TOPICS[Kind.CONNECTION]] = OVER_QUOTA
        run = Run(broker, tmp_path, monkeypatch)
        try:
            broker.wait_for(lambda: run.connection == ["ONLINE"] and len(run.states) > 1)
        finally:
            run.stop()
    assert len(broker.connections) == 1


def test_the_smallest_robot_cancels_its_order_once_and_takes_no_other_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel = to_bytes(InstantActions(**HEADER, actions=(instant(InstantAction.CANCEL_ORDER, "cancel"),)))
    far = shopping().nodes[:3] * 200 + shopping().nodes  # so that no action begins before the order is cancelled
    endless = shopping().model_copy(update={"nodes": far})
    with Broker(tmp_path / "b") as broker:
        run = Run(broker, tmp_path, monkeypatch)
        try:
            broker.publish(TOPICS[Kind.ORDER], to_bytes(endless))
            broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping("list-2.1")))
            broker.wait_for(lambda: run.states[-1].errors)
            assert run.states[-1].errors[0].error_type == "OTHER_ORDER_ACTIVE"
            broker.publish(TOPICS[Kind.INSTANT_ACTIONS], cancel)
            broker.publish(TOPICS[Kind.INSTANT_ACTIONS], cancel)
            broker.wait_for(lambda: run.states[-1].idle and run.states[-1].instant_action_states)
        finally:
            run.stop()
    assert [each.action_status for each in run.states[-1].instant_action_states] == ["FINISHED"]
    assert "FAILED" in {each.action_status for each in run.states[-1].action_states}
