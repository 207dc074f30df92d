"""Letters are sent back by a ramp, each under one run, and every one of them has an outcome."""

from datetime import timedelta
from itertools import pairwise

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.operations import rows, run_rows, runs
from functions.operations.letters import OPEN, Letter
from functions.operations.runs import CANCELLED, PAUSED, STOPPED
from tests.unit.operations.redriving import CRASHES, DEAD, FLAKY, SILENT, Calls, Place, adds_up

HOUR = timedelta(hours=1)


def test_every_letter_of_a_set_is_sent_back_verbatim_to_the_queue_it_came_from(place: Place) -> None:
    letters = place.letters(100) + place.letters(5, "depot/dispatcher", fifo_group="in-turn")
    run = place.run(letters)
    place.until_over(run)
    assert [(one.consumer, one.body) for one in place.sent] == [(one.consumer, one.body) for one in letters]
    assert [one.attributes for one in place.sent] == [
        {"letter": letter.id, "run": f"{run.id}/{position}"} for position, letter in enumerate(letters)
    ]
    assert {place.letter(letter).state for letter in letters} == {"done"}
    assert set(place.handled.values()) == {1}
    assert place.of(run).counts["done"] == 105
    adds_up(place, run, letters)


def test_a_letter_of_a_fifo_queue_goes_under_its_own_group_and_an_id_of_its_redrive(place: Place) -> None:
    [letter] = place.letters(1, "depot/dispatcher", fifo_group="in-turn")
    run = place.run([letter])
    place.until_over(run)
    [sent] = place.sent
    assert (sent.group, sent.dedup) == ("in-turn", runs.place(run.id, 0))


def test_a_run_whose_letters_fail_stops_after_the_second_step_and_says_why(place: Place) -> None:
    letters = place.letters(50)
    place.fates = {letter.message_id: DEAD for letter in letters}
    run = place.run(letters)
    place.redrive()
    assert len(place.sent) == 3
    stopped = place.of(run)
    assert (stopped.state, stopped.why) == (STOPPED, "3 of the last 3 letters failed")
    assert [place.letter(letter).state for letter in letters[:3]] == ["open"] * 3
    assert place.letter(letters[0]).history[-1].what in ("failed", "came again")


def test_a_run_that_was_halted_costs_no_writes_for_as_long_as_it_stays_so(place: Place) -> None:
    letters = place.letters(50)
    place.fates = {letter.message_id: DEAD for letter in letters}
    run = place.run(letters)
    place.redrive()
    before = place.of(run)
    assert before.state == STOPPED
    for _ in range(3):
        place.redrive()
    assert place.of(run).version_of_row == before.version_of_row


def test_a_stopped_run_that_is_resumed_begins_its_ramp_again_and_goes_on_to_the_end(place: Place) -> None:
    letters = place.letters(50)
    place.fates = {letter.message_id: DEAD for letter in letters}
    run = place.run(letters)
    place.redrive()
    place.fates.clear()
    place.resume(run)
    place.until_over(run)
    assert place.of(run).counts | {"total": 0} == {
        "total": 0, "pending": 0, "sent": 0, "done": 47, "failing": 0, "dead": 3, "skipped": 0
    }  # fmt: skip
    assert len(place.sent) == 50
    adds_up(place, run, letters)


def test_a_run_stops_too_where_no_failure_is_reported_and_letters_only_come_back(place: Place) -> None:
    letters = place.letters(50)
    place.fates = {letter.message_id: CRASHES for letter in letters}
    run = place.run(letters)
    for _ in range(5):
        place.redrive()
        place.pass_time(60)
    assert place.of(run).state == STOPPED
    assert len(place.sent) == 3


def test_a_letter_that_fails_and_then_passes_is_done(place: Place) -> None:
    letters = place.letters(30)
    place.fates = {letters[5].message_id: FLAKY}
    run = place.run(letters)
    place.until_over(run)
    assert place.of(run).counts["done"] == 30
    assert [one.what for one in place.letter(letters[5]).history] == ["stored", "redriven", "failing", "done"]


def test_a_step_whose_letters_have_no_outcome_is_waited_for_and_the_redriver_ends_by_itself(place: Place) -> None:
    letters = place.letters(30)
    place.fates = {letter.message_id: SILENT for letter in letters}
    run = place.run(letters)
    begun = place.now
    place.redrive()
    assert len(place.sent) == 1
    assert (place.now - begun).total_seconds() <= 20
    place.fates.clear()
    place.until_over(run)
    assert len(place.sent) == 30


def test_a_rate_is_kept(place: Place) -> None:
    run = place.run(place.letters(400), rate=5)
    begun = place.now
    sent_at: list[int] = []
    place.ticks.append(lambda: sent_at.append(len(place.sent)))
    place.until_over(run)
    assert max(later - earlier for earlier, later in pairwise(sent_at)) <= 5
    assert (place.now - begun).total_seconds() >= 400 / 5


def test_a_clock_that_is_set_back_lets_a_run_send_no_more_than_its_step(place: Place) -> None:
    letters = place.letters(30)
    place.fates = {letter.message_id: SILENT for letter in letters[1:]}
    run = place.run(letters)

    def set_back() -> None:
        place.ticks.clear()
        place.now -= timedelta(seconds=20)

    place.ticks.append(set_back)
    place.redrive()
    assert len(place.sent) == 3
    place.fates.clear()
    place.until_over(run)
    assert len(place.sent) == 30


def test_a_letter_is_in_one_run_at_a_time_and_the_other_says_so(place: Place) -> None:
    letters = place.letters(20)
    first, second = place.run(letters), place.run(letters)
    place.until_over(first, second)
    assert len(place.sent) == 20
    states = zip(place.states(first), place.states(second), strict=True)
    assert all(sorted(pair) in (["+", "r"], ["+", "n"]) for pair in states)
    adds_up(place, first, letters)
    adds_up(place, second, letters)


@pytest.mark.parametrize("state", ["parked", "discarded", "done"])
def test_a_letter_that_is_not_open_any_more_is_skipped(place: Place, state: str) -> None:
    letters = place.letters(3)
    with place.at_work():
        rows.change(letters[1].id, lambda letter: letter.after(state, "operator:bo", state=state))
    run = place.run(letters)
    place.until_over(run)
    assert place.states(run) == "+n+"
    assert place.letter(letters[1]).state == state


def test_a_letter_is_sent_back_three_times_at_most(place: Place) -> None:
    [letter] = place.letters(1)
    place.fates = {letter.message_id: DEAD}
    for _ in range(3):
        run = place.run([letter])
        place.until_over(run)
        assert place.states(run) == "x"
    capped = place.run([letter])
    place.until_over(capped)
    assert place.states(capped) == "c"
    assert len(place.sent) == 3
    assert place.letter(letter).redrives == 3


def test_a_letter_of_a_relay_is_published_by_its_owners_relay(place: Place) -> None:
    [letter] = place.letters(1, "ordering/relay")
    run = place.run([letter])
    place.until_over(run)
    wanted = {"stream": letter.stream, "version": 3, "message": letter.message_id}
    assert place.relayed == [("ordering", {"resend": wanted})]
    assert place.letter(letter).state == "done"
    assert place.sent == []


def test_a_letter_that_a_relay_cannot_publish_is_open_with_the_reason(place: Place) -> None:
    [letter] = place.letters(1, "ordering/relay")
    place.relay_works = False
    run = place.run([letter])
    place.until_over(run)
    assert place.states(run) == "x"
    found = place.letter(letter)
    assert (found.state, found.history[-1].detail) == ("open", "the bus did not accept it")


def test_a_letter_that_no_commit_of_its_relay_holds_is_open_with_the_reason(place: Place) -> None:
    [letter] = place.letters(1, "ordering/relay")
    place.relay_holds = False
    place.until_over(place.run([letter]))
    found = place.letter(letter)
    assert (found.state, found.history[-1].detail) == ("open", "no commit holds it")


def test_letters_of_a_renamed_consumer_go_to_one_that_subscribes_to_their_message(place: Place) -> None:
    letters = place.letters(2, "warehouse/inbox")
    lost = place.run(letters)
    place.until_over(lost)
    assert place.states(lost) == "mm"
    run = place.run(letters, to="depot/inbox")
    place.until_over(run)
    assert [one.consumer for one in place.sent] == ["depot/inbox"] * 2
    assert {place.letter(letter).state for letter in letters} == {"done"}


def test_a_letter_goes_to_no_consumer_that_does_not_subscribe_to_its_message(place: Place) -> None:
    letters = place.letters(1, "warehouse/inbox", name="StoreCreated")
    run = place.run(letters, to="ordering/inbox")
    place.until_over(run)
    assert (place.states(run), place.sent) == ("m", [])


def test_a_paused_run_sends_nothing_until_it_is_resumed(place: Place) -> None:
    letters = place.letters(30)
    run = place.run(letters, rate=1)

    def pause() -> None:
        with place.at_work():
            if place.of(run).state == "running":
                run_rows.change(run.id, lambda one: runs.paused(one, "operator:ada"))

    place.ticks.append(lambda: pause() if len(place.sent) == 8 else None)
    place.redrive()
    place.redrive()
    assert (place.of(run).state, len(place.sent)) == (PAUSED, 8)
    place.ticks.clear()
    place.resume(run)
    place.until_over(run)
    assert len(place.sent) == 30


def test_a_cancelled_run_leaves_its_letters_open_and_still_tells_what_became_of_those_it_sent(place: Place) -> None:
    letters = place.letters(30)
    place.fates = {letter.message_id: SILENT for letter in letters}
    run = place.run(letters)
    place.redrive()
    with place.at_work():
        run_rows.change(run.id, lambda one: runs.cancelled(one, "operator:ada"))
    place.redrive()
    assert not place.of(run).ended
    place.fates.clear()
    place.until_over(run)
    over = place.of(run)
    assert (over.state, over.counts["done"], over.counts["pending"]) == (CANCELLED, 1, 29)
    assert [place.letter(letter).state for letter in letters] == ["done"] + ["open"] * 29


def test_a_filter_is_gathered_in_pages_the_oldest_first_and_holds_what_there_was_when_it_was_asked_for(
    place: Place,
) -> None:
    letters = place.letters(1_120)
    place.now = place.now.replace(minute=1)
    run = place.run([], state=runs.GATHERING, filter={"state": "open", "until": place.of_now()}, rate=100)
    place.now = place.now.replace(minute=2)
    late = place.letters(3)
    with place.at_work():
        rows.change(letters[7].id, lambda letter: letter.after("parked", state="parked"))
    place.until_over(run)
    assert [one.attributes["letter"] for one in place.sent] == [one.id for n, one in enumerate(letters) if n != 7]
    assert {place.letter(letter).state for letter in late} == {"open"}
    assert place.of(run).total == 1_119


def _parked(letter: Letter) -> Letter:
    return letter.after("parked", state="parked") if letter.state == OPEN else letter


@pytest.mark.parametrize("fails", range(1, 20))
def test_a_filter_that_is_looked_for_again_has_every_letter_that_is_still_there(place: Place, fails: int) -> None:
    letters = place.letters(3)
    run = place.run([], state=runs.GATHERING, filter={"state": "open", "until": clock.stamp(place.now + HOUR)})

    def park() -> None:
        if place.calls.made == fails + 1:
            with place.at_work():
                rows.change(letters[0].id, _parked)

    place.calls = Calls(crash=fails, error=UnavailableError, takes=park)
    place.until_over(run)
    assert [place.letter(letter).state for letter in letters[1:]] == ["done", "done"]
