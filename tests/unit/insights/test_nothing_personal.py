"""No row of insights holds a name or a number, and none that earlier code wrote is shown."""

import json
from typing import Any

import pytest

from events.customers import CustomerErased, CustomerRegistered
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from language.generate import ROOT
from tests.support.delivery import attributes, body_of
from tests.support.gateway import request
from tests.support.rows import stored_text
from tests.unit.insights.messages import at, consume

NAME, NUMBER = "Ada Reyes", "+15550100"
FIRST_VERSIONS = [
    "CustomerDisabled",
    "CustomerEnabled",
    "CustomerLanguageChanged",
    "CustomerRegistered",
    "CustomerSmsChanged",
]
PUBLIC = {"customer_id": "customer-ada", "enabled": True, "language": "es"}


def first_version(name: str) -> dict[str, Any]:
    """A message of an event of a customer as it was published before, with name and number."""
    detail: dict[str, Any] = json.loads((ROOT / "events" / "samples" / f"{name}.v1.json").read_text())
    return {**detail, "data": {**PUBLIC, "name": NAME, "sms_number": NUMBER}}


def receive(detail: dict[str, Any]) -> None:
    record = {"messageId": "1", "receiptHandle": "1", "body": body_of(detail), "attributes": attributes()}
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}


def row_of_before(detail: dict[str, Any]) -> Row:
    """The row of a message as earlier code wrote it: the texts of a customer's event are empty, and have a row."""
    metadata = detail["metadata"]
    named = ("id", "name", "time", "source", "stream", "correlation_id", "causation_id", "actor")
    said_of = [f"said of {detail['data']['customer_id']}", f"{metadata['stream_version']:09}"]
    data = {**detail["data"], "name": "", "sms_number": "", "language": ""}
    message = {**{name: metadata[name] for name in named}, "data": data, "person": said_of}
    return Row(f"flow {metadata['correlation_id']}", f"{metadata['time']} {metadata['id']}", message)


def shown() -> dict[str, dict[str, Any]]:
    """The data of a flow's messages by name."""
    answer = request(api, "GET", "/api/insights/timeline/flow-1")
    assert answer.status == 200, answer
    return {message["name"]: message["data"] for message in answer.body["messages"]}


@pytest.mark.parametrize("name", FIRST_VERSIONS)
def test_of_a_first_version_that_still_comes_what_is_personal_is_neither_stored_nor_shown(
    name: str, runtime: Runtime
) -> None:
    receive(first_version(name))
    assert shown() == {name: PUBLIC}
    for secret in (NAME, NUMBER):
        assert secret not in stored_text(runtime.views)


@pytest.mark.parametrize("name", FIRST_VERSIONS)
def test_a_row_of_before_is_shown_without_what_was_personal(name: str, runtime: Runtime) -> None:
    detail = first_version(name)
    row = row_of_before(detail)
    assert row.data
    runtime.views.put(row, 1)
    runtime.views.put(Row(*row.data["person"], {"name": NAME, "sms_number": NUMBER, "language": "es"}), 1)
    for _ in range(2):
        assert shown() == {name: {"customer_id": "customer-ada", "enabled": True}}
        receive(detail)  # again, as from a replay: the row stays as it was


def test_messages_of_before_and_of_now_are_in_one_timeline(runtime: Runtime) -> None:
    runtime.views.put(row_of_before(first_version("CustomerRegistered")), 1)
    consume(CustomerErased(customer_id="customer-ada"), id="m9", stream_version=2, time=at(9, 59))
    assert shown() == {
        "CustomerRegistered": {"customer_id": "customer-ada", "enabled": True},
        "CustomerErased": {"customer_id": "customer-ada", "erased": True},
    }


def test_an_event_of_a_customer_is_one_row(runtime: Runtime) -> None:
    consume(CustomerRegistered(customer_id="ada", enabled=True))
    consume(CustomerErased(customer_id="ada"), id="m2", stream_version=2, time=at(9, 30))
    assert {row[0] for row in json.loads(stored_text(runtime.views))} == {"flow flow-1"}
    assert shown()["CustomerRegistered"] == {"customer_id": "ada", "enabled": True, "language": "en"}
