"""Consumers that pause themselves: only while their messages fail, not for what they asked long ago."""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.violation import Violation

FAILS_NOW = "a consumer pauses itself only where a message of it failed a short time before"

CONSUMERS, PAUSED = "consumers", "paused"
# A request counts for 15 minutes, by clocks that are up to a minute apart; and a write may take two more.
RECENT = 20 * 60 * SECOND


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Consumers that were paused by a request of a time at which they were not mended yet."""
    failed: dict[str, list[int]] | None = None
    before: dict[str, dict[str, Any]] = {}
    for at, table, partition, consumer, item in history.rows:
        if table != TABLE or partition != CONSUMERS:
            continue
        data = row_data(item) or {}
        begins = data.get("wanted") == PAUSED and before.get(consumer, {}).get("wanted") != PAUSED
        before[consumer] = data
        if not begins or not data["itself"]:
            continue
        failed = failed or _failures(history)
        if not any(at - RECENT <= when <= at for when in failed.get(consumer, ())):
            last = max((when for when in failed.get(consumer, ()) if when <= at), default=0)
            text = f"{consumer} has paused itself {(at - last) // SECOND} s after the last failure of a message of it"
            yield Violation(FAILS_NOW, text, {"consumer": consumer, "at": at})


def _failures(history: ParsedHistory) -> dict[str, list[int]]:
    """When a batch of a consumer ended with a failure, or a message of it was given up."""
    found: dict[str, list[int]] = {}
    for at, kind, fields in history.entries:
        if kind == "ended" and (fields["how"] != "ok" or fields.get("failures")):
            found.setdefault(fields["function"], []).append(at)
    for letter in history.dead_letters:
        found.setdefault(letter.queue, []).append(letter.at)
    return found
