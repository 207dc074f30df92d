"""Redrivers that meet, end in the middle, run short of time, or call what fails: no letter is lost or sent twice."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget
from functions.operations import rows, run_rows, runs, sending, transitions
from functions.operations.cloud import Held
from functions.operations.runs import STOPPED, Run
from tests.unit.operations.redriving import DEAD, SILENT, Calls, Place, adds_up
from tests.unit.operations.rung import Rung


def test_two_redrivers_at_once_send_no_letter_twice(place: Place) -> None:
    letters = place.letters(40)
    run = place.run(letters)
    inside: list[int] = []

    def another() -> None:
        if not inside:
            inside.append(1)
            place.redrive()
            inside.clear()

    place.ticks.append(another)
    place.until_over(run)
    assert len(place.sent) == 40
    adds_up(place, run, letters)


def test_a_second_redriver_leaves_a_run_to_the_one_that_advances_it(place: Place) -> None:
    run = place.run(place.letters(40))
    by_the_second: list[int] = []

    def another() -> None:
        place.ticks.clear()
        before = len(place.sent)
        place.redrive()
        by_the_second.append(len(place.sent) - before)

    place.ticks.append(another)
    place.until_over(run)
    assert by_the_second == [0]


def test_a_run_whose_redriver_crashed_is_taken_over_when_its_lease_ends(place: Place) -> None:
    run = place.run(place.letters(40))
    place.calls = Calls(crash=40)
    place.redrive()
    place.calls = Calls()
    begun = place.now
    place.until_over(run)
    assert (place.now - begun).total_seconds() < 3 * 60


def test_a_letter_that_another_run_took_meanwhile_is_not_sent(place: Place) -> None:
    [letter] = place.letters(1)
    first, second = place.run([letter]), place.run([letter])
    with place.at_work():
        assert sending.send(first, 0, letter.id) == runs.SENT
        assert sending.send(second, 0, letter.id) == runs.IN_ANOTHER_RUN
        assert sending.send(first, 0, "no such letter") == runs.GONE
    assert len(place.sent) == 1


@pytest.mark.parametrize("halt", [runs.cancelled, runs.paused])
def test_a_letter_that_was_claimed_before_a_crash_is_sent_also_when_its_run_does_not_go_on(
    place: Place, halt: Callable[[Run, str], Run]
) -> None:
    letters = place.letters(9)
    run = place.run(letters)
    place.inboxes_fail = True
    place.redrive()
    assert [place.letter(letter).state for letter in letters] == ["redriving"] + ["open"] * 8
    place.inboxes_fail = False
    with place.at_work():
        run_rows.change(run.id, lambda one: halt(one, "operator:ada"))
    place.redrive()
    place.pass_time(60)
    place.redrive()
    assert place.states(run) == "+" + "." * 8
    assert place.letter(letters[0]).state == "done"


def test_an_outcome_that_cannot_be_read_stays_and_rings_and_one_of_a_letter_that_is_gone_goes(
    place: Place, rung: Rung
) -> None:
    gone = '{"letter": "gone", "run": "gone/0", "outcome": "done", "error": "", "reason": ""}'
    for body in ("{", "[]", '{"letter": "a"}', '{"letter": "a", "run": "r", "outcome": "done"}', gone):
        place.outcomes.append((Held(f"outcome-{len(place.outcomes)}", "receipt", body), place.now))
    place.redrive()
    assert [held.id for held, _ in place.outcomes] == [f"outcome-{number}" for number in range(4)]
    assert rung.times("Errors") == 4


def test_a_letter_without_an_outcome_is_open_again_once_its_queue_keeps_it_no_more(place: Place) -> None:
    [letter] = place.letters(1)
    place.fates = {letter.message_id: SILENT}
    run = place.run([letter])
    place.redrive()
    place.queue.clear()
    place.pass_time(13 * 86_400)
    place.redrive()
    assert place.letter(letter).state == "redriving"
    place.pass_time(86_400 + 60)
    place.until_over(run)
    assert (place.letter(letter).state, place.states(run)) == ("open", "x")


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.5, 3.0])
def test_it_ends_by_itself_within_55_seconds_however_slow_its_calls_are(place: Place, seconds: float) -> None:
    runs_at_once = [place.run(place.letters(60), rate=50) for _ in range(3)]
    begun = place.now

    def slow() -> None:
        budget.check()  # as the guard of every client does
        place.now += timedelta(seconds=seconds)

    place.calls = Calls(takes=slow)
    with budget.limited(lambda: 60 - (place.now - begun).total_seconds()):
        place.redrive()
    assert (place.now - begun).total_seconds() <= 55
    place.calls = Calls()
    place.until_over(*runs_at_once)
    assert set(place.handled.values()) == {1}


def test_a_run_that_rests_is_left_alone_until_it_is_resumed(place: Place) -> None:
    letters = place.letters(9)
    place.fates = {letter.message_id: DEAD for letter in letters}
    run = place.run(letters)
    for _ in range(3):
        place.redrive()
        place.pass_time(60)
    before = place.of(run)
    place.redrive()
    assert (before.state, place.of(run)) == (STOPPED, before)
    place.fates.clear()
    place.resume(run)
    place.until_over(run)
    assert place.states(run) == "xxx" + "+" * 6


def test_a_relay_is_asked_only_while_there_is_time_for_its_answer(place: Place) -> None:
    [letter] = place.letters(1, "ordering/relay")
    run = place.run([letter])
    with budget.limited(lambda: 20.0):
        place.redrive()
    assert place.relayed == []
    place.until_over(run)
    assert place.states(run) == "+"


def test_a_letter_takes_thirteen_calls_in_a_large_run(place: Place) -> None:
    run = place.run(place.letters(500), rate=50)
    place.until_over(run)
    assert round(place.calls.made / 500) == 13


def test_a_call_that_fails_stops_neither_the_other_letters_nor_the_other_runs(place: Place) -> None:
    letters = place.letters(12)
    first, second = place.run(letters[:6]), place.run(letters[6:])
    place.calls = Calls(crash=60, error=UnavailableError)
    place.until_over(first, second)
    assert {place.letter(letter).state for letter in letters} == {"done"}
    assert set(place.handled.values()) == {1}


def test_a_letter_that_no_queue_will_ever_take_is_open_with_the_reason_and_holds_up_no_other(place: Place) -> None:
    letters = place.letters(4)
    place.never_takes = letters[0].message_id
    run = place.run(letters)
    place.until_over(run)
    assert place.states(run) == "x+++"
    refused = place.letter(letters[0])
    assert (refused.state, refused.history[-1].detail) == ("open", "the queue refuses it: InvalidMessageContents")


@pytest.mark.parametrize("consumer", ["depot/inbox", "depot/dispatcher", "depot/relay"])
def test_a_letter_that_was_refused_however_often_is_sent_once_it_can_be(place: Place, consumer: str) -> None:
    """Its queue is not there yet, or its commit is not: its service is restored later."""
    [letter] = place.letters(1, consumer)
    place.never_takes, place.relay_holds = letter.message_id, False
    for _ in range(4):
        run = place.run([letter])
        place.until_over(run)
        assert (place.states(run), place.letter(letter).state) == ("x", "open")
    place.never_takes, place.relay_holds = "", True
    run = place.run([letter])
    place.until_over(run)
    assert (place.states(run), place.letter(letter).state, place.letter(letter).redrives) == ("+", "done", 1)


def test_a_dead_letter_of_the_outcomes_themselves_is_done_when_its_outcome_was_taken(place: Place) -> None:
    [letter] = place.letters(1)
    said = {"letter": "gone", "run": "gone/0", "outcome": "done", "error": "", "reason": ""}
    [outcome] = place.letters(1, consumer="operations/outcomes", body=json.dumps(said))
    run = place.run([outcome])
    with place.at_work():
        rows.change(outcome.id, lambda one: transitions.claimed(one, runs.place(run.id, 0), "ada", 3))
        run_rows.mark(run, {0: runs.SENT})
    attributes = {"letter": outcome.id, "run": runs.place(run.id, 0)}
    place.outcomes.append((Held("record-1", "receipt", json.dumps(said), attributes), place.now))
    place.redrive()
    assert (place.letter(outcome).state, place.letter(letter).state) == ("done", "open")
    assert (place.states(run), place.outcomes) == ("+", [])
