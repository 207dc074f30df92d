"""Errors of the language in a history: where the checker finds them, and what it takes for none."""

from typing import Any

import pytest

from tests.simulation.check.language import NO_ERROR, violations
from tests.simulation.check.parsed_history import Entry, ParsedHistory

LETTER = {"queue": "search/inbox", "message": "m", "body": "{}", "by": "inbox"}
FORECAST = {"function": "search/forecast", "began": 0, "how": "ok"}
OF_SEARCH = "the log of search/inbox"


def found(*entries: tuple[str, dict[str, Any]], held: tuple[Any, ...] = ()) -> list[str]:
    history: list[Entry] = [(at, kind, fields) for at, (kind, fields) in enumerate(entries)]
    return [one.invariant for one in violations(ParsedHistory(history, {"held": held, "quiescent": False}))]


def ended(**how: str) -> tuple[str, dict[str, Any]]:
    return "ended", {"container": "search/inbox-1", "function": "search/inbox", "failures": [], **how}


@pytest.mark.parametrize(
    "entry",
    [
        ended(how="error", error="KeyError"),
        ("dead", {**LETTER, "reason": {"reason": "'total'", "error": "KeyError"}}),
        ("told", {**FORECAST, "answer": '{"what": "fails", "error": "TypeError: no"}'}),
    ],
)
def test_a_function_a_letter_and_a_forecast_that_name_one_are_found(entry: tuple[str, dict[str, Any]]) -> None:
    assert found(entry) == [NO_ERROR]


@pytest.mark.parametrize(
    "entry",
    [
        ended(how="error", error="ClientError"),
        ended(how="ok"),
        ("dead", {**LETTER, "reason": {"reason": "a KeyError in words", "error": "RuntimeError"}}),
        ("told", {**FORECAST, "function": "search/queries", "answer": '"KeyError & Sons"'}),
    ],
)
def test_other_errors_and_words_are_none(entry: tuple[str, dict[str, Any]]) -> None:
    assert found(entry) == []


def test_a_logged_error_is_found_by_its_own_reason_and_not_by_what_led_to_it() -> None:
    expected = (OF_SEARCH, ("it failed", "NotFoundError: no order", "KeyError: 'id'", {}))
    assert (
        found(held=(expected, (OF_SEARCH, ("handled", {"error": "KeyError"})), ("search/views", {"a": "KeyError"})))
        == []
    )
    assert found(held=((OF_SEARCH, ("it failed", "KeyError: 'id'", {})),)) == [NO_ERROR]
