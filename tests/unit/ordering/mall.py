"""What the ordering service consumes and asks in these tests: a basket, its list and invoice, and the catalogue."""

from typing import Any

from events.baskets import BasketCheckedOut
from events.depot import ShoppingListCompleted
from events.payments import InvoicePaid
from events.queries import ProductFound
from events.registry import Message, decode
from events.shapes import LineItem, Shortage
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.commit import Outgoing
from functions.ordering import service
from functions.ordering.inbox import inbox
from tests.support.delivery import delivered

BREAD = LineItem(
    store_id="bakery",
    product_id="bread",
    store_name="Corner Bakery",
    product_name="Rye bread",
    price=450,
    quantity=2,
)
INK = LineItem(store_id="paper", product_id="ink", store_name="Paper & Ink", product_name="Ink", price=799, quantity=1)
NO_INK = Shortage(store_id="paper", product_id="ink", quantity=1)
NO_BREAD = Shortage(store_id="bakery", product_id="bread", quantity=2)

CHECKED_OUT = BasketCheckedOut(
    basket_id="order-1",
    customer_id="ada",
    status="checked_out",
    items=(BREAD, INK),
    total=1699,
    payment_id="payment-1",
)
PAID = InvoicePaid(invoice_id="order-1", order_id="order-1", payment_id="payment-1", amount=1699, status="paid")


def collected(
    *shortages: Shortage, list_id: str = "order-1", order_id: str = "order-1", by_staff: bool = False
) -> ShoppingListCompleted:
    """The completion of a shopping list."""
    return ShoppingListCompleted(
        shopping_list_id=list_id,
        order_id=order_id,
        status="completed",
        stops=(),
        bot_id=None,
        assignment=0,
        by_staff=by_staff,
        shortages=shortages,
    )


class Catalogue:
    """The stores service's answers: it sells bread and ink. While it is `down` it does not answer."""

    def __init__(self) -> None:
        self.down = False
        self.queries = 0

    def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        self.queries += 1
        id = request["data"]["product_id"]
        line = {"bread": BREAD, "ink": INK}.get(id)
        if line is None:
            return {"not_found": f"there is no product {id}"}
        found = ProductFound(
            product_id=id,
            store_id=line.store_id,
            store_name=line.store_name,
            store_version=1,
            store_location="Floor 0",
            store_participating=False,
            name=line.product_name,
            price=line.price,
            version=1,
        )
        return {"answer": found.model_dump(mode="json")}


def deliver(message: Message, id: str = "") -> None:
    """Deliver a message twice, and once more under another id: its cause forgotten."""
    name = id or type(message).about.name
    for message_id in (name, name, f"{name}-again"):
        assert inbox.handle(delivered(message, id=message_id)) == {"batchItemFailures": []}


def outgoing(order_id: str = "order-1") -> list[Outgoing]:
    """The messages in an order's commits."""
    return [message for commit in service.orders.history(order_id) for message in commit.messages]


def published(order_id: str = "order-1") -> list[Message]:
    """The events in an order's commits, as a consumer reads them."""
    return [
        decode(message.name, message.detail["metadata"]["version"], message.detail["data"])
        for message in outgoing(order_id)
        if not message.name.endswith(("Accepted", "Refused"))
    ]


def names(order_id: str = "order-1") -> list[str]:
    """The names of those events."""
    return [type(message).about.name for message in published(order_id)]
