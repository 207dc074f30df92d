"""Read models have generations: which rows are read, and which belong to one that is built, or was read before.

A row of the generation N of a view has its partitions, in the table and in indexes, behind `gN/`; those of the first
have none. One row says which generation of each view is read. No invariant is here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Item = Mapping[str, dict[str, Any]]

# The views that operators build anew here, each with its partitions; those that end in a blank begin so.
VIEWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "baskets/views": ("baskets", ("baskets", "baskets of ", "stores", "products")),
    "depot/views": ("depot", ("lists", "bots", "stores", "products")),
    "notifications/views": ("texts", ("texts to ",)),
    "ordering/views": ("unpaid", ("orders",)),
    "search/views": ("orders", ("orders", "orders of ", "stores", "products")),
    "stores/views": ("catalogue", ("stores", "products")),
}
POINTERS = ("generations", "pointers")

_PREFIX = re.compile(r"g(\d+)/")


def split(partition: str) -> tuple[int, str]:
    """The generation of a stored partition, and its name without."""
    found = _PREFIX.match(partition)
    return (int(found[1]), partition[found.end() :]) if found else (0, partition)


def is_in_view(table: str, partition: str) -> bool:
    """Whether rows of a partition, named without its generation, are of the view of a table."""
    _, partitions = VIEWS.get(table, ("", ()))
    return any(partition.startswith(name) if name.endswith(" ") else partition == name for name in partitions)


def pointer(table: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the row of generations says of the view of a table."""
    view, _ = VIEWS.get(table, ("", ()))
    found: dict[str, Any] = (data or {}).get("views", {}).get(view, {})
    return found


def without_prefix(item: Item) -> dict[str, dict[str, Any]]:
    """An item as one of the first generation."""
    return {
        name: {"S": split(value["S"])[1]} if name == "partition" or name.endswith("_partition") else value
        for name, value in item.items()
    }


def of_generation(table: str, items: Iterable[Item], generation: int) -> Iterator[dict[str, dict[str, Any]]]:
    """The rows of the view of a table in one of its generations."""
    for item in items:
        number, partition = split(item["partition"]["S"])
        if number == generation and is_in_view(table, partition):
            yield without_prefix(item)


def read_now(table: str, items: Iterable[Item], live: int) -> Iterator[Item]:
    """The rows of a table as they are read: those of the generation that is read, and those of no view."""
    known = list(items)
    yield from of_generation(table, known, live)
    for item in known:
        number, partition = split(item["partition"]["S"])
        if number == 0 and not is_in_view(table, partition):
            yield item
