"""Carry many orders at once, and report how they fared.

Uses the local cloud that runs on the port, or starts one of its own for the while. The last line of stdout is JSON.
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

from clients.journey import Journey, shop
from clients.mall import Mall
from infra.local.cloud import LocalCloud
from infra.local.demo import free_port
from infra.local.queues import dead_letters
from infra.local.seed import seed
from infra.local.show import quiet
from infra.local.up import summary, up

ONCE = {
    "OrderCreated": 1,
    "OrderApproved": 1,
    "ShoppingListCompleted": 1,
    "PaymentConfirmed": 1,
    "InvoicePaid": 1,
    "OrderCompleted": 1,
    "NotificationSent": 4,
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--orders", type=int, default=os.environ.get("ORDERS") or "50", help="orders in all")
    parser.add_argument("--clients", type=int, default=os.environ.get("CLIENTS") or "4", help="customers at once")


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    if cloud.engine.is_running():
        return _load(cloud, options.orders, options.clients)
    with tempfile.TemporaryDirectory(prefix="mallbots-load-", ignore_cleanup_errors=True) as folder:
        cloud = LocalCloud(free_port(), Path(folder))
        try:
            up(cloud)
            return _load(cloud, options.orders, options.clients)
        finally:
            cloud.stop()


def _load(cloud: LocalCloud, orders: int, clients: int) -> int:
    address = str(summary(cloud)["api"])
    with Mall(address) as mall:
        products = seed(mall)
    quiet(cloud)
    print(f"{orders} orders by {clients} customers at once …", file=sys.stderr)
    started = time.monotonic()
    with ThreadPoolExecutor(clients) as customers:
        ends = list(customers.map(lambda number: _order(address, products, number), range(orders)))
    seconds = time.monotonic() - started
    left = quiet(cloud)
    with Mall(address) as mall:
        twice = sum(_more_than_once(mall, end.order_id) for end in ends if isinstance(end, Journey))
    report = _report(ends, seconds, twice, sum(left.values()), cloud)
    print(json.dumps(report))
    good = report["completed"] == orders and not (twice or report["dead_letters"] or left)
    return 0 if good else 1


def _order(address: str, products: list[str], number: int) -> Journey | Exception:
    chosen = [products[(number * 7 + step * 11) % len(products)] for step in range(1 + number % 4)]
    try:
        with Mall(address) as mall:
            return shop(mall, sorted(set(chosen)))
    except Exception as error:  # one order's failure is counted, and the others go on
        print(f"order {number}: {error!r}", file=sys.stderr)
        return error


def _more_than_once(mall: Mall, order_id: str) -> bool:
    """Whether anything that happens to an order once was said more or less often."""
    messages = mall.pages(f"/api/insights/orders/{order_id}/timeline", "messages")
    said = Counter(message["name"] for message in messages)
    return any(said[name] != times for name, times in ONCE.items())


def _report(
    ends: list[Journey | Exception], seconds: float, twice: int, left: int, cloud: LocalCloud
) -> dict[str, object]:
    journeys = [end for end in ends if isinstance(end, Journey)]
    completed = [journey for journey in journeys if journey.status == "completed"]
    times = sorted(journey.seconds for journey in completed)
    letters = dead_letters(cloud)
    for (queue, name, reason), count in Counter((x.queue, x.name, x.reason) for x in letters).items():
        print(f"{count} dead letters in {queue}: {name}: {reason}", file=sys.stderr)
    return {
        "orders": len(ends),
        "completed": len(completed),
        "failed": len(ends) - len(completed),
        "twice": twice,
        "seconds": round(seconds, 1),
        "p50": round(statistics.median(times), 2) if times else None,
        "p95": round(times[int(len(times) * 0.95)], 2) if times else None,
        "left_in_queues": left,
        "dead_letters": len(letters),
    }
