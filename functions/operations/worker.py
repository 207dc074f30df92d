"""One invocation of the redriver: how long it works, what it advances, how fast it may send, and what failed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.runtime import budget, clock, observe
from functions.operations.runs import Run


@dataclass
class Worker:
    """One invocation. leased: the runs that it advances. idle: those with nothing to do, by the version of their rows.

    credit: how many letters of a run it may send now, as of when. looked: runs whose letters it has looked at.
    running: all redrives at work, the oldest first, as of its latest look.
    """

    id: str
    ends: datetime
    leased: set[str] = field(default_factory=set)
    idle: dict[str, int] = field(default_factory=dict)
    credit: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    looked: set[str] = field(default_factory=set)
    running: list[Run] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def attempt(self, work: Callable[[], bool], about: str) -> bool:
        """Do a part of the work: where it fails, the others are done all the same, and it is done again."""
        try:
            return work()
        except ConcurrencyError:
            return True
        except Exception as error:
            self.failed(error, about)
            return False

    def has_time(self) -> bool:
        """Whether something may be begun."""
        return clock.now() < self.ends and budget.left() > budget.MESSAGE

    def failed(self, error: Exception, about: str) -> None:
        """Keep an error for the end, unless there was only no time left: the next minute does the rest."""
        if budget.left() > budget.TRY + budget.RESERVE:
            observe.log_error(f"{about} failed", error)
            self.errors.append(error)

    def allowance(self, run: Run) -> int:
        """How many letters the rate allows now: what a second gives at most, and one to begin with."""
        now = clock.now()
        credit, since = self.credit.get(run.id, (1.0, now))
        passed = max(0.0, (now - since).total_seconds())  # a clock that is set back takes nothing away
        credit = min(credit + passed * run.rate, max(1.0, run.rate))
        self.credit[run.id] = credit, now
        return int(credit)

    def spend(self, run: Run, letters: int) -> None:
        """So many letters were sent."""
        credit, since = self.credit[run.id]
        self.credit[run.id] = credit - letters, since
