"""The read models of the mall (its stores) and the catalogue (their products), by name."""

from typing import Any

from events.envelope import Metadata
from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductRemoved,
    ProductState,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
    StoreState,
)
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Page, Row

BY_NAME = "by_name"
PARTICIPATING = "participating"

projection = Projection(indexes=[BY_NAME, PARTICIPATING])


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    place = "stores", event.name.lower()
    return Row(
        "stores",
        event.store_id,
        {
            "id": event.store_id,
            "name": event.name,
            "location": event.location,
            "participating": event.participating,
        },
        indexes={BY_NAME: place, **({PARTICIPATING: place} if event.participating else {})},
    )


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged, ProductRemoved)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    return Row(
        "products",
        event.product_id,
        None if event.removed else _product(event),
        indexes={BY_NAME: (_products_of(event.store_id), event.name.lower())},
    )


def _product(event: ProductState) -> dict[str, Any]:
    return {
        "id": event.product_id,
        "store_id": event.store_id,
        "name": event.name,
        "description": event.description,
        "sku": event.sku,
        "price": event.price,
    }


def stores(limit: int, after: dict[str, Any] | None, *, participating: bool = False) -> Page:
    """A page of all stores, or of the participating ones."""
    index = PARTICIPATING if participating else BY_NAME
    return runtime.current().views.query("stores", index=index, limit=limit, after=after)


def products(store_id: str, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of a store's products."""
    return runtime.current().views.query(_products_of(store_id), index=BY_NAME, limit=limit, after=after)


def _products_of(store_id: str) -> str:
    return f"products of {store_id}"
