"""Let customers and robots use a mall that is up, at a gentle pace, until Ctrl-C."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from clients.mall import Mall
from clients.people import People
from clients.robot.settings import Settings
from clients.scenarios.paths import Scene
from clients.scenarios.robots import Fleet, on_the_stream
from clients.scenarios.shoppers import PACE, SHOPPED, SHOPPED_ON_STREAM, Shoppers, bring_in
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import LocalCloudError
from infra.local.seed import key, seed
from infra.local.up import arguments_of

ROBOTS = "robots"  # the folder of their files, in the cloud's state
AS_WATCHED = Settings(short=0.05, failing=0.02).faster(3)  # so that an order takes less than a minute


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pace", type=_seconds, default=os.environ.get("PACE") or PACE, help=f"seconds between two ({PACE:g})"
    )


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    if not cloud.engine.is_running():
        raise LocalCloudError(f"no mall is up: make up{arguments_of(options.port, options.state)}")
    interruptible()
    try:
        with at_work(cloud) as people:
            seeded = seed(people)
            with on_the_stream(people, seeded.robots, cloud.state / ROBOTS, AS_WATCHED):
                bring_in(people)
                with shopping(people, options.pace):
                    print(f"customers come every {options.pace:g} s; Ctrl-C stops them", file=sys.stderr)
                    signal.pause()
    except KeyboardInterrupt:
        print("\nthe mall stays up", file=sys.stderr)
    return 0


@contextmanager
def shopping(people: People, pace: float) -> Iterator[None]:
    """Customers come, of whom stderr tells one line where one met an error."""

    def report(line: str) -> None:
        print(f"{time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)

    scene = Scene(Fleet(people.robot, []), open_shop(people.staff, key))
    paths = SHOPPED_ON_STREAM if people.on_stream else SHOPPED
    with Shoppers(people, scene, _products(people.staff), report, pace, paths=paths):
        yield


def interruptible() -> None:
    """Ctrl-C raises KeyboardInterrupt, even if the starting process ignored it; so does a SIGTERM."""
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, signal.default_int_handler)


def _products(mall: Mall) -> dict[str, float]:
    """Id → price of what the mall sells, in whole ten cents: of other refunds the sandbox provider makes a trial."""
    found = {}
    for store in mall.pages("/api/stores", "stores"):
        for product in mall.pages(f"/api/stores/{store['id']}/products", "products"):
            if round(product["price"] * 100) % 10 == 0:
                found[product["id"]] = product["price"]
    return found


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds >= 1:
        raise argparse.ArgumentTypeError("a second at least")
    return seconds
