"""Many robots on a local cloud, with cuts, restarts and silences: `python -m tests.e2e.many_robots --robots 100`.

Every robot is the reference client with a certificate of its own. While lists are collected, robots are cut off, their
programs crash and are started again, and some are kept away until the depot has taken them offline. The last line is
JSON: {"robots", "lists", "collected_once", "lost", "driven_twice", "cuts", "restarts", "silences", "noticed",
"given_back", "unreported", "dead_letters", "seconds"}.

| | |
|---|---|
| collected_once | lists that one robot put down at the depot, under the assignment that completed them |
| lost | lists that are not completed in the end |
| driven_twice | lists that were put down under two assignments |
| unreported | the same, but the first robot's connection ended before the broker had a state that says so |
| noticed | silences in which the depot took the robot offline |
| given_back | assignments beyond the first of each list |

The exit code is 0 when every list was collected once, but for what was unreported, every silence noticed, and nothing
was dead-lettered. It takes minutes, so it is no part of `make e2e`.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from clients.mall import Json, Mall, wait_for
from clients.people import People
from clients.robot.enrol import enrol
from clients.robot.files import alone_in
from clients.robot.settings import Settings
from clients.scenarios.robots import AT_ONCE
from events.vda5050.collecting import list_and_assignment
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.up import discard, up
from infra.operate.dead_letters import dead_letters
from tests.e2e.trial import Drops, Unit, count, no_drops

ONLINE_WITHIN, DONE_WITHIN, NOTICED_WITHIN = 600.0, 1800.0, 240.0  # seconds
LONGEST_DOWN = 10.0  # seconds for which a program is not started again
LOOK_EVERY = 3.0
EVERY, SILENT = 10, 2  # of so many troubles, this one keeps a robot away for longer than a lease
RAMP = 0.1  # seconds between the first connections


@dataclass
class Troubles:
    """What happened to the robots."""

    cuts: int = 0
    restarts: int = 0
    silences: int = 0
    noticed: int = 0
    over: threading.Event = field(default_factory=threading.Event)


def cause(units: Sequence[Unit], troubles: Troubles, staff: Mall, pause: float, luck: random.Random) -> None:
    """Give robots trouble, one after another, until it is over.

    A robot that is to be silent has a list, which another gets by that; each list loses its robot so once.
    """
    with ThreadPoolExecutor(8) as waiting:
        pending, number, lost = [], 0, set[str]()
        while not troubles.over.wait(pause):
            unit = luck.choice(units)
            at_work = _at_work(units, staff, lost) if number % EVERY == SILENT else {}
            if at_work:
                chosen = luck.choice([*at_work])
                lost.add(chosen)
                pending.append(waiting.submit(_silence, at_work[chosen], troubles, staff))
            elif luck.random() < 0.55:
                troubles.cuts += 1
                unit.cut()
            else:
                troubles.restarts += 1
                pending.append(waiting.submit(_restart, unit, luck.uniform(0, LONGEST_DOWN)))
            number += 1
        for each in pending:
            each.result()


def _at_work(units: Sequence[Unit], staff: Mall, lost: Collection[str]) -> dict[str, Unit]:
    """The robots that have a list, by it, without the lists that a robot was silent with before."""
    of = {unit.bot_id: unit for unit in units}
    lists = staff.pages("/api/depot/shopping?status=active", "lists")
    return {one["id"]: of[one["botId"]] for one in lists if one["botId"] in of and one["id"] not in lost}


def _restart(unit: Unit, down: float) -> None:
    with unit.trouble:
        unit.crash()
        time.sleep(down)
        unit.start()


def _silence(unit: Unit, troubles: Troubles, staff: Mall) -> None:
    """Keep a robot away until the depot has taken it offline: at once where it is idle, else when its lease ends."""
    with unit.trouble:
        troubles.silences += 1
        unit.keep_away()
        deadline = time.monotonic() + NOTICED_WITHIN
        while time.monotonic() < deadline:
            if statuses(staff)[unit.bot_id] == "offline":
                troubles.noticed += 1
                break
            time.sleep(LOOK_EVERY)
        else:
            print(f"the depot did not notice that robot {unit.bot_id} is silent:", file=sys.stderr)
            print(unit.said.told(), file=sys.stderr)
        unit.let_back()


def statuses(staff: Mall) -> dict[str, str]:
    return {bot["id"]: bot["status"] for bot in staff.pages("/api/depot/bots", "bots")}


def lists_of(staff: Mall, products: Sequence[Json], number: int, pace: float) -> list[str]:
    """Shopping lists of one to three products, made by staff one after another, and made available to robots."""

    def make(count: int) -> str:
        time.sleep(pace)
        chosen = [products[(count * 7 + step * 11) % len(products)] for step in range(1 + count % 3)]
        return list_of(staff, chosen, 1 + count % 4)

    return [make(count) for count in range(number)]


def list_of(staff: Mall, products: Sequence[Json], quantity: int) -> str:
    """A shopping list of as many of each of these products, made available to robots."""
    items = [
        {"storeId": one["storeId"], "productId": one["id"], "quantity": quantity}
        for one in {one["id"]: one for one in products}.values()
    ]
    made: str = staff.post("/api/depot/shopping", {"orderId": str(uuid.uuid4()), "items": items})["id"]
    staff.put(f"/api/depot/shopping/{made}/initiate")
    return made


def measure(people: People, units: Sequence[Unit], drops: Drops, options: argparse.Namespace) -> Json:
    """Have lists collected in spite of all, and count."""
    staff, troubles = people.staff, Troubles()
    products = sold(staff)
    ids = {unit.bot_id for unit in units}
    wait_for(lambda: _all_idle(staff, ids), "robots that are online", seconds=ONLINE_WITHIN)
    print(f"{len(units)} robots are online", file=sys.stderr)
    began = time.monotonic()
    luck = random.Random(options.seed)
    trouble = threading.Thread(target=cause, args=(units, troubles, staff, options.trouble_every, luck))
    trouble.start()
    try:
        lists = lists_of(staff, products, options.lists, options.pace)
        wait_for(lambda: _all_completed(staff, lists), "lists that are completed", seconds=DONE_WITHIN)
    finally:
        troubles.over.set()
        trouble.join()
    seconds = time.monotonic() - began
    wait_for(lambda: _all_idle(staff, ids), "robots that are back, and have nothing to do", seconds=ONLINE_WITHIN)
    found = [staff.get(f"/api/depot/shopping/{one}")["list"] for one in lists]
    _tell_of_doubles(found, units, drops)
    unreported = set[str]().union(*(unit.said.unreported for unit in units))
    return count(found, drops, unreported) | {
        "robots": len(units),
        "cuts": troubles.cuts,
        "restarts": troubles.restarts,
        "silences": troubles.silences,
        "noticed": troubles.noticed,
        "seconds": round(seconds),
    }


def _tell_of_doubles(lists: Sequence[Json], units: Sequence[Unit], drops: Drops) -> None:
    """Print what robots knew that put down one list under two assignments."""
    for one in lists:
        orders = [order for order in drops if (list_and_assignment(order) or ("",))[0] == one["id"]]
        robots = {robot for order in orders for robot in drops[order]} if len(orders) > 1 else set()
        for unit in (unit for unit in units if unit.bot_id in robots):
            print(f"robot {unit.bot_id}, of list {one['id']}, which it had under {orders}:", file=sys.stderr)
            print(unit.said.told(), file=sys.stderr)


def sold(staff: Mall) -> list[Json]:
    """All products of the mall."""
    stores = staff.pages("/api/stores", "stores")
    return [one for store in stores for one in staff.pages(f"/api/stores/{store['id']}/products", "products")]


def _all_idle(staff: Mall, ids: set[str]) -> bool | None:
    idle = {id for id, status in statuses(staff).items() if status == "idle"}
    return True if ids <= idle else None


def _all_completed(staff: Mall, lists: Sequence[str]) -> bool | None:
    time.sleep(LOOK_EVERY)
    done = {one["id"] for one in staff.pages("/api/depot/shopping?status=completed", "lists")}
    return True if set(lists) <= done else None


@contextmanager
def mall(port: int | None, state: Path | None) -> Iterator[LocalCloud]:
    """A local cloud that runs, or a temporary one."""
    if port and state:
        yield LocalCloud(port, state)
        return
    with tempfile.TemporaryDirectory(prefix="mallbots-robots-", ignore_cleanup_errors=True) as folder:
        cloud = LocalCloud(free_port(), Path(folder))
        try:
            up(cloud)
            yield cloud
        finally:
            discard(cloud)


@contextmanager
def robots(people: People, number: int, folder: Path, settings: Settings) -> Iterator[tuple[list[Unit], Drops]]:
    """Robots that are registered, enrolled and at work while this is entered."""
    drops = no_drops()

    def make(place: int) -> Unit:
        bot_id = people.staff.post("/api/depot/bots", {"name": f"Trial {place + 1}"})["id"]
        return Unit(bot_id, enrol(people.staff, bot_id, folder), settings, place, drops)

    with ExitStack() as stack:
        stack.enter_context(alone_in(folder))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            units = list(pool.map(make, range(number)))
        print(f"{number} robots are enrolled", file=sys.stderr)
        for unit in units:
            stack.callback(unit.crash)
            unit.start()
            time.sleep(RAMP)
        yield units, drops


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.many_robots")
    parser.add_argument("--robots", type=int, default=100)
    parser.add_argument("--lists", type=int, help="to collect (as many as robots)")
    parser.add_argument("--speed", type=float, default=3.0, help="times as fast as a real robot")
    parser.add_argument("--pace", type=float, default=2.0, help="seconds between two lists")
    parser.add_argument("--trouble-every", type=float, default=2.0, help="seconds from one trouble to the next")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, help="of a local cloud that runs; with its --state")
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    options.lists = options.lists or options.robots
    with (
        tempfile.TemporaryDirectory(prefix="mallbots-trial-") as folder,
        mall(options.port, options.state) as cloud,
        at_work(cloud) as people,
    ):
        seed(people)
        settings = Settings(short=0.05).faster(options.speed)
        with robots(people, options.robots, Path(folder), settings) as (units, drops):
            found = measure(people, units, drops, options)
        wait_until_idle(cloud)
        letters = dead_letters(cloud)
        for letter in letters[:10]:
            print(f"dead letter in {letter.queue}: {letter.name}: {letter.reason}", file=sys.stderr)
    found["dead_letters"] = len(letters)
    print(json.dumps(found))
    once = found["collected_once"] + found["unreported"] == found["lists"] and not found["lost"] + found["driven_twice"]
    return 0 if once and found["noticed"] == found["silences"] and not letters else 1


if __name__ == "__main__":
    sys.exit(main())
