"""Shrinking a violation: leave out clients and faults while the same invariant is violated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tests.simulation.schedule import Outcome, Without

T = TypeVar("T")

Run = Callable[[Without], Outcome]

RUNS = 120  # schedules that shrinking one violation may take


@dataclass
class Shrunk:
    """The smallest schedule that was found, its outcome, and after how many runs."""

    without: Without
    outcome: Outcome
    runs: int


def shrink(run: Run, failing: Outcome, invariant: str, runs: int = RUNS) -> Shrunk:
    """Leave out clients, then faults, while the invariant is violated, in at most so many runs.

    Leaving something out changes the draws after it, so faults get other numbers: each smaller run has its own.
    """
    search = _Search(run, invariant, Shrunk(failing.without, failing, 0), runs)
    search.leave_out(failing.clients, lambda without, clients: replace(without, clients=without.clients | set(clients)))
    for _ in range(3):
        before = search.best
        struck = search.best.outcome.struck
        search.leave_out(struck, lambda without, faults: replace(without, faults=without.faults | set(faults)))
        if search.best is before or not search.best.outcome.struck:
            break
    return search.best


class _Search:
    def __init__(self, run: Run, invariant: str, found: Shrunk, runs: int) -> None:
        self.best = found
        self._run = run
        self._invariant = invariant
        self._left = runs
        self._runs = 0

    def leave_out(self, what: Sequence[T], less: Callable[[Without, Sequence[T]], Without]) -> None:
        """Leave out as much as possible: the whole first, then smaller and smaller parts."""
        rest = list(what)
        size = len(rest)
        while size and self._left:
            position = 0
            while position < len(rest) and self._left:
                part = rest[position : position + size]
                if self._still_fails(less(self.best.without, part)):
                    del rest[position : position + size]
                else:
                    position += size
            size //= 2

    def _still_fails(self, without: Without) -> bool:
        self._left -= 1
        self._runs += 1
        outcome = self._run(without)
        if not any(violation.invariant == self._invariant for violation in outcome.violations):
            return False
        self.best = Shrunk(without, outcome, self._runs)
        return True
