"""What one can do with stores and products."""

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import context
from functions.stores.domain import Product, Store
from functions.stores.publish import publishes

stores = Repository(Store, publishes)
products = Repository(Product, publishes)


def create_store(name: str, location: str) -> str:
    """Open a store and return its id. Raises InvalidError."""
    return stores.create(context.current().new_id(), lambda store: store.create(name, location)).id


def store(store_id: str) -> Store:
    """A store as it is now. Raises NotFoundError."""
    return stores.get(store_id)


def enable_participation(store_id: str) -> None:
    """Let a store take part. Raises NotFoundError, InvalidError."""
    stores.change(store_id, lambda store: store.enable_participation())


def disable_participation(store_id: str) -> None:
    """Let a store take part no more. Raises NotFoundError, InvalidError."""
    stores.change(store_id, lambda store: store.disable_participation())


def rebrand_store(store_id: str, name: str) -> None:
    """Give a store another name. Raises NotFoundError, InvalidError."""
    stores.change(store_id, lambda store: store.rebrand(name))


def add_product(store_id: str, name: str, description: str, sku: str, price: int) -> str:
    """Let a store sell a product, at a price in cents, and return its id. Raises NotFoundError, InvalidError."""

    def decide(product: Product) -> None:
        must_know_store(store_id)
        product.add(store_id, name, description, sku, price)

    return products.create(context.current().new_id(), decide).id


def product(product_id: str) -> Product:
    """A product as it is now. Raises NotFoundError, also for one that was removed."""
    product = products.get(product_id)
    if product.removed:
        raise NotFoundError(f"there is no product {product_id} any more")
    return product


def rebrand_product(product_id: str, name: str, description: str | None) -> None:
    """Give a product another name and, unless None, description. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.rebrand(name, description))


def increase_price(product_id: str, price: int) -> None:
    """Raise a product's price to this one, in cents. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.increase_price(price))


def decrease_price(product_id: str, price: int) -> None:
    """Lower a product's price to this one, in cents. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.decrease_price(price))


def remove_product(product_id: str) -> None:
    """Let a store sell a product no more. Raises NotFoundError, InvalidError."""
    products.change(product_id, lambda product: product.remove())


def must_know_store(store_id: str) -> None:
    """Raises NotFoundError for a store that is not there."""
    # Not stores.get: the request is about something else, whose version is to be its answer's ETag.
    if stores.load(store_id).aggregate.is_new:
        raise NotFoundError(f"there is no store {store_id}")
