"""The workload of a schedule, drawn from its seed: the clients, what each does, and the settings of the stage."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.workload.broken_rebuilds import TroubledRebuilder
from tests.simulation.workload.clerks import Clerk
from tests.simulation.workload.client import Client
from tests.simulation.workload.customers import Customer, arrival_times
from tests.simulation.workload.deployers import Deployer
from tests.simulation.workload.forgers import Forger
from tests.simulation.workload.garbage import Litterer
from tests.simulation.workload.historians import Historian
from tests.simulation.workload.intruders import Intruder, Thief
from tests.simulation.workload.late_capture import LateCaptureCustomer
from tests.simulation.workload.leavers import Leaver
from tests.simulation.workload.mall import Mall
from tests.simulation.workload.managers import Manager, Measurer
from tests.simulation.workload.menders import Mender
from tests.simulation.workload.operators import COMPENSATING, HOUR, RETRIED, SERVICES, UNDOING, Operator
from tests.simulation.workload.robots import Robot
from tests.simulation.workload.stream_robots import StreamRobot
from tests.simulation.workload.two_refunds import TwoRefundsCustomer

C = TypeVar("C", bound=Client)

UNDO_HOURS = 7.5  # longer than all attempts of an undo take, with a step timeout of 2 or 5 s: 6.8 or 7.1 h
# Names of clients: each name is part of the seed of its choices.
OPENER, RECOVERY, INTRUDER, FORECASTER = "opener", "evening", "intruder", "forecaster"
HOW_MANY_ON_THE_STREAM = (0, 0, 0, 0, 0, 0, 0, 1, 1, 2)
DEPLOYER = "bad deploy"
REBUILDER = "rebuilder of a broken view"
NO_REDRIVER, NO_COLLECTOR = "outage of the redriver", "outage of the collector"
BACKGROUND_SERVICES = ("insights", "search", "notifications")  # no client waits for these


@dataclass
class Workload:
    """The clients of one schedule, by name, each with its own choices: leaving one out changes no other's.

    settings: the stage's. stores, products: how many stores, and how many products in each. paused: services that do
    not poll their queues until the faults end. recovery: whether a crew ends what is open after the faults. has_tokens:
    whether customers and robots have tokens of the mall's own, which the authorizer reads.
    """

    seed: int
    settings: dict[str, str]
    stores: int = 1
    products: int = 1
    paused: tuple[str, ...] = ()
    recovery: bool = True
    has_tokens: bool = False
    clients: dict[str, Callable[[Cloud, Mall], None]] = field(default_factory=dict)

    def add(self, name: str, role: str, kind: type[C], action: Callable[[C], None]) -> None:
        """Add a client, and what it does."""
        self.clients[name] = lambda cloud, mall: action(self.client(name, role, kind, cloud, mall))

    def client(self, name: str, role: str, kind: type[C], cloud: Cloud, mall: Mall) -> C:
        """Make a client with its own choices."""
        return kind(cloud, choices_for(self.seed, name), mall, role, name)


def choices_for(seed: int, name: str) -> Choices:
    """Choices that depend on the seed and the name alone."""
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    return Choices(int.from_bytes(digest, "big"), record=False)


def draw(seed: int) -> Workload:
    """The workload of a seed: one to four customers, and a mix of robots, staff and operators."""
    choices = choices_for(seed, "the day")
    workload = Workload(
        seed,
        settings(choices),
        stores=choices.pick((1, 1, 1, 1, 2), "stores"),
        products=choices.pick((1, 1, 1, 2), "products"),
        paused=_paused(choices),
        recovery=choices.chance(0.4, "a recovery crew"),
        has_tokens=choices_for(seed, "tokens").chance(0.15, "tokens of the mall's own"),
    )
    for number, begins in enumerate(arrival_times(choices), start=1):
        workload.add(f"customer {number}", "customer", Customer, _shop(begins))
    if choices.chance(0.03, "a customer with two refunds"):
        begins = choices.seconds(0, 20, "when a customer begins")
        workload.add("unlucky", "customer", TwoRefundsCustomer, lambda customer: customer.provoke_two_refunds(begins))
    if choices.chance(0.03, "a customer whose payment has no answer"):
        starts = choices.seconds(0, 20, "when a customer begins")
        workload.add("unheard", "customer", LateCaptureCustomer, lambda customer: customer.provoke_late_capture(starts))
    _add_robots(workload, choices)
    _add_stream_robots(workload, choices_for(seed, "robots on the stream"))
    _add_staff(workload, choices)
    _add_operators(workload, choices)
    _add_intruders(workload, choices_for(seed, "intruders"))
    _add_false_tokens(workload, choices_for(seed, "false tokens"))
    _add_rare_staff(workload, choices_for(seed, "rare staff"))
    _add_leavers(workload, choices_for(seed, "leavers"))
    _add_menders(workload, choices_for(seed, "menders"))
    _add_a_broken_rebuild(workload, choices_for(seed, "rebuild of a broken view"))
    return workload


def _paused(choices: Choices) -> tuple[str, ...]:
    """In most schedules all background services, else sometimes one of them."""
    if choices.chance(0.8, "all background services paused"):
        return BACKGROUND_SERVICES
    return tuple(service for service in BACKGROUND_SERVICES if choices.chance(0.15, service))


def settings(choices: Choices) -> dict[str, str]:
    """Short timeouts, so that sagas compensate, baskets are abandoned and orders expire within minutes."""
    return {
        "MALLBOTS_STEP_TIMEOUT": choices.pick(("2", "5", "15", "60"), "step timeout"),
        "MALLBOTS_ORDER_UNPAID": choices.pick(("120", "240", "600"), "order unpaid"),
        "MALLBOTS_BASKET_UNTOUCHED": choices.pick(("60", "120", "600"), "basket untouched"),
        "MALLBOTS_PAYMENT_UNCONFIRMED": choices.pick(("60", "240", "86400"), "payment unconfirmed"),
        "MALLBOTS_RECONCILE_AFTER": choices.pick(("30", "120"), "reconcile after"),
    }


def _shop(begins: float) -> Callable[[Customer], None]:
    return lambda customer: customer.shop(begins)


def _work(begins: float, shift: float) -> Callable[[Robot], None]:
    return lambda robot: robot.work(begins, shift)


def _add_robots(workload: Workload, choices: Choices) -> None:
    for number in range(1, choices.pick((0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2), "how many robots") + 1):
        begins, shift = choices.seconds(0, 15, "when a robot begins"), choices.seconds(20, 80, "its shift")
        workload.add(f"robot {number}", "bot", Robot, _work(begins, shift))


def _add_stream_robots(workload: Workload, choices: Choices) -> None:
    """Robots on the robots' stream, by choices of their own, so that the others' stay as they are."""
    for number in range(1, choices.pick(HOW_MANY_ON_THE_STREAM, "how many robots") + 1):
        begins, shift = choices.seconds(0, 15, "when a robot begins"), choices.seconds(40, 180, "its shift")
        workload.add(f"stream robot {number}", "bot", StreamRobot, _stand(begins, shift))


def _stand(begins: float, shift: float) -> Callable[[StreamRobot], None]:
    return lambda robot: robot.work(begins, shift)


def _add_staff(workload: Workload, choices: Choices) -> None:
    begins = choices.seconds(5, 60, "when staff begin")
    if choices.chance(0.15, "a clerk"):
        actions = choices.between(1, 3, "actions of a clerk")
        workload.add("clerk", "staff", Clerk, lambda clerk: clerk.work(begins, actions))
    if choices.chance(0.15, "a manager"):
        changes = choices.between(1, 3, "actions of a manager")
        workload.add("manager", "staff", Manager, lambda manager: manager.work(begins / 2, changes))


def _add_intruders(workload: Workload, choices: Choices) -> None:
    """Those who want what is not theirs, by choices of their own, so that the others' stay as they are."""
    if choices.chance(0.35, "an intruder"):
        begins, attempts = choices.seconds(4, 90, "when an intruder begins"), choices.between(2, 6, "attempts")
        workload.add(INTRUDER, "", Intruder, lambda intruder: intruder.pry(begins, attempts))
    if workload.has_tokens and choices.chance(0.5, "a thief"):
        starts = choices.seconds(5, 60, "when a thief begins")
        workload.add("thief", "", Thief, lambda thief: thief.use_a_revoked_token(starts))


def _add_false_tokens(workload: Workload, choices: Choices) -> None:
    """Those who make tokens, and one who has a customer's for longer than it is valid, by choices of their own too."""
    if choices.chance(0.08, "a forger"):
        begins, attempts = choices.seconds(5, 60, "when a forger begins"), choices.between(3, 10, "attempts")
        workload.add("forger", "", Forger, lambda forger: forger.forge(begins, attempts))
    if workload.has_tokens and choices.chance(0.3, "a patient thief"):
        starts = choices.seconds(20, 90, "when a thief begins")
        workload.add("patient thief", "", Thief, lambda thief: thief.use_an_expired_token(starts))


def _add_rare_staff(workload: Workload, choices: Choices) -> None:
    """Those who try the limits of amounts, ask for what was, or litter, by choices of their own too."""
    if choices.chance(0.04, "the limits of amounts"):
        begins = choices.seconds(5, 60, "when they are tried")
        workload.add("measurer", "staff", Measurer, lambda measurer: measurer.measure(begins))
    if choices.chance(0.06, "a historian"):
        comes = choices.seconds(30, 240, "when a historian comes")
        workload.add("historian", "operator", Historian, lambda historian: historian.look_back(comes))
    if choices.chance(0.05, "garbage"):
        at, pieces = choices.seconds(10, 90, "when it comes"), choices.between(1, 4, "how much")
        workload.add("litterer", "operator", Litterer, lambda litterer: litterer.litter(at, pieces))


def _add_leavers(workload: Workload, choices: Choices) -> None:
    """Those who are erased, by choices of their own too."""
    if choices.chance(0.3, "a leaver"):
        begins = choices.seconds(0, 60, "when a leaver begins")
        workload.add("leaver", "customer", Leaver, lambda leaver: leaver.leave(begins))


def has_menders(seed: int) -> bool:
    """Whether operators use the tools of operations in the schedule of a seed."""
    workload = Workload(seed, {})
    _add_menders(workload, choices_for(seed, "menders"))
    _add_a_broken_rebuild(workload, choices_for(seed, "rebuild of a broken view"))
    return bool(workload.clients)


def _add_menders(workload: Workload, choices: Choices) -> None:
    """Bad deploys, and operators with the tools of operations, at times two at once, by choices of their own."""
    breaks = choices.chance(0.08, "a bad deploy")
    if breaks:
        # What fails is given up after 254 s.
        begins, lasts = choices.seconds(0, 15, "when it comes"), choices.seconds(280, 600, "when it is mended")
        handlers = choices.pick((3, 8, 0, 0), "how many handlers")
        workload.paused = ()
        workload.add(DEPLOYER, "operator", Deployer, lambda deployer: deployer.deploy(begins, handlers, lasts))
        _add_customers_of_a_deploy(workload, choices_for(workload.seed, "customers of a deploy"), begins)
        _add_an_outage_of_the_redriver(workload, choices_for(workload.seed, "no redriver"))
    menders = choices.pick((1, 1, 2), "how many") if breaks or choices.chance(0.06, "a mender") else 0
    for number in range(1, menders + 1):
        comes, deeds = choices.seconds(60, 600, "when a mender comes"), choices.between(1, 4, "deeds of a mender")
        workload.add(f"mender {number}", "operator", Mender, _mend(comes, deeds))
    if choices.chance(0.06, "maintenance"):
        at, actions = choices.seconds(5, 120, "when maintenance begins"), choices.between(1, 2, "how much of it")
        workload.add("maintainer", "operator", Mender, lambda mender: mender.maintain(at, actions))
        # While a view is built, which begins six minutes after it is asked for.
        late = choices.seconds(at + 340, at + 480, "when a late customer comes")
        workload.add("customer of the rebuild", "customer", Customer, _shop(late))


def _add_a_broken_rebuild(workload: Workload, choices: Choices) -> None:
    """A view whose projection is broken while it is built, by choices of their own, so that the others' stay."""
    if not choices.chance(0.04, "a rebuild of a broken view"):
        return
    begins, given_up = choices.seconds(5, 60, "when it begins"), choices.between(0, 3, "how many are given up")
    lasts = choices.seconds(420, 800, "when it is mended")
    workload.paused = ()
    workload.add(
        REBUILDER,
        "operator",
        TroubledRebuilder,
        lambda operator: operator.rebuild_what_breaks(begins, given_up, lasts),
    )
    for number in range(1, choices.between(1, 3, "how many customers") + 1):
        comes = begins + choices.seconds(340, 700, "when one comes")  # what is built is known after six minutes
        workload.add(f"customer of a broken view {number}", "customer", Customer, _shop(comes))
    _add_an_outage_of_the_collector(workload, choices_for(workload.seed, "no collector"), begins)


def _add_customers_of_a_deploy(workload: Workload, choices: Choices, begins: float) -> None:
    """What they do fails, so that a redrive has more letters than its first steps."""
    for number in range(1, choices.pick((0, 1, 3, 6), "how many customers") + 1):
        comes = begins + choices.seconds(1, 20, "when one comes")
        workload.add(f"customer of the deploy {number}", "customer", Customer, _shop(comes))


def _add_an_outage_of_the_redriver(workload: Workload, choices: Choices) -> None:
    """What consumers ask of operations, and say of letters, waits for longer than the code that they had is broken."""
    if choices.chance(0.4, "an outage"):
        begins, lasts = choices.seconds(0, 120, "when it begins"), choices.seconds(1_200, 3_000, "how long")
        workload.add(
            NO_REDRIVER,
            "operator",
            Operator,
            lambda outage: outage.stop_a_service(begins, "operations/redriver", lasts),
        )


def _add_an_outage_of_the_collector(workload: Workload, choices: Choices, begins: float) -> None:
    """What fails while a view is built stays in dead-letter queues, maybe until after that view could be read."""
    if choices.chance(0.3, "an outage"):
        since, lasts = begins + choices.seconds(240, 480, "when it begins"), choices.seconds(300, 1_500, "how long")
        workload.add(
            NO_COLLECTOR,
            "operator",
            Operator,
            lambda outage: outage.stop_a_service(since, "operations/collector", lasts),
        )


def _mend(begins: float, actions: int) -> Callable[[Mender], None]:
    return lambda mender: mender.mend(begins, actions)


def _add_operators(workload: Workload, choices: Choices) -> None:
    begins = choices.seconds(5, 90, "when operators begin")
    if choices.chance(0.15, "an operator"):
        actions = choices.between(1, 2, "actions of an operator")
        workload.add("operator", "operator", Mender, lambda operator: operator.operate(begins, actions))
    if choices.chance(0.1, "messages of other versions"):
        workload.add("stranger", "operator", Operator, lambda operator: operator.publish_other_versions(begins))
    if choices.chance(0.15, "an outage of a service"):
        service, seconds = choices.pick(SERVICES, "which service"), choices.seconds(5, 90, "for how long")
        starts = choices.seconds(5, 40, "from when on")
        if choices.chance(0.18, "for an hour"):
            service, seconds, starts = choices.pick(COMPENSATING, "which service"), HOUR, starts / 2
            if choices.chance(0.25, "for as long as an undo is tried"):
                service, seconds = choices.pick(UNDOING, "which service"), UNDO_HOURS * HOUR
            # Short, so that an undo uses up its attempts.
            workload.settings["MALLBOTS_STEP_TIMEOUT"] = choices.pick(("2", "5"), "step timeout")
        if seconds < HOUR and choices.chance(0.25, "after a payment"):
            service = choices.pick(RETRIED, "which service")
            workload.settings["MALLBOTS_STEP_TIMEOUT"] = choices.pick(("2", "5"), "step timeout")
            workload.add("outage", "operator", Operator, lambda outage: outage.stop_after_acceptance(service, seconds))
        else:
            workload.add("outage", "operator", Operator, lambda outage: outage.stop_a_service(starts, service, seconds))
