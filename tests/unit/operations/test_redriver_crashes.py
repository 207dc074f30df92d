"""A redriver that ends at any call, before or after its effect: every letter is sent and in one state in the end."""

from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from functions.kernel.domain.errors import UnavailableError
from functions.operations import runs
from functions.operations.runs import RAMP, RUNNING, STOPPED
from tests.unit.operations.redriving import (
    CRASHES,
    DEAD,
    DONE,
    FLAKY,
    Calls,
    Crash,
    Place,
    adds_up,
    known_consumers,
)

FATES = (DONE, DONE, FLAKY, DEAD, DONE)
SETTINGS = settings(max_examples=60, derandomize=True, deadline=None, database=None)
CALLS = 130  # more than one invocation makes for so few letters


@pytest.fixture(autouse=True)
def consumers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with known_consumers(monkeypatch):
        yield


def redriven(place: Place, fates: tuple[str, ...], **more: float) -> None:
    """Redrive letters of these fates to the end, and assert what must hold of them."""
    letters = place.letters(len(fates) - 1) + place.letters(1, "depot/dispatcher", fifo_group="in-turn")
    place.fates = {letter.message_id: fate for letter, fate in zip(letters, fates, strict=True)}
    run = place.run(letters, **more)
    place.until_over(run)
    adds_up(place, run, letters)
    sent = {one.attributes["letter"] for one in place.sent}
    assert sent == {letter.id for letter in letters}
    assert {place.letter(one).redrives for one in letters} == {1}
    for letter, fate in zip(letters, fates, strict=True):
        assert place.letter(letter).state == ("done" if fate in (DONE, FLAKY) else "open")
    assert set(place.handled.values()) == {1}


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("error", [Crash, UnavailableError], ids=["it crashes", "it fails"])
def test_whichever_call_ends_the_redriver_every_letter_is_sent_and_in_one_state(
    error: type[BaseException], after: bool
) -> None:
    made = 0
    for crash in range(1, CALLS):
        place = Place(calls=Calls(crash=crash, after=after, error=error))
        redriven(place, FATES, stop_at=1.0)
        made = max(made, place.calls.made)
        if place.calls.made < crash:
            break
    assert made > 60


@SETTINGS
@given(
    st.lists(st.sampled_from([DONE, DONE, DONE, FLAKY, DEAD, CRASHES]), min_size=2, max_size=40),
    st.lists(st.tuples(st.integers(1, 200), st.booleans(), st.booleans()), max_size=6),
    st.booleans(),
)
@example([CRASHES, DEAD, DONE, DONE, DONE, DEAD], [(89, False, False)], True)
def test_whatever_fails_and_however_often_it_crashes_all_adds_up_in_the_end(
    fates: list[str], crashes: list[tuple[int, bool, bool]], reported: bool
) -> None:
    place = Place(reports_failures=reported)
    letters = place.letters(len(fates))
    place.fates = {letter.message_id: fate for letter, fate in zip(letters, fates, strict=True)}
    first, second = place.run(letters), place.run(list(reversed(letters)))
    for crash, after, dies in crashes:
        place.calls = Calls(crash=crash, after=after, error=Crash if dies else UnavailableError)
        place.redrive()
        place.pass_time(60)
    place.calls = Calls()
    for _ in range(60):
        place.redrive()
        place.pass_time(60)
        for run in (first, second):
            if place.of(run).state == STOPPED:
                place.resume(run)
        if all(place.of(run).ended for run in (first, second)):
            break
    for run, asked in ((first, letters), (second, list(reversed(letters)))):
        assert place.of(run).ended
        adds_up(place, run, asked)
    assert {one.attributes["letter"] for one in place.sent} == {letter.id for letter in letters}
    assert set(place.handled.values()) <= {1}
    for letter, fate in zip(letters, fates, strict=True):
        found = place.letter(letter)
        assert found.state == ("open" if fate in (DEAD, CRASHES) else "done")
        assert found.redrives <= 2


@SETTINGS
@given(
    st.lists(st.sampled_from([DONE, DONE, DONE, DEAD]), min_size=2, max_size=120),
    st.lists(st.tuples(st.integers(1, 300), st.booleans()), max_size=4),
)
@example([DONE, DONE, DEAD, DONE, DEAD, DONE, DONE, DONE, DONE], [(81, False), (2, False)])
@example([DONE, DONE, DEAD, DONE, DEAD, DONE, DONE, DONE, DONE], [(86, False), (2, False)])
def test_a_ramp_stops_at_its_share_of_failures_whenever_the_redriver_crashes(
    fates: list[str], crashes: list[tuple[int, bool]]
) -> None:
    place = Place()
    letters = place.letters(len(fates))
    place.fates = {letter.message_id: fate for letter, fate in zip(letters, fates, strict=True)}
    run = place.run(letters)
    for crash, after in [*crashes, *[(-1, False)] * 8]:
        place.calls = Calls(crash=crash, after=after)
        place.redrive()
        place.pass_time(60)
    over, states = place.of(run), place.states(run)
    sent = len({one.attributes["letter"] for one in place.sent})
    assert over.state in (STOPPED, "done")
    expected = "".join("x" if fate == DEAD else "+" for fate in fates)
    assert states == expected[:sent] + "." * (len(fates) - sent)
    adds_up(place, run, letters)
    if over.state == STOPPED:
        assert runs.why_to_stop(over, states)
    ends = [sum(RAMP[: step + 1]) for step in range(len(RAMP))]
    running = run.__class__(**{**vars(over), "state": RUNNING})
    bound = next((end for end in ends if runs.why_to_stop(running, expected[:end])), len(fates))
    assert sent <= min(bound, len(fates))
