"""One measure on the code of this folder: `python -m tests.bench.worker fold full` prints what it found, as JSON."""

import json
import sys
from collections.abc import Callable
from typing import Any

Measure = Callable[[], dict[str, Any]]


def measures(size: str) -> dict[str, Measure]:
    """The measures by name, each as large as the size says: `full`, or `small` to see that it runs."""
    full = size == "full"
    return {
        "fold": lambda: _module("folding").measure(rounds=21 if full else 2),
        "own_cpu": lambda: _module("own_cpu").measure(rounds=5 if full else 1),
        "cold_start": lambda: _module("cold_start").measure(functions=None if full else 2),
        "streams": lambda: _module("streams").measure(lengths=[10, 100, 1_000, 10_000] if full else [10, 40]),
        "order": _order,
        "latency": lambda: _module("latency").measure(samples=20_000 if full else 200),
    }


def _module(name: str) -> Any:
    from importlib import import_module

    return import_module(f"tests.bench.{name}")


def _order() -> dict[str, Any]:
    from tests.simulation.whole_order import WholeOrder

    order = WholeOrder().place()
    written = getattr(order.cloud.cost, "written", {})  # by table, since the commit that counts so
    return {
        "units": order.units,
        "bytes": order.left.bytes.total(),
        "items": order.left.items.total(),
        "bytes_by_table": dict(order.left.bytes),
        "written": {f"{table} {part}": units for (table, part), units in written.items() if units},
    }


if __name__ == "__main__":
    json.dump(measures(sys.argv[2])[sys.argv[1]](), sys.stdout)
