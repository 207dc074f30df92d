"""Run many orders on their paths concurrently, on a pool of workers; an order that only waits occupies none."""

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from clients.order import Order
from clients.scenarios.paths import PATHS, Path, Scene, Steps

FATE_WITHIN = 240.0  # seconds from a path's last step until the order's fate is reached
CHECK_EVERY = 2.0  # seconds
STRIDE = 7  # so that consecutive orders take different paths


@dataclass
class Visit:
    """An order on its path; once `ended` is set, `problem` is what went wrong, or empty."""

    path: Path
    order: Order
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def steps(self, scene: Scene) -> Steps:
        """The steps of the path, then checks until the order's fate is reached."""
        yield from self.path.walk(self.order, scene)
        deadline = time.monotonic() + FATE_WITHIN
        while missing := self.path.fate.unmet(self.order):
            if time.monotonic() > deadline:
                self.problem = missing
                return
            yield CHECK_EVERY


def path_of(number: int, paths: Collection[Path] = PATHS.values()) -> Path:
    """The path of the order with a number: a deterministic mixture by the paths' weights."""
    cycle = [path for path in paths for _ in range(path.weight)]
    return cycle[number * STRIDE % len(cycle)]


class Crowd:
    """Runs visits on workers: each starts when a worker is free, and continues after the pauses that it asks for."""

    def __init__(
        self, visits: Iterable[Visit], scene: Scene, report: Callable[[str], None] = lambda line: None
    ) -> None:
        self._not_started = deque((visit, visit.steps(scene)) for visit in visits)
        self._all = len(self._not_started)
        self._waiting: list[tuple[float, int, tuple[Visit, Steps]]] = []
        self._numbers = itertools.count()
        self._ended = 0
        self._change = threading.Condition()
        self._report = report

    def walk(self, workers: int) -> None:
        """Run all visits to their ends; an error ends only its own visit, as its `problem`."""
        with ThreadPoolExecutor(workers) as pool:
            for worker in [pool.submit(self._work) for _ in range(workers)]:
                worker.result()

    def _work(self) -> None:
        while (ready := self._next()) is not None:
            visit, steps = ready
            try:
                pause = next(steps, None)
            except Exception as error:  # an error ends its own visit only
                visit.problem = f"{type(error).__name__}: {error}"
                pause = None
            with self._change:
                if pause is None:
                    self._ended += 1
                    visit.ended.set()
                    self._report_progress(visit)
                else:
                    heapq.heappush(self._waiting, (time.monotonic() + pause, next(self._numbers), ready))
                self._change.notify_all()

    def _next(self) -> tuple[Visit, Steps] | None:
        """The next visit to continue (visits in progress come first), or None when all have ended."""
        with self._change:
            while self._ended < self._all:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    return heapq.heappop(self._waiting)[2]
                if self._not_started:
                    return self._not_started.popleft()
                self._change.wait(self._waiting[0][0] - now if self._waiting else None)
            return None

    def _report_progress(self, visit: Visit) -> None:
        if visit.problem:
            self._report(f"order {visit.order.id or '(none)'}, {visit.path.name}: {visit.problem}")
        if self._ended % 10 == 0 or self._ended == self._all:
            self._report(f"{self._ended} of {self._all} have ended, {len(self._not_started)} have not started")
