"""What becomes of a letter: the table of the README, each cell of it."""

from dataclasses import replace

import pytest

from functions.kernel.messaging import outcomes
from functions.operations import runs, transitions
from functions.operations.letters import DISCARDED, DONE, OPEN, PARKED, REDRIVING, STATES, Letter

BEFORE, AT, LATER = "2026-03-01T11:00:00.000000Z", "2026-03-01T12:00:00.000000Z", "2026-03-01T13:00:00.000000Z"
RUN, OTHER = "run-1/4", "run-2/0"


def letter(state: str, run: str = RUN, redrives: int = 1) -> Letter:
    """A letter in a state since noon, that was sent back by a run."""
    made = Letter("letter-1", "depot/inbox", "depot/inbox/dead-letters", "{}", run=run, redrives=redrives)
    happened = made.after("stored").after(transitions.SENT_BACK).after(state, state=state)
    return replace(happened, history=tuple(replace(one, time=AT) for one in happened.history))


@pytest.mark.parametrize(
    ("found", "mark"),
    [
        (letter(OPEN, run="", redrives=0), ""),
        (letter(OPEN, run=OTHER), ""),
        (letter(OPEN, run=OTHER, redrives=3), runs.CAPPED),
        (letter(REDRIVING), ""),  # claimed, and maybe not sent
        (letter(REDRIVING, redrives=3), ""),
        (letter(REDRIVING, run=OTHER), runs.IN_ANOTHER_RUN),
        (letter(OPEN), runs.DEAD),  # it is back from this run
        (letter(PARKED), runs.DEAD),
        (letter(DISCARDED), runs.DEAD),
        (letter(DONE), runs.HANDLED),
        (letter(DONE, run=OTHER), runs.NOT_OPEN),
        (letter(PARKED, run=OTHER), runs.NOT_OPEN),
        (letter(DISCARDED, run=OTHER), runs.NOT_OPEN),
    ],
    ids=lambda found: f"{found.state} of {found.run}" if isinstance(found, Letter) else found or "sent",
)
def test_a_letter_is_claimed_by_one_run_at_a_time_and_once_by_each(found: Letter, mark: str) -> None:
    assert transitions.why_not(found, RUN, 3) == mark
    claimed = transitions.claimed(found, RUN, "operator:ada", 3)
    if mark or transitions.is_claimed(found, RUN):
        assert claimed == found
        return
    assert (claimed.state, claimed.run, claimed.redrives) == (REDRIVING, RUN, found.redrives + 1)
    assert (claimed.history[-1].actor, claimed.history[-1].detail) == ("operator:ada", "run-1")
    assert transitions.claimed(claimed, RUN, "operator:ada", 3) == claimed


@pytest.mark.parametrize("run", [RUN, OTHER])
@pytest.mark.parametrize("state", STATES)
def test_that_a_letter_was_handled_is_so_whichever_redrive_says_it(state: str, run: str) -> None:
    after = transitions.with_outcome(letter(state), run, outcomes.DONE, "")
    assert after.state == (DISCARDED if state == DISCARDED else DONE)
    assert [entry.what for entry in after.history].count(DONE) == 1
    assert transitions.with_outcome(after, run, outcomes.DONE, "") == after


@pytest.mark.parametrize("state", STATES)
def test_that_a_letter_is_dead_opens_it_where_it_is_on_its_way_by_that_redrive(state: str) -> None:
    found = letter(state)
    after = transitions.with_outcome(found, RUN, outcomes.DEAD, "RuntimeError: it broke")
    if state != REDRIVING:
        assert after == found
        return
    assert (after.state, after.history[-1].detail) == (OPEN, "RuntimeError: it broke")
    assert after.open_since > AT
    assert after.failed_at == after.open_since  # by which a resolved group comes back
    assert transitions.with_outcome(after, RUN, outcomes.DEAD, "") == after


@pytest.mark.parametrize("run", [RUN, OTHER])
@pytest.mark.parametrize("state", STATES)
def test_a_letter_that_its_queue_refuses_is_open_and_was_not_sent_back(state: str, run: str) -> None:
    found = letter(state)
    after = transitions.refused(found, run, "the queue refuses it: InvalidMessageContents")
    if (state, run) != (REDRIVING, RUN):
        assert after == found
        return
    assert (after.state, after.redrives) == (OPEN, 0)
    assert after.failed_at == after.open_since > AT  # by which a resolved group comes back
    assert transitions.why_not(after, RUN, 3) == runs.DEAD
    assert transitions.refused(after, run, "") == after


@pytest.mark.parametrize("run", [RUN, OTHER])
@pytest.mark.parametrize("state", STATES)
def test_a_letter_that_no_consumer_takes_any_more_is_open_where_that_redrive_has_it(state: str, run: str) -> None:
    found = letter(state)
    after = transitions.released(found, run, "there is no consumer depot/inbox any more")
    if (state, run) != (REDRIVING, RUN):
        assert after == found
        return
    assert (after.state, after.run, after.redrives, after.open_since) == (OPEN, "", 1, found.open_since)
    assert after.history[-1].detail == "there is no consumer depot/inbox any more"
    assert transitions.released(after, run, "") == after
    assert transitions.with_outcome(after, RUN, outcomes.DONE, "").state == DONE  # it was sent after all
    assert transitions.with_outcome(after, RUN, outcomes.DEAD, "RuntimeError: it broke") == after


@pytest.mark.parametrize("outcome", [outcomes.DEAD, outcomes.FAILING])
def test_what_an_earlier_redrive_says_late_of_a_failure_counts_no_more(outcome: str) -> None:
    found = letter(REDRIVING, run=OTHER)
    assert transitions.with_outcome(found, RUN, outcome, "") == found


def test_that_a_letter_is_failing_is_told_once_for_each_reason() -> None:
    once = transitions.with_outcome(letter(REDRIVING), RUN, outcomes.FAILING, "UnavailableError: not now")
    assert (once.state, once.history[-1].what) == (REDRIVING, "failing")
    assert transitions.with_outcome(once, RUN, outcomes.FAILING, "UnavailableError: not now") == once
    assert transitions.with_outcome(once, RUN, outcomes.FAILING, "KeyError: 'x'") != once


@pytest.mark.parametrize(
    ("state", "failed_at", "run", "opens"),
    [
        (OPEN, LATER, "", True),
        (OPEN, LATER, RUN, True),
        (REDRIVING, LATER, RUN, True),
        (REDRIVING, LATER, "", False),  # another copy, of before
        (REDRIVING, LATER, OTHER, False),
        (PARKED, LATER, "", False),
        (PARKED, LATER, RUN, False),
        (DISCARDED, LATER, "", False),
        (DONE, LATER, "", True),  # it was published again, and failed again
        (DONE, LATER, OTHER, True),
        (DONE, LATER, RUN, False),  # sent twice, of which one was handled
        (DONE, BEFORE, "", False),  # another copy, given up before this one was handled
    ],
)
def test_a_letter_that_comes_again_is_open_only_where_that_says_something_new(
    state: str, failed_at: str, run: str, opens: bool
) -> None:
    failed = replace(letter(OPEN), failed_at=failed_at, run=run)
    assert transitions.opens_again(letter(state), failed) is opens


def test_a_letter_in_whose_place_an_edited_one_was_sent_stays_done() -> None:
    edited = replace(letter(DONE), sent_as="message-2")
    assert not transitions.opens_again(edited, replace(letter(OPEN), failed_at=LATER, run=""))


@pytest.mark.parametrize(
    ("reason", "failed_at", "opens"),
    [
        ("orders, generation 3: KeyError: 'x'", LATER, True),  # a rebuild has the original alone
        ("orders, generation 3: KeyError: 'x'", BEFORE, False),  # of before the edit, which reached that generation
        ("KeyError: 'x'", LATER, False),  # where the edited one was handled
    ],
)
def test_a_letter_in_whose_place_an_edited_one_was_sent_is_open_again_where_what_is_built_lacks_that(
    reason: str, failed_at: str, opens: bool
) -> None:
    edited = letter(OPEN).after("edited", "operator:ada", "message-2", state=DONE, sent_as="message-2")
    edited = replace(edited, history=tuple(replace(one, time=AT) for one in edited.history))
    failed = replace(letter(OPEN), failed_at=failed_at, run="", reason=reason)
    assert transitions.opens_again(edited, failed) is opens
    assert transitions.lacks_its_edit(edited, failed) is opens
