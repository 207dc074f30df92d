"""The ramp of a redrive: how many letters it sends, what it waits for, and when it stops by itself."""

from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.kernel.domain.errors import InvalidError, RefusedError
from functions.operations import runs
from functions.operations.runs import (
    CANCELLED,
    DEAD,
    DONE,
    FAILING,
    GATHERING,
    HANDLED,
    LEAST_FAILURES,
    ORDER,
    PAUSED,
    PENDING,
    RAMP,
    RUNNING,
    SENT,
    SKIPPED,
    STOPPED,
    Run,
)

RUN = Run("run-1", {}, "operator:ada", "2026-03-01T12:00:00.000000Z")


def test_a_ramp_sends_one_letter_and_then_the_next_steps_when_all_before_have_an_outcome() -> None:
    states, steps = PENDING * 100, list[int]()
    while "." in states and len(steps) < len(RAMP):
        allowed = runs.may_send(RUN, states)
        steps.append(allowed)
        sent = len(states) - states.count(PENDING)
        states = HANDLED * sent + SENT * allowed + PENDING * (len(states) - sent - allowed)
        assert runs.may_send(RUN, states) == 0
        states = states.replace(SENT, HANDLED)
    assert tuple(steps) == RAMP


@pytest.mark.parametrize("settled", [HANDLED, FAILING, DEAD])
def test_a_letter_that_fails_is_no_longer_waited_for(settled: str) -> None:
    assert runs.may_send(RUN, SENT + PENDING * 9) == 0
    assert runs.may_send(RUN, settled + PENDING * 9) == 2


def test_a_step_that_was_interrupted_is_finished_without_waiting() -> None:
    assert runs.may_send(RUN, HANDLED + SENT + PENDING * 9) == 1
    assert runs.may_send(RUN, HANDLED * 3 + SENT * 2 + PENDING * 9) == 3


@pytest.mark.parametrize("skipped", SKIPPED)
def test_a_letter_that_is_skipped_counts_for_no_step(skipped: str) -> None:
    assert runs.may_send(RUN, skipped * 7 + PENDING * 9) == 1
    assert runs.may_send(RUN, skipped + HANDLED + skipped * 5 + PENDING * 9) == 2


def test_after_the_ramp_it_goes_on_without_waiting_until_too_many_have_no_outcome() -> None:
    ramp = HANDLED * sum(RAMP)
    assert runs.may_send(RUN, ramp + SENT * 100 + PENDING * 900) == 200
    assert runs.may_send(RUN, ramp + SENT * 300 + PENDING * 900) == 0
    assert runs.may_send(replace(RUN, rate=0.5), ramp + SENT * 49 + PENDING * 900) == 1
    assert runs.may_send(RUN, ramp + SENT * 100 + PENDING) == 1


def test_the_first_letter_after_the_ramp_waits_for_its_last_step() -> None:
    assert runs.may_send(RUN, HANDLED * (sum(RAMP) - 1) + SENT + PENDING * 900) == 0


@pytest.mark.parametrize("state", [GATHERING, PAUSED, STOPPED, CANCELLED, DONE])
def test_a_run_that_is_not_running_sends_nothing(state: str) -> None:
    assert runs.may_send(replace(RUN, state=state), PENDING * 9) == 0


@pytest.mark.parametrize(
    ("states", "why"),
    [
        (DEAD, ""),  # one letter that fails is no sign that the others will
        (DEAD + HANDLED * 2, ""),
        (DEAD + FAILING + HANDLED, "2 of the last 3 letters failed"),
        (HANDLED * 6 + DEAD * 2, "2 of the last 8 letters failed"),
        (HANDLED * 9 + DEAD * 2, ""),
        (HANDLED * 9 + DEAD * 2 + SENT * 50, ""),
        (HANDLED * 900 + DEAD * 19, ""),
        (HANDLED * 900 + DEAD * 20 + SENT * 300, "20 of the last 100 letters failed"),
        (DEAD * 20 + HANDLED * 100, ""),
        ("r" * 50 + DEAD * 2 + "g" * 50, "2 of the last 2 letters failed"),
    ],
)
def test_a_run_stops_by_itself_at_a_share_of_failures_among_those_sent_last(states: str, why: str) -> None:
    assert runs.why_to_stop(RUN, states + PENDING * 9) == why


def test_the_share_at_which_it_stops_is_the_operators() -> None:
    states = HANDLED * 3 + DEAD * 5
    assert runs.why_to_stop(replace(RUN, stop_at=1), states) == ""
    assert runs.why_to_stop(replace(RUN, stop_at=0.6), states)
    assert runs.why_to_stop(replace(RUN, stop_at=1), DEAD * 2)


@given(st.text(alphabet="+xf", min_size=1, max_size=400), st.floats(0.01, 1))
def test_whatever_becomes_of_letters_no_more_are_sent_once_the_share_is_reached(outcomes: str, stop_at: float) -> None:
    run, states = replace(RUN, stop_at=stop_at), PENDING * len(outcomes)
    while (allowed := runs.may_send(run, states)) and not runs.why_to_stop(run, states):
        sent = len(outcomes) - states.count(PENDING)
        states = outcomes[: sent + allowed] + states[sent + allowed :]
    sent = len(outcomes) - states.count(PENDING)
    reached = [n for n in range(LEAST_FAILURES, len(outcomes) + 1) if runs.why_to_stop(run, outcomes[:n])]
    assert sent == len(outcomes) or sent >= reached[0]
    if reached and reached[0] <= sum(RAMP):
        assert sent <= next((end for end in accumulate(RAMP) if runs.why_to_stop(run, outcomes[:end])), len(outcomes))


def test_what_stopped_by_itself_begins_its_ramp_again_when_it_is_resumed() -> None:
    states = HANDLED * 6 + DEAD * 2 + PENDING * 92
    stopped = runs.stopped(RUN, "2 of the last 8 letters failed")
    assert (stopped.state, stopped.why, stopped.is_settled) == (STOPPED, "2 of the last 8 letters failed", False)
    resumed = runs.resumed(stopped, states)
    assert (resumed.state, resumed.why) == (RUNNING, "")
    assert runs.why_to_stop(resumed, states) == ""
    assert runs.may_send(resumed, states) == 1


@pytest.mark.parametrize("states", [".x+x", "+.xx..", "..x+.xsf.."])
def test_letters_that_were_left_behind_are_sent_when_it_is_resumed_whatever_failed_after_them(states: str) -> None:
    resumed = runs.resumed(runs.stopped(RUN, "2 of the last 3 letters failed"), states)
    assert runs.why_to_stop(resumed, states) == ""
    assert runs.may_send(resumed, states) == 1
    first = states.index(PENDING)
    handled = runs.marked(states, {first: HANDLED})
    assert runs.may_send(resumed, handled) == min(2, handled.count(PENDING))


def test_letters_that_were_left_behind_are_judged_as_all_that_are_sent_since_it_was_resumed() -> None:
    resumed = runs.resumed(runs.stopped(RUN, "2 of the last 3 letters failed"), ".x.x+..")
    assert runs.why_to_stop(resumed, "xxxx+..") == "2 of the last 2 letters failed"
    assert runs.why_to_stop(resumed, "xx+x+x.") == "2 of the last 3 letters failed"


@given(st.text(ORDER, max_size=120))
def test_what_failed_before_it_was_resumed_counts_no_more_whatever_is_still_pending(states: str) -> None:
    resumed = runs.resumed(runs.stopped(RUN, "2 of the last 3 letters failed"), states)
    assert runs.why_to_stop(resumed, states) == ""
    assert runs.may_send(resumed, states) == min(1, states.count(PENDING))


def test_what_was_paused_goes_on_where_it_was() -> None:
    states = HANDLED * 8 + PENDING * 92
    resumed = runs.resumed(runs.paused(RUN, "operator:ada"), states)
    assert runs.may_send(resumed, states) == 20


def test_what_was_paused_while_it_was_gathered_is_gathered_on() -> None:
    gathering = replace(RUN, state=GATHERING, filter={"state": "open"})
    assert runs.resumed(runs.paused(gathering, "operator:ada"), "").state == GATHERING


@pytest.mark.parametrize("change", [runs.paused, runs.cancelled, runs.resumed])
@pytest.mark.parametrize("state", [CANCELLED, DONE])
def test_what_is_over_stays_so(change: object, state: str) -> None:
    run = replace(RUN, state=state)
    if (change, state) == (runs.cancelled, CANCELLED):
        assert runs.cancelled(run, "operator:ada") == run
        return
    with pytest.raises(RefusedError, match=f"a run that is {state} cannot be"):
        change(run, "operator:ada")  # type: ignore[operator]


@pytest.mark.parametrize("change", [runs.paused, runs.cancelled])
def test_what_is_asked_twice_changes_nothing_more(change: object) -> None:
    once = change(RUN, "operator:ada")  # type: ignore[operator]
    assert change(once, "operator:bo") == once  # type: ignore[operator]
    assert runs.resumed(RUN, "") == RUN
    assert runs.stopped(once, "too late") == once


@pytest.mark.parametrize(
    ("state", "states", "over"),
    [
        (RUNNING, HANDLED + DEAD + "r", True),
        (RUNNING, "", True),
        (RUNNING, HANDLED + FAILING, False),
        (RUNNING, HANDLED + SENT, False),
        (RUNNING, HANDLED + PENDING, False),
        (CANCELLED, HANDLED + PENDING, True),
        (CANCELLED, HANDLED + FAILING + PENDING, False),
        (PAUSED, HANDLED, False),
        (STOPPED, HANDLED + DEAD, False),
        (GATHERING, "", False),
    ],
)
def test_a_run_is_over_when_every_letter_that_was_sent_is_done_or_dead(state: str, states: str, over: bool) -> None:
    ended = runs.ended(replace(RUN, state=state), states, "now")
    assert bool(ended.ended) == over
    assert ended.state == (DONE if over and state == RUNNING else state)


def test_a_run_that_may_have_left_a_letter_on_its_way_is_not_over() -> None:
    assert not runs.ended(runs.cancelled(RUN, "operator:ada"), PENDING, "now").ended


@given(st.text(alphabet=ORDER, max_size=60), st.dictionaries(st.integers(0, 80), st.sampled_from(ORDER)))
def test_what_is_known_of_a_letter_only_becomes_later_and_all_counts_add_up(states: str, marks: dict[int, str]) -> None:
    after = runs.marked(states, marks)
    assert all(ORDER.index(one) >= ORDER.index(other) for one, other in zip(after, states, strict=True))
    assert runs.marked(after, marks) == after
    found = runs.counts(after)
    assert found["total"] == len(states) == sum(count for name, count in found.items() if name != "total")


def test_a_place_in_a_run_is_read_as_it_was_written() -> None:
    assert runs.of_place(runs.place("run-1", 4711)) == ("run-1", 4711)
    for text in ("", "run-1", "/5", "run-1/"):
        with pytest.raises(ValueError, match=r"names no place|invalid literal"):
            runs.of_place(text)


@pytest.mark.parametrize(("rate", "stop_at", "cap"), [(0, 0.2, 3), (101, 0.2, 3), (1, 0, 3), (1, 1.1, 3), (1, 0.2, 0)])
def test_a_rate_a_share_or_a_cap_that_makes_no_sense_is_refused(rate: float, stop_at: float, cap: int) -> None:
    with pytest.raises(InvalidError):
        runs.check(rate, stop_at, cap)
    runs.check(10, 0.2, 3)


def test_it_says_how_far_it_is_and_how_long_it_takes() -> None:
    assert runs.step(RUN, PENDING * 9) == "step 1 of 5: 1 letters"
    assert runs.step(RUN, HANDLED * 28 + PENDING * 99) == "step 5 of 5: 50 letters"
    assert runs.step(RUN, HANDLED * 78 + PENDING * 99) == "10 letters a second"
    assert runs.seconds_left(RUN, HANDLED * 78 + PENDING * 99) == 10
    assert runs.seconds_left(replace(RUN, state=STOPPED), PENDING) is None
