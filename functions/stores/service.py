"""The use cases of stores and products."""

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import context
from functions.stores.domain import Product, Store
from functions.stores.publish import publishes

stores = Repository(Store, publishes)
products = Repository(Product, publishes)


def create_store(name: str, location: str) -> str:
    """Create a store and return its id. Raises InvalidError."""
    return stores.create(context.current().new_id(), lambda store: store.create(name, location)).id


def store(store_id: str) -> Store:
    """A store as of now. Raises NotFoundError."""
    return stores.get(store_id)


def enable_participation(store_id: str) -> None:
    """Enable a store's participation. Raises NotFoundError, InvalidError."""
    stores.change(store_id, lambda store: store.enable_participation())


def disable_participation(store_id: str) -> None:
    """Disable a store's participation. Raises NotFoundError, InvalidError."""
    stores.change(store_id, lambda store: store.disable_participation())


def rebrand_store(store_id: str, name: str) -> None:
    """Change a store's name. Raises NotFoundError, InvalidError."""
    stores.change(store_id, lambda store: store.rebrand(name))


def add_product(store_id: str, name: str, description: str, sku: str, price: int) -> str:
    """Add a product to a store, at a price in cents, and return its id. Raises NotFoundError, InvalidError."""

    def decide(product: Product) -> None:
        require_store(store_id)
        product.add(store_id, name, description, sku, price)

    return products.create(context.current().new_id(), decide).id


def product(product_id: str) -> Product:
    """A product as of now. Raises NotFoundError, also for a removed one."""
    product = products.get(product_id)
    if product.removed:
        raise NotFoundError(f"there is no product {product_id} any more")
    return product


def rebrand_product(product_id: str, name: str, description: str | None) -> None:
    """Change a product's name and, unless None, its description. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.rebrand(name, description))


def increase_price(product_id: str, price: int) -> None:
    """Increase a product's price to the given one, in cents. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.increase_price(price))


def decrease_price(product_id: str, price: int) -> None:
    """Decrease a product's price to the given one, in cents. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.decrease_price(price))


def remove_product(product_id: str) -> None:
    """Remove a product from its store. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.remove())


def require_store(store_id: str) -> None:
    """Raises NotFoundError for an unknown store."""
    # Not stores.get, which would make the store's version the ETag of the answer: the request is about a product.
    if stores.load(store_id).aggregate.is_new:
        raise NotFoundError(f"there is no store {store_id}")
