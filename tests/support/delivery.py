"""Messages as a queue delivers them to a service."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.registry import Message, Timer
from functions.kernel.runtime import clock

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def delivered(
    *messages: Message,
    id: str = "message-1",
    stream_version: int = 1,
    tries: int = 1,
    hours: float = 0,
    time: str = "2026-03-14T09:26:53.589793Z",
) -> dict[str, Any]:
    """An SQS event with these messages; the first has this id, others the id and their position.

    They were made at a `time`, and each was received so many `tries`, the first so many `hours` ago.
    """
    bodies = [
        _body(message, f"{id}-{position}" if position else id, stream_version, time)
        for position, message in enumerate(messages)
    ]
    return {
        "Records": [
            {
                "messageId": f"record-{position}",
                "receiptHandle": f"receipt-{position}",
                "body": body,
                "attributes": attributes(tries, clock.now() - timedelta(hours=hours)),
            }
            for position, body in enumerate(bodies)
        ]
    }


def attributes(receives: int = 1, first: datetime | None = None) -> dict[str, str]:
    """What SQS says of a message that was received so often, and at this moment (now) for the first time."""
    first = first or clock.now()
    return {
        "ApproximateReceiveCount": str(receives),
        "ApproximateFirstReceiveTimestamp": str(int(first.timestamp() * 1000)),
    }


def message_attributes(texts: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Message attributes as Lambda hands them over: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html."""
    return {name: {"stringValue": text, "dataType": "String"} for name, text in texts.items()}


def body_of(detail: dict[str, Any]) -> str:
    """The body of a message in the queue of its consumer: from the bus with its source, of a reminder without."""
    metadata = detail["metadata"]
    is_timer = metadata["name"] in {timer.__name__ for timer in Timer.__subclasses__()}
    source = {} if is_timer else {"source": metadata["source"]}
    return json.dumps({"detail-type": metadata["name"], **source, "detail": detail})


def _body(message: Message, id: str, stream_version: int, time: str) -> str:
    about = type(message).about
    metadata = Metadata(
        id=id,
        name=about.name,
        version=about.version,
        time=time,
        source=SOURCE_PREFIX + about.source,
        stream=f"{about.source}#{getattr(message, about.key)}",
        stream_version=stream_version,
        correlation_id="flow-1",
        causation_id=None,
        actor="system",
        traceparent=TRACE,
    )
    detail = Envelope(metadata=metadata, data=message.model_dump(mode="json")).detail()
    return body_of(detail)
