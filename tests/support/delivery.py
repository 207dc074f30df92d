"""Messages as a queue delivers them to a service."""

import json
from typing import Any

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.registry import Message

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def delivered(*messages: Message, id: str = "message-1", stream_version: int = 1, tries: int = 1) -> dict[str, Any]:
    """An SQS event with these messages; the first has this id, others the id and their position."""
    bodies = [
        _body(message, f"{id}-{position}" if position else id, stream_version)
        for position, message in enumerate(messages)
    ]
    return {
        "Records": [
            {
                "messageId": f"record-{position}",
                "receiptHandle": f"receipt-{position}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": str(tries)},
            }
            for position, body in enumerate(bodies)
        ]
    }


def _body(message: Message, id: str, stream_version: int) -> str:
    about = type(message).about
    metadata = Metadata(
        id=id,
        name=about.name,
        version=about.version,
        time="2026-03-14T09:26:53.589793Z",
        source=SOURCE_PREFIX + about.source,
        stream=f"{about.source}#{getattr(message, about.key)}",
        stream_version=stream_version,
        correlation_id="flow-1",
        causation_id=None,
        actor="system",
        traceparent=TRACE,
    )
    detail = Envelope(metadata=metadata, data=message.model_dump(mode="json")).detail()
    return json.dumps({"detail-type": about.name, "source": metadata.source, "detail": detail})
