"""Who comes on the day of a schedule, what they are called, and the settings of the mall that they come to."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.workload.clerks import Clerk
from tests.simulation.workload.client import Client
from tests.simulation.workload.customers import Customer, customers_come
from tests.simulation.workload.mall import Scene
from tests.simulation.workload.managers import Manager
from tests.simulation.workload.operators import HOUR, INSISTED, SERVICES, UNDOING, Operator
from tests.simulation.workload.robots import Robot
from tests.simulation.workload.two_refunds import Unlucky

C = TypeVar("C", bound=Client)

OPENER, CREW = "opener", "evening"
ONLOOKERS = ("insights", "search", "notifications")  # nobody waits for what they make of the day


@dataclass
class Cast:
    """The people of one day, by name, each with a stream of choices of their own: one who stays away changes no other.

    settings: the stage's. stores, products: how many are opened, and how many products each sells. asleep: services
    that leave their queues alone all day, and have to catch up with it afterwards. evening: whether somebody sees to
    it that what was begun is finished.
    """

    seed: int
    settings: dict[str, str]
    stores: int = 1
    products: int = 1
    asleep: tuple[str, ...] = ()
    evening: bool = True
    people: dict[str, Callable[[Cloud, Scene], None]] = field(default_factory=dict)

    def has(self, name: str, role: str, kind: type[C], deed: Callable[[C], None]) -> None:
        """Let somebody come, and do this."""
        self.people[name] = lambda cloud, scene: deed(self.person(name, role, kind, cloud, scene))

    def person(self, name: str, role: str, kind: type[C], cloud: Cloud, scene: Scene) -> C:
        """Somebody in a mall."""
        return kind(cloud, own_choices(self.seed, name), scene, role, name)


def own_choices(seed: int, name: str) -> Choices:
    """A stream of choices that depends on the seed and the name alone."""
    digest = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
    return Choices(int.from_bytes(digest, "big"), record=False)


def draw(seed: int) -> Cast:
    """A day: one to four orders, and a mix of those who help and those who get in the way."""
    choices = own_choices(seed, "the day")
    cast = Cast(
        seed,
        settings(choices),
        stores=choices.pick((1, 1, 1, 1, 2), "stores"),
        products=choices.pick((1, 1, 1, 2), "products"),
        asleep=_asleep(choices),
        evening=choices.chance(0.4, "an evening crew"),
    )
    for number, comes in enumerate(customers_come(choices), start=1):
        cast.has(f"customer {number}", "customer", Customer, _shopping(comes))
    if choices.chance(0.03, "somebody unlucky"):
        comes = choices.seconds(0, 20, "when a customer comes")
        cast.has("unlucky", "customer", Unlucky, lambda unlucky: unlucky.be_unlucky(comes))
    _add_robots(cast, choices)
    _add_staff(cast, choices)
    _add_operators(cast, choices)
    return cast


def _asleep(choices: Choices) -> tuple[str, ...]:
    """On most days all who only look on catch up with it afterwards, else now and then one of them."""
    if choices.chance(0.8, "all onlookers asleep"):
        return ONLOOKERS
    return tuple(service for service in ONLOOKERS if choices.chance(0.15, service))


def settings(choices: Choices) -> dict[str, str]:
    """Times that are short enough for sagas to turn round, baskets to be left and orders to expire within minutes."""
    return {
        "MALLBOTS_STEP_TIMEOUT": choices.pick(("2", "5", "15", "60"), "step timeout"),
        "MALLBOTS_ORDER_UNPAID": choices.pick(("120", "240", "600"), "order unpaid"),
        "MALLBOTS_BASKET_UNTOUCHED": choices.pick(("60", "120", "600"), "basket untouched"),
        "MALLBOTS_RECONCILE_AFTER": choices.pick(("30", "120"), "reconcile after"),
    }


def _shopping(comes: float) -> Callable[[Customer], None]:
    return lambda customer: customer.shop(comes)


def _working(comes: float, shift: float) -> Callable[[Robot], None]:
    return lambda robot: robot.work(comes, shift)


def _add_robots(cast: Cast, choices: Choices) -> None:
    for number in range(1, choices.pick((0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2), "how many robots") + 1):
        comes, shift = choices.seconds(0, 15, "when a robot comes"), choices.seconds(20, 80, "its shift")
        cast.has(f"robot {number}", "bot", Robot, _working(comes, shift))


def _add_staff(cast: Cast, choices: Choices) -> None:
    comes = choices.seconds(5, 60, "when staff come")
    if choices.chance(0.15, "a clerk"):
        deeds = choices.between(1, 3, "deeds of a clerk")
        cast.has("clerk", "staff", Clerk, lambda clerk: clerk.mind_the_desk(comes, deeds))
    if choices.chance(0.15, "a manager"):
        changes = choices.between(1, 3, "deeds of a manager")
        cast.has("manager", "staff", Manager, lambda manager: manager.manage(comes / 2, changes))


def _add_operators(cast: Cast, choices: Choices) -> None:
    comes = choices.seconds(5, 90, "when operators come")
    if choices.chance(0.15, "an operator"):
        deeds = choices.between(1, 2, "deeds of an operator")
        cast.has("operator", "staff", Operator, lambda operator: operator.operate(comes, deeds))
    if choices.chance(0.1, "odd messages"):
        cast.has("stranger", "staff", Operator, lambda stranger: stranger.say_odd_things(comes))
    if choices.chance(0.15, "a service stands still"):
        service, seconds = choices.pick(SERVICES, "which service"), choices.seconds(5, 90, "for how long")
        starts = choices.seconds(5, 40, "from when on")
        if choices.chance(0.18, "for an hour"):
            service, seconds, starts = choices.pick(UNDOING, "which service"), HOUR, starts / 2
            cast.settings["MALLBOTS_STEP_TIMEOUT"] = choices.pick(("2", "5"), "step timeout")  # long enough to give up
        if seconds < HOUR and choices.chance(0.25, "at a bad moment"):
            service = choices.pick(INSISTED, "which service")
            cast.settings["MALLBOTS_STEP_TIMEOUT"] = choices.pick(("2", "5"), "step timeout")
            cast.has("outage", "staff", Operator, lambda outage: outage.stop_once_paid_for(service, seconds))
        else:
            cast.has("outage", "staff", Operator, lambda outage: outage.stop_a_service(starts, service, seconds))
