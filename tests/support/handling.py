"""Inboxes to deliver messages to, and what their handlers leave in queues, on the bus and in commits."""

import copy
import json
from collections.abc import Callable
from typing import Any

from events.registry import Event
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Runtime
from tests.support.jars import (
    FillJar,
    JarFillAccepted,
    JarFilled,
    JarFillRefused,
    JarForgotten,
    JarSealed,
    jars,
)
from tests.support.runtime import RecordingBus, RecordingQueue

DONE: dict[str, list[Any]] = {"batchItemFailures": []}

FILLED = JarFilled(jar_id="jar-1", coins=5, added=5)
SEALED = JarSealed(jar_id="jar-1", coins=5)
FILL = FillJar(jar_id="jar-1", coins=5)


class Handled:
    """An inbox that records the jars that it handles; `errors`: the exception to raise, by jar."""

    def __init__(self, *, queue: str = "inbox", fifo: bool = False, **errors: Exception) -> None:
        self.jars: list[str] = []
        self.errors = errors
        self.inbox = Inbox("jars", queue, fifo=fifo)
        self.inbox.on(JarFilled)(self._handle)
        self.inbox.on(JarForgotten)(self._handle)

    def _handle(self, message: JarFilled | JarForgotten) -> None:
        if message.jar_id in self.errors:
            raise self.errors[message.jar_id]
        self.jars.append(message.jar_id)


def filled(jar: str) -> JarFilled:
    return JarFilled(jar_id=jar, coins=5, added=5)


def failures(response: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in response["batchItemFailures"]]


def with_body(event: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The event, with members of its first body, or of that body's metadata, changed."""
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


class Asked(Event, source="jars", key="jar_id"):
    """A request for a jar and a chest."""

    jar_id: str


def inbox_with(handler: Callable[[FillJar], object]) -> Inbox:
    inbox = Inbox("jars")
    inbox.answers(
        FillJar,
        accepted=lambda command: JarFillAccepted(jar_id=command.jar_id),
        refused=lambda command, error: JarFillRefused(jar_id=command.jar_id, reason=error.message),
    )(handler)
    return inbox


def fill(command: FillJar) -> None:
    jars.create(command.jar_id, lambda jar: jar.fill(command.coins))


def fill_up_to(command: FillJar) -> None:
    jars.create(command.jar_id, lambda jar: jar.fill_up_to(command.coins))


def bus_of(running: Runtime) -> RecordingBus:
    assert isinstance(running.bus, RecordingBus)
    return running.bus


def committed(running: Runtime) -> list[Outgoing]:
    assert isinstance(running.store, MemoryEventStore)
    return [m for item in running.store.log for m in messages_of(item)]


def answers(messages: list[Outgoing]) -> list[Outgoing]:
    return [message for message in messages if message.name.startswith("JarFill") and message.name != "JarFilled"]


def names(messages: list[Outgoing]) -> list[str]:
    return [message.name for message in messages]
