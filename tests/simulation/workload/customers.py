"""Customers: they register, fill a basket, check out, pay and cancel, some of it wrongly, late or twice."""

from dataclasses import dataclass
from typing import Any, Literal

from tests.simulation.choices import Choices
from tests.simulation.gateway import Response
from tests.simulation.workload.canaries import name_of, number_of
from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import Order, rest_amount

Payment = Literal["early", "when ready", "at once", "twice", "never"]
Cancellation = Literal[
    "no",
    "basket cancelled",
    "basket left",
    "order cancelled",
    "order cancelled when ready",
    "order cancelled once paid",
]

PAYMENTS: tuple[Payment, ...] = (
    *2 * ("early",),
    *3 * ("when ready",),
    "at once",
    "twice",
    "never",
)
CANCELLATIONS: tuple[Cancellation, ...] = (
    *7 * ("no",),
    *2 * ("basket cancelled",),
    *2 * ("basket left",),
    *5 * ("order cancelled",),
    "order cancelled when ready",
    *2 * ("order cancelled once paid",),
)
CUSTOMER_COUNTS = (*27 * (1,), 2, 2, 2, 3, 4)
KIOSK = "kiosk:the only one"
AMOUNTS = (0, 0, 0, 0, 0, 500, 2_000, -1, -1_000)  # cents authorized beyond the basket's total
CANCEL_AFTER = (0.0, 0.2, 1, 2, 3, 5, 8, 15, 40, 90)  # seconds from the checkout
POLL_PAUSES = (8.0, 16.0, 30.0, 60.0)  # seconds between polls of an order


@dataclass(frozen=True)
class Plan:
    """What one customer does, decided beforehand.

    extra: cents authorized beyond the total. double_clicks: sends some requests twice. shared_key: an Idempotency-Key
    that other customers use too.
    """

    payment: Payment
    cancellation: Cancellation
    extra: int
    double_clicks: bool
    shared_key: str | None

    @classmethod
    def draw(cls, choices: Choices) -> "Plan":
        return cls(
            payment=choices.pick(PAYMENTS, "when a customer pays"),
            cancellation=choices.pick(CANCELLATIONS, "what a customer cancels"),
            extra=choices.pick(AMOUNTS, "what is authorized beyond the total"),
            double_clicks=choices.chance(0.2, "double clicks"),
            shared_key=choices.pick(("1", "till"), "which key") if choices.chance(0.15, "a shared key") else None,
        )


class Customer(Client):
    """One customer with one order, at most."""

    def shop(self, after: float) -> None:
        """Begin after so many seconds, and follow the plan as far as the responses allow."""
        self.draw_retry_key()
        plan = Plan.draw(self.choices)
        self.cloud.sleep(after)
        if self.chance(0.15, "listing the stores first"):
            self.request("GET", "/api/stores", who=KIOSK)
        customer_id = self._register(plan)
        basket_id, total = self._begin_a_basket(customer_id, plan) if customer_id else (None, 0)
        if not customer_id or not basket_id:
            return
        self.mall.baskets.append(basket_id)
        total += self._fill(basket_id, plan)
        if plan.cancellation == "basket cancelled":
            self._click(plan, "DELETE", f"/api/baskets/{basket_id}")
        if plan.cancellation == "basket left":
            return
        amount = rest_amount(max(1, total + plan.extra))
        payment_id = self._created(
            self._click(plan, "POST", "/api/payments", {"customerId": customer_id, "amount": amount})
        )
        payment_id = self._payment_of_another(payment_id) or payment_id
        if not payment_id:
            return
        answer = self._click(plan, "PUT", f"/api/baskets/{basket_id}/checkout", {"paymentId": payment_id})
        if plan.double_clicks and self.chance(0.3, "adding an item after the checkout"):
            body = {"productId": self.mall.products[0].id, "quantity": 1}
            self.request("PUT", f"/api/baskets/{basket_id}/addItem", body)
        if answer.status != 200 and self.chance(0.5, "giving up after a failed checkout"):
            return
        order = Order(basket_id, customer_id, payment_id)
        self.mall.orders.append(order)
        self._pay_or_cancel(order, plan)

    def _register(self, plan: Plan) -> str | None:
        """Register at the kiosk, maybe under a key that other customers use too."""
        body = {"name": name_of(self.name), "smsNumber": number_of(self.name)}
        if plan.shared_key and self.chance(0.5, "with the same body"):
            body = {"name": name_of(plan.shared_key), "smsNumber": number_of(plan.shared_key)}
        customer_id = self._created(self._register_at_kiosk(body, plan.shared_key))
        if customer_id is None and plan.shared_key:  # another customer has used that key
            customer_id = self._created(self._register_at_kiosk(body))
        if customer_id and plan.double_clicks:
            key = self.new_key()
            customer_id = self._created(self._register_at_kiosk(body, key)) or customer_id
            self._register_at_kiosk(body, key)
            self._register_at_kiosk(body | {"name": name_of(f"{self.name}, again")}, key)
        if customer_id:
            self.id = customer_id
            self.mall.customers.append(customer_id)
            if self.mall.has_tokens:
                self._open_session(KIOSK)
        return customer_id

    def _open_session(self, who: str) -> None:
        """Have the kiosk open a session for whom it has just registered, or renew the customer's own."""
        self.take_token(self.request("POST", f"/api/customers/{self.id}/sessions", who=who))

    def _register_at_kiosk(self, body: dict[str, str], key: str | None = None) -> Response:
        return self.request("POST", "/api/customers", body, key=key, who=KIOSK)

    def _begin_a_basket(self, customer_id: str, plan: Plan) -> tuple[str | None, int]:
        """Begin an empty basket, or one with its items; its id, and what it holds in cents."""
        begun = {"customerId": customer_id}
        if not self.mall.products or not self.chance(0.4, "a basket with its items"):
            return self._created(self._click(plan, "POST", "/api/baskets", begun)), 0
        items, total = self._several()
        return self._created(self._click(plan, "POST", "/api/baskets/withItems", begun | {"items": items})), total

    def _several(self) -> tuple[list[dict[str, Any]], int]:
        """Some items, maybe two of one product, and their total in cents."""
        wanted = [
            (self.choices.pick(self.mall.products, "which product"), self.choices.between(1, 2, "quantity"))
            for _ in range(self.choices.between(1, 3, "how many items"))
        ]
        items = [{"productId": product.id, "quantity": quantity} for product, quantity in wanted]
        return items, sum(product.price * quantity for product, quantity in wanted)

    def _fill(self, basket_id: str, plan: Plan) -> int:
        """Add items to the basket; their total by the prices at creation, in cents."""
        total = 0
        if not self.mall.products:
            return total
        for number in range(self.choices.between(1, min(2, len(self.mall.products)), "how many products")):
            product = self.mall.products[(number + len(self.mall.orders)) % len(self.mall.products)]
            quantity = self.choices.pick((1, 1, 2, 3), "quantity")
            key = self._remove_early(basket_id, product.id) if plan.double_clicks else None
            path, body = f"/api/baskets/{basket_id}/addItem", {"productId": product.id, "quantity": quantity}
            total += product.price * quantity * (self._click(plan, "PUT", path, body).status == 200)
            if plan.double_clicks and self.chance(0.5, "resubmitting a page"):
                total += product.price * quantity * self._resubmit(path, body)
            if self.chance(0.15, "several items at once"):
                items, price = self._several()
                path = f"/api/baskets/{basket_id}/addItems"
                total += price * (self._click(plan, "PUT", path, {"items": items}).status == 200)
            if key:
                self._remove(basket_id, product.id, key)
            if self.chance(0.1, "removing some"):
                total -= product.price * (self._remove(basket_id, product.id).status == 200)
            self.pause(0, 2)
        return total

    def _remove(self, basket_id: str, product_id: str, key: str | None = None) -> Response:
        """Remove one item of a product."""
        body = {"productId": product_id, "quantity": 1}
        return self.request("PUT", f"/api/baskets/{basket_id}/removeItem", body, key=key)

    def _remove_early(self, basket_id: str, product_id: str) -> str | None:
        """Remove an item that is not in the basket yet; the key under which that is repeated later."""
        key = self.new_key() if self.chance(0.3, "removing before adding") else None
        return key if key and self._remove(basket_id, product_id, key).status == 200 else None

    def _resubmit(self, path: str, body: object) -> int:
        """Add the item twice more, and repeat the first of these requests; how often it was added."""
        key = self.new_key()
        added = [self.request("PUT", path, body, key=key).status == 200, self.request("PUT", path, body).status == 200]
        self.request("PUT", path, body, key=key)
        return sum(added)

    def _payment_of_another(self, payment_id: str | None) -> str | None:
        if payment_id and self.mall.orders and self.chance(0.05, "the payment of another order"):
            return self.mall.orders[-1].payment_id
        return None

    def _pay_or_cancel(self, order: Order, plan: Plan) -> None:
        """Pay, cancel, or both."""
        if plan.cancellation == "order cancelled":
            after = self.choices.pick(CANCEL_AFTER, "when a customer cancels")
            self.cloud.spawn(self._cancel, order, plan, after)
        if plan.payment == "never":
            return
        for seconds in (*((1.0,) if plan.payment == "at once" else ()), *POLL_PAUSES):
            self.pause(seconds / 2, seconds)
            if self.token and self.chance(0.3, "renewing the session"):
                self._open_session(self.who)
            if plan.cancellation == "order cancelled when ready" and self._is_ready(order):
                self._cancel(order, plan, 0)
            if (plan.payment != "when ready" or self._is_ready(order)) and self._pay(order, plan):
                return

    def _pay(self, order: Order, plan: Plan) -> bool:
        """Pay the invoice; whether there is one."""
        path = f"/api/payments/invoices/{order.id}/pay"
        answer = self._click(plan, "PUT", path)
        if answer.status == 200 and plan.payment == "twice":
            self.request("PUT", path)
        if answer.status == 200 and plan.cancellation == "order cancelled once paid":
            self._cancel(order, plan, 1)
        return answer.status in (200, 409)

    def _is_ready(self, order: Order) -> bool:
        found = self.get(f"/api/ordering/{order.id}")
        return found is not None and found["order"]["status"] not in ("pending", "approved")

    def _cancel(self, order: Order, plan: Plan, after: float) -> None:
        self.pause(after, after * 1.5)
        self._click(plan, "DELETE", f"/api/ordering/{order.id}", {"reason": "changed my mind"})

    def _click(self, plan: Plan, method: str, path: str, body: object = None) -> Response:
        """Send a request, or the same twice at once."""
        if plan.double_clicks and self.chance(0.3, "clicking twice"):
            return self.send_twice(method, path, body)
        return self.request(method, path, body)

    @staticmethod
    def _created(answer: Response) -> str | None:
        return str(answer.body["id"]) if answer.status == 200 and answer.body else None


def arrival_times(choices: Choices) -> list[float]:
    """When each customer begins, in seconds from the start of the schedule."""
    number = choices.pick(CUSTOMER_COUNTS, "how many customers")
    return [choices.seconds(0, 20, "when a customer begins") for _ in range(number)]
