"""The REST routes of orders."""

from typing import Annotated, cast

from events.ordering import OrderStatus
from events.queries import FindProduct
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import (
    Amount,
    Answer,
    Body,
    Description,
    Id,
    Label,
    Lines,
    Money,
    Quantity,
    Wire,
    documented_only,
)
from functions.kernel.runtime import context
from functions.kernel.runtime.context import CUSTOMER, STAFF
from functions.kernel.runtime.uses import Uses
from functions.ordering import service
from functions.ordering.domain import Caller, Order
from functions.ordering.items import Wanted

api = Api("ordering", uses=Uses(streams="commit", asks=(FindProduct,)))


class WantedItem(Wire):
    """An item as staff order it; price and names may be left out, the catalogue's are taken."""

    store_id: Id
    product_id: Id
    quantity: Quantity
    price: Amount = 0
    store_name: Label = ""
    product_name: Label = ""


class NewOrder(Body):
    customer_id: Id
    payment_id: Id
    items: Annotated[Lines[WantedItem], documented_only(minItems=1)]


class Cancellation(Body):
    reason: Description = ""


class Created(Answer):
    id: str


class Item(Wire):
    store_id: str
    store_name: str
    product_id: str
    product_name: str
    price: Money
    quantity: int


class OrderContent(Wire):
    id: str
    customer_id: str
    payment_id: str
    items: list[Item]
    status: OrderStatus
    ready: bool
    paid: bool
    total: Money


class OrderAnswer(Answer):
    order: OrderContent


@api.post("/api/ordering", may=[STAFF], errors=[404])
def create_order(body: NewOrder) -> Created:
    """Place an order without a basket, at the catalogue's prices."""
    wanted = [_wanted(item) for item in body.items]
    return Created(id=service.place_by_staff(body.customer_id, body.payment_id, wanted))


@api.get("/api/ordering/{id}", may=[STAFF, CUSTOMER])
def get_order(id: str) -> OrderAnswer:
    """Show an order."""
    return OrderAnswer(order=_content(service.order(id)))


@api.delete("/api/ordering/{id}", may=[STAFF, CUSTOMER])
def cancel_order(id: str, body: Cancellation) -> None:
    """Cancel an order."""
    service.cancel(id, body.reason, _caller())


def _caller() -> Caller:
    """Who cancels an order: its customer, or staff."""
    return "customer" if context.current().caller.role == CUSTOMER else "staff"


def _wanted(item: WantedItem) -> Wanted:
    price = item.price if "price" in item.model_fields_set else None  # 0 is a price too
    return Wanted(item.store_id, item.product_id, item.quantity, price)


def _content(order: Order) -> OrderContent:
    return OrderContent(
        id=order.id,
        customer_id=order.customer_id,
        payment_id=order.payment_id,
        items=[Item(**vars(item)) for item in order.items],
        status=cast(OrderStatus, order.status),
        ready=order.ready,
        paid=order.paid,
        total=order.total,
    )
