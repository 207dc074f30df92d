"""What completed orders sold: in all, by store, by product and by the hour.

What an order sold is in the row of its last stage (stages.py); names are rows of their own, joined on read.
"""

from collections.abc import Iterable
from functools import partial

from events.envelope import Metadata
from events.ordering import OrderCompleted
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
from functions.insights.hours import Range
from functions.insights.sums import SOLD, Sum, add_up, summed
from functions.kernel.domain.errors import InvalidError
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read_many
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Money, Stamp, Wire
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.json_text import ANSWER_BYTES, compact, weight
from functions.kernel.runtime.side_by_side import results
from functions.kernel.runtime.views import Row

NAMES_AT_A_TIME = 100  # what one BatchGetItem reads
ENTRY = 110  # bytes in an answer of a store, a product or an hour without its texts: names of fields, and numbers
MALL, STORE, PRODUCT = "mall", "store", "product"
NOTHING = (0, 0, 0)

projection = Projection(View("names", partitions=("stores", "products")))
api = Api("insights")


def sold(event: OrderCompleted) -> Sum:
    """What a completed order adds: orders, items and revenue in cents, of the mall and by store and product."""
    found: Sum = {MALL: [1, sum(item.quantity for item in event.items), event.total]}
    for item in event.items:
        for key in (f"{STORE} {item.store_id}", f"{PRODUCT} {item.product_id}"):
            numbers = found.setdefault(key, [1, 0, 0])
            numbers[1] += item.quantity
            numbers[2] += item.price * item.quantity
    return found


@projection.on(StoreCreated, StoreParticipationToggled, StoreRebranded)
def store_row(event: StoreState, metadata: Metadata) -> Row:
    return Row("stores", event.store_id, {"id": event.store_id, "name": event.name})


@projection.on(ProductAdded, ProductRebranded, ProductPriceChanged, ProductRemoved)
def product_row(event: ProductState, metadata: Metadata) -> Row:
    # What is not sold any more was sold once: it keeps its name.
    return Row("products", event.product_id, {"id": event.product_id, "name": event.name})


def names(partition: str, ids: Iterable[str]) -> dict[str, str]:
    """The names of these "stores" or "products", by id. They are read by their keys, whatever else is catalogued."""
    keys = [(partition, id) for id in ids]
    parts = (keys[begin : begin + NAMES_AT_A_TIME] for begin in range(0, len(keys), NAMES_AT_A_TIME))
    found = results(runtime.current().side_by_side([partial(read_many, part) for part in parts]))
    return {row["id"]: row["name"] for part in found for row in part.values()}


def _must_fit(entries: int, *texts: Iterable[str]) -> None:
    """Raises InvalidError where so many stores, products and hours, with these texts, are more than an answer holds."""
    if entries * ENTRY + sum(weight(compact(text)) for some in texts for text in some) > ANSWER_BYTES:
        raise InvalidError("more was sold between from and to than an answer holds: ask for a shorter range")


class StoreSales(Wire):
    store_id: str
    store_name: str
    orders: int
    items: int
    revenue: Money


class ProductSales(Wire):
    product_id: str
    product_name: str
    orders: int
    items: int
    revenue: Money


class HourSales(Wire):
    hour: Stamp
    orders: int
    revenue: Money


class SalesAnswer(Answer):
    orders: int
    items: int
    revenue: Money
    by_store: list[StoreSales]
    by_product: list[ProductSales]
    by_hour: list[HourSales]


@api.get("/api/insights/sales", may=[STAFF])
def get_sales(params: Range) -> SalesAnswer:
    """Show what completed orders sold: in all, by store and product (best first), and by the hour."""
    hours = summed(SOLD, *params.bounds)
    total: Sum = {}
    for found in hours.values():
        add_up(SOLD, total, found)
    stores, products = _of(STORE, total), _of(PRODUCT, total)
    entries = len(stores) + len(products) + len(hours)
    _must_fit(entries, stores, products, hours)  # before all their names are read
    store_names, product_names = names("stores", stores), names("products", products)
    _must_fit(entries, stores, products, hours, store_names.values(), product_names.values())
    orders, items, revenue = total.get(MALL, NOTHING)
    return SalesAnswer(
        orders=orders,
        items=items,
        revenue=revenue,
        by_store=[
            StoreSales(store_id=id, store_name=store_names.get(id, ""), orders=orders, items=items, revenue=revenue)
            for id, (orders, items, revenue) in stores.items()
        ],
        by_product=[
            ProductSales(
                product_id=id, product_name=product_names.get(id, ""), orders=orders, items=items, revenue=revenue
            )
            for id, (orders, items, revenue) in products.items()
        ],
        by_hour=[
            HourSales(hour=f"{hour}:00:00Z", orders=sold[MALL][0], revenue=sold[MALL][2])
            for hour, sold in sorted(hours.items())
            if MALL in sold
        ],
    )


def _of(kind: str, total: Sum) -> dict[str, list[int]]:
    """The sums of the stores or the products by id, those with the highest revenue first."""
    found = {key.partition(" ")[2]: sums for key, sums in total.items() if key.partition(" ")[0] == kind}
    return dict(sorted(found.items(), key=lambda one: (-one[1][2], one[0])))
