"""A day in the mall, with orders of every fate, for the tests of read models."""

from dataclasses import dataclass, field
from typing import Any

from functions.kernel.eventstore import relay
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store, start_heartbeats, stop_heartbeats
from tests.support.callers import robot
from tests.support.mall import Mall

TOTAL = 54.8
SOON = {"MALLBOTS_ORDER_UNPAID": "600", "MALLBOTS_BASKET_UNTOUCHED": "600"}
RANGE = "from=2026-01-05T00:00:00Z&to=2026-01-06T00:00:00Z"


@dataclass
class Day:
    """Customers by the fate of their orders, in a mall with one robot that collects one order after the other."""

    mall: Mall
    products: dict[str, str]
    robot: str
    shoppers: dict[str, Shopper] = field(default_factory=dict)
    baskets: list[str] = field(default_factory=list)

    @property
    def orders(self) -> list[Any]:
        """Every order, as ordering has it."""
        return [shopper.order() for shopper in self.shoppers.values()]

    def fills(self) -> Shopper:
        """A new customer with a basket of 54.80."""
        shopper = Shopper(self.mall).registers()
        shopper.fills_a_basket({self.products["cable"]: 2, self.products["charger"]: 1})
        self.baskets.append(shopper.basket_id)
        return shopper

    def orders_something(self, fate: str, amount: float = TOTAL) -> Shopper:
        """A new customer whose order is accepted, unless the amount does not cover it."""
        shopper = self.shoppers[fate] = self.fills().authorizes_a_payment(amount).checks_out()
        self.mall.pass_time(20)
        return shopper

    def finds(self, shopper: Shopper, cables: int, chargers: int) -> None:
        """The robot collects these quantities."""
        found = shopper.shopping_list()
        path, assignment = f"/api/depot/shopping/{found['id']}", {"assignment": found["assignment"]}
        bot = robot(found["botId"])
        shopper.ask("PUT", f"{path}/start", assignment, bot)
        picked = {self.products["cable"]: cables, self.products["charger"]: chargers}
        for item in found["stops"][0]["items"]:
            pick = {"storeId": found["stops"][0]["storeId"], "productId": item["productId"]}
            pick["quantity"] = picked[item["productId"]]
            shopper.ask("PUT", f"{path}/pick", {**assignment, **pick}, bot)
        shopper.ask("PUT", f"{path}/complete", assignment, bot)
        self.mall.pass_time(20)


def a_day(disorder: int | None = None) -> Day:
    """A mall with a store and a robot, before the first customer."""
    mall = Mall(disorder=disorder, settings=SOON)
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    return Day(mall, products, bring_a_robot_online(mall))


def morning(day: Day) -> None:
    """Orders that complete: paid when ready, paid beforehand, short. The robot falls silent for an hour meanwhile."""
    first, second = day.orders_something("paid when ready"), day.orders_something("paid beforehand")
    collect(first)
    first.pays()
    stop_heartbeats(day.mall, day.robot)
    day.mall.pass_time(3_600)
    start_heartbeats(day.mall, day.robot)
    day.mall.pass_time(60)
    second.pays()
    collect(second)
    third = day.orders_something("short")
    day.finds(third, 1, 1)
    third.pays()


def afternoon(day: Day) -> None:
    """Orders that do not complete, and baskets that are not checked out."""
    day.orders_something("rejected", amount=10)
    hasty = day.shoppers["cancelled before approval"] = day.fills().authorizes_a_payment(TOTAL)
    hasty.acts("PUT", f"/api/baskets/{hasty.basket_id}/checkout", {"paymentId": hasty.payment_id})
    while not any(
        e.metadata.name == "OrderCreated" and e.data["order_id"] == hasty.basket_id for e in day.mall.published
    ):
        assert day.mall.deliver()
        day.mall.relay()
    hasty.is_cancelled_by_staff()
    day.orders_something("cancelled after approval").is_cancelled_by_staff()
    day.orders_something("cancelled though paid").pays().is_cancelled_by_staff()
    day.finds(day.orders_something("nothing found"), 0, 0)
    leaver = day.fills()
    leaver.acts("DELETE", f"/api/baskets/{leaver.basket_id}")
    day.fills()  # a basket that is abandoned
    collect(day.orders_something("never paid"))
    day.mall.pass_time(1_800)


def replay(mall: Mall, service: str) -> int:
    """Replay a service's whole history to insights; returns the number of messages."""
    sent, cursor = 0, None
    while True:
        with mall.at_work(service):
            page = relay.republish(to="insights", cursor=cursor, limit=25)
        sent += int(page["sent"])
        cursor = page["cursor"]
        mall.settle()
        if cursor is None:
            return sent


def replay_everything(mall: Mall) -> int:
    """The same of every service."""
    return sum(replay(mall, service) for service in mall.manifests)


def insights(mall: Mall, what: str) -> Any:
    """An answer of insights about the day."""
    answer = mall.request("GET", f"/api/insights/{what}?{RANGE}")
    assert answer.status == 200, answer
    return answer.body


def timeline(mall: Mall, path: str) -> list[dict[str, Any]]:
    """All messages of a timeline, page by page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = mall.request("GET", f"/api/insights/{path}?limit=7{after}")
        assert answer.status == 200, answer
        found += answer.body["messages"]
        if "next" not in answer.body:
            return found
        after = f"&next={answer.body['next']}"
