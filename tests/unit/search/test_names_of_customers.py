"""The names of customers in what search shows: asked of their owner, kept nowhere, left out where not to be had."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from functions.kernel.composition.adapters import invoker
from functions.kernel.runtime import budget, clock
from functions.kernel.runtime.runtime import Runtime
from functions.search.api import api
from functions.search.inbox import inbox
from infra.service import API_TIMEOUT
from language.generate import ROOT
from tests.support import aws
from tests.support.callers import customer
from tests.support.delivery import attributes, body_of
from tests.support.gateway import request
from tests.support.rows import stored_text
from tests.unit.search.orders import Owner, ask, consume, found, order, pages, show

NINE = datetime(2026, 3, 14, 9, tzinfo=UTC)
BEFORE = [
    "CustomerDisabled",
    "CustomerEnabled",
    "CustomerErased",
    "CustomerLanguageChanged",
    "CustomerRegistered",
    "CustomerSmsChanged",
]


@pytest.fixture
def lambdas() -> Iterator[Any]:
    """A client of Lambda as functions have it."""
    with aws.local_aws():
        yield budget.guard(boto3.client("lambda", region_name=aws.REGION, config=budget.config()))


def place(*customers: str) -> None:
    """Place an order for each of these customers, the first one first."""
    for number, who in enumerate(customers):
        at = f"2026-03-14T{number // 60:02}:{number % 60:02}:00.000000Z"
        consume(order(f"order-{number:03}", customer=who, at=at))


def shown(**fields: Any) -> list[str | None]:
    """The names of a page's orders, newest first; None where there is none."""
    return [one.get("customerName") for one in ask(**fields).body["orders"]]


def test_the_names_of_a_page_are_asked_in_one_call_each_customer_once(owner: Owner) -> None:
    owner.names |= {"ada": "Ada Reyes", "bo": "Bo Lind"}
    place("ada", "bo", "ada", "ada")
    assert shown() == ["Ada Reyes", "Ada Reyes", "Bo Lind", "Ada Reyes"]
    assert owner.asked == [["ada", "bo"]]


def test_a_page_of_100_customers_asks_once(owner: Owner) -> None:
    customers = [f"customer-{number}" for number in range(100)]
    owner.names |= {id: f"Name of {id}" for id in customers}
    place(*customers)
    assert shown(limit=100) == [f"Name of {id}" for id in reversed(customers)]
    assert [len(asked) for asked in owner.asked] == [100]


def test_the_names_of_each_page_are_asked_when_it_is_read(owner: Owner) -> None:
    place("ada", "bo", "cy")
    assert len(list(pages({}, 2))) == 2
    assert owner.asked == [["cy", "bo"], ["ada"]]


def test_a_search_that_finds_nothing_asks_nobody(owner: Owner) -> None:
    assert ask().body["orders"] == []
    assert owner.asked == []


def test_a_new_name_is_shown_at_once(owner: Owner) -> None:
    place("ada")
    for name in ("Ada Reyes", "Ada Lind"):
        owner.names["ada"] = name
        assert (show("order-000")["customerName"], shown()) == (name, [name])


def test_an_unknown_or_erased_customer_has_no_name_and_the_orders_remain(owner: Owner) -> None:
    owner.names["ada"] = "Ada Reyes"
    place("ada", "bo")
    assert ["customerName" in one for one in ask().body["orders"]] == [False, True]
    owner.names.clear()
    assert "customerName" not in show("order-000")
    assert found({"customerId": "ada"}) == ["order-000"]


def test_a_customer_who_searches_its_own_orders_gets_its_own_name(owner: Owner) -> None:
    owner.names |= {"ada": "Ada Reyes", "bo": "Bo Lind"}
    place("ada", "bo")
    answer = request(api, "POST", "/api/search/orders", {}, None, customer("ada"))
    assert [one["customerName"] for one in answer.body["orders"]] == ["Ada Reyes"]
    assert owner.asked == [["ada"]]
    for status, id in ((200, "order-000"), (404, "order-001")):
        assert request(api, "GET", f"/api/search/orders/{id}", None, None, customer("ada")).status == status
    assert owner.asked == [["ada"], ["ada"]]  # nobody is asked about another's order


def test_while_the_owner_does_not_answer_all_but_the_names_is_given(owner: Owner) -> None:
    owner.names["ada"] = "Ada Reyes"
    place("ada", "ada")
    answered = ask(limit=1)
    owner.down = True
    [known] = answered.body["orders"]
    assert known.pop("customerName") == "Ada Reyes"
    assert (ask(limit=1).status, ask(limit=1).body) == (200, answered.body)
    assert show("order-001") == known


@pytest.mark.parametrize(
    "answer",
    [
        aws.error("TooManyRequestsException", status=429),
        aws.error("AccessDeniedException", status=403),
        aws.error("ServiceException", status=500),
        EndpointConnectionError(endpoint_url="https://lambda.example"),
        (200, {"FunctionError": "Unhandled", "Payload": BytesIO(b'{"errorType": "InvalidError"}')}),
        (200, {"Payload": BytesIO(b"{}")}),
    ],
    ids=["throttled", "not permitted", "failing", "unreachable", "deployed before there was the query", "empty"],
)
def test_however_the_owner_fails_the_order_is_shown(lambdas: Any, runtime: Runtime, answer: Any) -> None:
    place("ada")
    runtime.invoke = invoker(lambdas, {"customers": "customers-queries"})
    with aws.answering(lambdas, "Invoke", answer):
        shown = show("order-000")
    assert (shown["orderId"], "customerName" in shown) == ("order-000", False)


@pytest.mark.parametrize(("elapsed", "tries"), [(0.0, 1), (3.0, 1), (5.0, 1), (5.1, 0), (8.9, 0)])
def test_a_slow_owner_uses_up_4_seconds_at_most_and_never_the_time_to_answer(
    lambdas: Any, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, elapsed: float, tries: int
) -> None:
    place("ada")
    began, sent = elapsed, 0

    def wait(seconds: float) -> None:
        nonlocal elapsed
        elapsed += seconds

    def hang(**_: Any) -> None:
        nonlocal sent
        sent += 1
        wait(budget.TRY)
        raise ReadTimeoutError(endpoint_url="https://lambda.example")

    monkeypatch.setattr("botocore.endpoint.time.sleep", wait)  # between two tries
    lambdas.meta.events.register_last("before-send", hang)
    runtime.invoke = invoker(lambdas, {"customers": "customers-queries"})
    with clock.fixed(lambda: NINE + timedelta(seconds=elapsed)), budget.limited(lambda: API_TIMEOUT - elapsed):
        shown = show("order-000")
    assert (shown["orderId"], "customerName" in shown, sent) == ("order-000", False, tries)
    assert elapsed - began <= 4
    assert API_TIMEOUT - elapsed >= budget.RESERVE


@pytest.mark.parametrize("name", BEFORE)
def test_what_the_release_before_subscribed_to_is_taken_without_effect(name: str, runtime: Runtime) -> None:
    detail = json.loads((ROOT / "events" / "samples" / f"{name}.v1.json").read_text())
    record = {"messageId": "1", "receiptHandle": "1", "body": body_of(detail), "attributes": attributes()}
    assert name not in inbox.pattern["detail-type"]
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    assert stored_text(runtime.views) == "[]"
