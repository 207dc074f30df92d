"""Whose an order is: its customer reads and cancels it, staff do so for any customer."""

from typing import Any

import pytest

from events.checkout import ApproveOrder
from functions.kernel.runtime.context import Caller
from functions.ordering import service
from functions.ordering.api import api
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response, request
from tests.unit.ordering.mall import CHECKED_OUT, collected, deliver, published

ADA, BO = customer("ada"), customer("bo")
ORDER = "/api/ordering/order-1"
APPROVE = ApproveOrder(order_id="order-1", shopping_list_id="order-1")
STAFF_ORDER = {
    "customerId": "ada",
    "paymentId": "payment-1",
    "items": [{"storeId": "bakery", "productId": "bread", "quantity": 2}],
}


@pytest.fixture(autouse=True)
def approved() -> None:
    """An order of Ada's, which is approved."""
    for message in (CHECKED_OUT, APPROVE):
        deliver(message)


def ask(method: str, who: Caller, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    return request(api, method, ORDER, body, headers, who)


@pytest.mark.parametrize(("who", "by"), [(ADA, "customer"), (CLERK, "staff"), (OPERATOR_ON_CALL, "staff")])
def test_who_cancels_an_order_is_told_by_the_token_alone(who: Caller, by: str) -> None:
    assert ask("GET", who).status == 200
    assert ask("DELETE", who, {"reason": "changed my mind", "by": "system", "role": "staff"}).status == 200
    assert [getattr(event, "by", None) for event in published()][-1] == by
    assert [*service.orders.history("order-1")][-1].actor == who.actor


def test_a_customer_cannot_cancel_what_is_ready_by_naming_another_role() -> None:
    deliver(collected())
    assert ask("DELETE", ADA, {"by": "staff", "role": "staff"}, {"X-Role": "staff"}).status == 409
    assert ask("GET", ADA).body["order"]["status"] == "ready"


@pytest.mark.parametrize("ready", [False, True])
def test_anothers_order_is_not_there_whatever_its_state(ready: bool) -> None:
    if ready:
        deliver(collected())
    before = [*service.orders.history("order-1")]
    for headers in ({}, {"If-Match": '"999"'}, {"If-None-Match": "*"}, {"Idempotency-Key": "a key"}):
        for method in ("GET", "DELETE"):
            answer = ask(method, BO, headers=headers)
            assert (answer.status, answer.body["detail"]) == (404, "there is no order order-1")
            assert "ETag" not in answer.headers
    assert [*service.orders.history("order-1")] == before


@pytest.mark.parametrize(("who", "status"), [(A_KIOSK, 403), (robot("ada"), 403), (NOBODY, 401)])
def test_kiosks_robots_and_nobody_have_no_orders(who: Caller, status: int) -> None:
    before = [*service.orders.history("order-1")]
    assert [ask(method, who).status for method in ("GET", "DELETE")] == [status, status]
    assert [*service.orders.history("order-1")] == before


@pytest.mark.parametrize(
    ("who", "status"), [(CLERK, 200), (OPERATOR_ON_CALL, 200), (ADA, 403), (A_KIOSK, 403), (NOBODY, 401)]
)
def test_only_staff_place_an_order_without_a_basket(who: Caller, status: int) -> None:
    assert request(api, "POST", "/api/ordering", STAFF_ORDER, None, who).status == status
