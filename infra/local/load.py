"""Place many orders concurrently, and report how they ended.

Uses the local cloud that runs on the port, or starts a temporary one. The last line of stdout is JSON.
`--mix golden`: orders without problems, and how fast they are; `--mix all`: every way that an order can go.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clients.mall import Mall
from clients.people import People
from clients.scenarios.journey import Journey, shop
from clients.scenarios.robots import Fleet, are_on_the_stream
from infra.local import mixture
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import LocalCloudError, free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.up import deployed_times, discard, up
from infra.operate.wording import counted

PUBLISHED_ONCE = {
    "OrderCreated": 1,
    "OrderApproved": 1,
    "ShoppingListCompleted": 1,
    "PaymentConfirmed": 1,
    "InvoicePaid": 1,
    "OrderCompleted": 1,
    "NotificationSent": 4,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=os.environ.get("ORDERS") or "50", help="number of orders")
    parser.add_argument("--clients", type=int, default=os.environ.get("CLIENTS") or "4", help="concurrent customers")
    parser.add_argument(
        "--mix",
        choices=("golden", "all"),
        default=os.environ.get("MIX") or "golden",
        help="orders without problems (golden, the default), or every way that an order can go (all)",
    )

    parser.add_argument(
        "--without-roles",
        action="store_true",
        help="on a temporary cloud that grants every function everything: what enforcement costs, in comparison",
    )


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    times = mixture.TIMES if options.mix == "all" else {}
    if cloud.engine.is_running() and not options.without_roles:
        if not times or deployed_times(cloud, times) == times:
            return _load(cloud, options)
        print(f"the cloud on port {options.port} has other times: starting a temporary one", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="mallbots-load-", ignore_cleanup_errors=True) as folder:
        cloud = LocalCloud(free_port(), Path(folder), {"AUTH": "false"} if options.without_roles else {})
        try:
            up(cloud, times)
            return _load(cloud, options)
        finally:
            discard(cloud)


def _load(cloud: LocalCloud, options: argparse.Namespace) -> int:
    with at_work(cloud) as people:
        print("opening the stores, bringing robots online …", file=sys.stderr, flush=True)
        seeded = seed(people)
        # Those that a `make run` has on the stream work by themselves; heartbeats by REST change nothing for them.
        people.on_stream = are_on_the_stream(people.staff)
        if people.on_stream and options.mix == "all":
            raise LocalCloudError(
                "here robots work by themselves, and some ways need robots that do not: use another PORT"
            )
        with Fleet(people.robot, [] if people.on_stream else seeded.robots) as fleet:
            wait_until_idle(cloud)
            if options.mix == "all":
                return mixture.run_orders(cloud, people, fleet, options.orders, options.clients)
            return _golden(cloud, people, seeded.products, options.orders, options.clients)


def _golden(cloud: LocalCloud, people: People, products: list[str], orders: int, clients: int) -> int:
    print(f"{counted(orders, 'order')}, {counted(clients, 'customer')} at once …", file=sys.stderr, flush=True)
    started, used = time.monotonic(), cloud.engine.cpu_seconds()
    with ThreadPoolExecutor(clients) as customers:
        ends = list(customers.map(lambda number: _order(people, products, number), range(orders)))
    seconds = time.monotonic() - started
    left = wait_until_idle(cloud)
    cpu = (cloud.engine.cpu_seconds() or 0) - used if used is not None else None
    twice = sum(_not_exactly_once(people.staff, end.order_id) for end in ends if isinstance(end, Journey))
    report = _report(ends, seconds, twice, sum(left.values()), cloud)
    report["cpu_seconds_per_order"] = round(cpu / orders, 2) if cpu is not None else None
    print(json.dumps(report))
    succeeded = report["completed"] == orders and not (twice or report["dead_letters"] or left)
    return 0 if succeeded else 1


def _order(people: People, products: list[str], number: int) -> Journey | Exception:
    chosen = [products[(number * 7 + step * 11) % len(products)] for step in range(1 + number % 4)]
    try:
        return shop(people, sorted(set(chosen)))
    except Exception as error:  # one order's failure is counted, and the others continue
        print(f"order {number}: {error!r}", file=sys.stderr)
        return error


def _not_exactly_once(mall: Mall, order_id: str) -> bool:
    """Whether a message that an order has once (or four times: texts) was published more or less often."""
    messages = mall.pages(f"/api/insights/orders/{order_id}/timeline", "messages")
    published = Counter(message["name"] for message in messages)
    return any(published[name] != times for name, times in PUBLISHED_ONCE.items())


def _report(
    ends: list[Journey | Exception], seconds: float, twice: int, left: int, cloud: LocalCloud
) -> dict[str, object]:
    journeys = [end for end in ends if isinstance(end, Journey)]
    completed = [journey for journey in journeys if journey.status == "completed"]
    durations = sorted(journey.seconds for journey in completed)
    return {
        "orders": len(ends),
        "completed": len(completed),
        "failed": len(ends) - len(completed),
        "twice": twice,
        "seconds": round(seconds, 1),
        "p50": round(statistics.median(durations), 2) if durations else None,
        "p95": round(durations[int(len(durations) * 0.95)], 2) if durations else None,
        "left_in_queues": left,
        "dead_letters": mixture.explain_dead_letters(cloud),
    }
