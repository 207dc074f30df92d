"""Letters hold nothing that newer versions of a message dropped, and can be redriven all the same."""

import json
from typing import Any

import pytest

from events.customers import CustomerRegistered
from events.registry import Event, decode
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.runtime import active
from functions.operations import forms
from functions.operations.letters import Letter
from tests.support.letters import sample
from tests.support.runtime import memory_runtime

PERSONAL = ("Ada Brown", "+1 555 0100")


def body_with(**changes: Any) -> str:
    """The body of the first version of a customer's event, with members of its data changed, or without (None)."""
    content = json.loads(sample("personal")[1].body)
    data = {**content["detail"]["data"], **changes}
    content["detail"]["data"] = {name: value for name, value in data.items() if value is not None}
    return json.dumps(content)


def read(body: str) -> Letter:
    queue, held = sample("personal", body=body)
    return forms.read(queue, held)


def test_a_name_and_a_number_that_the_first_version_held_are_not_kept() -> None:
    letter = read(body_with())
    assert not [text for text in PERSONAL if text in repr(letter)]
    assert (letter.name, letter.version, letter.stream) == ("CustomerRegistered", 1, "Customer#customer-ada")


def test_such_a_letter_can_be_redriven_as_the_newest_version() -> None:
    handled: list[Event] = []
    inbox = Inbox("depot")
    inbox.on(CustomerRegistered)(handled.append)
    record = {
        "messageId": "1",
        "receiptHandle": "1",
        "body": read(body_with()).body,
        "attributes": {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1773481614123"},
    }
    with active(memory_runtime("depot")):
        assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    assert handled == [decode("CustomerRegistered", 2, {"customer_id": "customer-ada", "enabled": True})]


def test_what_cannot_be_upcast_loses_those_fields_and_stays_as_unreadable_as_it_was() -> None:
    letter = read(body_with(customer_id=None, enabled="perhaps"))
    detail = json.loads(letter.body)["detail"]
    assert detail["data"] == {"enabled": "perhaps"}
    assert detail["metadata"]["version"] == 1


def test_an_old_version_that_holds_nothing_of_the_kind_is_kept_verbatim() -> None:
    body = body_with(name=None, sms_number=None)
    assert read(body).body == body


@pytest.mark.parametrize("version", [2, 3])
def test_a_field_that_this_code_does_not_know_yet_is_kept(version: int) -> None:
    content = json.loads(body_with(name=None, sms_number=None, points=7))
    content["detail"]["metadata"]["version"] = version
    body = json.dumps(content)
    assert read(body).body == body


@pytest.mark.parametrize("version", [2, 99])
def test_what_was_dropped_is_not_kept_of_a_version_that_should_not_have_it_either(version: int) -> None:
    content = json.loads(body_with(points=7))
    content["detail"]["metadata"]["version"] = version
    letter = read(json.dumps(content))
    assert not [text for text in PERSONAL if text in repr(letter)]
    assert letter.version == version
    kept = json.loads(letter.body)["detail"]
    assert kept["metadata"] == content["detail"]["metadata"]
    assert kept["data"] == {"customer_id": "customer-ada", "enabled": True, "points": 7}


def test_a_message_that_the_language_does_not_know_is_kept_verbatim() -> None:
    body = body_with().replace("CustomerRegistered", "CustomerGreeted")
    assert read(body).body == body


@pytest.mark.parametrize(
    "metadata",
    [
        {"stream_version": "x"},
        {"version": "one"},
        {"version": 2, "stream_version": "x"},
        {"version": 99, "time": 5},
        {"actor": "a" * 501},
        {"name": None},
        {"name": "CustomerRenamed"},
        {"name": "OrderCreated", "version": 99},
        None,
        "customer",
    ],
)
def test_nothing_that_was_dropped_is_kept_of_a_message_whose_metadata_are_wrong(metadata: Any) -> None:
    content = json.loads(body_with())
    of_it = content["detail"]["metadata"]
    content["detail"]["metadata"] = {**of_it, **metadata} if isinstance(metadata, dict) else metadata
    letter = read(json.dumps(content))
    assert not [text for text in PERSONAL if text in repr(letter)]
    kept = json.loads(letter.body)["detail"]
    assert kept["data"].items() >= {"customer_id": "customer-ada"}.items()
    assert kept["metadata"] == content["detail"]["metadata"]


def test_nothing_that_was_dropped_is_kept_of_a_message_that_was_sent_under_another_name() -> None:
    content = json.loads(body_with())
    content["detail-type"] = "SomethingElse"
    content["detail"]["metadata"]["stream_version"] = "x"
    assert not [text for text in PERSONAL if text in repr(read(json.dumps(content)))]


@pytest.mark.parametrize("detail", [None, "text", [1], {"data": "text"}, {"data": [1]}, {}])
def test_a_body_without_data_is_kept_verbatim(detail: Any) -> None:
    body = json.dumps({"detail-type": "CustomerRegistered", "detail": detail})
    assert read(body).body == body
