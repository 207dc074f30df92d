"""Decode and fold: the five events of an order of three items, ours against those of `eventsourcing` 9.5.6.

From the JSON texts that are stored to the aggregate, in one process, in rounds that alternate, in the time of the
thread on a CPU. `text`: our events from the text of one commit, without what else a commit holds, against the
library's own mapper on its five stored events. `load`: from the items that DynamoDB gives, four commits as they are
stored, with their messages and snapshots, which are decoded as far as a load does; no snapshot is used.
"""

import gc
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib import import_module
from typing import Any

from functions.kernel.eventstore import repository
from functions.kernel.eventstore.publish import Publisher
from functions.kernel.eventstore.repository import Repository
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime.runtime import active
from functions.ordering.domain import Order
from functions.ordering.items import Item, Shortage
from functions.ordering.publish import publishes
from tests.bench import theirs
from tests.bench.counting_table import CountingTable
from tests.support.runtime import memory_runtime

TIMES = 400  # of the five events, in each round
AT = "2026-01-05T09:00:00.000000Z"
ORDER = "8f6b2a70-52a5-4d0e-9a3e-0d6f3f0f7c11"
LIST = "6f1f7d26-9a0f-4b6e-a6b1-3f5b8a2f9c02"
ITEMS = tuple(
    Item(f"5a0e8f5c-0000-4000-8000-00000000000{n}", f"9d3c1b7e-0000-4000-8000-00000000000{n}", store, product, price, 2)
    for n, (store, product, price) in enumerate(
        [("Paper Lantern Books", "Star Chart", 1200), ("Volt & Wire", "Lamp", 350), ("Greenhouse", "Fern", 1890)]
    )
)
SHORT = (Shortage(ITEMS[0].store_id, ITEMS[0].product_id, 1),)
DEEDS: tuple[Callable[[Order], object], ...] = (
    lambda order: order.create("customer-1", "payment-1", ITEMS, AT),
    lambda order: order.approve(LIST, AT),
    lambda order: order.make_ready(LIST, SHORT, AT),
    lambda order: order.pay(),
)


def measure(*, rounds: int) -> dict[str, Any]:
    """`{"text_us": […], "text_theirs_us": […], "load_us": […]}`: of each round, microseconds an event."""
    ours, load, library = _text(), _load(), _theirs()
    for folded in (ours(), load(), library()):
        assert (folded.status, folded.ready, len(folded.items)) == ("completed", True, 3)
    found: dict[str, list[float]] = {"text_us": [], "text_theirs_us": [], "load_us": []}
    gc.collect()
    for _ in range(rounds):
        for name, fold in (("text_us", ours), ("text_theirs_us", library), ("load_us", load)):
            begun = time.thread_time()
            for _ in range(TIMES):
                fold()
            found[name].append((time.thread_time() - begun) * 1e6 / TIMES / 5)
    return found


def _text() -> Callable[[], Order]:
    table = CountingTable()
    with active(memory_runtime("ordering", store=DynamoEventStore(table, "orders"))):  # type: ignore[arg-type]
        Repository(Order, Publisher("ordering")).create(ORDER, lambda order: [deed(order) for deed in DEEDS])
        [commit] = Repository(Order, publishes).history(ORDER)
    stored = import_module(f"functions.kernel.eventstore.{'item' if _decodes_texts() else 'store'}")
    events = [[one.name, one.version, json.loads(_json(one.data))] for one in commit.events]
    text = json.dumps(events, separators=(",", ":"))
    assert len(events) == 5
    read = stored._first_events if _decodes_texts() else _read
    fold_one: Any = getattr(repository, "fold", None) or vars(repository)["_fold"]

    def fold() -> Order:
        order = Order(id=ORDER)
        for one in read(text):
            fold_one(order, one)
        return order

    return fold


def _read(text: str) -> Iterable[Any]:
    """As `from_item` reads events where each part of a commit is a text of its own."""
    from functions.kernel.runtime.commit import StoredEvent

    return tuple(StoredEvent(*event) for event in json.loads(text))


def _decodes_texts() -> bool:
    """Whether stored events are decoded from text at once; before, from data that `json` had decoded."""
    from functions.kernel.eventstore import codec

    return hasattr(codec, "from_text")


def _json(data: Any) -> Any:
    return json.dumps(data) if isinstance(data, dict) else bytes(data)


def _load() -> Callable[[], Order]:
    table = CountingTable()
    running = memory_runtime("ordering", store=DynamoEventStore(table, "orders"))  # type: ignore[arg-type]
    with active(running):
        for deed in DEEDS:
            Repository(Order, publishes).create(ORDER, deed)
    table.counting = False
    unknown_schema: type[Order] = type("Order", (Order,), {"snapshot_schema": -1})
    orders = Repository(unknown_schema, publishes)

    def fold() -> Order:
        with active(running):
            return orders.load(ORDER).aggregate

    return fold


def _theirs() -> Callable[[], theirs.Order]:
    mapped = theirs.mapper()
    order = theirs.Order("customer-1", "payment-1", [asdict(item) for item in ITEMS], AT)
    order.approve(LIST)
    order.make_ready([asdict(shortage) for shortage in SHORT], AT)
    order.pay()
    order.complete()
    stored = [mapped.to_stored_event(event) for event in order.collect_events()]
    assert len(stored) == 5
    return lambda: theirs.folded(mapped, stored)
