"""What a minute brought, for the dashboard: told once a minute, when its rows are summed up for the first time.

A late row is counted in the reports and not here, and a minute whose roll-up ended before it told them lacks its
figures: the reports are exact, these show how it goes. The rows tell how long each order waited, which no sum does.
"""

from collections.abc import Sequence
from itertools import groupby

from functions.insights.hours import minute
from functions.insights.rows import Found, in_order
from functions.kernel.runtime import clock, observe
from functions.kernel.runtime.levels import ServiceLevel
from functions.kernel.runtime.observe import Figure

MALL = "mall"  # of what an order sold: orders, items, and revenue in cents (models/sales.py)
# How long an order waited for its approval, or in vain; one that was cancelled later has none.
WAITED = {"approved": "waited", "rejected": "undecided", "cancelled": "undecided"}

baskets = Figure("BasketsStarted")
decided = Figure("OrdersDecided")  # approved, rejected, or cancelled before either
completed = Figure("OrdersCompleted")
ended = Figure("OrdersEnded")  # rejected or cancelled
revenue = Figure("RevenueCents", "None")
to_ready = Figure("SecondsToReady", "Seconds")  # from the approval

approvals_late = ServiceLevel("ApprovalsLate", "an order's approval", seconds=30, of=decided.metric)
LATE = Figure(approvals_late.metric)


def tell(first: str, last: str) -> None:
    """Print the figures of the minutes from one to another of the same hour, one line each; none where nothing was."""
    for one, of_minute in groupby(in_order(first, last), key=lambda row: minute(row[0])):
        observe.figures(clock.read(f"{one}:00Z"), of(list(of_minute)))


def of(rows: Sequence[Found]) -> dict[Figure, list[float]]:
    """The figures of rows of stages; those that are not there are none."""
    reached = [(sort.split(" ")[1], data) for sort, data in rows]
    waits = [data[wait] / 1000 for stage, data in reached if (wait := WAITED.get(stage)) in data]
    sold = [data["sold"][MALL] for _, data in reached if data.get("sold")]
    counted = {
        baskets: sum(stage == "baskets_started" for stage, _ in reached),
        decided: len(waits),
        completed: sum(stage == "completed" for stage, _ in reached),
        ended: sum(stage in ("rejected", "cancelled") for stage, _ in reached),
        revenue: sum(cents for _, _, cents in sold),
        LATE: sum(wait > approvals_late.seconds for wait in waits),
    }
    found: dict[Figure, list[float]] = {figure: [number] for figure, number in counted.items() if number}
    ready = [data["waited"] / 1000 for stage, data in reached if stage == "ready" and "waited" in data]
    return found | ({to_ready: ready} if ready else {})
