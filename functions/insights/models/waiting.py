"""How long orders wait at each stage: from the event that begins a stage to the one that ends it.

A wait is counted in the hour (UTC) in which it ended: an order that is rejected or cancelled before the end of a stage
has no wait for it. `payment` begins with the approval, which is when the invoice is made; `completion` is how long
collected goods stood at the depot: close to nothing for an order that was paid beforehand.

Each event writes a row with its time, and then reads the time of the other end of the stages that it begins or ends.
Key and content of a wait's row follow from the two times alone: a wait that is found at both ends, by a redelivered
message, or by two workers at once is one row. A worker writes before it reads, so at least one of two at once sees both
ends.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

from events.envelope import Metadata
from events.ordering import OrderApproved, OrderCompleted, OrderCreated, OrderPaid, OrderReadied, OrderState
from functions.insights.counting import Range, hour, rows_of
from functions.kernel.projections.projection import Projection, read
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Wire
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.views import Row

STAGES: dict[str, tuple[type[OrderState], type[OrderState]]] = {
    "approval": (OrderCreated, OrderApproved),
    "collection": (OrderApproved, OrderReadied),
    "payment": (OrderApproved, OrderPaid),
    "completion": (OrderReadied, OrderCompleted),
}
MILLISECOND = timedelta(milliseconds=1)
# Milliseconds here, a number with three decimals on the wire.
Seconds = Annotated[
    int,
    PlainSerializer(lambda milliseconds: Decimal(milliseconds) / 1000),
    WithJsonSchema({"type": "number"}),
]
ENDS = (OrderCreated, OrderApproved, OrderReadied, OrderPaid, OrderCompleted)

projection = Projection()
api = Api("insights")


@projection.on(*ENDS)
def time_row(event: OrderState, metadata: Metadata) -> Row:
    return Row(_times_of(event.order_id), type(event).about.name, {"time": metadata.time})


@projection.on(*ENDS)  # after the above: the rows of one function are written before the next is called
def wait_rows(event: OrderState, metadata: Metadata) -> list[Row]:
    """The waits whose other end was received before."""
    rows = []
    for stage, ends in STAGES.items():
        if type(event) in ends:
            times = [read(_times_of(event.order_id), end.about.name) for end in ends]
            begin, end = (clock.read(row["time"]) if row else None for row in times)
            if begin and end:
                wait = max(round((end - begin) / MILLISECOND), 0)  # the clocks of two functions may differ a little
                rows.append(Row(_waits_for(stage), f"{hour(end)} {event.order_id}", {"milliseconds": wait}))
    return rows


def waits(since: datetime, until: datetime) -> dict[str, list[int]]:
    """The waits, in milliseconds, that ended from the hour of `since` until that of `until`, by stage.

    Raises InvalidError for too many rows, as `rows_of` does.
    """
    return {stage: [row["milliseconds"] for _, row in rows_of(_waits_for(stage), since, until)] for stage in STAGES}


def _times_of(order_id: str) -> str:
    return f"times of {order_id}"


def _waits_for(stage: str) -> str:
    return f"waits for {stage}"


class StageWaits(Wire):
    stage: str
    orders: int
    average_seconds: Seconds
    longest_seconds: Seconds


class WaitingAnswer(Answer):
    stages: list[StageWaits]


@api.get("/api/insights/waiting", may=[STAFF])
def get_waiting(params: Range) -> WaitingAnswer:
    """Show how long orders waited for approval, collection, payment and completion."""
    return WaitingAnswer(
        stages=[
            StageWaits(
                stage=stage,
                orders=len(found),
                average_seconds=round(sum(found) / max(len(found), 1)),
                longest_seconds=max(found, default=0),
            )
            for stage, found in waits(*params.bounds).items()
        ]
    )
