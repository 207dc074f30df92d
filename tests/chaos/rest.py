"""Whether a deployed mall is at rest: nothing waits, nothing runs, every order has ended."""

import time
from collections.abc import Callable, Sequence

from clients.mall import Mall, MallError
from clients.order import FINAL
from infra.local.cloud import LocalCloud
from infra.local.queues import depths
from tests.chaos.clients import NoAnswerError
from tests.chaos.saved import is_of_failures, simulated_names

WITHIN_SECONDS = 2_700  # a message that failed often waits for 15 minutes, and what it leads to takes its own time
LOOK_EVERY = 3.0
SAY_EVERY = 60.0
LOOKS = 3  # in a row
LISTS_AT_WORK = ("available", "assigned", "active")


def wait_for_rest(
    cloud: LocalCloud, staff: Mall, orders: Sequence[str], report: Callable[[str], None], looks: int = LOOKS
) -> bool:
    """Wait until nothing is in progress, at so many looks in a row; whether that came within the bound."""
    deadline, said, quiet = time.monotonic() + WITHIN_SECONDS, time.monotonic(), 0
    ended: set[str] = set()
    while quiet < looks:
        missing = _in_progress(cloud, staff, [order for order in orders if order not in ended], ended)
        quiet = 0 if missing else quiet + 1
        if time.monotonic() > deadline:
            report(f"not at rest: {missing}")
            return False
        if missing and time.monotonic() - said > SAY_EVERY:
            said = time.monotonic()
            report(f"not yet at rest: {missing}")
        time.sleep(LOOK_EVERY)
    return True


def _in_progress(cloud: LocalCloud, staff: Mall, orders: Sequence[str], ended: set[str]) -> str:
    """What still is; empty when nothing is. ended: the orders that are known to have ended, to which it adds."""
    names = simulated_names(cloud.outputs())
    waiting = {names[queue]: depth for queue, depth in depths(cloud).items() if queue in names}
    if waiting := {queue: depth for queue, depth in waiting.items() if not is_of_failures(queue)}:
        return f"messages wait: {waiting}"
    try:
        if running := staff.pages("/api/checkout/sagas?status=running", "sagas"):
            return f"{len(running)} sagas run"
        for status in LISTS_AT_WORK:
            if lists := staff.pages(f"/api/depot/shopping?status={status}", "lists"):
                return f"{len(lists)} lists are {status}"
        for order in orders:
            status = _status(staff, order)
            if status not in FINAL:
                return f"the order {order} is {status}"
            ended.add(order)
    except (MallError, NoAnswerError) as error:
        return str(error)
    return ""


def _status(staff: Mall, order: str) -> str:
    """An order's; of one that was never placed, that it has ended once its basket has."""
    try:
        return str(staff.get(f"/api/ordering/{order}")["order"]["status"])
    except MallError as error:
        if error.status != 404:
            raise
    basket = staff.get(f"/api/baskets/{order}")["basket"]["status"]
    return "cancelled" if basket in ("cancelled", "abandoned") else f"not there, and its basket {basket}"
