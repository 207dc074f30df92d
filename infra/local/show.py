"""Show one order, from basket to completed, as it happens (for `run` and `demo`)."""

import time
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from clients.mall import WaitTimeoutError, wait_for
from clients.people import People
from clients.scenarios.journey import Journey, shop
from infra.local.cloud import LocalCloud
from infra.local.cost import LABELS, cents, cost
from infra.local.queues import depths
from infra.local.watch import Watch
from infra.operate.dead_letters import dead_letters

PRODUCTS = 3
IDLE_WITHIN_SECONDS = 60
NOT_COUNTED = "Not counted: requests that only read, schedules, other robots, pages' sockets, operations, logs, storage"


@dataclass(frozen=True)
class Shown:
    """What happened: the journey, how many messages and services took part, what is in queues, and dead letters.

    cents: the order's bill at list prices, in US cents.
    """

    journey: Journey
    messages: int
    services: int
    left_in_queues: dict[str, int]
    dead_letters: int
    cents: float

    @property
    def succeeded(self) -> bool:
        """Whether the order was completed, every queue is empty, and nothing was given up."""
        return self.journey.status == "completed" and not (self.left_in_queues or self.dead_letters)


def show_order(cloud: LocalCloud, people: People, products: list[str], console: Console) -> Shown:
    """Place one order through the HTTP API; print every message that it causes, then what it cost."""
    console.print("\nOne order, message by message [dim](time, service, message, cause)[/dim]")
    began = time.time()
    # Products of different stores, so that the robot has more than one stop.
    chosen = products[:: max(1, len(products) // PRODUCTS)][:PRODUCTS]
    watch: list[Watch] = []

    def report(line: str) -> None:
        console.print(f"[bold]{line}[/bold]", highlight=False, soft_wrap=True)

    journey = shop(
        people, chosen, report, lambda order_id: watch.append(Watch(people.staff, order_id, console).start())
    )
    left = wait_until_idle(cloud)
    messages = watch[0].stop()
    bill = _print_cost(cloud, began, journey.robot, console)
    services = {message["source"] for message in messages}
    ended = f"Order {journey.order_id}: {journey.status} after {journey.seconds:.1f} s, {len(messages)} messages"
    console.print(f"\n[bold]{ended}[/bold]", highlight=False, soft_wrap=True)
    if left:
        console.print(f"[red]Left in queues: {left}[/red]")
    letters = dead_letters(cloud)
    for letter in letters:
        console.print(f"[red]Dead letter in {letter.queue}: {letter.name}: {letter.reason}[/red]")
    console.print(f"The order's bill: {bill:.4f} US cents at AWS's list prices", highlight=False, soft_wrap=True)
    return Shown(journey, len(messages), len(services), left, len(letters), bill)


def wait_until_idle(cloud: LocalCloud) -> dict[str, int]:
    """Wait until every queue is empty, obsolete timers included. Returns the depths of the queues that are not."""

    def empty() -> bool | None:
        return True if not depths(cloud) else None

    try:
        wait_for(empty, "empty queues", seconds=IDLE_WITHIN_SECONDS)
    except WaitTimeoutError:
        return depths(cloud)
    return {}


def _print_cost(cloud: LocalCloud, since: float, robot: str, console: Console) -> float:
    """Print what was counted; its price in US cents."""
    counted = cost(cloud, since, robot)
    table = Table("what the order cost", "units")
    for kind, label in LABELS.items():
        table.add_row(label, f"{counted[kind]:g}")
    console.print(table)
    console.print(NOT_COUNTED, style="dim", highlight=False, soft_wrap=True)
    return cents(counted)
