"""The unlucky: customers at whose turn several rare things come together, which hardly ever do so by themselves."""

from tests.simulation.workload.customers import Customer, Plan
from tests.simulation.workload.mall import Order, on_the_wire
from tests.simulation.workload.robots import Robot

PLAN = Plan(paying="never", leaving="no", extra=0, clumsy=False, shared_key=None)
LOOKS = 12  # for what has to come about before the next step


class Unlucky(Customer):
    """Somebody who pays for an order that was short, and called off, before payments heard of either.

    So one payment may have two refunds: for what was short, and for the rest.
    """

    def be_unlucky(self, after: float) -> None:
        """Come after so many seconds; give up wherever the mall does not let them go on."""
        self.cloud.sleep(after)
        order = self._place_an_order()
        if order is None or not self._await_invoice(order):
            return
        self.cloud.disable("payments")
        if self._is_collected(order):
            self.ask("DELETE", f"/api/ordering/{order.id}", {"reason": "the mall closes"}, who="staff:the desk")
            self.ask("PUT", f"/api/payments/invoices/{order.id}/pay")
            self.pause(1, 5)
        self.cloud.start("payments")

    def _place_an_order(self) -> Order | None:
        customer_id = self._register(PLAN)
        basket_id = customer_id and self._created(self.ask("POST", "/api/baskets", {"customerId": customer_id}))
        total = self._fill(basket_id, PLAN) if basket_id else 0
        if not customer_id or not basket_id or not total:
            return None
        body = {"customerId": customer_id, "amount": on_the_wire(total)}
        payment_id = self._created(self.ask("POST", "/api/payments", body))
        if not payment_id:
            return None
        answer = self.ask("PUT", f"/api/baskets/{basket_id}/checkout", {"paymentId": payment_id})
        if answer.status != 200:
            return None
        order = Order(basket_id, customer_id, payment_id)
        self.scene.orders.append(order)
        return order

    def _await_invoice(self, order: Order) -> bool:
        for _ in range(LOOKS):
            self.pause(2, 4)
            if self.get(f"/api/payments/invoices/{order.id}"):
                return True
        return False

    def _is_collected(self, order: Order) -> bool:
        """Whether a robot has brought what it found, which is hardly ever all."""
        robot = Robot(self.cloud, self.choices, self.scene, "bot", f"{self.name}'s robot")
        robot.temper = "short"
        robot.join()
        for _ in range(LOOKS):
            if robot.bot_id:
                robot.report()
                self.pause(1, 3)
                robot.collect_all()
            self.pause(1, 3)
            if self._is_ready(order):
                return True
        return False
