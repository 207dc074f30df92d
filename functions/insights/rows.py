"""The rows of stages: one for each basket or order that reached a stage, in the hour in which it did.

A row's sort key is `<time> <stage> <order id>`, of one message alone, so a redelivered message finds its own row. The
rows of an hour are in a partition for each shard of orders: DynamoDB writes 1,000 units a second to one partition key
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html), and does not split a
key whose sort keys only rise. An order has six rows of one unit each, so a shard takes 10,000 orders a minute.
"""

import heapq
import zlib
from collections.abc import Iterator
from typing import Any

from functions.insights.hours import hour, minute
from functions.kernel.runtime import runtime
from functions.kernel.runtime.views import Row

SHARDS = 2
ROWS_AT_A_TIME = 5_000

Found = tuple[str, dict[str, Any]]  # a sort key, and the row's data


def stage_row(time: str, stage: str, order_id: str, data: dict[str, Any]) -> Row:
    """The row of an order (or basket) that reached a stage at a time."""
    return Row(_partition(hour(time), _shard(order_id)), f"{time} {stage} {order_id}", data)


def late_mark(time: str, order_id: str, number: int) -> Row:
    """The mark that a row came into a minute that was claimed to be summed up, while claim `number` was the latest."""
    return Row(late_partition(_shard(order_id)), f"{minute(time)} {number}", {})


def late_partition(shard: int) -> str:
    """Where the marks of a shard are, `<minute> <number of a claim>` each."""
    return f"late {shard}"


def in_order(first: str, last: str, *, consistent: bool = False, at_a_time: int = ROWS_AT_A_TIME) -> Iterator[Found]:
    """The rows of one hour between two sort keys that begin with it, by time, read page by page as consumed."""
    partitions = (_partition(hour(first), shard) for shard in range(SHARDS))
    shards = (rows_of(one, first, last, consistent=consistent, at_a_time=at_a_time) for one in partitions)
    return heapq.merge(*shards, key=lambda row: row[0])


def rows_of(
    partition: str, first: str, last: str, *, consistent: bool = False, at_a_time: int = ROWS_AT_A_TIME
) -> Iterator[Found]:
    """The rows of a partition between two sort keys, read page by page as they are consumed."""
    after: dict[str, Any] | None = None
    while True:
        page = runtime.current().views.query(
            partition, first=first, last=last, limit=at_a_time, after=after, consistent=consistent
        )
        yield from zip(page.sorts, page.rows, strict=True)
        after = page.after
        if after is None:
            return


def _partition(hour: str, shard: int) -> str:
    return f"stages {hour} {shard}"


def _shard(order_id: str) -> int:
    return zlib.crc32(order_id.encode()) % SHARDS
