"""An order of goods from two stores, in a mall with one robot, brought to any state."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from functions.kernel.runtime.context import Caller
from tests.flow.adding_up import money, notified
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.support.callers import CLERK, robot
from tests.support.mall import Mall

PRICES = {"cable": 9.95, "charger": 34.9, "kettle": 20.0}
ORDERED = {"cable": 2, "charger": 1, "kettle": 3}
TOTAL = 114.8
AUTHORIZED = 120.0

Checker = Literal["robot", "clerk", "clerk while the robot collects"]


@dataclass
class Scene:
    """A customer with a full basket (114.80) and a payment that covers it (120.00). Quantities go by product name."""

    mall: Mall
    shopper: Shopper
    products: dict[str, str]
    stores: dict[str, str] = field(default_factory=dict)

    @property
    def order_id(self) -> str:
        return self.shopper.basket_id

    @property
    def path(self) -> str:
        return f"/api/depot/shopping/{self.order_id}"

    def is_approved(self) -> "Scene":
        self.shopper.checks_out()
        self.mall.pass_time(10)
        assert self.shopper.order()["status"] == "approved"
        return self

    def robot_starts(self) -> int:
        """The robot starts; returns its assignment."""
        bot, assignment = self.assigned_robot()
        self.shopper.ask("PUT", f"{self.path}/start", {"assignment": assignment}, bot)
        return assignment

    def assigned_robot(self) -> tuple[Caller, int]:
        """The robot that has the order's list, and its assignment."""
        found = self.shopper.shopping_list()
        return robot(found["botId"]), found["assignment"]

    def robot_picks(self, name: str, quantity: int) -> int:
        """The robot picks `quantity` of a product in all; returns the status of the answer."""
        bot, assignment = self.assigned_robot()
        pick = {"assignment": assignment, **self.line(name, quantity)}
        return self.mall.request("PUT", f"{self.path}/pick", pick, caller=bot).status

    def is_collected(self, short: Mapping[str, int] | None = None, by: Checker = "robot") -> "Scene":
        """The list is completed without what is `short`: a robot does not pick it, a clerk reports it."""
        self.is_checked_in(short or {}, by)
        self.mall.pass_time(10)
        return self

    def is_checked_in(self, short: Mapping[str, int], by: Checker = "robot") -> None:
        """The same, and no message is delivered yet."""
        completion: dict[str, Any] = {}
        who = CLERK
        if by != "clerk":
            completion = {"assignment": self.robot_starts()}
            for name, quantity in ORDERED.items():
                if quantity > short.get(name, 0):
                    assert self.robot_picks(name, quantity - short.get(name, 0)) == 200
        if by == "robot":
            who, _ = self.assigned_robot()
        else:
            completion = {"shortages": [self.line(name, quantity) for name, quantity in short.items()]}
        self.shopper.ask("PUT", f"{self.path}/complete", completion, who)

    def line(self, name: str, quantity: int) -> dict[str, Any]:
        return {"storeId": self.stores[name], "productId": self.products[name], "quantity": quantity}

    def items(self) -> dict[str, int]:
        """The items of the order now, as quantities by name."""
        names = {product_id: name for name, product_id in self.products.items()}
        return {names[item["productId"]]: item["quantity"] for item in self.shopper.order()["items"]}

    def robots(self) -> set[str]:
        return {robot["status"] for robot in self.shopper.ask("GET", "/api/depot/bots")["bots"]}

    def told(self) -> list[str]:
        return notified(self.mall, self.shopper.order())

    def ended_by(self) -> list[str]:
        """Who cancelled the order: customer, staff or system, as it was published."""
        mine = [e for e in self.mall.published if e.data.get("order_id") == self.order_id]
        return [e.data["by"] for e in mine if e.metadata.name == "OrderCancelled"]

    def paid_and_refunded(self) -> tuple[float, float]:
        """What was captured of the payment, and what was refunded."""
        payment = money(self.mall, self.shopper.payment_id)
        return payment.captured / 100, payment.refunded / 100


def a_scene(
    disorder: int | None = None, *, robots: int = 1, settings: Mapping[str, str] | None = None, hour: int = 9
) -> Scene:
    """Before the checkout, at an hour of the day."""
    return deepcopy(_prepared(disorder, robots, tuple((settings or {}).items()), hour))


@cache
def _prepared(disorder: int | None, robots: int, settings: tuple[tuple[str, str], ...], hour: int) -> Scene:
    """Made once and copied for each test: there are many."""
    mall = Mall(disorder=disorder, settings=dict(settings), hour=hour)
    products = open_a_store(mall, {name: PRICES[name] for name in ("cable", "charger")})
    products |= open_a_store(mall, {"kettle": PRICES["kettle"]})
    for number in range(robots):
        bring_a_robot_online(mall, f"robot {number}")
    shopper = Shopper(mall).registers().fills_a_basket({products[name]: ORDERED[name] for name in ORDERED})
    scene = Scene(mall, shopper.authorizes_a_payment(AUTHORIZED), products)
    for name, product_id in products.items():
        scene.stores[name] = shopper.ask("GET", f"/api/stores/products/{product_id}")["product"]["storeId"]
    return scene


def cost(items: Mapping[str, int]) -> float:
    """The price of these quantities."""
    return round(sum(PRICES[name] * quantity for name, quantity in items.items()), 2)


def less(short: Mapping[str, int]) -> dict[str, int]:
    """What was ordered, without what is short."""
    left = {name: quantity - short.get(name, 0) for name, quantity in ORDERED.items()}
    return {name: quantity for name, quantity in left.items() if quantity}
