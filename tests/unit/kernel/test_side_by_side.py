"""Jobs that do not depend on each other are done side by side; what one raises stops no other."""

import threading
from collections.abc import Callable

import pytest

from functions.kernel.runtime import budget, context
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.side_by_side import AT_ONCE, SideBySide, in_threads, one_by_one

EVERY_WAY = pytest.mark.parametrize("side_by_side", [one_by_one, in_threads])


def failing() -> int:
    raise ValueError("this one fails")


@EVERY_WAY
@pytest.mark.parametrize("count", [0, 1, 2, AT_ONCE + 5])
def test_what_jobs_return_is_in_their_order(side_by_side: SideBySide, count: int) -> None:
    jobs: list[Callable[[], int]] = [lambda number=number: number for number in range(count)]  # type: ignore[misc]
    assert side_by_side(jobs) == list(range(count))


@EVERY_WAY
@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_job_that_fails_stops_no_other(side_by_side: SideBySide, position: int) -> None:
    jobs: list[Callable[[], int]] = [lambda: 7, lambda: 7]
    jobs.insert(position, failing)
    outcomes = side_by_side(jobs)
    assert isinstance(outcomes.pop(position), ValueError)
    assert outcomes == [7, 7]


def test_threads_do_25_jobs_at_once_and_no_more() -> None:
    all_there = threading.Barrier(AT_ONCE, timeout=10)
    lock, working, most = threading.Lock(), set[int](), list[int]()

    def job() -> None:
        with lock:
            working.add(threading.get_ident())
            most.append(len(working))
        all_there.wait()  # passes only when 25 are at work
        with lock:
            working.discard(threading.get_ident())

    assert in_threads([job] * (2 * AT_ONCE)) == [None] * (2 * AT_ONCE)
    assert max(most) == AT_ONCE


def test_a_job_in_a_thread_sees_the_context_and_the_time_left_and_changes_neither_for_others() -> None:
    def job(number: int) -> tuple[str, str, float]:
        outside = context.current().correlation_id
        with context.within(Context(correlation_id=f"of job {number}")):
            return outside, context.current().correlation_id, budget.left()

    with context.within(Context(correlation_id="of all")), budget.limited(lambda: 12.0):
        found = in_threads([lambda: job(0), lambda: job(1)])
        assert context.current().correlation_id == "of all"
    assert found == [("of all", "of job 0", 12.0), ("of all", "of job 1", 12.0)]
