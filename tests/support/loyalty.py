"""A service written for tests: it counts what customers bought, of events of four services and of a command by name.

It has all that a read model may have: rows of several sources, an index, rows that expire, tombstones, and a row that
is made by reading another.
"""

from datetime import timedelta
from typing import Any

from events.baskets import BasketCancelled, BasketStarted
from events.checkout import ConfirmPayment
from events.envelope import Metadata
from events.ordering import OrderApproved, OrderCancelled, OrderCompleted, OrderCreated, OrderRejected, OrderState
from events.payments import PaymentConfirmed
from functions.kernel.composition.manifest import Manifest
from functions.kernel.messaging import known_customers
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.runtime import clock
from functions.kernel.runtime.views import Row

SERVICE = "loyalty"
OPEN_FOR = timedelta(minutes=30)  # a row of an order that has ended goes so soon

projection = Projection(
    View("points", partitions=("baskets", "orders of ", "orders", "asked"), indexes=("by_status",), by_order=())
)
projection.include(known_customers.projection)


@projection.on(BasketStarted)
def basket_row(event: BasketStarted, metadata: Metadata) -> Row:
    return Row("baskets", event.basket_id, {"customer": event.customer_id})


@projection.on(BasketCancelled)
def no_basket_row(event: BasketCancelled, metadata: Metadata) -> Row:
    return Row("baskets", event.basket_id, None)


@projection.on(OrderCreated, OrderApproved, OrderCompleted, OrderRejected, OrderCancelled)
def order_rows(event: OrderState, metadata: Metadata) -> list[Row]:
    """What an order is worth, for good; and where it stands, in the index while it is open, and gone soon after."""
    ended = event.status in ("completed", "rejected", "cancelled")
    points = event.total // 100 if event.status == "completed" else 0
    return [
        Row(f"orders of {event.customer_id}", event.order_id, {"points": points, "at": event.created_at}),
        Row(
            "orders",
            event.order_id,
            {"status": event.status, "total": event.total},
            indexes={} if ended else {"by_status": (event.status, f"{event.created_at} {event.order_id}")},
            expires=int((clock.read(metadata.time) + OPEN_FOR).timestamp()) if ended else None,
        ),
    ]


@projection.on(ConfirmPayment)
def asked_row(command: ConfirmPayment, metadata: Metadata) -> Row:
    return Row("asked", f"{command.order_id} asked", {"amount": command.amount})


@projection.on(PaymentConfirmed)
def confirmed_row(event: PaymentConfirmed, metadata: Metadata) -> Row | None:
    return Row("asked", f"{event.order_id} confirmed", {"amount": event.authorized}) if event.order_id else None


inbox = Inbox(SERVICE)
inbox.include(projection)
MANIFEST = Manifest(
    service=SERVICE,
    api=None,
    inboxes=(inbox,),
    publisher=None,
    projections=(projection,),
    queries=None,
    alarms=(),
)


def answers(customers: list[str]) -> dict[str, Any]:
    """The answers to all queries that this service has."""
    found: dict[str, Any] = {
        f"points of {one}": sum(row["points"] for row in rows(f"orders of {one}")) for one in customers
    }
    found |= {f"knows {one}": known_customers.knows(one) for one in customers}
    for status in ("pending", "approved"):
        found[status] = [row["total"] for row in rows(status, index="by_status")]
    found["asked"] = sorted(row["amount"] for row in rows("asked"))
    found["baskets"] = len(list(rows("baskets")))
    found["orders"] = len([one for one in customers if read("customers", one)])
    return found
