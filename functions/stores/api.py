"""The REST routes of stores and products."""

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Amount, Answer, Body, Description, Label, Money, Name, Wire
from functions.kernel.runtime.context import CUSTOMER, KIOSK, STAFF
from functions.stores import service, views

BROWSERS = [STAFF, KIOSK, CUSTOMER]

api = Api("stores")


class Created(Answer):
    id: str


class NewStore(Body):
    name: Name
    location: Name


class StoreName(Body):
    name: Name


class StoreShape(Wire):
    id: str
    name: str
    location: str
    participating: bool


class StoreAnswer(Answer):
    store: StoreShape


class StoresAnswer(PagedAnswer):
    stores: list[StoreShape]


class NewProduct(Body):
    name: Name
    description: Description = ""
    sku: Label = ""
    price: Amount


class ProductLabel(Body):
    name: Name
    description: Description = ""


class Price(Body):
    price: Amount


class ProductShape(Wire):
    id: str
    store_id: str
    name: str
    description: str
    sku: str
    price: Money


class ProductAnswer(Answer):
    product: ProductShape


class ProductsAnswer(PagedAnswer):
    products: list[ProductShape]


@api.post("/api/stores", may=[STAFF])
def create_store(body: NewStore) -> Created:
    """Open a store."""
    return Created(id=service.create_store(body.name, body.location))


@api.get("/api/stores", may=BROWSERS)
def get_stores(params: Paged) -> StoresAnswer:
    """The stores of the mall, by name."""
    return _stores(params, participating=False)


@api.get("/api/stores/participating", may=BROWSERS)
def get_participating_stores(params: Paged) -> StoresAnswer:
    """The stores that take part, by name."""
    return _stores(params, participating=True)


def _stores(params: Paged, *, participating: bool) -> StoresAnswer:
    purpose = f"stores participating={participating}"
    page = views.stores(params.limit, paging.read(params.next, purpose), participating=participating)
    return StoresAnswer(stores=[StoreShape(**row) for row in page.rows], next=paging.sign(page.after, purpose))


@api.get("/api/stores/{id}", may=BROWSERS)
def get_store(id: str) -> StoreAnswer:
    """A store."""
    store = service.store(id)
    return StoreAnswer(store=StoreShape(id=id, **store.state()))


@api.put("/api/stores/{id}/participating", may=[STAFF])
def enable_participation(id: str) -> None:
    """Let a store take part."""
    service.enable_participation(id)


@api.delete("/api/stores/{id}/participating", may=[STAFF])
def disable_participation(id: str) -> None:
    """Let a store take part no more."""
    service.disable_participation(id)


@api.put("/api/stores/{id}/rebrand", may=[STAFF])
def rebrand_store(id: str, body: StoreName) -> None:
    """Give a store another name."""
    service.rebrand_store(id, body.name)


@api.post("/api/stores/{storeId}/products", may=[STAFF])
def add_product(store_id: str, body: NewProduct) -> Created:
    """Let a store sell a product."""
    return Created(id=service.add_product(store_id, body.name, body.description, body.sku, body.price))


@api.get("/api/stores/{storeId}/products", may=BROWSERS)
def get_products(store_id: str, params: Paged) -> ProductsAnswer:
    """What a store sells, by name."""
    purpose = f"products of {store_id}"
    after = paging.read(params.next, purpose)
    service.must_know_store(store_id)
    page = views.products(store_id, params.limit, after)
    return ProductsAnswer(products=[ProductShape(**row) for row in page.rows], next=paging.sign(page.after, purpose))


@api.get("/api/stores/products/{id}", may=BROWSERS)
def get_product(id: str) -> ProductAnswer:
    """A product."""
    product = service.product(id)
    return ProductAnswer(product=ProductShape(id=id, **product.state()))


@api.delete("/api/stores/products/{id}", may=[STAFF])
def remove_product(id: str) -> None:
    """Let a store sell a product no more."""
    service.remove_product(id)


@api.put("/api/stores/products/{id}/rebrand", may=[STAFF])
def rebrand_product(id: str, body: ProductLabel) -> None:
    """Give a product another name and, when one is given, description."""
    service.rebrand_product(id, body.name, body.description if "description" in body.model_fields_set else None)


@api.put("/api/stores/products/{id}/increasePrice", may=[STAFF])
def increase_price(id: str, body: Price) -> None:
    """Raise a product's price to this one."""
    service.increase_price(id, body.price)


@api.put("/api/stores/products/{id}/decreasePrice", may=[STAFF])
def decrease_price(id: str, body: Price) -> None:
    """Lower a product's price to this one."""
    service.decrease_price(id, body.price)
