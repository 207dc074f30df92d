"""The write units of one order of three products, by table and index, on a simulated cloud without faults.

    .venv/bin/python -m tests.simulation.units_by_table

A robot sends one heartbeat, starts, picks each of three products of three stores, and completes; a request every 6 s.
Averages of some orders, less what the schedules need in the same time.
"""

import sys

from tests.simulation.needs import Counting
from tests.simulation.test_cost_of_an_order import FaultFreeMall

STORES = 3


class MallOfSeveralStores(FaultFreeMall):
    """A mall of three stores with a product each, one customer and one robot."""

    def open(self) -> None:
        """As its parent, with more stores."""
        self.products = []
        for number in range(STORES - 1):
            store = self.request("POST", "/api/stores", {"name": f"Corner {number}", "location": "Level 2"})["id"]
            product = {"name": f"Lamp {number}", "description": "", "sku": f"LAMP-{number}", "price": 3.5}
            self.products.append((store, self.request("POST", f"/api/stores/{store}/products", product)["id"]))
        super().open()
        self.products.append((self.store, self.product))
        [robot] = self.request("GET", "/api/depot/bots")["bots"]
        self.robot = robot["id"]

    def order(self) -> None:
        """Order two of each product, pick each, and pay the invoice."""
        self.request("PUT", f"/api/depot/bots/{self.robot}/online")
        payment = self.request("POST", "/api/payments", {"customerId": self.customer, "amount": 30})["id"]
        order = self.request("POST", "/api/baskets", {"customerId": self.customer})["id"]
        for _, product in self.products:
            self.request("PUT", f"/api/baskets/{order}/addItem", {"productId": product, "quantity": 2})
        self.request("PUT", f"/api/baskets/{order}/checkout", {"paymentId": payment})
        number = {"assignment": 1}
        self.request("PUT", f"/api/depot/shopping/{order}/start", number)
        for store, product in self.products:
            pick = {**number, "storeId": store, "productId": product, "quantity": 2}
            self.request("PUT", f"/api/depot/shopping/{order}/pick", pick)
        self.request("PUT", f"/api/depot/shopping/{order}/complete", number)
        self.request("PUT", f"/api/payments/invoices/{order}/pay")


def main() -> None:
    """Print a line for each table and index."""
    writes = Counting(MallOfSeveralStores(counting=False)).needs().writes
    lines = [f"{units:6.1f} {name}" for name, units in sorted(writes.items())]
    sys.stdout.write("\n".join([*lines, f"{sum(writes.values()):6.1f} in all"]) + "\n")


if __name__ == "__main__":
    main()
