"""The public events of the stores service."""

from typing import Any

from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductRemoved,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
)
from functions.kernel.eventstore.publish import Publisher
from functions.stores.domain import (
    Added,
    Created,
    ParticipationToggled,
    PriceChanged,
    Product,
    Rebranded,
    Relabelled,
    Removed,
    Store,
)

publishes = Publisher("stores")


@publishes(Created)
def store_created(store: Store, event: Created) -> StoreCreated:
    return StoreCreated(**_store(store))


@publishes(ParticipationToggled)
def store_participation_toggled(store: Store, event: ParticipationToggled) -> StoreParticipationToggled:
    return StoreParticipationToggled(**_store(store))


@publishes(Rebranded)
def store_rebranded(store: Store, event: Rebranded) -> StoreRebranded:
    return StoreRebranded(**_store(store))


@publishes(Added)
def product_added(product: Product, event: Added) -> ProductAdded:
    return ProductAdded(**_product(product))


@publishes(Relabelled)
def product_rebranded(product: Product, event: Relabelled) -> ProductRebranded:
    return ProductRebranded(**_product(product))


@publishes(PriceChanged)
def product_price_changed(product: Product, event: PriceChanged) -> ProductPriceChanged:
    return ProductPriceChanged(**_product(product), previous_price=event.previous_price)


@publishes(Removed)
def product_removed(product: Product, event: Removed) -> ProductRemoved:
    return ProductRemoved(**_product(product))


def _store(store: Store) -> dict[str, Any]:
    return {"store_id": store.id, **store.state()}


def _product(product: Product) -> dict[str, Any]:
    return {"product_id": product.id, **product.state()}
