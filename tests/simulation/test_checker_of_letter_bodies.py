"""The parts of letters' bodies that the checker finds left behind, and those that may be there."""

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.letter_bodies import OWNED
from tests.simulation.check.letters import TABLE
from tests.simulation.history_builder import HistoryBuilder


def stays_for_ever(history: HistoryBuilder) -> bool:
    """Whether the checker finds a body that nobody needs."""
    history.write_row(TABLE, "letter a", "body now 0000", 1, {"text": "{}"})
    return OWNED in {violation.invariant for violation in check(history.entries, history.final)}


def with_letter() -> HistoryBuilder:
    """A day with a letter that has its second life; nothing else is said of it."""
    history = sample_histories.completed()
    item = {"partition": {"S": "letter a"}, "sort": {"S": "letter"}, "data": {"S": '{"life": "now"}'}}
    history.tables.setdefault(TABLE, {})["letter a", "letter"] = item
    return history


def test_the_body_of_a_letter_belongs_to_it() -> None:
    assert not stays_for_ever(with_letter())


def test_a_body_of_another_life_is_found() -> None:
    history = with_letter()
    history.write_row(TABLE, "letter a", "body before 0000", 1, {"text": "{}"})
    assert stays_for_ever(history)


def test_a_body_of_another_life_that_expires_is_none() -> None:
    history = with_letter()
    history.write_row(TABLE, "letter a", "body before 0000", 1, {"text": "{}"}, expires="1800000000")
    assert not stays_for_ever(history)


def test_a_body_without_a_letter_is_found() -> None:
    assert stays_for_ever(sample_histories.completed())
