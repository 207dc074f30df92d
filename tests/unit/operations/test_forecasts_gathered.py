"""The set of a forecast of many letters: it is what one try found, whichever tries end early, or are at it at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.operations import forecasts, redrives, rows, run_rows, runs
from functions.operations.letters import OPEN, PARKED, Letter
from functions.operations.rows import Filter
from functions.operations.runs import CANCELLED, GATHERING, Run
from tests.unit.operations.made import ID, made
from tests.unit.operations.test_forecasts import Consumers, Time, asked, begin, go_on, put, time, told

__all__ = ["Time", "asked", "time"]  # fixtures
MANY = forecasts.SMALL + 5
WRITES = 4  # of a try: the run, the page, its marks, the run


class EndsError(BaseException):
    """A function that ends, whatever it was at."""


@contextmanager
def before_write(runtime: Runtime, number: int, do: Callable[[], object]) -> Iterator[None]:
    """Within the block, something is done just before the write of a run's rows with this number, once."""
    put_row, so_far = runtime.views.put, 0

    def put(row: Row, version: int) -> bool:
        nonlocal so_far
        if row.partition.startswith("run "):
            so_far += 1
            if so_far == number:
                do()
        return put_row(row, version)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runtime.views, "put", put)
        yield


def end() -> None:
    raise EndsError


def many(first: int = 1) -> list[str]:
    return put(*(made(n, failed_at=f"2026-03-01T12:{n:04}") for n in range(first, first + MANY)))


def park(letter: str) -> None:
    rows.change(letter, lambda one: one.after("parked", "operator:ada", "for tomorrow", state=PARKED))


def open_ones() -> list[str]:
    return sorted(one.id for one in rows.each(Filter(group=ID, state=OPEN)))


def set_of(run: Run) -> list[str]:
    return sorted(run_rows.letters_of(run, range(run.total)).values())


@pytest.mark.parametrize("write", range(1, WRITES + 1))
@pytest.mark.parametrize("comes", [0, 1], ids=["one goes", "one goes and another comes"])
def test_a_forecast_has_the_letters_that_its_last_try_found_at_whichever_write_the_first_ended(
    asked: Consumers, runtime: Runtime, write: int, comes: int
) -> None:
    letters = many()
    run = begin(group=ID)
    with before_write(runtime, write, end), pytest.raises(EndsError):
        go_on(run)
    assert run_rows.get(run.id).state == GATHERING
    park(letters[2])
    put(*(made(MANY + n, failed_at="2026-03-01T13:00") for n in range(1, 1 + comes)))
    run = go_on(run)
    assert (run.state, run.total) == (runs.DONE, MANY - 1 + comes)
    assert set_of(run) == sorted(told(run)) == open_ones()
    assert letters[2] not in told(run)


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_of_two_runners_at_once_one_says_what_is_in_the_set(asked: Consumers, runtime: Runtime, write: int) -> None:
    letters = many()
    run = begin(group=ID)

    def another() -> None:
        park(letters[2])
        go_on(run)

    with before_write(runtime, write, another):
        go_on(run)
    run = go_on(run)
    assert (run.state, run.total) == (runs.DONE, MANY - 1)
    assert set_of(run) == sorted(told(run)) == open_ones()


def test_a_redrive_of_such_a_forecast_has_its_very_set(asked: Consumers, runtime: Runtime) -> None:
    letters = many()
    run = begin(group=ID)
    with before_write(runtime, WRITES, end), pytest.raises(EndsError):
        go_on(run)
    park(letters[2])
    run = go_on(run)
    assert sorted(redrives._of_forecast(redrives.Asked(forecast=run.id))) == open_ones()


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_forecast_that_is_cancelled_while_its_letters_are_looked_for_stays_so(
    asked: Consumers, runtime: Runtime, write: int
) -> None:
    many()
    run = begin(group=ID)
    with before_write(runtime, write, lambda: run_rows.change(run.id, lambda one: runs.cancelled(one, "ada"))):
        go_on(run)
    run = go_on(run)
    assert (run.state, asked.asked, bool(run.ended)) == (CANCELLED, [], True)


def test_a_forecast_that_another_runner_has_begun_is_not_given_up_for_letters_that_came_since(
    asked: Consumers, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    many()
    run = begin(group=ID)
    monkeypatch.setattr(forecasts, "MOST", MANY)
    asked.at_once = 1

    def others() -> Iterator[Letter]:
        """What the first reads comes after what the second has read."""
        assert go_on(run).state == runs.DONE
        many(first=100)
        yield from each(Filter(group=ID, state=OPEN))

    each, calls = rows.each, iter([others])
    monkeypatch.setattr(rows, "each", lambda wanted: next(calls, lambda: each(wanted))())
    assert go_on(run).state == runs.DONE
