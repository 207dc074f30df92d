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
def saga_row(saga: SagaMoved, metadata: Metadata) -> Row:
    return _row(saga)


def update(saga: SagaMoved, version: int) -> None:
    """Write the row of a saga that has this version, where an older one is there: its message may be lost."""
    runtime.current().views.put(_row(saga), version)


def running_since(moment: datetime) -> Iterator[str]:
    """The ids of the sagas that run since then or before, as far as the index shows, the longest running first."""
    found = rows("sagas", index="sagas", first="running#", last=f"running#{clock.stamp(moment)}")
    return (row["order_id"] for row in found)


def sagas(
    status: str | None, limit: int, after: dict[str, Any] | None
) -> tuple[list[SagaMoved], dict[str, Any] | None]:
    """A page of rows, and where the next begins (None at the end): by status, and of one status the newest first."""
    page = runtime.current().views.query(
        "sagas",
        index="sagas",
        first=f"{status}#" if status else None,
        last=f"{status}#~" if status else None,
        limit=limit,
        after=after,
        descending=True,
    )
    return [SagaMoved.model_validate(row, extra="ignore") for row in page.rows], page.after


def _row(saga: SagaMoved) -> Row:
    return Row(
        partition=f"saga#{saga.order_id}",
        sort="saga",
        data=saga.model_dump(mode="json"),
        indexes={"sagas": ("sagas", f"{saga.status}#{saga.since}#{saga.order_id}")},
    )
