"""The details of the wire, line by line, where neither the table of all routes nor a service's tests show them."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.kernel.rest.caller import OPEN
from functions.kernel.runtime import ids
from tests.contract.rest.declared import ROUTES
from tests.contract.rest.furnished import Furnished, furnish
from tests.flow.scene import Scene, a_scene
from tests.flow.shopper import collect


@pytest.fixture
def mall() -> Furnished:
    return furnish()


def status_of(mall: Furnished, method: str, path: str, body: Any = None) -> int:
    return mall.mall.request(method, path, body).status


def product_of(mall: Furnished) -> Any:
    return mall.ask("GET", f"/api/stores/products/{mall.things['product']}")["product"]


def test_the_same_price_is_accepted_as_an_increase_and_a_decrease_and_changes_nothing(mall: Furnished) -> None:
    path, before = f"/api/stores/products/{mall.things['product']}", mall.effects()
    for change in ("increasePrice", "decreasePrice"):
        mall.ask("PUT", f"{path}/{change}", {"price": 10})
    assert mall.effects() == before
    assert product_of(mall)["price"] == 10


@pytest.mark.parametrize(
    ("price", "status"),
    [("90071992547409.91", 200), ("90071992547409.92", 400), ("1e300", 400), ("0", 200), ("10.001", 400)],
)
def test_an_amount_is_below_2_to_the_53_cents_with_two_decimals_at_most(price: str, status: int) -> None:
    """As a text of JSON: a float of Python is not that exact."""
    mall = furnish()
    path = f"/api/stores/{mall.things['store']}/products"
    assert status_of(mall, "POST", path, f'{{"name": "Cable", "price": {price}}}') == status


def by_name(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(things, key=lambda one: (one["name"].lower(), one["id"]))


def test_a_list_of_stores_or_products_without_a_limit_gives_all_and_with_one_pages(mall: Furnished) -> None:
    products = f"/api/stores/{mall.things['store']}/products"
    for number in range(60):
        mall.ask("POST", "/api/stores", {"name": f"Volt & Wire {number}", "location": "Level 2"})
        mall.ask("POST", products, {"name": f"Cable {number}", "price": 1})
    mall.mall.settle()
    for path, member, added in (("/api/stores", "stores", 60), (products, "products", 60)):
        whole = mall.ask("GET", path)
        assert len(whole[member]) >= added
        assert "next" not in whole
        first = mall.ask("GET", f"{path}?limit=50")
        rest = mall.ask("GET", f"{path}?limit=50&next={first['next']}")
        assert by_name(first[member] + rest[member]) == by_name(whole[member])
        assert [one["name"].lower() for one in whole[member]] == sorted(one["name"].lower() for one in whole[member])


def test_a_list_without_a_limit_has_a_next_page_after_a_thousand_rows(mall: Furnished) -> None:
    for number in range(1_001):
        mall.ask("POST", "/api/stores", {"name": f"Volt & Wire {number}", "location": "Level 2"})
    mall.mall.settle()
    first = mall.ask("GET", "/api/stores")
    rest = mall.ask("GET", f"/api/stores?next={first['next']}")
    assert (len(first["stores"]), len(rest["stores"]), "next" in rest) == (1_000, 4, False)


def test_an_answer_stays_under_the_size_that_a_function_may_answer(mall: Furnished) -> None:
    products = f"/api/stores/{mall.things['store']}/products"
    for number in range(520):  # 8 KB each of four-byte letters: over 4 MB, under a thousand
        mall.ask("POST", products, {"name": f"Cable {number}", "description": "🤖" * 2_000, "price": 1})
    mall.mall.settle()
    found, following = 0, ""
    while following is not None:
        page = mall.ask("GET", f"{products}{following}")
        assert len(json.dumps({"body": json.dumps(page, ensure_ascii=False, default=str)})) < 6_291_456
        found += len(page["products"])
        following = f"?next={page['next']}" if "next" in page else None
    assert found >= 520


def test_an_order_and_a_basket_take_100_lines_and_no_more(mall: Furnished) -> None:
    line = {"storeId": mall.things["store"], "productId": mall.things["product"], "quantity": 1}
    order = {"customerId": mall.things["customer"], "paymentId": mall.things["payment"]}
    for count, status in ((100, 200), (101, 400)):
        assert status_of(mall, "POST", "/api/ordering", {**order, "items": [line] * count}) == status
        assert status_of(mall, "POST", "/api/depot/shopping", {"orderId": "o", "items": [line] * count}) == status
    basket = mall.ask("POST", "/api/baskets", {"customerId": mall.things["customer"]})["id"]
    for number in range(101):
        product = {"name": f"Cable {number}", "price": 1}
        made = mall.ask("POST", f"/api/stores/{mall.things['store']}/products", product)["id"]
        item = {"productId": made, "quantity": 1}
        assert status_of(mall, "PUT", f"/api/baskets/{basket}/addItem", item) == (200 if number < 100 else 400)


def test_a_list_that_waits_has_no_robot_and_no_assignment(mall: Furnished) -> None:
    shown = mall.ask("GET", f"/api/depot/shopping/{mall.things['list of staff']}")["list"]
    assert (shown["status"], shown["botId"], shown["assignment"]) == ("pending", None, 0)
    [stop] = shown["stops"]
    assert stop["items"] == [{"productId": mall.things["product"], "name": "Cable", "quantity": 1, "picked": 0}]


def test_what_was_written_is_there_when_read_by_its_id_and_follows_in_lists(mall: Furnished) -> None:
    made = mall.ask("POST", "/api/stores", {"name": "New", "location": "Level 3"})["id"]
    assert mall.ask("GET", f"/api/stores/{made}")["store"]["name"] == "New"
    assert made not in {store["id"] for store in mall.ask("GET", "/api/stores")["stores"]}
    mall.mall.pass_time(5)
    assert made in {store["id"] for store in mall.ask("GET", "/api/stores")["stores"]}


def test_an_order_by_staff_takes_price_and_names_of_the_catalogue(mall: Furnished) -> None:
    line = {"storeId": mall.things["store"], "productId": mall.things["product"], "quantity": 2}
    order = {"customerId": mall.things["customer"], "paymentId": mall.things["payment"]}
    made = mall.ask("POST", "/api/ordering", {**order, "items": [line]})["id"]
    [item] = mall.ask("GET", f"/api/ordering/{made}")["order"]["items"]
    assert item == {**line, "storeName": "Volt & Wire", "productName": "Cable", "price": 10}
    for change, status in (({"price": 10}, 200), ({"price": 9.99}, 400), ({"storeId": "nowhere"}, 404)):
        assert status_of(mall, "POST", "/api/ordering", {**order, "items": [line | change]}) == status


def test_a_depot_list_needs_items_and_an_assignment_a_robot_that_is_there(mall: Furnished) -> None:
    assert status_of(mall, "POST", "/api/depot/shopping", {"orderId": "o", "items": []}) == 400
    path = f"/api/depot/shopping/{mall.things['available list']}/assign"
    assert status_of(mall, "PUT", path, {"botId": "nobody"}) == 404


def test_a_flow_starts_with_the_request_and_the_checkouts_has_basket_checked_out_as_its_root() -> None:
    scene, flow = a_scene(), ids.new()
    path = f"/api/baskets/{scene.order_id}/checkout"
    body = {"paymentId": scene.shopper.payment_id}
    assert scene.mall.request("PUT", path, body, {"X-Correlation-Id": flow}).headers["X-Correlation-Id"] == flow
    scene.mall.settle()
    said = [message.metadata for message in scene.mall.published if message.metadata.correlation_id == flow]
    roots = [metadata.name for metadata in said if metadata.causation_id is None]
    assert roots == ["BasketCheckedOut"]
    assert {"OrderCreated", "ShoppingListCreated", "OrderApproved", "InvoiceCreated"} <= {m.name for m in said}


def test_a_refused_request_is_judged_again_under_its_key(mall: Furnished) -> None:
    path, key = f"/api/customers/{mall.things['customer']}/enable", {"Idempotency-Key": "a key"}
    assert mall.mall.request("PUT", path, {}, key).status == 400
    mall.ask("PUT", f"/api/customers/{mall.things['customer']}/disable")
    assert mall.mall.request("PUT", path, {}, key).status == 200


def test_a_second_cancel_of_an_order_is_accepted_and_of_a_basket_refused(mall: Furnished) -> None:
    order, basket = f"/api/ordering/{mall.things['order']}", f"/api/baskets/{mall.things['full basket']}"
    assert [status_of(mall, "DELETE", order) for _ in range(2)] == [200, 200]
    assert [status_of(mall, "DELETE", basket) for _ in range(2)] == [200, 409]
    assert mall.ask("GET", basket)["basket"]["status"] == "cancelled"


def test_an_empty_basket_cannot_be_checked_out(mall: Furnished) -> None:
    basket = mall.ask("POST", "/api/baskets", {"customerId": mall.things["customer"]})["id"]
    body = {"paymentId": mall.things["payment"]}
    assert status_of(mall, "PUT", f"/api/baskets/{basket}/checkout", body) == 400


def test_an_unknown_customer_is_refused_where_it_is_first_named(mall: Furnished) -> None:
    assert status_of(mall, "POST", "/api/baskets", {"customerId": "nobody"}) == 404
    assert status_of(mall, "POST", "/api/payments", {"customerId": "nobody", "amount": 1}) == 404


def test_an_unknown_list_cannot_be_cancelled(mall: Furnished) -> None:
    assert status_of(mall, "POST", "/api/depot/shopping/nothing") == 404


@pytest.mark.parametrize(("quantity", "status"), [(0, 200), (2, 200), (3, 400), (-1, 400)])
def test_a_robot_picks_from_nothing_to_what_is_listed(mall: Furnished, quantity: int, status: int) -> None:
    pick = {"assignment": 1, "storeId": mall.things["store"], "productId": mall.things["product"]}
    path = f"/api/depot/shopping/{mall.things['active list']}/pick"
    assert status_of(mall, "PUT", path, {**pick, "quantity": quantity}) == status
    assert status_of(mall, "PUT", path, {**pick, "productId": "other", "quantity": 1}) == 404


@pytest.mark.parametrize(("kind", "picked"), [("assigned list", 2), ("active list", 0)])
def test_completing_without_shortages_means_all_from_assigned_and_what_was_picked_from_active(
    mall: Furnished, kind: str, picked: int
) -> None:
    path = f"/api/depot/shopping/{mall.things[kind]}"
    mall.ask("PUT", f"{path}/complete")
    assert mall.ask("GET", path)["list"]["stops"][0]["items"][0]["picked"] == picked


def test_a_repeated_start_online_and_offline_change_nothing(mall: Furnished) -> None:
    robots = f"/api/depot/bots/{mall.things['robot']}"
    for path, body in (
        (f"/api/depot/shopping/{mall.things['active list']}/start", {"assignment": 1}),
        (f"{robots}/online", {}),
        (f"{robots}/offline", {}),
    ):
        mall.ask("PUT", path, body)
        before = mall.effects()
        mall.ask("PUT", path, body)
        assert mall.effects() == before


def everywhere(scene: Scene) -> tuple[str, str]:
    """An order's status as the order's own service and search show it."""
    scene.mall.pass_time(5)
    found = scene.shopper.ask("GET", f"/api/search/orders/{scene.order_id}")["order"]
    return scene.shopper.order()["status"], found["status"]


def test_statuses_are_the_words_of_the_page_in_search_too() -> None:
    scene = a_scene()
    assert scene.shopper.payment()["status"] == "authorized"
    scene.is_approved()
    basket = scene.shopper.ask("GET", f"/api/baskets/{scene.order_id}")["basket"]
    assert (basket["status"], scene.shopper.payment()["status"]) == ("checked_out", "confirmed")
    assert (scene.shopper.invoice()["status"], everywhere(scene)) == ("pending", ("approved", "approved"))
    collect(scene.shopper)
    assert (scene.shopper.order()["ready"], scene.shopper.order()["paid"]) == (True, False)
    assert everywhere(scene) == ("ready", "ready")
    scene.shopper.pays()
    assert everywhere(scene) == ("completed", "completed")
    assert (scene.shopper.invoice()["status"], scene.shopper.payment()["status"]) == ("paid", "settled")
    texts = scene.shopper.ask("GET", f"/api/notifications?customerId={scene.shopper.customer_id}")["notifications"]
    assert {text["kind"] for text in texts} == {"received", "approved", "ready_for_pickup", "completed"}


def test_a_payments_amount_is_what_was_authorized_and_an_invoices_what_is_owed() -> None:
    scene = a_scene().is_approved()
    scene.shopper.pays()
    assert (scene.shopper.payment()["amount"], scene.shopper.invoice()["amount"]) == (120, 114.8)
    scene.shopper.is_cancelled_by_staff()
    scene.mall.pass_time(5)
    assert (scene.shopper.payment()["amount"], scene.shopper.invoice()["amount"]) == (120, 0)
    assert (scene.shopper.invoice()["status"], scene.shopper.payment()["status"]) == ("paid", "refunded")


def test_sales_and_funnel_are_those_of_the_last_24_hours_when_nothing_is_said() -> None:
    scene = a_scene().is_approved()
    collect(scene.shopper)
    scene.shopper.pays()
    scene.mall.pass_time(5)
    begun = (scene.mall.now - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    for what, count in (("sales", "orders"), ("funnel", "completed")):
        assert scene.shopper.ask("GET", f"/api/insights/{what}")[count] == 1
        assert scene.shopper.ask("GET", f"/api/insights/{what}?from={begun}")[count] == 1
    [first, *_] = scene.shopper.ask("GET", "/api/insights/sales")["byProduct"]
    assert set(first) == {"productId", "productName", "orders", "items", "revenue"}
    scene.mall.repeated.clear()
    completed = scene.mall.now
    for hours, count in ((23, 1), (26, 0)):
        scene.mall.now = completed + timedelta(hours=hours)
        assert scene.shopper.ask("GET", "/api/insights/sales")["orders"] == count
        assert scene.shopper.ask("GET", "/api/insights/funnel")["completed"] == count


def test_a_timeline_shows_each_message_as_it_was_said_oldest_first() -> None:
    scene = a_scene().is_approved().is_collected()
    scene.shopper.pays()
    shown = scene.shopper.ask("GET", f"/api/insights/orders/{scene.order_id}/timeline?limit=100")["messages"]
    said = {message.metadata.id: message.data for message in scene.mall.published}
    times = [message["time"] for message in shown]
    assert (times, len(set(times))) == (sorted(times), 3)
    assert {"BasketCheckedOut", "OrderCreated", "OrderApproved"} <= {message["name"] for message in shown}
    for message in shown:
        assert message["data"] == said[message["id"]]
        assert datetime.fromisoformat(message["time"]).utcoffset() == timedelta(0)


def test_health_is_open_and_says_the_version(mall: Furnished) -> None:
    assert mall.ask("GET", "/health") == {"status": "ok", "version": "0.1.0", "code": ""}
    assert [route.may for route in ROUTES if route.path == "/health"] == [OPEN]
