"""What a forecast says of dead letters, of the ordering service among others; nothing is written or sent by it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

from events.baskets import BasketCheckedOut
from events.checkout import ApproveOrder, AuthorizeCustomer, RejectOrder
from events.customers import PersonalDataToSeal
from events.ordering import OrderCancelled, OrderCreated, UnpaidOrdersDue
from events.payments import InvoicePaid, RefundDue
from events.shapes import LineItem
from functions.customers import service as customers
from functions.customers.domain import Customer
from functions.kernel.composition import forecast, overlay
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, clock, runtime
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.transient import UnreadError
from functions.notifications.sns import UnreachableNumberError
from functions.ordering import inbox as received
from functions.ordering import service
from functions.payments import service as payments
from tests.support.delivery import delivered
from tests.support.forecasting import changed, forecast_of, forecasts, letter, read_only
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BREAD = LineItem(
    store_id="bakery", product_id="bread", store_name="Bakery", product_name="Rye bread", price=450, quantity=2
)
CHECKED_OUT = BasketCheckedOut(
    basket_id="order-1", customer_id="ada", status="checked_out", items=(BREAD,), total=900, payment_id="payment-1"
)
APPROVE = ApproveOrder(order_id="order-1", shopping_list_id="order-1")
REJECT = RejectOrder(order_id="order-1", reason="the customer is disabled")
PAID = InvoicePaid(invoice_id="order-1", order_id="order-1", payment_id="payment-1", amount=900, status="paid")
ORDER: dict[str, Any] = {
    "order_id": "order-1",
    "customer_id": "ada",
    "payment_id": "payment-1",
    "items": (BREAD,),
    "total": 900,
    "status": "pending",
    "ready": False,
    "paid": False,
    "shopping_list_id": None,
    "created_at": "2026-03-01T12:00:00.000000Z",
}
CREATED = OrderCreated(**ORDER)
CANCELLED = OrderCancelled(**ORDER | {"status": "cancelled"}, reason="changed my mind", by="customer")


@pytest.fixture
def ordering() -> Iterator[Runtime]:
    """The ordering service as it is; what is delivered to it is written."""
    with clock.fixed(lambda: NOON), runtime.active(memory_runtime("ordering")) as running:
        yield running


def of(message: Any, id: str = "", **about: Any) -> dict[str, Any]:
    return letter(message, "ordering/inbox", id or type(message).about.name, **about)


def tried(running: Runtime, *letters: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """What is forecast of letters of a service that can only be read."""
    with runtime.active(read_only(running)):
        return [(one["answer"], one["detail"]) for one in forecasts(letters)]


def deliver(message: Any, id: str = "") -> None:
    assert received.inbox.handle(delivered(message, id=id or type(message).about.name)) == {"batchItemFailures": []}


def test_a_letter_passes_with_what_it_would_write_and_send(ordering: Runtime) -> None:
    [(answer, detail)] = tried(ordering, of(CHECKED_OUT))
    assert answer == "passes"
    assert detail == {
        "writes": [{"stream": "Order#order-1", "events": ["Created"]}],
        "commits": 1,
        "rows": 0,
        "sends": {"OrderCreated": 1},
        "asks": {},
    }
    assert list(ordering.store.forwards("Order#order-1")) == []


def test_a_letter_of_what_was_handled_before_passes_and_would_write_nothing(ordering: Runtime) -> None:
    deliver(CHECKED_OUT)
    [(answer, detail)] = tried(ordering, of(CHECKED_OUT))
    assert (answer, detail["commits"], detail["sends"]) == ("passes", 0, {})


def test_a_letter_sees_what_earlier_ones_would_have_written(ordering: Runtime) -> None:
    first, second = of(CHECKED_OUT), of(APPROVE)
    assert [answer for answer, _ in tried(ordering, first, second)] == ["passes", "passes"]
    [(alone, detail)] = tried(ordering, second)
    assert (alone, detail["reply"], detail["reason"]) == (
        "refused",
        "OrderApprovalRefused",
        "there is no order order-1",
    )


def test_a_set_is_forecast_over_one_overlay_by_as_many_invocations_as_it_takes(ordering: Runtime) -> None:
    letters = [of(CHECKED_OUT), of(APPROVE), of(PAID), of(REJECT)]
    with runtime.active(read_only(ordering)), budget.limited(lambda: budget.MESSAGE - 1):
        answers = forecasts(letters)
        assert len(forecast.handle({"letters": letters})["answers"]) == 1
    assert [one["answer"] for one in answers] == ["passes", "passes", "passes", "refused"]


def test_a_refusal_that_is_answered_as_an_acceptance_passes(ordering: Runtime) -> None:
    [(answer, detail)] = tried(ordering, of(REJECT))
    assert (answer, detail["sends"]) == ("passes", {"OrderRejectionAccepted": 1})


def test_an_event_about_a_thing_not_yet_known_waits_for_it(ordering: Runtime) -> None:
    assert tried(ordering, of(PAID)) == [
        ("waits", {"for": "what it is about: there is no order order-1", "until": None})
    ]


@pytest.mark.parametrize("newer", [{"version": 99}, {"name": "InvoiceDoubled"}])
def test_a_letter_that_is_newer_than_the_code_waits_for_newer_code(ordering: Runtime, newer: dict[str, Any]) -> None:
    [(answer, detail)] = tried(ordering, changed(of(PAID), **newer))
    assert answer == "waits"
    assert detail["for"].startswith("newer code: ")


def test_a_reminder_that_is_not_due_waits_for_its_time(ordering: Runtime) -> None:
    reminder = of(UnpaidOrdersDue(time="2026-03-01T12:00:00.000000Z"))
    due = clock.stamp(NOON + timedelta(hours=1))
    body = json.dumps({**json.loads(reminder["body"]), "due": due})
    assert tried(ordering, {**reminder, "body": body}) == [("waits", {"for": "its time", "until": due})]


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"detail": {}}'])
def test_what_cannot_be_read_fails_and_no_retry_helps(ordering: Runtime, body: str) -> None:
    [(answer, detail)] = tried(ordering, {**of(PAID), "body": body})
    assert (answer, detail["error"], detail["retry"]) == ("fails", "UndeliverableError", False)


def test_what_another_than_its_publisher_sent_fails(ordering: Runtime) -> None:
    [(answer, detail)] = tried(ordering, changed(of(PAID), source="mallbots.stores"))
    assert (answer, detail["reason"]) == (
        "fails",
        "InvoicePaid is published by mallbots.payments, not by mallbots.stores",
    )


def test_an_error_of_a_handler_is_told_with_its_type_and_no_text_of_a_library(
    ordering: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("ada")

    monkeypatch.setattr(service, "place", broken)
    assert tried(ordering, of(CHECKED_OUT)) == [("fails", {"error": "KeyError", "reason": "KeyError", "retry": False})]


def test_an_error_that_a_retry_may_help_is_told_so(ordering: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise UnavailableError("the provider does not answer")

    monkeypatch.setattr(service, "place", down)
    [(answer, detail)] = tried(ordering, of(CHECKED_OUT))
    assert (answer, detail["error"], detail["retry"]) == ("fails", "UnavailableError", True)


def test_what_a_letter_did_until_it_failed_is_seen_by_the_next(
    ordering: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = service.place

    def place_then_fail(*about: Any) -> None:
        place(*about)
        raise KeyError("afterwards")

    monkeypatch.setattr(service, "place", place_then_fail)
    assert [answer for answer, _ in tried(ordering, of(CHECKED_OUT), of(PAID))] == ["fails", "passes"]


def test_it_cannot_be_told_while_aws_throttles(ordering: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    def throttled(*_: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "Query")

    monkeypatch.setattr(service, "place", throttled)
    [(answer, detail)] = tried(ordering, of(CHECKED_OUT))
    assert (answer, detail["why"]) == (
        "cannot tell",
        "what it needs could not be read: ThrottlingException in Query",
    )


def test_what_could_not_be_read_at_first_is_tried_again(ordering: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    place, left = service.place, [UnreadError("too many rows are read at once: ask again in a moment")]

    def unread_once(*about: Any) -> None:
        place(*about)
        if left:
            raise left.pop()

    monkeypatch.setattr(service, "place", unread_once)
    assert [answer for answer, _ in tried(ordering, of(CHECKED_OUT), of(PAID))] == ["passes", "passes"]


def test_it_cannot_be_told_what_takes_longer_than_there_is_time(
    ordering: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = [20.0]
    place = service.place

    def slow(*about: Any) -> None:
        place(*about)
        left[0] = 3
        budget.check()

    monkeypatch.setattr(service, "place", slow)
    with budget.limited(lambda: left[0]):
        assert [answer for answer, _ in tried(ordering, of(CHECKED_OUT))] == ["cannot tell"]
        left[0] = forecast.SECONDS - 1
        answers = forecast.handle({"letters": [of(APPROVE), of(CHECKED_OUT)]})
    assert [one["id"] for one in answers["answers"]] == ["ApproveOrder"]  # the next invocation begins with the other
    assert answers["overlay"] == {"commits": [], "rows": []}


def test_a_forecast_rings_no_alarm_and_prints_nothing(
    ordering: Runtime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ring(*_: object) -> None:
        service.order_not_expired.ring()
        raise KeyError("ada")

    monkeypatch.setattr(service, "place", ring)
    monkeypatch.setenv("MALLBOTS_SERVICE", "ordering")
    tried(ordering, of(CHECKED_OUT), of(APPROVE))
    assert capsys.readouterr().out == ""


def test_the_rest_cannot_be_told_once_the_overlay_is_full(ordering: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlay, "LIMIT", 1)
    assert tried(ordering, of(CHECKED_OUT), of(APPROVE))[1] == ("cannot tell", {"why": forecast.FULL})


def test_a_letter_of_another_service_or_queue_is_not_taken(ordering: Runtime) -> None:
    for consumer in ("stores/inbox", "ordering/dispatcher"):
        assert tried(ordering, {**of(PAID), "consumer": consumer})[0][0] == "cannot tell"


# Ports and owners


def notifications(**overrides: Any) -> Runtime:
    return memory_runtime("notifications", **overrides)


ADDRESS: dict[str, Any] = {"sms_number": "+41790000000", "language": "en", "version": 1, "customer_id": "ada"}


def test_a_text_is_taken_to_be_sent_and_its_number_kept_nowhere() -> None:
    asked: list[str] = []

    def owner(service: str, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["query"])
        return {"answer": ADDRESS}

    running = notifications(invoke=owner)
    with runtime.active(read_only(running)):
        told = forecast.handle({"letters": [letter(CANCELLED, "notifications/inbox")]})
    [answer] = told["answers"]
    assert (answer["answer"], answer["detail"]["asks"], asked) == ("passes", {"texts.send": 1}, ["FindAddress"])
    assert ADDRESS["sms_number"] not in json.dumps(told)


def test_it_cannot_be_told_while_an_owner_does_not_answer() -> None:
    def down(service: str, request: dict[str, Any]) -> dict[str, Any]:
        raise UnavailableError("no")

    with runtime.active(read_only(notifications(invoke=down))):
        assert forecast_of(letter(CANCELLED, "notifications/inbox")) == (
            "cannot tell",
            {"why": "customers did not answer"},
        )


def test_owners_are_asked_no_more_than_ten_times_a_second_and_nothing_twice() -> None:
    now, asked = [NOON], list[datetime]()

    def wait(seconds: float) -> None:
        now[0] += timedelta(seconds=seconds)

    def owner(service: str, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(now[0])
        return {"answer": ADDRESS}

    orders = [(f"order-{n}", f"customer-{n % 7}") for n in range(20)]
    letters = [
        letter(CREATED.model_copy(update={"order_id": order, "customer_id": customer}), "notifications/inbox", order)
        for order, customer in orders
    ]
    with clock.fixed(lambda: now[0], wait), runtime.active(read_only(notifications(invoke=owner))):
        assert {one["answer"] for one in forecasts(letters)} == {"passes"}
    assert len(asked) == 7
    assert all((after - before).total_seconds() >= 0.1 for before, after in pairwise(asked))


def test_what_was_given_up_cannot_be_told_to_pass_by_the_word_of_a_port_that_was_not_asked() -> None:
    with runtime.active(read_only(notifications(invoke=lambda *_: {"answer": ADDRESS}))):
        given_up = letter(CANCELLED, "notifications/inbox", error="UndeliverableError")
        assert forecast_of(given_up)[0] == "cannot tell"
        assert forecast_of({**given_up, "error": UnreachableNumberError.__name__})[0] == "passes"


def test_of_a_port_that_does_not_say_how_it_behaves_nothing_can_be_told() -> None:
    running = memory_runtime("customers")
    with runtime.active(running):
        registered = customers.register("Ada", "+41790000000")
    with runtime.active(read_only(running)):
        seal = letter(PersonalDataToSeal(stream=Customer.stream(registered)), "customers/inbox")
        authorize = letter(AuthorizeCustomer(order_id="o", customer_id="nobody"), "customers/inbox")
        assert forecast_of(seal)[0] == "cannot tell"
        assert forecast_of(authorize)[0] == "refused"


def a_refund(amount: int) -> Runtime:
    """Payments as it is when a refund of this amount was requested and its reminder is to come."""
    running = memory_runtime("payments")
    with runtime.active(running):
        payments.payments.create("pay-1", lambda payment: payment.authorize("ada", amount, clock.stamp()))
        payments.payments.change("pay-1", lambda payment: payment.confirm("order-1", "ada", amount))
        payments.payments.change("pay-1", lambda payment: payment.capture("order-1", amount))
        payments.payments.change("pay-1", lambda payment: payment.refund_beyond("order-1", 0))
    return running


@pytest.mark.parametrize(("amount", "expected"), [(900, "passes"), (913, "fails")])
def test_the_sandbox_of_payments_answers_for_itself(amount: int, expected: str) -> None:
    with runtime.active(read_only(a_refund(amount))):
        answer, detail = forecast_of(letter(RefundDue(payment_id="pay-1", number=1), "payments/inbox"))
    assert (answer, detail.get("asks", {})) == (expected, {})


def test_another_provider_is_taken_to_do_what_it_is_asked() -> None:
    running = a_refund(913)
    named = {**running.settings, "MALLBOTS_PAYMENT_PROVIDER": "tests.unit.payments.till:Bank"}
    with runtime.active(replace(read_only(running), settings=named)):
        answer, detail = forecast_of(letter(RefundDue(payment_id="pay-1", number=1), "payments/inbox"))
    assert (answer, detail["asks"]) == ("passes", {"provider.refund": 1})
