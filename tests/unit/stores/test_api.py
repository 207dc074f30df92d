"""The REST routes of stores and products."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from functions.kernel.runtime.context import STAFF
from functions.stores.api import api
from functions.stores.inbox import inbox
from tests.support import jar_api
from tests.support.jar_api import Response
from tests.support.promised import hand_over, promised

BREAD = {"name": "Rye bread", "description": "Baked this morning", "sku": "RYE-750", "price": 4.5}


def ask(method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Response:
    return jar_api.ask(method, f"/api/stores{path}", body, headers, api=api)


def succeed(method: str, path: str, body: Any = None) -> Any:
    answer = ask(method, path, body)
    assert answer.status == 200, answer
    return answer.body


def create_store(name: str = "Corner Bakery") -> str:
    return str(succeed("POST", "", {"name": name, "location": "Floor 0, 12"})["id"])


def add_bread(store_id: str) -> str:
    return str(succeed("POST", f"/{store_id}/products", BREAD)["id"])


def test_a_new_store_can_be_read_at_once() -> None:
    store_id = create_store()
    assert succeed("GET", f"/{store_id}") == {
        "store": {"id": store_id, "name": "Corner Bakery", "location": "Floor 0, 12", "participating": False}
    }


def test_a_store_participates_and_ends_its_participation() -> None:
    store_id = create_store()
    assert succeed("PUT", f"/{store_id}/participating", {}) == {}
    assert succeed("GET", f"/{store_id}")["store"]["participating"] is True
    assert succeed("DELETE", f"/{store_id}/participating") == {}
    assert succeed("GET", f"/{store_id}")["store"]["participating"] is False
    assert ask("DELETE", f"/{store_id}/participating").status == 400


def test_a_store_changes_its_name() -> None:
    store_id = create_store()
    assert succeed("PUT", f"/{store_id}/rebrand", {"name": "Old Mill"}) == {}
    assert succeed("GET", f"/{store_id}")["store"]["name"] == "Old Mill"


def test_the_lists_hold_all_stores_and_the_participating_ones() -> None:
    bakery, mill = create_store(), create_store("Old Mill")
    succeed("PUT", f"/{mill}/participating")
    hand_over(inbox, promised())
    assert [store["id"] for store in succeed("GET", "")["stores"]] == [bakery, mill]
    assert succeed("GET", "/participating") == {
        "stores": [{"id": mill, "name": "Old Mill", "location": "Floor 0, 12", "participating": True}]
    }


def test_a_list_is_read_page_by_page_and_a_page_of_another_list_is_refused() -> None:
    for name in ("Apple", "Birch", "Cedar"):
        succeed("PUT", f"/{create_store(name)}/participating")
    hand_over(inbox, promised())
    first = succeed("GET", "?limit=2")
    second = succeed("GET", f"?limit=2&next={first['next']}")
    assert sorted(store["name"] for store in first["stores"] + second["stores"]) == ["Apple", "Birch", "Cedar"]
    assert "next" not in second
    assert ask("GET", f"/participating?limit=2&next={first['next']}").status == 400


@pytest.mark.parametrize("path", ["?", "/participating?"])
@pytest.mark.parametrize("renamed", ["0 first", "zz last"])
def test_stores_that_are_all_rebranded_between_pages_are_each_listed_once(path: str, renamed: str) -> None:
    stores = [create_store(f"store {n}") for n in range(7)]
    for store_id in stores:
        succeed("PUT", f"/{store_id}/participating")
    hand_over(inbox, promised())
    listed: list[str] = []
    following = ""
    while True:
        page = succeed("GET", f"{path}limit=2{following}")
        listed += [store["id"] for store in page["stores"]]
        if "next" not in page:
            break
        for store_id in stores:
            succeed("PUT", f"/{store_id}/rebrand", {"name": f"{renamed} {len(listed)}"})
        hand_over(inbox, promised())
        following = f"&next={page['next']}"
    assert sorted(listed) == sorted(stores)


def test_products_that_are_all_rebranded_between_pages_are_each_listed_once() -> None:
    store_id = create_store()
    products = [add_bread(store_id) for _ in range(7)]
    hand_over(inbox, promised())
    first = succeed("GET", f"/{store_id}/products?limit=3")
    for product_id in products:
        seen = product_id in [product["id"] for product in first["products"]]
        succeed("PUT", f"/products/{product_id}/rebrand", {"name": "zz last" if seen else "0 first"})
    hand_over(inbox, promised())
    second = succeed("GET", f"/{store_id}/products?limit=9&next={first['next']}")
    assert sorted(product["id"] for product in first["products"] + second["products"]) == sorted(products)


def test_a_list_without_a_limit_is_whole_and_by_name() -> None:
    for name in ("Cedar", "apple", "Birch"):
        succeed("PUT", f"/{create_store(name)}/participating")
    hand_over(inbox, promised())
    for path in ("", "/participating"):
        assert [store["name"] for store in succeed("GET", path)["stores"]] == ["apple", "Birch", "Cedar"]


def test_a_new_product_can_be_read_at_once() -> None:
    store_id = create_store()
    product_id = add_bread(store_id)
    assert succeed("GET", f"/products/{product_id}") == {
        "product": {"id": product_id, "storeId": store_id, **BREAD, "price": Decimal("4.5")}
    }


def test_description_and_sku_may_be_left_out() -> None:
    product_id = succeed("POST", f"/{create_store()}/products", {"name": "Rolls", "price": 1})["id"]
    product = succeed("GET", f"/products/{product_id}")["product"]
    assert (product["description"], product["sku"], product["price"]) == ("", "", 1)


def test_the_list_of_a_stores_products_leaves_out_removed_ones() -> None:
    store_id = create_store()
    product_id = add_bread(store_id)
    succeed("DELETE", f"/products/{add_bread(store_id)}")
    hand_over(inbox, promised())
    assert succeed("GET", f"/{store_id}/products") == {
        "products": [{"id": product_id, "storeId": store_id, **BREAD, "price": Decimal("4.5")}]
    }
    assert succeed("GET", f"/{create_store()}/products") == {"products": []}


def test_a_list_has_no_etag() -> None:
    store_id = create_store()
    answer = ask("GET", f"/{store_id}/products", headers={"If-None-Match": "*"})
    assert (answer.status, "ETag" in answer.headers) == (200, False)


def test_a_product_changes_its_name_and_keeps_a_description_that_is_not_given() -> None:
    product_id = add_bread(create_store())
    assert succeed("PUT", f"/products/{product_id}/rebrand", {"name": "Dark rye", "description": "Fresh"}) == {}
    assert succeed("PUT", f"/products/{product_id}/rebrand", {"name": "Darker rye"}) == {}
    product = succeed("GET", f"/products/{product_id}")["product"]
    assert (product["name"], product["description"]) == ("Darker rye", "Fresh")


def test_a_price_goes_up_and_down_to_the_one_given() -> None:
    product_id = add_bread(create_store())
    for path, price in (("increasePrice", 90071992547409.91), ("decreasePrice", 0.01)):
        assert succeed("PUT", f"/products/{product_id}/{path}", {"price": price}) == {}
        assert succeed("GET", f"/products/{product_id}")["product"]["price"] == Decimal(str(price))
    assert ask("PUT", f"/products/{product_id}/decreasePrice", {"price": 5}).status == 400
    assert ask("PUT", f"/products/{product_id}/increasePrice", {"price": 0}).status == 400


def test_a_removed_product_is_not_found_and_takes_no_more_commands() -> None:
    product_id = add_bread(create_store())
    assert succeed("DELETE", f"/products/{product_id}") == {}
    assert ask("GET", f"/products/{product_id}").status == 404
    again = ask("DELETE", f"/products/{product_id}")
    assert (again.status, again.body["message"]) == (400, "the product was removed")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/nowhere", None),
        ("PUT", "/nowhere/participating", {}),
        ("DELETE", "/nowhere/participating", None),
        ("PUT", "/nowhere/rebrand", {"name": "Old Mill"}),
        ("POST", "/nowhere/products", BREAD),
        ("GET", "/nowhere/products", None),
        ("GET", "/products/nothing", None),
        ("DELETE", "/products/nothing", None),
        ("PUT", "/products/nothing/rebrand", {"name": "Dark rye"}),
        ("PUT", "/products/nothing/increasePrice", {"price": 1}),
        ("PUT", "/products/nothing/decreasePrice", {"price": 1}),
    ],
)
def test_an_unknown_store_or_product_is_not_found(method: str, path: str, body: Any) -> None:
    assert ask(method, path, body).status == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"name": " ", "location": "Floor 0"}, "the store name cannot be blank"),
        ({"name": "Bakery", "location": ""}, "the store location cannot be blank"),
        ({"name": "Bakery"}, "the store location cannot be blank"),
        ({"name": None, "location": "Floor 0"}, "the store name cannot be blank"),
        ({"name": "x" * 201, "location": "Floor 0"}, "name: must have at most 200 characters"),
    ],
)
def test_a_store_that_breaks_a_rule_is_refused(body: Any, message: str) -> None:
    answer = ask("POST", "", body)
    assert (answer.status, answer.body["message"]) == (400, message)


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"price": -0.01},
        {"price": 4.555},
        {"price": "4.5"},
        {"price": 2**53 / 100},
        {"description": "x" * 2001},
        {"sku": 750},
    ],
)
def test_a_product_that_breaks_a_rule_is_refused(change: dict[str, Any]) -> None:
    assert ask("POST", f"/{create_store()}/products", BREAD | change).status == 400


def test_the_etag_of_an_added_product_is_its_own_version() -> None:
    store_id = create_store()
    succeed("PUT", f"/{store_id}/participating")
    assert ask("POST", f"/{store_id}/products", BREAD).headers["ETag"] == '"1"'


def test_a_repeated_idempotency_key_gets_the_first_answer() -> None:
    key = {"Idempotency-Key": "k-1"}
    first, second = (ask("POST", "", {"name": "Bakery", "location": "Floor 0"}, key) for _ in range(2))
    assert first.body == second.body
    assert [message.name for message in promised()] == ["StoreCreated"]


def test_a_change_with_a_stale_etag_is_refused() -> None:
    store_id = create_store()
    tag = ask("GET", f"/{store_id}").headers["ETag"]
    succeed("PUT", f"/{store_id}/rebrand", {"name": "Old Mill"})
    assert ask("PUT", f"/{store_id}/rebrand", {"name": "Mill"}, {"If-Match": tag}).status == 412


def test_only_staff_may_change_anything() -> None:
    assert {route.may for route in api.routes if route.method != "GET"} == {(STAFF,)}
