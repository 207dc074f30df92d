"""A store for the paths alone: what they reprice and remove there affects no other user of the mall."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clients.mall import Mall


@dataclass(frozen=True)
class Stock:
    """Product ids, and the prices of those that are plain.

    The last two digits of a refund control the sandbox payment provider, hence the prices.
    """

    store: str
    kettle: str
    lamp: str
    mug: str
    answer_lost: str
    unavailable_at_first: str
    prices: Mapping[str, float]

    @property
    def plain(self) -> dict[str, int]:
        """A basket of which any part can be refunded without a fault of the provider."""
        return {self.kettle: 2, self.lamp: 1, self.mug: 3}


def open_shop(mall: Mall, key: Callable[..., str] = lambda *_: str(uuid.uuid4())) -> Stock:
    """Create the store and its products, as staff; only once, where `key` gives equal names equal keys."""
    body = {"name": "Odds & Ends", "location": "Level 3, South Wing"}
    store = mall.post("/api/stores", body, key=key("shop"))["id"]
    if not mall.get(f"/api/stores/{store}")["store"]["participating"]:
        mall.put(f"/api/stores/{store}/participating")

    def add(name: str, price: float) -> str:
        return add_product(mall, store, name, price, key("shop", name))

    kettle, lamp, mug = add("Kettle", 24.50), add("Lamp", 31.20), add("Mug", 6.40)
    prices = {kettle: 24.50, lamp: 31.20, mug: 6.40}
    return Stock(store, kettle, lamp, mug, add("Radio", 40.17), add("Globe", 35.19), prices)


def add_product(mall: Mall, store: str, name: str, price: float, key: str | None = None) -> str:
    """Add a product, as staff; returns its id."""
    body = {"name": name, "description": "", "sku": name.upper(), "price": price}
    product: str = mall.post(f"/api/stores/{store}/products", body, key=key or str(uuid.uuid4()))["id"]
    return product
