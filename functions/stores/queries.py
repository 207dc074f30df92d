"""The queries that the stores service answers to other services."""

from events.queries import FindProduct, ProductFound
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime.uses import Uses
from functions.stores import service

queries = Queries("stores", uses=Uses(streams="load"))


@queries.on(FindProduct)
def find_product(query: FindProduct) -> ProductFound:
    product = service.product(query.product_id)
    store = service.store(product.store_id)
    return ProductFound(
        product_id=product.id,
        store_id=store.id,
        store_name=store.name,
        store_version=store.version,
        store_location=store.location,
        store_participating=store.participating,
        name=product.name,
        price=product.price,
        version=product.version,
    )
