"""A customer, a robot and a clerk, who use the API of a mall in memory."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.support.callers import customer
from tests.support.mall import Mall, Response

HEARTBEAT = 25  # seconds between a robot's heartbeats: two in a lease of 60


@dataclass
class Shopper:
    """A customer who takes an order step by step; after each step all messages are delivered."""

    mall: Mall
    customer_id: str = ""
    basket_id: str = ""
    payment_id: str = ""

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request that is expected to succeed; its body."""
        response = self.mall.request(method, path, body)
        assert response.status == 200, response
        return response.body

    def refused(self, method: str, path: str, body: Any = None) -> Response:
        """A request that is expected to be refused."""
        response = self.mall.request(method, path, body)
        assert response.status >= 400, response
        return response

    def registers(self) -> "Shopper":
        self.customer_id = self.ask("POST", "/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"})["id"]
        self.mall.settle()
        return self

    def fills_a_basket(self, products: dict[str, int]) -> "Shopper":
        """Product ids and quantities."""
        self.basket_id = self.ask("POST", "/api/baskets", {"customerId": self.customer_id})["id"]
        for product_id, quantity in products.items():
            item = {"productId": product_id, "quantity": quantity}
            self.ask("PUT", f"/api/baskets/{self.basket_id}/addItem", item)
        self.mall.settle()
        return self

    def authorizes_a_payment(self, amount: float) -> "Shopper":
        body = {"customerId": self.customer_id, "amount": amount}
        self.payment_id = self.ask("POST", "/api/payments", body)["id"]
        self.mall.settle()
        return self

    def checks_out(self) -> "Shopper":
        self.ask("PUT", f"/api/baskets/{self.basket_id}/checkout", {"paymentId": self.payment_id})
        self.mall.settle()
        return self

    def pays(self) -> "Shopper":
        self.ask("PUT", f"/api/payments/invoices/{self.basket_id}/pay")
        self.mall.settle()
        return self

    def cancels(self) -> Response:
        """The customer cancels the order, which may be refused as too late."""
        answer = self.mall.request(
            "DELETE",
            f"/api/ordering/{self.basket_id}",
            {"reason": "changed my mind"},
            caller=customer(self.customer_id),
        )
        self.mall.settle()
        return answer

    def is_cancelled_by_staff(self, reason: str = "the mall closes") -> Response:
        """Staff cancel the order."""
        answer = self.mall.request("DELETE", f"/api/ordering/{self.basket_id}", {"reason": reason})
        self.mall.settle()
        return answer

    def order(self) -> Any:
        return self.ask("GET", f"/api/ordering/{self.basket_id}")["order"]

    def shopping_list(self) -> Any:
        return self.ask("GET", f"/api/depot/shopping/{self.basket_id}")["list"]

    def payment(self) -> Any:
        return self.ask("GET", f"/api/payments/{self.payment_id}")["payment"]

    def invoice(self) -> Any:
        return self.ask("GET", f"/api/payments/invoices/{self.basket_id}")["invoice"]


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


def start_heartbeats(mall: Mall, bot: str) -> None:
    """Have a robot send a heartbeat now and regularly from now on; it ignores an unavailable service."""
    _heartbeat(mall, bot)
    mall.repeat(HEARTBEAT, partial(_heartbeat, mall, bot), name=bot)  # a partial: each copy of a mall has its own
    mall.settle()


def _heartbeat(mall: Mall, bot: str) -> None:
    response = mall.request("PUT", f"/api/depot/bots/{bot}/online")
    assert response.status in (200, 503), response


def stop_heartbeats(mall: Mall, bot: str) -> None:
    """Stop a robot's heartbeats; a test can still make it act."""
    mall.stop_repeating(bot)


def leave(mall: Mall, bot: str) -> None:
    """Have a robot report that it goes offline."""
    stop_heartbeats(mall, bot)
    Shopper(mall).ask("PUT", f"/api/depot/bots/{bot}/offline")
    mall.settle()


def collect(shopper: Shopper) -> None:
    """Have the robot that is assigned the shopper's list pick everything and complete the list."""
    shopping_list = shopper.shopping_list()
    assert shopping_list["status"] == "assigned", shopping_list
    path = f"/api/depot/shopping/{shopping_list['id']}"
    assignment = shopping_list["assignment"]
    shopper.ask("PUT", f"{path}/start", {"assignment": assignment})
    for stop in shopping_list["stops"]:
        for item in stop["items"]:
            pick = {"storeId": stop["storeId"], "productId": item["productId"], "quantity": item["quantity"]}
            shopper.ask("PUT", f"{path}/pick", {"assignment": assignment, **pick})
    shopper.ask("PUT", f"{path}/complete", {"assignment": assignment})
    shopper.mall.settle()
