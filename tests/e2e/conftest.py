"""The whole system, deployed once to a local cloud for the tests."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from clients.mall import Mall
from clients.order import Order
from clients.people import People
from clients.scenarios.crowd import Crowd, Visit
from clients.scenarios.fate import money_difference
from clients.scenarios.paths import PATHS, Scene
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.mixture import reconcile
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.up import up
from infra.operate.dead_letters import dead_letters
from tests.browser.chromium import browsing
from tests.docs.shells import OF_MAKE

for name in OF_MAKE:  # what the make of these tests was told, those that they run are not
    os.environ.pop(name, None)

HERE = Path(__file__).parent
TIMES = {"basket_untouched": "60", "order_unpaid": "60", "step_timeout": "4"}
# Paths that wait for a minute or more start first.
SLOW = ("a_robot_falls_silent", "comes_back_to_an_abandoned_basket", "never_pays")
WORKERS = 6
FOLLOWED_WITHIN, LOOKED_EVERY = 60, 0.5  # seconds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests may use the loopback interface only."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@dataclass(frozen=True)
class Deployed:
    """A deployed and seeded mall whose robots are online: the cloud, its people, and the ids of the products."""

    cloud: LocalCloud
    people: People
    fleet: Fleet
    products: list[str]
    opened: datetime

    @property
    def mall(self) -> Mall:
        """The API, called by staff."""
        return self.people.staff

    @property
    def address(self) -> str:
        return self.cloud.api

    def output(self, service: str, name: str) -> str:
        """An output of a service's stack."""
        return self.cloud.outputs()[f"mallbots-local-{service}"][name]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return self.cloud.client(service)

    def reconcile(self) -> int:
        """Make the system reconcile all orders; returns how many differ."""
        return reconcile(self.cloud, self.mall, self.opened)

    def expect_money_to_add_up(self, order_id: str) -> None:
        """To the cent, once the timeline has the order's last message: read models follow a moment later."""
        deadline = time.monotonic() + FOLLOWED_WITHIN
        while difference := money_difference(self.mall, order_id):
            assert time.monotonic() < deadline, f"the money of {order_id} differs by {difference} cents"
            time.sleep(LOOKED_EVERY)

    def expect_idle(self) -> None:
        """All queues are empty, and nothing was dead-lettered."""
        assert wait_until_idle(self.cloud) == {}
        assert dead_letters(self.cloud) == []


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("mall"))
    try:
        up(cloud, TIMES)
        with at_work(cloud) as people:
            seeded = seed(people)
            with Fleet(people.robot, seeded.robots) as fleet:
                yield Deployed(cloud, people, fleet, seeded.products, datetime.now(UTC))
    finally:
        cloud.stop()


@pytest.fixture(scope="session")
def visits(deployed: Deployed) -> Iterator[dict[str, Visit]]:
    """An order on each path, by the path's name; all run in the background."""
    names = [*SLOW, *(name for name in PATHS if name not in SLOW)]
    found = {name: Visit(PATHS[name], Order(deployed.people)) for name in names}
    crowd = Crowd(found.values(), Scene(deployed.fleet, open_shop(deployed.mall)))
    with ThreadPoolExecutor(1) as background:
        run = background.submit(crowd.walk, WORKERS)
        yield found
        run.result()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, which knows that names ending in localhost are of this machine."""
    with browsing() as opened:
        yield opened
