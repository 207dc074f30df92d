"""One whole order on a simulated cloud without faults, as `make demo` places it: what it consumes, and what it leaves.

| | |
|---|---|
| flow | a customer registers, begins a basket with two of one product of each of three stores, authorizes a payment and checks out; a robot starts and picks the three at once; a clerk checks them in; the customer pays: 8 requests that write, each under an Idempotency-Key |
| pace | people's: 20 s between two requests, so that all that follows from one is over before the next |
| batches | as they come: nearly all of one message |
| left out | what would be without the order: the mall's own data, schedules, heartbeats; and clients' looks |

The figures are those of one seed: with another, messages arrive in another order and in other batches.
"""  # noqa: E501  (a table)

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from events.registry import language
from functions.kernel.runtime import clock
from tests.simulation.choices import Choices
from tests.simulation.cloud import A_CLERK, Cloud
from tests.simulation.containers import BEGIN
from tests.simulation.cost import index_units, item_size, write_units
from tests.simulation.deployment import Deployment
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults

PACE = 20.0  # seconds between two requests
A_KIOSK = "kiosk:the only one"
AFTERWARDS = 300.0  # seconds until the last reminder of an order is over
STORES = json.loads((Path(__file__).parents[2] / "infra/local/mall.json").read_text())["stores"][::2]


@dataclass
class Left:
    """What tables hold: items and entries of indexes, and their bytes, by table; and those of the items alone."""

    items: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    own_items: Counter[str] = field(default_factory=Counter)
    own_bytes: Counter[str] = field(default_factory=Counter)

    def since(self, before: "Left") -> "Left":
        """What came to be there since."""
        since = Left(*map(Counter, self.counters))
        for now, then in zip(since.counters, before.counters, strict=True):
            now.subtract(then)
        return Left(*(+one for one in since.counters))

    @property
    def counters(self) -> tuple[Counter[str], ...]:
        """All that is counted."""
        return self.items, self.bytes, self.own_items, self.own_bytes


class WholeOrder:
    """A mall in which one order is placed. units: what it consumed, by kind. left: what it left in the tables.

    begins: called when the mall is there, before the first request of the order. cold: its containers have yet to read
    which generations of read models there are. seed: of the order and the batches in which messages arrive. gatherers:
    of each queue with a window.
    """

    customer = ""

    def __init__(
        self, begins: Callable[[], object] = lambda: None, *, cold: bool = False, seed: int = 1, gatherers: int = 1
    ) -> None:
        choices = Choices(seed)
        with (
            patch.object(Deployment, "_schedules", lambda _deployment: None),  # they run for all orders together
            patch.multiple(Deployment, knows_generations=not cold, looks_always=0.0, gatherers=gatherers),
        ):
            self.cloud = Cloud(choices, Faults(choices))
        self.units: dict[str, float] = {}
        self.left = Left()
        self.requests = 0
        self._begins = begins

    def place(self) -> "WholeOrder":
        """Create the mall, and then the order, until nothing more follows from it."""
        task = self.cloud.spawn(self._work)
        self.cloud.run(3_600.0, enough=lambda: task.done)
        assert task.done
        return self

    def _work(self) -> None:
        products = [self._product(store) for store in STORES]
        self._ask("POST", "/api/customers", {"name": "Bo Lind", "smsNumber": "+15550101"})  # makes the year's key
        self._bring_a_robot(self._ask("POST", "/api/depot/bots", {"name": "Ajax"}))
        self.cloud.sleep(PACE)
        self._sum_up()
        before, self.requests = self._tables(), 0
        self._begins()
        self.cloud.cost.counting = True
        for method, path, body in self._deeds(products):
            self._ask(method, path, body)
            self.cloud.sleep(PACE)
        self.cloud.sleep(AFTERWARDS)
        self.cloud.cost.counting = False
        assert self.cloud.is_quiescent()
        self.units, self.left = self.cloud.cost.take(), self._tables().since(before)

    def _bring_a_robot(self, bot: str) -> None:
        """Bring a robot that is registered to work."""
        self.cloud.sleep(PACE)
        self._ask("PUT", f"/api/depot/bots/{bot}/online")

    def _sum_up(self) -> None:
        """Let insights sum up once, as it does each minute: what comes before it ever did is late."""
        timer = language().get("SumsDue")
        if timer is None:  # in a commit of before, which the bench compares with: it counted
            return
        begun = clock.stamp(BEGIN + timedelta(seconds=self.cloud.now()))
        tick = {"detail-type": timer.about.name, "version": timer.about.version, "time": begun}
        self.cloud.queues["insights/inbox"].send(json.dumps(tick), by="schedule")
        self.cloud.sleep(PACE)

    def _product(self, store: dict[str, Any]) -> tuple[str, str]:
        """Create a store and its first product; their ids."""
        id = self._ask("POST", "/api/stores", {"name": store["name"], "location": store["location"]})
        self._ask("PUT", f"/api/stores/{id}/participating")
        return id, self._ask("POST", f"/api/stores/{id}/products", store["products"][0])

    def _deeds(self, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        """The requests of an order, each once the one before was answered (its id is then in `self.id`)."""
        yield "POST", "/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"}
        customer = self.customer = self.id
        items = [{"productId": product, "quantity": 2} for _, product in products]
        yield "POST", "/api/baskets/withItems", {"customerId": customer, "items": items}
        order = self.id
        total = 2 * sum(store["products"][0]["price"] for store in STORES)
        yield "POST", "/api/payments", {"customerId": customer, "amount": round(total, 2)}
        yield "PUT", f"/api/baskets/{order}/checkout", {"paymentId": self.id}
        yield from self._collected(order, products)
        yield "PUT", f"/api/payments/invoices/{order}/pay", {}

    def _collected(self, order: str, products: list[tuple[str, str]]) -> Iterator[tuple[str, str, Any]]:
        """The requests by which the order is collected."""
        at_work = {"assignment": 1}
        yield "PUT", f"/api/depot/shopping/{order}/start", at_work
        picked = [{"storeId": store, "productId": product, "quantity": 2} for store, product in products]
        yield "PUT", f"/api/depot/shopping/{order}/pickItems", at_work | {"items": picked}
        yield "PUT", f"/api/depot/shopping/{order}/complete", at_work

    def _ask(self, method: str, path: str, body: Any = None) -> str:
        """Send a request as the clients do; the id in its answer, if it has one."""
        self.requests += 1
        headers = {"Idempotency-Key": self.cloud.new_id(), **self._token(path)}
        response = self.cloud.request(method, path, body or {}, headers, self._who(path))
        assert response.status == 200, f"{method} {path}: {response}"
        self.token = str(response.body.get("token", ""))
        self.id = str(response.body.get("id", ""))
        return self.id

    def _token(self, path: str) -> dict[str, str]:
        """The header by which the caller proves who it is; {}: the gateway is told."""
        return {}

    def _who(self, path: str) -> str:
        """Who asks for what is in the audit where staff do: a kiosk registers, and the customer pays. Else a clerk."""
        if path.startswith("/api/payments"):
            return f"customer:{self.customer}"
        return A_KIOSK if path == "/api/customers" else A_CLERK

    def _tables(self) -> Left:
        left = Left()
        for name, table in self.cloud.tables.items():
            for item in table.items.values():
                entries = sum(item.keys() >= {*index} for index in table.index_keys)
                left.items[name] += 1 + entries
                left.bytes[name] += item_size(item) * (1 + entries)
                left.own_items[name] += 1
                left.own_bytes[name] += item_size(item)
        return left


def kind_of(item: Item) -> str:
    """What kind of commit or row an item is: its partition, without ids, times, digests and numbers of shards."""
    partition: str = next(iter(item.values()))["S"]
    return re.sub(r"#.*| ?(?=[\d-]*\d)[0-9a-f:TZ-]{2,}| \d+$", "", partition)


def writes() -> Iterator[tuple[str, str, int, int, int]]:
    """Each write of the order: table, kind, bytes, and units of the item and of entries of indexes."""
    found: list[tuple[str, str, int, int, int]] = []
    order = WholeOrder()
    count = order.cloud.cost.write

    def written(before: Item | None, after: Item, indexes: Any, *, table: str, transaction: bool = False) -> None:
        count(before, after, indexes, table=table, transaction=transaction)
        if order.cloud.cost.counting:
            units = write_units(before, after) * (2 if transaction else 1)
            entries = sum(index_units(index, before, after) for index in indexes)
            found.append((table, kind_of(after or before or {}), item_size(after), units, entries))

    with patch.object(order.cloud.cost, "write", written):
        order.place()
    yield from found


def main() -> None:
    """Print what the order writes, by table and kind: commits and rows, and entries of indexes."""
    kinds: dict[tuple[str, str], list[tuple[int, int, int]]] = {}
    for table, kind, *sizes in writes():
        kinds.setdefault((table, kind), []).append((sizes[0], sizes[1], sizes[2]))
    print("| table | kind | writes | bytes | units of items | of indexes |\n|---|---|---|---|---|---|")
    for (table, kind), each in sorted(kinds.items()):
        largest, units, entries = max(size for size, _, _ in each), sum(u for _, u, _ in each), sum(e for *_, e in each)
        print(f"| {table} | {kind} | {len(each)} | {largest} | {units} | {entries} |")
    every = [one for each in kinds.values() for one in each]
    print(f"| all | | {len(every)} | | {sum(u for _, u, _ in every)} | {sum(e for *_, e in every)} |")


if __name__ == "__main__":
    main()
