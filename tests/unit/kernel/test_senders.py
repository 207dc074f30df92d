"""A message counts only if its publisher sent it, the way that messages of its kind come.

What the bus says of a message (`source`, `detail-type`) is what IAM let its sender say. The metadata in it, and all
that a sender with access to the queue itself writes, is the sender's word alone.
"""

import json
from typing import Any

import pytest

from events.registry import Message
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime import context
from functions.kernel.runtime.runtime import Runtime
from tests.support.delivery import attributes, delivered
from tests.support.handling import DONE, FILL, FILLED, dead_letters_of
from tests.support.jars import FillJar, JarFillAccepted, JarFilled, JarFillRefused, JarForgotten, JarsDue

ACCEPTED = JarFillAccepted(jar_id="jar-1")
FORGOTTEN = JarForgotten(jar_id="jar-1")
TIME = "2026-03-01T12:00:00Z"

OVER_THE_BUS = pytest.mark.parametrize("message", [FILLED, FILL, ACCEPTED], ids=["event", "command", "reply"])


@pytest.fixture
def handled() -> list[Message]:
    return []


@pytest.fixture
def inbox(handled: list[Message]) -> Inbox:
    """It handles a message of each kind."""
    inbox = Inbox("jars")
    inbox.on(JarFilled, JarFillAccepted, JarForgotten)(handled.append)
    inbox.schedule(JarsDue, "rate(1 minute)")
    inbox.on(JarsDue)(handled.append)
    inbox.answers(
        FillJar,
        accepted=lambda command: ACCEPTED,
        refused=lambda command, error: JarFillRefused(jar_id=command.jar_id, reason=error.message),
    )(handled.append)
    return inbox


def body_of(message: Message) -> dict[str, Any]:
    """Its body, as it comes."""
    body: dict[str, Any] = json.loads(delivered(message)["Records"][0]["body"])
    return body


def receive(inbox: Inbox, body: dict[str, Any]) -> None:
    """Receive a message, which leaves the queue: it was handled, or dead-lettered."""
    record = {"messageId": "m", "receiptHandle": "r", "body": json.dumps(body), "attributes": attributes()}
    assert inbox.handle({"Records": [record]}) == DONE


def reasons(running: Runtime) -> list[str]:
    letters = [reason for _, reason in dead_letters_of(running)]
    assert {(letter["error"], letter["tries"]) for letter in letters} <= {("UndeliverableError", "1")}
    return [letter["reason"] for letter in letters]


@OVER_THE_BUS
def test_a_message_from_its_publisher_over_the_bus_is_handled(
    running: Runtime, inbox: Inbox, handled: list[Message], message: Message
) -> None:
    receive(inbox, body_of(message))
    assert handled == [message]
    assert reasons(running) == []


@OVER_THE_BUS
def test_a_message_that_another_service_put_on_the_bus_is_a_dead_letter(
    running: Runtime, inbox: Inbox, handled: list[Message], message: Message
) -> None:
    receive(inbox, {**body_of(message), "source": "mallbots.chests"})
    assert reasons(running) == [f"{message.about.name} is published by mallbots.jars, not by mallbots.chests"]
    assert handled == []


@pytest.mark.parametrize("message", [FILLED, FILL, ACCEPTED, FORGOTTEN], ids=["event", "command", "reply", "reminder"])
def test_a_message_that_says_that_another_service_sent_it_is_a_dead_letter(
    running: Runtime, inbox: Inbox, handled: list[Message], message: Message
) -> None:
    body = body_of(message)
    body["detail"]["metadata"]["source"] = "mallbots.chests"
    receive(inbox, body)
    assert reasons(running) == [f"{message.about.name} is published by mallbots.jars, not by mallbots.chests"]
    assert handled == []


@OVER_THE_BUS
def test_a_message_that_was_put_into_the_queue_past_the_bus_is_a_dead_letter(
    running: Runtime, inbox: Inbox, handled: list[Message], message: Message
) -> None:
    body = body_of(message)
    del body["source"]
    receive(inbox, body)
    assert reasons(running) == [f"{message.about.name} did not come over the bus"]
    assert handled == []


@pytest.mark.parametrize("message", [FILLED, FILL, FORGOTTEN], ids=["event", "command", "reminder"])
def test_a_message_under_a_name_that_its_sender_may_use_is_a_dead_letter(
    running: Runtime, inbox: Inbox, handled: list[Message], message: Message
) -> None:
    """A worker may publish the names of its replies: what is in such an entry must be that reply."""
    receive(inbox, {**body_of(message), "detail-type": "JarFillAccepted"})
    assert reasons(running) == [f"{message.about.name} was sent under another name: JarFillAccepted"]
    assert handled == []


def test_a_reminder_of_a_commit_comes_from_the_services_own_relay(
    running: Runtime, inbox: Inbox, handled: list[Message]
) -> None:
    assert "source" not in body_of(FORGOTTEN)
    receive(inbox, body_of(FORGOTTEN))
    assert handled == [FORGOTTEN]
    assert reasons(running) == []


def test_a_reminder_that_a_service_sends_itself_without_a_commit_is_handled(
    running: Runtime, inbox: Inbox, handled: list[Message]
) -> None:
    with context.within(context.Context()):
        body = json.loads(reminder_body(FORGOTTEN, context.current()))
    receive(inbox, body)
    assert handled == [FORGOTTEN]
    assert reasons(running) == []


def test_a_timer_of_a_schedule_is_the_services_own(running: Runtime, inbox: Inbox, handled: list[Message]) -> None:
    receive(inbox, {"detail-type": "JarsDue", "version": 1, "time": TIME})
    assert handled == [JarsDue(time=TIME)]
    assert reasons(running) == []


@pytest.mark.parametrize("source", ["mallbots.jars", "mallbots.chests"])
def test_a_reminder_that_came_over_the_bus_is_a_dead_letter(
    running: Runtime, inbox: Inbox, handled: list[Message], source: str
) -> None:
    receive(inbox, {**body_of(FORGOTTEN), "source": source})
    assert reasons(running) == [f"JarForgotten is a reminder, which never comes over the bus: {source} sent it"]
    assert handled == []


def test_a_timer_of_a_schedule_that_came_over_the_bus_is_a_dead_letter(
    running: Runtime, inbox: Inbox, handled: list[Message]
) -> None:
    receive(inbox, {"detail-type": "JarsDue", "version": 1, "time": TIME, "source": "mallbots.chests"})
    assert reasons(running) == ["JarsDue is a reminder, which never comes over the bus: mallbots.chests sent it"]
    assert handled == []
