"""What one order costs at list prices: `python -m infra.order_cost`.

One customer orders two of a product, a robot collects them, the customer pays: the units are those that
tests/simulation/test_cost_of_an_order.py counts on a simulated cloud, at which nearly every batch has one message, and
KMS is asked once: a container asks once in five minutes, whatever number of orders that is. Not in it: what the order
costs to keep (TABLE_GB and BACKUP_GB in infra/prices.py), clients that look how things stand, text messages, and
tokens: a customer's session and what the authorizer asks come to about $3 a million (`make cost` counts them).
"""

import sys

from infra import access_log, prices
from infra.stages import STAGES

ORDER = {
    "http_requests": 6,
    "invocations": 76,
    "read_units": 82,
    "write_units": 111,
    "bus_entries": 31,
    "queue_requests": 160,
    "kms_requests": 1,
    "log_bytes": 17_122,
    "access_log_bytes": 6 * (len(access_log.line()) + 1),  # of the gateway, a line for each request
}
SECONDS = 0.02  # of an invocation, assumed: no call of AWS was timed here

# Of a robot for an order, that it reports by MQTT: rounded up. tests/simulation/test_cost_of_robots.py counts 20 for an
# order of three lines from three stores, from checkout to completion, and holds it below this.
STATES = 25
# A robot's reports come in; an order is published by HTTP, sent to the robot, and acknowledged by it, which AWS meters
# with MQTT 5 (https://aws.amazon.com/iot-core/pricing/additional-details/). Each report is taken by one rule. Not in
# it: what fleet and depot do with reports, which functions/fleet/README.md counts in commits and rows.
STREAM = {"mqtt_messages": STATES + 3, "rules": STATES, "rule_actions": STATES}
STREAM_PRICES = {
    "mqtt_messages": prices.MQTT_MESSAGE,
    "rules": prices.RULE,
    "rule_actions": prices.RULE_ACTION,
}

PRICES = {
    "http_requests": prices.HTTP_REQUEST,
    "invocations": prices.INVOCATION + SECONDS * STAGES["prod"].memory_mb / 1024 * prices.GB_SECOND,
    "read_units": prices.READ_UNIT,
    "write_units": prices.WRITE_UNIT,
    "bus_entries": prices.BUS_ENTRY,
    "queue_requests": prices.QUEUE_REQUEST,
    "kms_requests": prices.KEY_REQUEST,
    "log_bytes": prices.LOG_GB / 1e9,
    "access_log_bytes": prices.LOG_GB / 1e9,
}


def order_cost() -> dict[str, float]:
    """Dollars for a million orders, by kind of unit."""
    return {kind: 1e6 * count * PRICES[kind] for kind, count in ORDER.items()}


def stream_cost() -> dict[str, float]:
    """Dollars for a million orders more, where a robot collects by the robots' stream, by kind of unit."""
    return {kind: 1e6 * count * STREAM_PRICES[kind] for kind, count in STREAM.items()}


def robot_cost() -> float:
    """Dollars a month for a robot that is always connected, whatever it does."""
    return prices.MONTH_MINUTES * prices.CONNECTION_MINUTE


def main() -> int:
    costs, stream = order_cost(), stream_cost()
    print("one order: two of one product, 6 requests, nothing looked at (docs/performance.md has a larger one)")
    for kind, dollars in costs.items():
        print(f"{ORDER[kind]:8,} {kind.replace('_', ' '):16} ${dollars:7.2f}")
    print(f"{'':8} for 1,000,000 orders ${sum(costs.values()):7.2f}")
    print("more, where the robot reports by MQTT")
    for kind, dollars in stream.items():
        print(f"{STREAM[kind]:8,} {kind.replace('_', ' '):16} ${dollars:7.2f}")
    print(f"{'':8} for 1,000,000 orders ${sum(stream.values()):7.2f}, and ${robot_cost():.4f} a robot and month")
    return 0


if __name__ == "__main__":
    sys.exit(main())
