"""Each form of a dead letter is read whole: its message, and why it was given up."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from functions.kernel.runtime import clock
from functions.operations import forms
from functions.operations.letters import Letter, letter_id
from tests.support.letters import sample

NOW = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)
SENT = "2026-03-14T09:46:54.123000Z"


def read(name: str, **changes: object) -> Letter:
    with clock.fixed(lambda: NOW):
        return forms.read(*sample(name, **changes))


MESSAGE = {
    "message_id": "message-2",
    "name": "OrderApproved",
    "version": 1,
    "stream": "Order#order-1",
    "stream_version": 1,
    "correlation_id": "flow-1",
    "causation_id": "message-1",
    "order": "order-1",
}
NO_MESSAGE = {**dict.fromkeys(MESSAGE, ""), "version": 0, "stream_version": 0}
WHY = {
    "inbox": ("depot/inbox", "the shelf 17 of order-1 is gone", "RuntimeError", 8, SENT, "2026-03-13.4"),
    "inbox_of_before": ("depot/inbox", "the shelf 17 of order-1 is gone", "RuntimeError", 8, SENT, ""),
    "fifo_inbox": ("depot/dispatcher", "no robot", "KeyError", 8, SENT, ""),
    "sqs_redrive": (
        "payments/inbox",
        "its function ended before it could report, at each receive: see the log for a crash or a timeout",
        "NotReported",
        0,
        "2026-03-14T10:00:00.000000Z",
        "",
    ),
    "bus_rule": (
        "depot/inbox",
        "the rule could not deliver it: The queue's policy does not allow the rule to send to it.",
        "NO_PERMISSIONS",
        185,
        SENT,
        "",
    ),
    "relay": ("ordering/relay", "MalformedDetail in PutEvents", "RefusedByBus", 0, SENT, "2026-03-13.4"),
}


@pytest.mark.parametrize("name", WHY)
def test_a_letter_says_which_message_was_given_up_by_whom_and_why(name: str) -> None:
    queue, held = sample(name)
    letter = read(name)
    assert {field: getattr(letter, field) for field in MESSAGE} == MESSAGE
    assert (letter.consumer, letter.reason, letter.error, letter.tries, letter.failed_at, letter.code) == WHY[name]
    assert (letter.queue, letter.body, letter.deliveries) == (queue.name, held.body, (held.id,))
    assert letter.id == letter_id(queue.consumer, "message-2")


def test_a_letter_says_when_it_was_received_first() -> None:
    assert read("inbox").first_received == "2026-03-14T09:22:40.000000Z"
    assert read("sqs_redrive").first_received == SENT


@pytest.mark.parametrize("name", ["inbox", "sqs_redrive"])
def test_what_was_sent_back_is_the_letter_that_it_was_also_where_the_queue_itself_gave_it_up(name: str) -> None:
    queue, held = sample(name)
    sent_back = replace(held, attributes={**held.attributes, "letter": "letter-1", "run": "run-1/0"})
    letter = forms.read(queue, sent_back)
    assert (letter.id, letter.run) == ("letter-1", "run-1/0")
    assert forms.read(queue, held).run == ""


def test_a_reply_that_the_bus_refused_is_about_the_commit_that_holds_it() -> None:
    queue, held = sample("relay")
    reply = replace(held, attributes={**held.attributes, "commit": "5 ShoppingList#of two words"})
    letter = forms.read(queue, reply)
    assert (letter.stream, letter.stream_version) == ("ShoppingList#of two words", 5)


def test_a_letter_of_a_fifo_queue_keeps_its_group() -> None:
    assert read("fifo_inbox").fifo_group == "in-turn"
    assert read("inbox").fifo_group == ""


def test_a_tick_that_a_schedule_could_not_send_is_kept_as_the_inbox_would_have_received_it() -> None:
    letter = read("schedule_rule")
    assert json.loads(letter.body) == {"detail-type": "RobotLeasesDue", "version": 1, "time": "2026-03-14T09:26:00Z"}
    assert (letter.name, letter.stream, letter.error) == (
        "RobotLeasesDue",
        "Schedule#RobotLeasesDue",
        "RESOURCE_NOT_FOUND",
    )


def test_a_tick_of_a_schedule_that_is_not_known_is_kept_as_it_came() -> None:
    _, held = sample("schedule_rule")
    letter = read("schedule_rule", attributes={**held.attributes, "RULE_ARN": "arn:aws:events:::rule/another"})
    assert letter.body == held.body


def test_what_a_rule_of_the_broker_could_not_send_names_the_topic_and_the_action_that_failed() -> None:
    letter = read("iot_rule")
    assert (letter.consumer, letter.name, letter.error) == ("fleet/topics", "state", "SqsAction")
    assert "AccessDenied" in letter.reason
    assert letter.message_id == ""


def test_what_a_rule_of_the_broker_could_not_send_says_when_it_was_received_so_that_its_consumer_can_read_it() -> None:
    _, held = sample("iot_rule")
    received = int(held.system["SentTimestamp"])
    assert json.loads(read("iot_rule").body) == {**json.loads(held.body), "received": received}


def test_what_a_rule_of_the_broker_could_not_send_is_known_by_the_body_that_its_queue_held() -> None:
    _, held = sample("iot_rule")
    assert read("iot_rule").id == letter_id("fleet/topics", "", held.body)


def test_what_a_robot_said_names_its_topic_and_the_robot() -> None:
    letter = read("topic")
    assert (letter.name, letter.stream) == ("state", "Robot#8f2b6c1e-3d4a-4b5c-9d8e-7f6a5b4c3d2e")


@pytest.mark.parametrize("body", ['{"detail-type": "OrderAppro', "[]", '{"detail": {}}', '{"topic": 7}', " "])
def test_a_letter_that_cannot_be_read_is_kept_verbatim_under_the_hash_of_its_body(body: str) -> None:
    letter = read("unreadable", body=body)
    assert {field: getattr(letter, field) for field in NO_MESSAGE} == NO_MESSAGE
    assert letter.body == body
    digest = hashlib.sha256(body.encode()).hexdigest()
    assert letter.id == hashlib.sha256(f"depot/inbox|body:{digest}".encode()).hexdigest()[:32]
    assert read("unreadable", body=body).id == letter.id
    assert read("unreadable", body=body + " ").id != letter.id


def test_the_same_message_is_another_letter_of_another_consumer() -> None:
    assert read("inbox").id == read("inbox_of_before").id == read("bus_rule").id
    assert read("inbox").id != read("fifo_inbox").id


@pytest.mark.parametrize(
    "attributes", [{"reason": "", "tries": "many"}, {"ERROR_CODE": "X"}, {"reason": "x" * 9_000, "error": "E"}]
)
def test_a_record_that_says_little_is_a_letter_too(attributes: dict[str, str]) -> None:
    letter = read("inbox", attributes=attributes, system={})
    assert letter.message_id == "message-2"
    assert len(letter.reason) <= 2_000
    assert letter.failed_at == "2026-03-14T10:00:00.000000Z"


def test_what_a_rule_could_not_send_is_read_as_its_consumer_gave_it_up_after_it_was_sent_back() -> None:
    undelivered = read("iot_rule")
    why = {"reason": "'3' is no header", "error": "UndeliverableError", "tries": "1", "code": "1.2"}
    sent_back = {"body": undelivered.body, "attributes": {**why, "letter": undelivered.id, "run": "run-1/0"}}
    queue, held = sample("iot_rule", **sent_back)
    dead = replace(queue, kind="dead-letters")
    found = forms.read(dead, held)
    assert (found.id, found.reason, found.error, found.code) == (undelivered.id, why["reason"], why["error"], "1.2")
    by_its_queue = forms.read(dead, replace(held, attributes={"letter": undelivered.id, "run": "run-1/0"}))
    assert (by_its_queue.id, by_its_queue.error) == (undelivered.id, "NotReported")
