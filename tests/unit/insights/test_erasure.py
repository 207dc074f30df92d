"""An erased customer: no row of insights holds their personal data, in whatever order messages come."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from events.customers import (
    CustomerDisabled,
    CustomerErased,
    CustomerRegistered,
    CustomerSmsChanged,
    CustomerState,
)
from events.registry import Event, Kind, Message, language
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.insights.views import projection
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from language.story import sample
from tests.support.delivery import delivered
from tests.support.gateway import request
from tests.support.rows import stored_text
from tests.support.runtime import memory_runtime
from tests.unit.insights.messages import at, consume

NAME, NUMBER, NEW_NUMBER = "Ada Reyes", "+15550100", "+15550199"

Versioned = tuple[Message, int]


def versioned(event: type[CustomerState], version: int, number: str = NUMBER, customer_id: str = "ada") -> Versioned:
    """An event of a customer, and its version in the customer's stream."""
    return event(customer_id=customer_id, name=NAME, sms_number=number, enabled=True), version


REGISTERED = versioned(CustomerRegistered, 1)
CHANGED = versioned(CustomerSmsChanged, 2, NEW_NUMBER)
DISABLED = versioned(CustomerDisabled, 3, NEW_NUMBER)
ERASED: Versioned = CustomerErased(customer_id="ada"), 4


def receive(*messages: Versioned) -> None:
    for message, version in messages:
        consume(message, id=f"m{version}", stream_version=version, time=at(9, version))


def shown(flow: str = "flow-1") -> dict[str, dict[str, Any]]:
    """The data of a flow's messages by name."""
    answer = request(api, "GET", f"/api/insights/timeline/{flow}")
    assert answer.status == 200, answer
    return {message["name"]: message["data"] for message in answer.body["messages"]}


def stored(runtime: Runtime) -> str:
    """All rows of insights, as text."""
    return stored_text(runtime.views)


def assert_forgotten(runtime: Runtime) -> None:
    data = shown()
    assert set(data) == {"CustomerRegistered", "CustomerSmsChanged", "CustomerDisabled", "CustomerErased"}
    for name in ("CustomerRegistered", "CustomerSmsChanged", "CustomerDisabled"):
        assert data[name] == {"customer_id": "ada", "name": "", "sms_number": "", "enabled": True, "language": ""}
    assert data["CustomerErased"] == {"customer_id": "ada", "erased": True}
    assert not any(secret in stored(runtime) for secret in (NAME, NUMBER, NEW_NUMBER))


def test_before_the_erasure_the_timeline_is_verbatim(runtime: Runtime) -> None:
    receive(REGISTERED, CHANGED)
    assert shown()["CustomerRegistered"] | {"language": ""} == {
        "customer_id": "ada",
        "name": NAME,
        "sms_number": NUMBER,
        "enabled": True,
        "language": "",
    }
    assert shown()["CustomerSmsChanged"]["sms_number"] == NEW_NUMBER


@pytest.mark.parametrize("order", list(itertools.permutations([REGISTERED, CHANGED, DISABLED, ERASED])))
def test_an_erased_customer_stays_forgotten_in_whatever_order_events_come(
    order: tuple[Versioned, ...], runtime: Runtime
) -> None:
    receive(*order)
    assert_forgotten(runtime)
    receive(*reversed(order), *order)
    assert_forgotten(runtime)


@pytest.mark.parametrize(
    "event",
    [
        m
        for m in language().values()
        if m.about.kind is Kind.EVENT and m.about.source == "customers" and "name" in m.model_fields
    ],
    ids=lambda event: event.about.name,
)
def test_the_personal_data_of_every_event_of_a_customer_is_forgotten(event: type[Event], runtime: Runtime) -> None:
    message = event.model_validate(sample(event)["data"] | {"name": NAME, "sms_number": NUMBER})
    receive((message, 1))
    assert NAME in stored(runtime)
    assert NUMBER in stored(runtime)
    receive((CustomerErased(customer_id=getattr(message, event.about.key)), 2))
    assert not any(secret in stored(runtime) for secret in (NAME, NUMBER))
    assert {
        text for name, text in shown()[event.about.name].items() if isinstance(text, str) and name != event.about.key
    } == {""}


def test_other_customers_are_not_forgotten(runtime: Runtime) -> None:
    receive(REGISTERED, CHANGED, DISABLED)
    bob, version = versioned(CustomerRegistered, 1, customer_id="bob")
    consume(bob, id="bob-1", stream_version=version, correlation_id="flow-2")
    receive(ERASED)
    data = shown("flow-2")["CustomerRegistered"]
    assert (data["name"], data["sms_number"]) == (NAME, NUMBER)


class InterruptedViews(MemoryViews):
    """Rows in memory; right before the n-th is written, another worker does all of its work."""

    def __init__(self, number: int, other: Callable[[], None]) -> None:
        super().__init__(projection.indexes)
        self._number = number
        self._other = other

    def put(self, row: Row, version: int) -> bool:
        self._number -= 1
        if self._number == 0:
            self._other()
        return super().put(row, version)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize(("first", "second"), [(REGISTERED, ERASED), (ERASED, REGISTERED), (CHANGED, ERASED)])
def test_an_erasure_that_is_handled_at_the_same_time_as_another_event_forgets_it_too(
    first: Versioned, second: Versioned, number: int
) -> None:
    views = InterruptedViews(number, lambda: receive(second))
    with active(memory_runtime("insights", views=views)) as running:
        receive(first)
        receive(REGISTERED, CHANGED, DISABLED, ERASED)
        assert_forgotten(running)


def test_an_erased_customer_is_forgotten_in_dynamodb_too(in_dynamodb: Runtime) -> None:
    receive(REGISTERED)
    assert shown()["CustomerRegistered"]["name"] == NAME
    receive(ERASED, CHANGED)
    assert {data.get("name", "") + data.get("sms_number", "") for data in shown().values()} == {""}
    receive(REGISTERED)
    assert shown()["CustomerRegistered"]["name"] == ""


class Ticking:
    """A function's time: 20 s, of which each write of a row takes 5 ms."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, views: MemoryViews) -> None:
        self.left = 20.0
        self.writes = 0
        put = views.put

        def timed(row: Row, version: int) -> bool:
            self.left -= 0.005
            self.writes += 1
            assert self.left > 0, "Lambda ends the function"
            return put(row, version)

        monkeypatch.setattr(views, "put", timed)


def test_of_a_customer_with_30_000_events_all_are_forgotten_by_pages_within_the_time_of_the_function(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(runtime.views, MemoryViews)
    events = 30_000
    known = [1, 2, 2_399, 2_400, 2_401, 15_000, events - 1]
    for version in known:
        receive(versioned(CustomerSmsChanged, version, f"number-{version}"))
    ticking = Ticking(monkeypatch, runtime.views)
    invocations, response = 0, {"batchItemFailures": [{}]}
    while response["batchItemFailures"]:
        invocations, ticking.left = invocations + 1, 20.0
        assert invocations < 20
        event = delivered(CustomerErased(customer_id="ada"), id="erased", stream_version=events)
        with budget.limited(lambda: ticking.left):
            response = inbox.handle(event)
    assert invocations > 1
    assert ticking.writes < events * 1.1, "no page is written twice"
    assert NAME not in stored(runtime)
    assert not any(f"number-{version}" in stored(runtime) for version in known)
    for version in (*known, 7_777):  # late, or from a replay
        receive(versioned(CustomerSmsChanged, version, f"number-{version}"))
    assert NAME not in stored(runtime)


def test_a_page_of_tombstones_that_fails_is_written_when_the_message_is_received_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(runtime.views, MemoryViews)
    receive(REGISTERED, CHANGED, DISABLED)
    put = runtime.views.put

    def failing(row: Row, version: int) -> bool:
        if row.data is None and row.sort.endswith("2"):
            raise UnavailableError("DynamoDB throttles")
        return put(row, version)

    event = delivered(ERASED[0], id="m4", stream_version=4)
    with monkeypatch.context() as throttled:
        throttled.setattr(runtime.views, "put", failing)
        assert inbox.handle(event) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    assert NEW_NUMBER in stored(runtime)
    assert inbox.handle(event) == {"batchItemFailures": []}
    assert not any(secret in stored(runtime) for secret in (NAME, NUMBER, NEW_NUMBER))
