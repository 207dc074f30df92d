"""A customer, a robot and a clerk, who use the API of a mall in memory."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from functions.kernel.runtime.context import Caller
from tests.support.callers import A_KIOSK, CLERK, customer, robot
from tests.support.cloud import Response
from tests.support.mall import Mall

HEARTBEAT = 25  # seconds between a robot's heartbeats: two in a lease of 60


@dataclass
class Shopper:
    """A customer who takes an order step by step; after each step all messages are delivered.

    `ask` and `refused` send requests of a clerk, unless told otherwise; `acts`, the customer's own.
    """

    mall: Mall
    customer_id: str = ""
    basket_id: str = ""
    payment_id: str = ""

    @property
    def me(self) -> Caller:
        """The customer's session."""
        return customer(self.customer_id)

    def ask(self, method: str, path: str, body: Any = None, caller: Caller = CLERK) -> Any:
        """A request that is expected to succeed; its body."""
        response = self.mall.request(method, path, body, caller=caller)
        assert response.status == 200, response
        return response.body

    def acts(self, method: str, path: str, body: Any = None) -> Any:
        """The same, of the customer."""
        return self.ask(method, path, body, self.me)

    def refused(self, method: str, path: str, body: Any = None, caller: Caller = CLERK) -> Response:
        """A request that is expected to be refused."""
        response = self.mall.request(method, path, body, caller=caller)
        assert response.status >= 400, response
        return response

    def registers(self) -> "Shopper":
        body = {"name": "Ada Reyes", "smsNumber": "+15550100"}
        self.customer_id = self.ask("POST", "/api/customers", body, A_KIOSK)["id"]
        self.mall.settle()
        return self

    def fills_a_basket(self, products: dict[str, int]) -> "Shopper":
        """Product ids and quantities."""
        self.basket_id = self.acts("POST", "/api/baskets", {"customerId": self.customer_id})["id"]
        for product_id, quantity in products.items():
            item = {"productId": product_id, "quantity": quantity}
            self.acts("PUT", f"/api/baskets/{self.basket_id}/addItem", item)
        self.mall.settle()
        return self

    def authorizes_a_payment(self, amount: float) -> "Shopper":
        body = {"customerId": self.customer_id, "amount": amount}
        self.payment_id = self.acts("POST", "/api/payments", body)["id"]
        self.mall.settle()
        return self

    def checks_out(self) -> "Shopper":
        self.acts("PUT", f"/api/baskets/{self.basket_id}/checkout", {"paymentId": self.payment_id})
        self.mall.settle()
        return self

    def pays(self) -> "Shopper":
        self.acts("PUT", f"/api/payments/invoices/{self.basket_id}/pay")
        self.mall.settle()
        return self

    def cancels(self) -> Response:
        """The customer cancels the order, which may be refused as too late."""
        reason = {"reason": "changed my mind"}
        answer = self.mall.request("DELETE", f"/api/ordering/{self.basket_id}", reason, caller=self.me)
        self.mall.settle()
        return answer

    def is_cancelled_by_staff(self, reason: str = "the mall closes") -> Response:
        """Staff cancel the order."""
        answer = self.mall.request("DELETE", f"/api/ordering/{self.basket_id}", {"reason": reason})
        self.mall.settle()
        return answer

    def order(self) -> Any:
        return self.acts("GET", f"/api/ordering/{self.basket_id}")["order"]

    def shopping_list(self) -> Any:
        return self.ask("GET", f"/api/depot/shopping/{self.basket_id}")["list"]

    def payment(self) -> Any:
        return self.acts("GET", f"/api/payments/{self.payment_id}")["payment"]

    def invoice(self) -> Any:
        return self.acts("GET", f"/api/payments/invoices/{self.basket_id}")["invoice"]


def open_a_store(mall: Mall, prices: dict[str, float]) -> dict[str, str]:
    """Create a store with these products; their ids by name."""
    clerk = Shopper(mall)
    store = clerk.ask("POST", "/api/stores", {"name": "Volt & Wire", "location": "Level 2"})["id"]
    found = {}
    for name, price in prices.items():
        body = {"name": name, "description": "", "sku": name.upper(), "price": price}
        found[name] = clerk.ask("POST", f"/api/stores/{store}/products", body)["id"]
    mall.settle()
    return found


def bring_a_robot_online(mall: Mall, name: str = "Ajax") -> str:
    """Register a robot, which is idle and sends heartbeats as time passes; its id."""
    bot: str = Shopper(mall).ask("POST", "/api/depot/bots", {"name": name})["id"]
    start_heartbeats(mall, bot)
    return bot


def was_on_the_stream(mall: Mall, bot: str) -> None:
    """A robot had a connection to the broker, which has ended."""
    mall.settle()
    for connected in (True, False):
        mall.broker.tell_presence(bot, "a-session", 1, connected=connected)
        mall.settle()


def start_heartbeats(mall: Mall, bot: str) -> None:
    """Have a robot send a heartbeat now and regularly from now on; it ignores an unavailable service."""
    _heartbeat(mall, bot)
    mall.repeat(HEARTBEAT, partial(_heartbeat, mall, bot), name=bot)  # a partial: each copy of a mall has its own
    mall.settle()


def _heartbeat(mall: Mall, bot: str) -> None:
    response = mall.request("PUT", f"/api/depot/bots/{bot}/online", caller=robot(bot))
    assert response.status in (200, 503), response


def stop_heartbeats(mall: Mall, bot: str) -> None:
    """Stop a robot's heartbeats; a test can still make it act."""
    mall.stop_repeating(bot)


def leave(mall: Mall, bot: str) -> None:
    """Have a robot report that it goes offline."""
    stop_heartbeats(mall, bot)
    Shopper(mall).ask("PUT", f"/api/depot/bots/{bot}/offline", caller=robot(bot))
    mall.settle()


def collect(shopper: Shopper) -> None:
    """Have the robot that is assigned the shopper's list pick everything and complete the list."""
    shopping_list = shopper.shopping_list()
    assert shopping_list["status"] == "assigned", shopping_list
    path = f"/api/depot/shopping/{shopping_list['id']}"
    bot, assignment = robot(shopping_list["botId"]), shopping_list["assignment"]
    shopper.ask("PUT", f"{path}/start", {"assignment": assignment}, bot)
    for stop in shopping_list["stops"]:
        for item in stop["items"]:
            pick = {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}
            shopper.ask("PUT", f"{path}/pick", {"assignment": assignment, **pick}, bot)
    shopper.ask("PUT", f"{path}/complete", {"assignment": assignment}, bot)
    shopper.mall.settle()
