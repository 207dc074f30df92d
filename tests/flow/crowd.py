"""Customers, clerks and robots that act at random, decided by a seed."""

import random
import uuid
from typing import Any

from functions.kernel.runtime.context import Caller
from tests.flow.adding_up import ENDED, order_ids
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store, start_heartbeats, stop_heartbeats
from tests.support.callers import A_KIOSK, CLERK, robot
from tests.support.mall import Mall

# Short times, so that a saga compensates and an order expires within minutes.
SETTINGS = {"MALLBOTS_STEP_TIMEOUT": "5", "MALLBOTS_ORDER_UNPAID": "600"}
PRICES = {"cable": 9.95, "charger": 34.9, "kettle": 20.0}
STOPPABLE = ["checkout", "customers", "depot", "insights", "notifications", "ordering", "payments", "search"]
LONGEST_STOP = 60  # seconds; after far longer ones operators would have to redrive dead letters
EVENINGS = 60  # minutes within which every order must have ended


class Crowd:
    """One day of a mall. `live` does random deeds, `finish` brings every order to its end."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self._ids = random.Random(f"ids of {seed}")
        self.mall = Mall(disorder=seed, settings=SETTINGS)
        self.shoppers: list[Shopper] = []
        self.robots: list[str] = []
        self.products: dict[str, str] = {}
        self.assignments: list[tuple[str, int, str]] = []

    def new_id(self) -> str:
        """The next id that a service or a client in the mall makes."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def open(self) -> None:
        """Two stores and two robots."""
        self.products = open_a_store(self.mall, {name: PRICES[name] for name in ("cable", "charger")})
        self.products |= open_a_store(self.mall, {"kettle": PRICES["kettle"]})
        self.robots = [bring_a_robot_online(self.mall, name) for name in ("Ajax", "Bert")]

    def live(self, deeds: int) -> None:
        """Do so many random deeds, and deliver some messages after each."""
        what = {
            self.a_customer_orders: 5,
            self.a_customer_pays: 5,
            self.a_customer_cancels: 2,
            self.staff_cancel_an_order: 1,
            self.staff_cancel_a_list: 1,
            self.staff_disable_a_customer: 1,
            self.a_robot_goes_on: 12,
            self.a_robot_acts_on_an_old_assignment: 1,
            self.a_clerk_checks_in: 1,
            self.a_robot_falls_silent: 1,
            self.a_robot_leaves: 1,
            self.a_robot_comes_back: 2,
            self.a_service_stops_for_a_while: 1,
            self.time_passes: 4,
        }
        for deed in self.chance.choices(list(what), list(what.values()), k=deeds):
            deed()
            self.mall.deliver(self.chance.randint(0, 40))

    def finish(self) -> None:
        """Bring all robots online and collect until every order has ended. Raises AssertionError if one does not."""
        for bot in self.robots:
            start_heartbeats(self.mall, bot)
        for _ in range(EVENINGS):
            for shopping_list in self.lists("assigned", "active"):
                self.collect(shopping_list)
            self.mall.pass_time(60)
            if all(status in ENDED for status in self.statuses().values()):
                self.mall.pass_time(60)
                return
        raise AssertionError(f"these orders do not end: {self.statuses()}")

    def statuses(self) -> dict[str, str]:
        """The status of every order, by its id."""
        shopper = Shopper(self.mall)
        return {id: shopper.ask("GET", f"/api/ordering/{id}")["order"]["status"] for id in order_ids(self.mall)}

    def ask(self, method: str, path: str, body: Any = None, caller: Caller = CLERK) -> Any:
        """The answer, or None when the request is refused (404, 409) or the service is stopped (503)."""
        answer = self.mall.request(method, path, body, caller=caller)
        assert answer.status in (200, 404, 409, 503), (method, path, body, answer)
        return answer.body if answer.status == 200 else None

    def lists(self, *statuses: str) -> list[Any]:
        """The shopping lists with one of these statuses, as staff see them."""
        pages = [self.ask("GET", f"/api/depot/shopping?status={status}&limit=100") for status in statuses]
        return [shopping_list for page in pages if page for shopping_list in page["lists"]]

    def a_customer_orders(self) -> None:
        """A new customer fills a basket and checks out, or gives up when a service does not answer."""
        names = self.chance.sample(list(PRICES), self.chance.randint(1, len(PRICES)))
        wanted = {name: self.chance.randint(1, 3) for name in names}
        total = sum(PRICES[name] * quantity for name, quantity in wanted.items())
        amount = round(total + self.chance.choice([0, 0, 0, 5, 20, -1]), 2)
        new = self.ask("POST", "/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"}, A_KIOSK)
        shopper = Shopper(self.mall, new["id"] if new else "")
        body = {"customerId": shopper.customer_id, "amount": amount}
        payment = new and self.ask("POST", "/api/payments", body, shopper.me)
        basket = payment and self.ask("POST", "/api/baskets", {"customerId": shopper.customer_id}, shopper.me)
        if basket:
            shopper.basket_id, shopper.payment_id = basket["id"], payment["id"]
            path = f"/api/baskets/{shopper.basket_id}"
            for name, quantity in wanted.items():
                shopper.acts("PUT", f"{path}/addItem", {"productId": self.products[name], "quantity": quantity})
            shopper.acts("PUT", f"{path}/checkout", {"paymentId": shopper.payment_id})
            self.shoppers.append(shopper)

    def a_customer_pays(self) -> None:
        if self.shoppers:
            shopper = self.chance.choice(self.shoppers)
            self.ask("PUT", f"/api/payments/invoices/{shopper.basket_id}/pay", None, shopper.me)

    def a_customer_cancels(self) -> None:
        if self.shoppers:
            self.chance.choice(self.shoppers).cancels()

    def staff_cancel_an_order(self) -> None:
        if self.shoppers:
            self.ask("DELETE", f"/api/ordering/{self.chance.choice(self.shoppers).basket_id}")

    def staff_cancel_a_list(self) -> None:
        if self.shoppers:
            self.ask("POST", f"/api/depot/shopping/{self.chance.choice(self.shoppers).basket_id}")

    def staff_disable_a_customer(self) -> None:
        if self.shoppers:
            shopper = self.chance.choice(self.shoppers)
            self.mall.request("PUT", f"/api/customers/{shopper.customer_id}/disable")

    def a_robot_goes_on(self) -> None:
        at_work = self.lists("assigned", "active")
        if at_work:
            shopping_list = self.chance.choice(at_work)
            self.assignments.append((shopping_list["id"], shopping_list["assignment"], shopping_list["botId"]))
            self.collect(shopping_list)

    def a_robot_acts_on_an_old_assignment(self) -> None:
        if self.assignments:
            list_id, assignment, bot = self.chance.choice(self.assignments)
            self.ask("PUT", f"/api/depot/shopping/{list_id}/complete", {"assignment": assignment}, robot(bot))

    def a_clerk_checks_in(self) -> None:
        at_work = self.lists("assigned", "active")
        if at_work:
            shopping_list = self.chance.choice(at_work)
            short = [line for line in lines(shopping_list) if self.chance.random() < 0.3]
            self.ask("PUT", f"/api/depot/shopping/{shopping_list['id']}/complete", {"shortages": short})

    def collect(self, shopping_list: Any) -> None:
        """A robot does the next step of its list, or several; of each item it finds all, or fewer."""
        path = f"/api/depot/shopping/{shopping_list['id']}"
        number, bot = {"assignment": shopping_list["assignment"]}, robot(shopping_list["botId"])
        steps = self.chance.randint(1, 3)
        if shopping_list["status"] == "assigned":
            self.ask("PUT", f"{path}/start", number, bot)
        if steps > 1:
            for line in lines(shopping_list):
                found = self.chance.choice(
                    [line["quantity"], line["quantity"], self.chance.randint(0, line["quantity"])]
                )
                self.ask("PUT", f"{path}/pick", number | line | {"quantity": found}, bot)
        if steps > 2:
            self.ask("PUT", f"{path}/complete", number, bot)

    def a_robot_falls_silent(self) -> None:
        stop_heartbeats(self.mall, self.chance.choice(self.robots))

    def a_robot_leaves(self) -> None:
        bot = self.chance.choice(self.robots)
        stop_heartbeats(self.mall, bot)
        self.ask("PUT", f"/api/depot/bots/{bot}/offline", None, robot(bot))

    def a_robot_comes_back(self) -> None:
        start_heartbeats(self.mall, self.chance.choice(self.robots))

    def a_service_stops_for_a_while(self) -> None:
        service = self.chance.choice(STOPPABLE)
        self.mall.stop(service)
        for _ in range(self.chance.randint(1, 3)):
            self.a_customer_pays()
            self.a_robot_goes_on()
            self.mall.pass_time(self.chance.randint(1, LONGEST_STOP // 3))
        self.mall.start(service)

    def time_passes(self) -> None:
        self.mall.pass_time(self.chance.choice([1, 5, 30, 90]))


def lines(shopping_list: Any) -> list[dict[str, Any]]:
    """The lines of a shopping list."""
    return [
        {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}
        for stop in shopping_list["stops"]
        for item in stop["items"]
    ]
