"""The staff of stores and of the mall: what is sold, at what price, by whom, and who may order."""

from collections.abc import Callable

from tests.simulation.workload.client import Client
from tests.simulation.workload.mall import Product, on_the_wire

PRICES = (995, 3_490, 2_000)  # cents


class Opener(Client):
    """Who puts products on the shelves before the mall opens."""

    def open(self, stores: int, products: int) -> None:
        """So many stores, with so many products each; what could not be put on the shelves is not sold."""
        for number in range(stores):
            body = {"name": f"Volt & Wire {number + 1}", "location": f"Level {number + 1}"}
            answer = self.ask("POST", "/api/stores", body)
            if answer.status == 200:
                self.scene.stores.append(str(answer.body["id"]))
        for store_id in self.scene.stores:
            for _ in range(products):
                self.add(store_id)

    def add(self, store_id: str) -> None:
        """Another product."""
        price = PRICES[len(self.scene.products) % len(PRICES)]
        body = {"name": "Cable", "description": "", "sku": "C-1", "price": on_the_wire(price)}
        answer = self.ask("POST", f"/api/stores/{store_id}/products", body)
        if answer.status == 200:
            self.scene.products.append(Product(str(answer.body["id"]), store_id, price))


class Manager(Client):
    """Who changes things while people shop."""

    def manage(self, after: float, deeds: int) -> None:
        """Do that many things, some seconds apart."""
        what: list[Callable[[], None]] = [
            self.change_a_price,
            self.remove_a_product,
            self.toggle_participation,
            self.rebrand,
            self.disable_a_customer,
            self.disable_a_customer,
            self.erase_a_customer,
            self.change_a_number,
            self.reconcile,
        ]
        self.drawn()
        self.cloud.sleep(after)
        for _ in range(deeds):
            self.choices.pick(what, "what a manager does")()
            self.pause(0.5, 15)

    def change_a_price(self) -> None:
        """By what the manager last saw, so that a change in between is noticed (If-Match)."""
        product = self.choices.pick(self.scene.products, "a product")
        path = f"/api/stores/products/{product.id}"
        seen = self.ask("GET", path)
        version = int(seen.headers["ETag"].strip('"')) if seen.status == 200 else 0
        way, change = self.choices.pick((("increase", 100), ("decrease", -100)), "up or down")
        price = {"price": on_the_wire(max(0, product.price + change))}
        self.pause(0, 1)
        self.ask("PUT", f"{path}/{way}Price", price, match=version if self.may(0.7, "If-Match") else 0)
        if self.may(0.3, "another by what was seen before"):
            self.ask("PUT", f"{path}/rebrand", {"name": "Cable, long", "description": ""}, match=version)

    def remove_a_product(self) -> None:
        product = self.choices.pick(self.scene.products, "a product")
        self.ask("DELETE", f"/api/stores/products/{product.id}")

    def toggle_participation(self) -> None:
        store = self.choices.pick(self.scene.stores, "a store")
        self.ask(self.choices.pick(("PUT", "DELETE"), "in or out"), f"/api/stores/{store}/participating")

    def rebrand(self) -> None:
        store = self.choices.pick(self.scene.stores, "a store")
        self.ask("PUT", f"/api/stores/{store}/rebrand", {"name": f"Volt & Wire by {self.name}"})

    def disable_a_customer(self) -> None:
        if self.scene.customers:
            customer = self.choices.pick(self.scene.customers, "a customer")
            self.ask("PUT", f"/api/customers/{customer}/disable")
            if self.may(0.3, "a second thought"):
                self.pause(1, 10)
                self.ask("PUT", f"/api/customers/{customer}/enable")

    def erase_a_customer(self) -> None:
        if self.scene.customers:
            self.ask("DELETE", f"/api/customers/{self.choices.pick(self.scene.customers, 'a customer')}")

    def change_a_number(self) -> None:
        if self.scene.customers:
            customer = self.choices.pick(self.scene.customers, "a customer")
            self.ask("PUT", f"/api/customers/{customer}/change-sms", {"smsNumber": "+15550199"})

    def reconcile(self) -> None:
        """Compare the money of orders now, as every night."""
        self.ask("POST", "/api/payments/reconciliation")
