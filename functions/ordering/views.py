"""The orders that are ready and unpaid, by when they became ready.

An order that was never ready, or was paid before, has no row: it cannot expire.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from events.envelope import Metadata
from events.ordering import OrderCancelled, OrderCompleted, OrderReadied, OrderState
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.views import Row

KEPT = timedelta(days=14)  # the row of an order that was paid or has ended: an earlier event may arrive until then

projection = Projection(View("unpaid", partitions=("orders",), indexes=("unpaid",)))


@projection.on(OrderReadied)
def readied_order_row(event: OrderReadied, metadata: Metadata) -> Row | None:
    return None if event.paid else _waiting(event.order_id, metadata.time)


@projection.on(OrderCompleted, OrderCancelled)
def ended_order_row(event: OrderState, metadata: Metadata) -> Row | None:
    return _ended(event.order_id, clock.read(metadata.time)) if event.ready else None


def drop(order_id: str, last: Commit) -> None:
    """Take an order that does not wait for a payment out of the index, which may be behind.

    last: what changed it last. The row is as the message of that commit makes it, whenever it is written.
    """
    runtime.current().views.put(_ended(order_id, clock.read(last.time)), last.last)


def ready_since(moment: datetime) -> Iterator[str]:
    """The ids of the orders ready and unpaid since `moment` or longer, as the index shows them, the oldest first."""
    return (row["order_id"] for row in rows("ready", index="unpaid", last=clock.stamp(moment)))


def _waiting(order_id: str, ready_at: str) -> Row:
    return Row("orders", order_id, {"order_id": order_id}, indexes={"unpaid": ("ready", ready_at)})


def _ended(order_id: str, at: datetime) -> Row:
    return Row("orders", order_id, {"order_id": order_id}, expires=int((at + KEPT).timestamp()))
