"""The people of the run: customers on paths that orders take, each with connections that go on through faults."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from clients.mall import wait_for
from clients.order import FINAL, NONE_MISSING, Order, expect
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

# Times of the stage, in seconds: the usual ones are too short for faults, or too long to wait for. A killed engine is
# away for a minute or two on a busy machine, while a basket's time goes on.
TIMES = {
    "step_timeout": "20",
    "basket_untouched": "400",
    "order_unpaid": "400",
    "payment_unconfirmed": "600",
}
# All other paths have 1, so that most orders go well. Who comes back to an abandoned basket would wait too long.
WEIGHTS = {"pays_when_it_is_ready": 24, "pays_first": 16, "comes_back_to_an_abandoned_basket": 0}
ON_STREAM = 2  # robots; the others take their steps by REST
PATIENCE = 900.0  # seconds that a customer waits for what follows from others' work
PACE = Settings().faster(8)


@dataclass
class PatientOrder(Order):
    """An order whose customer waits through outages: for an approval, a robot and the invoice."""

    def is_collected(self, missing: Mapping[str, int] = NONE_MISSING) -> "Order":
        """Wait until a robot has brought it all."""
        expect(not missing, "robots on the stream to decide what they find")
        wait_for(self._collected, f"a robot to bring order {self.id}", seconds=PATIENCE)
        return self

    def is_created(self) -> "Order":
        """Wait until the order exists, in any status."""
        wait_for(self.order, f"order {self.id}", seconds=PATIENCE)
        return self

    def pays(self) -> "Order":
        """Wait for the invoice, and pay it."""
        wait_for(self.invoice, f"the invoice of order {self.id}", seconds=PATIENCE)
        return super().pays()

    def _wait_for_status(self, wanted: str) -> None:
        def ended_or_reached() -> bool | None:
            return self.order()["status"] in (wanted, *FINAL) or None

        wait_for(ended_or_reached, f"order {self.id} {wanted}", seconds=PATIENCE)
        super()._wait_for_status(wanted)


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
    return [Visit(path_of(number, paths), PatientOrder(people)) for number in range(orders)]
