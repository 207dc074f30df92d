"""Whose a basket is: a customer's own, and staff's to handle for any customer."""

from typing import Any, cast

import pytest

from events.customers import CustomerRegistered
from functions.baskets import service
from functions.baskets.api import api
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import Caller
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response, request
from tests.unit.baskets.mall import ADA, BAKERY, BREAD, Owners, consume

ADA_HERSELF, BO = customer("ada"), customer("bo")
BO_REGISTERED = CustomerRegistered(customer_id="bo", enabled=True)
BREADS = {"productId": "bread", "quantity": 2}
WRITES = [
    ("PUT", "/addItem", BREADS),
    ("PUT", "/removeItem", BREADS),
    ("PUT", "/checkout", {"paymentId": "payment-1"}),
    ("DELETE", "", None),
]
writes = pytest.mark.parametrize(("method", "step", "body"), WRITES, ids=["add", "remove", "check out", "cancel"])


@pytest.fixture(autouse=True)
def mall() -> None:
    for message in (ADA, BO_REGISTERED, BAKERY, BREAD):
        consume(message)


@pytest.fixture
def basket() -> str:
    """The path of a basket of Ada's with two breads."""
    path = f"/api/baskets/{service.start('ada')}"
    assert ask("PUT", f"{path}/addItem", BREADS, ADA_HERSELF).status == 200
    return path


def ask(method: str, path: str, body: Any, who: Caller, headers: dict[str, str] | None = None) -> Response:
    return request(api, method, path, body, headers, who)


def commits() -> int:
    return len(cast(MemoryEventStore, runtime.current().store).log)


def test_a_customer_takes_its_own_basket_to_the_checkout() -> None:
    path = f"/api/baskets/{ask('POST', '/api/baskets', {'customerId': 'ada'}, ADA_HERSELF).body['id']}"
    for method, step, body in WRITES[:3]:
        ask("PUT", f"{path}/addItem", BREADS, ADA_HERSELF)
        assert ask(method, path + step, body, ADA_HERSELF).status == 200
    assert ask("GET", path, None, ADA_HERSELF).body["basket"]["status"] == "checked_out"


@writes
@pytest.mark.parametrize("ended", [False, True])
def test_anothers_basket_is_not_there_whatever_its_state(
    basket: str, method: str, step: str, body: Any, ended: bool
) -> None:
    if ended:
        assert ask("DELETE", basket, None, ADA_HERSELF).status == 200
    before, id = commits(), basket.removeprefix("/api/baskets/")
    for headers in ({}, {"If-Match": '"999"'}, {"Idempotency-Key": "a key"}):
        answer = ask(method, basket + step, body, BO, headers)
        assert (answer.status, answer.body["detail"]) == (404, f"there is no basket {id}")
    assert commits() == before


def test_anothers_basket_cannot_be_read_nor_be_known_to_be_unchanged(basket: str) -> None:
    tag = ask("GET", basket, None, ADA_HERSELF).headers["ETag"]
    for headers in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}):
        answer = ask("GET", basket, None, BO, headers)
        assert answer.status == 404
        assert "ETag" not in answer.headers


def test_a_basket_for_another_customer_is_forbidden_before_anybody_is_asked_who_that_is(owners: Owners) -> None:
    owners.down = True
    before = commits()
    for other in ("bo", "nobody"):
        answer = ask("POST", "/api/baskets", {"customerId": other}, ADA_HERSELF)
        assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert commits() == before


@pytest.mark.parametrize("body", [{}, {"customerId": ""}, {"customerId": " "}])
def test_a_basket_for_nobody_is_invalid(body: dict[str, str]) -> None:
    answer = ask("POST", "/api/baskets", body, ADA_HERSELF)
    assert (answer.status, answer.body["detail"]) == (400, "the customer id cannot be blank")


@writes
@pytest.mark.parametrize("who", [CLERK, OPERATOR_ON_CALL])
def test_staff_handle_any_customers_basket(basket: str, method: str, step: str, body: Any, who: Caller) -> None:
    assert ask(method, basket + step, body, who).status == 200
    assert ask("GET", basket, None, who).status == 200
    assert ask("POST", "/api/baskets", {"customerId": "bo"}, who).status == 200


@writes
@pytest.mark.parametrize(("who", "status"), [(A_KIOSK, 403), (robot("ada"), 403), (NOBODY, 401)])
def test_kiosks_robots_and_nobody_have_no_baskets(
    basket: str, method: str, step: str, body: Any, who: Caller, status: int
) -> None:
    before = commits()
    assert ask(method, basket + step, body, who).status == status
    assert ask("GET", basket, None, who).status == status
    assert ask("POST", "/api/baskets", {"customerId": "ada"}, who).status == status
    assert commits() == before


def test_what_is_no_field_of_a_body_sets_nothing() -> None:
    more = {"id": "mine", "status": "checked_out", "total": 0, "price": 0, "productPrice": 0, "actor": "staff:1"}
    answer = ask("POST", "/api/baskets", {"customerId": "ada", **more}, ADA_HERSELF)
    path = f"/api/baskets/{answer.body['id']}"
    assert ask("PUT", f"{path}/addItem", {**BREADS, **more, "customerId": "bo"}, ADA_HERSELF).status == 200
    shown = ask("GET", path, None, ADA_HERSELF).body["basket"]
    assert (shown["customerId"], shown["status"], shown["total"]) == ("ada", "open", 9)
    (commit, _) = service.baskets.history(answer.body["id"])
    assert commit.actor == "customer:ada"
