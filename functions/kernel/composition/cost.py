"""What an invocation consumes of AWS, counted at the SDK's clients and printed when it ends.

Where to see it: the stage setting `meter` (infra/stages.py; on for `local`, off for `dev` and `prod`) gives every
function MALLBOTS_METER=1. Each invocation then prints one line to its log, such as

    {"meter": {"invocations": 1, "write_units": 1.0}, "service": "stores", "work": "POST /api/stores"}

infra/local/cost.py adds these lines up, and `make demo` ends with a table of the sums for one order.

Counted: hooks on each client that the composition makes ask DynamoDB to return the consumed capacity of each call, and
count it, the entries that the bus accepted, the requests to queues, and the invocations of other functions. The line
adds the invocation itself, unless it is a query, which its asker has counted, and what SQS bills for the batch that it
was given: the sending of what no function sent, once, however often it is received; receiving, and deleting what did
not fail, ten in a request (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html).

Not counted: calls that fail. DynamoDB bills a refused conditional write too, but its error does not say how much (the
simulated cloud counts it: tests/simulation/cost.py). A payload above 64 KB, which AWS bills as several entries or
requests, counts as one. A client that a service makes for itself (SNS) has no hooks.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from threading import Lock
from typing import Any

READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})

RECEIVED_AT_ONCE = 10  # messages that SQS gives, or deletes, in one request
RAISED = object()  # what an invocation answered that ended with an error
SCHEDULE, SOCKET, ROBOTS = "schedule ", "socket ", "robots "  # how a work begins that is no request, query or message
BROKER = "broker"  # who speaks where the broker says that a robot came or went

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


def print_line(event: dict[str, Any], answer: object = None) -> None:
    """Print what was counted since the last line. answer: what the invocation answers, or RAISED.

    `work` tells what an order needs from a client's looking (GET …, and the queries that follow from it) and from what
    happens without orders: schedules, sockets of pages, other robots.
    """
    _counts["invocations"] += "query" not in event
    records = [record for record in event.get("Records", []) if "receiptHandle" in record]
    bodies = [_read(record.get("body", "")) for record in records]
    sent = sum(not _is_own(body) and _is_new(record) for record, body in zip(records, bodies, strict=True))
    _counts["queue_requests"] += sent + _requests(len(records)) + _requests(len(records) - _failures(answer, records))
    line = {"meter": take(), "service": os.environ["MALLBOTS_SERVICE"], "work": _work_of(event, bodies)}
    sys.stdout.write(json.dumps(line) + "\n")


def _work_of(event: dict[str, Any], bodies: Sequence[dict[str, Any]]) -> str:
    """What an invocation did, in words that infra/local/cost.py reads.

    The route, the name of the query, `schedule` and its timers, `socket` and its route, `robots` and who of them spoke,
    or `message`: also for a batch that has a timer beside messages.
    """
    if named := event.get("routeKey") or event.get("query"):
        return str(named)
    if route := event.get("requestContext", {}).get("routeKey"):
        return f"{SOCKET}{route}"
    if event.get("source") == "aws.events":
        return f"{SCHEDULE}{event.get('detail-type')}"
    if bodies and all(map(_is_tick, bodies)):
        return SCHEDULE + ",".join(sorted({body["detail-type"] for body in bodies}))
    if bodies and all("topic" in body for body in bodies):
        return ROBOTS + ",".join(sorted({str(body.get("robot", BROKER)) for body in bodies}))
    return "message"


def _requests(messages: int) -> int:
    return -(-messages // RECEIVED_AT_ONCE)


def _failures(answer: object, records: Sequence[object]) -> int:
    """How many messages of the batch stay in the queue."""
    if answer is RAISED:
        return len(records)
    return len(answer.get("batchItemFailures", ())) if isinstance(answer, dict) else 0


def _is_new(record: dict[str, Any]) -> bool:
    """Whether a message is received for the first time."""
    return int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)) == 1


def _is_own(body: dict[str, Any]) -> bool:
    """Whether a function sent this message, which counted that: a timer has no source, as what a rule sends has."""
    return "detail" in body and "source" not in body


def _is_tick(body: dict[str, Any]) -> bool:
    """Whether a schedule sent this message (infra/queues.py)."""
    return "detail-type" in body and "detail" not in body


def _read(body: str) -> dict[str, Any]:
    """A message's body; nothing where it is no JSON object."""
    try:
        content = json.loads(body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def take() -> dict[str, float]:
    """What was counted since the last call: units by kind, without zeros."""
    counted = {what: units for what, units in sorted(_counts.items()) if units}
    _counts.clear()
    return counted
