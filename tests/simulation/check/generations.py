"""Read models have generations: which rows are read, and which belong to one that is built, or was read before.

A row of the generation N of a view has its partitions, in the table and in indexes, behind `gN/`; those of the first
have none. One row says which generation of each view is read. No invariant is here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Item = Mapping[str, dict[str, Any]]

# The views of each table that operators build anew here, with their partitions; those that end in a blank begin so.
# Left out are three of fourteen. The rows of `stages` and `timeline` of insights are judged while they are read
# (stages.py), and some depend on the order of messages or are sums that the service makes itself, so that those of two
# generations may rightly differ. Rows of `boards` of live expire ten minutes after their order's end, so that few are
# left to compare; its own simulation (../live) judges them. tests/flow/test_rebuilds.py rebuilds each of them.
VIEWS: dict[str, dict[str, tuple[str, ...]]] = {
    "baskets/views": {"baskets": ("baskets", "baskets of ", "stores", "products"), "customers": ("customers",)},
    "depot/views": {"depot": ("lists", "bots", "stores", "products")},
    "fleet/views": {"robots": ("robots",)},
    "insights/views": {"names": ("stores", "products")},
    "notifications/views": {"texts": ("texts to ",)},
    "ordering/views": {"unpaid": ("orders",)},
    "payments/views": {"orders": ("order ", "difference ", "differences"), "customers": ("customers",)},
    "search/views": {"orders": ("orders", "orders of ", "stores", "products")},
    "stores/views": {"catalogue": ("stores", "products")},
}
EACH = tuple((table, view) for table, views in VIEWS.items() for view in views)
POINTERS = ("generations", "pointers")

_PREFIX = re.compile(r"g(\d+)/")


def split(partition: str) -> tuple[int, str]:
    """The generation of a stored partition, and its name without."""
    found = _PREFIX.match(partition)
    return (int(found[1]), partition[found.end() :]) if found else (0, partition)


def view_of(table: str, partition: str) -> str:
    """The view of a table that has the rows of a partition, named without its generation; empty where none has."""
    for view, names in VIEWS.get(table, {}).items():
        if any(partition.startswith(name) if name.endswith(" ") else partition == name for name in names):
            return view
    return ""


def pointer(view: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the row of generations of a table says of a view."""
    found: dict[str, Any] = (data or {}).get("views", {}).get(view, {})
    return found


def live(table: str, data: Mapping[str, Any] | None) -> dict[str, int]:
    """Which generation of each view of a table is read, as the row of generations says."""
    return {view: int(pointer(view, data).get("live", 0)) for view in VIEWS.get(table, {})}


def without_prefix(item: Item) -> dict[str, dict[str, Any]]:
    """An item as one of the first generation."""
    return {
        name: {"S": split(value["S"])[1]} if name == "partition" or name.endswith("_partition") else value
        for name, value in item.items()
    }


def of_generation(table: str, view: str, items: Iterable[Item], generation: int) -> Iterator[dict[str, dict[str, Any]]]:
    """The rows of a view of a table in one of its generations."""
    for item in items:
        number, partition = split(item["partition"]["S"])
        if number == generation and view_of(table, partition) == view:
            yield without_prefix(item)


def read_now(table: str, items: Iterable[Item], live: Mapping[str, int]) -> Iterator[Item]:
    """The rows of a table as they are read: those of the generations that are read, and those of no view."""
    known = list(items)
    for view, generation in live.items():
        yield from of_generation(table, view, known, generation)
    for item in known:
        number, partition = split(item["partition"]["S"])
        if number == 0 and not view_of(table, partition):
            yield item
