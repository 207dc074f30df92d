"""Requests as published clients send them: zero values left out, sums of floats, errors as gRPC gateways give them.

Their generated code marshals objects without empty members (`omitempty`), adds prices as floats, accepts
application/json, and reads `code`, `message` and `details` of an error.
"""

from typing import Any

import pytest

from tests.contract.rest.furnished import Furnished, furnish

ACCEPT = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def mall() -> Furnished:
    return furnish()


def send(mall: Furnished, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    return mall.mall.request(method, path, body, ACCEPT)


@pytest.mark.parametrize(
    ("method", "path", "body", "why"),
    [
        ("POST", "/api/stores", {}, "the store name cannot be blank"),
        ("POST", "/api/stores", {"name": "Bakery"}, "the store location cannot be blank"),
        ("PUT", "/api/stores/{store}/rebrand", {}, "the store name cannot be blank"),
        ("POST", "/api/stores/{store}/products", {}, "the product name cannot be blank"),
        ("POST", "/api/customers", {}, "the customer name cannot be blank"),
        ("POST", "/api/customers", {"name": "Ada"}, "the customer SMS number cannot be blank"),
        ("POST", "/api/baskets", {}, "the customer id cannot be blank"),
        ("PUT", "/api/baskets/{full basket}/addItem", {}, "the product id cannot be blank"),
        ("PUT", "/api/baskets/{full basket}/checkout", {}, "the payment id cannot be blank"),
        ("POST", "/api/payments", {"customerId": "ada"}, "the payment amount must be greater than zero"),
        ("POST", "/api/ordering", {"customerId": "ada", "paymentId": "payment"}, "the order has no items"),
        (
            "POST",
            "/api/ordering",
            {"customerId": "ada", "paymentId": "payment", "items": None},
            "the order has no items",
        ),
        ("POST", "/api/depot/shopping", {"orderId": "order"}, "the shopping list has no items"),
    ],
)
def test_the_rule_speaks_where_a_zero_value_is_left_out(
    mall: Furnished, method: str, path: str, body: dict[str, Any], why: str
) -> None:
    answer = send(mall, method, path.format_map(mall.things), body)
    assert (answer.status, answer.body["message"]) == (400, why)


def test_a_product_may_be_free() -> None:
    mall = furnish()
    made = send(mall, "POST", f"/api/stores/{mall.things['store']}/products", {"name": "Leaflet"})
    shown = send(mall, "GET", f"/api/stores/products/{made.body['id']}")
    assert (made.status, shown.body["product"]["price"]) == (200, 0)


@pytest.mark.parametrize("noisy", [34.980000000000004, 34.97999999999999, 3 * 11.66])
def test_a_sum_of_floats_is_the_cent_that_it_stands_for(noisy: float) -> None:
    mall = furnish()
    made = send(mall, "POST", "/api/payments", {"customerId": mall.things["customer"], "amount": noisy})
    assert made.status == 200
    assert float(send(mall, "GET", f"/api/payments/{made.body['id']}").body["payment"]["amount"]) == 34.98


def test_a_tenth_of_a_cent_is_refused(mall: Furnished) -> None:
    answer = send(mall, "POST", "/api/payments", {"customerId": mall.things["customer"], "amount": 0.001})
    assert (answer.status, answer.body["message"]) == (400, "amount: an amount has at most two decimals")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/api/stores", {}, 400, 3),
        ("GET", "/api/stores/unknown", None, 404, 5),
        ("DELETE", "/api/baskets/{cancelled basket}", None, 409, 9),
    ],
)
def test_an_error_is_read_as_a_grpc_gateway_gives_it(
    mall: Furnished, method: str, path: str, body: dict[str, Any] | None, status: int, code: int
) -> None:
    basket = mall.ask("POST", "/api/baskets", {"customerId": mall.things["customer"]})["id"]
    mall.ask("DELETE", f"/api/baskets/{basket}")
    answer = send(mall, method, path.format_map({"cancelled basket": basket}), body)
    assert answer.status == status
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.body["code"], answer.body["details"]) == (code, [])
    assert answer.body["message"] == answer.body["detail"]
    assert answer.body["status"] == status


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/*", "application/problem+json", "application/json, application/problem+json", "text/html"],
)
def test_all_others_get_problem_details(mall: Furnished, accept: str) -> None:
    answer = mall.mall.request("GET", "/api/stores/unknown", None, {"Accept": accept} if accept else {})
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.body["code"], "details" in answer.body) == ("not_found", False)


@pytest.mark.parametrize(
    "accept", ["application/json", "application/json; charset=utf-8", "text/html, application/json;q=0.9"]
)
def test_application_json_alone_is_named_in_any_form(mall: Furnished, accept: str) -> None:
    answer = mall.mall.request("GET", "/api/stores/unknown", None, {"accept": accept})
    assert answer.headers["Content-Type"] == "application/json"
