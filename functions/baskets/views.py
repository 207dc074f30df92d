"""The index of baskets that may be untouched for too long, and copies of stores and products.

When a copy misses, the owner is asked and its answer kept. What was removed is a marked row, not a tombstone: a
tombstone reads like a row that was never written, and the owner would be asked each time.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from events.baskets import BasketAbandoned, BasketCancelled, BasketCheckedOut, BasketStarted
from events.envelope import Metadata
from events.queries import FindProduct
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
from functions.baskets.domain import Basket, Product
from functions.kernel.messaging import known_customers
from functions.kernel.messaging.queries import Ask
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.views import Row

KEPT = timedelta(days=14)  # the row of a basket that has ended: as long as an earlier event may still arrive

projection = Projection(
    View("baskets", partitions=("baskets", "baskets of ", "stores", "products"), indexes=("untouched",))
)
projection.include(known_customers.projection)
find_product = Ask(FindProduct)


@projection.on(BasketStarted)
def open_basket_rows(event: BasketStarted, metadata: Metadata) -> list[Row]:
    """The row of a basket, and one by which it is found when its customer asks what is held."""
    found_by = {"basket_id": event.basket_id, "started_at": metadata.time}
    pointer = Row(_baskets_of(event.customer_id), f"{metadata.time} {event.basket_id}", found_by)
    return [_open(event.basket_id, metadata.time), pointer]


@projection.on(BasketCheckedOut, BasketCancelled, BasketAbandoned)
def ended_basket_row(event: BasketCheckedOut | BasketCancelled | BasketAbandoned, metadata: Metadata) -> Row:
    return _ended(event.basket_id, clock.read(metadata.time))


def write_row(basket: Basket, end: Commit | None) -> None:
    """Write a basket's row: in the index by its last touch while it is open, out of the index once it has ended.

    end: what ended it. The row is then as the message of that commit makes it, whenever it is written.
    """
    if end:
        runtime.current().views.put(_ended(basket.id, clock.read(end.time)), end.last)
    else:
        runtime.current().views.put(_open(basket.id, basket.touched_at), basket.version)


def baskets_of(customer_id: str, after: str | None) -> Iterator[tuple[str, str]]:
    """The ids of a customer's baskets, newest first, each with its place; of those behind a place, if given."""
    for basket in rows(_baskets_of(customer_id), last=after, descending=True):
        place = f"{basket['started_at']} {basket['basket_id']}"
        if place != after:
            yield place, basket["basket_id"]


def untouched_since(moment: datetime) -> Iterator[str]:
    """The ids of the baskets untouched since then, the longest untouched first, by an index that may be stale."""
    return (row["basket_id"] for row in rows("open", index="untouched", last=clock.stamp(moment)))


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return _store(event.store_id, event.name, event.participating)


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged, ProductRemoved)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    return _product(event.product_id, event.store_id, event.name, event.price, event.removed)


def product(product_id: str) -> Product | None:
    """A product as it is in the catalogue; None for one that is unknown or was removed.

    Raises UnavailableError when the owner must be asked and does not answer.
    """
    copy = read("products", product_id)
    if copy and copy["removed"]:
        return None
    store = copy and read("stores", copy["store_id"])
    if not copy or not store:
        return _ask_for_product(product_id)
    return Product(
        product_id=product_id,
        store_id=copy["store_id"],
        store_name=store["name"],
        name=copy["name"],
        price=copy["price"],
        participating=store["participating"],
    )


def _ask_for_product(product_id: str) -> Product | None:
    found = find_product.or_none(product_id=product_id)
    if found is None:
        return None
    views = runtime.current().views
    views.put(_store(found.store_id, found.store_name, found.store_participating), found.store_version)
    views.put(_product(product_id, found.store_id, found.name, found.price, removed=False), found.version)
    return Product(
        product_id=product_id,
        store_id=found.store_id,
        store_name=found.store_name,
        name=found.name,
        price=found.price,
        participating=found.store_participating,
    )


def _open(basket_id: str, touched_at: str) -> Row:
    return Row("baskets", basket_id, {"basket_id": basket_id}, indexes={"untouched": ("open", touched_at)})


def _ended(basket_id: str, at: datetime) -> Row:
    return Row("baskets", basket_id, {"basket_id": basket_id}, expires=int((at + KEPT).timestamp()))


def _baskets_of(customer_id: str) -> str:
    return f"baskets of {customer_id}"


def _store(store_id: str, name: str, participating: bool) -> Row:
    return Row("stores", store_id, {"name": name, "participating": participating})


def _product(product_id: str, store_id: str, name: str, price: int, removed: bool) -> Row:
    return Row("products", product_id, {"store_id": store_id, "name": name, "price": price, "removed": removed})
