"""Consumers that are renamed or removed while a redrive sends to them: no letter stays claimed by a run for ever."""

import json
from collections.abc import Callable

import pytest

from functions.kernel.runtime import context
from functions.kernel.runtime.context import Context
from functions.operations import consumers, run_rows, runs, sending, service
from functions.operations.letters import Letter
from functions.operations.runs import Run
from functions.operations.transitions import NOT_SENT
from tests.unit.operations.redriving import CONSUMERS, LISTENED, SILENT, Calls, Crash, Place, adds_up

Deploy = Callable[[dict[str, list[str]]], None]

BEFORE, AFTER = {"warehouse": ["inbox"]}, CONSUMERS
OLD, NEW = "warehouse/inbox", "depot/inbox"


@pytest.fixture
def deploy(place: Place, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Deploy operations with the names of other consumers."""

    def deployed(names: dict[str, list[str]]) -> None:
        monkeypatch.setenv("CONSUMERS", json.dumps(names))
        consumers.services.cache_clear()

    deployed(BEFORE)
    return deployed


def on_its_way(place: Place, count: int) -> tuple[list[Letter], Run]:
    """Letters of a run of which the first is claimed, and its queue did not answer."""
    letters = place.letters(count, OLD)
    run = place.run(letters)
    place.inboxes_fail = True
    place.redrive()
    place.inboxes_fail = False
    assert [place.letter(letter).state for letter in letters] == ["redriving"] + ["open"] * (count - 1)
    return letters, run


def test_a_letter_that_was_claimed_for_a_consumer_that_is_renamed_is_open_and_goes_to_the_new_one(
    place: Place, deploy: Deploy
) -> None:
    letters, run = on_its_way(place, 5)
    deploy(AFTER)
    place.until_over(run)
    assert (place.states(run), place.of(run).state, place.sent) == ("mmmmm", "done", [])
    first = place.letter(letters[0])
    assert (first.state, first.open_since) == ("open", letters[0].open_since)
    assert first.history[-1].what == NOT_SENT
    assert first.history[-1].detail == f"there is no consumer {OLD} any more: say which takes it"
    again = place.run(letters, to=NEW)
    place.until_over(again)
    assert {place.letter(letter).state for letter in letters} == {"done"}
    assert [one.consumer for one in place.sent] == [NEW] * 5


def test_a_run_whose_queue_is_gone_before_operations_knows_stops_by_itself_and_leaves_every_letter_open(
    place: Place, deploy: Deploy
) -> None:
    letters = place.letters(5, OLD)
    place.never_takes = LISTENED  # its service was deployed first: there is no such queue
    run = place.run(letters)
    place.redrive()
    assert (place.of(run).state, place.states(run)) == ("stopped", "xxx..")
    assert {place.letter(letter).state for letter in letters} == {"open"}
    deploy(AFTER)
    place.never_takes = ""
    again = place.run(letters, to=NEW)
    place.until_over(again)
    assert {place.letter(letter).state for letter in letters} == {"done"}


@pytest.mark.parametrize("halt", [runs.paused, runs.cancelled])
def test_it_is_open_also_where_its_run_does_not_go_on(
    place: Place, deploy: Deploy, halt: Callable[[Run, str], Run]
) -> None:
    letters, run = on_its_way(place, 5)
    with place.at_work():
        run_rows.change(run.id, lambda one: halt(one, "operator:ada"))
    deploy(AFTER)
    place.redrive()
    assert {place.letter(letter).state for letter in letters} == {"open"}
    assert place.states(run) == "m...."
    assert place.of(run).is_settled


def test_one_that_a_run_sends_to_another_consumer_is_open_where_that_one_is_removed(
    place: Place, deploy: Deploy
) -> None:
    letters = place.letters(3, OLD)
    deploy(AFTER)
    run = place.run(letters, to=NEW)
    place.inboxes_fail = True
    place.redrive()
    deploy({"ordering": ["inbox"]})
    place.until_over(run)
    assert place.states(run) == "mmm"
    assert {place.letter(letter).state for letter in letters} == {"open"}


def test_an_operator_may_discard_it_then(place: Place, deploy: Deploy) -> None:
    letters, run = on_its_way(place, 1)
    deploy(AFTER)
    place.until_over(run)
    with place.at_work(), context.within(Context(actor="operator:ada")):
        assert service.discard(letters[0].id, "the order is gone").state == "discarded"


def test_one_that_was_sent_after_all_is_done_once_its_old_consumer_says_so(place: Place, deploy: Deploy) -> None:
    """The redriver ended before it could mark it."""
    [letter] = place.letters(1, OLD)
    run = place.run([letter])
    place.fates = {letter.message_id: SILENT}
    with place.at_work():
        sending.send(run, 0, letter.id)
    assert (len(place.sent), place.states(run)) == (1, ".")
    deploy(AFTER)
    place.redrive()
    assert (place.states(run), place.letter(letter).state) == ("m", "open")
    place.fates.clear()
    place.pass_time(60)
    place.redrive()
    assert (place.states(run), place.letter(letter).state) == ("+", "done")


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
def test_whichever_call_ends_the_redriver_none_stays_claimed(place: Place, deploy: Deploy, after: bool) -> None:
    for crash in range(1, 60):
        deploy(BEFORE)
        there = Place()
        letters, run = on_its_way(there, 3)
        deploy(AFTER)
        there.calls = Calls(crash=crash, after=after, error=Crash)
        there.until_over(run)
        adds_up(there, run, letters)
        assert there.states(run) == "mmm"
        assert {there.letter(letter).state for letter in letters} == {"open"}
        if there.calls.made < crash:
            return
    raise AssertionError("it makes more calls")
