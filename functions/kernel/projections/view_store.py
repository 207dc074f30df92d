"""Where rows of read models are kept: a DynamoDB table, and the same in memory.

An item's key is `partition` and `sort`; its index keys are `<index>_partition` and `<index>_sort` (sparse: an index
that a row leaves out does not see it). The data is JSON text, or such text deflated where that is shorter, for what is
kept is paid for by its bytes. A tombstone keeps its key and `deleted`, a row that is over its key and `over`. Rows of a
generation but the first have a prefix in `partition` (generations.py).
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from functions.kernel.projections import gate
from functions.kernel.runtime import clock
from functions.kernel.runtime.json_text import compact, deflated, fitting, inflated, read
from functions.kernel.runtime.transient import UnreadError
from functions.kernel.runtime.views import Page, Row

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, dict[str, Any]]
Found = tuple[Item, str]  # an item, and the JSON text of its data

WRITE_UNIT = 1_024  # bytes of an item
SHORT = 256  # bytes of text, of which too few would be saved
BATCH = 100  # keys in one BatchGetItem
TRIES = 6  # of a batch from which DynamoDB reads nothing


def to_item(row: Row, version: int) -> Item:
    """The item of a row. Raises ValueError for an empty key, which DynamoDB would not take."""
    if not all(all(key) for key in ((row.partition, row.sort), *row.indexes.values())):
        raise ValueError(f"the row {row.partition!r} {row.sort!r} has an empty key")
    item: Item = {"partition": {"S": row.partition}, "sort": {"S": row.sort}, "version": {"N": str(version)}}
    if row.data is None:
        item["deleted"] = {"BOOL": True}
    elif row.over:
        item["over"] = {"BOOL": True}
    else:
        for index, (partition, sort) in row.indexes.items():
            item[f"{index}_partition"] = {"S": partition}
            item[f"{index}_sort"] = {"S": sort}
    if row.expires is not None:
        item["expires"] = {"N": str(row.expires)}
    if row.data is not None and not row.over:
        item["data"] = {"S": compact(row.data)}
        text = item["data"]["S"].encode()
        if len(text) > SHORT or _size(item) > WRITE_UNIT:
            packed = deflated(text)
            if len(packed) < len(text) or _size(item) > WRITE_UNIT:
                item["data"] = {"B": packed}
    return item


def _size(item: Item) -> int:
    """The bytes of an item, or a few more: a number is counted as its text, and DynamoDB packs two digits into a byte.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    texts = [content for value in item.values() for content in value.values()]
    numbers = sum("N" in value for value in item.values())
    return sum(map(len, item)) + len("".join(texts).encode()) + numbers


def text_of(item: Item) -> str:
    """The JSON text of an item's data."""
    stored = item["data"]
    return inflated(stored["B"]).decode() if "B" in stored else stored["S"]


def read_item(item: Item | None) -> dict[str, Any] | None:
    """The data of an item; None for a tombstone, for what is over, or for nothing."""
    if not item or "data" not in item:
        return None
    data: dict[str, Any] = read(text_of(item))
    return data


class DynamoViews:
    """Rows in a DynamoDB table of the service's own, without a stream."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def put(self, row: Row, version: int) -> bool:
        """One conditional PutItem."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=cast(Any, to_item(row, version)),
                ConditionExpression=gate.OPENS,
                ExpressionAttributeNames={"#partition": "partition", "#version": "version"},
                ExpressionAttributeValues=gate.values(version),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return False
            raise
        return True

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """One consistent GetItem."""
        response = self._client.get_item(
            TableName=self._table,
            Key={"partition": {"S": partition}, "sort": {"S": sort}},
            ConsistentRead=True,
        )
        return read_item(cast(Any, response).get("Item"))

    def delete(self, partition: str, sort: str) -> None:
        """One DeleteItem."""
        self._client.delete_item(TableName=self._table, Key={"partition": {"S": partition}, "sort": {"S": sort}})

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """A BatchGetItem for each 100 keys."""
        return _by_key(self._items(keys, consistent))

    def stored(self, keys: Iterable[tuple[str, str]]) -> list[Item]:
        """The same, consistent."""
        return self._items(keys, consistent=True)

    def _items(self, keys: Iterable[tuple[str, str]], consistent: bool) -> list[Item]:
        different = list(dict.fromkeys(keys))
        return [
            item
            for begin in range(0, len(different), BATCH)
            for item in self._batch(different[begin : begin + BATCH], consistent)
        ]

    def _batch(self, keys: list[tuple[str, str]], consistent: bool) -> list[Item]:
        """One batch; what DynamoDB leaves unprocessed (throttled, or beyond 16 MB) is asked for again."""
        left: Any = [{"partition": {"S": partition}, "sort": {"S": sort}} for partition, sort in keys]
        found: list[Item] = []
        attempt = 0
        while left:
            if attempt == TRIES:
                raise UnreadError("too many rows are read at once: ask again in a moment")
            wanted: Any = {self._table: {"Keys": left, "ConsistentRead": consistent}}
            response: Any = self._client.batch_get_item(RequestItems=wanted)
            found += response["Responses"].get(self._table, [])
            unprocessed = response.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if unprocessed:
                clock.back_off(attempt)
            attempt = 0 if len(unprocessed) < len(left) else attempt + 1
            left = unprocessed
        return found

    def query(
        self,
        partition: str,
        *,
        index: str | None = None,
        first: str | None = None,
        last: str | None = None,
        limit: int = 50,
        after: dict[str, Any] | None = None,
        descending: bool = False,
        consistent: bool = False,
    ) -> Page:
        """Queries until the page is full and it is known whether another follows."""
        if first is not None and last is not None and first > last:  # DynamoDB would call that an error
            return Page([], None)
        prefix = f"{index}_" if index else ""
        key = "#partition = :partition"
        values: dict[str, Any] = {":partition": {"S": partition}}
        names = {"#partition": f"{prefix}partition"}
        bounds = {":first": first, ":last": last}
        values |= {name: {"S": bound} for name, bound in bounds.items() if bound is not None}
        if first is not None and last is not None:
            key += " AND #sort BETWEEN :first AND :last"
        elif first is not None or last is not None:
            key += " AND #sort >= :first" if first is not None else " AND #sort <= :last"
        if first is not None or last is not None:
            names["#sort"] = f"{prefix}sort"
        request: dict[str, Any] = {
            "TableName": self._table,
            **({"IndexName": index} if index else {}),
            "KeyConditionExpression": key,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not descending,
            **({"ConsistentRead": True} if consistent else {}),
        }
        found: list[Found] = []
        while True:
            if after:
                request["ExclusiveStartKey"] = after
            # One more than the page: DynamoDB gives a key to go on from even when nothing is left.
            response = self._client.query(**request, Limit=limit + 1 - len(found))
            found += [(item, text_of(item)) for item in cast(Any, response["Items"]) if "data" in item]
            after = cast(Any, response).get("LastEvaluatedKey")
            if after is None or len(found) > limit or fitting(text for _, text in found) < len(found):
                return _page(found, limit, index)

    def all_items(self, cursor: str | None, limit: int) -> tuple[list[Item], str | None]:
        """One page of a consistent Scan: for who compares or drops a generation (rebuilding.py), and nobody else."""
        request: dict[str, Any] = {"TableName": self._table, "Limit": limit, "ConsistentRead": True}
        if cursor:
            request["ExclusiveStartKey"] = json.loads(cursor)
        response = self._client.scan(**request)
        last = response.get("LastEvaluatedKey")
        return cast(list[Item], response["Items"]), json.dumps(last) if last else None


def _page(found: list[Found], limit: int, index: str | None) -> Page:
    """The first rows of those found, and the key of the last of them when there are more.

    At most `limit`, and no more than fit into a function's answer. A single larger row is a page by itself.
    """
    limit = min(limit, fitting(text for _, text in found))
    shown = found[:limit]
    rows = [read(text) for _, text in shown]
    names = ["partition", "sort", *([f"{index}_partition", f"{index}_sort"] if index else [])]
    keys = tuple({name: item[name] for name in names} for item, _ in shown)
    sorts = tuple(key["sort"]["S"] for key in keys)
    return Page(rows, keys[-1] if len(found) > limit else None, sorts, keys)


def _by_key(items: Iterable[Item]) -> dict[tuple[str, str], dict[str, Any]]:
    """The data of items that have some, by partition and sort key."""
    read = {(item["partition"]["S"], item["sort"]["S"]): read_item(item) for item in items}
    return {key: data for key, data in read.items() if data is not None}


class MemoryViews:
    """The same in memory: a table that has these indexes, and refuses to be queried by another as DynamoDB does."""

    def __init__(self, indexes: Iterable[str] = ()) -> None:
        self.indexes = frozenset(indexes)
        self.items: dict[tuple[str, str], Item] = {}

    def put(self, row: Row, version: int) -> bool:
        """Gate, then write."""
        if not gate.opens(self.items.get((row.partition, row.sort)), version):
            return False
        self.items[row.partition, row.sort] = to_item(row, version)
        return True

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """By its key."""
        return read_item(self.items.get((partition, sort)))

    def delete(self, partition: str, sort: str) -> None:
        """By its key."""
        self.items.pop((partition, sort), None)

    def get_many(
        self, keys: Iterable[tuple[str, str]], *, consistent: bool = False
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """Those that are there."""
        return _by_key(self.items[key] for key in keys if key in self.items)

    def query(
        self,
        partition: str,
        *,
        index: str | None = None,
        first: str | None = None,
        last: str | None = None,
        limit: int = 50,
        after: dict[str, Any] | None = None,
        descending: bool = False,
        consistent: bool = False,
    ) -> Page:
        """Sort what is there, and cut. Raises ClientError for an index that is not there, or is to be consistent."""
        if index and index not in self.indexes:
            message = f"The table does not have the specified index: {index}"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")
        if index and consistent:
            message = "Consistent reads are not supported on global secondary indexes"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Query")
        prefix = f"{index}_" if index else ""

        def place(item: Item) -> tuple[str, str, str]:
            return item[f"{prefix}sort"]["S"], item["partition"]["S"], item["sort"]["S"]

        found = sorted(
            (
                item
                for item in self.items.values()
                if item.get(f"{prefix}partition", {}).get("S") == partition and "data" in item
            ),
            key=place,
            reverse=descending,
        )
        found = [item for item in found if (first or "") <= place(item)[0] and (last is None or place(item)[0] <= last)]
        if after:
            found = [i for i in found if (place(i) < place(after) if descending else place(i) > place(after))]
        return _page([(item, text_of(item)) for item in found[: limit + 1]], limit, index)

    def all_items(self, cursor: str | None, limit: int) -> tuple[list[Item], str | None]:
        """In the order of their keys; the cursor is the last one."""
        behind = tuple(json.loads(cursor)) if cursor else ("", "")
        keys = sorted(key for key in self.items if key > behind)
        return [self.items[key] for key in keys[:limit]], json.dumps(keys[limit - 1]) if len(keys) > limit else None

    def stored(self, keys: Iterable[tuple[str, str]]) -> list[Item]:
        """Those that are there."""
        return [self.items[key] for key in dict.fromkeys(keys) if key in self.items]
