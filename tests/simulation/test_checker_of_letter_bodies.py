"""The parts of letters' bodies that the checker finds left behind or missing, and those that may be there."""

import json
from typing import Any

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.letter_bodies import OWNED, SETTLED, WHOLE
from tests.simulation.check.letters import TABLE
from tests.simulation.history_builder import HistoryBuilder

RULES = {OWNED, SETTLED, WHOLE}
HOUR = 3_600_000_000  # microseconds


def found(history: HistoryBuilder, hours: float = 0) -> set[str]:
    """What the checker finds about bodies, at the end of a day that lasted so long."""
    history.write_row(TABLE, "letter a", "body now 0000", 1, {"text": "{}"})
    final = {**history.final, "now_us": int(hours * HOUR)}
    return {violation.invariant for violation in check(history.entries, final)} & RULES


def with_letter(parts: int = 1, **more: Any) -> HistoryBuilder:
    """A day with a letter that has its second life; nothing else is said of it."""
    history = sample_histories.completed()
    data = {"S": json.dumps({"life": "now", "parts": parts})}
    item = {"partition": {"S": "letter a"}, "sort": {"S": "letter"}, "data": data, **more}
    history.tables.setdefault(TABLE, {})["letter a", "letter"] = item
    return history


def with_note(history: HistoryBuilder, life: str) -> HistoryBuilder:
    """The same with a note that a body of this life was begun when the day began."""
    sort = f"2026-01-05T09:00:00.000000Z a {life}"
    history.write_row(TABLE, "begun", sort, 1, {"id": "a", "life": life, "parts": 1, "sort": sort})
    return history


def test_the_body_of_a_letter_belongs_to_it() -> None:
    assert found(with_letter()) == set()


def test_a_body_of_another_life_is_found() -> None:
    history = with_letter()
    history.write_row(TABLE, "letter a", "body before 0000", 1, {"text": "{}"})
    assert found(history) == {OWNED}


def test_a_body_of_another_life_that_expires_is_none() -> None:
    history = with_letter()
    history.write_row(TABLE, "letter a", "body before 0000", 1, {"text": "{}"}, expires="1800000000")
    assert found(history) == set()


def test_a_body_without_a_letter_is_found() -> None:
    assert found(sample_histories.completed()) == {OWNED}


def test_a_body_that_stays_longer_than_its_closed_letter_is_found() -> None:
    assert found(with_letter(expires={"N": "1800000000"})) == {OWNED}


def test_a_body_that_is_noted_is_settled_later() -> None:
    assert found(with_note(sample_histories.completed(), "now"), hours=2) == set()


def test_a_note_that_was_not_settled_is_found() -> None:
    assert found(with_note(sample_histories.completed(), "now"), hours=7) == {SETTLED}


def test_an_open_letter_without_a_part_of_its_body_is_found() -> None:
    assert found(with_letter(parts=2)) == {WHOLE}
