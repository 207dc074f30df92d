"""A message as SQS delivers it: its body, when it is due, how often it was received, and for how long."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from events.envelope import SOURCE_PREFIX, Envelope
from events.registry import Message
from functions.kernel.eventstore.publish import tick
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime import clock


def read_body(body: str) -> dict[str, Any]:
    """The body as a JSON object. Raises UndeliverableError."""
    try:
        content = json.loads(body)
    except ValueError as error:
        raise UndeliverableError(f"the body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UndeliverableError("the body is not a JSON object")
    return content


def envelope(content: dict[str, Any]) -> Envelope:
    """The message that a body holds, also a tick of a schedule. Raises UndeliverableError."""
    try:
        return Envelope.read(content.get("detail") or tick(content))
    except ValidationError as error:
        raise UndeliverableError(
            f"the body holds no envelope: {error.error_count()} errors, {error.errors(include_input=False)[0]}"
        ) from error


def check_source(message: type[Message], *sources: str | None) -> None:
    """Raises UndeliverableError unless the message has its publisher's source, in its metadata and from the bus.

    IAM lets each service put only its own source on the bus, but a rule matches any of its names with any of its
    sources.
    """
    publisher = SOURCE_PREFIX + message.about.source
    for source in sources:
        if source not in (None, publisher):
            raise UndeliverableError(f"{message.about.name} is published by {publisher}, not by {source}")


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


def tried(record: dict[str, Any]) -> float:
    """For how many seconds a message has been tried: since its first receive or, if that was early, since it is due."""
    since = datetime.fromtimestamp(int(record["attributes"]["ApproximateFirstReceiveTimestamp"]) / 1000, UTC)
    with suppress(UndeliverableError):
        since = max(since, due(read_body(record["body"])) or since)
    return max(0.0, (clock.now() - since).total_seconds())
