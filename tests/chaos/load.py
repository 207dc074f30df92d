"""The people of the run: customers on paths that orders take, each with connections that go on through faults."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from clients.order import Order
from clients.people import People
from clients.robot.settings import Settings
from clients.scenarios.crowd import Visit, path_of
from clients.scenarios.paths import PATHS
from clients.scenarios.robots import on_the_stream
from functions.kernel.runtime.context import KIOSK, STAFF
from infra.local.cloud import LocalCloud
from infra.local.users import credential
from tests.chaos.clients import Gate, PatientMall
from tests.chaos.journal import Journal
from tests.chaos.robots import Desk

# Times of the stage, in seconds: the usual ones are too short for faults, or too long to wait for.
TIMES = {
    "step_timeout": "20",
    "basket_untouched": "150",
    "order_unpaid": "240",
    "payment_unconfirmed": "300",
}
WEIGHTS = {"pays_when_it_is_ready": 24, "pays_first": 16}  # all other paths have 1, so that most orders go well
ON_STREAM = 2  # robots; the others take their steps by REST
PACE = Settings().faster(8)


@contextmanager
def connections(cloud: LocalCloud, address: str, journal: Journal, gate: Gate) -> Iterator[People]:
    """The clerk and the kiosk, who call the API through the proxy at an address."""
    api = cloud.api.replace(cloud.address, address)
    with PatientMall(api, journal, gate, credential(cloud, STAFF)) as staff:
        yield People(staff, staff.acting(credential(cloud, KIOSK)))


@contextmanager
def robots_at_work(cloud: LocalCloud, people: People, robots: Sequence[str]) -> Iterator[None]:
    """Robots that collect whatever they are given while this is entered: some on the stream, the others at the desk."""
    streaming, by_rest = robots[:ON_STREAM], robots[ON_STREAM:]
    with Desk(people, by_rest), on_the_stream(people, streaming, cloud.state / "robots", PACE):
        yield


def visits(people: People, orders: int) -> list[Visit]:
    """So many orders, on paths on which robots work by themselves: the same mixture each time."""
    paths = [replace(one, weight=WEIGHTS.get(one.name, 1)) for one in PATHS.values() if not one.steers]
    return [Visit(path_of(number, paths), Order(people)) for number in range(orders)]
