"""Batches of robots' messages to handlers: what is read, in which order it is handled, and what becomes of failures."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.kernel.messaging.redelivery import Again
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.messaging.topics import Received, Topics
from functions.kernel.runtime import budget, clock, context, runtime
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import attributes
from tests.support.handling import DONE, dead_letters_of, failures
from tests.support.runtime import RecordingQueue, memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def queue() -> RecordingQueue:
    return RecordingQueue()


@pytest.fixture
def running(queue: RecordingQueue) -> Iterator[Runtime]:
    with runtime.active(memory_runtime("jars", queues={"topics": queue})) as made, clock.fixed(lambda: NOON):
        yield made


class Heard:
    """Topics that keep what they handle; a robot named in `errors` fails."""

    def __init__(self, **errors: Exception) -> None:
        self.handled: list[tuple[str, str, list[str]]] = []
        self.times: list[str] = []
        self.errors = errors
        self.topics = Topics("jars")
        self.topics.on("presence", reads=_text, robot=lambda said: said.removeprefix("from "))(self._take("presence"))
        self.topics.on("state", reads=_text)(self._take("state"))

    def _take(self, kind: str) -> Any:
        def take(robot: str, said: Sequence[Received[str]]) -> None:
            if robot in self.errors:
                raise self.errors[robot]
            self.handled.append((kind, robot, [one.message for one in said]))
            self.times += [one.at for one in said]

        return take


def _text(payload: bytes) -> str:
    if payload == b"nonsense":
        raise UndeliverableError("no text")
    return payload.decode()


def said(robot: str, text: str, *, topic: str = "state", at: int = 0) -> dict[str, Any]:
    """What a rule makes of a message, received so many seconds after noon."""
    received = int((NOON + timedelta(seconds=at)).timestamp() * 1000)
    return {"robot": robot, "topic": topic, "received": received, "payload": b64encode(text.encode()).decode()}


def batch(*bodies: Any, tries: int = 1, hours: float = 0) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"record-{position}",
                "receiptHandle": f"receipt-{position}",
                "body": body if isinstance(body, str) else json.dumps(body),
                "attributes": attributes(tries, NOON - timedelta(hours=hours)),
            }
            for position, body in enumerate(bodies)
        ]
    }


def test_the_messages_of_one_robot_and_topic_are_handled_at_once_in_the_order_of_their_receipt(
    running: Runtime,
) -> None:
    heard = Heard()
    event = batch(said("ajax", "second", at=2), said("bert", "other"), said("ajax", "first", at=1))
    assert heard.topics.handle(event) == DONE
    assert heard.handled == [("state", "bert", ["other"]), ("state", "ajax", ["first", "second"])]
    assert heard.times[1:] == ["2026-03-01T12:00:01.000000Z", "2026-03-01T12:00:02.000000Z"]


def test_topics_are_handled_in_the_order_in_which_they_were_registered(running: Runtime) -> None:
    heard = Heard()
    heard.topics.handle(batch(said("ajax", "here"), said("", "from ajax", topic="presence", at=5)))
    assert [kind for kind, _, _ in heard.handled] == ["presence", "state"]


def test_a_message_may_name_its_robot_itself(running: Runtime) -> None:
    heard = Heard()
    body = said("", "from ajax", topic="presence")
    del body["robot"]
    assert heard.topics.handle(batch(body)) == DONE
    assert heard.handled == [("presence", "ajax", ["from ajax"])]


def test_what_is_done_is_done_by_the_robot_in_a_flow_of_its_own(running: Runtime) -> None:
    flows: list[context.Context] = []
    topics = Topics("jars")
    topics.on("state", reads=_text)(lambda robot, said: flows.append(context.current()))
    topics.handle(batch(said("ajax", "a"), said("bert", "b")))
    assert [flow.actor for flow in flows] == ["bot:ajax", "bot:bert"]
    assert len({flow.correlation_id for flow in flows}) == 2
    assert [flow.cause for flow in flows] == [None, None]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the body is not JSON"),
        ("[]", "the body is not a JSON object"),
        (said("ajax", "nonsense"), "no text"),
        ({"topic": "state", "robot": "ajax", "received": 1}, "not what a rule of the broker makes"),
        ({**said("ajax", "a"), "payload": "no base64!"}, "not what a rule of the broker makes"),
        ({**said("ajax", "a"), "received": "noon"}, "not what a rule of the broker makes"),
        ({**said("ajax", "a"), "received": 10**20}, "not what a rule of the broker makes"),
        ({**said("ajax", "a"), "robot": None}, "the body names no robot"),
        ({**said("ajax", "a"), "robot": ""}, "the body names no robot"),
    ],
)
def test_what_cannot_be_read_is_dead_lettered_at_once_with_its_reason_and_holds_up_no_other(
    running: Runtime, body: Any, reason: str
) -> None:
    heard = Heard()
    assert heard.topics.handle(batch(body, said("ajax", "fine"))) == DONE
    [(text, told)] = dead_letters_of(running)
    assert text == (body if isinstance(body, str) else json.dumps(body))
    assert reason in told["reason"]
    assert told["tries"] == "1"
    assert heard.handled == [("state", "ajax", ["fine"])]


def test_a_topic_that_newer_code_may_handle_waits_for_it(running: Runtime, queue: RecordingQueue) -> None:
    heard = Heard()
    body = said("ajax", "{}", topic="responses")
    assert failures(heard.topics.handle(batch(body, tries=8, hours=23))) == ["record-0"]
    assert queue.retry_in_seconds == {"receipt-0": 256}
    assert heard.topics.handle(batch(body, tries=100, hours=25)) == DONE
    assert dead_letters_of(running)[0][1]["reason"] == "jars does not handle the topic responses"


def test_all_messages_of_a_robot_that_failed_come_back_and_those_of_others_do_not(
    running: Runtime, queue: RecordingQueue
) -> None:
    heard = Heard(ajax=UnavailableError("not now"))
    event = batch(said("ajax", "first"), said("bert", "fine"), said("ajax", "second", at=1))
    assert sorted(failures(heard.topics.handle(event))) == ["record-0", "record-2"]
    assert queue.retry_in_seconds == {"receipt-0": 2, "receipt-2": 2}
    assert heard.handled == [("state", "bert", ["fine"])]
    assert dead_letters_of(running) == []


@pytest.mark.parametrize("error", [UnavailableError("down"), ConcurrencyError("busy"), ConnectionError("cut")])
def test_what_may_pass_is_tried_for_eight_hours(running: Runtime, error: Exception) -> None:
    heard = Heard(ajax=error)
    assert failures(heard.topics.handle(batch(said("ajax", "a"), tries=40, hours=7.9))) == ["record-0"]
    assert heard.topics.handle(batch(said("ajax", "a"), tries=41, hours=8.1)) == DONE
    assert len(dead_letters_of(running)) == 1


def test_an_error_of_ours_is_given_up_at_the_eighth_receive(running: Runtime) -> None:
    heard = Heard(ajax=RuntimeError("a bug"))
    assert failures(heard.topics.handle(batch(said("ajax", "a"), tries=7))) == ["record-0"]
    assert dead_letters_of(running) == []
    assert heard.topics.handle(batch(said("ajax", "a"), tries=8)) == DONE
    [(_, told)] = dead_letters_of(running)
    assert (told["reason"], told["error"], told["tries"]) == ("a bug", "RuntimeError", "8")


def test_a_handler_may_ask_to_be_called_again_later(running: Runtime, queue: RecordingQueue) -> None:
    heard = Heard(ajax=Again(30))
    assert failures(heard.topics.handle(batch(said("ajax", "a"), tries=100, hours=9))) == ["record-0"]
    assert queue.retry_in_seconds == {"receipt-0": 30}


def test_what_there_is_no_time_to_begin_goes_back_at_once(running: Runtime, queue: RecordingQueue) -> None:
    heard = Heard()
    with budget.limited(lambda: budget.MESSAGE - 1):
        response = heard.topics.handle(batch(said("ajax", "a"), said("bert", "b"), said("carl", "c")))
    assert failures(response) == ["record-1", "record-2"]
    assert queue.retry_in_seconds == {"receipt-1": 0, "receipt-2": 0}
    assert heard.handled == [("state", "ajax", ["a"])]


def test_a_topic_has_one_handler() -> None:
    topics = Topics("jars")
    topics.on("state", reads=_text)(lambda robot, said: None)
    with pytest.raises(TypeError, match="state has a handler already"):
        topics.on("state", reads=_text)(lambda robot, said: None)
    assert topics.kinds == ["state"]


def test_a_batch_has_one_line_that_names_topic_robot_and_flow_of_each_robots_messages(
    running: Runtime, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "jars")
    handled = Heard()
    flows = iter(["flow-1", "flow-2"])

    @handled.topics.on("factsheet", reads=_text)
    def factsheet(robot: str, said: Sequence[Received[str]]) -> None:
        context.current().correlation_id = next(flows)

    bodies = [said(robot, "x", topic="factsheet") for robot in ("ajax", "bert", "ajax")]
    assert failures(handled.topics.handle(batch(*bodies))) == []
    assert json.loads(capsys.readouterr().out)["handled"] == ["factsheet ajax flow-1", "factsheet bert flow-2"]
