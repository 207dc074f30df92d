"""The read models of the mall (its stores) and the catalogue (their products).

A row keeps its place in a list whatever becomes of it: a list that is read page by page has each row once.
"""

from dataclasses import replace
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
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Page, Row

OF_STORE = "by_name"  # the products of a store by their ids; of rows from before, which are in it too, by their names
PARTICIPATING = "participating"

projection = Projection(View("catalogue", partitions=("stores", "products"), indexes=(OF_STORE, PARTICIPATING)))


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return Row(
        "stores",
        event.store_id,
        {
            "id": event.store_id,
            "name": event.name,
            "location": event.location,
            "participating": event.participating,
        },
        indexes={PARTICIPATING: ("stores", event.store_id)} if event.participating else {},
    )


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged, ProductRemoved)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    return Row(
        "products",
        event.product_id,
        None if event.removed else _product(event),
        indexes={OF_STORE: (_products_of(event.store_id), event.product_id)},
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
    index = PARTICIPATING if participating else None
    return _by_name(runtime.current().views.query("stores", index=index, limit=limit, after=after))


def products(store_id: str, limit: int, after: dict[str, Any] | None) -> Page:
    """A page of a store's products."""
    return _by_name(runtime.current().views.query(_products_of(store_id), index=OF_STORE, limit=limit, after=after))


def _by_name(page: Page) -> Page:
    """A page with its rows by name: a list that is read whole is one page."""
    return replace(page, rows=sorted(page.rows, key=lambda row: (str(row["name"]).lower(), str(row["id"]))), sorts=())


def _products_of(store_id: str) -> str:
    return f"products of {store_id}"
