"""Nights: an order that ended is compared with its money once its day is over, also if its end is handled late.

And what waits for a consumer for more than a day is known (backlogs.py).
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.check import backlogs, turns_of_runs
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import Entry, ParsedHistory
from tests.simulation.check.records import Copy
from tests.simulation.check.violation import Violation

COMPARED = "an order that ended is compared with its money after payments has handled its end"

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PAYMENTS = "payments/inbox"
TICK, COMPARISON = "ReconciliationDue", "OrderReconciliationDue"
ENDS = ("OrderCancelled", "OrderRejected", "OrderCompleted")


def night_violations(entries: Sequence[Entry], final: Mapping[str, Any]) -> Iterator[Violation]:
    """Orders whose day was over at a tick, of which payments knows the end, and that it did not compare since then."""
    history = ParsedHistory(entries, final)
    yield from backlogs.violations(history)
    yield from turns_of_runs.violations(history)
    handled = Deliveries(history).handled
    copies = [copy for copy in history.copies.values() if copy.queue == PAYMENTS and copy.deleted is not None]
    ticks = [copy.received[-1] for copy in copies if copy.received and _is_tick(copy)]
    compared = _received(copies, COMPARISON)
    for order, heard in _received(copies, *ENDS).items():
        ended = [message for commit in history.stream("Order", order) for message in commit.messages]
        end = next((one for one in ended if one.name in ENDS), None)
        if end is None or end.commit is None or (PAYMENTS, end.id) not in handled:
            continue
        if _midnight_after(end.commit.at) < max(ticks, default=0) and max(compared[order], default=0) < min(heard):
            text = f"the order {order} ended on a day before the last tick, and was not compared since payments knows"
            yield Violation(COMPARED, text, {"stream": end.commit.stream, "message": end.id})


def _is_tick(copy: Copy) -> bool:
    try:
        return bool(json.loads(copy.body).get("detail-type") == TICK)
    except (ValueError, AttributeError):
        return False


def _received(copies: Sequence[Copy], *names: str) -> dict[str, list[int]]:
    """When messages of these names were received, by their orders; of each copy all times."""
    found: dict[str, list[int]] = defaultdict(list)
    for copy in copies:
        if copy.message and copy.message.name in names:
            found[str(copy.message.data["order_id"])] += copy.received
    return found


def _midnight_after(at: int) -> int:
    moment = BEGIN + at * MICROSECOND
    midnight = datetime(moment.year, moment.month, moment.day, tzinfo=UTC) + timedelta(days=1)
    return (midnight - BEGIN) // MICROSECOND
