"""Timers that a schedule brings, and the sweep over what they find due."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.sweep import SECONDS, sweep
from functions.kernel.runtime import clock, context
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import attributes
from tests.support.handling import DONE, dead_letters_of, failures
from tests.support.jars import JarForgotten, JarsDue

TIME = "2026-03-01T12:00:00Z"
LATE = Alarm("JarsLeftLying", "JarsDue")


def tick(**body: Any) -> dict[str, Any]:
    """A batch as a schedule's rule makes it."""
    record = {
        "messageId": "record-0",
        "receiptHandle": "receipt-0",
        "body": json.dumps({"detail-type": "JarsDue", "version": 1, "time": TIME} | body),
        "attributes": attributes(),
    }
    return {"Records": [record]}


@pytest.fixture
def received() -> list[tuple[JarsDue, context.Context]]:
    return []


@pytest.fixture
def inbox(received: list[tuple[JarsDue, context.Context]]) -> Inbox:
    inbox = Inbox("jars")
    inbox.schedule(JarsDue, "rate(1 minute)")
    inbox.on(JarsDue)(lambda timer: received.append((timer, context.current())))
    return inbox


def test_a_tick_is_handled_as_the_timer_that_it_names(running: Runtime, inbox: Inbox, received: list[Any]) -> None:
    assert inbox.handle(tick()) == DONE
    [(timer, working)] = received
    assert timer == JarsDue(time=TIME)
    assert (working.actor, working.correlation_id) == ("system", working.causation_id)


def test_two_ticks_of_one_moment_are_one_message_and_those_of_two_are_two(
    running: Runtime, inbox: Inbox, received: list[Any]
) -> None:
    for time in (TIME, TIME, "2026-03-01T12:01:00Z"):
        inbox.handle(tick(time=time))
    first, again, next_one = (working.cause.id for _, working in received)
    assert first == again != next_one


@pytest.mark.parametrize("body", [{"time": None}, {"version": None}, {"detail-type": None}])
def test_a_body_that_is_neither_a_message_nor_a_tick_is_dead_lettered(
    running: Runtime, inbox: Inbox, body: dict[str, Any]
) -> None:
    assert inbox.handle(tick(**body)) == DONE
    [(_, reason)] = dead_letters_of(running)
    assert "envelope" in reason["reason"]


def test_a_tick_of_a_schedule_that_is_newer_than_the_code_waits_for_it(running: Runtime) -> None:
    assert failures(Inbox("jars").handle(tick())) == ["record-0"]
    assert dead_letters_of(running) == []


def test_a_tick_whose_work_fails_comes_again(running: Runtime) -> None:
    inbox = Inbox("jars")

    @inbox.on(JarsDue)
    def fail(timer: JarsDue) -> None:
        raise ConnectionError

    assert failures(inbox.handle(tick())) == ["record-0"]


def test_only_a_timer_with_nothing_but_a_time_can_be_scheduled() -> None:
    with pytest.raises(TypeError, match="its only field must be `time`"):
        Inbox("jars").schedule(JarForgotten, "rate(1 minute)")


def test_a_timer_comes_when_its_schedule_says() -> None:
    inbox = Inbox("jars")
    inbox.schedule(JarsDue, "rate(1 minute)")
    assert inbox.schedules == {JarsDue: "rate(1 minute)"}


def test_a_queue_that_works_one_by_one_has_no_schedules() -> None:
    with pytest.raises(TypeError, match="a FIFO queue has no schedules"):
        Inbox("jars", fifo=True).schedule(JarsDue, "rate(1 minute)")


def test_a_sweep_looks_at_all_that_was_found_each_in_a_flow_of_its_own() -> None:
    flows: dict[str, str] = {}

    def look(jar: str) -> None:
        flows[jar] = context.current().correlation_id
        assert (context.current().cause, context.current().causation_id) == (None, None)

    assert sweep(["a", "b", "c"], look, LATE) == 3
    assert list(flows) == ["a", "b", "c"]
    assert len(set(flows.values())) == 3


def test_one_that_fails_keeps_no_other_from_being_looked_at_and_rings_the_alarm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    seen: list[str] = []

    def look(jar: str) -> None:
        if jar == "b":
            raise ConnectionError
        seen.append(jar)

    assert sweep(["a", "b", "c"], look, LATE) == 2
    assert seen == ["a", "c"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["JarsLeftLying"] for line in lines if "JarsLeftLying" in line] == [[1.0]]


def test_a_sweep_ends_in_time_and_leaves_the_rest_for_the_next_tick() -> None:
    now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def look(number: int) -> None:
        nonlocal now
        now += timedelta(seconds=1)

    def endless() -> Iterator[int]:
        number = 0
        while True:
            yield (number := number + 1)

    with clock.fixed(lambda: now):
        assert sweep(endless(), look, LATE) == SECONDS + 1
