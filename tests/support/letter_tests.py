"""What tests need that were exported from dead letters (functions/operations/exported.py)."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.topics import Topics
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from tests.support.delivery import attributes
from tests.support.runtime import RecordingQueue, memory_runtime

Body = str | Mapping[str, Any]
DAY_AND_MORE = timedelta(hours=25)  # after which an inbox gives up whatever fails


def refusal(room: Inbox | Topics, body: Body, given: Sequence[Body] = ()) -> str:
    """Why a room's handler gives a message up, in a service that has nothing but what was given; empty if it does not.

    given: messages that it is handed before, of which it takes those that it subscribes to.
    """
    dead_letters = RecordingQueue()
    with active(memory_runtime(room.service, dead_letters=dead_letters)):
        for one in given:
            if _is_for(room, one):
                room.handle({"Records": [_record(one)]})
        dead_letters.sent.clear()
        response = room.handle({"Records": [_record(body)]})
    if response["batchItemFailures"]:
        return "it asks to be called again later"
    return "; ".join(f"{sent.reason['error']}: {sent.reason['reason']}" for sent in dead_letters.sent if sent.reason)


def _is_for(room: Inbox | Topics, body: Body) -> bool:
    names = [message.about.name for message in room.messages] if isinstance(room, Inbox) else []
    return isinstance(body, Mapping) and body.get("detail-type") in names


def _record(body: Body) -> dict[str, Any]:
    """A record that its inbox gives up where it fails, at once and with a reason."""
    return {
        "messageId": "record-1",
        "receiptHandle": "receipt-1",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": attributes(8, clock.now() - DAY_AND_MORE),
    }
