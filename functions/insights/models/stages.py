"""How far baskets and orders came, and how long orders waited: a row for each stage that one reached.

The hour is the stage's own, from its message. A message of an order says when its earlier stages were reached, so the
row of a stage has the wait that ended with it: `payment` begins with the approval, which is when the invoice is made;
`completion` is how long collected goods stood at the depot: close to nothing for an order that was paid beforehand. An
order that is rejected or cancelled before the end of a stage has no wait for it.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import PlainSerializer, WithJsonSchema

from events.baskets import BasketAbandoned, BasketCheckedOut, BasketStarted, BasketState
from events.customers import SYNTHETIC_CUSTOMER
from events.envelope import Metadata
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.registry import Message
from functions.insights import rows
from functions.insights.hours import Range, minute
from functions.insights.models.sales import sold
from functions.insights.sums import CLAIMED, REACHED, SUMS, VIEW, Sum, add_up, summed
from functions.kernel.projections.projection import Projection, read
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.views import Row

STAGES: dict[type[Message], str] = {
    BasketStarted: "baskets_started",
    BasketCheckedOut: "checked_out",
    BasketAbandoned: "abandoned",
    OrderApproved: "approved",
    OrderReadied: "ready",
    OrderPaid: "paid",
    OrderCompleted: "completed",
    OrderRejected: "rejected",
    OrderCancelled: "cancelled",
}
WAITS = {"approval": "approved", "collection": "ready", "payment": "paid", "completion": "completed"}  # ended by
MILLISECOND = timedelta(milliseconds=1)
# Milliseconds here, a number with three decimals on the wire.
Seconds = Annotated[
    int,
    PlainSerializer(lambda milliseconds: Decimal(milliseconds) / 1000),
    WithJsonSchema({"type": "number"}),
]

projection = Projection(VIEW)
api = Api("insights")


@projection.on(*STAGES)
def stage_row(event: BasketState | OrderState, metadata: Metadata) -> Row | None:
    if _is_synthetic(event):
        return None
    data: dict[str, Any] = {}
    begun = _begun(event) if isinstance(event, OrderState) else None
    if begun:
        wait = clock.read(metadata.time) - clock.read(begun)
        data["waited"] = max(round(wait / MILLISECOND), 0)  # the clocks of two functions may differ a little
    if isinstance(event, OrderRejected | OrderCancelled) and not event.approved_at:
        wait = clock.read(metadata.time) - clock.read(event.created_at)
        data["undecided"] = max(round(wait / MILLISECOND), 0)  # no wait of a stage: it waited for its approval in vain
    if isinstance(event, OrderCompleted):
        data["sold"] = sold(event)
    return rows.stage_row(_time(metadata), STAGES[type(event)], _order_id(event), data)


@projection.on(*STAGES)  # after the above: the row is there when the claim is read
def late_mark(event: BasketState | OrderState, metadata: Metadata) -> Row | None:
    """Where the row's minute was claimed to be summed up, so that the row may have come too late."""
    if _is_synthetic(event):
        return None
    claimed = read(SUMS, CLAIMED) or {"number": 0, "until": None}
    if claimed["until"] and minute(_time(metadata)) >= claimed["until"]:
        return None
    return rows.late_mark(_time(metadata), _order_id(event), claimed["number"])


def _is_synthetic(event: BasketState | OrderState) -> bool:
    return event.customer_id == SYNTHETIC_CUSTOMER


def _order_id(event: BasketState | OrderState) -> str:
    return event.basket_id if isinstance(event, BasketState) else event.order_id


def _time(metadata: Metadata) -> str:
    return clock.stamp(clock.read(metadata.time))


def _begun(event: OrderState) -> str | None:
    """When the wait began that ends with an event."""
    match event:
        case OrderApproved():
            return event.created_at
        case OrderReadied() | OrderPaid():
            return event.approved_at or _noted(event, OrderApproved)
        case OrderCompleted():
            return event.readied_at or _noted(event, OrderReadied)
    return None


def _noted(event: OrderState, began: type[OrderState]) -> str | None:
    """The time of an earlier event, for a message from before it held that: this service noted it in a row then."""
    row = read(f"times of {event.order_id}", began.about.name)
    return row["time"] if row else None


def _reached(params: Range) -> Sum:
    total: Sum = {stage: [0, 0, 0, 0] for stage in STAGES.values()}
    for found in summed(REACHED, *params.bounds).values():
        add_up(REACHED, total, found)
    return total


class FunnelAnswer(Answer):
    baskets_started: int
    checked_out: int
    approved: int
    ready: int
    paid: int
    completed: int
    rejected: int
    cancelled: int
    abandoned: int


class StageWaits(Wire):
    stage: str
    orders: int
    average_seconds: Seconds
    longest_seconds: Seconds


class WaitingAnswer(Answer):
    stages: list[StageWaits]


@api.get("/api/insights/funnel", may=[STAFF])
def get_funnel(params: Range) -> FunnelAnswer:
    """Show how many baskets and orders came to each stage."""
    return FunnelAnswer(**{stage: numbers[0] for stage, numbers in _reached(params).items()})


@api.get("/api/insights/waiting", may=[STAFF])
def get_waiting(params: Range) -> WaitingAnswer:
    """Show how long orders waited for approval, collection, payment and completion."""
    found = _reached(params)
    return WaitingAnswer(stages=[_waits(stage, *found[end][1:]) for stage, end in WAITS.items()])


def _waits(stage: str, orders: int, together: int, longest: int) -> StageWaits:
    average = round(together / max(orders, 1))
    return StageWaits(stage=stage, orders=orders, average_seconds=average, longest_seconds=longest)
