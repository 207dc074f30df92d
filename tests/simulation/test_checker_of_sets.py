"""The set of a forecast or a redrive is what one try found: what the checker says of others."""

import json
from typing import Any

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.letters import TABLE
from tests.simulation.check.parsed_history import Entry, ParsedHistory
from tests.simulation.check.sets import ONE_TRY, violations


def _run(total: int, **more: Any) -> dict[str, Any]:
    return {"kind": "forecast", "life": "first", "filter": {}, "total": total, **more}


GATHERING = {"filter": {"group": "a"}}
FIRST, SECOND = "operations/runner-1", "operations/runner-2"


class Gathered:
    """The history of one run whose set is looked for."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.row("run", _run(0, **GATHERING), "operations/api-1")

    def row(self, sort: str, data: dict[str, Any], container: str) -> None:
        """A row of the run is written."""
        fields = {
            "table": TABLE,
            "key": ("run a", sort),
            "item": {"data": {"S": json.dumps(data)}},
            "container": container,
        }
        self.entries.append((len(self.entries), "row", fields))

    def page(self, letters: int, container: str, number: int = 0) -> None:
        """A page of its set."""
        self.row(f"letters first {number:04}", {"letters": [str(one) for one in range(letters)]}, container)

    def invoke(self, container: str) -> None:
        """A container is invoked."""
        fields = {"container": container, "function": "operations/runner", "cause": []}
        self.entries.append((len(self.entries), "invocation", fields))

    def is_violated(self) -> bool:
        return bool(list(violations(ParsedHistory(self.entries, {"tables": {}, "quiescent": False}))))


def test_the_page_and_the_total_of_one_try_are_a_set() -> None:
    day = Gathered()
    day.page(25, FIRST)
    day.page(24, SECOND)
    day.row("run", _run(24), SECOND)
    assert not day.is_violated()


@pytest.mark.parametrize("total", [24, 25, 26], ids=["fewer letters", "as many others", "more letters"])
def test_the_page_of_one_try_with_the_total_of_the_next_is_found(total: int) -> None:
    day = Gathered()
    day.page(25, FIRST)
    day.row("run", _run(total), SECOND)
    assert day.is_violated()


def test_the_next_try_of_the_same_container_is_another_try() -> None:
    day = Gathered()
    day.page(25, FIRST)
    day.invoke(FIRST)
    day.row("run", _run(25), FIRST)
    assert day.is_violated()


def test_pages_of_a_redrive_may_be_of_several_tries_each_with_its_total() -> None:
    day = Gathered()
    day.page(500, FIRST)
    day.row("run", _run(500, kind="redrive", **GATHERING), FIRST)
    day.page(7, SECOND, number=1)
    day.row("run", _run(507, kind="redrive"), SECOND)
    assert not day.is_violated()


def test_the_final_order_of_a_forecast_may_be_of_another_try_than_those_that_found_its_letters() -> None:
    day = Gathered()
    day.page(25, FIRST)
    day.row("run", _run(25, **GATHERING), FIRST)
    day.row("letters second 0000", {"letters": [str(one) for one in range(25)]}, SECOND)
    day.row("run", _run(25, life="second"), SECOND)
    assert not day.is_violated()


def test_what_an_earlier_try_wrote_beyond_the_total_is_not_of_the_set() -> None:
    day = Gathered()
    day.page(25, FIRST)
    day.row("run", _run(0), SECOND)
    assert not day.is_violated()


def test_a_set_of_two_tries_is_found_in_a_whole_history() -> None:
    history = sample_histories.completed()
    history.write_row("operations/views", "run a", "letters first 0000", 1, {"letters": ["b", "c"]})
    history.write_row("operations/views", "run a", "run", 1, _run(1))
    assert ONE_TRY in {violation.invariant for violation in check(history.entries, history.final)}
