"""Rows of operations that several write: each write follows the one that its writer had read.

Operators, the collector, redrivers and workers change letters, groups, runs and pauses at the same time. A row counts
its writes; a writer that has not read the last one would take it back.

Of two collectors that go on with one count of a group, the slower may keep it again when the other has ended it and
dropped its row: it is as of when the count began, and each mark of a change since then is still there.
"""

from collections.abc import Iterator
from typing import Any

from tests.simulation.check.parsed_history import ParsedHistory, row_data
from tests.simulation.check.violation import Violation

ONE_AFTER_ANOTHER = "a row that several write is changed by one at a time"

TABLE = "operations/views"
COUNTED = "version_of_row"  # goes up by one
TALLY = "tally"
MARKS = (
    "states "  # what became of a run's letters: its versions only go up, for a page is begun with a version of its own
)


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Writes that take back another's."""
    before: dict[tuple[str, str], int] = {}
    begun: dict[str, str] = {}
    for _, table, partition, sort, item in history.rows:
        if table != TABLE:
            continue
        data = row_data(item)
        if not data:
            before.pop((partition, sort), None)
            continue
        version = _version(sort, data)
        if version is None:
            continue
        last = before.get((partition, sort), 0)
        if sort == TALLY:
            if not last and version > 1 and begun.get(partition) == data["begun"]:
                last = version - 1
            begun[partition] = data["begun"]
        if version != last + 1 if COUNTED in data else version <= last:
            text = f"{partition} {sort} is written as version {version}, after {last}"
            yield Violation(ONE_AFTER_ANOTHER, text, {"partition": partition, "sort": sort})
        before[partition, sort] = version


def _version(sort: str, data: dict[str, Any]) -> int | None:
    if COUNTED in data:
        return int(data[COUNTED])
    return int(data["version"]) if sort.startswith(MARKS) else None
