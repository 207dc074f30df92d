"""What traces cost: `python -m infra.trace_cost`. For a million orders, by how many of them are sampled.

An order that is not sampled costs nothing: a rule that does not match is not billed, nor is a delivery to a queue of
the same account (https://aws.amazon.com/eventbridge/pricing/). What a backend bills for spans is not in it.
"""

import sys

from infra import prices
from infra.stages import MEMORY_OF_HISTORY

SHARES = {"": 1.0, "0": 1 / 16, "00": 1 / 256}  # of orders, by how their ids begin (-c traced=)
# Of one order that is traced. Assumed: no call of AWS was timed or metered here.
REQUESTS = 3  # of the queue: sent, received and deleted, alone in its batch
QUERIES = 6  # invocations: of each owner of the order's streams
SECONDS, QUERY_SECONDS = 0.5, 0.2
QUERY_MB = 256
READ_UNITS = 15  # docs/reads.md
IDLE = prices.QUEUE_REQUEST * 5 * prices.MONTH_MINUTES * 60 / 20  # as infra/idle_cost.py counts a queue's polling
ALARM_METRICS = 4  # that alarms read: of one more function errors, throttles, chains; and what is given up


def of_one() -> float:
    """Dollars for one order that is traced."""
    seconds = SECONDS * MEMORY_OF_HISTORY + QUERIES * QUERY_SECONDS * QUERY_MB
    return (
        REQUESTS * prices.QUEUE_REQUEST
        + (1 + QUERIES) * prices.INVOCATION
        + seconds / 1024 * prices.GB_SECOND
        + READ_UNITS * prices.READ_UNIT
    )


def of_a_million(traced: str) -> float:
    """Dollars for a million orders, of which those are traced whose ids begin so."""
    return 1e6 * of_one() * SHARES[traced]


def idle() -> float:
    """Dollars a month while no order ends."""
    return IDLE + ALARM_METRICS * prices.ALARM_METRIC


def main() -> int:
    for traced, share in SHARES.items():
        print(f"${of_a_million(traced):6.2f}  for a million orders, of which 1 in {1 / share:.0f} is traced")
    print(f"${idle():6.2f}  a month without an order")
    return 0


if __name__ == "__main__":
    sys.exit(main())
