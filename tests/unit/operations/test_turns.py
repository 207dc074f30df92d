"""To one consumer one redrive sends at a time: the others wait, say for which, and none waits for ever."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby

import pytest

from functions.kernel.runtime import clock
from functions.operations import redrives, run_rows, runs
from functions.operations.runs import Run
from tests.unit.operations.redriving import DEAD, SILENT, Place, Waiting


class Noted(list[Waiting]):
    """What was sent, counted by the second in which it was."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.seconds: Counter[int] = Counter()
        self._place = place

    def append(self, one: Waiting) -> None:
        self.seconds[int(self._place.now.timestamp())] += 1
        super().append(one)


def begun(place: Place, count: int, consumer: str = "depot/inbox", **settings: float) -> Run:
    """A redrive of letters of its own, younger than those before."""
    run = place.run(place.letters(count, consumer), **settings)
    place.pass_time(1)
    return run


def runs_of(place: Place) -> list[str]:
    """The runs that sent, one after the other."""
    return [run for run, _ in groupby(one.attributes["run"].rpartition("/")[0] for one in place.sent)]


def why(place: Place, run: Run) -> str:
    with place.at_work():
        return redrives.shown(run.id).run.why


def test_eight_runs_to_one_consumer_send_at_the_rate_of_one(place: Place) -> None:
    place.sent = noted = Noted(place)
    every = [begun(place, 100, rate=10) for _ in range(8)]
    place.until_over(*every)
    assert max(noted.seconds.values()) <= 10
    assert runs_of(place) == [run.id for run in every]


def test_a_run_that_waits_says_for_which(place: Place) -> None:
    place.fates = {"message-0": SILENT}
    older, younger = begun(place, 3), begun(place, 3)
    place.redrive()
    assert runs_of(place) == [older.id]
    assert why(place, younger) == f"it waits for run {older.id}, which sends to depot/inbox before it"
    assert why(place, older) == ""
    place.fates.clear()
    place.until_over(older, younger)
    assert why(place, younger) == ""


def test_a_run_waits_too_while_another_redriver_advances_the_older_one(place: Place) -> None:
    older, younger = begun(place, 3), begun(place, 3)
    leased_until = clock.stamp(place.now.replace(hour=13))
    with place.at_work():
        run_rows.change(older.id, lambda run: replace(run, lease_by="another", lease_until=leased_until))
    place.redrive()
    assert not place.sent
    place.pass_time(2 * 3600)
    place.until_over(older, younger)
    assert runs_of(place) == [older.id, younger.id]


@pytest.mark.parametrize(
    "halt",
    [lambda run: runs.paused(run, "ada"), lambda run: runs.cancelled(run, "ada"), lambda run: runs.stopped(run, "x")],
)
def test_a_run_does_not_wait_for_one_that_does_not_go_on(place: Place, halt: Callable[[Run], Run]) -> None:
    older, younger = begun(place, 3), begun(place, 3)
    with place.at_work():
        run_rows.change(older.id, halt)
    place.until_over(younger)
    assert runs_of(place) == [younger.id]


def test_a_run_goes_on_once_the_older_one_has_stopped_by_itself(place: Place) -> None:
    older = begun(place, 10)
    place.fates = {f"message-{number}": DEAD for number in range(20)}
    younger = begun(place, 3)
    place.until_over(younger)
    assert place.of(older).state == runs.STOPPED
    assert runs_of(place) == [older.id, younger.id]


def test_a_run_does_not_wait_for_the_outcomes_of_one_that_has_nothing_left_to_send(place: Place) -> None:
    place.fates = {"message-0": SILENT}
    _, younger = begun(place, 1), begun(place, 3)
    place.until_over(younger)


def test_a_run_to_another_consumer_does_not_wait(place: Place) -> None:
    place.fates = {"message-0": SILENT}
    _, other = begun(place, 3), begun(place, 3, "ordering/inbox")
    place.until_over(other)


def test_two_runs_to_the_same_consumers_in_opposite_order_both_end(place: Place) -> None:
    one, other = place.letters(30), place.letters(30, "ordering/inbox")
    mixed = [place.run(set) for set in ([*one[:15], *other[:15]], [*other[15:], *one[15:]])]
    place.until_over(*mixed)
    assert {place.letter(letter).state for letter in (*one, *other)} == {"done"}
