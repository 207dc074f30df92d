"""Messages that fail: retried with back-off, in the end dead-lettered with the reason."""

import json
from typing import Any

import pytest

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import runtime
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import delivered
from tests.support.handling import DONE, FILLED, SEALED, Handled, dead_letters_of, failures, filled, queue_of, with_body
from tests.support.runtime import RecordingQueue, memory_runtime


def test_a_message_that_fails_fails_alone_and_comes_back_later(running: Runtime) -> None:
    handled = Handled(b=NotFoundError("there is no jar b"))
    response = handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c")))
    assert failures(response) == ["record-1"]
    assert handled.jars == ["a", "c"]
    assert queue_of(running).retry_in_seconds == {"receipt-1": 2}


@pytest.mark.parametrize(("tries", "seconds"), [(1, 2), (2, 4), (3, 8), (7, 128)])
def test_a_failing_message_is_put_off_for_longer_each_time(running: Runtime, tries: int, seconds: int) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    assert failures(handled.inbox.handle(delivered(filled("a"), tries=tries))) == ["record-0"]
    assert queue_of(running).retry_in_seconds == {"receipt-0": seconds}
    assert dead_letters_of(running) == []


def test_a_message_is_put_off_for_900_seconds_at_most() -> None:
    handled = Handled(a=RuntimeError("it broke"))
    with runtime.active(memory_runtime("jars", settings={"MALLBOTS_MAX_RECEIVES": "99"})) as running:
        handled.inbox.handle(delivered(filled("a"), tries=30))
    assert queue_of(running).retry_in_seconds == {"receipt-0": 900}


@pytest.mark.parametrize("tries", [8, 9])
def test_a_message_that_failed_eight_times_is_dead_lettered_with_the_reason(running: Runtime, tries: int) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    event = delivered(filled("a"), tries=tries)
    assert handled.inbox.handle(event) == DONE
    reason = {"reason": "it broke", "error": "RuntimeError", "tries": str(tries)}
    assert dead_letters_of(running) == [(event["Records"][0]["body"], reason)]
    assert queue_of(running).retry_in_seconds == {}


def test_how_often_a_message_may_fail_is_a_setting_of_the_stage() -> None:
    handled = Handled(a=RuntimeError())
    with runtime.active(memory_runtime("jars", settings={"MALLBOTS_MAX_RECEIVES": "2"})) as running:
        assert failures(handled.inbox.handle(delivered(filled("a"), tries=1))) == ["record-0"]
        assert handled.inbox.handle(delivered(filled("a"), tries=2)) == DONE
    assert [reason["reason"] for _, reason in dead_letters_of(running)] == ["RuntimeError"]


def test_a_message_that_even_the_dead_letters_do_not_take_fails_and_stays_in_its_queue(running: Runtime) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    assert isinstance(running.dead_letters, RecordingQueue)
    running.dead_letters.down = True
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b"), tries=8))) == ["record-0"]
    assert handled.jars == ["b"]


def test_a_message_that_cannot_be_put_off_fails_alone(running: Runtime) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    queue_of(running).down = True
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b")))) == ["record-0"]
    assert handled.jars == ["b"]


def undecodable(name: str) -> dict[str, Any]:
    event = delivered(FILLED)
    if name == "an unknown name":
        return with_body(event, name="JarMelted")
    if name == "a message of somebody else":
        return delivered(SEALED)
    if name == "a newer version":
        return with_body(event, version=2)
    if name == "data that does not fit":
        detail = json.loads(event["Records"][0]["body"])["detail"]
        return with_body(event, detail={**detail, "data": {"jar_id": "jar-1", "coins": "many", "added": 1}})
    if name == "no envelope":
        return with_body(event, detail={"hello": "world"})
    if name == "a reminder without a time":
        return with_body(event, due="soon")
    if name == "a reminder without a zone":
        return with_body(event, due="2026-03-01T12:00:00")
    event["Records"][0]["body"] = {"no JSON": "{", "no object": "[1]", "nothing": ""}[name]
    return event


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("an unknown name", "jars does not handle JarMelted"),
        ("a message of somebody else", "jars does not handle JarSealed"),
        ("a newer version", "JarFilled version 2 is newer than this code, which knows 1"),
        ("data that does not fit", "JarFilled version 1 does not fit its model: coins: "),
        ("no envelope", "the body holds no envelope"),
        ("a reminder without a time", "is not a time"),
        ("a reminder without a zone", "is not a time"),
        ("no JSON", "the body is not JSON"),
        ("no object", "the body is not a JSON object"),
        ("nothing", "the body is not JSON"),
    ],
)
def test_what_cannot_be_read_is_dead_lettered_at_once_with_the_reason(running: Runtime, name: str, why: str) -> None:
    handled = Handled()
    event = undecodable(name)
    assert handled.inbox.handle(event) == DONE
    [(body, reason)] = dead_letters_of(running)
    assert body == event["Records"][0]["body"]
    assert why in reason["reason"]
    assert "world" not in reason["reason"]  # what a message holds may be private
    assert (reason["error"], reason["tries"]) == ("UndeliverableError", "1")
    assert handled.jars == []


def test_a_handler_may_say_that_no_try_will_make_a_message_good(running: Runtime) -> None:
    handled = Handled(a=UndeliverableError("the jar is not one of ours"))
    assert handled.inbox.handle(delivered(filled("a"))) == DONE
    assert [reason["reason"] for _, reason in dead_letters_of(running)] == ["the jar is not one of ours"]
