"""Counts what an invocation costs, where the stage asks for it (MALLBOTS_METER=1; off in production)."""

import math
import os
from collections import Counter
from typing import Any

_counts: Counter[str] = Counter()


def on() -> bool:
    """Whether costs are counted."""
    return os.environ.get("MALLBOTS_METER") == "1"


def note(what: str, units: float = 1) -> None:
    """Count units of one of: write_units, read_units, bus_entries, queue_requests, invocations."""
    if on():
        _counts[what] += math.ceil(units * 2)  # in halves: an eventually consistent read costs half a unit


def capacity() -> dict[str, Any]:
    """The parameter that makes DynamoDB say what a call consumed, when costs are counted."""
    return {"ReturnConsumedCapacity": "TOTAL"} if on() else {}


def note_capacity(what: str, response: dict[str, Any]) -> None:
    """Count what DynamoDB says that a call consumed."""
    consumed = response.get("ConsumedCapacity") or []
    for entry in consumed if isinstance(consumed, list) else [consumed]:
        note(what, entry.get("CapacityUnits", 0))


def take() -> dict[str, float]:
    """What was counted since the last call."""
    counted = {what: halves / 2 for what, halves in sorted(_counts.items())}
    _counts.clear()
    return counted
