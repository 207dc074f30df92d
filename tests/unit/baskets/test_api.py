"""The REST routes of baskets, as a kiosk calls them."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest

from functions.baskets import service
from functions.baskets.api import api
from tests.support.gateway import Response, request
from tests.unit.baskets.mall import ADA, BAKERY, BREAD, Owners, consume

TWO_BREADS = {"productId": "bread", "quantity": 2}


@pytest.fixture(autouse=True)
def mall() -> None:
    for message in (ADA, BAKERY, BREAD):
        consume(message)


@pytest.fixture
def basket() -> str:
    """The path of a new basket of Ada's."""
    answer = request(api, "POST", "/api/baskets", {"customerId": "ada"})
    assert answer.status == 200
    return f"/api/baskets/{answer.body['id']}"


def put(path: str, body: Any) -> Response:
    return request(api, "PUT", path, body)


def test_a_basket_is_shown_in_the_shape_of_the_wire(basket: str) -> None:
    assert put(f"{basket}/addItem", TWO_BREADS).body == {}
    shown = request(api, "GET", basket)
    assert shown.status == 200
    assert shown.headers["ETag"] == '"2"'
    assert shown.body == {
        "basket": {
            "id": basket.removeprefix("/api/baskets/"),
            "customerId": "ada",
            "status": "open",
            "items": [
                {
                    "storeId": "bakery",
                    "storeName": "Corner Bakery",
                    "productId": "bread",
                    "productName": "Rye bread",
                    "productPrice": Decimal("4.5"),
                    "quantity": 2,
                }
            ],
            "total": 9,
        }
    }


def test_a_basket_begins_with_its_items_in_one_commit_and_more_are_added_in_another() -> None:
    begun = {"customerId": "ada", "items": [TWO_BREADS, TWO_BREADS]}
    basket = f"/api/baskets/{request(api, 'POST', '/api/baskets/withItems', begun).body['id']}"
    assert put(f"{basket}/addItems", {"items": [TWO_BREADS | {"quantity": 1}]}).body == {}
    shown = request(api, "GET", basket)
    assert [(item["productId"], item["quantity"]) for item in shown.body["basket"]["items"]] == [("bread", 5)]
    assert [len(commit.events) for commit in service.baskets.history(basket.rpartition("/")[2])] == [3, 1]


@pytest.mark.parametrize(
    ("items", "status", "reason"),
    [
        ([], 400, "name at least one item"),
        ([TWO_BREADS, {"productId": "cake", "quantity": 1}], 404, "product was not located"),
        ([TWO_BREADS, {"productId": "", "quantity": 1}], 400, "the product id cannot be blank"),
        ([TWO_BREADS, {"productId": "bread", "quantity": 0}], 400, "the item quantity cannot be zero"),
        ([TWO_BREADS, {"productId": "bread", "quantity": 998}], 400, "a basket holds at most 999 of one product"),
        (101 * [TWO_BREADS], 400, "items: must have at most 100 entries"),
    ],
)
def test_where_one_item_is_refused_none_is_added_and_no_basket_begins(
    basket: str, items: list[dict[str, Any]], status: int, reason: str
) -> None:
    key = {"Idempotency-Key": "one"}
    for answer in (
        put(f"{basket}/addItems", {"items": items}),
        request(api, "POST", "/api/baskets/withItems", {"customerId": "ada", "items": items}, headers=key),
    ):
        assert (answer.status, answer.body["message"]) == (status, reason)
    assert request(api, "GET", basket).body["basket"]["items"] == []
    again = request(api, "POST", "/api/baskets/withItems", {"customerId": "ada", "items": [TWO_BREADS]}, headers=key)
    assert again.status == 200  # a refusal leaves nothing under its key


def test_a_basket_that_begins_with_its_items_is_one_however_often_it_is_asked_for() -> None:
    begun, key = {"customerId": "ada", "items": [TWO_BREADS]}, {"Idempotency-Key": "one"}
    first, second = (request(api, "POST", "/api/baskets/withItems", begun, headers=key) for _ in range(2))
    assert first.body == second.body
    other = request(api, "POST", "/api/baskets/withItems", begun | {"items": [TWO_BREADS, TWO_BREADS]}, headers=key)
    assert other.status == 422
    shown = request(api, "GET", f"/api/baskets/{first.body['id']}").body["basket"]
    assert [item["quantity"] for item in shown["items"]] == [2]


def test_a_basket_begins_with_a_hundred_products_of_the_longest_names() -> None:
    drawn, long = Random(1), range(0x20000, 0x2A000)  # four bytes each, and hard to deflate
    for number in range(100):
        names = ["".join(map(chr, drawn.choices(long, k=200))) for _ in range(2)]
        id = f"product-{number}"
        consume(BAKERY.model_copy(update={"store_id": id, "name": names[0]}))
        consume(BREAD.model_copy(update={"product_id": id, "store_id": id, "name": names[1]}))
    items = [{"productId": f"product-{number}", "quantity": 999} for number in range(100)]
    begun = request(api, "POST", "/api/baskets/withItems", {"customerId": "ada", "items": items})
    assert begun.status == 200
    shown = request(api, "GET", f"/api/baskets/{begun.body['id']}").body["basket"]
    assert [item["productId"] for item in shown["items"]] == [item["productId"] for item in items]


def test_a_basket_goes_from_start_to_checkout(basket: str) -> None:
    put(f"{basket}/addItem", TWO_BREADS)
    assert put(f"{basket}/removeItem", {"productId": "bread", "quantity": 1}).body == {}
    assert put(f"{basket}/checkout", {"paymentId": "payment-1"}).body == {}
    shown = request(api, "GET", basket).body["basket"]
    assert (shown["status"], shown["total"]) == ("checked_out", Decimal("4.5"))


def test_a_cancelled_basket_can_still_be_read(basket: str) -> None:
    assert request(api, "DELETE", basket).body == {}
    assert request(api, "GET", basket).body["basket"]["status"] == "cancelled"


def test_a_second_cancel_and_a_second_checkout_are_refused(basket: str) -> None:
    put(f"{basket}/addItem", TWO_BREADS)
    put(f"{basket}/checkout", {"paymentId": "payment-1"})
    again = put(f"{basket}/checkout", {"paymentId": "payment-1"})
    assert (again.status, again.body["message"]) == (409, "the basket is checked out")
    assert request(api, "DELETE", basket).status == 409


@pytest.mark.parametrize(
    ("change", "body", "status", "message"),
    [
        ("addItem", {"productId": "bread", "quantity": -1}, 400, "the item quantity cannot be negative"),
        ("addItem", {"productId": "bread", "quantity": 0}, 400, "the item quantity cannot be zero"),
        ("addItem", {"productId": "bread", "quantity": 1000}, 400, "quantity: must be at most 999"),
        ("addItem", {"productId": "bread", "quantity": "2"}, 400, "quantity: must be a whole number"),
        ("addItem", {"productId": "bread", "quantity": None}, 400, "the item quantity cannot be zero"),
        ("addItem", {"quantity": 1}, 400, "the product id cannot be blank"),
        ("addItem", {"productId": " ", "quantity": 1}, 400, "the product id cannot be blank"),
        ("addItem", {"productId": "", "quantity": 1}, 400, "the product id cannot be blank"),
        ("addItem", {"productId": "ink", "quantity": 1}, 404, "product was not located"),
        ("removeItem", {"productId": "bread", "quantity": -1}, 400, "the item quantity cannot be negative"),
        ("checkout", {"paymentId": " "}, 400, "the payment id cannot be blank"),
        ("checkout", {}, 400, "the payment id cannot be blank"),
        ("checkout", {"paymentId": "payment-1"}, 400, "the basket has no items"),
    ],
)
def test_a_request_that_breaks_a_rule_is_refused_with_the_reason(
    basket: str, change: str, body: Any, status: int, message: str
) -> None:
    answer = put(f"{basket}/{change}", body)
    assert (answer.status, answer.body["message"]) == (status, message)
    assert request(api, "GET", basket).headers["ETag"] == '"1"'


def test_removing_a_product_that_is_not_in_the_basket_is_no_error(basket: str) -> None:
    assert put(f"{basket}/removeItem", {"productId": "ink", "quantity": 1}).status == 200


def test_a_customer_must_be_named_and_exist() -> None:
    blank = request(api, "POST", "/api/baskets", {"customerId": " "})
    assert (blank.status, blank.body["message"]) == (400, "the customer id cannot be blank")
    unknown = request(api, "POST", "/api/baskets", {"customerId": "nobody"})
    assert (unknown.status, unknown.body["message"]) == (404, "customer was not located")


def test_while_the_owner_is_down_the_answer_is_unavailable(owners: Owners, basket: str) -> None:
    owners.down = True
    answer = put(f"{basket}/addItem", {"productId": "ink", "quantity": 1})
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")


def test_an_unknown_basket_is_not_found() -> None:
    for method, path, body in (
        ("GET", "/api/baskets/nowhere", None),
        ("DELETE", "/api/baskets/nowhere", None),
        ("PUT", "/api/baskets/nowhere/addItem", TWO_BREADS),
        ("PUT", "/api/baskets/nowhere/removeItem", TWO_BREADS),
        ("PUT", "/api/baskets/nowhere/checkout", {"paymentId": "payment-1"}),
    ):
        assert request(api, method, path, body).status == 404


def test_remove_item_1_that_took_nothing_away_takes_nothing_when_repeated_under_its_key_after_more_was_added(
    basket: str,
) -> None:
    key, one = {"Idempotency-Key": "key-1"}, {"productId": "bread", "quantity": 1}
    first = request(api, "PUT", f"{basket}/removeItem", one, key)
    assert (first.status, first.headers["ETag"]) == (200, '"2"')
    put(f"{basket}/addItem", TWO_BREADS)
    again = request(api, "PUT", f"{basket}/removeItem", one, key)
    assert (again.status, again.headers["ETag"]) == (200, '"2"')
    assert request(api, "PUT", f"{basket}/removeItem", one | {"quantity": 2}, key).status == 422
    shown = request(api, "GET", basket)
    assert [item["quantity"] for item in shown.body["basket"]["items"]] == [2]
    assert shown.headers["ETag"] == '"3"'
    assert put(f"{basket}/removeItem", {"productId": "ink", "quantity": 1}).headers["ETag"] == '"3"'


def test_a_repeated_idempotency_key_starts_one_basket_and_adds_once() -> None:
    key = {"Idempotency-Key": "key-1"}
    started = [request(api, "POST", "/api/baskets", {"customerId": "ada"}, key).body["id"] for _ in range(2)]
    assert started[0] == started[1]
    path = f"/api/baskets/{started[0]}"
    for _ in range(2):
        assert request(api, "PUT", f"{path}/addItem", TWO_BREADS, {"Idempotency-Key": "key-2"}).status == 200
    assert request(api, "GET", path).body["basket"]["items"][0]["quantity"] == 2


def test_a_stale_write_is_refused(basket: str) -> None:
    put(f"{basket}/addItem", TWO_BREADS)
    assert request(api, "PUT", f"{basket}/addItem", TWO_BREADS, {"If-Match": '"1"'}).status == 412
    assert request(api, "PUT", f"{basket}/addItem", TWO_BREADS, {"If-Match": '"2"'}).status == 200
