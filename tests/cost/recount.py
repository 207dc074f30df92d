"""The same run counted in another way: from what tables, queues, bus and clients saw, not from the log of calls.

| units | from |
|---|---|
| writes | the history's items and what tables held before; of a refused write, what its client wanted to write |
| reads | the answers that clients were given |
| bus entries, invocations | the history's messages and invocations |
| queue requests | the messages that came into a queue, and two for each invocation by one: received, deleted |
| log bytes | what is printed where a service has a name |

That a batch is received by one call is assumed in both counts (tests/cost/receives.py). Sizes are summed here by other
code than that which counts calls: a number is its digits, two in a byte.
"""

import io
from collections import Counter
from contextlib import redirect_stdout
from math import ceil
from typing import Any
from unittest.mock import patch

from functions.kernel.runtime import observe
from tests.cost.flow import Run
from tests.simulation.expressions import Item

STORED = ("commit", "row", "vault")
KB = 1024


def recount(run: Run) -> dict[str, float]:
    """Units of one order, by kind, and "log_bytes" of functions."""
    units: Counter[str] = Counter()
    there = {name: dict(items) for name, items in run.before.items()}
    for _, kind, fields in run.history:
        if kind in STORED:
            units["write_units"] += _written(run, there[fields["table"]], kind, fields)
        elif kind == "published":
            units["bus_entries"] += 1
        elif kind == "invocation":
            units["invocations"] += 1
            units["queue_requests"] += 2 if fields["function"] in run.queues else 0
        elif kind in ("sent", "dead"):
            units["queue_requests"] += 1
    units["write_units"] += sum(max(1, ceil(size(item) / KB)) for item in run.refused)
    reads = sum(max(1, ceil(sum(map(size, items)) / (4 * KB))) * (2 if sure else 1) for _, items, sure in run.answers)
    units["log_bytes"] = printed(run)
    return {**{kind: number / run.orders for kind, number in units.items()}, "read_units": reads / 2 / run.orders}


def _written(run: Run, there: dict[Any, Item], kind: str, fields: dict[str, Any]) -> int:
    key = tuple(fields["key"])
    before, after = there.get(key), fields["item"]
    if kind == "commit":  # which the history has unpacked
        after = run.after[fields["table"]][key]
    there[key] = after
    times = 2 if fields.get("in_transaction", 1) > 1 else 1
    units = times * max(1, ceil(max(size(before or {}), size(after)) / KB))
    for index in run.indexes[fields["table"]]:
        old, new = (_entry(index, item) for item in (before, after))
        if old and new and old == new:
            units += 0 if before == after else max(1, ceil(max(size(before or {}), size(after)) / KB))
        else:
            units += sum(max(1, ceil(size(item or {}) / KB)) for at, item in ((old, before), (new, after)) if at)
    return units


def _entry(index: tuple[str, str], item: Item | None) -> list[Item] | None:
    """Where an item is in an index; None where it is not."""
    found = [item[name] for name in index if name in item] if item else []
    return found if len(found) == len(index) else None


def size(item: Item) -> int:
    """About the bytes of an item."""
    total = 0
    for name, typed in item.items():
        for kind, value in typed.items():
            content = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
            total += len(name.encode()) + (1 + (len(content) + 1) // 2 if kind == "N" else len(content))
    return total


def printed(run: Run) -> int:
    """The bytes of the lines, as functions print them."""
    out = io.StringIO()
    for container, (metric, about) in run.logged:
        service = container.partition("/")[0]
        with redirect_stdout(out), patch.dict("os.environ", MALLBOTS_SERVICE=service):
            observe._line(metric, **about)  # type: ignore[arg-type]
    return len(out.getvalue().encode())
