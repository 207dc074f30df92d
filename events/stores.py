"""What the stores service says: the mall's stores and what they sell."""

from events.registry import Event
from events.shapes import Cents


class StoreState(Event):
    """A store as others may know it."""

    store_id: str
    name: str
    location: str
    participating: bool


class StoreCreated(StoreState, source="stores", key="store_id"):
    """A store opened in the mall."""


class StoreParticipationToggled(StoreState, source="stores", key="store_id"):
    """A store began or ceased to take part."""


class StoreRebranded(StoreState, source="stores", key="store_id"):
    """A store took another name."""


class ProductState(Event):
    """A product as others may know it."""

    product_id: str
    store_id: str
    name: str
    description: str
    sku: str
    price: Cents
    removed: bool


class ProductAdded(ProductState, source="stores", key="product_id"):
    """A store began to sell a product."""


class ProductRebranded(ProductState, source="stores", key="product_id"):
    """A product took another name or description."""


class ProductPriceChanged(ProductState, source="stores", key="product_id"):
    """A product's price went up or down."""

    previous_price: Cents


class ProductRemoved(ProductState, source="stores", key="product_id"):
    """A store ceased to sell a product."""
