"""Making a violation small: leave people and faults out as long as the same invariant is broken."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tests.simulation.schedule import Outcome, Without

T = TypeVar("T")

Run = Callable[[Without], Outcome]

TRIES = 120  # schedules that shrinking one violation may take


@dataclass
class Shrunk:
    """The smallest that was found: what it goes without, what came of it, and in how many tries."""

    without: Without
    outcome: Outcome
    tries: int


def shrink(run: Run, failing: Outcome, invariant: str, tries: int = TRIES) -> Shrunk:
    """Leave out as many people, then faults, as can be, `tries` schedules long; the invariant stays broken.

    What is left out changes what is drawn after it, so faults get other numbers: those of each smaller run count.
    """
    search = _Search(run, invariant, Shrunk(failing.without, failing, 0), tries)
    search.leave_out(failing.people, lambda without, people: replace(without, people=without.people | set(people)))
    for _ in range(3):
        before = search.best
        struck = search.best.outcome.struck
        search.leave_out(struck, lambda without, faults: replace(without, faults=without.faults | set(faults)))
        if search.best is before or not search.best.outcome.struck:
            break
    return search.best


class _Search:
    def __init__(self, run: Run, invariant: str, found: Shrunk, tries: int) -> None:
        self.best = found
        self._run = run
        self._invariant = invariant
        self._left = tries
        self._tries = 0

    def leave_out(self, what: Sequence[T], less: Callable[[Without, Sequence[T]], Without]) -> None:
        """Leave out as much of it as can be: halves first, then smaller and smaller parts."""
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
        self._tries += 1
        outcome = self._run(without)
        if not any(violation.invariant == self._invariant for violation in outcome.violations):
            return False
        self.best = Shrunk(without, outcome, self._tries)
        return True
