"""What became of a letter that was sent back: reported by its consumer, and carried along when it is given up again."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging.inbox import Again, Inbox
from functions.kernel.messaging.topics import Topics
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import delivered, message_attributes
from tests.support.handling import (
    DONE,
    FILLED,
    Handled,
    dead_letters_of,
    failures,
    fill,
    filled,
    inbox_with,
    queue_of,
    with_body,
)
from tests.support.jars import FillJar, JarFilled
from tests.support.runtime import RecordingQueue, memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LETTER = {"letter": "a1b2", "run": "run-1/0"}
IDENTITY = {**LETTER, "error": "", "reason": "", "at": "2026-03-01T12:00:00.000000Z"}


@pytest.fixture
def outcomes() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def running(outcomes: RecordingQueue) -> Iterator[Runtime]:
    made = memory_runtime("jars", outcomes=outcomes, settings={"MALLBOTS_CODE": "c0de"})
    with runtime.active(made), clock.fixed(lambda: NOON):
        yield made


def sent_back(event: dict[str, Any], *positions: int) -> dict[str, Any]:
    """The event, with its messages (those at these positions) sent back as letters."""
    for position, record in enumerate(event["Records"]):
        if not positions or position in positions:
            record["messageAttributes"] = message_attributes(LETTER)
    return event


def reports(outcomes: RecordingQueue) -> list[dict[str, str]]:
    return [json.loads(sent.body) for sent in outcomes.sent]


def test_that_a_letter_was_handled_is_reported(running: Runtime, outcomes: RecordingQueue) -> None:
    handled = Handled()
    assert handled.inbox.handle(sent_back(delivered(filled("a"), filled("b")), 1)) == DONE
    assert handled.jars == ["a", "b"]
    assert reports(outcomes) == [{**IDENTITY, "outcome": "done"}]


@pytest.mark.parametrize("fifo", [False, True], ids=["a standard queue", "a FIFO queue"])
def test_a_letter_whose_report_fails_is_retried_and_reported_then(
    running: Runtime, outcomes: RecordingQueue, fifo: bool
) -> None:
    handled, event = Handled(fifo=fifo), sent_back(delivered(filled("a")))
    outcomes.down = True
    assert failures(handled.inbox.handle(event)) == ["record-0"]
    assert queue_of(running).retry_in_seconds == {"receipt-0": 2}
    outcomes.down = False
    assert handled.inbox.handle(event) == DONE
    assert [one["outcome"] for one in reports(outcomes)] == ["done"]


def test_a_letter_of_which_no_report_can_be_made_is_dead_lettered_in_the_end(outcomes: RecordingQueue) -> None:
    with runtime.active(memory_runtime("jars")) as made:  # it does not know the queue of outcomes
        event = sent_back(delivered(filled("a"), tries=40, hours=8))
        assert Handled().inbox.handle(event) == DONE
    [(_, facts)] = dead_letters_of(made)
    assert facts["reason"] == "this function does not know the queue of outcomes"
    assert facts["letter"] == "a1b2"


def test_a_letter_that_fails_is_reported_as_failing_while_it_is_retried(
    running: Runtime, outcomes: RecordingQueue
) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    assert failures(handled.inbox.handle(sent_back(delivered(filled("a"))))) == ["record-0"]
    assert reports(outcomes) == [{**IDENTITY, "outcome": "failing", "error": "RuntimeError", "reason": "it broke"}]
    assert dead_letters_of(running) == []


def test_a_letter_that_is_given_up_again_carries_its_identity_and_is_reported_dead(
    running: Runtime, outcomes: RecordingQueue
) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    assert handled.inbox.handle(sent_back(delivered(filled("a"), tries=8, hours=0.5))) == DONE
    [(_, facts)] = dead_letters_of(running)
    assert facts == {
        "reason": "it broke",
        "error": "RuntimeError",
        "tries": "8",
        "first": "2026-03-01T11:30:00.000000Z",
        "code": "c0de",
        **LETTER,
    }
    assert reports(outcomes) == [{**IDENTITY, "outcome": "dead", "error": "RuntimeError", "reason": "it broke"}]


@pytest.mark.parametrize("tries", [1, 8])
def test_that_a_failure_cannot_be_reported_changes_nothing_for_the_message(
    running: Runtime, outcomes: RecordingQueue, tries: int
) -> None:
    outcomes.down = True
    response = Handled(a=RuntimeError("it broke")).inbox.handle(sent_back(delivered(filled("a"), tries=tries)))
    assert failures(response) == (["record-0"] if tries == 1 else [])
    assert len(dead_letters_of(running)) == (tries == 8)


def test_a_letter_that_even_the_dead_letters_do_not_take_is_not_reported_dead(
    running: Runtime, outcomes: RecordingQueue
) -> None:
    assert isinstance(running.dead_letters, RecordingQueue)
    running.dead_letters.down = True
    response = Handled(a=RuntimeError("it broke")).inbox.handle(sent_back(delivered(filled("a"), tries=8)))
    assert failures(response) == ["record-0"]
    assert reports(outcomes) == []


def test_a_letter_that_waits_has_no_outcome_yet(running: Runtime, outcomes: RecordingQueue) -> None:
    handled = Handled(a=Again(30))
    assert failures(handled.inbox.handle(sent_back(delivered(filled("a"))))) == ["record-0"]
    assert reports(outcomes) == []


def test_a_letter_whose_subscription_is_drained_is_done(running: Runtime, outcomes: RecordingQueue) -> None:
    inbox = Inbox("jars")
    inbox.drain(JarFilled)
    assert inbox.handle(sent_back(delivered(FILLED))) == DONE
    assert [one["outcome"] for one in reports(outcomes)] == ["done"]


def test_a_letter_that_was_handled_before_is_done_and_its_command_answered_again(
    running: Runtime, outcomes: RecordingQueue
) -> None:
    inbox, command = inbox_with(fill), delivered(FillJar(jar_id="jar-1", coins=5))
    assert inbox.handle(command) == DONE
    assert inbox.handle(sent_back(command)) == DONE
    assert [one["outcome"] for one in reports(outcomes)] == ["done"]


def test_a_letter_is_done_only_when_what_follows_its_batch_is_done(running: Runtime, outcomes: RecordingQueue) -> None:
    handled, broken = Handled(), True

    @handled.inbox.after_a_batch
    def follow_up(_: Any) -> None:
        if broken:
            raise UnavailableError("not now")

    event = sent_back(delivered(filled("a")))
    assert failures(handled.inbox.handle(event)) == ["record-0"]
    assert [one["outcome"] for one in reports(outcomes)] == ["failing"]
    broken = False
    assert handled.inbox.handle(event) == DONE
    assert [one["outcome"] for one in reports(outcomes)] == ["failing", "done"]


def test_what_is_no_letter_is_not_reported_and_carries_no_identity(running: Runtime, outcomes: RecordingQueue) -> None:
    handled = Handled(b=RuntimeError("it broke"))
    event = delivered(filled("a"), filled("b"), tries=8)
    for record in event["Records"]:
        record["messageAttributes"] = message_attributes({"letter": "", "other": "x"})
    assert handled.inbox.handle(event) == DONE
    [(_, facts)] = dead_letters_of(running)
    assert set(facts) == {"reason", "error", "tries", "first", "code"}
    assert reports(outcomes) == []


def test_an_unreadable_letter_is_dead_at_once(running: Runtime, outcomes: RecordingQueue) -> None:
    event = sent_back(with_body(delivered(FILLED), detail={"hello": "world"}))
    assert Handled().inbox.handle(event) == DONE
    assert [one["outcome"] for one in reports(outcomes)] == ["dead"]


def test_letters_of_what_robots_say_are_reported_too(running: Runtime, outcomes: RecordingQueue) -> None:
    topics = Topics("jars")
    topics.on("state", reads=lambda payload: payload)(lambda robot, said: None)
    body = {"robot": "r", "topic": "state", "received": int(NOON.timestamp() * 1000), "payload": "e30="}
    event = delivered(FILLED)
    event["Records"][0]["body"] = json.dumps(body)
    assert topics.handle(sent_back(event)) == DONE
    event["Records"][0]["body"] = json.dumps({**body, "payload": "?"})
    assert topics.handle(sent_back(event)) == DONE
    assert [one["outcome"] for one in reports(outcomes)] == ["done", "dead"]


def test_the_first_receive_is_said_in_the_letter_however_long_ago(running: Runtime) -> None:
    handled = Handled(a=UnavailableError("stores does not answer"))
    assert handled.inbox.handle(delivered(filled("a"), tries=41, hours=8)) == DONE
    [(_, facts)] = dead_letters_of(running)
    assert facts["first"] == clock.stamp(NOON - timedelta(hours=8))
