"""What one more order needs when many are in the tables already: `make growth`.

| | |
|---|---|
| seeded | what one whole order (tests/simulation/whole_order.py) left, again and again under other ids, put into the simulated tables directly: each is the order of another customer, of the same products |
| left out | what has no order's, customer's or payment's id in its key, such as commits of the robot: tests/docs/growth.py lets streams grow |
| units | of the order that follows, by AWS's rules; they must be equal |
| CPU | of all its invocations through handlers and boto3, of which the network alone is canned; medians of rounds that alternate, and their quarters, which must overlap of the fewest and the most orders |
"""  # noqa: E501  (a table)

import gc
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache, partial
from statistics import median, quantiles

from tests.bench.recording import record
from tests.bench.replaying import Replay, replays
from tests.simulation.expressions import Item
from tests.simulation.tables import Key
from tests.simulation.whole_order import WholeOrder

ORDERS = (100, 1_000, 5_000)
ROUNDS = 25  # of 5, on a busy machine, the quarters are too narrow to overlap
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Items = dict[str, dict[Key, Item]]


class GrownMall(WholeOrder):
    """A mall in whose tables there are so many orders, in which another is placed."""

    def __init__(self, orders: int, begins: Callable[[], object] = lambda: None) -> None:
        left, known = _one_order()  # in a cloud of its own, before this one

        def grow() -> None:
            for name, table in self.cloud.tables.items():
                table.replace({**table.items, **_as_others(left[name], known, orders)})
            begins()

        super().__init__(begins=grow)


@cache
def _one_order() -> tuple[Items, frozenset[str]]:
    """The items that an order put into each table, and the ids that were there before it."""
    before: Items = {}
    order = WholeOrder(begins=lambda: before.update(_items(order)))
    order.place()
    left = {name: {key: new[key] for key in new.keys() - before[name].keys()} for name, new in _items(order).items()}
    keys = (f"{partition} {sort}" for items in before.values() for partition, sort in items)
    return left, frozenset(found[0] for key in keys for found in _ID.finditer(key))


def _items(order: WholeOrder) -> Items:
    return {name: dict(table.items) for name, table in order.cloud.tables.items()}


def _as_others(left: dict[Key, Item], known: frozenset[str], orders: int) -> dict[Key, Item]:
    """The items of one order as those of so many others."""
    items: dict[Key, Item] = {}
    for number in range(orders):

        def renamed(text: str, number: int = number) -> str:
            return _ID.sub(lambda id: id[0] if id[0] in known else f"{number:08x}{id[0][8:]}", text)

        for key, item in left.items():
            partition, sort = renamed(key[0]), renamed(key[1]) if isinstance(key[1], str) else key[1]
            if (partition, sort) != key:
                items[partition, sort] = {
                    name: {"S": renamed(value["S"])} if "S" in value else value for name, value in item.items()
                }
    return items


def units(orders: int) -> dict[str, float]:
    """What one more order consumes."""
    return GrownMall(orders).place().units


def cpu_ms(sizes: Sequence[int], rounds: int) -> dict[int, list[float]]:
    """The milliseconds of CPU of one more order, of each round, by how many there are."""
    took: dict[int, list[float]] = {size: [] for size in sizes}
    _one_order()
    with ExitStack() as stack:
        again: dict[int, list[Replay]] = {}
        for size in sizes:
            again[size], _ = stack.enter_context(replays(record(partial(GrownMall, size))))
            _handle(again[size])  # makes clients, of this network, and models
        gc.freeze()  # the tables: else each collection looks through all of them
        stack.callback(gc.unfreeze)
        for number in range(rounds):
            for size in sizes if number % 2 else reversed(sizes):
                gc.collect()
                took[size].append(1_000 * _handle(again[size]))
    return took


def _handle(order: Sequence[Replay]) -> float:
    return sum(replay.through_handler(time.thread_time) for replay in order)


def overlap(some: Sequence[float], others: Sequence[float]) -> bool:
    """Whether the middle halves of two sets of samples have a value in common."""
    (first, last), (begin, end) = _quarters(some), _quarters(others)
    return first <= end and begin <= last


def _quarters(samples: Sequence[float]) -> tuple[float, float]:
    first, _, last = quantiles(samples, n=4, method="inclusive")
    return first, last


def main() -> int:
    """Print both; 1 where units differ, or where CPU does."""
    consumed = {size: units(size) for size in ORDERS}
    took = cpu_ms(ORDERS, ROUNDS)
    for size in ORDERS:
        shown = ", ".join(f"{count:g} {kind.replace('_', ' ')}" for kind, count in consumed[size].items())
        spread = "–".join(f"{quarter:.1f}" for quarter in _quarters(took[size]))
        print(f"{size:5,} orders in the tables: {shown}; {median(took[size]):.1f} ms of CPU ({spread})")
    equal = all(each == consumed[ORDERS[0]] for each in consumed.values())
    print("units are equal" if equal else "UNITS DIFFER")
    fewest, most = took[ORDERS[0]], took[ORDERS[-1]]
    flat = overlap(fewest, most)
    ratio = median(many / few for few, many in zip(fewest, most, strict=True))
    print(f"CPU of {ORDERS[-1]:,} over {ORDERS[0]:,}: {ratio:.2f}; quarters {'overlap' if flat else 'DO NOT OVERLAP'}")
    return 0 if equal and flat else 1


if __name__ == "__main__":
    sys.exit(main())
