"""A robot on a broker: it connects, works, is cut, comes back, and is started again from its files."""

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from clients.robot import client
from clients.robot.client import Connected, running
from clients.robot.enrol import connected
from clients.robot.files import Files, Identity, InUseError, alone_in
from clients.robot.machine import Robot
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.floor.plan import plan
from events.vda5050.instant_actions import InstantActions
from events.vda5050.order import Action
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind, Topics
from tests.unit.clients.robot.bench import HEADER, SERIAL, instant, never, shopping
from tests.unit.clients.robot.broker import OVER_QUOTA, Broker

TOPICS = {kind: Topics("mallbots-test").of(kind, SERIAL) for kind in Kind}
QUICK = Settings().faster(200)


@pytest.fixture
def broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    # paho makes itself a pair of sockets of the network, which unit tests may not open.
    monkeypatch.setattr("paho.mqtt.client._socketpair_compat", pair)
    with Broker(tmp_path / "b") as broker:
        yield broker


def pair() -> tuple[socket.socket, socket.socket]:
    ends = socket.socketpair()
    for end in ends:
        end.setblocking(False)
    return ends


@pytest.fixture(autouse=True)
def _without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that takes any number of CONNECTs."""
    monkeypatch.setattr(client, "BETWEEN", 0.0)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    files = Files(tmp_path / SERIAL)
    identity = Identity(SERIAL, "broker", 8883, {str(kind): topic for kind, topic in TOPICS.items()})
    files.keep(identity, b"key", "certificate", "ca")
    return files


@contextmanager
def robot(broker: Broker, files: Files, settings: Settings = QUICK) -> Iterator[None]:
    identity = files.identity()
    assert identity
    memory = files.memory() or Memory(plan().depot)
    machine = Robot(SERIAL, memory, settings, plan(), never)
    with running([Connected(machine, identity, files, broker.client)]):
        yield


def told(broker: Broker, kind: Kind) -> list[dict[str, Any]]:
    return [json.loads(each.payload) for each in broker.published if each.topic == TOPICS[kind]]


def state(broker: Broker) -> dict[str, Any]:
    """The newest; nothing before the first."""
    return next(reversed(told(broker, Kind.STATE)), {})


def connection(broker: Broker) -> list[str]:
    return [each["connectionState"] for each in told(broker, Kind.CONNECTION)]


def is_done(broker: Broker, order_id: str = "list-1.1") -> Callable[[], bool]:
    def done() -> bool:
        newest = state(broker)
        statuses = {each["actionStatus"] for each in newest.get("actionStates", [])}
        return newest.get("orderId") == order_id and statuses == {"FINISHED"} and not newest["nodeStates"]

    return done


def at_once(action: Action) -> bytes:
    return to_bytes(InstantActions(**HEADER, actions=(action,)))


def test_a_robot_comes_online_works_an_order_off_and_says_goodbye(broker: Broker, files: Files) -> None:
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(is_done(broker))
        broker.publish(TOPICS[Kind.INSTANT_ACTIONS], at_once(instant("startPause")))
        broker.wait_for(lambda: state(broker)["paused"])
    broker.wait_for(lambda: connection(broker) == ["ONLINE", "OFFLINE"])
    retained = {each.topic for each in broker.published if each.retain}
    assert retained == {TOPICS[Kind.CONNECTION], TOPICS[Kind.FACTSHEET]}
    assert broker.connections == [(SERIAL, False)]


def test_a_robot_logs_the_trace_of_what_it_is_told(
    broker: Broker, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()), "00-1-2-01")
        broker.wait_for(is_done(broker))
    assert f"robot {SERIAL} is told: order, traceparent 00-1-2-01" in caplog.text


def test_a_robot_that_is_cut_comes_back_and_gets_what_came_meanwhile(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        broker.cut(SERIAL)
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(is_done(broker))
        assert connection(broker) == ["ONLINE", "CONNECTION_BROKEN", "ONLINE"]


def test_a_connection_on_which_nothing_is_acknowledged_is_given_up_for_another(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "ACKNOWLEDGED_WITHIN", 0.05)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    broker.is_dead = True
    with robot(broker, files):
        broker.wait_for(lambda: len(broker.connections) > 2)
        broker.is_dead = False
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(is_done(broker))


BY_REASON = pytest.mark.parametrize("reason", [b"", OVER_QUOTA], ids=["in silence", "as over a quota"])


@BY_REASON
def test_a_state_that_the_broker_does_not_take_is_said_again_on_another_connection(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch, reason: bytes
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "ACKNOWLEDGED_WITHIN", 0.05)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    broker.throttled[TOPICS[Kind.STATE]] = reason
    with robot(broker, files):
        broker.wait_for(lambda: state(broker) and len(broker.connections) > 1)
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(is_done(broker))


@BY_REASON
@pytest.mark.parametrize("kind", [Kind.CONNECTION, Kind.FACTSHEET])
def test_a_retained_message_that_the_broker_does_not_take_is_said_again_on_the_same_connection(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch, kind: Kind, reason: bytes
) -> None:
    monkeypatch.setattr(client, "TAKEN_WITHIN", 0.05)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    broker.throttled[TOPICS[kind]] = reason
    with robot(broker, files):
        broker.wait_for(lambda: told(broker, kind))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(is_done(broker))
    assert told(broker, kind)[0]["headerId"] == (1 if kind is Kind.CONNECTION else 0)
    assert len(broker.connections) == 1


def test_a_robot_whose_will_used_up_the_rate_of_its_topic_is_online_a_moment_later_on_its_second_connection(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "ACKNOWLEDGED_WITHIN", 0.1)
    monkeypatch.setattr(client, "TAKEN_WITHIN", 0.2)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        broker.between_retained = 1.0
        broker.forget_the_rate()
        broker.cut(SERIAL)
        broker.wait_for(lambda: connection(broker) == ["ONLINE", "CONNECTION_BROKEN", "ONLINE"])
        assert TOPICS[Kind.CONNECTION] in {each.topic for each in broker.refused}
    assert len(broker.connections) == 2


def test_a_robot_of_which_no_state_is_taken_waits_longer_and_longer_before_it_connects_again(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest: list[float] = []

    def most(least: float, up_to: float) -> float:
        longest.append(up_to)
        return least

    monkeypatch.setattr("clients.robot.client.random.uniform", most)
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "ACKNOWLEDGED_WITHIN", 0.05)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    broker.is_dead = True  # it takes CONNECT and SUBSCRIBE
    with robot(broker, files):
        broker.wait_for(lambda: len(broker.connections) == 5)
    assert longest[:4] == [0.01, 0.02, 0.04, 0.08]


def test_a_robot_that_is_cut_again_and_again_asks_for_a_connection_no_sooner_than_the_broker_takes_it(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    connect = Connected._connect

    def noted(self: Connected) -> None:
        asked.append(time.monotonic())
        connect(self)
        broker.wait_for(lambda: len(broker.connections) == len(asked))
        broker.cut(SERIAL)

    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    monkeypatch.setattr(client, "BETWEEN", 0.2)
    monkeypatch.setattr(Connected, "_connect", noted)
    with robot(broker, files):
        broker.wait_for(lambda: len(broker.connections) == 4)
    assert min(later - sooner for sooner, later in pairwise(asked)) >= 0.2


def test_a_robot_works_on_while_it_is_cut(broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    back = threading.Event()
    connect = Connected._connect

    def when_it_may(self: Connected) -> None:
        if broker.connections and not back.is_set():
            raise ConnectionRefusedError
        connect(self)

    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(Connected, "_connect", when_it_may)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(lambda: state(broker)["orderId"])
        broker.cut(SERIAL)
        waiting = threading.Event()
        while [each["actionStatus"] for each in _saved(files)["tasks"]] != ["FINISHED", "FINISHED", "WAITING"]:
            assert not waiting.wait(0.01)
        back.set()
        broker.wait_for(is_done(broker))


def _saved(files: Files) -> dict[str, Any]:
    memory = files.memory()
    assert memory
    return {"tasks": [task.state().model_dump(by_alias=True) for task in memory.tasks]}


def test_a_robot_that_is_started_again_goes_on_with_its_order(broker: Broker, files: Files) -> None:
    with robot(broker, files, Settings().faster(20)):
        broker.wait_for(lambda: state(broker))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(lambda: state(broker)["lastNodeId"] == "north-west")
    broker.wait_for(lambda: connection(broker)[-1] == "OFFLINE")  # all that it told has come
    before = len(told(broker, Kind.STATE))
    with robot(broker, files):
        broker.wait_for(lambda: len(told(broker, Kind.STATE)) > before)
        first = told(broker, Kind.STATE)[before]
        assert (first["headerId"], first["orderId"]) == (0, "list-1.1")
        assert first["lastNodeId"] != "depot"
        broker.wait_for(is_done(broker))


def test_what_a_robot_tells_is_saved_before(broker: Broker, files: Files) -> None:
    saves: list[tuple[int, str]] = []
    save = files.save

    def noted(memory: Memory) -> None:
        saves.append((len(told(broker, Kind.STATE)), memory.order.order_id if memory.order else ""))
        save(memory)

    files.save = noted  # type: ignore[method-assign]
    with robot(broker, files, Settings()):
        broker.wait_for(lambda: state(broker))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(lambda: state(broker)["orderId"])
    before_it_was_told = [told_so_far for told_so_far, order_id in saves if order_id]
    first_told = next(place for place, each in enumerate(told(broker, Kind.STATE)) if each["orderId"])
    assert min(before_it_was_told) <= first_told


def test_two_programs_do_not_run_the_same_robots(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(InUseError), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass


def test_a_robots_files_are_not_readable_by_others_and_half_an_enrolment_does_not_count(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert files.identity() is None
    files.keep(Identity("bot", "host", 1, {}), b"key", "certificate", "ca")
    assert files.identity() == Identity("bot", "host", 1, {})
    assert {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()} == {0o600}


def test_a_new_robot_begins_at_a_parking_place_and_one_with_files_where_it_was(files: Files) -> None:
    connected(files, QUICK, parking=1)
    files.save(Memory("north"))
    assert connected(files, QUICK)._robot.memory.node_id == "north"
