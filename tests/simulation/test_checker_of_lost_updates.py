"""What the checker says of rows of operations that two writers change at the same time."""

import json
from typing import Any

import pytest

from tests.simulation.check import lost_updates
from tests.simulation.check.parsed_history import SECOND, Entry, ParsedHistory

Written = tuple[str, str, dict[str, Any]]


def found(*writes: Written) -> list[str]:
    """The texts of the violations in a history of writes, each by its key and what the row then shows."""
    entries: list[Entry] = []
    for number, (partition, sort, data) in enumerate(writes):
        item = {
            "partition": {"S": partition},
            "sort": {"S": sort},
            **({"data": {"S": json.dumps(data)}} if data else {}),
        }
        fields = {"table": "operations/views", "key": [partition, sort], "item": item, "container": "operations/api-1"}
        entries.append((number * SECOND, "row", fields))
    return [one.text for one in lost_updates.violations(ParsedHistory(entries, {}))]


def counted(kind: str, *versions: int) -> list[Written]:
    return [(f"{kind} 1", kind, {"version_of_row": version}) for version in versions]


@pytest.mark.parametrize("kind", ["letter", "group", "run"])
def test_a_row_that_is_written_over_what_another_wrote_is_found(kind: str) -> None:
    assert found(*counted(kind, 1, 2, 2)) == [f"{kind} 1 {kind} is written as version 2, after 2"]


def test_rows_that_are_written_one_after_the_other_are_right_each_by_itself() -> None:
    assert found(*counted("group", 1, 2), *counted("run", 1, 2, 3)) == []


def test_a_row_that_went_begins_anew() -> None:
    assert found(*counted("run", 1, 2), ("run 1", "run", {}), *counted("run", 1)) == []


def test_marks_that_take_others_back_are_found_and_a_page_may_begin_with_a_version_of_its_own() -> None:
    pages = [("run 1", "states a 0000", {"states": "..", "version": version}) for version in (502, 503, 503)]
    assert found(*pages) == ["run 1 states a 0000 is written as version 503, after 503"]


def tallied(begun: str, *versions: int) -> list[Written]:
    return [("group 1", "tally", {"version_of_row": version, "begun": begun}) for version in versions]


DROPPED: Written = ("group 1", "tally", {})


def test_a_count_that_another_collector_ended_may_be_kept_again_by_one_that_goes_on_with_it() -> None:
    assert found(*tallied("10:00", 1, 2, 3), DROPPED, *tallied("10:00", 3, 4), DROPPED, *tallied("10:05", 1)) == []


def test_a_count_that_another_had_begun_is_not_taken_back() -> None:
    assert found(*tallied("10:00", 1, 2, 2)) == ["group 1 tally is written as version 2, after 2"]
    late = (*tallied("10:00", 1, 2), DROPPED, *tallied("10:05", 1), DROPPED, *tallied("10:00", 3))
    assert found(*late) == ["group 1 tally is written as version 3, after 0"]
