"""Do the same as `run` on a port and a state of its own, then stop.

The last line of stdout is JSON: `{"order", "status", "messages", "services", "seconds", "cents", "robot"}`; `robot` is
the state of its connection to the broker. The exit code is 0 only when the order was completed by a robot that is
connected to the broker, and every queue is empty.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rich.console import Console

from clients.robot.settings import Settings
from clients.scenarios.robots import on_the_stream
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.show import show_order, wait_until_idle
from infra.local.up import discard, up

SPEED = 10.0  # times as fast as a real robot


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own; --port and --state have no effect."""


def run(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="mallbots-demo-", ignore_cleanup_errors=True) as folder:
        cloud = LocalCloud(free_port(), Path(folder))
        try:
            up(cloud)
            console = Console()
            with at_work(cloud) as people:
                console.print("Seeding the mall …")
                seeded = seed(people)
                with on_the_stream(people, seeded.robots, Path(folder) / "robots", Settings().faster(SPEED)):
                    wait_until_idle(cloud)
                    shown = show_order(cloud, people, seeded.products, console)
                    robot = people.staff.get(f"/api/fleet/robots/{shown.journey.robot}")["robot"]["connection"]
        finally:
            discard(cloud)
    journey = shown.journey
    print(
        json.dumps(
            {
                "order": journey.order_id,
                "status": journey.status,
                "messages": shown.messages,
                "services": shown.services,
                "seconds": round(journey.seconds, 2),
                "cents": round(shown.cents, 4),
                "robot": robot,
            }
        )
    )
    return 0 if shown.succeeded and robot == "online" else 1
