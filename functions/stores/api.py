"""The REST routes of stores and products."""

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import PagedAnswer, PagedOrAll
from functions.kernel.rest.wire import Amount, Answer, Body, Description, Label, Money, Name, Wire
from functions.kernel.runtime.context import CUSTOMER, KIOSK, STAFF
from functions.kernel.runtime.uses import Uses
from functions.stores import service, views

BROWSERS = [STAFF, KIOSK, CUSTOMER]

api = Api("stores", uses=Uses(streams="commit", rows=("query",), indexes=(views.OF_STORE, views.PARTICIPATING)))


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
    price: Amount = 0


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
    """Create a store."""
    return Created(id=service.create_store(body.name, body.location))


@api.get("/api/stores", may=BROWSERS)
def get_stores(params: PagedOrAll) -> StoresAnswer:
    """List the stores of the mall, those of a page by name."""
    return _stores(params, participating=False)


@api.get("/api/stores/participating", may=BROWSERS)
def get_participating_stores(params: PagedOrAll) -> StoresAnswer:
    """List the participating stores, those of a page by name."""
    return _stores(params, participating=True)


def _stores(params: PagedOrAll, *, participating: bool) -> StoresAnswer:
    purpose = f"stores participating={participating}"
    page = views.stores(params.limit, paging.read(params.next, purpose), participating=participating)
    return StoresAnswer(stores=[StoreShape(**row) for row in page.rows], next=paging.sign(page.after, purpose))


@api.get("/api/stores/{id}", may=BROWSERS)
def get_store(id: str) -> StoreAnswer:
    """Show a store."""
    store = service.store(id)
    return StoreAnswer(store=StoreShape(id=id, **store.state()))


@api.put("/api/stores/{id}/participating", may=[STAFF])
def enable_participation(id: str) -> None:
    """Enable a store's participation."""
    service.enable_participation(id)


@api.delete("/api/stores/{id}/participating", may=[STAFF])
def disable_participation(id: str) -> None:
    """Disable a store's participation."""
    service.disable_participation(id)


@api.put("/api/stores/{id}/rebrand", may=[STAFF])
def rebrand_store(id: str, body: StoreName) -> None:
    """Change a store's name."""
    service.rebrand_store(id, body.name)


@api.post("/api/stores/{storeId}/products", may=[STAFF])
def add_product(store_id: str, body: NewProduct) -> Created:
    """Add a product to a store."""
    return Created(id=service.add_product(store_id, body.name, body.description, body.sku, body.price))


@api.get("/api/stores/{storeId}/products", may=BROWSERS)
def get_products(store_id: str, params: PagedOrAll) -> ProductsAnswer:
    """List the products of a store, those of a page by name."""
    purpose = f"products of {store_id}"
    after = paging.read(params.next, purpose)
    service.require_store(store_id)
    page = views.products(store_id, params.limit, after)
    return ProductsAnswer(products=[ProductShape(**row) for row in page.rows], next=paging.sign(page.after, purpose))


@api.get("/api/stores/products/{id}", may=BROWSERS)
def get_product(id: str) -> ProductAnswer:
    """Show a product."""
    product = service.product(id)
    return ProductAnswer(product=ProductShape(id=id, **product.state()))


@api.delete("/api/stores/products/{id}", may=[STAFF])
def remove_product(id: str) -> None:
    """Remove a product from its store."""
    service.remove_product(id)


@api.put("/api/stores/products/{id}/rebrand", may=[STAFF])
def rebrand_product(id: str, body: ProductLabel) -> None:
    """Change a product's name and, where it is given, its description."""
    service.rebrand_product(id, body.name, body.description if "description" in body.model_fields_set else None)


@api.put("/api/stores/products/{id}/increasePrice", may=[STAFF])
def increase_price(id: str, body: Price) -> None:
    """Increase a product's price to the given one."""
    service.increase_price(id, body.price)


@api.put("/api/stores/products/{id}/decreasePrice", may=[STAFF])
def decrease_price(id: str, body: Price) -> None:
    """Decrease a product's price to the given one."""
    service.decrease_price(id, body.price)
