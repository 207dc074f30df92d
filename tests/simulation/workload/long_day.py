"""A long day, which one schedule in 50 has: outages of 5 minutes to 2 hours while customers and robots come and go.

Nobody repairs anything: operators and the recovery crew stay away, and the faults after which only an operator can
deliver a message do not occur. So everything must come to its end by itself.
"""

from collections.abc import Callable

from tests.simulation.faults import OUTAGES
from tests.simulation.outages import BROKER, BUS, CARRIER, DISABLED, KMS, PROVIDER, WAYS
from tests.simulation.workload.clerks import Clerk
from tests.simulation.workload.client import Client
from tests.simulation.workload.customers import Customer
from tests.simulation.workload.draw import DEPLOYER, NO_COLLECTOR, NO_REDRIVER, REBUILDER, Workload, choices_for
from tests.simulation.workload.robots import Robot
from tests.simulation.workload.stream_robots import StreamRobot

SHARE = 1 / 50
SHORTEST, LONGEST = 300.0, 7_200.0  # seconds of an outage
LONGEST_OF_MOST = (900.0, 1_800.0, LONGEST)  # an hour and more is rare, because its virtual time takes real time
LATEST = 3_600.0  # seconds from the start until the last outage has begun
CUSTOMERS = 4
STAYS = 1_500.0  # seconds: for longer than what the outage delayed may take
# Clients of other days, of which some stop services, for up to 8 hours, and start them.
REPAIRERS = (
    *("operator", "stranger", "outage", "unlucky", DEPLOYER, NO_REDRIVER, NO_COLLECTOR, REBUILDER),
    *("mender 1", "mender 2", "maintainer"),
)

KINDS = (*4 * ("table away",), *2 * ("queue away",), *2 * ("service away",), *OUTAGES)
# Most orders wait for the first four.
SERVICES = (
    *3 * ("checkout", "depot", "ordering", "payments"),
    *2 * ("fleet",),
    *("baskets", "customers", "insights", "notifications", "search", "stores"),
)
OWNERS = ("customers", "ordering", "stores")  # whom other services ask


def has_long_day(seed: int) -> bool:
    """Whether the schedule of a seed has one. By choices of its own, so that other schedules stay as they are."""
    return choices_for(seed, "a long day").chance(SHARE)


def lengthen(workload: Workload) -> None:
    """Add outages, and clients that come until the last of them has ended; leave out all who repair."""
    choices = choices_for(workload.seed, "the long day")
    for name in REPAIRERS:
        workload.clients.pop(name, None)
    workload.paused, workload.recovery = (), False
    outages: list[tuple[float, float]] = []
    for number in range(1, choices.pick((1, 1, 2, 2, 3), "how many outages") + 1):
        begins = choices.seconds(5, 60 if number == 1 else LATEST, "when an outage begins")
        lasts = choices.seconds(SHORTEST, choices.pick(LONGEST_OF_MOST, "how long at most"), "how long")
        workload.add(f"long outage {number}", "cloud", LongOutage, _take_away(begins, lasts))
        outages.append((begins, begins + lasts))
    end = max(end for _, end in outages)
    for number in range(1, CUSTOMERS + 1):
        # Most orders take less than a minute: half of them are under way when an outage begins.
        first, last = choices.pick(outages, "which outage")
        begins = choices.seconds(first - 40, choices.pick((first, last), "until when"), "when a customer begins")
        workload.add(f"late customer {number}", "customer", Customer, _shop(max(0.0, begins)))
    for number in range(1, 3):
        begins = choices.seconds(0, end, "when a robot begins")
        workload.add(f"late robot {number}", "bot", Robot, _work(begins, choices.seconds(60, 300, "its shift")))
    workload.add("late clerk", "staff", Clerk, _read(choices.seconds(0, end, "when a clerk begins")))
    if choices.chance(0.5, "a robot on the stream"):
        begins = choices.seconds(0, end, "when a robot begins")
        workload.add("late stream robot", "bot", StreamRobot, _stand(begins, choices.seconds(120, 600, "its shift")))
    if choices.chance(0.3, "a robot that stays"):
        begins = choices.seconds(end - 120, end + 60, "when it begins")
        workload.add("robot that stays", "bot", Robot, _work(begins, STAYS))


class LongOutage(Client):
    """One outage."""

    def take_away(self, after: float, seconds: float) -> None:
        """Begin after so many seconds, and last so many; do nothing where another outage has the same target."""
        self.cloud.sleep(after)
        kind = self.choices.pick(KINDS, "what kind of outage")
        target = self._target(kind)
        if target in self.cloud.world.away:
            return
        self.cloud.take_away(kind, target, self.choices.pick(WAYS, "how calls fail"))
        self.cloud.sleep(seconds)
        self.cloud.bring_back(kind, target)

    def _target(self, kind: str) -> str:
        service = self.choices.pick(SERVICES, "which service")
        if kind == "table away":
            return self.choices.pick([name for name in self.cloud.tables if name.startswith(service)], "which table")
        if kind == "queue away":
            polled = [name for name, queue in self.cloud.queues.items() if queue.worker and name.startswith(service)]
            return self.choices.pick(polled, "which queue")
        if kind == "queries away":
            return f"{self.choices.pick(OWNERS, 'which owner')}/queries"
        return {
            "bus away": BUS,
            "provider away": PROVIDER,
            "carrier away": CARRIER,
            "KMS away": KMS,
            "broker away": BROKER,
            "key disabled": DISABLED,
        }.get(kind, service)


def _take_away(begins: float, lasts: float) -> Callable[[LongOutage], None]:
    return lambda outage: outage.take_away(begins, lasts)


def _read(begins: float) -> Callable[[Clerk], None]:
    return lambda clerk: clerk.read_repeatedly(begins)


def _stand(begins: float, shift: float) -> Callable[[StreamRobot], None]:
    return lambda robot: robot.work(begins, shift)


def _shop(begins: float) -> Callable[[Customer], None]:
    return lambda customer: customer.shop(begins)


def _work(begins: float, shift: float) -> Callable[[Robot], None]:
    return lambda robot: robot.work(begins, shift)
