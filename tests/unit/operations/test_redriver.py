"""Letters are sent back by a ramp, each under one run, and every one of them has an outcome."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise

import pytest

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, clock
from functions.operations import rows, run_rows, runs, sending, transitions
from functions.operations.cloud import Held
from functions.operations.letters import OPEN, Letter
from functions.operations.runs import CANCELLED, PAUSED, STOPPED, Run
from tests.unit.operations.redriving import CRASHES, DEAD, FLAKY, SILENT, Calls, Place, adds_up, known_consumers

HOUR = timedelta(hours=1)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    with known_consumers(monkeypatch):
        yield Place()


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
    place.until_over(place.run([letter]))
    [sent] = place.sent
    assert (sent.group, sent.dedup) == ("in-turn", f"{letter.id}-1")


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


def test_an_outcome_that_cannot_be_read_stays_and_one_of_a_letter_that_is_gone_goes(place: Place) -> None:
    gone = '{"letter": "gone", "run": "gone/0", "outcome": "done", "error": "", "reason": ""}'
    for body in ("{", "[]", '{"letter": "a"}', '{"letter": "a", "run": "r", "outcome": "done"}', gone):
        place.outcomes.append((Held(f"outcome-{len(place.outcomes)}", "receipt", body), place.now))
    place.redrive()
    assert [held.id for held, _ in place.outcomes] == [f"outcome-{number}" for number in range(4)]


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


def test_a_letter_takes_eleven_calls_in_a_large_run(place: Place) -> None:
    run = place.run(place.letters(500), rate=50)
    place.until_over(run)
    assert round(place.calls.made / 500) == 11


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
