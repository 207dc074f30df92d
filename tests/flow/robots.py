"""Robots and lists in flow tests: their statuses, and a robot's steps with the list of an order."""

from typing import Any, Protocol

from tests.flow.shopper import Shopper
from tests.support.callers import CLERK, robot
from tests.support.cloud import Response
from tests.support.mall import Mall

PRICES = {"cable": 9.95, "charger": 34.9}
ORDERED, TOTAL = {"cable": 2, "charger": 1}, 54.8


class Step(Protocol):
    """What a robot does with the list of an order, under an assignment: the robot that has the list, or another one.

    A clerk does it where nobody has the list.
    """

    def __call__(self, shopper: Shopper, assignment: int, bot: str | None = None) -> Response: ...


def orders(mall: Mall, products: dict[str, str], number: int = 1) -> list[Shopper]:
    """Customers whose orders are approved, the one that has waited longest first."""
    shoppers = []
    for _ in range(number):
        shopper = Shopper(mall).registers().fills_a_basket({products[name]: ORDERED[name] for name in ORDERED})
        shoppers.append(shopper.authorizes_a_payment(TOTAL).checks_out())
        mall.pass_time(1)
    return shoppers


def robots(mall: Mall) -> dict[str, str]:
    """The status of each robot."""
    return {bot["id"]: bot["status"] for bot in Shopper(mall).ask("GET", "/api/depot/bots")["bots"]}


def at_work(shoppers: list[Shopper]) -> dict[int, str]:
    """The robot at work for each order, by the order's position; none works for two."""
    lists = [shopper.shopping_list() for shopper in shoppers]
    found = {n: one["botId"] for n, one in enumerate(lists) if one["status"] in ("assigned", "active")}
    assert len(set(found.values())) == len(found), found
    return found


def standing(shopper: Shopper) -> tuple[str, str | None, int]:
    """An order's list: its status, the robot that has it, and the number of its latest assignment."""
    found = shopper.shopping_list()
    return found["status"], found["botId"], found["assignment"]


def picked(shopper: Shopper) -> int:
    """The quantity picked in all."""
    return sum(item["picked"] for stop in shopper.shopping_list()["stops"] for item in stop["items"])


def start(shopper: Shopper, assignment: int, bot: str | None = None) -> Response:
    return _step(shopper, "start", {"assignment": assignment}, bot)


def pick(shopper: Shopper, assignment: int, bot: str | None = None) -> Response:
    """Pick one of the list's first item."""
    stop = shopper.shopping_list()["stops"][0]
    item = {"storeId": stop["storeId"], "productId": stop["items"][0]["productId"], "quantity": 1}
    return _step(shopper, "pick", {"assignment": assignment, **item}, bot)


def complete(shopper: Shopper, assignment: int, bot: str | None = None) -> Response:
    return _step(shopper, "complete", {"assignment": assignment}, bot)


def _step(shopper: Shopper, step: str, body: dict[str, Any], bot: str | None) -> Response:
    bot = bot or shopper.shopping_list()["botId"]
    return shopper.mall.request("PUT", path_of(shopper, step), body, caller=robot(bot) if bot else CLERK)


def path_of(shopper: Shopper, step: str) -> str:
    return f"/api/depot/shopping/{shopper.basket_id}/{step}"


STEPS: list[Step] = [start, pick, complete]
