"""What is built of a read model is left by no run that has ended, and is not switched to while it lacks rows."""

from typing import Any

import pytest

from functions.operations.letters import Letter, to_data
from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.delivery import Deliveries
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.rebuilt import LACKS_NOTHING, NONE_LEFT


def _violated(pointer: dict[str, object]) -> set[str]:
    history = sample_histories.completed()
    history.write_row("search/views", "generations", "pointers", 1, {"views": {"orders": pointer}})
    return {violation.invariant for violation in check(history.entries, history.final)}


def test_a_generation_whose_run_is_over_is_found() -> None:
    assert NONE_LEFT in _violated({"live": 0, "building": 1, "run": "a run that is gone", "kept": []})


def test_a_view_of_which_nothing_is_built_violates_nothing() -> None:
    assert NONE_LEFT not in _violated({"live": 0, "building": None, "run": "a run that is gone", "kept": []})


RUN = {"kind": "rebuild", "asked": {"to": "search", "view": "orders"}, "state": "running", "ended": ""}
FAILED = "orders, generation 3: no place for it"
LETTER = to_data(Letter("b", "search/inbox", "search/inbox/dead-letters", "", reason=FAILED)) | {
    "parts": 0,
    "write": "",
}
HOUR = 3600.0


def _switched(letter: dict[str, Any], *, after: float = HOUR) -> bool:
    """Whether it violates what must be to switch to generation 3 so many seconds after a letter became as it is."""
    history = sample_histories.completed()
    history.write_row("operations/views", "run a", "run", 1, RUN)
    history.write_row("operations/views", "letter b", "letter", 1, letter)
    history.wait(after)
    history.write_row("operations/views", "run a", "history", 1, {"step": "switch", "generation": 3, "failed": 0})
    return LACKS_NOTHING in {violation.invariant for violation in check(history.entries, history.final)}


def test_a_view_that_is_switched_to_while_a_letter_of_what_was_built_is_open_is_found() -> None:
    assert _switched(LETTER)
    failed_otherwise = {"reason": "timeout", "history": [{"what": "stored", "detail": FAILED}]}
    assert _switched(LETTER | failed_otherwise | {"state": "parked"})


def test_a_view_that_another_consumer_than_the_inbox_feeds_is_not_switched_to_without_its_letters_either() -> None:
    assert _switched(LETTER | {"consumer": "search/gathered"})


@pytest.mark.parametrize(
    "other",
    [
        {"state": "done"},
        {"state": "discarded"},
        {"consumer": "depot/inbox"},
        {"reason": "orders, generation 2: no place for it"},
        {"reason": "no place for it"},
    ],
    ids=["done", "discarded", "of another service", "of another generation", "of none"],
)
def test_other_letters_do_not_keep_a_view_from_being_switched_to(other: dict[str, str]) -> None:
    assert not _switched(LETTER | other)


def test_a_letter_that_the_index_may_not_have_shown_yet_is_no_violation() -> None:
    assert not _switched(LETTER, after=2.0)


@pytest.mark.parametrize(("fails", "is_excused"), [(60.0, True), (HOUR, False)])
def test_rows_may_miss_what_failed_too_late_for_the_counts_of_the_queue_and_nothing_earlier(
    fails: float, is_excused: bool
) -> None:
    history = sample_histories.completed()
    sent = next(fields for _, kind, fields in history.entries if kind == "sent" and fields["queue"] == "search/inbox")
    history.write_row("operations/views", "run a", "run", 1, RUN)
    dead = {"queue": "search/inbox/dead-letters", "message": "dead", "body": sent["body"], "by": "inbox"}
    history.record("dead", **dead, reason={"reason": FAILED, "error": "ValueError", "tries": "1"})
    history.wait(fails)
    history.write_row("operations/views", "run a", "history", 1, {"step": "switch", "generation": 3, "failed": 0})
    assert Deliveries(ParsedHistory(history.entries, history.final)).misses_any("search") == is_excused


def _switched_after(fails: float, *, deleted: bool = False, queue: str = "search/inbox", reason: str = FAILED) -> bool:
    """Whether it violates what must be to switch so many seconds after a message failed that is not a letter yet."""
    history = sample_histories.completed()
    history.write_row("operations/views", "run a", "run", 1, RUN)
    dead = {"queue": f"{queue}/dead-letters", "message": "dead", "body": "{}", "by": "inbox"}
    history.record("dead", **dead, reason={"reason": reason, "error": "ValueError", "tries": "1"})
    if deleted:
        history.record("deleted", queue=dead["queue"], message="dead")
    history.wait(fails)
    history.write_row("operations/views", "run a", "history", 1, {"step": "switch", "generation": 3, "failed": 0})
    return LACKS_NOTHING in {violation.invariant for violation in check(history.entries, history.final)}


def test_a_view_that_is_switched_to_while_what_failed_in_it_is_still_in_the_dead_letter_queue_is_found() -> None:
    assert _switched_after(HOUR)
    assert _switched_after(HOUR, queue="search/gathered")


def test_what_the_counts_of_the_queue_could_not_tell_or_what_was_collected_is_no_violation() -> None:
    assert not _switched_after(60.0)
    assert not _switched_after(HOUR, deleted=True)
    assert not _switched_after(HOUR, queue="depot/inbox")
    assert not _switched_after(HOUR, reason="orders, generation 2: no place for it")
