"""Messages that fail: retried with back-off, in the end dead-lettered with the reason."""

import json
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import ConcurrencyError, NotFoundError, UnavailableError
from functions.kernel.messaging import retry
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.runtime import Runtime
from infra.queues import RECEIVES_BEFORE_REDRIVE
from tests.support import aws
from tests.support.delivery import attributes, delivered
from tests.support.handling import DONE, FILLED, SEALED, Handled, dead_letters_of, failures, filled, queue_of, with_body
from tests.support.jars import JarFilled, JarForgotten
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


def client_error(code: str, status: int = 400, **members: Any) -> ClientError:
    _, answer = aws.error(code, status=status, **members)
    return ClientError(answer, "PutItem")  # type: ignore[arg-type]  # botocore's own type lacks the reasons


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("stores does not answer"),
        ConcurrencyError("too many changes"),
        NotFoundError("there is no jar a yet"),
        ConnectionError(),
        client_error("ThrottlingException"),
        client_error("DisabledException"),
        client_error("KMSInvalidStateException"),
        client_error("InternalServerError", status=500),
        client_error("TransactionCanceledException", CancellationReasons=[{"Code": "ThrottlingError"}]),
        ReadTimeoutError(endpoint_url="https://a.table"),
    ],
    ids=lambda error: str(error)[:40] or type(error).__name__,
)
def test_what_may_pass_is_retried_for_eight_hours_from_its_first_receive(running: Runtime, error: Exception) -> None:
    handled = Handled(a=error)
    assert failures(handled.inbox.handle(delivered(filled("a"), tries=40, hours=7.9))) == ["record-0"]
    assert dead_letters_of(running) == []
    assert queue_of(running).retry_in_seconds == {"receipt-0": 900}
    assert handled.inbox.handle(delivered(filled("a"), tries=41, hours=8)) == DONE
    assert len(dead_letters_of(running)) == 1


def test_a_message_that_waited_for_hours_before_it_failed_is_still_received_eight_times(running: Runtime) -> None:
    handled = Handled(a=UnavailableError("stores does not answer"))
    assert failures(handled.inbox.handle(delivered(filled("a"), tries=7, hours=30))) == ["record-0"]
    assert handled.inbox.handle(delivered(filled("a"), tries=8, hours=30)) == DONE


def test_a_reminder_that_came_long_before_it_was_due_is_retried_for_eight_hours_from_then(running: Runtime) -> None:
    handled = Handled(a=UnavailableError("stores does not answer"))
    due = clock.now() - timedelta(hours=7)
    event = delivered(JarForgotten(jar_id="a"), tries=40, hours=19)
    assert failures(handled.inbox.handle(with_body(event, due=clock.stamp(due)))) == ["record-0"]
    event = delivered(JarForgotten(jar_id="a"), tries=40, hours=20)
    assert handled.inbox.handle(with_body(event, due=clock.stamp(due - timedelta(hours=1)))) == DONE


def test_all_receives_of_a_day_fit_under_those_after_which_the_queue_itself_gives_a_message_up() -> None:
    for hours in (8, 24):
        receives, waited = 1, 0
        while waited < hours * 3600:
            waited += retry.delay(receives)
            receives += 1
        assert receives <= {8: 41, 24: 105}[hours] < RECEIVES_BEFORE_REDRIVE


@pytest.mark.parametrize("tries", [8, 9])
def test_a_message_that_failed_eight_times_is_dead_lettered_with_the_reason(running: Runtime, tries: int) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    event = delivered(filled("a"), tries=tries)
    assert handled.inbox.handle(event) == DONE
    [(body, facts)] = dead_letters_of(running)
    assert body == event["Records"][0]["body"]
    assert (facts["reason"], facts["error"], facts["tries"]) == ("it broke", "RuntimeError", str(tries))
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
    if name == "data that does not fit":
        detail = json.loads(event["Records"][0]["body"])["detail"]
        return with_body(event, detail={**detail, "data": {"jar_id": "jar-1", "coins": "many", "added": 1}})
    if name == "no envelope":
        return with_body(event, detail={"hello": "world"})
    if name == "a reminder without a time":
        return with_body(event, due="soon")
    if name == "a reminder without a zone":
        return with_body(event, due="2026-03-01T12:00:00")
    event["Records"][0]["body"] = {"no JSON": "{", "no object": "[1]", "nothing": "", "too many levels": "[" * 100_000}[
        name
    ]
    return event


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("data that does not fit", "JarFilled version 1 does not fit its model: coins: "),
        ("no envelope", "the body holds no envelope"),
        ("a reminder without a time", "is not a time"),
        ("a reminder without a zone", "is not a time"),
        ("no JSON", "the body is not JSON"),
        ("no object", "the body is not a JSON object"),
        ("nothing", "the body is not JSON"),
        ("too many levels", "the body is not JSON"),
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


def unread(name: str) -> tuple[Handled, dict[str, Any]]:
    """An inbox, and a message that the code of tomorrow can handle."""
    handled = Handled(a=UnknownEventError("Jar#1 holds Melted, which this code does not know"))
    if name == "a stored event":
        return handled, delivered(filled("a"))
    if name == "a subscription":
        return handled, delivered(SEALED)
    if name == "a message":
        return handled, with_body(delivered(FILLED), name="JarMelted")
    return handled, with_body(delivered(FILLED), version=2)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a version", "JarFilled version 2 is newer than this code, which knows 1"),
        ("a stored event", "Jar#1 holds Melted, which this code does not know"),
        ("a subscription", "jars does not handle JarSealed"),
        ("a message", "jars does not handle JarMelted"),
    ],
)
def test_what_is_newer_than_the_code_waits_a_day_for_the_code_that_knows_it(
    running: Runtime, name: str, why: str
) -> None:
    handled, event = unread(name)
    [record] = event["Records"]
    for receives, hours in ((1, 0), (8, 0.1), (60, 12), (104, 23.9)):
        record["attributes"] = attributes(receives, clock.now() - timedelta(hours=hours))
        assert failures(handled.inbox.handle(event)) == ["record-0"]
    assert dead_letters_of(running) == []
    record["attributes"] = attributes(105, clock.now() - timedelta(hours=24))
    assert handled.inbox.handle(event) == DONE
    assert [reason["reason"] for _, reason in dead_letters_of(running)] == [why]


def test_a_batch_ends_in_time_and_hands_back_at_once_what_it_could_not_begin(running: Runtime) -> None:
    left = 20.0
    inbox = Inbox("jars")

    @inbox.on(JarFilled)
    def hang(message: JarFilled) -> None:
        nonlocal left
        left -= budget.TRY
        raise UnavailableError("the carrier does not answer")

    with budget.limited(lambda: left):
        response = inbox.handle(delivered(*(filled(jar) for jar in "abcdefghij")))
    assert failures(response) == [f"record-{number}" for number in range(10)]
    assert queue_of(running).retry_in_seconds == {
        **{f"receipt-{number}": 2 for number in range(5)},
        **{f"receipt-{number}": 0 for number in range(5, 10)},
    }
    assert left >= budget.RESERVE


def test_the_first_message_of_a_batch_is_always_begun(running: Runtime) -> None:
    handled = Handled()
    with budget.limited(lambda: 1.0):
        assert failures(handled.inbox.handle(delivered(filled("a"), filled("b")))) == ["record-1"]
    assert handled.jars == ["a"]
