"""What an invocation consumes of AWS, counted at the SDK's clients and printed when it ends.

Where to see it: the stage setting `meter` (infra/stages.py; on for `local`, off for `dev` and `prod`) gives every
function MALLBOTS_METER=1. Each invocation then prints one line to its log, such as

    {"meter": {"invocations": 1, "write_units": 1.0}, "service": "stores", "work": "POST /api/stores"}

infra/local/cost.py adds these lines up, and `make demo` ends with a table of the sums for one order.

Counted: hooks on each client that the composition makes ask DynamoDB to return the consumed capacity of each call, and
count it, the entries that the bus accepted, the requests to queues, and the invocations of other functions. The line
adds the invocation itself, and what SQS bills for the batch that it was given. With the setting off, no hook is
registered.

Not counted: calls that fail. DynamoDB bills a refused conditional write too, but its error does not say how much (the
simulated cloud counts it: tests/simulation/cost.py). A payload above 64 KB, which AWS bills as several entries or
requests, counts as one. A client that a service makes for itself (SNS) has no hooks.
"""

import json
import os
import sys
from collections import defaultdict
from threading import Lock
from typing import Any

READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})

_counts: defaultdict[str, float] = defaultdict(float)
_counting = Lock()


def on() -> bool:
    """Whether this function counts."""
    return os.environ.get("MALLBOTS_METER") == "1"


def watch(client: Any) -> None:
    """Count what the calls of this client consume from now on."""
    events = client.meta.events
    events.register("before-parameter-build.dynamodb", _ask_for_capacity)
    events.register("after-call.dynamodb", _count_capacity)
    events.register("after-call.eventbridge.PutEvents", _count_entries)
    events.register("after-call.sqs", _count_request)
    events.register("after-call.lambda.Invoke", _count_invocation)


def _ask_for_capacity(params: dict[str, Any], model: Any, **_: Any) -> None:
    if "ReturnConsumedCapacity" in model.input_shape.members:
        params["ReturnConsumedCapacity"] = "TOTAL"


def _count_capacity(parsed: dict[str, Any], model: Any, **_: Any) -> None:
    consumed = parsed.get("ConsumedCapacity") or []
    tables = consumed if isinstance(consumed, list) else [consumed]
    _count("read_units" if model.name in READS else "write_units", sum(t.get("CapacityUnits", 0) for t in tables))


def _count_entries(parsed: dict[str, Any], **_: Any) -> None:
    _count("bus_entries", sum("EventId" in entry for entry in parsed.get("Entries", [])))


def _count_request(parsed: dict[str, Any], **_: Any) -> None:
    _count("queue_requests", "Error" not in parsed)


def _count_invocation(parsed: dict[str, Any], **_: Any) -> None:
    _count("invocations", "Error" not in parsed)


def _count(unit: str, units: float) -> None:
    with _counting:  # calls of several threads end at once
        _counts[unit] += units


def print_line(event: dict[str, Any]) -> None:
    """Print what was counted since the last line.

    `work` tells a client's looking (GET …, and the queries that follow from it) from what an order needs.
    """
    _counts["invocations"] += 1
    records = event.get("Records", [])
    if records and "receiptHandle" in records[0]:
        # SQS bills the sending of each message, and Lambda's receiving and deleting of the batch.
        _counts["queue_requests"] += sum(not _is_own(record.get("body", "")) for record in records) + 2
    line = {"meter": take(), "service": os.environ["MALLBOTS_SERVICE"], "work": _work_of(event)}
    sys.stdout.write(json.dumps(line) + "\n")


def _work_of(event: dict[str, Any]) -> str:
    """The route, the name of the query, or `message`."""
    return str(event.get("routeKey") or event.get("query") or "message")


def _is_own(body: str) -> bool:
    """Whether a function sent this message, which counted that: a timer has no source, as what a rule sends has."""
    try:
        content = json.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and "detail" in content and "source" not in content


def take() -> dict[str, float]:
    """What was counted since the last call: units by kind, without zeros."""
    counted = {what: units for what, units in sorted(_counts.items()) if units}
    _counts.clear()
    return counted
