"""Queue batches to handlers: what is done with a message, whatever it is."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging import inbox as received
from functions.kernel.messaging.inbox import FIFO_GROUP, Again, Inbox
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import budget, clock, context, runtime
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import delivered
from tests.support.handling import DONE, FILLED, Handled, dead_letters_of, failures, filled, queue_of, with_body
from tests.support.jars import FillJar, JarFillAccepted, JarFilled, JarForgotten, jars
from tests.support.runtime import RecordingQueue, memory_runtime

SAMPLE = Path(__file__).parent / "samples" / "sqs_from_eventbridge.json"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_a_message_as_the_bus_delivers_it_is_handled_in_the_context_that_it_brings(running: Runtime) -> None:
    seen: list[context.Context] = []
    inbox = Inbox("jars")

    def fill(command: FillJar) -> None:
        jars.create(command.jar_id, lambda jar: jar.fill(command.coins))
        seen.append(context.current())

    inbox.answers(FillJar, accepted=lambda c: JarFillAccepted(jar_id=c.jar_id), refused=_no)(fill)
    assert inbox.handle(json.loads(SAMPLE.read_text())) == DONE
    assert jars.get("jar-1").coins == 5
    [working] = seen
    assert working.correlation_id == "c0ffee00-0000-4000-8000-000000000001"
    assert working.causation_id == "7f1d3a52-0a5e-5f0e-8a1c-2d3a9d2f6b10"
    assert working.cause == context.Cause("7f1d3a52-0a5e-5f0e-8a1c-2d3a9d2f6b10")
    assert (working.actor, working.reply_to, working.saga) == ("staff:mia", "checkout", "9")
    assert working.traceparent.startswith("00-0af7651916cd43dd8448eb211c80319c-")


def _no(*_: object) -> Any:
    raise AssertionError("nothing is refused here")


def test_every_message_of_a_batch_is_handled(running: Runtime) -> None:
    handled = Handled()
    assert handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c"))) == DONE
    assert handled.jars == ["a", "b", "c"]


def test_what_moved_to_another_queue_is_handled_where_it_is_and_subscribed_to_no_more(running: Runtime) -> None:
    handled = Handled()
    assert JarFilled.about.name in handled.inbox.pattern["detail-type"]
    handled.inbox.move("other", JarFilled)
    assert JarFilled.about.name not in handled.inbox.pattern["detail-type"]
    assert handled.inbox.handle(delivered(filled("a"))) == DONE
    assert handled.jars == ["a"]


def test_all_handlers_of_a_message_are_called(running: Runtime) -> None:
    handled = Handled()
    again: list[str] = []
    handled.inbox.on(JarFilled)(lambda message: again.append(message.jar_id))
    handled.inbox.handle(delivered(filled("a")))
    assert (handled.jars, again) == (["a"], ["a"])


def test_unknown_members_of_a_message_are_ignored(running: Runtime) -> None:
    handled = Handled()
    detail = json.loads(delivered(FILLED)["Records"][0]["body"])["detail"]
    detail["metadata"]["colour"] = detail["data"]["colour"] = detail["colour"] = "green"
    assert handled.inbox.handle(with_body(delivered(FILLED), detail=detail)) == DONE
    assert handled.jars == ["jar-1"]


def test_a_handler_that_cannot_decide_yet_gets_the_same_message_again_later(running: Runtime) -> None:
    handled = Handled(a=Again(30))
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b")))) == ["record-0"]
    assert queue_of(running).retry_in_seconds == {"receipt-0": 30}
    assert queue_of(running).sent == []  # Lambda stops a chain of messages from a function to itself after 16
    assert handled.jars == ["b"]
    assert dead_letters_of(running) == []


@pytest.mark.parametrize("tries", [8, 100])
def test_a_handler_may_ask_for_its_message_again_any_number_of_times(running: Runtime, tries: int) -> None:
    assert failures(Handled(a=Again(30)).inbox.handle(delivered(filled("a"), tries=tries, hours=9))) == ["record-0"]
    assert dead_letters_of(running) == []


def test_a_message_waits_for_as_long_as_sqs_allows_at_most(running: Runtime) -> None:
    Handled(a=Again(50_000)).inbox.handle(delivered(filled("a")))
    assert queue_of(running).retry_in_seconds == {"receipt-0": 43_000}


def test_a_message_waits_in_the_queue_that_it_came_from() -> None:
    other = RecordingQueue()
    with runtime.active(memory_runtime("jars", queues={"other": other})) as running:
        Handled(queue="other", a=Again(30), b=RuntimeError()).inbox.handle(delivered(filled("a"), filled("b")))
    assert other.retry_in_seconds == {"receipt-0": 30, "receipt-1": 2}
    assert queue_of(running).retry_in_seconds == {}


def test_a_message_that_cannot_be_put_off_fails_alone_and_comes_back_when_its_visibility_ends(running: Runtime) -> None:
    handled = Handled(a=Again(30))
    queue_of(running).down = True
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b")))) == ["record-0"]
    assert handled.jars == ["b"]


def reminder(due: datetime) -> dict[str, Any]:
    return with_body(delivered(JarForgotten(jar_id="jar-1")), due=clock.stamp(due))


def test_a_reminder_that_is_due_later_than_the_queue_can_delay_waits_in_it_until_then(running: Runtime) -> None:
    handled = Handled()
    event = reminder(NOON + timedelta(days=1))
    waits: list[int] = []
    now = NOON + timedelta(seconds=900)
    while not handled.jars:
        with clock.fixed(lambda now=now: now):  # type: ignore[misc]
            response = handled.inbox.handle(event)
        if not handled.jars:
            assert failures(response) == ["record-0"]
            waits.append(queue_of(running).retry_in_seconds["receipt-0"])
            now += timedelta(seconds=waits[-1])
    assert waits == [43_000, 42_500]
    assert now == NOON + timedelta(days=1)
    assert queue_of(running).sent == []


@pytest.mark.parametrize(("seconds", "handled_now"), [(-1, True), (0, True), (0.4, True), (1, False), (2, False)])
def test_a_reminder_is_handled_in_the_second_in_which_it_is_due(
    running: Runtime, seconds: float, handled_now: bool
) -> None:
    handled = Handled()
    with clock.fixed(lambda: NOON):
        handled.inbox.handle(reminder(NOON + timedelta(seconds=seconds)))
    assert bool(handled.jars) is handled_now


def test_a_reminder_that_is_overdue_is_handled(running: Runtime) -> None:
    handled = Handled()
    with clock.fixed(lambda: NOON):
        handled.inbox.handle(reminder(NOON - timedelta(days=1)))
    assert handled.jars == ["jar-1"]


def test_of_a_batch_of_a_fifo_queue_one_that_fails_holds_back_no_other(running: Runtime) -> None:
    handled = Handled(fifo=True, b=UnavailableError("not now"))
    response = handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c"), filled("d")))
    assert failures(response) == ["record-1"]
    assert handled.jars == ["a", "c", "d"]
    assert queue_of(running).retry_in_seconds == {"receipt-1": 2}


def test_a_fifo_queue_waits_eight_seconds_at_most_for_a_message_that_fails(running: Runtime) -> None:
    handled = Handled(fifo=True, a=UnavailableError("not now"))
    waits = []
    for tries in range(1, 8):
        handled.inbox.handle(delivered(filled("a"), tries=tries))
        waits.append(queue_of(running).retry_in_seconds["receipt-0"])
    assert waits == [2, 4, 8, 8, 8, 8, 8]


def test_what_follows_a_batch_of_a_fifo_queue_is_done_once_in_the_flow_of_the_last_that_was_handled(
    running: Runtime,
) -> None:
    handled = Handled(fifo=True, c=UnavailableError("not now"))
    followed: list[tuple[list[str], str | None]] = []
    handled.inbox.after_a_batch(lambda done: followed.append((jars_of(done), context.current().causation_id)))
    batch = delivered(filled("a"), filled("b"), filled("c"))
    assert failures(handled.inbox.handle(batch)) == ["record-2"]
    second = json.loads(batch["Records"][1]["body"])["detail"]["metadata"]["id"]
    assert followed == [(["a", "b"], second)]


def jars_of(handled: Sequence[received.Handled]) -> list[str]:
    return [one.message.jar_id for one in handled if isinstance(one.message, JarFilled)]


def test_what_follows_a_batch_of_a_standard_queue_is_done_once_with_those_that_were_handled(running: Runtime) -> None:
    handled = Handled(b=UnavailableError("not now"))
    followed: list[tuple[list[str], list[int], str | None]] = []
    handled.inbox.after_a_batch(
        lambda done: followed.append(
            (jars_of(done), [one.metadata.stream_version for one in done], context.current().causation_id)
        )
    )
    batch = delivered(filled("a"), filled("b"), filled("c"), stream_version=7)
    assert failures(handled.inbox.handle(batch)) == ["record-1"]
    last = json.loads(batch["Records"][2]["body"])["detail"]["metadata"]["id"]
    assert followed == [(["a", "c"], [7, 7], last)]


def test_where_what_follows_a_batch_of_a_standard_queue_fails_all_that_were_handled_are_retried(
    running: Runtime,
) -> None:
    handled = Handled(b=UndeliverableError("never"))

    def follow(done: Sequence[received.Handled]) -> None:
        raise UnavailableError("not now")

    handled.inbox.after_a_batch(follow)
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c")))) == ["record-0", "record-2"]
    assert queue_of(running).retry_in_seconds == {"receipt-0": 2, "receipt-2": 2}
    assert [reason["reason"] for _, reason in dead_letters_of(running)] == ["never"]


def test_nothing_follows_a_batch_of_a_standard_queue_of_which_every_message_failed(running: Runtime) -> None:
    handled = Handled(a=UnavailableError("not now"))
    handled.inbox.after_a_batch(lambda done: handled.jars.append("followed"))
    assert failures(handled.inbox.handle(delivered(filled("a")))) == ["record-0"]
    assert handled.jars == []


def test_a_message_of_a_standard_queue_begins_only_with_time_for_what_follows_the_batch(running: Runtime) -> None:
    for left, begun in ((budget.MESSAGE + budget.AFTERWARDS, ["a", "b"]), (budget.MESSAGE, ["a"])):
        handled = Handled()
        handled.inbox.after_a_batch(lambda done: None)
        with budget.limited(partial(float, left)):
            handled.inbox.handle(delivered(filled("a"), filled("b")))
        assert handled.jars == begun


def test_nothing_follows_a_batch_of_which_every_message_failed(running: Runtime) -> None:
    handled = Handled(fifo=True, a=UnavailableError("not now"))
    handled.inbox.after_a_batch(lambda done: handled.jars.append("followed"))
    assert failures(handled.inbox.handle(delivered(filled("a")))) == ["record-0"]
    assert handled.jars == []


def test_where_what_follows_a_batch_fails_the_last_message_is_retried_and_dead_lettered_in_the_end(
    running: Runtime,
) -> None:
    handled = Handled(fifo=True)
    state = {"down": True}

    def follow(done: Sequence[received.Handled]) -> None:
        if state["down"]:
            raise UnavailableError("not now")
        handled.jars.append("followed")

    handled.inbox.after_a_batch(follow)
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b")))) == ["record-1"]
    assert queue_of(running).retry_in_seconds == {"receipt-1": 2}
    assert handled.inbox.handle(delivered(filled("b"), tries=8)) == DONE
    [(_, reason)] = dead_letters_of(running)
    assert reason["reason"] == "not now"
    state["down"] = False
    assert handled.inbox.handle(delivered(filled("b"))) == DONE
    assert handled.jars[-1] == "followed"


def test_a_fifo_queue_goes_on_behind_a_dead_letter_which_keeps_its_group(running: Runtime) -> None:
    handled = Handled(fifo=True, b=UndeliverableError("never"))
    assert handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c"))) == DONE
    assert handled.jars == ["a", "c"]
    assert isinstance(running.dead_letters, RecordingQueue)
    [letter] = running.dead_letters.sent
    assert (letter.group, letter.dedup) == (FIFO_GROUP, "record-1")


def test_a_fifo_queue_waits_for_a_handler_that_cannot_decide_yet(running: Runtime) -> None:
    handled = Handled(fifo=True, b=Again(30))
    response = handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c")))
    assert failures(response) == ["record-1"]
    assert handled.jars == ["a", "c"]
    assert queue_of(running).retry_in_seconds == {"receipt-1": 30}
    assert queue_of(running).sent == []


def test_it_subscribes_to_what_it_handles_and_a_reminder_needs_no_subscription() -> None:
    handled = Handled()
    assert handled.inbox.messages == [JarFilled, JarForgotten]
    assert handled.inbox.pattern == {
        "source": ["mallbots.jars"],
        "detail-type": ["JarFilled"],
        "detail": {"to": [{"exists": False}, "jars"]},
    }


def test_what_the_release_before_subscribed_to_is_taken_from_the_queue_without_effect_or_subscription(
    running: Runtime,
) -> None:
    handled = Handled()
    handled.inbox.drain(JarForgotten)
    assert handled.inbox.handle(delivered(JarForgotten(jar_id="a"), filled("b"))) == DONE
    assert handled.jars == ["b"]
    assert JarForgotten.about.name not in handled.inbox.pattern["detail-type"]
    assert dead_letters_of(running) == []


def test_a_command_is_registered_with_its_answers_and_once() -> None:
    inbox = Inbox("jars")
    with pytest.raises(TypeError, match="FillJar is a command"):
        inbox.on(FillJar)(lambda command: None)
    inbox.answers(FillJar, accepted=lambda c: JarFillAccepted(jar_id=c.jar_id), refused=_no)(lambda command: None)
    with pytest.raises(TypeError, match="FillJar has a handler already"):
        inbox.answers(FillJar, accepted=_no, refused=_no)(lambda command: None)
