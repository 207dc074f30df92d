"""Which orders wait for nothing but their payment, and since when.

An order that was never ready, or was paid before, has no row: it cannot be overdue.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from events.envelope import Metadata
from events.ordering import OrderCancelled, OrderCompleted, OrderReadied, OrderState
from functions.kernel.projections.projection import Projection, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row
from functions.ordering.domain import Order

KEPT = timedelta(days=14)  # the row of an order that waits no more: as long as an earlier event may still come

projection = Projection(indexes=["unpaid"])


@projection.on(OrderReadied)
def readied_order_row(event: OrderReadied, metadata: Metadata) -> Row | None:
    return None if event.paid else _waiting(event.order_id, metadata.time)


@projection.on(OrderCompleted, OrderCancelled)
def ended_order_row(event: OrderState, metadata: Metadata) -> Row | None:
    return _ended(event.order_id, clock.read(metadata.time)) if event.ready else None


def note(order: Order) -> None:
    """Have an order found no more when it does not wait for its payment."""
    if not order.awaits_payment:
        runtime.current().views.put(_ended(order.id, clock.now()), order.version)


def ready_since(moment: datetime) -> Iterator[str]:
    """The ids of the orders ready and unpaid since then, as far as the index shows, the longest ready first."""
    return (row["order_id"] for row in rows("ready", index="unpaid", last=clock.stamp(moment)))


def _waiting(order_id: str, ready_at: str) -> Row:
    return Row("orders", order_id, {"order_id": order_id}, indexes={"unpaid": ("ready", ready_at)})


def _ended(order_id: str, at: datetime) -> Row:
    return Row("orders", order_id, {"order_id": order_id}, expires=int((at + KEPT).timestamp()))
