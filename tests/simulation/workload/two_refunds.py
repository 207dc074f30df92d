"""A rare sequence: one payment with two refunds, which random customers hardly ever produce."""

from tests.simulation.workload.customers import Customer, Plan
from tests.simulation.workload.mall import Order, rest_amount
from tests.simulation.workload.robots import Robot

PLAN = Plan(payment="never", cancellation="no", extra=0, double_clicks=False, shared_key=None)
POLLS = 12  # for the condition of the next step


class TwoRefundsCustomer(Customer):
    """A customer who pays for an order after a short pick and a cancellation, before payments receives either event.

    So the payment is due two refunds: one for the short pick, one for the rest.
    """

    def provoke_two_refunds(self, after: float) -> None:
        """Begin after so many seconds; stop where a step does not succeed."""
        self.cloud.sleep(after)
        order = self._place_an_order()
        if order is None or not self._await_invoice(order):
            return
        self.cloud.disable("payments")
        if self._is_collected(order):
            self.request("DELETE", f"/api/ordering/{order.id}", {"reason": "the mall closes"}, who="staff:the desk")
            self.request("PUT", f"/api/payments/invoices/{order.id}/pay")
            self.pause(1, 5)
        self.cloud.start("payments")

    def _place_an_order(self) -> Order | None:
        customer_id = self._register(PLAN)
        basket_id = customer_id and self._created(self.request("POST", "/api/baskets", {"customerId": customer_id}))
        total = self._fill(basket_id, PLAN) if basket_id else 0
        if not customer_id or not basket_id or not total:
            return None
        body = {"customerId": customer_id, "amount": rest_amount(total)}
        payment_id = self._created(self.request("POST", "/api/payments", body))
        if not payment_id:
            return None
        answer = self.request("PUT", f"/api/baskets/{basket_id}/checkout", {"paymentId": payment_id})
        if answer.status != 200:
            return None
        order = Order(basket_id, customer_id, payment_id)
        self.mall.orders.append(order)
        return order

    def _await_invoice(self, order: Order) -> bool:
        for _ in range(POLLS):
            self.pause(2, 4)
            if self.get(f"/api/payments/invoices/{order.id}"):
                return True
        return False

    def _is_collected(self, order: Order) -> bool:
        """Whether a robot has collected the order, probably short."""
        robot = Robot(self.cloud, self.choices, self.mall, "bot", f"{self.name}'s robot")
        robot.behavior = "short"
        robot.register()
        for _ in range(POLLS):
            if robot.id:
                robot.report_online()
                self.pause(1, 3)
                robot.collect_all()
            self.pause(1, 3)
            if self._is_ready(order):
                return True
        return False
