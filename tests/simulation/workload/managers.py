"""Managers: they open stores and products, and change these and customers while orders are in progress."""

from collections.abc import Callable

from tests.simulation.workload.canaries import number_of
from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import Product, rest_amount

PRICES = (995, 3_490, 2_000)  # cents
DAY = "2026-01-05"  # that of a schedule
SETTLED = 130.0  # seconds: longer than an order must be unchanged before it is compared
DIFFERENCES = "/api/payments/differences"
TOO_MUCH = 2**53 / 100  # the least that the mall takes for no amount any more


class Opener(Client):
    """The client that creates stores and products before all others come."""

    def open(self, stores: int, products: int) -> None:
        """Create so many stores with so many products each; what fails is left out."""
        for number in range(stores):
            body = {"name": f"Volt & Wire {number + 1}", "location": f"Level {number + 1}"}
            answer = self.request("POST", "/api/stores", body)
            if answer.status == 200:
                self.mall.stores.append(str(answer.body["id"]))
        for store_id in self.mall.stores:
            for _ in range(products):
                self.add_product(store_id)

    def add_product(self, store_id: str) -> None:
        """Add one product to a store."""
        price = PRICES[len(self.mall.products) % len(PRICES)]
        body = {"name": "Cable", "description": "", "sku": "C-1", "price": rest_amount(price)}
        answer = self.request("POST", f"/api/stores/{store_id}/products", body)
        if answer.status == 200:
            self.mall.products.append(Product(str(answer.body["id"]), store_id, price))


class Manager(Client):
    """The client that changes stores, products and customers while others use them."""

    def work(self, after: float, actions: int) -> None:
        """Do so many random actions, seconds apart."""
        what: list[Callable[[], None]] = [
            self.change_a_price,
            self.remove_a_product,
            self.toggle_participation,
            self.rebrand,
            self.disable_a_customer,
            self.disable_a_customer,
            self.erase_a_customer,
            self.change_a_number,
            self.revoke_a_robot,
            self.reconcile,
        ]
        self.draw_retry_key()
        self.cloud.sleep(after)
        for _ in range(actions):
            self.choices.pick(what, "what a manager does")()
            self.pause(0.5, 15)

    def change_a_price(self) -> None:
        """With the version that was read before as If-Match, so that a change in between is refused."""
        product = self.choices.pick(self.mall.products, "a product")
        path = f"/api/stores/products/{product.id}"
        seen = self.request("GET", path)
        version = int(seen.headers["ETag"].strip('"')) if seen.status == 200 else 0
        way, change = self.choices.pick((("increase", 100), ("decrease", -100)), "up or down")
        price = {"price": rest_amount(max(0, product.price + change))}
        self.pause(0, 1)
        self.request("PUT", f"{path}/{way}Price", price, match=version if self.chance(0.7, "If-Match") else 0)
        if self.chance(0.3, "another by what was seen before"):
            self.request("PUT", f"{path}/rebrand", {"name": "Cable, long", "description": ""}, match=version)

    def remove_a_product(self) -> None:
        product = self.choices.pick(self.mall.products, "a product")
        self.request("DELETE", f"/api/stores/products/{product.id}")

    def toggle_participation(self) -> None:
        store = self.choices.pick(self.mall.stores, "a store")
        self.request(self.choices.pick(("PUT", "DELETE"), "in or out"), f"/api/stores/{store}/participating")

    def rebrand(self) -> None:
        store = self.choices.pick(self.mall.stores, "a store")
        self.request("PUT", f"/api/stores/{store}/rebrand", {"name": f"Volt & Wire by {self.name}"})

    def disable_a_customer(self) -> None:
        if self.mall.customers:
            customer = self.choices.pick(self.mall.customers, "a customer")
            self.request("PUT", f"/api/customers/{customer}/disable")
            if self.chance(0.3, "a second thought"):
                self.pause(1, 10)
                self.request("PUT", f"/api/customers/{customer}/enable")

    def erase_a_customer(self) -> None:
        if self.mall.customers:
            self.request("DELETE", f"/api/customers/{self.choices.pick(self.mall.customers, 'a customer')}")

    def change_a_number(self) -> None:
        if self.mall.customers:
            customer = self.choices.pick(self.mall.customers, "a customer")
            self.request("PUT", f"/api/customers/{customer}/change-sms", {"smsNumber": number_of(customer)})

    def revoke_a_robot(self) -> None:
        """Issue another token for a robot, which revokes those that it has."""
        if self.mall.robots:
            self.request("POST", f"/api/depot/bots/{self.choices.pick(self.mall.robots, 'a robot')}/token")

    def reconcile(self) -> None:
        """Start the reconciliation of payments, as the schedule does each night."""
        self.request("POST", "/api/payments/reconciliation")


class Accountant(Client):
    """The client that compares the money of the day's orders when all is quiet."""

    def reconcile_the_day(self) -> None:
        """Have all orders of the day compared, and those that differ compared again."""
        self.cloud.sleep(SETTLED)
        self.cloud.history.record("deed", who=self.name, what="day reconciled")
        self.request("POST", "/api/payments/reconciliation", {"day": DAY})
        self.cloud.sleep(SETTLED)
        found = self.get(f"{DIFFERENCES}?status=open") or {"differences": []}
        for difference in found["differences"]:
            self.get(f"{DIFFERENCES}/{difference['orderId']}")
            self.request("PUT", f"{DIFFERENCES}/{difference['orderId']}/recheck")


class Measurer(Client):
    """The client that asks for the least and the most that there may be."""

    def measure(self, after: float) -> None:
        """Begin after so many seconds: sell something for nothing, and pay more than there is."""
        self.draw_retry_key()
        self.cloud.sleep(after)
        store = self.choices.pick(self.mall.stores, "a store")
        body = {"name": "Sample", "description": "", "sku": "S-1", "price": 0}
        added = self.request("POST", f"/api/stores/{store}/products", body)
        if added.status == 200:
            self.request("PUT", f"/api/stores/products/{added.body['id']}/increasePrice", {"price": TOO_MUCH})
        if self.mall.customers:
            customer = self.choices.pick(self.mall.customers, "a customer")
            self.request("POST", "/api/payments", {"customerId": customer, "amount": TOO_MUCH})
