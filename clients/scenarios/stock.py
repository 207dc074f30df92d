"""A store for the paths alone: what they reprice and remove there affects no other user of the mall."""

import uuid
from dataclasses import dataclass

from clients.mall import Mall


@dataclass(frozen=True)
class Stock:
    """Product ids. The last two digits of a refund control the sandbox payment provider, hence the prices."""

    store: str
    kettle: str
    lamp: str
    mug: str
    answer_lost: str
    unavailable_at_first: str

    @property
    def plain(self) -> dict[str, int]:
        """A basket of which any part can be refunded without a fault of the provider."""
        return {self.kettle: 2, self.lamp: 1, self.mug: 3}


def open_shop(mall: Mall) -> Stock:
    """Create the store and its products, as staff."""
    body = {"name": "Odds & Ends", "location": "Level 3, South Wing"}
    store = mall.post("/api/stores", body, key=str(uuid.uuid4()))["id"]
    mall.put(f"/api/stores/{store}/participating")
    return Stock(
        store,
        kettle=add_product(mall, store, "Kettle", 24.50),
        lamp=add_product(mall, store, "Lamp", 31.20),
        mug=add_product(mall, store, "Mug", 6.40),
        answer_lost=add_product(mall, store, "Radio", 40.17),
        unavailable_at_first=add_product(mall, store, "Globe", 35.19),
    )


def add_product(mall: Mall, store: str, name: str, price: float) -> str:
    """Add a product, as staff; returns its id."""
    body = {"name": name, "description": "", "sku": name.upper(), "price": price}
    product: str = mall.post(f"/api/stores/{store}/products", body, key=str(uuid.uuid4()))["id"]
    return product
