"""The REST routes of orders, and the query FindOrder."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from events.checkout import ApproveOrder
from functions.kernel.domain.errors import RefusedError
from functions.kernel.runtime import clock, context
from functions.kernel.runtime.context import CUSTOMER, STAFF, Caller, Context
from functions.ordering import service
from functions.ordering.api import Cancellation, api, cancel_order
from functions.ordering.items import Item
from functions.ordering.queries import queries
from tests.support.gateway import Response, request
from tests.unit.ordering.mall import CHECKED_OUT, PAID, Catalogue, collected, deliver, names, published

APPROVE = ApproveOrder(order_id="order-1", shopping_list_id="order-1")
ORDER = "/api/ordering/order-1"
BREAD = {"storeId": "bakery", "productId": "bread", "quantity": 2}
INK = {"storeId": "paper", "productId": "ink", "quantity": 1}


A_BREAD = Item("bakery", "bread", "Corner Bakery", "Rye bread", 450, 1)


def place(*items: Any, headers: dict[str, str] | None = None, **fields: Any) -> Response:
    body = {"customerId": "ada", "paymentId": "payment-1", "items": items, **fields}
    return request(api, "POST", "/api/ordering", body, headers)


def test_an_order_is_shown_with_all_its_members() -> None:
    for message in (CHECKED_OUT, APPROVE, collected()):
        deliver(message)
    shown = request(api, "GET", ORDER)
    assert shown.headers["ETag"] == '"3"'
    assert shown.body == {
        "order": {
            "id": "order-1",
            "customerId": "ada",
            "paymentId": "payment-1",
            "items": [
                {
                    "storeId": "bakery",
                    "storeName": "Corner Bakery",
                    "productId": "bread",
                    "productName": "Rye bread",
                    "price": Decimal("4.5"),
                    "quantity": 2,
                },
                {
                    "storeId": "paper",
                    "storeName": "Paper & Ink",
                    "productId": "ink",
                    "productName": "Ink",
                    "price": Decimal("7.99"),
                    "quantity": 1,
                },
            ],
            "status": "ready",
            "ready": True,
            "paid": False,
            "total": Decimal("16.99"),
        }
    }


def test_an_unknown_order_is_not_found() -> None:
    assert request(api, "GET", ORDER).status == 404
    assert request(api, "DELETE", ORDER).status == 404


def test_staff_place_an_order_at_the_catalogues_prices() -> None:
    order_id = place(BREAD, {**INK, "price": 7.99, "storeName": "its old name"}).body["id"]
    shown = request(api, "GET", f"/api/ordering/{order_id}").body["order"]
    assert (shown["status"], shown["total"], shown["customerId"]) == ("pending", Decimal("16.99"), "ada")
    assert [item["storeName"] for item in shown["items"]] == ["Corner Bakery", "Paper & Ink"]
    assert names(order_id) == ["OrderCreated"]


@pytest.mark.parametrize(
    ("items", "status", "message"),
    [
        ([{**BREAD, "price": 4.49}], 400, "the price of Rye bread is not the catalogue's"),
        ([{**BREAD, "price": 0}], 400, "the price of Rye bread is not the catalogue's"),
        ([{**BREAD, "price": 4.505}], 400, "items[0].price: an amount has at most two decimals"),
        ([{**BREAD, "productId": "cake"}], 404, "product was not located"),
        ([{**BREAD, "storeId": "paper"}], 404, "product was not located"),
        ([{**BREAD, "quantity": 0}], 400, "the item quantity cannot be zero"),
        ([{**BREAD, "quantity": -1}], 400, "the item quantity cannot be negative"),
        ([{**BREAD, "quantity": 1000}], 400, "items[0].quantity: must be at most 999"),
        ([{**BREAD, "quantity": 999}] * 2, 400, "an order holds at most 999 of one product"),
        ([{"storeId": "bakery", "quantity": 1}], 400, "the store id and the product id cannot be blank"),
        ([BREAD] * 101, 400, "items: must have at most 100 entries"),
        ([], 400, "the order has no items"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused_with_the_reason(items: list[Any], status: int, message: str) -> None:
    answer = place(*items)
    assert (answer.status, answer.body["message"]) == (status, message)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"customerId": " "}, "the customer id cannot be blank"),
        ({"paymentId": " "}, "the payment id cannot be blank"),
        ({"paymentId": ""}, "the payment id cannot be blank"),
        ({"customerId": None}, "the customer id cannot be blank"),
    ],
)
def test_an_order_needs_a_customer_and_a_payment(fields: dict[str, Any], message: str) -> None:
    answer = place(BREAD, **fields)
    assert (answer.status, answer.body["message"]) == (400, message)


def test_an_order_is_unavailable_while_the_catalogue_does_not_answer(catalogue: Catalogue) -> None:
    catalogue.down = True
    assert place(BREAD).status == 503


def test_a_repeated_key_places_one_order_even_when_the_catalogue_is_down(catalogue: Catalogue) -> None:
    key = {"Idempotency-Key": "key-1"}
    first = place(BREAD, headers=key)
    catalogue.down = True
    assert place(BREAD, headers=key).body == first.body
    assert place(INK, headers=key).status == 422
    assert names(first.body["id"]) == ["OrderCreated"]


def test_the_catalogue_is_asked_once_for_a_product_on_several_lines(catalogue: Catalogue) -> None:
    order_id = place(BREAD, BREAD, INK).body["id"]
    assert service.order(order_id).total == 2 * 900 + 799
    assert catalogue.queries == 2


@pytest.mark.parametrize("body", [None, {}, {"reason": "changed my mind"}])
def test_an_order_is_cancelled_with_or_without_a_reason(body: Any) -> None:
    deliver(CHECKED_OUT)
    assert request(api, "DELETE", ORDER, body).body == {}
    assert request(api, "GET", ORDER).body["order"]["status"] == "cancelled"
    assert published()[-1].model_dump()["reason"] == (body or {}).get("reason", "")


def test_a_second_cancel_is_accepted_and_publishes_nothing() -> None:
    deliver(CHECKED_OUT)
    for _ in range(2):
        assert request(api, "DELETE", ORDER).status == 200
    assert names() == ["OrderCreated", "OrderCancelled"]


def test_a_completed_order_is_not_cancelled() -> None:
    for message in (CHECKED_OUT, APPROVE, collected(), PAID):
        deliver(message)
    answer = request(api, "DELETE", ORDER)
    assert (answer.status, answer.body["message"]) == (409, "the order is completed")


@pytest.mark.parametrize("caller", [Caller(STAFF, "mia"), Caller()])
def test_staff_and_callers_without_a_role_may_cancel_what_is_ready(caller: Caller) -> None:
    for message in (CHECKED_OUT, APPROVE, collected()):
        deliver(message)
    with context.within(Context(caller=caller)):
        cancel_order("order-1", Cancellation())
    assert published()[-1].model_dump()["by"] == "staff"


def test_a_customer_may_cancel_until_the_order_is_ready() -> None:
    deliver(CHECKED_OUT)
    deliver(CHECKED_OUT.model_copy(update={"basket_id": "order-2"}), id="second")
    for message in (APPROVE, collected()):
        deliver(message)
    with context.within(Context(caller=Caller(CUSTOMER, "ada"))):
        with pytest.raises(RefusedError, match="the order is ready"):
            cancel_order("order-1", Cancellation())
        cancel_order("order-2", Cancellation())
    assert published("order-2")[-1].model_dump()["by"] == "customer"


def test_an_order_unpaid_for_24_hours_is_cancelled_by_the_system() -> None:
    for message in (CHECKED_OUT, APPROVE, collected()):
        deliver(message)
    service.expire("order-1")
    assert service.order("order-1").status == "ready"
    tomorrow = datetime.now(UTC) + timedelta(hours=25)
    with clock.fixed(lambda: tomorrow):
        service.expire("order-1")
    assert (names()[-1], published()[-1].model_dump()["by"]) == ("OrderCancelled", "system")


def test_another_service_asks_for_an_order() -> None:
    placed = datetime(2026, 3, 14, 9, tzinfo=UTC)
    with clock.fixed(lambda: placed):
        deliver(CHECKED_OUT)
    found = {"order_id": "order-1", "customer_id": "ada", "status": "pending", "total": 1699, "paid": False}
    assert queries.handle({"query": "FindOrder", "data": {"order_id": "order-1"}}) == {
        "answer": {**found, "changed_at": clock.stamp(placed), "version": 1}
    }
    paid = placed + timedelta(hours=1)
    with clock.fixed(lambda: paid):
        deliver(PAID)
    assert queries.handle({"query": "FindOrder", "data": {"order_id": "order-1"}}) == {
        "answer": {**found, "paid": True, "changed_at": clock.stamp(paid), "version": 2}
    }
    assert queries.handle({"query": "FindOrder", "data": {"order_id": "unknown"}}) == {
        "not_found": "there is no order unknown"
    }


def test_another_service_asks_why_orders_were_rejected_or_cancelled() -> None:
    for order_id in ("cancelled", "rejected", "open"):
        service.place(order_id, "ada", "payment-1", [A_BREAD])
    for key in ("one", "another"):  # the second changes nothing, but is committed
        headers = {"Idempotency-Key": key}
        assert request(api, "DELETE", "/api/ordering/cancelled", {"reason": "my knee hurts"}, headers).status == 200
    service.reject("rejected", "the customer is disabled")
    asked = {"order_ids": ["cancelled", "rejected", "open", "unknown", "cancelled"]}
    assert queries.handle({"query": "FindReasons", "data": asked}) == {
        "answer": {"reasons": {"cancelled": "my knee hurts", "rejected": "the customer is disabled"}}
    }
