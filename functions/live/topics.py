"""What can be watched: topics, their shards, and which of them show a row.

| topic | shards | rows, by id |
|---|---|---|
| orders | 4, by order id | orders, from their creation until ten minutes after their end |
| lists | 1 | shopping lists that are open |
| robots | 1 | robots |
| invoices | 1 | invoices for which payment is to be taken |
| stores | 1 | stores |
| order:<id> | 1 | `order`, `list`, `invoice` and `payment` of one order, open or not |
"""

import zlib
from typing import NamedTuple

SHARDS = {"orders": 4, "lists": 1, "robots": 1, "invoices": 1, "stores": 1}
ONE_ORDER = "order:"


class Shard(NamedTuple):
    """A shard of a topic: it has rows, and while it is watched a log, with positions of its own."""

    topic: str
    number: int


class Key(NamedTuple):
    """Where a board row is stored."""

    partition: str
    sort: str


class Place(NamedTuple):
    """Where a row is shown: a shard, and the row's id there."""

    shard: Shard
    id: str


def shards(topic: str) -> list[Shard]:
    """All shards of a topic."""
    return [Shard(topic, number) for number in range(SHARDS.get(topic, 1))]


def shard_of(topic: str, id: str) -> Shard:
    """The shard of a topic that has the row of this id."""
    return Shard(topic, zlib.crc32(id.encode()) % SHARDS[topic])


def board(shard: Shard) -> str:
    """The partition of a shard's rows."""
    return f"board {shard.topic} {shard.number}"


def key(topic: str, id: str) -> Key:
    """Where the row of an id is stored, of a topic that is not of one order."""
    return Key(board(shard_of(topic, id)), id)


def beside(key: Key) -> Key:
    """Where the row of a place on a board is stored once it has ended: no snapshot reads that partition."""
    return Key(f"ended{key.partition.removeprefix('board')}", key.sort)


def payment_key(order_id: str) -> Key:
    """Where the row of an order's payment is stored."""
    return Key(board(Shard(f"{ONE_ORDER}{order_id}", 0)), "payment")


def keys_of_order(topic: str) -> dict[str, Key]:
    """Where the rows of a topic of one order are stored, by their ids there."""
    order_id = topic.removeprefix(ONE_ORDER)
    return {
        "order": key("orders", order_id),
        "list": key("lists", order_id),
        "invoice": key("invoices", order_id),
        "payment": payment_key(order_id),
    }


def of_order(order_id: str, id: str) -> Place:
    """The place of a row in the topic of one order."""
    return Place(Shard(f"{ONE_ORDER}{order_id}", 0), id)


def place(topic: str, id: str) -> Place:
    """The place of a row in a topic that is not of one order."""
    return Place(shard_of(topic, id), id)
