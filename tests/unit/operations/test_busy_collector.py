"""The collector ends in time, a queue that is never empty keeps it from no other, and what it leaves undone rings."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Runtime
from functions.operations import groups
from functions.operations.collector import collector
from functions.operations.letters import OPEN
from tests.support.letters import QUEUES, MemoryFailureQueues
from tests.unit.operations.collecting import INBOX, Failing, Time, collect, of_order, record, stored
from tests.unit.operations.rung import Rung

DENIED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "ReceiveMessage")


def test_the_collector_stops_in_time_and_the_next_goes_on(queues: MemoryFailureQueues, time: Time) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(1, 31)))
    calls = [0]

    def left() -> float:
        calls[0] += 1
        return 60.0 - 2 * calls[0]

    with budget.limited(left):
        collector.handle({})
    some = len(stored())
    assert 0 < some < 30
    assert queues.count(INBOX) == 30 - some
    collect(time, times=2)
    assert (len(stored()), queues.count(INBOX)) == (30, 0)


def test_a_queue_that_is_never_empty_takes_the_time_of_the_others_in_some_minutes_only(
    queues: MemoryFailureQueues, time: Time
) -> None:
    queues.put(INBOX, *(of_order(number) for number in range(2_000)))
    others = [name for name in QUEUES if name != INBOX]
    for number, name in enumerate(others, start=3_000):
        queues.put(name, record("unreadable", number, body=f"{{ {number}"))
    queues.fails = lambda call, queue: time.after(seconds=4) if queue == INBOX else None
    for _ in QUEUES:
        begun = time.now
        with budget.at_most(60):
            collector.handle({})
        time.now = max(time.now, begun + timedelta(seconds=60))
    assert {name: queues.count(name) for name in others} == dict.fromkeys(others, 0)
    assert queues.count(INBOX) > 0


def test_while_a_queue_is_never_empty_its_new_group_is_counted_and_rings_in_its_first_minute(
    queues: MemoryFailureQueues, time: Time, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "operations")
    monkeypatch.setenv("MALLBOTS_STAGE", "prod")
    queues.put(INBOX, *(of_order(number) for number in range(3_000)))
    queues.fails = lambda call, queue: time.after(seconds=1) if queue == INBOX else None
    with budget.at_most(60):
        collector.handle({})
        assert budget.left() > 0
    assert queues.count(INBOX) > 0
    [group] = groups.every(OPEN)
    assert group.counts == {OPEN: 3_000 - queues.count(INBOX)}
    printed = capsys.readouterr().out
    assert [printed.count(f'"{metric}":') for metric in ("NewLetterGroup", "LetterGroupGrows")] == [1, 1]


def test_a_new_group_rings_though_those_that_are_counted_before_it_take_all_the_time(
    queues: MemoryFailureQueues, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        queues.put(INBOX, of_order(number, attributes={"reason": f"cause {'abc'[number]}", "error": "E"}))
    collector.handle({})
    for number in range(3):
        queues.put(INBOX, of_order(10 + number, attributes={"reason": f"cause {'abc'[number]}", "error": "E"}))
    queues.put(INBOX, of_order(20, attributes={"reason": "a new cause", "error": "E"}))
    count = groups.count_again

    def slow(*given: Any) -> object:
        time.after(seconds=30)
        return count(*given)

    monkeypatch.setattr(groups, "count_again", slow)
    with budget.at_most(60):
        collector.handle({})
    assert "a new cause" in [group.reason for group in groups.every(OPEN)]


@pytest.mark.parametrize(
    ("error", "rings"),
    [(ConnectionError("no table"), [0, 1, 1]), (TypeError("what a letter was never like"), [1, 1, 1])],
    ids=["by what may pass, from the second time on", "by an error of ours, at once"],
)
def test_a_letter_that_stays_in_its_queue_rings(
    runtime: Runtime, queues: MemoryFailureQueues, time: Time, rung: Rung, error: Exception, rings: list[int]
) -> None:
    """The age of its queue's oldest message leaves it out from the third receive on."""
    broken = [True]

    def fails(call: str, arguments: tuple[Any, ...]) -> None:
        if broken and call == "put":
            raise error

    Failing(runtime, fails)
    queues.put(INBOX, record())
    found = []
    for _ in rings:
        collect(time)
        found.append(rung.times("Errors"))
    assert (found, queues.count(INBOX)) == (rings, 1)
    broken.clear()
    collect(time)
    assert (rung.times("Errors"), queues.count(INBOX)) == (0, 0)


@pytest.mark.parametrize(("error", "rings"), [(DENIED, 1), (ConnectionError("no queue"), 0)], ids=["ours", "passes"])
def test_a_queue_that_may_not_be_received_from_rings_and_one_that_does_not_answer_is_told_by_its_age(
    queues: MemoryFailureQueues, time: Time, rung: Rung, error: Exception, rings: int
) -> None:
    def fails(call: str, queue: str) -> None:
        if queue == INBOX:
            raise error

    queues.fails = fails
    collect(time)
    assert rung.times("Errors") == rings
