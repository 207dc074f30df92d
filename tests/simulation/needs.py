"""What one order needs of each part of the system, counted on a simulated cloud without faults.

What the schedules of a minute need in the same time is taken off.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from functions.insights.rows import SHARDS
from tests.simulation.cost import index_units, read_units, write_units
from tests.simulation.expressions import Item
from tests.simulation.sdk import Effect, Wire
from tests.simulation.test_cost_of_an_order import FaultFreeMall

ORDERS = 5
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DAY = re.compile(r"\d{4}-\d\d-\d\d$")
HOUR_AND_SHARD = re.compile(r"\d{4}-\d\d-\d\dT\d\d \d$")  # partitions of insights, among which orders are spread


@dataclass
class Needs:
    """What one order needs, by part; averages, so fractions.

    writes, reads: units by table or index. rising: write units by table or index and its partition key, of those keys
    that all orders share and whose sort keys rise with the time. calls: to AWS by function. received: messages by
    queue. requests: to the API. entries: on the bus. deliveries: of rules to queues. texts: sent to the customer.
    """

    writes: dict[str, float] = field(default_factory=dict)
    reads: dict[str, float] = field(default_factory=dict)
    rising: dict[tuple[str, str], float] = field(default_factory=dict)
    calls: dict[str, float] = field(default_factory=dict)
    received: dict[str, float] = field(default_factory=dict)
    requests: float = 0
    entries: float = 0
    deliveries: float = 0
    texts: float = 0


class Counting:
    """A mall in which orders are placed, one after the other, and what happens meanwhile is counted."""

    def __init__(self, mall: FaultFreeMall | None = None) -> None:
        self.mall = mall or FaultFreeMall(counting=False)
        self.counts: Counter[tuple[str, Any]] = Counter()
        self._before: dict[tuple[str, Any], Item] = {}
        # By table: the audit writes what the history does not record.
        self._transactions: defaultdict[str, list[bool]] = defaultdict(list)
        self._read_from = ""
        self._record, self._write = self.mall.cloud.history.record, self.mall.cloud.cost.write
        self.mall.cloud.history.record = self._recorded  # type: ignore[method-assign]
        self.mall.cloud.cost.write = self._written  # type: ignore[method-assign]
        self.mall.cloud.cost.read = self._counted_read  # type: ignore[method-assign]

    def needs(self) -> Needs:
        """Count what orders need beyond what the same time needs without any."""
        call, counts = Wire.call, self.counts

        def counted(wire: Wire, operation: str, target: str, effect: Effect) -> Any:
            counts["calls", wire._caller.name.rpartition("-")[0]] += 1

            def known() -> Any:
                self._read_from = target
                return effect()

            return call(wire, operation, target, known)

        Wire.call = counted  # type: ignore[method-assign]
        try:
            with_orders, without = self._run()
        finally:
            Wire.call = call  # type: ignore[method-assign]
        with_orders.subtract(without)
        return _needs({what: number / ORDERS for what, number in with_orders.items()})

    def _run(self) -> tuple[Counter[Any], Counter[Any]]:
        found: list[Counter[Any]] = []

        def work() -> None:
            cloud = self.mall.cloud
            self.mall.open()
            self.mall.order()  # the first one pays for what is asked for once
            begun = cloud.now()
            self.counts.clear()
            for _ in range(ORDERS):
                self.mall.order()
            cloud.sleep(-(cloud.now() - begun) % 60)  # whole minutes: as many schedules as in the time without orders
            found.append(self.counts.copy())
            self.counts.clear()
            cloud.sleep(cloud.now() - begun)
            found.append(self.counts.copy())

        task = self.mall.cloud.spawn(work)
        self.mall.cloud.run(3_600.0, enough=lambda: task.done)
        with_orders, without = found
        return with_orders, without

    def _written(self, *about: Any, table: str, transaction: bool = False) -> None:
        self._transactions[table].append(transaction)
        self._write(*about, table=table, transaction=transaction)

    def _counted_read(self, items: Any, *, consistent: bool, table: str) -> None:
        self.counts["reads", self._read_from] += read_units(items, consistent=consistent)  # type: ignore[assignment]

    def _recorded(self, kind: str, **fields: Any) -> None:
        self._record(kind, **fields)
        if kind in ("commit", "row", "vault"):
            table, key, item = fields["table"], tuple(fields["key"]), fields["item"]
            # The history has a commit unpacked; what counts is the item as it is stored.
            stored = self.mall.cloud.tables[table].items[key] if kind == "commit" else item
            self._count_write(table, key, stored, self._transactions[table].pop(0))
        elif kind == "received":
            self.counts["received", fields["queue"]] += 1
        elif kind == "routed":
            self.counts["deliveries", ""] += fields["copies"]
        elif kind == "effect" and fields["port"] == "texts":
            self.counts["texts", ""] += 1
        elif kind in ("request", "published"):
            self.counts["requests" if kind == "request" else "entries", ""] += 1

    def _count_write(self, table: str, key: tuple[Any, Any], item: Item, transaction: bool) -> None:
        there = self._before.get((table, key))
        self._before[table, key] = item
        units = write_units(there, item) * (2 if transaction else 1)
        self.counts["writes", table] += units
        self._count_key(table, key[0], str(key[1]), units)
        for names in self.mall.cloud._deployed.dynamodb.tables[table].index_keys:
            in_index, index = index_units(names, there, item), f"{table} {names[0].removesuffix('_partition')}"
            self.counts["writes", index] += in_index
            shown = [version for version in (there, item) if version and names[0] in version]
            for version in shown:  # of an entry that moves, half is the removal from where it was
                place = version[names[0]]["S"], version[names[1]]["S"]
                self._count_key(index, *place, in_index / len(shown))

    def _count_key(self, where: str, partition: str, sort: str, units: float) -> None:
        if HOUR_AND_SHARD.search(partition):
            partition, units = HOUR_AND_SHARD.sub("<hour> <shard>", partition), units / SHARDS
        if not ID.search(partition) and not ID.match(sort):
            self.counts["rising", (where, DAY.sub("<day>", partition))] += units  # type: ignore[assignment]


def _needs(each: dict[Any, float]) -> Needs:
    def of(kind: str) -> dict[Any, float]:
        found = {what: round(number, 1) for (which, what), number in each.items() if which == kind}
        return {what: number for what, number in sorted(found.items(), key=lambda one: -one[1]) if number > 0}

    single = {kind: of(kind).get("", 0.0) for kind in ("requests", "entries", "deliveries", "texts")}
    return Needs(of("writes"), of("reads"), of("rising"), of("calls"), of("received"), **single)
