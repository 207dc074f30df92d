"""The REST routes of baskets."""

from typing import Annotated, cast

from events.baskets import BasketStatus
from events.queries import FindCustomerStatus, FindProduct
from functions.baskets import service
from functions.baskets.domain import Basket
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Body, Id, Lines, Money, Quantity, Wire, documented_only
from functions.kernel.runtime.context import CUSTOMER, STAFF
from functions.kernel.runtime.uses import Uses

api = Api("baskets", uses=Uses(streams="commit", rows=("get", "put"), asks=(FindProduct, FindCustomerStatus)))


class NewBasket(Body):
    customer_id: Id


class SomeItems(Body):
    product_id: Id
    quantity: Quantity


class WantedItem(Wire):
    product_id: Id
    quantity: Quantity


WantedItems = Annotated[Lines[WantedItem], documented_only(minItems=1)]


class FilledBasket(Body):
    customer_id: Id
    items: WantedItems


class MoreItems(Body):
    items: WantedItems


class Checkout(Body):
    payment_id: Id


class Created(Answer):
    id: str


class Item(Wire):
    store_id: str
    store_name: str
    product_id: str
    product_name: str
    product_price: Money
    quantity: int


class BasketContent(Wire):
    id: str
    customer_id: str
    status: BasketStatus
    items: list[Item]
    total: Money


class BasketAnswer(Answer):
    basket: BasketContent


@api.post("/api/baskets", may=[STAFF, CUSTOMER], errors=[404], routine=True)
def start_basket(body: NewBasket) -> Created:
    """Start a basket for a customer."""
    return Created(id=service.start(body.customer_id))


@api.post("/api/baskets/withItems", may=[STAFF, CUSTOMER], errors=[404], routine=True)
def start_basket_with_items(body: FilledBasket) -> Created:
    """Start a basket for a customer with its items; a product that is named twice adds up."""
    return Created(id=service.start_with(body.customer_id, _quantities(body.items)))


@api.get("/api/baskets/{id}", may=[STAFF, CUSTOMER])
def get_basket(id: str) -> BasketAnswer:
    """Show a basket."""
    return BasketAnswer(basket=_content(service.basket(id)))


@api.put("/api/baskets/{id}/addItem", may=[STAFF, CUSTOMER], routine=True)
def add_item(id: str, body: SomeItems) -> None:
    """Add a quantity of a product to a basket."""
    service.add_item(id, body.product_id, body.quantity)


@api.put("/api/baskets/{id}/addItems", may=[STAFF, CUSTOMER], routine=True)
def add_items(id: str, body: MoreItems) -> None:
    """Add quantities of products to a basket: all of them, or none where one is refused."""
    service.add_items(id, _quantities(body.items))


@api.put("/api/baskets/{id}/removeItem", may=[STAFF, CUSTOMER], routine=True)
def remove_item(id: str, body: SomeItems) -> None:
    """Remove a quantity of a product from a basket."""
    service.remove_item(id, body.product_id, body.quantity)


@api.put("/api/baskets/{id}/checkout", may=[STAFF, CUSTOMER], routine=True)
def check_out_basket(id: str, body: Checkout) -> None:
    """Check a basket out: its items become an order."""
    service.check_out(id, body.payment_id)


@api.delete("/api/baskets/{id}", may=[STAFF, CUSTOMER], routine=True)
def cancel_basket(id: str) -> None:
    """Cancel a basket."""
    service.cancel(id)


def _quantities(items: list[WantedItem]) -> list[tuple[str, int]]:
    return [(item.product_id, item.quantity) for item in items]


def _content(basket: Basket) -> BasketContent:
    return BasketContent(
        id=basket.id,
        customer_id=basket.customer_id,
        status=cast(BasketStatus, basket.status),
        items=[
            Item(
                store_id=line.store_id,
                store_name=line.store_name,
                product_id=line.product_id,
                product_name=line.product_name,
                product_price=line.price,
                quantity=line.quantity,
            )
            for line in basket.lines
        ],
        total=basket.total,
    )
