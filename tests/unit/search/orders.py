"""Events of orders for search, requests to it, and the service that owns the names of customers."""

from collections.abc import Iterator, Sequence
from typing import Any

from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.registry import Message
from events.shapes import LineItem
from functions.kernel.domain.errors import UnavailableError
from functions.search.api import api
from functions.search.inbox import inbox
from tests.support.delivery import delivered
from tests.support.gateway import Response, request

STORES = {"bread": "bakery", "roll": "bakery", "ink": "paper", "pen": "paper"}
PRICES = {"bread": 450, "roll": 60, "ink": 799, "pen": 150}
EVENTS: dict[str, tuple[type[OrderState], dict[str, Any]]] = {
    "pending": (OrderCreated, {}),
    "approved": (OrderApproved, {"shopping_list_id": "list-1"}),
    "ready": (OrderReadied, {"shortages": ()}),
    "paid": (OrderPaid, {}),
    "completed": (OrderCompleted, {}),
    "rejected": (OrderRejected, {"reason": "no"}),
    "cancelled": (OrderCancelled, {"reason": "no", "by": "staff"}),
}


class Owner:
    """The customers service: the names that it has by id, and what it was asked. While it is `down` it fails."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.asked: list[list[str]] = []
        self.down = False

    def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        assert (owner, request["query"]) == ("customers", "FindCustomerNames")
        ids = request["data"]["customer_ids"]
        self.asked.append(ids)
        return {"answer": {"names": {id: self.names[id] for id in ids if id in self.names}}}


def line(product_id: str, quantity: int = 1) -> LineItem:
    """A quantity of a product, under the name at the time of the order."""
    store_id = STORES[product_id]
    return LineItem(
        store_id=store_id,
        product_id=product_id,
        store_name=store_id.title(),
        product_name=product_id.title(),
        price=PRICES[product_id],
        quantity=quantity,
    )


def order(
    order_id: str,
    stage: str = "pending",
    *,
    customer: str = "ada",
    at: str = "2026-03-14T09:00:00.000000Z",
    items: Sequence[LineItem] = (line("bread"),),
    **fields: Any,
) -> OrderState:
    """The event of an order that reaches a status, or is paid."""
    event, more = EVENTS[stage]
    state = {
        "order_id": order_id,
        "customer_id": customer,
        "payment_id": f"payment of {order_id}",
        "items": tuple(items),
        "total": sum(item.price * item.quantity for item in items),
        "status": "approved" if stage == "paid" else stage,
        "ready": False,
        "paid": False,
        "shopping_list_id": None,
        "created_at": at,
    }
    return event.model_validate(state | more | fields)


def consume(message: Message, version: int = 1) -> None:
    """Deliver a message to search twice."""
    for _ in range(2):
        assert inbox.handle(delivered(message, stream_version=version)) == {"batchItemFailures": []}


def place(order_id: str, status: str = "pending", **fields: Any) -> None:
    """Deliver the events of an order that is placed and reaches a status, the later one first."""
    if status != "pending":
        consume(order(order_id, status, **fields), 2)
    consume(order(order_id, **fields), 1)


def search(**body: Any) -> Response:
    return request(api, "POST", "/api/search/orders", body)


def ask(filters: dict[str, Any] | None = None, **fields: Any) -> Response:
    return search(filters=filters or {}, **fields)


def pages(filters: dict[str, Any] | None = None, limit: int = 50) -> Iterator[list[dict[str, Any]]]:
    """The pages of a search, by following `next`."""
    following: dict[str, Any] = {}
    while True:
        answer = ask(filters, limit=limit, **following)
        assert answer.status == 200, answer
        assert len(answer.body["orders"]) <= limit
        yield answer.body["orders"]
        if "next" not in answer.body:
            return
        following = {"next": answer.body["next"]}


def found(filters: dict[str, Any] | None = None, limit: int = 50) -> list[str]:
    """The ids of all orders that a search finds."""
    return [one["orderId"] for page in pages(filters, limit) for one in page]


def show(order_id: str) -> Any:
    answer = request(api, "GET", f"/api/search/orders/{order_id}")
    assert answer.status == 200, answer
    return answer.body["order"]
