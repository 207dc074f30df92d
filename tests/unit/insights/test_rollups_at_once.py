"""Roll-ups and rows at once: whoever works at the same time, in whatever order, and wherever one of them is killed."""

import random
import threading
from collections.abc import Callable
from contextvars import copy_context
from datetime import timedelta
from typing import Any

import pytest

from functions.insights import sums
from functions.insights.hours import END
from functions.insights.rollup import SETTLING
from functions.insights.views import projection
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import active
from functions.kernel.runtime.views import Page, Row
from tests.support.runtime import memory_runtime
from tests.unit.insights.messages import at
from tests.unit.insights.test_rollup import NOON, ORDERED, complete, completed, filled, roll_up_at

SCHEDULES = 100


class KilledError(BaseException):
    """A function ended in the middle of its work."""


class Worker:
    """A function in a thread, which goes on from one call of the rows to the next when it has its turn."""

    def __init__(self, views: "SharedViews", work: Callable[[], object]) -> None:
        self.done = self.over = self._killed = False
        self._turn, self._waits = threading.Semaphore(0), threading.Semaphore(0)
        self._work, self._views = work, views
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._views.workers.worker = self
        self._turn.acquire()
        try:
            self._work()
            self.done = True
        except (KilledError, ConcurrencyError):  # the message is received again, the tick comes again
            pass
        finally:
            self.over = True
            self._waits.release()

    def go_on(self, *, killed: bool) -> None:
        """Go on until the next call, or be killed before this one."""
        self._killed = killed
        self._turn.release()
        self._waits.acquire()

    def wait(self) -> None:
        """Wait for a turn, in the worker's own thread."""
        self._waits.release()
        self._turn.acquire()
        if self._killed:
            raise KilledError


class SharedViews(MemoryViews):
    """Rows in memory; before each call a worker waits for its turn."""

    def __init__(self, items: dict[Any, Any]) -> None:
        super().__init__(projection.indexes)
        self.items = dict(items)
        self.workers = threading.local()

    def _wait(self) -> None:
        worker = getattr(self.workers, "worker", None)
        if worker:
            worker.wait()

    def put(self, row: Row, version: int) -> bool:
        self._wait()
        return super().put(row, version)

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        self._wait()
        return super().get(partition, sort)

    def delete(self, partition: str, sort: str) -> None:
        self._wait()
        super().delete(partition, sort)

    def query(self, partition: str, **bounds: Any) -> Page:
        self._wait()
        return super().query(partition, **bounds)


@pytest.mark.parametrize("part", [2, sums.PART])
@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_each_row_counts_once_whoever_works_at_the_same_time_and_is_killed(
    seed: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message whose handling was killed is received again. A sum has one part, or one for each two of its keys."""
    monkeypatch.setattr(sums, "PART", part)
    choices = random.Random(seed)
    views = SharedViews(filled(part))
    with active(memory_runtime("insights", views=views)), clock.fixed(lambda: NOON):
        one, another = (choices.choice([*ORDERED, at(12, 3)]) for _ in range(2))
        times = choices.choice([(one, one, one), (one, one, one), (one, one, another)])
        rows = [lambda n=n, time=time: complete(f"late-{n}", time) for n, time in enumerate(times)]
        hours = [timedelta(hours=choices.choice([0, 0, 1])) for _ in range(3)]
        roll_ups = [lambda after=after: roll_up_at(NOON + after) for after in hours]
        complete("early", choices.choice(ORDERED))
        workers = [Worker(views, work) for work in (*rows, *roll_ups)]
        while left := [worker for worker in workers if not worker.over]:
            chosen = choices.choice(left)
            for _ in range(choices.choice([1, 1, 3, 10])):
                if not chosen.over:
                    chosen.go_on(killed=choices.random() < 0.01)
        for row, worker in zip(rows, workers, strict=False):
            if not worker.done:
                row()
        for after in (0, 1, 2):
            assert completed() == len(ORDERED) + 4, times
            roll_up_at(NOON + timedelta(hours=after))
        assert completed() == len(ORDERED) + 4, times


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_each_row_counts_once_from_the_first_ticks_on(seed: int) -> None:
    """Ticks on both sides of a second in which one more minute is to be summed up, before there was any claim."""
    choices = random.Random(seed)
    views = SharedViews({})
    settled = NOON + SETTLING
    with active(memory_runtime("insights", views=views)), clock.fixed(lambda: NOON):
        seconds = [choices.choice([-1, 0, 0, 60]) for _ in range(4)]
        ticks = [lambda after=after: roll_up_at(settled + timedelta(seconds=after)) for after in seconds]
        times = [choices.choice([at(12, 3), at(12, 4), at(12, 5)]) for _ in range(3)]
        rows = [lambda n=n, time=time: complete(f"order-{n}", time) for n, time in enumerate(times)]
        workers = [Worker(views, work) for work in (*rows, *ticks)]
        while left := [worker for worker in workers if not worker.over]:
            chosen = choices.choice(left)
            for _ in range(choices.choice([1, 1, 3, 10])):
                if not chosen.over:
                    chosen.go_on(killed=choices.random() < 0.02)
        for row, worker in zip(rows, workers, strict=False):
            if not worker.done:
                row()
        for minutes in (0, 1, 2, 60):
            assert completed() == len(times), times
            roll_up_at(settled + timedelta(minutes=minutes))
        assert completed() == len(times), times


@pytest.mark.parametrize("calls", range(1, 12))
def test_first_ticks_that_are_killed_at_the_same_call_hide_nothing(calls: int) -> None:
    views = SharedViews({})
    settled = NOON + SETTLING
    with active(memory_runtime("insights", views=views)), clock.fixed(lambda: NOON):
        for n in range(2):
            tick = Worker(views, lambda n=n: roll_up_at(settled + timedelta(minutes=n)))
            for call in range(calls + 1):
                if not tick.over:
                    tick.go_on(killed=call == calls)
            complete(f"order-{n}", at(12, 5 + n))
        for minutes in (1, 2, 60):
            assert completed() == 2
            roll_up_at(settled + timedelta(minutes=minutes))
        assert completed() == 2


def test_a_sum_counts_only_once_all_of_its_parts_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newer roll-up is killed after its first part; an older one, which comes later, stores none."""
    monkeypatch.setattr(sums, "PART", 2)
    one, made = NOON.isoformat()[:13], {f"product {n}": [1, 1, 100] for n in range(4)}

    def store(number: int) -> bool:
        return sums.store(sums.SOLD, sums.HOUR, one, made, number)

    def there() -> list[sums.Sum | None]:
        return [found for _, found, _ in sums.stored(sums.SOLD, sums.HOUR, one, one + END)]

    views = SharedViews({})
    with active(memory_runtime("insights", views=views)):
        newer = Worker(views, lambda: store(2))
        for killed in (False, False, True):
            newer.go_on(killed=killed)
        assert not store(1)
        assert there() == [None]
        assert store(3)
        assert there() == [made]
