"""One schedule: a workload and faults drawn from a seed, then recovery without faults, then the checker."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from tests.simulation.broken_deploys import breakable_code
from tests.simulation.check import check
from tests.simulation.check.epochs import epoch_violations
from tests.simulation.check.nights import night_violations
from tests.simulation.check.restored import restored_violations
from tests.simulation.check.violation import Violation
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.epochs import Epoch
from tests.simulation.faults import NEEDS_A_HAND, OF_MENDERS, Faults
from tests.simulation.history import Entry
from tests.simulation.large_groups import counted_in_parts
from tests.simulation.measure import measure
from tests.simulation.nights import Nights
from tests.simulation.outcomes import commits, count_outcomes
from tests.simulation.restoration import Restoration
from tests.simulation.scheduler import SECOND
from tests.simulation.workload.draw import (
    DEPLOYER,
    FORECASTER,
    INTRUDER,
    OPENER,
    REBUILDER,
    RECOVERY,
    Workload,
    choices_for,
    draw,
    has_menders,
)
from tests.simulation.workload.forecasters import Forecaster, consumers_of_open_letters
from tests.simulation.workload.intruders import Intruder
from tests.simulation.workload.long_day import has_long_day, lengthen
from tests.simulation.workload.mall import Mall
from tests.simulation.workload.managers import Accountant, Opener
from tests.simulation.workload.menders import Mender
from tests.simulation.workload.recovery import RecoveryCrew
from tests.simulation.workload.robots import Robot
from tests.simulation.workload.stream_robots import EveningRobot

SCALES = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)  # of the usual rates of faults
QUIESCENCE = "everything settles after the faults"
RESTORED_DAYS = 0.7  # of those on which somebody was erased
RECONCILED = 0.05  # of the days on which no message of payments was given up; of the others, all
EPOCHS = 0.05  # of all days, those after which a table of events is restored
ON_STREAM = 0.3  # of the evenings, the crew's robot
SWEEPS = 330.0  # seconds: long enough for five sweeps, one a minute
LONGEST_PHASE = 9 * 3_600.0  # seconds; after that the clients are not waited for


@dataclass(frozen=True)
class Without:
    """What is left out of a schedule when it is shrunk: clients by name, faults by number."""

    clients: frozenset[str] = frozenset()
    faults: frozenset[int] = frozenset()


ALL = Without()  # nothing is left out


@dataclass
class Outcome:
    """The result of one schedule.

    clients: those that took part. struck: the numbers of the faults that struck. numbers: the measurements, by name.
    choices: all draws of the schedule. planted: the name of the bug planted meanwhile, or "".
    """

    seed: int
    without: Without
    clients: list[str]
    struck: list[int]
    trace_hash: str
    invocations: int
    faults: Counter[str]
    outcomes: Counter[str]
    numbers: dict[str, list[int]]
    violations: list[Violation]
    history: list[Entry] = field(repr=False)
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

    draws: those of an earlier run, for a replay. planted: a context in which a bug is planted.
    """
    with planted():
        return _Schedule(seed, without, Choices(seed, draws, without.faults)).run()


class _Schedule:
    def __init__(self, seed: int, without: Without, choices: Choices) -> None:
        self.seed = seed
        self.without = without
        self.choices = choices
        self.faults = Faults.draw(choices, choices.pick(SCALES, "how frequent faults are"))
        self.workload: Workload = draw(seed)
        if has_long_day(seed):
            lengthen(self.workload)
            self.faults.leave_out(*NEEDS_A_HAND)
        if has_menders(seed):
            self.faults.add(OF_MENDERS)
        self.cloud = Cloud(choices, self.faults, self.workload.settings)
        self.mall = Mall(has_tokens=self.workload.has_tokens)
        self.night = self.workload.client("night", "operator", Mender, self.cloud, self.mall)
        self.active = 0  # clients that are not done
        self.settled = True
        self.settled_after = 0  # seconds from the end of the faults

    def run(self) -> Outcome:
        """Run it; where deploys break code, which makes many letters, with that, and counts in parts."""
        if not {DEPLOYER, REBUILDER} & set(self._clients()):
            return self._run()
        with breakable_code(self.cloud.broken), counted_in_parts(choices_for(self.seed, "counts")):
            return self._run()

    def _run(self) -> Outcome:
        cloud = self.cloud
        cloud.disable(*self.workload.paused)
        self._spawn(self._open)
        cloud.run(LONGEST_PHASE, enough=lambda: not self.active)
        stopped = cloud.now()
        if RECOVERY in self._clients():
            cloud.end_faults()
            self._spawn(self._finish)
            if INTRUDER in self._clients():
                intruder = self.workload.client(f"evening {INTRUDER}", "", Intruder, cloud, self.mall)
                self._spawn(intruder.look_around)
            cloud.run(cloud.now() + LONGEST_PHASE, enough=lambda: not self.active)
            stopped = cloud.now()
        cloud.end_faults()
        self._spawn(self.night.resume_consumers)
        cloud.run(cloud.now() + LONGEST_PHASE, enough=lambda: not self.active)
        self.night.look_after_consumers(self._spawn)
        self.settled = cloud.settle()
        self.settled_after = round(cloud.now() - stopped)
        if self._was_parked():
            self._spawn(self._resume)
            cloud.run(cloud.now() + LONGEST_PHASE, enough=lambda: not self.active)
            self.settled = cloud.settle()
        if self._is_reconciled():
            accountant = self.workload.client("accountant", "staff", Accountant, cloud, self.mall)
            self._spawn(accountant.reconcile_the_day)
            cloud.run(cloud.now() + LONGEST_PHASE, enough=lambda: not self.active)
            self.settled = cloud.settle()
        self._foresee_at_night()
        if cloud.audit_due_us > cloud.scheduler.now_us:
            cloud.run(cloud.audit_due_us / SECOND + 1)
            self.settled = cloud.settle()
        return self._outcome()

    def _foresee(self, when: str) -> None:
        self.workload.client(f"{when} {FORECASTER}", "operator", Forecaster, self.cloud, self.mall).foresee()

    def _foresee_at_night(self) -> None:
        """Once all is quiet, what is open is forecast and sent back; but on a long day nobody repairs anything."""
        if self.settled and not has_long_day(self.seed) and consumers_of_open_letters(self.cloud):
            self._spawn(lambda: self._foresee("night"))
            self.cloud.run(self.cloud.now() + LONGEST_PHASE, enough=lambda: not self.active)
            self.settled = self.cloud.settle()

    def _spawn(self, action: Callable[[], None]) -> None:
        def run_client() -> None:
            try:
                action()
            finally:
                self.active -= 1

        self.active += 1
        self.cloud.spawn(run_client)

    def _open(self) -> None:
        """Create stores and products, then start the clients, if there is a product."""
        opener = self.workload.client(OPENER, "staff", Opener, self.cloud, self.mall)
        opener.open(self.workload.stores, self.workload.products)
        if not self.mall.products:
            return
        for name, run_client in self.workload.clients.items():
            if name not in self.without.clients:
                self._spawn(lambda run_client=run_client: run_client(self.cloud, self.mall))  # type: ignore[misc]

    def _was_parked(self) -> bool:
        """Whether a saga was parked: then staff resume it, with or without a recovery crew."""
        stored = (fields for _, kind, fields in self.cloud.history.entries if kind == "commit")
        return any("Parked" in it["item"]["events"]["S"] for it in stored if it["table"] == "checkout/events")

    def _is_reconciled(self) -> bool:
        """Whether the money of the day's orders is compared: always where a message of payments was given up."""
        given_up = (fields["queue"] for _, kind, fields in self.cloud.history.entries if kind == "dead")
        if any(queue.startswith("payments/") for queue in given_up):
            return True
        return choices_for(self.seed, "reconciliation").chance(RECONCILED, "the day is reconciled")

    def _resume(self) -> None:
        self.workload.client("staff", "staff", RecoveryCrew, self.cloud, self.mall).resume_sagas()

    def _finish(self) -> None:
        on_stream = choices_for(self.seed, "the evening").chance(ON_STREAM, "its robot is on the robots' stream")
        robot: Robot | EveningRobot = (
            self.workload.client("evening robot on the stream", "bot", EveningRobot, self.cloud, self.mall)
            if on_stream
            else self.workload.client("evening robot", "bot", Robot, self.cloud, self.mall)
        )
        crew = self.workload.client(RECOVERY, "operator", RecoveryCrew, self.cloud, self.mall)
        unpaid = float(self.workload.settings["MALLBOTS_ORDER_UNPAID"]) + SWEEPS
        try:
            crew.finish(robot, lambda: self._foresee("evening"), unpaid)
        finally:
            if isinstance(robot, EveningRobot):
                robot.go_home()

    def _restored(self) -> list[Violation]:
        """On some of the days on which somebody was erased, tables are restored after it."""
        choices = choices_for(self.seed, "restored tables")
        restoration = Restoration(self.cloud, choices)
        if not restoration.erased or not choices.chance(RESTORED_DAYS, "tables are restored"):
            return []
        restoration.run()
        entries = self.cloud.history.entries
        before, after = entries[: restoration.before], entries[restoration.before :]
        violations = [*restored_violations(before, after, self.cloud.state())]
        return [*violations, *self._after_an_epoch(before, after, settled=self.cloud.settle())]

    def _went_on(self) -> list[Violation]:
        """After some days, a table is restored to a moment of it, and clients go on."""
        choices = choices_for(self.seed, "an epoch")
        epoch = Epoch(self.cloud, choices)
        if not choices.chance(EPOCHS, "a table of events is restored") or not epoch.is_possible:
            return []
        settled = epoch.run()
        entries = self.cloud.history.entries
        return self._after_an_epoch(entries[: epoch.before], entries[epoch.before :], settled=settled)

    def _nights(self) -> list[Violation]:
        """After some of the days that nothing else follows, nights pass."""
        nights = Nights(self.cloud, choices_for(self.seed, "nights"))
        if not self.settled or not nights.are_lived:
            return []
        self.night.is_on_duty = False
        late = [] if nights.run() else [Violation(QUIESCENCE, "something is still in progress after a night")]
        return [*late, *night_violations(self.cloud.history.entries, self.cloud.state())]

    def _after_an_epoch(self, before: list[Entry], after: list[Entry], *, settled: bool) -> list[Violation]:
        late = [] if settled else [Violation(QUIESCENCE, "something is still in progress after a restoration")]
        return [*late, *epoch_violations(before, after, self.cloud.state())]

    def _unsettled(self) -> list[Violation]:
        text = f"something is still in progress {self.settled_after} s after the faults"
        return [] if self.settled else [Violation(QUIESCENCE, text)]

    def _clients(self) -> list[str]:
        """Those that may be left out and were not."""
        could = (*self.workload.clients, *((RECOVERY,) if self.workload.recovery else ()))
        return [name for name in could if name not in self.without.clients]

    def _outcome(self) -> Outcome:
        history, entries = self.cloud.history, list(self.cloud.history.entries)
        found = list(commits(entries))
        violations = check(entries, self.cloud.state()) + self._unsettled() + self._restored() + self._went_on()
        if len(history.entries) == len(entries):
            violations += self._nights()
        return Outcome(
            seed=self.seed,
            without=self.without,
            clients=self._clients(),
            struck=[fields["number"] for _, kind, fields in entries if kind == "fault"],
            numbers=measure(entries, found) | {"seconds to quiescence": [self.settled_after]},
            violations=violations,
            trace_hash=history.trace_hash,
            invocations=sum(kind == "invocation" for _, kind, _ in history.entries),
            faults=Counter(self.faults.fired),
            outcomes=count_outcomes(history.entries, found),
            history=history.entries,
            choices=list(self.choices.recorded),
        )
