"""Healthy orders, asked at every step of their way why they wait: nothing is wrong, so nothing may be blamed.

    .venv/bin/python -m tests.simulation.healthy --orders 1000 --jobs 2

Each mall is a simulated cloud without faults, with customers who pay early or late, of whom some cancel, and robots
that find everything. After each request an operator looks at the order once, at a moment of the seconds that follow.
The last line is JSON: {"orders", "asked", "blamed", "kinds"}; kinds: how many different waits were named.
"""

import argparse
import json
import multiprocessing
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from clients.cli import facts, wording
from clients.cli.ending import FAILED, NOT_FOUND, EndedError
from clients.cli.evidence import Why
from clients.cli.output import Output
from clients.cli.tool import Tool
from clients.cli.why import why
from clients.mall import Json
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.containers import BEGIN
from tests.simulation.faults import Faults

PER_MALL = 10  # orders of one mall, of which several are on their way at once
ROBOTS = 4
HEARTBEAT = 20.0  # seconds
CLERK, OPERATOR = "staff:clerk", "operator:ada"


@dataclass
class Asked:
    """What was said of healthy orders. blamed: the sentences that blamed anyone."""

    orders: int = 0
    said: Counter[str] = field(default_factory=Counter)
    blamed: list[str] = field(default_factory=list)

    def add(self, other: "Asked") -> None:
        self.orders += other.orders
        self.said += other.said
        self.blamed += other.blamed


class SimulatedTool(Tool):
    """The command line's requests, sent by a task of a simulated cloud."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__("simulation", Output())
        self._cloud = cloud

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        """One request of an operator."""
        answer = self._cloud.request(method, path, body, {"Idempotency-Key": key} if key else {}, who=OPERATOR)
        if answer.status == 200:
            found: Json = answer.body
            return found
        code = NOT_FOUND if answer.status == 404 else FAILED
        raise EndedError(f"{method} {path} ({answer.status} refused)", code)


class HealthyMall:
    """One mall and its orders."""

    def __init__(self, seed: int, orders: int) -> None:
        self.choices = Choices(seed)
        self.cloud = Cloud(self.choices, Faults(self.choices))
        self.tool = SimulatedTool(self.cloud)
        self.asked = Asked(orders)
        self._open = True
        self._product = ("", "")

    def run(self) -> Asked:
        """Open, have all orders end, and return what was said of them meanwhile."""
        with patch.object(facts, "now", self._now), patch.object(wording, "now", self._now):
            task = self.cloud.spawn(self._work)
            self.cloud.run(36_000.0, enough=lambda: task.done)
        assert task.done
        return self.asked

    def _now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.cloud.now())

    def _work(self) -> None:
        store = self._ask("POST", "/api/stores", {"name": "Volt & Wire", "location": "Level 2"})["id"]
        item = {"name": "cable", "description": "", "sku": "C", "price": 9.95}
        self._product = (store, self._ask("POST", f"/api/stores/{store}/products", item)["id"])
        for number in range(ROBOTS):
            bot = self._ask("POST", "/api/depot/bots", {"name": f"Ajax {number}"})["id"]
            self.cloud.spawn(self._stay_online, bot)
        self.cloud.sleep(60)
        tasks = []
        for _ in range(self.asked.orders):
            tasks.append(self.cloud.spawn(self._order))
            self._pause(1, 60)
        while not all(task.done for task in tasks):
            self.cloud.sleep(5)
        self._open = False

    def _stay_online(self, bot: str) -> None:
        while self._open:
            self._ask("PUT", f"/api/depot/bots/{bot}/online", who=f"bot:{bot}")
            self.cloud.sleep(HEARTBEAT)

    def _order(self) -> None:
        """One order, whose customer pays early or late, or cancels."""
        body = {"name": "Ada Reyes", "smsNumber": "+15550100"}
        customer = self._ask("POST", "/api/customers", body, who="kiosk:1")["id"]
        me = f"customer:{customer}"
        self._pause(2, 10)
        order = self._ask("POST", "/api/baskets", {"customerId": customer}, who=me)["id"]
        deeds = [
            ("POST", "/api/payments", {"customerId": customer, "amount": 30}),
            ("PUT", f"/api/baskets/{order}/addItem", {"productId": self._product[1], "quantity": 2}),
        ]
        payment = ""
        for method, path, sent in deeds:
            payment = self._ask(method, path, sent, who=me).get("id", payment)
            self._look(order)
        self._ask("PUT", f"/api/baskets/{order}/checkout", {"paymentId": payment}, who=me)
        self._look(order)
        self._until_assigned(order)
        fate = self.choices.pick(("early", "late", "late", "cancels"), "when a customer pays")
        if fate == "cancels":
            self._ask("DELETE", f"/api/ordering/{order}", {"reason": "changed my mind"}, who=me)
        elif fate == "early":
            self._ask("PUT", f"/api/payments/invoices/{order}/pay", {}, who=me)
        self._look(order)
        if fate != "cancels":
            self._collect(order)
        if fate == "late":
            self._pause(10, 60)
            self._look(order)
            self._ask("PUT", f"/api/payments/invoices/{order}/pay", {}, who=me)
        for _ in range(3):
            self._look(order)

    def _until_assigned(self, order: str) -> None:
        """Look at the order every few seconds until a robot has its list, and payments its invoice."""
        while True:
            goods = self.cloud.request("GET", f"/api/depot/shopping/{order}", who=CLERK)
            invoice = self.cloud.request("GET", f"/api/payments/invoices/{order}", who=CLERK)
            if goods.status == invoice.status == 200 and goods.body["list"]["botId"]:
                return
            self._look(order)

    def _collect(self, order: str) -> None:
        path = f"/api/depot/shopping/{order}"
        goods = self._ask("GET", path)["list"]
        bot, assigned = f"bot:{goods['botId']}", {"assignment": goods["assignment"]}
        store, product = self._product
        picked = assigned | {"storeId": store, "productId": product, "quantity": 2}
        for step, sent in (("start", assigned), ("pick", picked), ("complete", assigned)):
            self._pause(5, 40)
            self._ask("PUT", f"{path}/{step}", sent, who=bot)
            self._look(order)

    def _look(self, order: str) -> None:
        """Ask why the order waits, at a moment of the seconds that follow."""
        self._pause(0, self.choices.pick((0.3, 1.0, 3.0, 20.0), "how soon an operator looks"))
        found = why(facts.gather(self.tool, order))
        self.asked.said[_kind(found)] += 1
        if found.blames:
            self.asked.blamed.append(f"{found.sentence} (blames {found.blames})")

    def _pause(self, low: float, high: float) -> None:
        self.cloud.sleep(self.choices.seconds(low, high, "a pause"))

    def _ask(self, method: str, path: str, body: Any = None, who: str = CLERK) -> Json:
        headers = {"Idempotency-Key": self.cloud.new_id()} if method != "GET" else {}
        answer = self.cloud.request(method, path, body, headers, who=who)
        assert answer.status == 200, f"{method} {path}: {answer}"
        found: Json = answer.body
        return found


def _kind(found: Why) -> str:
    """A sentence without its names, times and numbers."""
    return re.sub(r"[0-9][^ ,;]*", "…", found.sentence)


def ask_about(runs: Iterable[tuple[int, int]]) -> Asked:
    """Malls of these seeds, each with so many orders."""
    total = Asked()
    for seed, orders in runs:
        total.add(HealthyMall(seed, orders).run())
    return total


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing was blamed."""
    parser = argparse.ArgumentParser(description="Healthy orders, asked why they wait.")
    parser.add_argument("--orders", type=int, default=20, help="how many orders (20)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each mall has the next (1)")
    parser.add_argument("--jobs", type=int, default=1, help="processes at once (1)")
    options = parser.parse_args(arguments)
    sizes = [min(PER_MALL, options.orders - begun) for begun in range(0, options.orders, PER_MALL)]
    total = Asked()
    for found in _results([[(options.seed + n, size)] for n, size in enumerate(sizes)], options.jobs):
        total.add(found)
        print(f"{total.orders:,} orders, {len(total.blamed)} blamed", file=sys.stderr)
    for sentence, times in total.said.most_common():
        print(f"{times:>7,}  {sentence}")
    for sentence in total.blamed[:20]:
        print(f"BLAMED: {sentence}")
    asked, kinds = total.said.total(), len(total.said)
    print(json.dumps({"orders": total.orders, "asked": asked, "blamed": len(total.blamed), "kinds": kinds}))
    return 1 if total.blamed else 0


def _results(chunks: Sequence[list[tuple[int, int]]], jobs: int) -> Iterator[Asked]:
    if jobs <= 1:
        yield from map(ask_about, chunks)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap_unordered(ask_about, chunks)


if __name__ == "__main__":
    sys.exit(main())
