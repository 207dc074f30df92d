"""Measurements of a schedule: invocations, hops, retries, conflicts and durations."""

from collections import defaultdict
from typing import Any

from tests.simulation.history import Entry
from tests.simulation.outcomes import Commits
from tests.simulation.scheduler import SECOND


def measure(history: list[Entry], committed: Commits) -> dict[str, list[int]]:
    """The values of each number: one per schedule, per order or per approval."""
    numbers: dict[str, list[int]] = defaultdict(list)
    counts = _counts(history)
    for name in ("invocations", "faults", "retries", "conflicts"):
        numbers[name].append(counts[name])
    depth, approvals = _hops(history)
    numbers["virtual seconds"].append(history[-1][0] // SECOND if history else 0)
    numbers["seconds of outages"] += _outages(history)
    numbers["hops"].append(max(depth.values(), default=0))
    numbers["hops to approval"] += approvals
    _times(committed, numbers)
    return dict(numbers)


def _counts(history: list[Entry]) -> dict[str, int]:
    counts = {"invocations": 0, "faults": 0, "retries": 0, "conflicts": 0}
    for _, kind, fields in history:
        if kind == "invocation":
            counts["invocations"] += 1
        elif kind == "fault":
            counts["faults"] += 1
        elif kind == "received":
            counts["retries"] += fields["count"] > 1
        elif kind == "conflict":
            counts["conflicts"] += 1
    return counts


def _outages(history: list[Entry]) -> list[int]:
    """For how long at least one outage of a long day lasted, in seconds; nothing on other days."""
    away, seconds, since = 0, 0, 0
    for at_us, kind, _ in history:
        if kind == "away":
            since = at_us if not away else since
            away += 1
        elif kind == "back":
            away -= 1
            seconds += 0 if away else (at_us - since) // SECOND
    return [seconds] if seconds else []


def _hops(history: list[Entry]) -> tuple[dict[str, int], list[int]]:
    """The length of the chain that led to each message, itself counted; and to each approval of an order."""
    depth: dict[str, int] = {}
    approvals: dict[str, int] = {}
    for _, kind, fields in history:
        if kind == "published":
            metadata: dict[str, Any] = fields["detail"]["metadata"]
            if metadata["id"] not in depth:
                depth[metadata["id"]] = depth.get(metadata["causation_id"] or "", 0) + 1
                if metadata["name"] == "OrderApproved":
                    approvals.setdefault(metadata["id"], depth[metadata["id"]])
    return depth, list(approvals.values())


def _times(committed: Commits, numbers: dict[str, list[int]]) -> None:
    """Durations from an order's creation, in whole seconds."""
    begun: dict[str, int] = {}
    for at_us, service, stream, events in committed:
        if service != "ordering":
            continue
        for name, _ in events:
            if name == "Created":
                begun[stream] = at_us
            elif name in ("Approved", "Completed") and stream in begun:
                what = "seconds to approval" if name == "Approved" else "seconds to completion"
                numbers[what].append((at_us - begun[stream]) // SECOND)
    numbers["orders"].append(len(begun))
