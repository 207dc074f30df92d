"""The five faults of the console's panel, on a deployment: each is broken, seen to fail, mended, and all goes on.

    make break-it

As the console does it, by requests to the launcher's control server; customers order and robots are on their stream
meanwhile. In the end every order must be completed, no queue hold a message, and no letter be open. The last line is
JSON: for each fault the seconds until it was seen, and from its mend until all went on; and {"lost", "letters"}.
"""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from clients.mall import MallError, WaitTimeoutError, wait_for
from clients.order import Order
from clients.people import People
from clients.scenarios.robots import on_the_stream
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.control import Control
from infra.local.panel import panel
from infra.local.people import at_work
from infra.local.seed import seed
from infra.local.shoppers import AS_WATCHED, ROBOTS
from infra.local.show import wait_until_idle
from infra.local.up import up
from tests.chaos.saved import moment_of
from tests.e2e.drill import run
from tests.e2e.shell import Shell

SETTINGS = {"step_timeout": "20"}  # seconds: a saga does not give up payments while one looks at them
WITHIN = 300.0  # seconds until a fault is seen, and until all goes on
ANSWERED_WITHIN = 2.0  # seconds, or a mall is not there
INBOX = "payments/inbox"


class Seen(NamedTuple):
    """What a fault took, in seconds: until it was seen to fail, and from its mend until all went on."""

    seen: float
    mended: float


@dataclass
class Tour:
    """A mall that is broken and mended by its control server, with the orders that customers placed."""

    cloud: LocalCloud
    control: Control
    people: People
    shell: Shell
    product: dict[str, int]
    orders: list[Order] = field(default_factory=list)

    def go(self) -> dict[str, Any]:
        """Break and mend one after the other, and count what is left."""
        _until(self._all_are_connected, "the robots to come")
        found = {
            name: self._one(name, fails, goes_on)
            for name, fails, goes_on in (
                ("payments", self._waits_for_payments, self._all_are_approved),
                ("robot", self._is_not_connected, self._all_are_connected),
                ("message", self._is_a_letter, self._is_discarded),
                ("network", self._does_not_answer, self._is_served),
                ("engine", self._is_down, self._is_served),
            )
        }
        lost, left = self._lost(), wait_until_idle(self.cloud)
        assert left == {}, left
        counts = {"orders": len(self.orders), "lost": lost, "letters": len(self._letters())}
        return {**{name: seen._asdict() for name, seen in found.items()}, **counts}

    def _lost(self) -> int:
        """How many orders are not completed, once their robots had the time to bring them, and all is paid."""
        for order in self.orders:
            order.is_collected().pays()
        with suppress(WaitTimeoutError):
            wait_for(lambda: not self._open() or None, "the orders' ends", seconds=WITHIN)
        return self._open()

    def _open(self) -> int:
        return sum(order.order()["status"] != "completed" for order in self.orders)

    def _one(self, name: str, fails: Callable[[], bool], goes_on: Callable[[], bool]) -> Seen:
        self._is_saved()  # a killed engine loses what came since its last save
        print(f"it breaks: {name}", file=sys.stderr)
        began = time.monotonic()
        self._asks(f"{name}/break")
        _until(fails, f"{name} to fail")
        seen = time.monotonic()
        print(f"it is seen: {name}", file=sys.stderr)
        self._asks(f"{name}/mend")
        _until(goes_on, f"all to go on after {name}")
        return Seen(round(seen - began, 1), round(time.monotonic() - seen, 1))

    def _is_saved(self) -> None:
        """Wait until what there is now is in the state of the engine."""
        now = time.time()
        wait_for(lambda: moment_of(self.cloud.state) > now or None, "a save", seconds=WITHIN)

    def _asks(self, path: str) -> None:
        httpx.post(f"{self.control.address}/faults/{path}", headers=self._as_the_console, timeout=60).raise_for_status()

    @property
    def _as_the_console(self) -> dict[str, str]:
        return {"origin": self.cloud.pages, "authorization": f"Bearer {self.control.token}"}

    def _engine(self) -> str:
        """What the control server says of the engine."""
        answer = httpx.get(f"{self.control.address}/faults", headers=self._as_the_console, timeout=60)
        return str(answer.raise_for_status().json()["engine"])

    def _waits_for_payments(self) -> bool:
        """An order waits, and of what is known payments is to blame."""
        if not self.orders:
            self.orders.append(Order(self.people).orders(self.product))
        why = self.shell(f"order {self.orders[0].id}")["why"]
        return bool(why["blames"] == INBOX)

    def _all_are_approved(self) -> bool:
        return all(order.order()["status"] in ("approved", "ready") and order.invoice() for order in self.orders)

    def _connections(self) -> set[str]:
        return {robot["connection"] for robot in self.people.staff.pages("/api/fleet/robots", "robots")}

    def _is_not_connected(self) -> bool:
        return self._connections() > {"online"}

    def _all_are_connected(self) -> bool:
        return self._connections() == {"online"}

    def _letters(self) -> list[Any]:
        found: list[Any] = self.shell("dead list --state open")
        return found

    def _is_a_letter(self) -> bool:
        """A letter of the depot's inbox: operations stores it within a minute."""
        return any(letter["consumer"] == "depot/inbox" for letter in self._letters())

    def _is_discarded(self) -> bool:
        """The operator does what the panel says: it is no message, so it is to have no effect."""
        for letter in self._letters():
            self.shell(f"dead discard {letter['id']} --reason 'it is no message' --yes")
        return not self._letters()

    def _does_not_answer(self) -> bool:
        """The connection is made, and nothing comes."""
        with suppress(httpx.ReadTimeout):
            httpx.get(f"{self.cloud.api}/health", timeout=ANSWERED_WITHIN)
            return False
        return self._engine() == "silent"

    def _is_down(self) -> bool:
        """Nothing listens."""
        with suppress(httpx.ConnectError):
            httpx.get(f"{self.cloud.api}/health", timeout=ANSWERED_WITHIN)
            return False
        return self._engine() == "down"

    def _is_served(self) -> bool:
        """Who comes now is served, and so are all who came before."""
        if self._engine() != "up":
            return False
        self.orders.append(Order(self.people).orders(self.product).is_approved())
        return True


def _until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition; what does not answer meanwhile does not hold. Raises WaitTimeoutError."""
    last: Exception | None = None

    def look() -> bool | None:
        nonlocal last
        try:
            return holds() or None
        except (MallError, WaitTimeoutError, httpx.HTTPError) as error:
            last = error
            return None

    try:
        wait_for(look, what, seconds=WITHIN)
    except WaitTimeoutError as error:
        raise error from last


def break_it(cloud: LocalCloud, folder: Path) -> dict[str, Any]:
    """Deploy, break and mend, and count."""
    up(cloud, SETTINGS)
    with at_work(cloud) as people:
        robots = on_the_stream(people, seed(people).robots, cloud.state / ROBOTS, AS_WATCHED)
        with robots, panel(cloud) as control:
            tour = Tour(cloud, control, people, Shell(cloud, folder), open_shop(people.staff).plain)
            return tour.go()


def main() -> int:
    """0 when nothing is lost, and no letter is open."""
    found = run("break-it", "Break what the console can break; mend it.", break_it)
    return 1 if found["lost"] or found["letters"] else 0


if __name__ == "__main__":
    sys.exit(main())
