"""An event table in memory, as DynamoDB's client offers it, that counts units by the sizes of items.

Only what an event store asks: a conditional PutItem, a Query of one stream, a GetItem. The rules of sizes and units are
those of tests/simulation/cost.py.
"""

from bisect import bisect_left, bisect_right
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.cost import item_size, read_units, write_units

PAGE_BYTES = 1_048_576  # that a Query reads at most
Item = dict[str, dict[str, Any]]


def _version(stored: tuple[int, Item]) -> int:
    return stored[0]


class CountingTable:
    """written, read: units so far. queries: how many calls read them. size: bytes of the last item that was put."""

    def __init__(self) -> None:
        self.counting = True
        self.written = self.read = 0.0
        self.queries = self.size = 0
        self._streams: dict[str, list[tuple[int, Item]]] = {}

    def put_item(self, *, TableName: str, Item: Item, **condition: Any) -> dict[str, Any]:
        """Put an item that has a new key, which is behind all others of its stream. Raises ClientError."""
        stream = self._streams.setdefault(Item["stream"]["S"], [])
        version = int(Item["version"]["N"])
        if stream and stream[-1][0] >= version:
            error: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "there is one"}}
            raise ClientError(error, "PutItem")
        stream.append((version, Item))
        self.size = item_size(Item)
        self.written += write_units(None, Item)
        return {}

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool) -> dict[str, Any]:
        """One item by its key."""
        stream = self._streams.get(Key["stream"]["S"], [])
        found = [item for version, item in stream if version == int(Key["version"]["N"])]
        self.read += read_units(found, consistent=ConsistentRead)
        return {"Item": found[0]} if found else {}

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        ExpressionAttributeNames: dict[str, str],
        ExpressionAttributeValues: Item,
        ConsistentRead: bool = False,
        ScanIndexForward: bool = True,
        Limit: int = 1_000_000,
        ExclusiveStartKey: Item | None = None,
    ) -> dict[str, Any]:
        """A page of a stream. Raises NotImplementedError for a condition on more than the stream."""
        if KeyConditionExpression != "#stream = :stream":
            raise NotImplementedError(KeyConditionExpression)
        there = self._streams.get(ExpressionAttributeValues[":stream"]["S"], [])
        first, last = 0, len(there)
        if ExclusiveStartKey:
            version = int(ExclusiveStartKey["version"]["N"])
            if ScanIndexForward:
                first = bisect_right(there, version, key=_version)
            else:
                last = bisect_left(there, version, key=_version)
        wanted = there[first : first + Limit] if ScanIndexForward else there[max(first, last - Limit) : last][::-1]
        page: list[Item] = []
        size = 0
        for _, item in wanted:
            page.append(item)
            size += item_size(item) if self.counting else 0
            if size > PAGE_BYTES:
                break
        if self.counting:
            self.read += read_units(page, consistent=ConsistentRead)
            self.queries += 1
        # DynamoDB gives a key to go on from where it stopped at the limit, even when nothing is left.
        more = len(page) < last - first or len(page) == Limit
        key = {name: page[-1][name] for name in ("stream", "version")} if page and more else None
        return {"Items": page, **({"LastEvaluatedKey": key} if key else {})}
