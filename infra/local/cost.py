"""What orders cost: the sums of the lines that functions/kernel/composition/cost.py prints into the functions' logs."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from events.queries import MessagesFound, Query
from functions.kernel.composition.cost import ROBOTS, SCHEDULE, SOCKET
from infra.local.cloud import LocalCloud
from infra.names import OPERATIONS
from infra.order_cost import PRICES

REQUESTS = "http_requests"
LABELS = {
    "invocations": "function invocations",
    "write_units": "DynamoDB write units",
    "read_units": "DynamoDB read units",
    "bus_entries": "bus entries",
    "queue_requests": "queue requests",
    REQUESTS: "requests to the API",
}
# What a timeline asks of the owners of its messages: the demo does so all the time, an order never.
OF_TIMELINES = frozenset(one.__name__ for one in Query[MessagesFound].__subclasses__())
GATEWAY = "gateway"  # the service of the authorizer
HEARTBEAT = "PUT /api/depot/bots/{id}/online"


def cost(cloud: LocalCloud, since: float, robot: str) -> Counter[str]:
    """Units by kind since a time (seconds since 1970), of an order that a robot collects.

    Left out: the reading that clients did to see how things stand, and what the owners of a timeline's messages were
    asked for it; pages' sockets; heartbeats and messages of other robots; what schedules do, and operations. A batch
    that has any of these beside what is the order's counts whole, and so does a customer's token that is checked again,
    after a minute, because of a client's looking: by the 1 read that is asked of the owner.
    """
    total: Counter[str] = Counter()
    for line in _counted(cloud, since, robot):
        total.update(line["meter"])
        # The authorizer's invocation has the route of the request before which the gateway asked it.
        total[REQUESTS] += " /" in line["work"] and line["service"] != GATEWAY
    return total


def cents(units: Mapping[str, float]) -> float:
    """What these units cost in US cents, at list prices and with the functions of prod.

    Left out: logs, and what keeping the order costs; `make cost` has all.
    """
    return 100 * sum(number * PRICES[kind] for kind, number in units.items())


def _counted(cloud: LocalCloud, since: float, robot: str) -> Iterator[dict[str, Any]]:
    for line in _lines(cloud, since):
        if line["service"] != OPERATIONS and _is_of_order(line["work"], robot):
            yield line


def _is_of_order(work: str, robot: str) -> bool:
    if work.startswith(ROBOTS):
        return robot in work.removeprefix(ROBOTS).split(",")
    return not work.startswith(("GET ", SCHEDULE, SOCKET)) and work not in OF_TIMELINES and work != HEARTBEAT


def _lines(cloud: LocalCloud, since: float) -> Iterator[dict[str, Any]]:
    logs = cloud.client("logs")
    pages = logs.get_paginator("describe_log_groups").paginate()
    groups = [group["logGroupName"] for page in pages for group in page["logGroups"]]
    for group in groups:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=int(since * 1000))
        for event in (event for page in pages for event in page["events"]):
            for text in event["message"].splitlines():
                if text.startswith('{"meter"'):
                    yield json.loads(text)
