"""The simulator's own record of what was handled while a commit or a message was made.

It is taken at the edges that the simulator owns: the body that a queue delivered, and the calls of a container's
clients. What the system says of causes (its contexts, metadata and stored commits) has no part in it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any
from unittest.mock import patch

from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.topics import Topics
from tests.simulation.bus import EventsClient
from tests.simulation.containers import Container
from tests.simulation.dynamodb import DynamoDBClient

_numbers = count()
_handled: ContextVar[str] = ContextVar("the message or request that is handled", default="")


class Handlings:
    """By the id of a commit, and of a message put on the bus, the message or request that was handled; "" for none.

    answers: messages that were put on the bus in a handling, by id, as they were put first.
    """

    def __init__(self) -> None:
        self.commits: dict[str, str] = {}
        self.messages: dict[str, str] = {}
        self.answers: dict[str, dict[str, Any]] = {}

    def wrote(self, item: Mapping[str, Any]) -> None:
        """An item was to be written; only those of commits count."""
        if "stream" in item and "id" in item:
            self.commits[item["id"]["S"]] = _handled.get()

    def put(self, text: str) -> None:
        """A message was put on the bus; what a relay puts is made by a commit, and no handling is at work there."""
        if _handled.get():
            detail = json.loads(text)
            id = detail["metadata"]["id"]
            self.messages.setdefault(id, _handled.get())
            self.answers.setdefault(id, detail)


@contextmanager
def recorded() -> Iterator[Handlings]:
    """Within the block, what simulated services write and publish is recorded with what they handled."""
    found = Handlings()
    put_item, transact, put_events = (
        DynamoDBClient.put_item,
        DynamoDBClient.transact_write_items,
        EventsClient.put_events,
    )

    def put_one(client: DynamoDBClient, **request: Any) -> dict[str, Any]:
        found.wrote(request["Item"])
        return put_item(client, **request)

    def put_several(client: DynamoDBClient, **request: Any) -> dict[str, Any]:
        for action in request["TransactItems"]:
            found.wrote(next(iter(action.values())).get("Item", {}))
        return transact(client, **request)

    def publish(client: EventsClient, **request: Any) -> dict[str, Any]:
        for entry in request["Entries"]:
            found.put(entry["Detail"])
        return put_events(client, **request)

    with (
        patch.object(Container, "handle", _while_asked(Container.handle)),
        patch.object(Topics, "_handle", _while_told(Topics._handle)),
        patch.object(Inbox, "_receive", _while_handling(Inbox._receive)),
        patch.object(Inbox, "_follow_up", _while_handling(Inbox._follow_up)),
        patch.object(DynamoDBClient, "put_item", put_one),
        patch.object(DynamoDBClient, "transact_write_items", put_several),
        patch.object(EventsClient, "put_events", publish),
    ):
        yield found


def _while_asked(handle: Callable[..., Any]) -> Callable[..., Any]:
    def asked(container: Container, event: Any) -> Any:
        about = event.get("requestContext", {}) if isinstance(event, dict) else {}
        token = container._context.run(_handled.set, about.get("requestId", ""))
        try:
            return handle(container, event)
        finally:
            container._context.run(_handled.reset, token)

    return asked


def _while_told(handle: Callable[..., None]) -> Callable[..., None]:
    """What a robot said, in one batch, is handled together."""

    def told(topics: Topics, group: Sequence[Any], lines: list[str]) -> None:
        token = _handled.set(f"what robots said, {next(_numbers)}")
        try:
            handle(topics, group, lines)
        finally:
            _handled.reset(token)

    return told


def _while_handling(handle: Callable[..., None]) -> Callable[..., None]:
    def handling(inbox: Inbox, record: dict[str, Any], batch: Any) -> None:
        token = _handled.set(_delivered(record["body"]))
        try:
            handle(inbox, record, batch)
        finally:
            _handled.reset(token)

    return handling


def _delivered(body: str) -> str:
    """Which message a body is: its id, or the name and the time of a schedule's tick."""
    try:
        content = json.loads(body)
        if "detail" in content:
            return str(content["detail"]["metadata"]["id"])
        return f"{content['detail-type']} at {content['time']}"
    except (ValueError, KeyError, TypeError):
        return "unreadable"
