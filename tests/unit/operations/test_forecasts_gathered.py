"""The set of a forecast of many letters: it is what one try found, whichever tries end early, or are at it at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from functions.kernel.domain.errors import RefusedError
from functions.kernel.runtime import budget
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.operations import forecasts, redrives, rows, run_rows, runs
from functions.operations.letters import OPEN, PARKED
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

    def others(*given: Any, **more: Any) -> rows.Letters:
        """What the first reads comes after what the second has read."""
        monkeypatch.setattr(rows, "letters", page)
        assert go_on(run).state == runs.DONE
        many(first=100)
        return page(*given, **more)

    page = rows.letters
    monkeypatch.setattr(rows, "letters", others)
    assert go_on(run).state == runs.DONE


@pytest.fixture
def slow(time: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has three letters at most, and takes 15 s."""
    page = rows.letters

    def slowly(*given: Any, **more: Any) -> rows.Letters:
        time.now += timedelta(seconds=15)
        return page(*given, **more)

    monkeypatch.setattr(rows, "LOOKED_AT", 3)
    monkeypatch.setattr(rows, "letters", slowly)


def minute(run: Run) -> Run:
    """The runner advances a forecast, for as long as it may."""
    with budget.at_most(60):
        return go_on(run)


@pytest.mark.usefixtures("slow")
def test_letters_that_take_longer_to_find_than_a_minute_are_found_in_several(asked: Consumers) -> None:
    letters = many()
    put(*(made(n, "ordering/inbox", fingerprint="another") for n in range(50, 55)))
    run = begin(filter={"message": "OrderApproved", "service": "depot"})
    waits = minute(run)
    assert (waits.state, waits.why) == (GATHERING, "its letters are being looked for: 4 so far")
    for _ in range(20):
        run = minute(run)
    assert (run.state, run.total, run.why) == (runs.DONE, MANY, "")
    assert list(told(run)) == letters  # in their order, though those that failed last are found first


def finds_the_rest(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A forecast that has found some of its letters, and finds the others in the next minute."""
    run = minute(run)
    assert (run.state, run.total > 0) == (GATHERING, True)
    monkeypatch.setattr(rows, "LOOKED_AT", 1000)
    return run


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_letters_that_were_found_in_several_minutes_are_all_there_at_whichever_write_the_last_of_them_ended(
    asked: Consumers, runtime: Runtime, write: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = many()
    run = finds_the_rest(begin(group=ID), monkeypatch)
    with before_write(runtime, write, end), pytest.raises(EndsError):
        minute(run)
    for _ in range(3):
        run = minute(run)
    assert (run.state, run.total, list(told(run))) == (runs.DONE, MANY, letters)


@pytest.mark.usefixtures("slow")
def test_a_forecast_that_was_paused_as_the_last_of_its_letters_were_found_has_them_all_once_it_is_resumed(
    asked: Consumers, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = many()
    run = finds_the_rest(begin(group=ID), monkeypatch)
    with before_write(runtime, WRITES, lambda: run_rows.change(run.id, lambda one: runs.paused(one, "ada"))):
        assert minute(run).state == runs.PAUSED
    run_rows.change(run.id, lambda one: runs.resumed(one, ""))
    for _ in range(3):
        run = minute(run)
    assert (run.state, run.total, list(told(run))) == (runs.DONE, MANY, letters)


def paused(run: Run) -> Run:
    return run_rows.change(run.id, lambda one: runs.paused(one, "ada"))


def cancelled(run: Run) -> Run:
    return run_rows.change(run.id, lambda one: runs.cancelled(one, "ada"))


def too_large(run: Run) -> Run:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(forecasts, "MOST", run.total)
        return minute(run)


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("halt", [paused, cancelled, too_large, minute])
def test_no_redrive_sends_a_part_of_the_letters_of_a_forecast(asked: Consumers, halt: Callable[[Run], Run]) -> None:
    many()
    run = halt(minute(begin(group=ID)))
    assert 0 < run.total < MANY
    with pytest.raises(RefusedError, match=f"the forecast is {run.state}: not all of its letters were found"):
        redrives._of_forecast(redrives.Asked(forecast=run.id))


@pytest.mark.usefixtures("slow")
def test_a_letter_that_was_found_and_is_not_open_any_more_is_not_in_the_set(asked: Consumers) -> None:
    letters = many()
    run = minute(begin(group=ID))
    assert run.state == GATHERING
    park(letters[-1])
    for _ in range(20):
        run = minute(run)
    assert list(told(run)) == letters[:-1]


@pytest.mark.usefixtures("slow")
def test_a_set_that_is_too_large_is_told_whichever_minute_shows_it(
    asked: Consumers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecasts, "MOST", MANY - 1)
    many()
    run = begin(group=ID)
    for _ in range(20):
        run = minute(run)
    assert (run.state, bool(run.ended)) == (CANCELLED, True)
