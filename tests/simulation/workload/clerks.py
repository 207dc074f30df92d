"""Clerks: they look after lists, orders and sagas, and sometimes get in the way of robots and customers."""

from collections.abc import Callable

from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import lines, on_the_wire


class Clerk(Client):
    """One clerk of the depot's desk, who does so many things a day."""

    def mind_the_desk(self, after: float, deeds: int) -> None:
        """Do that many things, some seconds apart."""
        what: list[Callable[[], None]] = [
            self.cancel_a_list,
            self.check_in_a_list,
            self.call_an_order_off,
            self.plan_a_list,
            self.place_an_order,
            self.assign_a_list,
            self.resume_sagas,
            self.look_around,
        ]
        self.drawn()
        self.cloud.sleep(after)
        for _ in range(deeds):
            self.choices.pick(what, "what a clerk does")()
            self.pause(1, 20)

    def cancel_a_list(self) -> None:
        if self.scene.orders:
            self.ask("POST", f"/api/depot/shopping/{self._order()}")

    def check_in_a_list(self) -> None:
        if not self.scene.orders:
            return
        found = self.get(f"/api/depot/shopping/{self._order()}")
        if found is None:
            return
        short = [
            line | {"quantity": self.choices.between(1, line["quantity"], "how many are short")}
            for line in lines(found["list"])
            if self.may(0.4, "a line that is short")
        ]
        body = {"shortages": short} if self.may(0.7, "saying what is short") else {}
        self.ask("PUT", f"/api/depot/shopping/{found['list']['id']}/complete", body)

    def call_an_order_off(self) -> None:
        if self.scene.orders:
            self.ask("DELETE", f"/api/ordering/{self._order()}", {"reason": "the mall closes"})

    def plan_a_list(self) -> None:
        """A list by hand, which may name an order that has one already."""
        if not self.scene.orders:
            return
        product = self.choices.pick(self.scene.products, "a product")
        items = [{"storeId": product.store_id, "productId": product.id, "quantity": 1}]
        answer = self.ask("POST", "/api/depot/shopping", {"orderId": self._order(), "items": items})
        if answer.status == 200:
            self.ask("PUT", f"/api/depot/shopping/{answer.body['id']}/initiate")

    def place_an_order(self) -> None:
        """For a customer at the desk, without a basket, and now and then with the payment of another order."""
        if not self.scene.orders:
            return
        model = self.choices.pick(self.scene.orders, "whose order")
        product = self.choices.pick(self.scene.products, "a product")
        payment_id: str | None = model.payment_id
        if self.may(0.5, "a payment of its own"):
            amount = {"customerId": model.customer_id, "amount": on_the_wire(product.price)}
            payment = self.ask("POST", "/api/payments", amount)
            payment_id = payment.body["id"] if payment.status == 200 else None
        if payment_id:
            items = [{"storeId": product.store_id, "productId": product.id, "quantity": 1}]
            body = {"customerId": model.customer_id, "paymentId": payment_id, "items": items}
            self.ask("POST", "/api/ordering", body)

    def assign_a_list(self) -> None:
        """To a robot of one's choice, whether it has time or not."""
        if self.scene.orders and self.scene.robots:
            body = {"botId": self.choices.pick(self.scene.robots, "which robot")}
            self.ask("PUT", f"/api/depot/shopping/{self._order()}/assign", body)

    def resume_sagas(self) -> None:
        """Every saga that is parked."""
        found = self.get("/api/checkout/sagas?status=parked&limit=20") or {"sagas": []}
        for saga in found["sagas"]:
            self.ask("PUT", f"/api/checkout/sagas/{saga['orderId']}/resume")

    def look_around(self) -> None:
        """What screens show: read models, which may be behind but must answer."""
        self.get("/api/depot/bots")
        self.get("/api/insights/funnel")
        self.ask("POST", "/api/search/orders", {"filters": {}})

    def _order(self) -> str:
        return self.choices.pick(self.scene.orders, "which order").id
