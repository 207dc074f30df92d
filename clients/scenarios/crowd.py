"""Many orders on their paths at once: so many hands at work, and who only waits takes none of them."""

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from clients.order import Order
from clients.scenarios.paths import PATHS, Path, Scene, Steps

FATE_WITHIN = 240.0  # seconds from a path's last step until all is as it must be
LOOK_EVERY = 2.0
STRIDE = 7  # so that neighbours take different paths


@dataclass
class Visit:
    """An order on its path; when it has `ended`, `problem` says what went wrong with it, if anything did."""

    path: Path
    order: Order
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    def steps(self, scene: Scene) -> Steps:
        """The path, and then looking until all is as it must be."""
        yield from self.path.walk(self.order, scene)
        deadline = time.monotonic() + FATE_WITHIN
        while lacking := self.path.fate.lacks(self.order):
            if time.monotonic() > deadline:
                self.problem = lacking
                return
            yield LOOK_EVERY


def path_of(number: int) -> Path:
    """Which path the order of a number takes: a mixture by the paths' weights, the same each time."""
    cycle = [path for path in PATHS.values() for _ in range(path.weight)]
    return cycle[number * STRIDE % len(cycle)]


class Crowd:
    """Visits, each begun as soon as there is a hand for it, and gone on with when it says so."""

    def __init__(self, visits: Iterable[Visit], scene: Scene, tell: Callable[[str], None] = lambda text: None) -> None:
        self._coming = deque((visit, visit.steps(scene)) for visit in visits)
        self._all = len(self._coming)
        self._waiting: list[tuple[float, int, tuple[Visit, Steps]]] = []
        self._numbers = itertools.count()
        self._ended = 0
        self._change = threading.Condition()
        self._tell = tell

    def walk(self, hands: int) -> None:
        """Let them all go their ways; what goes wrong with one is its `problem`, and no other's."""
        with ThreadPoolExecutor(hands) as pool:
            for worker in [pool.submit(self._work) for _ in range(hands)]:
                worker.result()

    def _work(self) -> None:
        while (ready := self._next()) is not None:
            visit, steps = ready
            try:
                pause = next(steps, None)
            except Exception as error:  # one order's failure is its own, and the others go on
                visit.problem = f"{type(error).__name__}: {error}"
                pause = None
            with self._change:
                if pause is None:
                    self._ended += 1
                    visit.ended.set()
                    self._report(visit)
                else:
                    heapq.heappush(self._waiting, (time.monotonic() + pause, next(self._numbers), ready))
                self._change.notify_all()

    def _next(self) -> tuple[Visit, Steps] | None:
        """Who goes on next (those who have begun come first), or None when all have ended."""
        with self._change:
            while self._ended < self._all:
                now = time.monotonic()
                if self._waiting and self._waiting[0][0] <= now:
                    return heapq.heappop(self._waiting)[2]
                if self._coming:
                    return self._coming.popleft()
                self._change.wait(self._waiting[0][0] - now if self._waiting else None)
            return None

    def _report(self, visit: Visit) -> None:
        if visit.problem:
            self._tell(f"order {visit.order.id or '(none)'}, {visit.path.name}: {visit.problem}")
        if self._ended % 10 == 0 or self._ended == self._all:
            self._tell(f"{self._ended} of {self._all} have ended, {len(self._coming)} are yet to begin")
