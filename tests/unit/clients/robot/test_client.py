"""A robot on a broker: it connects, works, is cut, comes back, and is started again from its files."""

import logging
import threading
import time
from itertools import pairwise
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessageInfo

from clients.robot import client
from clients.robot.client import Connected
from clients.robot.files import Files
from clients.robot.memory import Memory
from clients.robot.settings import Settings
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import SERIAL, instant, shopping
from tests.unit.clients.robot.broker import OVER_QUOTA, WITHIN, Broker
from tests.unit.clients.robot.program import TOPICS, at_once, connection, is_done, robot, state, told


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


def test_a_robot_leaves_once_the_broker_has_taken_its_goodbye(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "GOODBYE_WITHIN", 60.0)
    unread: list[bool] = []
    disconnect = Client.disconnect

    def disconnected(client: Client, *reasons: Any) -> Any:
        unread.append(any(not one.is_published() for one in goodbyes))
        return disconnect(client, *reasons)

    goodbyes: list[MQTTMessageInfo] = []
    publish = Client.publish

    def published(client: Client, topic: str, payload: bytes, *more: Any, **others: Any) -> MQTTMessageInfo:
        goodbyes.append(publish(client, topic, payload, *more, **others))
        return goodbyes[-1]

    with robot(broker, files):
        broker.wait_for(lambda: "ONLINE" in connection(broker))
        monkeypatch.setattr(Client, "disconnect", disconnected)
        monkeypatch.setattr(Client, "publish", published)
    assert "OFFLINE" in connection(broker)
    assert unread == [False]


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
    back, waits = threading.Event(), threading.Event()
    connect, save = Connected._connect, Files.save

    def when_it_may(self: Connected) -> None:
        if broker.connections and not back.is_set():
            raise ConnectionRefusedError
        connect(self)

    def saved(self: Files, memory: Memory) -> None:
        save(self, memory)
        if [task.state().action_status for task in memory.tasks] == ["FINISHED", "FINISHED", "WAITING"]:
            waits.set()

    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(Connected, "_connect", when_it_may)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
        broker.wait_for(lambda: state(broker)["orderId"])
        broker.cut(SERIAL)
        monkeypatch.setattr(Files, "save", saved)
        assert waits.wait(WITHIN)
        back.set()
        broker.wait_for(is_done(broker))


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
