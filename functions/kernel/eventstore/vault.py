"""Where rows of the vault are kept: a DynamoDB table, and the same in memory."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.json_text import compact, read
from functions.kernel.runtime.transient import UnreadError
from functions.kernel.runtime.vault import Key, RowWrite, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BATCH = 100  # keys in one BatchGetItem
TRIES = 6  # of a batch from which DynamoDB reads nothing


def to_item(partition: str, sort: str, data: dict[str, Any]) -> dict[str, Any]:
    """The item of a row."""
    return {**_key(partition, sort), "data": {"S": compact(data)}}


def transact_item(row: RowWrite, table: str) -> dict[str, Any]:
    """A row's write as a member of TransactItems."""
    if row.data is None:
        return {"Delete": {"TableName": table, "Key": _key(row.partition, row.sort)}}
    return {"Put": {"TableName": table, "Item": to_item(row.partition, row.sort, row.data)}}


def _key(partition: str, sort: str) -> dict[str, Any]:
    return {"partition": {"S": partition}, "sort": {"S": sort}}


def _data(item: Any) -> dict[str, Any]:
    data: dict[str, Any] = read(item["data"]["S"])
    return data


class DynamoVault:
    """Rows in a DynamoDB table with key `partition` and `sort` (texts), and their data as JSON text."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """One consistent GetItem."""
        response = self._client.get_item(TableName=self._table, Key=_key(partition, sort), ConsistentRead=True)
        return _data(response["Item"]) if "Item" in response else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        """A consistent BatchGetItem for each 100 keys, repeated for those that DynamoDB left out."""
        different = [_key(*key) for key in dict.fromkeys(keys)]
        found: list[Any] = []
        for begin in range(0, len(different), BATCH):
            found += self._batch(different[begin : begin + BATCH])
        return {(item["partition"]["S"], item["sort"]["S"]): _data(item) for item in found}

    def _batch(self, keys: list[dict[str, Any]]) -> list[Any]:
        found: list[Any] = []
        wanted: Any = {self._table: {"Keys": keys, "ConsistentRead": True}}
        for attempt in range(TRIES):
            response = cast(Any, self._client.batch_get_item(RequestItems=wanted))
            found += response["Responses"].get(self._table, [])
            wanted = response["UnprocessedKeys"]
            if not wanted:
                return found
            clock.back_off(attempt)
        raise UnreadError("keys cannot be read now: ask again in a moment")

    def sorts(self, partition: str, limit: int, before: str | None = None) -> Sequence[str]:
        """One consistent Query."""
        condition, values = "#partition = :partition", {":partition": {"S": partition}}
        names = {"#partition": "partition", "#sort": "sort"}
        if before is not None:
            condition, values = f"{condition} AND #sort < :before", {**values, ":before": {"S": before}}
        response = self._client.query(
            TableName=self._table,
            KeyConditionExpression=condition,
            ProjectionExpression="#sort",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=cast(Any, values),
            ScanIndexForward=False,
            ConsistentRead=True,
            Limit=limit,
        )
        return [cast(Any, item)["sort"]["S"] for item in response["Items"]]

    def add(self, partition: str, sort: str, data: dict[str, Any]) -> dict[str, Any]:
        """One conditional PutItem, which returns the row that was there. Raises UnavailableError."""
        try:
            self._client.put_item(
                TableName=self._table,
                Item=to_item(partition, sort, data),
                ConditionExpression="attribute_not_exists(#partition)",
                ExpressionAttributeNames={"#partition": "partition"},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TransactionConflictException":  # an erasure that is in progress writes this row
                raise UnavailableError(f"{partition} is being changed: ask again in a moment") from error
            if code != "ConditionalCheckFailedException":
                raise
            return _data(cast(Any, error.response)["Item"])
        return data


def _stored(data: dict[str, Any]) -> dict[str, Any]:
    """Data as a table gives it back: a copy, of what JSON has."""
    copied: dict[str, Any] = read(compact(data))
    return copied


class MemoryVault:
    """The same in memory. tables: the rows of the vault, and of the ledger of erasures."""

    def __init__(self) -> None:
        self.tables: dict[Table, dict[Key, dict[str, Any]]] = {"vault": {}, "erasures": {}}

    @property
    def rows(self) -> dict[Key, dict[str, Any]]:
        """The vault's own rows by their keys."""
        return self.tables["vault"]

    def write(self, row: RowWrite) -> None:
        """What a transaction does to a row."""
        table = self.tables[row.table]
        if row.data is None:
            table.pop((row.partition, row.sort), None)
        else:
            table[row.partition, row.sort] = _stored(row.data)

    def get(self, partition: str, sort: str) -> dict[str, Any] | None:
        """By its key."""
        row = self.rows.get((partition, sort))
        return None if row is None else _stored(row)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        """Those that are there."""
        return {key: _stored(self.rows[key]) for key in keys if key in self.rows}

    def sorts(self, partition: str, limit: int, before: str | None = None) -> Sequence[str]:
        """Sort what is there, and cut."""
        found = (sort for there, sort in self.rows if there == partition and (before is None or sort < before))
        return sorted(found, reverse=True)[:limit]

    def add(self, partition: str, sort: str, data: dict[str, Any]) -> dict[str, Any]:
        """Unless one is there."""
        return _stored(self.rows.setdefault((partition, sort), _stored(data)))
