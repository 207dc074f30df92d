"""Clerks: staff at the depot who work on lists, orders and sagas, also while robots and customers do."""

from collections.abc import Callable

from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import Product, lines, rest_amount

QUANTITIES = (*8 * ((1,),), (1, 1), (999, 999))  # of the lines of one product


class Clerk(Client):
    """One clerk."""

    def work(self, after: float, actions: int) -> None:
        """Do so many random actions, seconds apart."""
        what: list[Callable[[], None]] = [
            self.cancel_a_list,
            self.check_in_a_list,
            self.cancel_an_order,
            self.create_a_list,
            self.place_an_order,
            self.assign_a_list,
            self.resume_sagas,
            self.read_screens,
            self.read_lists,
        ]
        self.draw_retry_key()
        self.cloud.sleep(after)
        for _ in range(actions):
            self.choices.pick(what, "what a clerk does")()
            self.pause(1, 20)

    def cancel_a_list(self) -> None:
        if self.mall.orders:
            self.request("POST", f"/api/depot/shopping/{self._order()}")

    def check_in_a_list(self) -> None:
        if not self.mall.orders:
            return
        found = self.get(f"/api/depot/shopping/{self._order()}")
        if found is None:
            return
        short = [
            line | {"quantity": self.choices.between(1, line["quantity"], "how many are short")}
            for line in lines(found["list"])
            if self.chance(0.4, "a line that is short")
        ]
        body = {"shortages": short} if self.chance(0.7, "reporting shortages") else {}
        self.request("PUT", f"/api/depot/shopping/{found['list']['id']}/complete", body)

    def cancel_an_order(self) -> None:
        if self.mall.orders:
            self.request("DELETE", f"/api/ordering/{self._order()}", {"reason": "the mall closes"})

    def create_a_list(self) -> None:
        """By hand; the order may have a list already."""
        if not self.mall.orders:
            return
        product = self.choices.pick(self.mall.products, "a product")
        items = self._lines(product)
        answer = self.request("POST", "/api/depot/shopping", {"orderId": self._order(), "items": items})
        if answer.status == 200:
            self.request("PUT", f"/api/depot/shopping/{answer.body['id']}/initiate")

    def place_an_order(self) -> None:
        """For a customer, without a basket, and sometimes with the payment of another order."""
        if not self.mall.orders:
            return
        model = self.choices.pick(self.mall.orders, "whose order")
        product = self.choices.pick(self.mall.products, "a product")
        payment_id: str | None = model.payment_id
        if self.chance(0.5, "a payment of its own"):
            amount = {"customerId": model.customer_id, "amount": rest_amount(product.price)}
            payment = self.request("POST", "/api/payments", amount)
            payment_id = payment.body["id"] if payment.status == 200 else None
        if payment_id:
            items = self._lines(product)
            body = {"customerId": model.customer_id, "paymentId": payment_id, "items": items}
            self.request("POST", "/api/ordering", body)
            if self.chance(0.5, "watching its saga"):
                self.pause(0.5, 2)
                self._read_pages("/api/checkout/sagas", 0.5, 3)

    def assign_a_list(self) -> None:
        """To any robot, idle or not."""
        if self.mall.orders and self.mall.robots:
            body = {"botId": self.choices.pick(self.mall.robots, "which robot")}
            self.request("PUT", f"/api/depot/shopping/{self._order()}/assign", body)

    def read_screens(self) -> None:
        """Read what screens show: it may lag, but must be answered."""
        self.get("/api/depot/bots")
        self.get("/api/insights/funnel")
        self.request("POST", "/api/search/orders", {"filters": {}})

    def read_lists(self) -> None:
        """Read whole lists in small pages, while what is in them moves."""
        for path in ("/api/checkout/sagas", "/api/stores"):
            self._read_pages(path)
        found = self._search()
        while found and "next" in found:
            found = self._search(next=found["next"])

    def read_repeatedly(self, after: float) -> None:
        """Read whole lists some times, seconds apart."""
        self.cloud.sleep(after)
        for _ in range(4):
            self.read_lists()
            self.pause(2, 30)

    def _read_pages(self, path: str, least: float = 0, most: float = 0) -> None:
        """Read a list one by one, with so many seconds for each page."""
        page = self.get(f"{path}?limit=1")
        while page and "next" in page:
            self.pause(least, most)
            page = self.get(f"{path}?limit=1&next={page['next']}")

    def _search(self, **more: str) -> dict[str, str] | None:
        answer = self.request("POST", "/api/search/orders", {"limit": 1, **more})
        return answer.body if answer.status == 200 else None

    def _lines(self, product: Product) -> list[dict[str, object]]:
        """One of a product; seldom as two lines, which are two of it or more than one line may hold."""
        line: dict[str, object] = {"storeId": product.store_id, "productId": product.id}
        quantities = self.choices.pick(QUANTITIES, "how many in which lines")
        return [line | {"quantity": quantity} for quantity in quantities]

    def _order(self) -> str:
        return self.choices.pick(self.mall.orders, "which order").id
