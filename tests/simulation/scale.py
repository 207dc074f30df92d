"""At how many orders a minute each part of the system stops, by what one order needs (needs.py).

    .venv/bin/python -m tests.simulation.scale

writes the tables of docs/scale.md. The limits are AWS's ([n]: the sources are listed there), or settings of the stage
`prod`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.messaging import sweep
from infra.stages import STAGES
from tests.simulation.deployment import ASKED
from tests.simulation.dispatching import A_CALL, BATCH, HINTS_PER_ORDER, orders_per_second, steady
from tests.simulation.needs import Counting, Needs

TARGET = 10_000  # orders a minute

DOCS = Path(__file__).parents[2] / "docs"
READS, PAGE = DOCS / "reads.md", DOCS / "scale.md"
BEGIN, END = "<!-- tables -->", "<!-- end of the tables -->"
PROD = STAGES["prod"]
PARTITION_WRITES = 1_000  # write units a second of one partition of a table or an index [1]
PARTITION_READS = 3_000  # read units a second [1]
NEW_TABLE_WRITES, NEW_TABLE_READS = 4_000, 12_000  # units a second of a table whose traffic was never higher [2]
TABLE_WRITES = 40_000  # write units a second of a table, a quota [2]
FIFO_SENDS = 300  # sends a second to a FIFO queue, one message each [3]
BUS_REQUESTS = {"eu-west-1": 10_000, "us-east-2": 2_400}  # PutEvents a second [4]
BUS_DELIVERIES = {"eu-west-1": 18_750, "us-east-2": 4_500}  # events matched to a rule's target, a second [4]
GATEWAY_REQUESTS = 10_000  # a second, a quota of the account [5]
LAMBDA_INSTANCES = 1_000  # at once, a quota of the account [6]
QUEUE_INSTANCES = 1_000  # of one function on one queue [7]
RELEASE = 3  # calls to void a payment that no order took: its stream is read, the commit is written, the row deleted
TEXT_PARTS = 100  # a second from one short code in the United States [8]


@dataclass(frozen=True)
class Ceiling:
    """Where a part stops: how many orders a second, where that comes from, and what to change then."""

    orders: float
    source: str
    change: str

    @property
    def row(self) -> str:
        """Its cells: source, orders a minute, and what to change."""
        orders = f"{self.orders * 60:,.0f}"
        return f"{self.source} | {orders if self.orders * 60 >= TARGET - 1 else f'**{orders}**'} | {self.change}"


RAISE = "have the quota raised"
WARM = "set its warm throughput; by itself it grows to twice its peak"
SHARDS = "spread the key over shards, and merge them when reading"
CHANGES = {
    "stages <hour> <shard>": "more `SHARDS` (`functions/insights/rows.py`)",
    "waiting lists": "a dispatcher for each part of the mall, with rows of its own",
    "idle bots": "the same",
}


def ceilings(service: str, needs: Needs) -> list[Ceiling]:
    """The ceilings of a service, the lowest first."""
    return sorted(_ceilings(service, needs), key=lambda ceiling: ceiling.orders)


def _ceilings(service: str, needs: Needs) -> Iterator[Ceiling]:
    for (where, key), units in needs.rising.items():
        if where.startswith(f"{service}/"):
            source = f"`{key}` in `{where}`, {units} write units an order: one partition, {PARTITION_WRITES:,} a second"
            yield Ceiling(PARTITION_WRITES / units, source, CHANGES.get(key, SHARDS))
    for table, units in needs.writes.items():
        if table.startswith(f"{service}/"):
            source = f"`{table}`, {units} write units an order: a new table takes {NEW_TABLE_WRITES:,} a second"
            yield Ceiling(NEW_TABLE_WRITES / units, source, WARM)
            source = f"`{table}`, {units} write units an order: a table's quota, {TABLE_WRITES:,} a second"
            yield Ceiling(TABLE_WRITES / units, source, RAISE)
    for table, units in needs.reads.items():
        if table.startswith(f"{service}/"):
            source = f"`{table}`, {units} read units an order: a new table takes {NEW_TABLE_READS:,} a second"
            yield Ceiling(NEW_TABLE_READS / units, source, WARM)
    for function, calls in needs.calls.items():
        if function.startswith(f"{service}/"):
            yield from _of_function(function, calls)
    if service == "depot":
        measured = steady()
        source = f"the one dispatcher, {measured.seconds * 1000:.0f} ms for {BATCH} messages of {measured.pairs} pairs"
        yield Ceiling(orders_per_second(measured.seconds), source, CHANGES["waiting lists"])
        source = f"its FIFO queue, {HINTS_PER_ORDER} messages an order: {FIFO_SENDS} sends a second"
        yield Ceiling(FIFO_SENDS / HINTS_PER_ORDER, source, "high throughput, with a group for each part of the mall")
    if service == "notifications":
        source = f"{needs.texts:.0f} texts an order: {TEXT_PARTS} a second from a US short code"
        yield Ceiling(TEXT_PARTS / needs.texts, source, "more numbers, or another carrier behind the port")


def _of_function(function: str, calls: float) -> Iterator[Ceiling]:
    service, _, part = function.partition("/")
    said = f"`{function}`, {calls} calls an order"
    if part == "api" and PROD.api_concurrency:
        source = f"{said}: {PROD.api_concurrency} instances"
        yield Ceiling(PROD.api_concurrency / (calls * A_CALL), source, "`api_concurrency`")
    elif part == "inbox" and any(one.queue == part and not one.window for one in manifest(service).inboxes):
        source = f"{said}: {PROD.concurrency} instances"
        yield Ceiling(PROD.concurrency / (calls * A_CALL), source, f"`concurrency`, {QUEUE_INSTANCES:,} at most")
    elif part == "relay":
        shards = NEW_TABLE_WRITES // PARTITION_WRITES
        instances = shards * PROD.parallel_relays
        source = f"{said}: {instances} instances, {PROD.parallel_relays} for each of {shards} shards"
        yield Ceiling(instances / (calls * A_CALL), source, "it grows with the table's partitions")


def of_all(needs: Needs) -> list[Ceiling]:
    """The ceilings of what all services share, the lowest first."""
    assert PROD.requests_per_second
    busy = sum(calls for function, calls in needs.calls.items() if not function.endswith("/api")) * A_CALL
    found = [
        Ceiling(
            PROD.requests_per_second / needs.requests,
            f"the gateway's throttle, {needs.requests:.0f} requests an order: {PROD.requests_per_second} a second",
            "`requests_per_second`",
        ),
        Ceiling(
            GATEWAY_REQUESTS / needs.requests,
            f"the gateway's quota, {needs.requests:.0f} requests an order: {GATEWAY_REQUESTS:,} a second",
            RAISE,
        ),
        Ceiling(
            (LAMBDA_INSTANCES - reserved()) / busy,
            f"Lambda, {busy:.2f} instances for an order a second: {LAMBDA_INSTANCES:,}, less {reserved()} reserved",
            RAISE,
        ),
    ]
    for region, limit in BUS_REQUESTS.items():
        source = f"the bus in {region}, {needs.entries:.0f} messages an order: {limit:,} requests a second of one"
        found.append(Ceiling(limit / needs.entries, source, RAISE))
    for region, limit in BUS_DELIVERIES.items():
        source = f"the bus in {region}, {needs.deliveries:.0f} deliveries an order: {limit:,} a second, then late"
        found.append(Ceiling(limit / needs.deliveries, source, RAISE))
    return sorted(found, key=lambda ceiling: ceiling.orders)


def reserved() -> int:
    """The instances of `prod` that functions have for themselves, and others cannot take."""
    rooms = [manifest(service) for service in services()]
    apis = sum((room.api is not None) + (room.socket is not None) for room in rooms) + 1  # and the gateway's own
    # The authorizer and each that it asks have as many as an API.
    return (PROD.api_concurrency or 0) * (apis + 1 + len(ASKED))


def beside_orders() -> list[tuple[str, str, float, str]]:
    """What no order needs, or few: part, source, how many a second, and what to change then."""
    page = READS.read_text()
    [found] = re.findall(r"`GET /api/stores/\{storeId\}/products` \| ([\d.]+) \|", page)
    assert PROD.api_concurrency
    assert PROD.requests_per_second
    reads, instances = float(found), PROD.api_concurrency / A_CALL
    of_a_store = f"pages of 50 products, {found} read units each"
    return [
        (
            "stores",
            f"{of_a_store}, of one store: one partition, {PARTITION_READS:,} a second",
            PARTITION_READS / reads,
            "a cache before the API: a catalogue changes seldom",
        ),
        ("stores", f"{of_a_store}: a new table takes {NEW_TABLE_READS:,} a second", NEW_TABLE_READS / reads, WARM),
        ("stores", f"pages, one call each: {PROD.api_concurrency} instances", instances, "`api_concurrency`"),
        (
            "customers",
            f"registrations, 2 calls each: {PROD.api_concurrency} instances",
            instances / 2,
            "`api_concurrency`",
        ),
        (
            "payments",
            f"payments that no order took, {RELEASE} calls each: {sweep.SECONDS} s of a sweep each minute",
            sweep.SECONDS / 60 / (RELEASE * A_CALL),
            "the sweep's steps side by side",
        ),
        (
            "gateway",
            "requests to all services: the stage's throttle",
            PROD.requests_per_second,
            "`requests_per_second`",
        ),
        ("gateway", "requests to all services: the account's quota", GATEWAY_REQUESTS, RAISE),
        (
            "gateway",
            f"requests for documents and unknown paths, of 5 ms: {PROD.api_concurrency} instances",
            instances,
            "`api_concurrency`",
        ),
    ]


def tables() -> Iterator[str]:
    """The lines of the tables of docs/scale.md."""
    needs = Counting().needs()
    yield "| part | ceiling | orders a minute | what to change then |"
    yield "|---|---|---|---|"
    for ceiling in of_all(needs):
        yield f"| all services | {ceiling.row} |"
    for service in services():
        for ceiling in ceilings(service, needs)[:3]:
            yield f"| {service} | {ceiling.row} |"
    yield ""
    yield "| part | ceiling | a minute | what to change then |"
    yield "|---|---|---|---|"
    for part, source, each_second, change in beside_orders():
        yield f"| {part} | {source} | {each_second * 60:,.0f} | {change} |"


def page() -> str:
    """The text of docs/scale.md with its tables as they are now."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return "\n".join([f"{before}{BEGIN}", "", *tables(), "", f"{END}{after}"])


def main() -> None:
    """Write the tables."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
