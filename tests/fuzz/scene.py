"""The data in the mall before it is fuzzed: things of every kind, in each state that some operation needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Ask = Callable[[str, str, Mapping[str, Any]], Any]
"""(method, path, body) → the body of the answer; the request must succeed."""
WaitFor = Callable[[Callable[[], bool], str], object]
"""Returns when a condition holds; raises with the text if that takes too long."""

EACH = 3  # things of a kind: one that a request uses up is still there for another
PLENTY = 999  # of a product: so that most quantities that a robot reports as picked are valid


@dataclass
class Scene:
    """A mall whose API is called by staff (`ask`). After `furnish`, `things` has the ids of each kind of thing.

    kiosk: the same, called by a kiosk, where customers register. bring_online: brings a robot online, and keeps it so.
    """

    ask: Ask
    kiosk: Ask
    wait_for: WaitFor
    bring_online: Callable[[str], object]
    things: dict[str, list[str]] = field(default_factory=dict)

    def furnish(self) -> "Scene":
        self._shops()
        self._people()
        self._robots_at_work()
        self._orders("approved orders")
        self._orders("unwanted orders")
        for kind in ("baskets", "full baskets", "unwanted baskets"):
            self.things[kind] = [self._basket(quantity=1) for _ in range(EACH)]
        self.things["payments"] = [self._payment() for _ in range(EACH)]
        for kind in ("new lists", "unwanted lists"):
            self.things[kind] = [self._list_by_staff() for _ in range(EACH)]
        for kind in ("robots", "leaving robots"):
            self.things[kind] = [self._made("/api/depot/bots", {"name": "Ajax"}) for _ in range(EACH)]
        timeline = self.ask("GET", f"/api/insights/orders/{self.things['approved orders'][0]}/timeline", {})
        self.things["flows"] = sorted({message["correlationId"] for message in timeline["messages"]})
        return self

    def _made(self, path: str, body: Mapping[str, Any]) -> str:
        made: str = self.ask("POST", path, body)["id"]
        return made

    def _shops(self) -> None:
        store = {"name": "Volt & Wire", "location": "Level 2"}
        self.things["selling stores"] = [self._made("/api/stores", store)]
        self.things["stores"] = [self._made("/api/stores", store) for _ in range(EACH)]
        product = {"name": "Cable", "description": "Long", "sku": "C-1", "price": 12.5}
        shelf = f"/api/stores/{self.things['selling stores'][0]}/products"
        self.things["products"] = [self._made(shelf, product) for _ in range(EACH)]
        self.things["old products"] = [self._made(shelf, product) for _ in range(EACH)]

    def _people(self) -> None:
        person = {"name": "Ada Reyes", "smsNumber": "+15550100"}
        for kind in ("customers", "other customers", "leaving customers"):
            self.things[kind] = [str(self.kiosk("POST", "/api/customers", person)["id"]) for _ in range(EACH)]

    def _basket(self, quantity: int = PLENTY) -> str:
        made = self._made("/api/baskets", {"customerId": self.things["customers"][0]})
        for product in self.things["products"]:
            self.ask("PUT", f"/api/baskets/{made}/addItem", {"productId": product, "quantity": quantity})
        return made

    def _payment(self) -> str:
        return self._made("/api/payments", {"customerId": self.things["customers"][0], "amount": 1_000_000})

    def _orders(self, kind: str) -> None:
        self.things[kind] = [self._basket() for _ in range(EACH)]
        for order in self.things[kind]:
            self.ask("PUT", f"/api/baskets/{order}/checkout", {"paymentId": self._payment()})
        for order in self.things[kind]:
            self._until(f"/api/ordering/{order}", "order", "approved")

    def _robots_at_work(self) -> None:
        """Lists that are assigned to robots, and lists that robots are collecting."""
        kinds = ("assigned lists", "active lists", "brought lists")
        self.things["working robots"] = [
            self._made("/api/depot/bots", {"name": "Mule"}) for _ in range(EACH * len(kinds))
        ]
        for robot in self.things["working robots"]:
            self.bring_online(robot)
        for kind in kinds:
            self._orders(kind)
            for order in self.things[kind]:
                self._until(f"/api/depot/shopping/{order}", "list", "assigned")
        for order in self.things["active lists"]:
            self.ask("PUT", f"/api/depot/shopping/{order}/start", {"assignment": 1})

    def _list_by_staff(self) -> str:
        item = {"storeId": self.things["selling stores"][0], "productId": self.things["products"][0], "quantity": 1}
        return self._made("/api/depot/shopping", {"orderId": "on-paper", "items": [item]})

    def _until(self, path: str, member: str, status: str) -> None:
        self.wait_for(lambda: self.ask("GET", path, {})[member]["status"] == status, f"{member} {path} {status}")
