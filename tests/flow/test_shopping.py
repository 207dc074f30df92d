"""Baskets and orders while the catalogue changes: what was added to the basket is what is ordered and paid."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.mall import Mall

DISORDER = [None, 0, 1, 2]
STRICT = {"MALLBOTS_REQUIRE_PARTICIPATION": "1"}


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, {"cable": 9.95, "charger": 34.9})


@pytest.fixture
def shopper(mall: Mall, products: dict[str, str]) -> Shopper:
    """Ada, with two cables in her basket."""
    bring_a_robot_online(mall)
    return Shopper(mall).registers().fills_a_basket({products["cable"]: 2})


def staff(mall: Mall, method: str, path: str, body: Any = None) -> Any:
    """A request of a clerk, after which all messages are delivered."""
    answer = Shopper(mall).ask(method, path, body)
    mall.settle()
    return answer


def price(mall: Mall, product_id: str, change: str, amount: float) -> None:
    staff(mall, "PUT", f"/api/stores/products/{product_id}/{change}Price", {"price": amount})


def store_of(mall: Mall, product_id: str) -> str:
    store_id: str = Shopper(mall).ask("GET", f"/api/stores/products/{product_id}")["product"]["storeId"]
    return store_id


def adding(product_id: str, quantity: int = 1) -> dict[str, Any]:
    return {"productId": product_id, "quantity": quantity}


def path_of(shopper: Shopper) -> str:
    return f"/api/baskets/{shopper.basket_id}"


def basket_of(shopper: Shopper) -> Any:
    return shopper.ask("GET", path_of(shopper))["basket"]


def buys(shopper: Shopper, amount: float) -> Any:
    """The rest of the order's way, with a payment of exactly this amount; the completed order."""
    shopper.authorizes_a_payment(amount).checks_out()
    shopper.mall.pass_time(10)
    collect(shopper)
    shopper.pays()
    shopper.mall.pass_time(60)
    order = shopper.order()
    assert order["status"] == "completed"
    assert (order["total"], shopper.invoice()["amount"]) == (amount, amount)
    assert shopper.payment()["status"] == "settled"
    assert shopper.mall.dead_letters() == {}
    return order


@pytest.mark.parametrize(("change", "amount"), [("increase", 12.5), ("decrease", 5)])
def test_the_price_at_which_a_product_was_added_is_the_price_that_is_paid(
    mall: Mall, products: dict[str, str], shopper: Shopper, change: str, amount: float
) -> None:
    price(mall, products["cable"], change, amount)
    order = buys(shopper, 19.9)
    assert [(item["price"], item["quantity"]) for item in order["items"]] == [(9.95, 2)]
    sold = shopper.ask("GET", "/api/insights/sales")
    assert (sold["orders"], sold["revenue"]) == (1, 19.9)


def test_adding_a_repriced_product_again_keeps_the_first_price(
    mall: Mall, products: dict[str, str], shopper: Shopper
) -> None:
    price(mall, products["cable"], "increase", 12.5)
    shopper.ask("PUT", f"{path_of(shopper)}/addItem", adding(products["cable"]))
    assert [(item["productPrice"], item["quantity"]) for item in basket_of(shopper)["items"]] == [(9.95, 3)]
    buys(shopper, 29.85)


def test_a_product_that_was_removed_from_the_basket_is_added_again_at_the_current_price(
    mall: Mall, products: dict[str, str], shopper: Shopper
) -> None:
    price(mall, products["cable"], "increase", 12.5)
    shopper.ask("PUT", f"{path_of(shopper)}/removeItem", adding(products["cable"], 2))
    shopper.ask("PUT", f"{path_of(shopper)}/addItem", adding(products["cable"]))
    assert basket_of(shopper)["total"] == 12.5
    buys(shopper, 12.5)


def test_another_customer_pays_the_new_price(mall: Mall, products: dict[str, str], shopper: Shopper) -> None:
    price(mall, products["cable"], "increase", 12.5)
    other = Shopper(mall).registers().fills_a_basket({products["cable"]: 2})
    buys(shopper, 19.9)
    assert basket_of(other)["total"] == 25
    bring_a_robot_online(mall, "Hector")
    buys(other, 25)


def test_a_product_removed_from_the_catalogue_after_it_was_added_is_ordered_and_collected(
    mall: Mall, products: dict[str, str], shopper: Shopper
) -> None:
    staff(mall, "DELETE", f"/api/stores/products/{products['cable']}")
    order = buys(shopper, 19.9)
    assert [(item["productName"], item["quantity"]) for item in order["items"]] == [("cable", 2)]


def test_a_product_removed_from_the_catalogue_cannot_be_added_but_can_be_removed_from_the_basket(
    mall: Mall, products: dict[str, str], shopper: Shopper
) -> None:
    staff(mall, "DELETE", f"/api/stores/products/{products['cable']}")
    newcomer = Shopper(mall).registers().fills_a_basket({})
    for customer in (shopper, newcomer):
        answer = customer.refused("PUT", f"{path_of(customer)}/addItem", adding(products["cable"]))
        assert (answer.status, answer.body["message"]) == (404, "product was not located")
    shopper.ask("PUT", f"{path_of(shopper)}/removeItem", adding(products["cable"]))
    buys(shopper, 9.95)


def test_a_product_that_is_removed_before_its_events_arrive_is_not_located() -> None:
    mall = Mall()
    shopper = Shopper(mall).registers().fills_a_basket({})
    mall.stop("baskets")
    products = open_a_store(mall, {"cable": 9.95})
    staff(mall, "DELETE", f"/api/stores/products/{products['cable']}")
    mall.start("baskets")  # its copies are not made yet: it asks the owner
    answer = shopper.refused("PUT", f"{path_of(shopper)}/addItem", adding(products["cable"]))
    assert (answer.status, answer.body["message"]) == (404, "product was not located")


def test_items_keep_the_names_of_product_and_store_under_which_they_were_added(
    mall: Mall, products: dict[str, str], shopper: Shopper
) -> None:
    store_id = store_of(mall, products["cable"])
    label = {"name": "Golden cable", "description": "The same, but golden"}
    staff(mall, "PUT", f"/api/stores/products/{products['cable']}/rebrand", label)
    staff(mall, "PUT", f"/api/stores/{store_id}/rebrand", {"name": "Amp & Ohm"})
    shopper.ask("PUT", f"{path_of(shopper)}/addItem", adding(products["cable"]))
    shopper.ask("PUT", f"{path_of(shopper)}/addItem", adding(products["charger"]))
    names = [("Volt & Wire", "cable"), ("Amp & Ohm", "charger")]
    assert [(item["storeName"], item["productName"]) for item in basket_of(shopper)["items"]] == names
    order = buys(shopper, 64.75)
    assert [(item["storeName"], item["productName"]) for item in order["items"]] == names


def disable_participation(mall: Mall, store_id: str) -> None:
    staff(mall, "DELETE", f"/api/stores/{store_id}/participating", {})


def enable_participation(mall: Mall, store_id: str) -> None:
    staff(mall, "PUT", f"/api/stores/{store_id}/participating", {})


class TestAStoreThatEndsItsParticipation:
    @pytest.fixture(params=[{}, STRICT], ids=["not required", "required"])
    def settings(self, request: pytest.FixtureRequest) -> dict[str, str]:
        settings: dict[str, str] = request.param
        return settings

    @pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
    def mall(self, request: pytest.FixtureRequest, settings: dict[str, str]) -> Mall:
        return Mall(disorder=request.param, settings=settings)

    @pytest.fixture
    def products(self, mall: Mall) -> dict[str, str]:
        products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
        enable_participation(mall, store_of(mall, products["cable"]))
        return products

    def test_what_is_in_the_basket_stays_and_is_ordered(
        self, mall: Mall, products: dict[str, str], shopper: Shopper
    ) -> None:
        disable_participation(mall, store_of(mall, products["cable"]))
        shopper.ask("PUT", f"{path_of(shopper)}/removeItem", adding(products["cable"]))
        assert basket_of(shopper)["total"] == 9.95
        buys(shopper, 9.95)

    def test_more_of_its_products_can_be_added_only_where_participation_is_not_required(
        self, mall: Mall, products: dict[str, str], shopper: Shopper, settings: dict[str, str]
    ) -> None:
        disable_participation(mall, store_of(mall, products["cable"]))
        answers = [
            mall.request("PUT", f"{path_of(shopper)}/addItem", adding(products[name])) for name in ("cable", "charger")
        ]
        if settings == STRICT:
            message = "the store Volt & Wire is not participating"
            assert [(answer.status, answer.body["message"]) for answer in answers] == [(409, message)] * 2
            buys(shopper, 19.9)
        else:
            assert [answer.status for answer in answers] == [200, 200]
            buys(shopper, 64.75)

    def test_when_it_participates_again_its_products_can_be_added_again(
        self, mall: Mall, products: dict[str, str], shopper: Shopper
    ) -> None:
        disable_participation(mall, store_of(mall, products["cable"]))
        enable_participation(mall, store_of(mall, products["cable"]))
        shopper.ask("PUT", f"{path_of(shopper)}/addItem", adding(products["charger"]))
        buys(shopper, 54.8)


class TestOrdersByStaff:
    @pytest.fixture
    def place(self, mall: Mall, products: dict[str, str], shopper: Shopper) -> Callable[..., Any]:
        """A function by which a clerk places an order of one cable for Ada."""
        store_id = store_of(mall, products["cable"])
        shopper.authorizes_a_payment(50)

        def placing(**item: Any) -> Any:
            line = {"storeId": store_id, "productId": products["cable"], "quantity": 1, **item}
            body = {"customerId": shopper.customer_id, "paymentId": shopper.payment_id, "items": [line]}
            answer = mall.request("POST", "/api/ordering", body)
            mall.settle()
            return answer

        return placing

    def test_a_price_that_is_not_the_catalogues_is_refused(
        self, mall: Mall, products: dict[str, str], place: Callable[..., Any]
    ) -> None:
        price(mall, products["cable"], "increase", 12.5)
        answer = place(price=9.95)
        assert (answer.status, answer.body["message"]) == (400, "the price of cable is not the catalogue's")
        assert "OrderCreated" not in mall.names()

    def test_a_removed_product_is_not_located(
        self, mall: Mall, products: dict[str, str], place: Callable[..., Any]
    ) -> None:
        staff(mall, "DELETE", f"/api/stores/products/{products['cable']}")
        answer = place()
        assert (answer.status, answer.body["message"]) == (404, "product was not located")

    def test_the_current_price_is_ordered_and_paid(
        self, mall: Mall, products: dict[str, str], shopper: Shopper, place: Callable[..., Any]
    ) -> None:
        price(mall, products["cable"], "increase", 12.5)
        shopper.basket_id = place(price=12.5).body["id"]
        mall.pass_time(10)
        collect(shopper)
        price(mall, products["cable"], "increase", 99)
        shopper.pays()
        mall.pass_time(60)
        order = shopper.order()
        assert (order["status"], order["total"], shopper.invoice()["amount"]) == ("completed", 12.5, 12.5)
        assert mall.dead_letters() == {}
