"""What one order costs at list prices: `python -m infra.order_cost`.

One customer orders two of a product, a robot collects them, the customer pays: the units are those that
tests/simulation/test_cost_of_an_order.py counts on a simulated cloud, at which nearly every batch has one message, and
KMS is asked once: a container asks once in five minutes, whatever number of orders that is. Not in it: what the order
costs to keep (TABLE_GB and BACKUP_GB in infra/prices.py), and clients that look how things stand.
"""

import sys

from infra import prices
from infra.stages import STAGES

ORDER = {
    "http_requests": 6,
    "invocations": 112,
    "read_units": 101,
    "write_units": 146,
    "bus_entries": 31,
    "queue_requests": 251,
    "kms_requests": 1,
    "log_bytes": 28_584,
}
SECONDS = 0.02  # of an invocation, assumed: no call of AWS was timed here

PRICES = {
    "http_requests": prices.HTTP_REQUEST,
    "invocations": prices.INVOCATION + SECONDS * STAGES["prod"].memory_mb / 1024 * prices.GB_SECOND,
    "read_units": prices.READ_UNIT,
    "write_units": prices.WRITE_UNIT,
    "bus_entries": prices.BUS_ENTRY,
    "queue_requests": prices.QUEUE_REQUEST,
    "kms_requests": prices.KEY_REQUEST,
    "log_bytes": prices.LOG_GB / 1e9,
}


def order_cost() -> dict[str, float]:
    """Dollars for a million orders, by kind of unit."""
    return {kind: 1e6 * count * PRICES[kind] for kind, count in ORDER.items()}


def main() -> int:
    costs = order_cost()
    print("one order: two of one product, 6 requests, nothing looked at (docs/performance.md has a larger one)")
    for kind, dollars in costs.items():
        print(f"{ORDER[kind]:8,} {kind.replace('_', ' '):16} ${dollars:7.2f}")
    print(f"{'':8} for 1,000,000 orders ${sum(costs.values()):7.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
