"""Messages of the stores service: the mall's stores and the products that they sell."""

from events.registry import Event
from events.shapes import Cents


class StoreState(Event):
    """The public state of a store."""

    store_id: str
    name: str
    location: str
    participating: bool


class StoreCreated(StoreState, source="stores", key="store_id"):
    """A store was created."""


class StoreParticipationToggled(StoreState, source="stores", key="store_id"):
    """A store's participation was enabled or disabled."""


class StoreRebranded(StoreState, source="stores", key="store_id"):
    """A store changed its name."""


class ProductState(Event):
    """The public state of a product."""

    product_id: str
    store_id: str
    name: str
    description: str
    sku: str
    price: Cents
    removed: bool


class ProductAdded(ProductState, source="stores", key="product_id"):
    """A store added a product."""


class ProductRebranded(ProductState, source="stores", key="product_id"):
    """A product changed its name or description."""


class ProductPriceChanged(ProductState, source="stores", key="product_id"):
    """A product's price went up or down."""

    previous_price: Cents


class ProductRemoved(ProductState, source="stores", key="product_id"):
    """A store removed a product."""
