"""A message as SQS delivers it: its body, who sent it, when it is due, how often it was received, for how long."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
from pydantic import ValidationError

from events.envelope import SOURCE_PREFIX, Envelope, Metadata
from events.registry import Kind, Message
from functions.kernel.eventstore.publish import tick
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import clock, json_text


def read_body(body: str) -> dict[str, Any]:
    """The body as a JSON object. Raises UndeliverableError."""
    try:
        content = json_text.read(body)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise UndeliverableError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UndeliverableError("the body is not a JSON object")
    return content


def envelope(content: dict[str, Any]) -> Envelope:
    """The message that a body holds, also a tick of a schedule. Raises UndeliverableError."""
    try:
        if detail := content.get("detail"):
            return Envelope.read(detail)
        return tick(content) or Envelope.read(None)
    except ValidationError as error:
        raise UndeliverableError(
            f"the body holds no envelope: {error.error_count()} errors, {error.errors(include_input=False)[0]}"
        ) from error


def check_sender(message: type[Message], metadata: Metadata, content: dict[str, Any]) -> None:
    """Raises UndeliverableError unless the message is from its publisher, and came as such a message comes.

    content: the body. What came over the bus has the `source` and the `detail-type` that IAM let its sender use: each
    service its own source, a worker the names of its replies. The metadata is the sender's own word, so both must agree
    with it: a rule matches any of its names with any of its sources. A timer is sent to the service's own queue, by its
    relay or a schedule, and has no source; nothing else comes without the bus.
    """
    publisher = SOURCE_PREFIX + message.about.source
    source, name = content.get("source"), content.get("detail-type")
    if metadata.source != publisher:
        raise UndeliverableError(f"{metadata.name} is published by {publisher}, not by {metadata.source}")
    if name != metadata.name:
        raise UndeliverableError(f"{metadata.name} was sent under another name: {name}")
    if message.about.kind is Kind.TIMER:
        if source is not None:
            raise UndeliverableError(f"{metadata.name} is a reminder, which never comes over the bus: {source} sent it")
    elif source is None:
        raise UndeliverableError(f"{metadata.name} did not come over the bus")
    elif source != publisher:
        raise UndeliverableError(f"{metadata.name} is published by {publisher}, not by {source}")


def name_in(body: str) -> str:
    """The name of the message in a body, for logs."""
    try:
        return envelope(read_body(body)).metadata.name
    except UndeliverableError:
        return "unreadable"


def due(content: dict[str, Any]) -> datetime | None:
    """When a reminder is due that says so. Raises UndeliverableError."""
    text = content.get("due")
    try:
        moment = clock.read(text) if text else None
        if moment and moment.tzinfo is None:
            raise ValueError(f"{text} names no zone")
    except (TypeError, ValueError) as error:
        raise UndeliverableError(f"`due` is not a time: {text!r}") from error
    return moment


def receives(record: dict[str, Any]) -> int:
    """How often a message was received, this time included."""
    return int(record["attributes"]["ApproximateReceiveCount"])


def first_received(record: dict[str, Any]) -> datetime:
    """When a message was received for the first time."""
    return datetime.fromtimestamp(int(record["attributes"]["ApproximateFirstReceiveTimestamp"]) / 1000, UTC)


def tried(record: dict[str, Any]) -> float:
    """For how many seconds a message has been tried: since its first receive or, if that was early, since it is due."""
    since = first_received(record)
    with suppress(UndeliverableError):
        since = max(since, due(read_body(record["body"])) or since)
    return max(0.0, (clock.now() - since).total_seconds())
