"""Historians: operators who look at what an order's streams were, while customers, robots and faults go on."""

from typing import Any

from tests.simulation.workload.client import Client

ROUTE = "/api/operations"
STREAMS = (
    ("ordering", "Order"),
    ("payments", "Invoice"),
    ("depot", "ShoppingList"),
    ("checkout", "CreateOrderSaga"),
    ("baskets", "Basket"),
)


class Historian(Client):
    """An operator who reads the past."""

    def look_back(self, after: float) -> None:
        """Begin after so many seconds: read the timeline of an order, and each of its streams at some versions."""
        self.cloud.sleep(after)
        if not self.mall.orders:
            return
        order = self.choices.pick(self.mall.orders, "whose order")
        self.get(f"{ROUTE}/orders/{order.id}/timeline?limit={self.choices.pick((3, 50), 'how many at a time')}")
        self.get(f"{ROUTE}/estimates/replay?to=search")
        for service, kind in STREAMS:
            self._read(f"{ROUTE}/streams/{service}/{kind}/{order.id}")
            self.pause(0.5, 5)

    def _read(self, stream: str) -> None:
        found: dict[str, Any] = self.get(stream) or {"commits": []}
        if not found["commits"]:
            return
        commit = self.choices.pick(found["commits"], "which commit")
        self.get(f"{stream}/state?version={self.choices.between(commit['version'], commit['last'], 'which version')}")
        self.get(f"{stream}/state")
        self.get(f"{stream}/difference?first={commit['last']}")
