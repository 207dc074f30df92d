"""The rows of sagas: marks, by which a schedule finds those that run, and the list that staff see.

A mark is written before the commit with which a saga begins to run, and removed after that with which it ends or is
parked: so whatever is lost, each saga that runs has one, and each whose place in the list is behind. The list has a row
for each saga that has ended or was parked, and for those that have run for longer than a step waits for its answer. An
index has those of them that are rare, by their status.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from functions.checkout.domain import CreateOrderSaga
from functions.kernel.projections.projection import Projection, rows
from functions.kernel.runtime import clock, runtime
from functions.kernel.runtime.views import Row

MARKS, LIST = "running", "sagas"  # partitions
RARE = ("parked", "compensated", "stopped")  # statuses that the index has

projection = Projection(indexes=["sagas"])


@dataclass(frozen=True)
class Standing:
    """Where a saga stands, as the list and the API show it."""

    order_id: str
    status: str
    since: str
    step: int = 0
    compensating: bool = False
    reason: str = ""


@dataclass(frozen=True)
class Awaited:
    """A command of a saga that has no answer: which try it is, from 1, and when that times out (RFC 3339)."""

    command: str
    attempt: int
    due: str


def awaited(saga: CreateOrderSaga) -> list[Awaited]:
    """What a saga that has not ended waits for."""
    if saga.status not in ("running", "parked"):
        return []
    return [Awaited(saga.request(one.step).command, one.attempt, one.due or saga.watch) for one in saga.awaited]


def standing(saga: CreateOrderSaga) -> Standing:
    """Where a saga stands now."""
    reason = saga.obstacle or saga.reason
    return Standing(saga.id, saga.status, saga.since, saga.step, saga.compensating, reason)


def mark(saga: CreateOrderSaga) -> None:
    """Have the schedule find a saga that is about to run."""
    data = {"order_id": saga.id, "status": "running", "since": saga.runs_since}
    runtime.current().views.put(Row(MARKS, _mark(saga.id, saga.runs_since), data), saga.version)


def unmark(order_id: str, runs_since: str) -> None:
    """Remove the mark of a saga that began to run, or was resumed, at that time."""
    runtime.current().views.delete(MARKS, _mark(order_id, runs_since))


def marked_since(moment: datetime) -> Iterator[tuple[str, str]]:
    """The sagas whose marks are that old: (order id, runs_since), those that run the longest first."""
    return ((row["order_id"], row["since"]) for row in rows(MARKS, last=clock.stamp(moment)))


def show(saga: CreateOrderSaga) -> None:
    """Write a saga's row of the list, unless the one that is there is as new."""
    place = LIST, f"{saga.status}#{saga.since}#{saga.id}"
    indexes = {"sagas": place} if saga.status in RARE else {}
    runtime.current().views.put(Row(LIST, saga.id, asdict(standing(saga)), indexes), saga.version)


def sagas(status: str | None, limit: int, after: dict[str, Any] | None) -> tuple[list[Standing], dict[str, Any] | None]:
    """A page of rows, and where the next begins (None at the end), of which some may have another status.

    All, and those that completed, come by their orders; those that run or have a rare status the newest first.
    """
    query = runtime.current().views.query
    if status == "running":
        page = query(MARKS, limit=limit, after=after, descending=True)
    elif status in RARE:
        first, last = f"{status}#", f"{status}#~"
        page = query(LIST, index="sagas", first=first, last=last, limit=limit, after=after, descending=True)
    else:
        page = query(LIST, limit=limit, after=after)
    names = [field.name for field in fields(Standing)]
    return [Standing(**{name: row[name] for name in names if name in row}) for row in page.rows], page.after


# Until the release after 0.1.0: earlier code kept a row for each saga in a partition of its own, in the index by every
# status, and no marks.


def running_without_marks() -> Iterator[str]:
    """The ids of sagas that earlier code shows as running."""
    return (row["order_id"] for row in rows(LIST, index="sagas", first="running#", last="running#~"))


def remove_earlier_row(order_id: str) -> None:
    """Remove the row that earlier code wrote of a saga."""
    runtime.current().views.delete(f"saga#{order_id}", "saga")


def _mark(order_id: str, runs_since: str) -> str:
    return f"{runs_since}#{order_id}"
