"""Queue batches to handlers: what is done with a message, whatever it is."""

import copy
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.kernel import clock, context, runtime
from functions.kernel.errors import NotFoundError, UnavailableError
from functions.kernel.inbox import Again, Inbox, UndeliverableError
from functions.kernel.runtime import Runtime
from tests.support.delivery import delivered
from tests.support.jars import FillJar, JarFillAccepted, JarFilled, JarForgotten, JarSealed, jars
from tests.support.runtime import RecordingQueue, memory_runtime

SAMPLE = Path(__file__).parent / "samples" / "sqs_from_eventbridge.json"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DONE: dict[str, list[Any]] = {"batchItemFailures": []}

FILLED = JarFilled(jar_id="jar-1", coins=5, added=5)
SEALED = JarSealed(jar_id="jar-1", coins=5)


class Handled:
    """An inbox that notes what it handles, and fails, where told, by an error for each jar."""

    def __init__(self, *, queue: str = "inbox", fifo: bool = False, **errors: Exception) -> None:
        self.jars: list[str] = []
        self.errors = errors
        self.inbox = Inbox("jars", queue, fifo=fifo)
        self.inbox.on(JarFilled)(self._note)
        self.inbox.on(JarForgotten)(self._note)

    def _note(self, message: JarFilled | JarForgotten) -> None:
        if message.jar_id in self.errors:
            raise self.errors[message.jar_id]
        self.jars.append(message.jar_id)


def filled(jar: str) -> JarFilled:
    return JarFilled(jar_id=jar, coins=5, added=5)


def failures(response: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def with_body(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The event, with members of its first body, or of that one's metadata, changed."""
    changed = copy.deepcopy(event)
    body = json.loads(changed["Records"][0]["body"])
    for member, value in changes.items():
        (body if member in ("due", "detail") else body["detail"]["metadata"])[member] = value
    changed["Records"][0]["body"] = json.dumps(body)
    return changed


def queue_of(running: Runtime) -> RecordingQueue:
    assert isinstance(running.queue, RecordingQueue)
    return running.queue


def dead_letters_of(running: Runtime) -> list[tuple[str, dict[str, str]]]:
    assert isinstance(running.dead_letters, RecordingQueue)
    return [(sent.body, dict(sent.reason or {})) for sent in running.dead_letters.sent]


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


def test_all_handlers_of_a_message_are_called(running: Runtime) -> None:
    handled = Handled()
    again: list[str] = []
    handled.inbox.on(JarFilled)(lambda message: again.append(message.jar_id))
    handled.inbox.handle(delivered(filled("a")))
    assert (handled.jars, again) == (["a"], ["a"])


def test_a_message_that_fails_fails_alone_and_comes_back_later(running: Runtime) -> None:
    handled = Handled(b=NotFoundError("there is no jar b"))
    response = handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c")))
    assert failures(response) == ["record-1"]
    assert handled.jars == ["a", "c"]
    assert queue_of(running).put_off == {"receipt-1": 2}


@pytest.mark.parametrize(("tries", "seconds"), [(1, 2), (2, 4), (3, 8), (7, 128)])
def test_a_failing_message_is_put_off_for_longer_each_time(running: Runtime, tries: int, seconds: int) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    assert failures(handled.inbox.handle(delivered(filled("a"), tries=tries))) == ["record-0"]
    assert queue_of(running).put_off == {"receipt-0": seconds}
    assert dead_letters_of(running) == []


def test_a_message_is_put_off_for_900_seconds_at_most() -> None:
    handled = Handled(a=RuntimeError("it broke"))
    with runtime.active(memory_runtime("jars", settings={"MALLBOTS_MAX_RECEIVES": "99"})) as running:
        handled.inbox.handle(delivered(filled("a"), tries=30))
    assert queue_of(running).put_off == {"receipt-0": 900}


@pytest.mark.parametrize("tries", [8, 9])
def test_a_message_that_failed_eight_times_is_laid_with_the_dead_letters_with_the_reason(
    running: Runtime, tries: int
) -> None:
    handled = Handled(a=RuntimeError("it broke"))
    event = delivered(filled("a"), tries=tries)
    assert handled.inbox.handle(event) == DONE
    reason = {"reason": "it broke", "error": "RuntimeError", "tries": str(tries)}
    assert dead_letters_of(running) == [(event["Records"][0]["body"], reason)]
    assert queue_of(running).put_off == {}


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
        ("a reminder without a time", "cannot be read as a time"),
        ("a reminder without a zone", "cannot be read as a time"),
        ("no JSON", "the body is not JSON"),
        ("no object", "the body is not a JSON object"),
        ("nothing", "the body is not JSON"),
    ],
)
def test_what_cannot_be_read_is_laid_with_the_dead_letters_at_once_with_the_reason(
    running: Runtime, name: str, why: str
) -> None:
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


def test_unknown_members_of_a_message_are_ignored(running: Runtime) -> None:
    handled = Handled()
    detail = json.loads(delivered(FILLED)["Records"][0]["body"])["detail"]
    detail["metadata"]["colour"] = detail["data"]["colour"] = detail["colour"] = "green"
    assert handled.inbox.handle(with_body(delivered(FILLED), detail=detail)) == DONE
    assert handled.jars == ["jar-1"]


def test_a_handler_that_cannot_decide_yet_gets_its_message_again_later(running: Runtime) -> None:
    handled = Handled(a=Again(30))
    event = delivered(filled("a"), filled("b"))
    assert handled.inbox.handle(event) == DONE
    assert [(sent.body, sent.delay) for sent in queue_of(running).sent] == [(event["Records"][0]["body"], 30)]
    assert handled.jars == ["b"]
    assert dead_letters_of(running) == []


def test_a_message_is_sent_back_for_900_seconds_at_most(running: Runtime) -> None:
    Handled(a=Again(5000)).inbox.handle(delivered(filled("a")))
    assert [sent.delay for sent in queue_of(running).sent] == [900]


def test_a_message_goes_back_to_the_queue_that_it_came_from() -> None:
    other = RecordingQueue()
    with runtime.active(memory_runtime("jars", queues={"other": other})) as running:
        Handled(queue="other", a=Again(30)).inbox.handle(delivered(filled("a")))
        Handled(queue="other", a=RuntimeError()).inbox.handle(delivered(filled("a")))
    assert [sent.delay for sent in other.sent] == [30]
    assert other.put_off == {"receipt-0": 2}
    assert (queue_of(running).sent, queue_of(running).put_off) == ([], {})


def test_a_message_that_cannot_be_sent_back_fails_alone(running: Runtime) -> None:
    handled = Handled(a=Again(30))
    queue_of(running).down = True
    assert failures(handled.inbox.handle(delivered(filled("a"), filled("b")))) == ["record-0"]
    assert handled.jars == ["b"]


def reminder(due: datetime) -> dict[str, Any]:
    return with_body(delivered(JarForgotten(jar_id="jar-1")), due=clock.stamp(due))


def test_a_reminder_that_is_due_later_than_the_queue_can_wait_goes_round_until_it_is(running: Runtime) -> None:
    handled = Handled()
    event = reminder(NOON + timedelta(seconds=2000))
    waits: list[int] = []
    now = NOON
    for _ in range(3):
        with clock.fixed(lambda now=now: now):  # type: ignore[misc]
            assert handled.inbox.handle(event) == DONE
        waits.append(queue_of(running).sent[-1].delay)
        now += timedelta(seconds=waits[-1])
        assert queue_of(running).sent[-1].body == event["Records"][0]["body"]
    assert waits == [900, 900, 200]
    assert handled.jars == []
    with clock.fixed(lambda: now):
        assert handled.inbox.handle(event) == DONE
    assert handled.jars == ["jar-1"]
    assert len(queue_of(running).sent) == 3


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


def test_a_fifo_queue_stops_behind_the_first_failure(running: Runtime) -> None:
    handled = Handled(fifo=True, b=UnavailableError("not now"))
    response = handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c"), filled("d")))
    assert failures(response) == ["record-1", "record-2", "record-3"]
    assert handled.jars == ["a"]
    assert queue_of(running).put_off == {"receipt-1": 2}


def test_a_fifo_queue_goes_on_behind_a_dead_letter(running: Runtime) -> None:
    handled = Handled(fifo=True, b=UndeliverableError("never"))
    assert handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c"))) == DONE
    assert handled.jars == ["a", "c"]
    assert isinstance(running.dead_letters, RecordingQueue)
    [letter] = running.dead_letters.sent
    assert (letter.group, letter.dedup) == ("dead-letters", "record-1")


def test_a_fifo_queue_waits_for_a_handler_that_cannot_decide_yet(running: Runtime) -> None:
    handled = Handled(fifo=True, b=Again(30))
    response = handled.inbox.handle(delivered(filled("a"), filled("b"), filled("c")))
    assert failures(response) == ["record-1", "record-2"]
    assert handled.jars == ["a"]
    assert queue_of(running).put_off == {"receipt-1": 30}
    assert queue_of(running).sent == []


def test_it_subscribes_to_what_it_handles_and_a_reminder_needs_no_subscription() -> None:
    handled = Handled()
    assert handled.inbox.messages == [JarFilled, JarForgotten]
    assert handled.inbox.pattern == {
        "source": ["mallbots.jars"],
        "detail-type": ["JarFilled"],
        "detail": {"to": [{"exists": False}, "jars"]},
    }


def test_a_command_is_registered_with_its_answers_and_once() -> None:
    inbox = Inbox("jars")
    with pytest.raises(TypeError, match="FillJar is a command"):
        inbox.on(FillJar)(lambda command: None)
    inbox.answers(FillJar, accepted=lambda c: JarFillAccepted(jar_id=c.jar_id), refused=_no)(lambda command: None)
    with pytest.raises(TypeError, match="FillJar has a handler already"):
        inbox.answers(FillJar, accepted=_no, refused=_no)(lambda command: None)
