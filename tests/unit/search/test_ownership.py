"""Whose orders a search finds: a customer's own, whatever the filters say."""

from typing import Any

import pytest

from functions.kernel.runtime.context import Caller
from functions.search.api import api
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response, request
from tests.unit.search.orders import line, place

ADA, BO = customer("ada"), customer("bo")
FILTERS: list[dict[str, Any]] = [
    {},
    {"status": "pending"},
    {"status": "completed"},
    {"productIds": ["bread"]},
    {"storeIds": ["bakery"]},
    {"minTotal": 0},
    {"after": "2026-01-01T00:00:00Z"},
]


@pytest.fixture(autouse=True)
def orders() -> None:
    """Two orders of Ada's, and two of Bo's, of the same product and statuses."""
    for number, who in enumerate(("ada", "bo", "ada", "bo")):
        status = "pending" if number < 2 else "completed"
        place(f"{who}-{number}", status, customer=who, at=f"2026-03-14T09:0{number}:00.000000Z", items=[line("bread")])


def ask(who: Caller, **body: Any) -> Response:
    return request(api, "POST", "/api/search/orders", body, None, who)


def found(who: Caller, **body: Any) -> list[str]:
    return [order["orderId"] for order in ask(who, **body).body["orders"]]


def test_a_number_of_another_customer_s_order_finds_nothing() -> None:
    place("019aa1c2-7d3e", customer="ada")
    place("019aa1c2-ffff", customer="bo")
    assert found(CLERK, filters={"number": "019aa1c2"}) == ["019aa1c2-ffff", "019aa1c2-7d3e"]
    assert found(ADA, filters={"number": "019aa1c2"}) == ["019aa1c2-7d3e"]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_a_customer_finds_its_own_orders_alone(filters: dict[str, Any]) -> None:
    all_of_them = found(CLERK, filters=filters)
    for who, name in ((ADA, "ada"), (BO, "bo")):
        own = [id for id in all_of_them if id.startswith(name)]
        assert own
        assert found(who, filters=filters) == own == found(who, filters={**filters, "customerId": name})


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("other", ["bo", "nobody"])
def test_a_filter_that_names_another_customer_is_forbidden(filters: dict[str, Any], other: str) -> None:
    answer = ask(ADA, filters={**filters, "customerId": other})
    assert (answer.status, answer.body["code"]) == (403, "forbidden")


def test_a_page_of_one_customer_does_not_go_on_for_another() -> None:
    following = ask(ADA, limit=1).body["next"]
    assert found(ADA, limit=1, next=following) == ["ada-0"]
    for who in (BO, CLERK):
        answer = ask(who, limit=1, next=following)
        assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert ask(ADA, limit=1, next=ask(CLERK, limit=1).body["next"]).status == 400


def test_another_customers_order_is_not_there() -> None:
    for id in ("bo-1", "unknown"):
        answer = request(api, "GET", f"/api/search/orders/{id}", None, {"If-None-Match": "*"}, ADA)
        assert (answer.status, answer.body["detail"]) == (404, f"there is no order {id}")
    assert request(api, "GET", "/api/search/orders/ada-0", None, None, ADA).body["order"]["orderId"] == "ada-0"


@pytest.mark.parametrize("who", [CLERK, OPERATOR_ON_CALL])
def test_staff_find_all_orders_and_those_of_any_customer(who: Caller) -> None:
    assert found(who) == ["bo-3", "ada-2", "bo-1", "ada-0"]
    assert found(who, filters={"customerId": "bo"}) == ["bo-3", "bo-1"]
    assert request(api, "GET", "/api/search/orders/bo-1", None, None, who).status == 200


@pytest.mark.parametrize(("who", "status"), [(A_KIOSK, 403), (robot("ada"), 403), (NOBODY, 401)])
def test_kiosks_robots_and_nobody_find_none(who: Caller, status: int) -> None:
    assert ask(who).status == status
    assert request(api, "GET", "/api/search/orders/ada-0", None, None, who).status == status
