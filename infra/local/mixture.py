"""Run a mixture of every way that an order can go, then check the final state of all of them.

On stderr: progress, and what went wrong with which order. On stdout: a line of JSON with further figures (`astray`:
orders that did not end as their path expects), then the last line, `{"orders", "completed", "rejected", "cancelled",
"unfinished", "money_difference", "dead_letters"}`. The money is in cents, summed over all orders:
|captured - refunded - owed|.
"""

import json
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from clients.mall import Mall, MallError
from clients.order import FINAL, Order
from clients.people import People
from clients.scenarios.crowd import Crowd, Visit, path_of
from clients.scenarios.fate import money_difference
from clients.scenarios.paths import Scene
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.show import wait_until_idle
from infra.operate.dead_letters import dead_letters
from infra.operate.wording import counted

TIMES = {
    "basket_untouched": "60",
    "order_unpaid": "60",
    # Under load a step may take long here, and a saga that times out is correct but not what the paths expect.
    "step_timeout": "10",
}


def run_orders(cloud: LocalCloud, people: People, fleet: Fleet, orders: int, clients: int) -> int:
    """Run a mixture of orders, `clients` of them concurrently, check how they ended, and return the exit code."""
    _log(f"{counted(orders, 'order')} on every path, {counted(clients, 'customer')} at once …")
    visits = [Visit(path_of(number), Order(people)) for number in range(orders)]
    scene = Scene(fleet, open_shop(people.staff))
    began, started = datetime.now(UTC), time.monotonic()
    Crowd(visits, scene, _log).walk(clients)
    seconds = time.monotonic() - started
    _log("waiting until all queues are empty …")
    left = wait_until_idle(cloud)
    _log("reconciling …")
    differences = reconcile(cloud, people.staff, began)
    _log("counting the money …")
    with ThreadPoolExecutor(clients) as pool:
        ends = list(pool.map(lambda visit: _end(people.staff, visit), visits))
    statuses = Counter(end.status for end in ends)
    report = {
        "orders": orders,
        **{status: statuses[status] for status in FINAL},
        "unfinished": orders - sum(statuses[status] for status in FINAL),
        "money_difference": sum(end.money for end in ends),
        "dead_letters": explain_dead_letters(cloud),
    }
    astray = sum(bool(visit.problem) for visit in visits)
    others = {
        "astray": astray,
        "reconciliation_differences": differences,
        "left_in_queues": sum(left.values()),
        "seconds": round(seconds, 1),
        "paths": dict(sorted(Counter(visit.path.name for visit in visits).items())),
    }
    print(json.dumps(others))
    print(json.dumps(report))
    problems = (report["unfinished"], report["money_difference"], report["dead_letters"], astray, differences, left)
    return 1 if any(problems) else 0


def reconcile(cloud: LocalCloud, mall: Mall, began: datetime) -> int:
    """Make the system reconcile the orders that ended since a time; returns how many differ. mall: as staff."""
    days = {began.date(), datetime.now(UTC).date()}
    for day in days:
        mall.post("/api/payments/reconciliation", {"day": day.isoformat()})
    wait_until_idle(cloud)
    found = mall.pages("/api/payments/differences?status=open", "differences")
    for difference in found:
        reasons = ", ".join(reason["kind"] for reason in difference["reasons"])
        _log(f"the reconciliation of order {difference['orderId']} found: {reasons}")
    return len(found)


def explain_dead_letters(cloud: LocalCloud) -> int:
    """Report what was given up, with the reasons; returns how many letters there are."""
    letters = dead_letters(cloud)
    for (queue, name, reason), count in Counter((x.queue, x.name, x.reason) for x in letters).items():
        _log(f"{count} dead letters of {queue}: {name or 'unreadable'}: {reason}")
    return len(letters)


@dataclass(frozen=True)
class _End:
    status: str
    money: int


def _end(mall: Mall, visit: Visit) -> _End:
    """An order's status, and by how many cents its money differs; status `none` if the order was never created."""
    try:
        status = visit.order.by_staff.order()["status"]
    except MallError as error:
        if error.status != 404:
            raise
        return _End("none", 0)
    cents = money_difference(mall, visit.order.id)
    if cents:
        _log(f"the money of order {visit.order.id}, {visit.path.name}, differs by {cents} cents")
    return _End(status, cents)


def _log(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S}  {line}", file=sys.stderr, flush=True)
