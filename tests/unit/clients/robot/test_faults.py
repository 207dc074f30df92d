"""A robot on a broker outlasts a clock that is set back, a full disk, and another that has its name."""

import errno
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clients.robot import client
from clients.robot.files import Files
from clients.robot.machine import Robot
from events.vda5050 import errors
from events.vda5050.state import ActionStatus, ErrorLevel
from events.vda5050.text import to_bytes
from events.vda5050.topics import Kind
from tests.unit.clients.robot.bench import SERIAL, Bench, shopping
from tests.unit.clients.robot.broker import WITHIN, Broker
from tests.unit.clients.robot.program import TOPICS, connection, is_done, robot, state, told


def set_back_once(met: Callable[[], bool]) -> Callable[[], float]:
    """A clock that is set back by an hour from when a condition is met."""
    return lambda: time.time() - (3600 if met() else 0)


def test_online_that_the_broker_does_not_take_is_said_again_though_the_clock_is_set_back(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TAKEN_WITHIN", 1.0)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    broker.throttled[TOPICS[Kind.CONNECTION]] = b""
    with robot(broker, files, clock=set_back_once(lambda: TOPICS[Kind.CONNECTION] not in broker.throttled)):
        broker.wait_for(lambda: told(broker, Kind.STATE))
        broker.wait_for(lambda: connection(broker) == ["ONLINE"])


def test_a_connection_that_takes_no_state_is_given_up_though_the_clock_is_set_back(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "ACKNOWLEDGED_WITHIN", 1.0)
    monkeypatch.setattr(client, "LONGEST_WAIT", 0.02)
    broker.is_dead = True
    with robot(broker, files, clock=set_back_once(lambda: TOPICS[Kind.STATE] in broker.lost)):
        broker.wait_for(lambda: len(broker.connections) > 1)


def no_space(file: Path, content: bytes) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_robot_whose_disk_is_full_tells_nothing_that_it_could_not_save_and_goes_on_when_it_is_not(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        with monkeypatch.context() as disk:
            disk.setattr("clients.robot.files.write", no_space)
            broker.publish(TOPICS[Kind.ORDER], to_bytes(shopping()))
            broker.wait_for(lambda: len(broker.connections) > 3)
            assert {each["orderId"] for each in told(broker, Kind.STATE)} == {""}
        broker.wait_for(is_done(broker))
    assert f"robot {SERIAL} cannot save what it knows, and tells nothing: [Errno 28]" in caplog.text
    assert "has no connection" not in caplog.text


def test_a_robot_whose_connection_another_takes_over_waits_long_before_it_takes_it_back(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(client, "LONGEST_PAUSE", 0.5)
    with robot(broker, files):
        broker.wait_for(lambda: state(broker))
        taken_over = time.monotonic()
        broker.take_over(SERIAL)
        broker.wait_for(lambda: len(broker.connections) == 2)
        assert time.monotonic() - taken_over >= 0.5
        assert f"another program has connected as robot {SERIAL}" in caplog.text
        broker.wait_for(
            lambda: [error["errorType"] for error in state(broker)["errors"]] == [errors.CONNECTION_TAKEN_OVER]
        )


def test_a_robot_says_for_five_minutes_that_it_was_taken_over_and_works_on() -> None:
    bench = Bench().send(shopping())
    bench.robot.taken_over(bench.now)
    assert bench.wait(299).errors == [errors.CONNECTION_TAKEN_OVER]
    assert errors.LEVELS[errors.CONNECTION_TAKEN_OVER] is ErrorLevel.URGENT
    bench.robot.taken_over(bench.now)
    assert bench.wait(299).errors == [errors.CONNECTION_TAKEN_OVER]
    assert bench.wait(1).errors == []
    assert set(bench.statuses()) == {ActionStatus.FINISHED}


def test_a_robot_that_is_started_again_still_says_that_it_was_taken_over() -> None:
    bench = Bench()
    bench.robot.taken_over(bench.now)
    again = bench.off(30).back()
    assert again.errors == [errors.CONNECTION_TAKEN_OVER]
    assert again.wait(300).errors == []


def test_a_robot_that_fails_ends_the_program_and_its_error_is_told(
    broker: Broker, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Robot, now: float) -> None:
        raise ZeroDivisionError

    def run_until_it_ends() -> None:
        with robot(broker, files) as ended:
            broker.wait_for(lambda: state(broker))
            monkeypatch.setattr(Robot, "tick", fail)
            assert ended.wait(WITHIN)

    with pytest.raises(ZeroDivisionError):
        run_until_it_ends()
