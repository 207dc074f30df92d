"""What the mall costs at a pace: `make cost ORDERS=1000000 PER_SECOND=0.4`.

Orders are placed on a simulated cloud at that pace; what its call log holds is priced by infra/prices.py, beside what
a month costs. The last line is JSON, of a million orders; units are of one.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from infra.idle_cost import templates_of
from infra.order_cost import stream_cost
from infra.stages import STAGES
from tests.bench import latency
from tests.cost import bill as lines
from tests.cost.bill import MILLION, Bill, bill
from tests.cost.flow import GATHERERS, MOST_GATHERERS, Run, run
from tests.cost.month import METRICS, connected, fixed
from tests.cost.other_ways import durable_functions, polling_outbox, step_functions
from tests.cost.receives import more_of_arrivals
from tests.cost.recount import recount
from tests.cost.streamed import StreamedOrders
from tests.cost.watched import Lines

SAMPLES = 20_000  # of the time from checkout to approved
LEFT_OUT = "text messages, the payment provider, kept logs, data that leaves AWS"
FLOW_LEAVES_OUT = (lines.LOGS, lines.ARCHIVE, lines.STORED, lines.RECOVERY)
COUNTED = {
    "write_units": (lines.WRITES, lines.INDEXES, lines.REFUSED),
    "read_units": (lines.READS,),
    "bus_entries": (lines.ENTRIES,),
    "queue_requests": (lines.REQUESTS, lines.FIFO),
    "invocations": (lines.INVOCATIONS,),
}


def show(title: str, usd: Lines, by: int) -> float:
    """Print dollars by service (0) or line (1), the largest first; the sum."""
    sums = dict.fromkeys((what[by] for what in usd), 0.0)
    for what, dollars in usd.items():
        sums[what[by]] += dollars
    print(f"\n{title}")
    for name, dollars in sorted(sums.items(), key=lambda one: -one[1]):
        print(f"${dollars:9.2f}  {name}")
    total = sum(sums.values())
    print(f"${total:9.2f}  in all")
    return total


def show_counts(counted: Run, billed: Bill) -> None:
    """Print the units of an order, counted in two ways."""
    again = recount(counted)
    print(f"{counted.orders:.1f} orders in {counted.seconds:.0f} s, of {counted.requests} requests; units of one order")
    for kind, of in COUNTED.items():
        units = billed.of(*of)
        print(f"{units:9.1f}  {kind.replace('_', ' '):16} {100 * (again[kind] / units - 1):+.1f} % counted otherwise")


def calls_of(billed: Bill) -> float:
    """Dollars of a million orders that the target is about: of their calls alone."""
    return sum(dollars for (_, line), dollars in billed.usd().items() if line not in FLOW_LEAVES_OUT)


def logs_of(billed: Bill) -> float:
    """Dollars of what a million orders log."""
    return MILLION * billed.of(lines.LOGS) * lines.PRICES[lines.LOGS]


def kilobytes_of(counted: Run) -> float:
    """What an order leaves."""
    return sum(counted.left.bytes.values()) / 1024


def show_ends(counted: Run, memory: int, what: str) -> float:
    """Print what the calls cost at best and at most, by how often Lambda receives; dollars of a million at best."""
    best = calls_of(bill(counted, memory))
    print(f"${best:9.2f}  {what}, a receive for each batch that is gathered;")
    print(f"${best + more_of_arrivals(counted):9.2f}  at most: a receive for each message that arrives by itself")
    return best


def show_flow(counted: Run, per_second: float, orders: int, memory: int) -> float:
    """Print what the flow costs, also with most gatherers, and by the stream: dollars of a million of the last."""
    show_ends(counted, memory, "its calls: without logs, archive, storage, month and who is connected")
    most = f"where each window gathers {MOST_GATHERERS} batches at a time, and not {GATHERERS} as above"
    show_ends(run(per_second, orders, MOST_GATHERERS), memory, most)
    show_ends(run(per_second, orders, MOST_GATHERERS, StreamedOrders), memory, f"by robots on the stream, {most}")
    streamed, broker = run(per_second, orders, of=StreamedOrders), sum(stream_cost().values())
    usd = show_ends(streamed, memory, f"by robots on the stream, whose queue gathers {MOST_GATHERERS}")
    print(
        f"{'':11} and ${broker:.2f} of the broker; ${logs_of(bill(streamed, memory)):.2f} of logs and"
        f" {kilobytes_of(streamed):.1f} KB left"
    )
    return usd


def summary(
    counted: Run, billed: Bill, usd: float, provisioned: float, streamed: float, month: Lines
) -> dict[str, float]:
    """The last line."""
    return {
        "usd_per_million": round(usd, 2),
        "flow_usd_per_million": round(calls_of(billed), 2),
        "flow_streamed_usd_per_million": round(streamed, 2),
        "provisioned_usd": round(provisioned, 2),
        "logs_usd": round(logs_of(billed), 2),
        "metrics_usd_month": round(sum(dollars for (_, what), dollars in month.items() if what == METRICS), 2),
        "stored_kb": round(kilobytes_of(counted), 1),
        **{kind: round(billed.of(*of), 1) for kind, of in COUNTED.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cost")
    parser.add_argument("--orders", type=float, default=1e6, help="of a month, by which what is fixed is divided")
    parser.add_argument("--per-second", type=float, default=0.4, help="the pace of the run")
    parser.add_argument("--counted", type=int, default=100, help="orders that are counted; others begin before")
    parser.add_argument("--memory", type=int, default=STAGES["prod"].memory_mb, help="of each function, MB")
    given = parser.parse_args()
    counted = run(given.per_second, given.counted)
    billed = bill(counted, given.memory)
    with tempfile.TemporaryDirectory() as folder:
        month = fixed(templates_of(STAGES["prod"], Path(folder)), STAGES["prod"], counted, given.memory)
    show_counts(counted, billed)

    of_orders = billed.usd() | connected(given.memory)
    show("a million orders, by service", of_orders, 0)
    by_use = show("a million orders, by line", of_orders, 1)
    show("a month, by service", month, 0)
    a_month = show("a month, by line", month, 1)
    usd = by_use + a_month * MILLION / given.orders
    provisioned = usd + sum(billed.usd(provisioned=True).values()) - sum(billed.usd().values())
    print(f"\n${usd:9.2f}  a million orders at {given.orders:,.0f} a month, without {LEFT_OUT}")
    streamed = show_flow(counted, given.per_second, given.counted, given.memory)
    p50, p99 = (latency.percentile(latency.at_once(SAMPLES), of_100) / 1_000 for of_100 in (50, 99))
    print(f"{p50:10.2f} s from checkout to approved, p50, and {p99:.2f} s p99, by published latencies (make bench)")
    print(f"${provisioned:9.2f}  likewise, with provisioned capacity of tables of which {lines.USE:.0%} is used")
    ways = {
        "as it is": sum(billed.usd().values()),
        "polling outbox, an item an event": sum(polling_outbox(counted, billed, given.orders).values()),
        "Step Functions as the saga": sum(step_functions(counted, billed).values()),
        "Lambda durable functions as the saga": sum(durable_functions(counted, billed, given.memory).values()),
    }
    print("\na million orders by other ways, without who is connected and what a month costs")
    for way, dollars in ways.items():
        print(f"${dollars:9.2f}  {way}")
    print(json.dumps(summary(counted, billed, usd, provisioned, streamed, month)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
