"""Orders with long names: what could not be stored later is refused at the door, and what is taken is stored."""

from functools import partial
from typing import Any

import pytest

from functions.baskets.domain import Line
from functions.kernel.domain.errors import InvalidError
from functions.kernel.domain.sizes import must_fit
from tests.flow.shopper import Shopper, bring_a_robot_online, collect
from tests.support.mall import Mall

ROBOT = "\N{ROBOT FACE}"  # four bytes
LONGEST = 200  # letters of a name or location
LINES = 100
PRICE = 10.0


def open_stores(mall: Mall, stores: int, letters: int, location: str) -> dict[str, str]:
    """Create stores with 100 products among them, all with names of so many robots; the products' stores."""
    staff = Shopper(mall)
    name = ROBOT * letters
    opened = [
        staff.ask("POST", "/api/stores", {"name": name, "location": location * LONGEST})["id"] for _ in range(stores)
    ]
    product = {"name": name, "description": "", "sku": "", "price": PRICE}
    sold = [opened[n % stores] for n in range(LINES)]
    found = {staff.ask("POST", f"/api/stores/{store}/products", product)["id"]: store for store in sold}
    mall.settle()
    return found


def with_a_full_basket(mall: Mall, products: dict[str, str]) -> Shopper:
    shopper = Shopper(mall).registers().fills_a_basket(dict.fromkeys(products, 1))
    return shopper.authorizes_a_payment(LINES * PRICE)


def fits(stores: int, letters: int) -> bool:
    names, ids = (ROBOT * letters,) * 2, "x" * 36
    lines = [Line(f"{n % stores:036}", ids, *names, price=1000, quantity=1) for n in range(LINES)]
    try:
        must_fit(lines, "a basket")
    except InvalidError:
        return False
    return True


def longest(stores: int) -> int:
    """The letters of the longest names with which a basket of 100 lines may still be checked out."""
    return max(letters for letters in range(LONGEST + 1) if fits(stores, letters))


def as_staff(products: dict[str, str], shopper: Shopper) -> dict[str, Any]:
    items = [{"storeId": store, "productId": product, "quantity": 1} for product, store in products.items()]
    return {"customerId": shopper.customer_id, "paymentId": shopper.payment_id, "items": items}


def test_a_basket_of_100_lines_with_names_of_200_four_byte_letters_is_refused_at_checkout() -> None:
    mall = Mall()
    products = open_stores(mall, 1, LONGEST, "x")
    shopper = with_a_full_basket(mall, products)
    checkout = partial(shopper.refused, "PUT", f"/api/baskets/{shopper.basket_id}/checkout")
    answer = checkout({"paymentId": shopper.payment_id})
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert answer.body["message"].startswith("the basket is too large: its lines take 17")
    assert shopper.refused("POST", "/api/ordering", as_staff(products, shopper)).status == 400
    mall.pass_time(60)
    assert shopper.ask("GET", f"/api/baskets/{shopper.basket_id}")["basket"]["status"] == "open"
    assert shopper.payment()["status"] == "authorized"
    assert mall.dead_letters() == {}


def test_a_shopping_list_of_staff_that_could_not_be_stored_is_refused_in_words() -> None:
    mall = Mall()
    products = open_stores(mall, LINES, LONGEST, ROBOT)
    body = {"orderId": "on paper", "items": as_staff(products, Shopper(mall))["items"]}
    answer = Shopper(mall).refused("POST", "/api/depot/shopping", body)
    assert (answer.status, answer.body["code"]) == (413, "too_large")
    assert answer.body["message"].endswith("one change holds at most 350,000: ask for less in one request")


@pytest.mark.parametrize(
    ("stores", "location", "letters"),
    [(1, ROBOT, 110), (40, ROBOT, 110), (LINES, '"', 16), (LINES, ROBOT, 16)],
)
def test_the_heaviest_basket_that_is_checked_out_goes_through_its_whole_life(
    stores: int, location: str, letters: int
) -> None:
    assert longest(stores) == letters
    mall = Mall()
    bot = bring_a_robot_online(mall)
    shopper = with_a_full_basket(mall, open_stores(mall, stores, letters, location))
    mall.hold("ordering", "ApproveOrder")
    shopper.checks_out()
    mall.pass_time(10)
    assert shopper.shopping_list()["botId"] == bot
    collect(shopper)
    mall.settle()
    mall.release("ordering", "ApproveOrder")
    mall.pass_time(60)
    assert shopper.order()["status"] == "ready"
    shopper.pays()
    mall.pass_time(60)
    assert shopper.order()["status"] == "completed"
    assert len(shopper.order()["items"]) == LINES
    assert mall.dead_letters() == {}
