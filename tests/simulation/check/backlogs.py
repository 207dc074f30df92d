"""What waits for a consumer that is paused: operators are told in time when SQS drops the first of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import SECOND, ParsedHistory, row_data
from tests.simulation.check.records import Copy
from tests.simulation.check.violation import Violation

TOLD_IN_TIME = "a consumer's row never says that its messages are lost later than the oldest is"

BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONSUMERS, PAUSED = "consumers", "paused"
# SQS keeps a message for 14 days. The first is said to be lost 25 hours before `waits_since` is as old, so that may be
# so much later than the oldest message; clocks are up to a minute apart.
LATEST = (25 * 3_600 + 60) * SECOND


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Rows of consumers that are written with a later time than that from which on their messages wait."""
    of_queue: dict[str, list[Copy]] = {}
    for at, table, partition, consumer, item in history.rows:
        data = row_data(item) if table == TABLE and partition == CONSUMERS else None
        waits_since = data.get("waits_since", "") if data else ""
        if not data or not (waits_since or data["wanted"] == PAUSED):
            continue
        if not of_queue:
            for copy in history.copies.values():
                of_queue.setdefault(copy.queue, []).append(copy)
        oldest = min((one.due for one in of_queue.get(consumer, ()) if _waits(one, at)), default=at)
        since = _read(waits_since) if waits_since else at
        if since > oldest + LATEST:
            waits = f"a message of {consumer} waits for {(at - oldest) // SECOND} s"
            text = f"{waits}, and its row says since {waits_since or 'never'}, {(at - since) // SECOND} s"
            yield Violation(TOLD_IN_TIME, text, {"consumer": consumer, "at": at})


def _waits(copy: Copy, at: int) -> bool:
    return copy.due <= at and (copy.deleted is None or copy.deleted > at)


def _read(text: str) -> int:
    return (datetime.fromisoformat(text) - BEGIN) // timedelta(microseconds=1)
