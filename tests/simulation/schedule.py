"""One schedule: a mall, a day that a seed decides, an evening without faults, and what the checker says of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.simulation.check import check
from tests.simulation.check.violation import Violation
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.faults import Faults
from tests.simulation.history import Note
from tests.simulation.measure import measure
from tests.simulation.outcomes import commits, count_outcomes
from tests.simulation.workload.draw import CREW, OPENER, Cast, draw
from tests.simulation.workload.mall import Scene
from tests.simulation.workload.managers import Opener
from tests.simulation.workload.recovery import Crew
from tests.simulation.workload.robots import Robot

SCALES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)  # of the usual rates of faults
REST = "everything comes to rest"
SWEPT = 330.0  # seconds in which whoever is late is looked for more than four times
LONGEST_DAY = 2 * 3_600.0  # seconds; whoever is still about then is sent home


@dataclass(frozen=True)
class Without:
    """What a schedule goes without, to be made small: people by name, faults by number."""

    people: frozenset[str] = frozenset()
    faults: frozenset[int] = frozenset()


ALL = Without()  # nobody and nothing is left out


@dataclass
class Outcome:
    """What came of one schedule.

    people, struck: who came, and the numbers of the faults that struck. numbers: what was measured, each as often as
    there was something to measure. choices: all draws of the schedule.
    """

    seed: int
    without: Without
    people: list[str]
    struck: list[int]
    trace_hash: str
    invocations: int
    faults: Counter[str]
    outcomes: Counter[str]
    numbers: dict[str, list[int]]
    violations: list[Violation]
    history: list[Note] = field(repr=False)
    choices: list[float] = field(repr=False)
    planted: str = ""


def run_schedule(
    seed: int,
    *,
    without: Without = ALL,
    draws: Sequence[float] | None = None,
    planted: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Outcome:
    """Run the schedule of a seed.

    draws: those of an earlier run, which are given first. planted: what is wrong with the system meanwhile.
    """
    with planted():
        return _Schedule(seed, without, Choices(seed, draws, without.faults)).run()


class _Schedule:
    def __init__(self, seed: int, without: Without, choices: Choices) -> None:
        self.seed = seed
        self.without = without
        self.choices = choices
        self.faults = Faults.draw(choices, choices.pick(SCALES, "how rough a day is"))
        self.cast: Cast = draw(seed)
        self.cloud = Cloud(choices, self.faults, self.cast.settings)
        self.scene = Scene()
        self.about = 0  # people who have not gone home
        self.rests = True
        self.still_after = 0  # seconds from the end of the faults on

    def run(self) -> Outcome:
        cloud = self.cloud
        cloud.disable(*self.cast.asleep)
        self._let(OPENER, self._open)
        cloud.run(LONGEST_DAY, enough=lambda: not self.about)
        stopped = cloud.now()
        if CREW in self._people():
            cloud.calm()
            self._let(CREW, self._finish)
            cloud.run(cloud.now() + LONGEST_DAY, enough=lambda: not self.about)
            stopped = cloud.now()
        self.rests = cloud.quiet()
        self.still_after = round(cloud.now() - stopped)
        if self._was_parked():
            self._let("staff", self._resume)
            cloud.run(cloud.now() + LONGEST_DAY, enough=lambda: not self.about)
            self.rests = cloud.quiet()
        return self._outcome()

    def _let(self, name: str, deed: Callable[[], None]) -> None:
        def come() -> None:
            try:
                deed()
            finally:
                self.about -= 1

        self.about += 1
        self.cloud.spawn(come, name=name)

    def _open(self) -> None:
        """Open the mall, then let people in, if there is anything to buy."""
        self.cast.person(OPENER, "staff", Opener, self.cloud, self.scene).open(self.cast.stores, self.cast.products)
        if not self.scene.products:
            return
        for name, come in self.cast.people.items():
            if name not in self.without.people:
                self._let(name, lambda come=come: come(self.cloud, self.scene))  # type: ignore[misc]

    def _was_parked(self) -> bool:
        """Whether a saga was: staff are to look then, whoever else is there."""
        notes = (fields for _, kind, fields in self.cloud.history.notes if kind == "commit")
        return any("Parked" in it["item"]["events"]["S"] for it in notes if it["table"] == "checkout/events")

    def _resume(self) -> None:
        self.cast.person("staff", "staff", Crew, self.cloud, self.scene).resume_sagas()

    def _finish(self) -> None:
        robot = self.cast.person("evening robot", "bot", Robot, self.cloud, self.scene)
        crew = self.cast.person(CREW, "staff", Crew, self.cloud, self.scene)
        crew.finish(robot, unpaid=float(self.cast.settings["MALLBOTS_ORDER_UNPAID"]) + SWEPT)

    def _unrest(self) -> list[Violation]:
        return [] if self.rests else [Violation(REST, f"something still goes on {self.still_after} s after all faults")]

    def _people(self) -> list[str]:
        """Those who could stay away and did not."""
        could = (*self.cast.people, *((CREW,) if self.cast.evening else ()))
        return [name for name in could if name not in self.without.people]

    def _outcome(self) -> Outcome:
        history = self.cloud.history
        found = list(commits(history.notes))
        return Outcome(
            seed=self.seed,
            without=self.without,
            people=self._people(),
            struck=[fields["number"] for _, kind, fields in history.notes if kind == "fault"],
            trace_hash=history.trace_hash,
            invocations=sum(kind == "invocation" for _, kind, _ in history.notes),
            faults=Counter(self.faults.fired),
            outcomes=count_outcomes(history.notes, found),
            numbers=measure(history.notes, found) | {"seconds to stillness": [self.still_after]},
            violations=check(history.notes, self.cloud.state()) + self._unrest(),
            history=history.notes,
            choices=list(self.choices.recorded),
        )
