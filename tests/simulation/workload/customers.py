"""Customers: they register, fill a basket, check out, pay, change their minds, and do some of it wrongly or twice."""

from dataclasses import dataclass
from typing import Literal

from tests.simulation.choices import Choices
from tests.simulation.cloud import Response
from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import Order, on_the_wire

Paying = Literal["early", "when ready", "at once", "twice", "never"]
Leaving = Literal[
    "no",
    "basket cancelled",
    "basket left",
    "order cancelled",
    "order cancelled when ready",
    "order cancelled once paid",
]

PAYING: tuple[Paying, ...] = ("early", "early", "when ready", "when ready", "when ready", "at once", "twice", "never")
LEAVING: tuple[Leaving, ...] = (
    *7 * ("no",),
    *2 * ("basket cancelled",),
    *2 * ("basket left",),
    *5 * ("order cancelled",),
    "order cancelled when ready",
    *2 * ("order cancelled once paid",),
)
NUMBERS = (*27 * (1,), 2, 2, 2, 3, 4)
KIOSK = "kiosk:the only one"
AMOUNTS = (0, 0, 0, 0, 0, 500, 2_000, -1, -1_000)  # cents that a customer sets aside beyond what the basket costs
MOMENTS = (0.0, 0.2, 1, 2, 3, 5, 8, 15, 40, 90)  # seconds after the checkout at which somebody changes their mind
LOOKS = (8.0, 16.0, 30.0, 60.0)  # seconds between looks at how an order stands


@dataclass(frozen=True)
class Plan:
    """What one customer is going to do, decided beforehand."""

    paying: Paying
    leaving: Leaving
    extra: int
    clumsy: bool  # does things twice
    shared_key: str | None  # an Idempotency-Key that others use too

    @classmethod
    def draw(cls, choices: Choices) -> "Plan":
        return cls(
            paying=choices.pick(PAYING, "when a customer pays"),
            leaving=choices.pick(LEAVING, "whether a customer leaves"),
            extra=choices.pick(AMOUNTS, "what a customer sets aside"),
            clumsy=choices.chance(0.2, "a clumsy customer"),
            shared_key=choices.pick(("1", "till"), "which key") if choices.chance(0.15, "a shared key") else None,
        )


class Customer(Client):
    """One customer and one order, at most."""

    def shop(self, after: float) -> None:
        """Come to the mall after so many seconds, and do what was planned as far as the mall lets them."""
        self.drawn()
        plan = Plan.draw(self.choices)
        self.cloud.sleep(after)
        if self.may(0.15, "looking around first"):
            self.get("/api/stores")
        customer_id = self._register(plan)
        basket_id = customer_id and self._created(
            self._press(plan, "POST", "/api/baskets", {"customerId": customer_id})
        )
        if not customer_id or not basket_id:
            return
        total = self._fill(basket_id, plan)
        if plan.leaving == "basket cancelled":
            self._press(plan, "DELETE", f"/api/baskets/{basket_id}")
        if plan.leaving == "basket left":
            return
        amount = on_the_wire(max(1, total + plan.extra))
        payment_id = self._created(
            self._press(plan, "POST", "/api/payments", {"customerId": customer_id, "amount": amount})
        )
        payment_id = self._somebody_elses(payment_id) or payment_id
        if not payment_id:
            return
        answer = self._press(plan, "PUT", f"/api/baskets/{basket_id}/checkout", {"paymentId": payment_id})
        if plan.clumsy and self.may(0.3, "one thing more"):
            body = {"productId": self.scene.products[0].id, "quantity": 1}
            self.ask("PUT", f"/api/baskets/{basket_id}/addItem", body)
        if answer.status != 200 and self.may(0.5, "giving up at the till"):
            return
        order = Order(basket_id, customer_id, payment_id)
        self.scene.orders.append(order)
        self._see_to(order, plan)

    def _register(self, plan: Plan) -> str | None:
        """At a kiosk that others use too, some of them with a key of the same kind."""
        body = {"name": f"Ada Reyes {self.name}", "smsNumber": "+15550100"}
        if plan.shared_key and self.may(0.5, "the same body too"):
            body["name"] = "Ada Reyes"
        customer_id = self._created(self._at_a_kiosk(body, plan.shared_key))
        if customer_id is None and plan.shared_key:  # somebody else has used that key
            customer_id = self._created(self._at_a_kiosk(body))
        if customer_id and plan.clumsy:
            key = self.new_key()
            customer_id = self._created(self._at_a_kiosk(body, key)) or customer_id
            self._at_a_kiosk(body, key)
            self._at_a_kiosk(body | {"name": "Ada Reyes, again"}, key)
        if customer_id:
            self.scene.customers.append(customer_id)
        return customer_id

    def _at_a_kiosk(self, body: dict[str, str], key: str | None = None) -> Response:
        return self.ask("POST", "/api/customers", body, key=key, who=KIOSK)

    def _fill(self, basket_id: str, plan: Plan) -> int:
        """Put things into the basket; what they cost by the shelf, in cents."""
        total = 0
        if not self.scene.products:
            return total
        for number in range(self.choices.between(1, min(2, len(self.scene.products)), "how many products")):
            product = self.scene.products[(number + len(self.scene.orders)) % len(self.scene.products)]
            quantity = self.choices.pick((1, 1, 2, 3), "how many of it")
            path, body = f"/api/baskets/{basket_id}/addItem", {"productId": product.id, "quantity": quantity}
            total += product.price * quantity * (self._press(plan, "PUT", path, body).status == 200)
            if plan.clumsy and self.may(0.5, "going back a page"):
                total += product.price * quantity * self._go_back(path, body)
            if self.may(0.1, "putting some back"):
                path = f"/api/baskets/{basket_id}/removeItem"
                total -= product.price * (self.ask("PUT", path, body | {"quantity": 1}).status == 200)
            self.pause(0, 2)
        return total

    def _go_back(self, path: str, body: object) -> int:
        """Put the same in twice more, and send the first of these pages again; how often it was put in."""
        key = self.new_key()
        put_in = [self.ask("PUT", path, body, key=key).status == 200, self.ask("PUT", path, body).status == 200]
        self.ask("PUT", path, body, key=key)
        return sum(put_in)

    def _somebody_elses(self, payment_id: str | None) -> str | None:
        if payment_id and self.scene.orders and self.may(0.05, "somebody else's payment"):
            return self.scene.orders[-1].payment_id
        return None

    def _see_to(self, order: Order, plan: Plan) -> None:
        """Pay, or call it off, or both."""
        if plan.leaving == "order cancelled":
            after = self.choices.pick(MOMENTS, "when a mind is changed")
            self.cloud.spawn(self._change_mind, order, plan, after, name=f"{self.name}, changing their mind")
        if plan.paying == "never":
            return
        for look in (*((1.0,) if plan.paying == "at once" else ()), *LOOKS):
            self.pause(look / 2, look)
            if plan.leaving == "order cancelled when ready" and self._is_ready(order):
                self._change_mind(order, plan, 0)
            if (plan.paying != "when ready" or self._is_ready(order)) and self._pays(order, plan):
                return

    def _pays(self, order: Order, plan: Plan) -> bool:
        """Whether there was an invoice to pay, paid now or not."""
        path = f"/api/payments/invoices/{order.id}/pay"
        answer = self._press(plan, "PUT", path)
        if answer.status == 200 and plan.paying == "twice":
            self.ask("PUT", path)
        if answer.status == 200 and plan.leaving == "order cancelled once paid":
            self._change_mind(order, plan, 1)
        return answer.status in (200, 409)

    def _is_ready(self, order: Order) -> bool:
        found = self.get(f"/api/ordering/{order.id}")
        return found is not None and found["order"]["status"] not in ("pending", "approved")

    def _change_mind(self, order: Order, plan: Plan, after: float) -> None:
        self.pause(after, after * 1.5)
        self._press(plan, "DELETE", f"/api/ordering/{order.id}", {"reason": "changed my mind"})

    def _press(self, plan: Plan, method: str, path: str, body: object = None) -> Response:
        """A request; the clumsy now and then press twice."""
        if plan.clumsy and self.may(0.3, "pressing twice"):
            return self.twice_at_once(method, path, body)
        return self.ask(method, path, body)

    @staticmethod
    def _created(answer: Response) -> str | None:
        return str(answer.body["id"]) if answer.status == 200 and answer.body else None


def customers_come(choices: Choices) -> list[float]:
    """When each of the customers of a day comes, in seconds from its beginning."""
    number = choices.pick(NUMBERS, "how many customers")
    return [choices.seconds(0, 20, "when a customer comes") for _ in range(number)]
