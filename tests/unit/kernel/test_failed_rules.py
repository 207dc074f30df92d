"""What the error action of a broker's rule made of a message, when an operator moves it to the queue of the topics."""

import json
from collections.abc import Sequence
from typing import Any

from functions.kernel.messaging.topics import Received, Topics
from functions.kernel.runtime.runtime import active
from tests.support.runtime import RecordingQueue, memory_runtime

topics = Topics("jars")


@topics.on("state", reads=lambda payload: payload)
def state(robot: str, said: Sequence[Received[bytes]]) -> None:
    """Handle nothing."""


def a_record() -> dict[str, Any]:
    body = {
        "ruleName": "states",
        "topic": "mall/v3/maker/robot/state",
        "clientId": "robot",
        "base64OriginalPayload": "e30=",
        "failures": [{"failedAction": "SqsAction"}],
    }
    attributes = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "0"}
    return {"messageId": "m", "receiptHandle": "r", "body": json.dumps(body), "attributes": attributes}


def test_it_is_dead_lettered_with_its_reason_and_not_tried_for_a_day() -> None:
    dead = RecordingQueue()
    with active(memory_runtime("jars", dead_letters=dead)):
        assert topics.handle({"Records": [a_record()]}) == {"batchItemFailures": []}
    [letter] = dead.sent
    assert letter.reason
    assert "a rule of the broker could not send this" in letter.reason["reason"]
