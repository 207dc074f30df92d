"""What one more commit and a load cost on streams of any length: the table of docs/adr/0034.

`python -m tests.docs.growth` prints it. Units by DynamoDB's rules (tests/simulation/cost.py), counted over 24 more
changes of a stream; every change has a cause, as those of messages and of requests under an Idempotency-Key.
"""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from time import process_time

from functions.depot import service as depot
from functions.depot.bot import Bot
from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.repository import Repository
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import clock, context, ids, runtime
from functions.kernel.runtime.commit import Cause, Commit
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.vault import RowWrite
from functions.stores import service as stores
from functions.stores.domain import Product
from tests.simulation.cost import item_size, read_units, write_units
from tests.support.runtime import memory_runtime

MORE = 24
LENGTHS = {"a product whose price changes": (10, 300, 10_000), "a robot that takes lists and finishes them": (10, 300)}
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE_BYTES = 1_048_576  # of a query; more would take another


class CountingStore(MemoryEventStore):
    """Commits in memory; what DynamoDB would bill for each call."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[int] = []
        self.read_units: list[float] = []

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        before = len(self.log)
        super().commit(*commits, beside=beside)
        self.written += [write_units(None, item) for item in self.log[before:]]

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        newest_first = reversed(self.items.get(stream, {}).values())
        while items := list(islice(newest_first, page)):
            assert sum(map(item_size, items)) < PAGE_BYTES
            self.read_units.append(read_units(items, consistent=True))
            yield from (from_item(item, messages=False) for item in items)
            page = min(page * 4, 1000)  # as DynamoEventStore does


@dataclass(frozen=True)
class Grown:
    """A stream of so many events: the units of one more commit, on average and at most, of a load, and its queries."""

    events: int
    mean: float
    most: int
    load: float
    queries: int


def _product(n: int) -> None:
    if n == 0:
        stores.products.create("id", lambda p: p.add(ids.new(), "USB charger", "charges what you have", "SKU-17", 1000))
    else:
        stores.products.change("id", lambda product: product.increase_price(1000 + n))


def _robot(n: int) -> None:
    def decide(bot: Bot) -> None:
        if bot.is_new:
            bot.register("Ajax")
        elif bot.status == "offline":
            bot.come_online()
        elif bot.status == "idle":
            bot.assign(ids.new(), n)
        else:
            bot.finish()

    depot.bots.create("id", decide)


STREAMS: dict[str, tuple[str, Repository[Product] | Repository[Bot], Callable[[int], None]]] = {
    "a product whose price changes": ("stores", stores.products, _product),
    "a robot that takes lists and finishes them": ("depot", depot.bots, _robot),
}


def grown(name: str) -> Iterator[Grown]:
    """The costs of a stream at each of its lengths."""
    service, repository, change = STREAMS[name]
    store, number = CountingStore(), iter(range(10**9))
    with ExitStack() as stack:
        stack.enter_context(clock.fixed(lambda: NOON))
        stack.enter_context(ids.fixed(lambda: str(uuid.UUID(bytes=hashlib.md5(b"%d" % next(number)).digest()))))
        for n in range(max(LENGTHS[name])):
            _caused(service, store, change, n)
            if n + 1 in LENGTHS[name]:
                yield _cost_of_more(service, store, repository, change, n + 1)


def _caused(service: str, store: MemoryEventStore, change: Callable[[int], None], n: int) -> None:
    cause = Cause(ids.new(), hashlib.sha256(b"%d" % n).hexdigest())
    with runtime.active(memory_runtime(service, store=store)), context.within(Context(cause=cause, actor="staff:mia")):
        change(n)


def _cost_of_more(
    service: str,
    store: CountingStore,
    repository: Repository[Product] | Repository[Bot],
    change: Callable[[int], None],
    length: int,
) -> Grown:
    tried = copy(store)
    tried.items, tried.log = {stream: dict(items) for stream, items in store.items.items()}, store.log[:]
    tried.written, loads = [], []
    for n in range(length, length + MORE):
        tried.read_units = []
        with runtime.active(memory_runtime(service, store=tried)):
            repository.load("id")
        loads.append(tried.read_units[:])
        _caused(service, tried, change, n)
    return Grown(
        events=length,
        mean=sum(tried.written) / MORE,
        most=max(tried.written),
        load=max(map(sum, loads)),
        queries=max(map(len, loads)),
    )


def without_snapshot() -> tuple[float, int, float]:
    """A load of a product of 10,000 events none of whose snapshots can be used: read units, queries, seconds of CPU."""
    store = CountingStore()
    with runtime.active(memory_runtime("stores", store=store)), clock.fixed(lambda: NOON):
        for n in range(10_000):
            _caused("stores", store, _product, n)
        raised: type[Product] = type("Product", (Product,), {"snapshot_schema": Product.snapshot_schema + 1})
        store.read_units, begun = [], process_time()
        assert Repository(raised, stores.products.publisher).load("id").aggregate.version == 10_000
        return sum(store.read_units), len(store.read_units), process_time() - begun


def table() -> str:
    """The table in Markdown."""
    lines = ["| a stream | of events | write units of one more commit | at most | read units of a load | queries |"]
    lines.append("|---|---|---|---|---|---|")
    for name in STREAMS:
        lines += [
            f"| {name} | {one.events:,} | {one.mean:.2f} | {one.most} | {one.load:g} | {one.queries} |"
            for one in grown(name)
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
    units, queries, seconds = without_snapshot()
    print(f"without a usable snapshot, 10,000 events: {units:g} read units, {queries} queries, {seconds:.2f} s of CPU")
