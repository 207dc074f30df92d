"""What the error action of a broker's rule made of a message, when an operator moves it to the queue of the topics."""

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from functions.kernel.messaging.topics import Received, Topics, dated
from functions.kernel.runtime.runtime import active
from tests.support.runtime import RecordingQueue, memory_runtime

NOON = 1_772_366_400_000  # 2026-03-01, in milliseconds

topics = Topics("jars")
handled: list[tuple[str, str, list[Received[bytes]]]] = []


@topics.on("presence", reads=lambda payload: payload, robot=lambda said: json.loads(said)["clientId"])
def presence(robot: str, said: Sequence[Received[bytes]]) -> None:
    handled.append(("presence", robot, list(said)))


@topics.on("state", reads=lambda payload: payload)
def state(robot: str, said: Sequence[Received[bytes]]) -> None:
    handled.append(("state", robot, list(said)))


@pytest.fixture
def dead() -> Iterator[RecordingQueue]:
    handled.clear()
    queue = RecordingQueue()
    with active(memory_runtime("jars", dead_letters=queue)):
        yield queue


def failed(topic: str, payload: bytes) -> str:
    """The body of an error action: https://docs.aws.amazon.com/iot/latest/developerguide/rule-error-handling.html"""
    body = {
        "ruleName": "states",
        "topic": topic,
        "cloudwatchTraceId": "7e146a2c",
        "clientId": "N/A",
        "base64OriginalPayload": b64encode(payload).decode(),
        "failures": [{"failedAction": "SqsAction", "failedResource": "topics", "errorMessage": "Failed to send"}],
    }
    return json.dumps(body)


def deliver(body: str) -> None:
    attributes = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "0"}
    record: dict[str, Any] = {"messageId": "m", "receiptHandle": "r", "body": body, "attributes": attributes}
    assert topics.handle({"Records": [record]}) == {"batchItemFailures": []}


def test_redriven_it_is_handled_as_the_message_that_it_holds_of_the_time_at_which_it_came(dead: RecordingQueue) -> None:
    deliver(dated(failed("mall/v3/maker/ajax/state", b'{"x": 1}'), NOON + 250))
    assert handled == [("state", "ajax", [Received(b'{"x": 1}', "2026-03-01T12:00:00.250000Z", redriven=True)])]
    assert not dead.sent


@pytest.mark.parametrize("change", ["connected", "disconnected"])
def test_redriven_what_the_broker_says_of_a_connection_is_handled_as_such(dead: RecordingQueue, change: str) -> None:
    payload = b'{"clientId": "ajax"}'
    deliver(dated(failed(f"$aws/events/presence/{change}/ajax", payload), NOON))
    assert handled == [("presence", "ajax", [Received(payload, "2026-03-01T12:00:00.000000Z", redriven=True)])]
    assert not dead.sent


def test_one_that_does_not_say_when_it_came_is_dead_lettered_and_not_taken_for_new(dead: RecordingQueue) -> None:
    deliver(failed("mall/v3/maker/ajax/state", b"{}"))
    assert not handled
    [letter] = dead.sent
    assert letter.reason
    assert "it does not say when" in letter.reason["reason"]


def test_its_time_stays_when_it_is_redriven_again() -> None:
    once = dated(failed("mall/v3/maker/ajax/state", b"{}"), NOON)
    assert dated(once, NOON + 60_000) == once


@pytest.mark.parametrize(
    "body", ['{"topic": "state", "received": 1, "payload": ""}', '{"detail": {}}', "[]", "no json"]
)
def test_any_other_body_is_redriven_as_it_is(body: str) -> None:
    assert dated(body, NOON) == body
