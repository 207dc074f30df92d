"""The same flow by other ways, priced from their published units: what was counted of a run, with one part exchanged.

**A polling outbox with an item for each event.** A command's events, its outgoing messages and the inbox's record are
items of one transaction; a poller of each service queries an index of what is not sent, publishes, and deletes it.
Rows, messages and consumers are as they are; the relays are gone. The pollers look once a second, in the smallest
function (128 MB) that always runs: schedules begin at a minute.

**Step Functions.** A Standard workflow an order is the saga: a state that starts, one for each stage, one for each
command (which waits for a callback with a task token), and one that ends; an Express workflow lives five minutes, and
has no callbacks. The service `checkout` is gone; its commands are entries on the bus still, its replies are calls of
SendTaskSuccess, which cost nothing.
https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html

**Lambda durable functions.** A durable function an order is the saga: its start; of each command a step that sends it
and a callback; a wait for each stage's timeout. It is invoked again for each callback. What it writes is kept for 14
days.
https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
"""

import json
from collections.abc import Iterator
from math import ceil
from typing import Any

from infra import prices
from tests.cost import bill as lines
from tests.cost.bill import CPU, MILLION, VCPU_MB, WAIT, Bill
from tests.cost.flow import Run
from tests.simulation.cost import text_size

KB = 1024
SAGA = "checkout"
STAGES = 2  # of the saga: what is asked at once, and then the approval with the start of the collection
RECORD = 100  # bytes of an inbox's record
HEADER = 150  # bytes of an item's keys, beside an event or a message
SMALLEST_MB = 128
DURABLE_DAYS = 14  # https://docs.aws.amazon.com/lambda/latest/dg/durable-configuration.html


def polling_outbox(run: Run, billed: Bill, orders_a_month: float) -> dict[str, float]:
    """Dollars of a million orders, by line, of a polling outbox with an item for each event."""
    written, services = 0, set()
    for fields in _of(run, "commit"):
        services.add(fields["table"])
        events = sum(map(_units, _sizes(fields["item"], "events")))
        messages = sum(map(_units, _sizes(fields["item"], "messages")))
        written += 2 * (events + messages + _units(RECORD))  # in one transaction
        written += 3 * messages  # put into the index of what is not sent; deleted there and in the table
    usd = _summed(billed)
    usd[lines.WRITES] += MILLION * (written / run.orders) * prices.WRITE_UNIT - _usd_of_commits(run)
    relays = sum(call.units for call in run.calls if call.where.endswith("/relay")) / run.orders
    usd[lines.INVOCATIONS] -= MILLION * relays * prices.INVOCATION
    month = prices.MONTH_MINUTES * 60
    share = MILLION / orders_a_month
    usd["pollers: reads"] = share * len(services) * month * 0.5 * prices.READ_UNIT
    usd["pollers: GB-seconds"] = share * len(services) * month * SMALLEST_MB / 1024 * prices.GB_SECOND
    return usd


def step_functions(run: Run, billed: Bill) -> dict[str, float]:
    """Dollars of a million orders, by line, of a Standard workflow as the saga."""
    commands, replies = _commands(run), _replies(run)
    usd = _summed(billed.without(SAGA))
    usd[lines.ENTRIES] += MILLION * (commands - replies) * prices.BUS_ENTRY  # commands by the workflow; no replies
    usd["Step Functions transitions"] = MILLION * (2 + STAGES + commands) * prices.STATE_TRANSITION
    return usd


def durable_functions(run: Run, billed: Bill, memory_mb: int) -> dict[str, float]:
    """Dollars of a million orders, by line, of a durable function as the saga."""
    commands, replies = _commands(run), _replies(run)
    usd = _summed(billed.without(SAGA))
    usd[lines.ENTRIES] += MILLION * (commands - replies) * prices.BUS_ENTRY
    invoked = 1 + replies
    seconds = invoked * (commands * WAIT + CPU * VCPU_MB / memory_mb)
    usd[lines.INVOCATIONS] += MILLION * invoked * prices.INVOCATION
    usd[lines.SECONDS] += MILLION * seconds * memory_mb / 1024 * prices.GB_SECOND
    usd["durable operations"] = MILLION * (1 + 2 * commands + STAGES) * prices.DURABLE_OPERATION
    routed = {one["entry"] for one in _of(run, "routed") if one["queue"] == f"{SAGA}/inbox"}
    said = (one for one in _of(run, "published") if one["entry"] in routed or one["service"].endswith(SAGA))
    sizes = [text_size(json.dumps(one["detail"])) for one in said]
    gigabytes = sum(sizes) / run.orders / 1e9
    usd["durable data"] = MILLION * gigabytes * (prices.DURABLE_GB + prices.DURABLE_GB_MONTH * DURABLE_DAYS / 30)
    return usd


def _of(run: Run, kind: str) -> Iterator[dict[str, Any]]:
    return (fields for _, found, fields in run.history if found == kind)


def _sizes(item: dict[str, Any], part: str) -> Iterator[int]:
    return (HEADER + text_size(json.dumps(one)) for one in json.loads(item.get(part, {"S": "[]"})["S"]))


def _units(size: int) -> int:
    return max(1, ceil(size / KB))


def _summed(billed: Bill) -> dict[str, float]:
    usd: dict[str, float] = {}
    for (_, line), dollars in billed.usd().items():
        usd[line] = usd.get(line, 0.0) + dollars
    return usd


def _usd_of_commits(run: Run) -> float:
    units = sum(one.units for one in run.calls if one.kind == "write_units" and one.where.endswith("/events"))
    return MILLION * units / run.orders * prices.WRITE_UNIT


def _commands(run: Run) -> float:
    """The commands of the saga, of one order."""
    sources: list[str] = [one["detail"]["metadata"]["source"] for one in _of(run, "published")]
    return sum(source.endswith(SAGA) for source in sources) / run.orders


def _replies(run: Run) -> float:
    """What answers the saga, of one order: all that comes to its service but the event with which it begins."""
    queues: list[str] = [one["queue"] for one in _of(run, "routed")]
    return queues.count(f"{SAGA}/inbox") / run.orders - 1
