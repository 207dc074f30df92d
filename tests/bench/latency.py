"""From checkout to approval: a Monte Carlo over published latencies of AWS's hops.

Each hop's latency is lognormal through its published median and 99th percentile: AWS publishes none of its own.

| hop | p50, p99 (ms) | source |
|---|---|---|
| a table's stream → relay | 213, 552 | [1], DynamoDB Streams |
| bus → queue | 148, 387 | [1], EventBridge, of February 2023; measured bus → function |
| queue → function | 16.2, 105 | [1], SQS Standard |
| a handler, a relay at work | 18, 19 | assumed, alike in every hop: our calls and our CPU |

[1] https://bitesizedserverless.com/bite/serverless-messaging-latency-compared/ (eu-west-1, an idle system)

The path: BasketCheckedOut → ordering → OrderCreated → saga; the saga's commands and their replies; ApproveOrder →
ordering. The reply of customers is published at once, since it changes nothing there; all else goes through a stream.
"""

import math
import random
from typing import Any

STREAM, BUS, QUEUE = (213.0, 552.0), (148.0, 387.0), (16.2, 105.0)
HANDLER, RELAY = 18.0, 19.0
Z99 = 2.326  # of a normal distribution

Hop = float  # of one sample, in milliseconds


def measure(*, samples: int) -> dict[str, Any]:
    """`{"one_by_one_ms": [sorted samples], "at_once_ms": […], "asks_at_once": of this code}`."""
    draw = random.Random(1)
    return {
        "one_by_one_ms": sorted(_one_by_one(draw) for _ in range(samples)),
        "at_once_ms": at_once(samples),
        "asks_at_once": _asks_at_once(),
    }


def at_once(samples: int) -> list[float]:
    """Sorted samples of a saga that asks at once, in milliseconds."""
    draw = random.Random(1)
    return sorted(_at_once(draw) for _ in range(samples))


def _one_by_one(draw: random.Random) -> float:
    """Eleven hops, of which one begins without a stream."""
    return sum(_committed(draw) for _ in range(10)) + _delivered(draw)


def _at_once(draw: random.Random) -> float:
    """Customer, list and payment are asked by one commit; the last of the three replies is waited for."""
    asked = _streamed(draw)
    replies = (
        _delivered(draw) + _delivered(draw),  # customers
        _delivered(draw) + _committed(draw),  # depot
        _delivered(draw) + _committed(draw),  # payments
    )
    return sum(_committed(draw) for _ in range(5)) + asked + max(replies)


def _committed(draw: random.Random) -> Hop:
    """What a commit sends is handled."""
    return _streamed(draw) + _delivered(draw)


def _streamed(draw: random.Random) -> Hop:
    return _lognormal(draw, STREAM) + RELAY


def _delivered(draw: random.Random) -> Hop:
    return _lognormal(draw, BUS) + _lognormal(draw, QUEUE) + HANDLER


def _lognormal(draw: random.Random, published: tuple[float, float]) -> float:
    p50, p99 = published
    return draw.lognormvariate(math.log(p50), math.log(p99 / p50) / Z99)


def _asks_at_once() -> bool:
    """Whether this code's saga asks for the list before it has the customer's answer."""
    from tests.simulation.whole_order import WholeOrder

    published = [f["detail"]["metadata"] for f in _published(WholeOrder().place())]
    [created] = {one["id"] for one in published if one["name"] == "OrderCreated"}
    [asked] = {one["causation_id"] for one in published if one["name"] == "CreateShoppingList"}
    return bool(created == asked)


def _published(mall: Any) -> list[Any]:
    return [fields for _, kind, fields in mall.cloud.history.entries if kind == "published"]


def percentile(ordered: list[float], of_100: float) -> float:
    """Of sorted samples."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * of_100 / 100))]
