"""Runs that are at work at once share the time of the runner, however many there are and however long a call takes."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from functions.kernel.runtime import budget, clock
from functions.operations import cloud, run_rows, runner
from functions.operations.runs import DONE, PAUSED, RUNNING, Run
from tests.unit.operations.collecting import Time

KIND = "fake"
TIMEOUT = 60  # seconds, of the runner


class Works:
    """Runs of a kind that reads one page after the other. pages: how many were read of each run."""

    def __init__(self, time: Time, seconds: float) -> None:
        self.time = time
        self.seconds = seconds
        self.pages: Counter[str] = Counter()

    def advance(self, run: Run, until: datetime) -> None:
        while run.state == RUNNING and clock.now() < until and cloud.may_wait():
            self.time.after(seconds=self.seconds)
            self.pages[run.id] += 1

    def minutes(self, count: int, late: float = 0) -> None:
        """The runner runs for so many minutes, and ends by itself in each. late: by how much every other tick is."""
        for number in range(count):
            begun = self.time.now
            self.time.after(seconds=number % 2 * late)
            with budget.at_most(TIMEOUT):
                runner.run_all({})
                assert budget.left() > 0
            self.time.now = begun + timedelta(minutes=1)


def put_runs(count: int, state: str = RUNNING) -> list[str]:
    return [run_rows.put(run).id for run in (made(number, state) for number in range(count))]


def made(number: int, state: str) -> Run:
    return Run(f"{state} {number}", {}, "operator:ada", f"2026-03-01T12:{number:02}", kind=KIND, state=state)


@pytest.fixture
def works(time: Time, monkeypatch: pytest.MonkeyPatch) -> Works:
    found = Works(time, seconds=1)
    monkeypatch.setitem(runner.ADVANCE, KIND, found.advance)
    return found


@pytest.mark.parametrize(
    ("count", "seconds"), [(2, 1), (4, 1), (6, 1), (10, 1), (2, 18), (3, 12), (10, 18), (3, 25), (40, 1)]
)
def test_each_run_has_its_share_of_the_pages_within_as_many_minutes_as_there_are_runs(
    works: Works, count: int, seconds: float
) -> None:
    works.seconds = seconds
    runs = put_runs(count)
    works.minutes(count)
    least = works.pages.total() / (2 * count)
    assert {run: works.pages[run] for run in runs if works.pages[run] < least} == {}


def test_each_run_is_the_first_in_its_turn_also_where_ticks_are_early_and_late(works: Works) -> None:
    works.seconds = 36  # only the first has a page
    works.time.after(seconds=59.9)
    runs = put_runs(2)
    works.minutes(6, late=0.2)
    assert [works.pages[run] for run in runs] == [3, 3]


def test_runs_that_begin_and_end_take_no_turn_from_another(works: Works) -> None:
    works.seconds = 36
    first, second, third = put_runs(3)
    works.minutes(1)
    run_rows.change(first, lambda run: replace(run, state=DONE, ended=run.created))
    works.minutes(1)
    run_rows.put(made(9, RUNNING))
    works.minutes(3)
    assert works.pages == {first: 1, second: 2, third: 1, made(9, RUNNING).id: 1}


def test_runs_that_an_operator_paused_have_no_share(works: Works) -> None:
    put_runs(10, PAUSED)
    [alone] = put_runs(1)
    works.minutes(1)
    assert works.pages[alone] > 30
