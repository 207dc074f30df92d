"""Messages for insights in these tests, and their delivery."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from events.baskets import BasketAbandoned, BasketCheckedOut, BasketStarted
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCreated,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.registry import Message
from events.shapes import LineItem
from events.stores import ProductAdded, StoreCreated
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.insights.rollup import roll_up
from functions.kernel.runtime import clock
from tests.support.delivery import delivered
from tests.support.gateway import request

DAY = "?from=2026-03-14T00:00:00Z&to=2026-03-15T00:00:00Z"
LATER = datetime(2026, 3, 17, 12, tzinfo=UTC)

BREAD = LineItem(
    store_id="bakery", product_id="bread", store_name="Bakery", product_name="Bread", price=450, quantity=2
)
ROLL = LineItem(store_id="bakery", product_id="roll", store_name="Bakery", product_name="Roll", price=60, quantity=5)
INK = LineItem(store_id="paper", product_id="ink", store_name="Paper", product_name="Ink", price=799, quantity=1)

MORE: dict[type[OrderState], dict[str, Any]] = {
    OrderApproved: {"shopping_list_id": "list-1"},
    OrderRejected: {"reason": "no"},
    OrderReadied: {"shortages": ()},
    OrderCancelled: {"reason": "no", "by": "staff"},
}
STATUS = {OrderCreated: "pending", OrderApproved: "approved", OrderReadied: "ready", OrderPaid: "ready"}


def order(
    event: type[OrderState], order_id: str = "order-1", items: Sequence[LineItem] = (BREAD,), **times: str
) -> OrderState:
    """An event of an order. Times: of its stages so far (created_at, approved_at, readied_at)."""
    fields = {
        "order_id": order_id,
        "customer_id": "ada",
        "payment_id": "payment-1",
        "items": tuple(items),
        "total": sum(item.price * item.quantity for item in items),
        "status": STATUS.get(event, event.about.name.removeprefix("Order").lower()),
        "ready": False,
        "paid": False,
        "shopping_list_id": None,
        "created_at": "2026-03-14T09:00:00.000000Z",
    }
    return event.model_validate(fields | MORE.get(event, {}) | times)


def basket(
    event: type[BasketStarted] | type[BasketAbandoned] | type[BasketCheckedOut], basket_id: str = "order-1"
) -> Message:
    """An event of a basket."""
    fields = {"basket_id": basket_id, "customer_id": "ada", "status": "open", "items": (), "total": 0}
    return event.model_validate(fields | ({"payment_id": "payment-1"} if event is BasketCheckedOut else {}))


def store(store_id: str, name: str) -> StoreCreated:
    return StoreCreated(store_id=store_id, name=name, location="Level 1", participating=True)


def product(product_id: str, name: str) -> ProductAdded:
    return ProductAdded(
        product_id=product_id, store_id="bakery", name=name, description="", sku="", price=1, removed=False
    )


def at(hour: int, minute: int = 0, day: int = 14) -> str:
    """A time of March 2026."""
    return f"2026-03-{day:02}T{hour:02}:{minute:02}:00.000000Z"


def consume(message: Message, **metadata: Any) -> None:
    """Deliver a message to insights. Metadata: id (by default the message's name and key), time, correlation_id…"""
    about = type(message).about
    event = delivered(message, id=metadata.pop("id", f"{about.name} {getattr(message, about.key)}"))
    body = json.loads(event["Records"][0]["body"])
    body["detail"]["metadata"] |= metadata
    event["Records"][0]["body"] = json.dumps(body)
    assert inbox.handle(event) == {"batchItemFailures": []}


def roll_up_all(now: datetime = LATER) -> None:
    """Sum up all that was consumed: a first roll-up makes what is late, a second has nothing left to do."""
    with clock.fixed(lambda: now):
        roll_up()


def read(what: str, query: str = DAY) -> dict[str, Any]:
    """What insights answers, which is the same before and after a roll-up."""
    answers = [request(api, "GET", f"/api/insights/{what}{query}")]
    roll_up_all()
    answers += [request(api, "GET", f"/api/insights/{what}{query}")]
    assert answers[0].status == 200, answers[0]
    assert answers[0].body == answers[1].body
    body: dict[str, Any] = answers[0].body
    return body
