"""Traces: what a receiver of OTLP gets of an order that has ended is its causation tree."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clients.cli.tree import branches
from functions.operations.exporter import ENDS, OtlpBackend, exporter
from infra.documents.generate import ROOT
from tests.flow import traced
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.mall import Mall
from tests.support.otlp import HOST, Receiver, attributes, receiver

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts([HOST])]

NAMES = {end.about.name for end in ENDS}


@pytest.fixture
def received() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def mall(received: Receiver) -> Mall:
    mall = Mall()
    mall.runtimes["operations"].adapters["traces"] = OtlpBackend(received.address)
    return mall


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, {"cable": 9.95, "charger": 34.9})


def an_order(mall: Mall, products: dict[str, str]) -> Shopper:
    bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2, products["charger"]: 1})
    shopper.authorizes_a_payment(54.8).checks_out()
    mall.pass_time(10)
    return shopper


def a_completed_order(mall: Mall, products: dict[str, str]) -> Shopper:
    shopper = an_order(mall, products)
    collect(shopper)
    mall.pass_time(60)
    shopper.pays()
    mall.pass_time(120)
    return shopper


def export(mall: Mall) -> dict[str, Any]:
    """The ends of orders, as the queue of traces gives them."""
    records = [
        {
            "messageId": envelope.metadata.id,
            "body": json.dumps({"detail": envelope.detail()}),
            "attributes": {"ApproximateReceiveCount": "1"},
        }
        for envelope in mall.published
        if envelope.metadata.name in NAMES
    ]
    assert records
    with mall.at_work("operations"):
        answer: dict[str, Any] = exporter.handle({"Records": records})  # type: ignore[assignment]
    return answer


def timeline(shopper: Shopper) -> list[dict[str, Any]]:
    path = f"/api/insights/orders/{shopper.basket_id}/timeline?limit=100"
    messages: list[dict[str, Any]] = shopper.ask("GET", path)["messages"]
    return messages


def tree(spans: list[Span]) -> set[tuple[str, str]]:
    """Each message with its cause, as the spans say; the order itself is the cause of what has none."""
    ids = {span.span_id: attributes(span).get("messaging.message.id", "the order") for span in spans}
    return {(ids[span.span_id], ids[span.parent_span_id]) for span in spans if span.parent_span_id}


def test_the_spans_of_an_order_are_one_tree_which_is_its_causation_tree(
    mall: Mall, products: dict[str, str], received: Receiver
) -> None:
    shopper = a_completed_order(mall, products)
    assert export(mall) == {"batchItemFailures": []}
    spans = [span for _, span in received.spans]
    assert len({span.trace_id for span in spans}) == 1
    assert [attributes(span)["mallbots.order.id"] for span in spans if not span.parent_span_id] == [shopper.basket_id]

    messages = timeline(shopper)
    known = {one["id"] for one in messages}
    causes = {one["id"]: one["causationId"] if one["causationId"] in known else "the order" for one in messages}
    assert tree(spans) == set(causes.items())
    assert len(messages) == len(list(branches(messages))) == len(spans) - 1
    assert max(depths(spans).values()) > 5
    assert {service for service, _ in received.spans} >= {"ordering", "checkout", "depot", "payments", "notifications"}


def depths(spans: list[Span]) -> dict[bytes, int]:
    by_id = {span.span_id: span for span in spans}

    def depth(span: Span) -> int:
        return 1 + depth(by_id[span.parent_span_id]) if span.parent_span_id else 0

    return {span.span_id: depth(span) for span in spans}


def test_a_span_runs_from_the_commit_of_its_cause_to_its_own_and_says_so(
    mall: Mall, products: dict[str, str], received: Receiver
) -> None:
    shopper = a_completed_order(mall, products)
    export(mall)
    times = {one["id"]: nano(one["time"]) for one in timeline(shopper)}
    causes = {one["id"]: one["causationId"] for one in timeline(shopper)}
    spans = [span for _, span in received.spans if span.parent_span_id]
    assert len(spans) == len(times) > 0
    for span in spans:
        facts = attributes(span)
        message = facts["messaging.message.id"]
        assert span.start_time_unix_nano == times.get(causes[message] or "", times[message])
        assert span.end_time_unix_nano == max(times[message], span.start_time_unix_nano + 1)
        assert facts["mallbots.span"] == "from the commit of its cause to its own"


def nano(time: str) -> int:
    return int((datetime.fromisoformat(time) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000_000) * 1_000


def test_a_trace_that_is_exported_twice_is_the_same(mall: Mall, products: dict[str, str], received: Receiver) -> None:
    an_order(mall, products).cancels()
    mall.pass_time(120)
    export(mall)
    export(mall)
    first, second = received.bodies
    assert first == second


def test_a_list_that_was_paired_with_others_is_linked_to_what_it_was_before(
    mall: Mall, products: dict[str, str], received: Receiver
) -> None:
    others = an_order(mall, products)
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 1})
    shopper.authorizes_a_payment(9.95).checks_out()
    mall.pass_time(10)
    collect(others)  # its robot is idle then, and gets the list that waits
    mall.pass_time(60)
    collect(shopper)
    shopper.pays()
    mall.pass_time(120)
    export(mall)
    [request] = [
        one for one in received.requests if shopper.basket_id in str(one[0][1].attributes) or whose(one, shopper)
    ]
    spans = {attributes(span).get("mallbots.message.name"): span for _, span in request}
    [link] = spans["ShoppingListAssigned"].links
    assert link.trace_id == spans["ShoppingListAssigned"].trace_id
    assert link.span_id == spans["ShoppingListAvailable"].span_id


def whose(request: list[tuple[str, Span]], shopper: Shopper) -> bool:
    return any(attributes(span).get("mallbots.order.id") == shopper.basket_id for _, span in request)


def test_who_sent_the_request_finds_the_trace_by_a_link_to_its_own(
    mall: Mall, products: dict[str, str], received: Receiver
) -> None:
    shopper = a_completed_order(mall, products)
    mine = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    other = Shopper(mall).registers().fills_a_basket({products["cable"]: 1}).authorizes_a_payment(9.95).checks_out()
    mall.pass_time(10)
    path, reason = f"/api/ordering/{other.basket_id}", {"reason": "changed my mind"}
    assert mall.request("DELETE", path, reason, {"traceparent": mine}, caller=other.me).status == 200
    mall.pass_time(120)
    export(mall)
    links = [
        (link.trace_id.hex(), attributes(span)["mallbots.message.name"])
        for _, span in received.spans
        for link in span.links
    ]
    assert ("4bf92f3577b34da6a3ce929d0e0e4736", "OrderCancelled") in links
    assert shopper.basket_id != other.basket_id


def test_no_data_of_a_message_and_nothing_personal_is_exported(
    mall: Mall, products: dict[str, str], received: Receiver
) -> None:
    shopper = a_completed_order(mall, products)
    export(mall)
    [body] = received.bodies
    for secret in ("Ada Reyes", "+15550100", shopper.customer_id, "cable"):
        assert secret not in body


def test_what_the_backend_does_not_take_is_received_again(
    mall: Mall, products: dict[str, str], received: Receiver
) -> None:
    an_order(mall, products).cancels()
    mall.pass_time(120)
    received.answers = [503]
    [failed] = export(mall)["batchItemFailures"]
    [end] = [one.metadata.id for one in mall.published if one.metadata.name == "OrderCancelled"]
    assert failed == {"itemIdentifier": end}
    assert export(mall) == {"batchItemFailures": []}
    assert len(received.requests) == 1


def test_an_order_can_be_sent_to_a_backend_to_look_at_and_is_as_large_as_the_page_says(
    received: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    assert traced.main([received.address]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(received.spans) == told["spans"]
    assert {span.trace_id.hex() for _, span in received.spans} == {told["trace"]}
    page = (ROOT / "docs" / "telemetry.md").read_text()
    assert f"An order of two products has {told['spans']} spans, {told['bytes'] / 1000:.0f} KB" in page
    received.answers = [503]
    assert traced.main([received.address]) == 1
    assert traced.main([]) == 2
