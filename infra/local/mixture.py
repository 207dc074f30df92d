"""Every way that an order can go, many times over, and what must be so when all have ended.

On stderr: how far they are, what went wrong with which order, and how many took each path. On stdout: a line of JSON
with further figures, then the last line, `{"orders", "completed", "rejected", "cancelled", "unfinished",
"money_difference", "dead_letters"}`. The money is in cents, summed over all orders: |captured - refunded - owed|.
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
from clients.scenarios.crowd import Crowd, Visit, path_of
from clients.scenarios.fate import money_difference
from clients.scenarios.paths import Scene
from clients.scenarios.robots import Fleet
from clients.scenarios.stock import open_shop
from infra.local.cloud import LocalCloud
from infra.local.queues import dead_letters
from infra.local.show import quiet

TIMES = {
    "basket_untouched": "60",
    "order_unpaid": "60",
    # Under load a step may take long here, and a saga that lost patience would be right, but not what was expected.
    "step_timeout": "10",
}


def carry(cloud: LocalCloud, mall: Mall, fleet: Fleet, orders: int, clients: int) -> int:
    """Carry a mixture of so many orders, `clients` of them at once, judge how they ended, and return the exit code."""
    _say(f"{orders} orders on every path by {clients} customers at once …")
    visits = [Visit(path_of(number), Order(mall)) for number in range(orders)]
    scene = Scene(fleet, open_shop(mall))
    began, started = datetime.now(UTC), time.monotonic()
    Crowd(visits, scene, _say).walk(clients)
    seconds = time.monotonic() - started
    _say("waiting until everything has been heard …")
    left = quiet(cloud)
    _say("reconciling …")
    differences = reconcile(cloud, mall, began)
    _say("counting the money …")
    with ThreadPoolExecutor(clients) as hands:
        ends = list(hands.map(lambda visit: _end(mall, visit), visits))
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
    wrong = (report["unfinished"], report["money_difference"], report["dead_letters"], astray, differences, left)
    return 1 if any(wrong) else 0


def reconcile(cloud: LocalCloud, mall: Mall, began: datetime) -> int:
    """Have the system compare the money of all that ended since a time, and return how many orders differ."""
    days = {began.date(), datetime.now(UTC).date()}
    for day in days:
        mall.post("/api/payments/reconciliation", {"day": day.isoformat()})
    quiet(cloud)
    found = mall.pages("/api/payments/differences?status=open", "differences")
    for difference in found:
        reasons = ", ".join(reason["kind"] for reason in difference["reasons"])
        _say(f"the reconciliation of order {difference['orderId']} found: {reasons}")
    return len(found)


def explain_dead_letters(cloud: LocalCloud) -> int:
    """Say which dead letters there are and why, and how many."""
    letters = dead_letters(cloud)
    for (queue, name, reason), count in Counter((x.queue, x.name, x.reason) for x in letters).items():
        _say(f"{count} dead letters in {queue}: {name}: {reason}")
    return len(letters)


@dataclass(frozen=True)
class _End:
    status: str
    money: int


def _end(mall: Mall, visit: Visit) -> _End:
    """How an order stands, and by how many cents its money differs; nothing if it never came to be an order."""
    try:
        status = visit.order.order()["status"]
    except MallError as error:
        if error.status != 404:
            raise
        return _End("none", 0)
    cents = money_difference(mall, visit.order.id)
    if cents:
        _say(f"the money of order {visit.order.id}, {visit.path.name}, differs by {cents} cents")
    return _End(status, cents)


def _say(what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S}  {what}", file=sys.stderr, flush=True)
