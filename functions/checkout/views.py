"""The list of sagas that staff see.

A row is written when a saga's status changes, so a running saga's row knows its status but not its step.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from events.checkout import SagaMoved
from events.envelope import Metadata
from functions.kernel.projections.projection import Projection, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row

projection = Projection(indexes=["sagas"])


@projection.on(SagaMoved)
def saga_rows(saga: SagaMoved, metadata: Metadata) -> list[Row]:
    return _rows(saga)


def update(saga: SagaMoved, version: int) -> None:
    """Write the rows of a saga that has this version, where older ones are there: its message may be lost."""
    for row in _rows(saga):
        runtime.current().views.put(row, version)


def running_since(moment: datetime) -> Iterator[str]:
    """The ids of the sagas that run since then or before, as far as the index shows, the longest running first."""
    found = rows("sagas", index="sagas", first="running#", last=f"running#{clock.stamp(moment)}")
    return (row["order_id"] for row in found)


def sagas(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[SagaMoved], dict[str, Any] | None]:
    """A page of rows, and where the next begins (None at the end): of one status the newest first, all by order."""
    query = runtime.current().views.query
    if status is None:
        page = query("sagas", limit=limit, after=after)
    else:
        first, last = f"{status}#", f"{status}#~"
        page = query("sagas", index="sagas", first=first, last=last, limit=limit, after=after, descending=True)
    return [SagaMoved.model_validate(row, extra="ignore") for row in page.rows], page.after


def _rows(saga: SagaMoved) -> list[Row]:
    """A row that is listed by status, and one that keeps its place in the list of all whatever becomes of the saga."""
    data = saga.model_dump(mode="json")
    place = "sagas", f"{saga.status}#{saga.since}#{saga.order_id}"
    return [Row(f"saga#{saga.order_id}", "saga", data, indexes={"sagas": place}), Row("sagas", saga.order_id, data)]
