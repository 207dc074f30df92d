"""DynamoDB's client on simulated tables, with the answers and errors of the real one."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.simulation.cost import item_size
from tests.simulation.dynamodb_requests import check_known, holds, wants_old
from tests.simulation.dynamodb_transactions import Transactions, record_busy, record_conflict
from tests.simulation.expressions import ExpressionError, Item, check_placeholders, condition, plain
from tests.simulation.scheduler import SECOND
from tests.simulation.sdk import Wire, World, client_error
from tests.simulation.tables import ITEM_LIMIT, InvalidKeyError, Snapshot, Table, between

ANSWER_LIMIT = 1_048_576  # bytes that a Query reads at most
BATCH_LIMIT, BATCH_BYTES = 100, 16_777_216

_KEY_CONDITION = re.compile(
    r"(?P<partition>#?\w+) = (?P<value>:\w+)"
    r"(?: AND (?P<sort>#?\w+) (?:BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)|>= (?P<from>:\w+)|<= (?P<to>:\w+)"
    r"|< (?P<before>:\w+)))?"
)


class DynamoDB:
    """What all clients share: the tables and their transactions."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tables: dict[str, Table] = {}
        self.transactions = Transactions(world)

    def table(self, name: str, operation: str) -> Table:
        """A table by its name. Raises ClientError."""
        if name not in self.tables:
            raise client_error("ResourceNotFoundException", "Requested resource not found", operation)
        return self.tables[name]


@cache
def _bounds(expression: str) -> tuple[str, str | None, str, str | None, str | None, str | None]:
    """The names of the keys (no sort key: None), the placeholders of the partition, and of the sort key's bounds.

    The bounds: the least, the greatest, and the one that it must be less than.
    """
    found = _KEY_CONDITION.fullmatch(expression)
    if found is None:
        raise ExpressionError(f"this key condition is not simulated: {expression}")
    bounds = found["low"] or found["from"], found["high"] or found["to"]
    return found["partition"], found["sort"], found["value"], *bounds, found["before"]


class DynamoDBClient:
    """One container's client."""

    def __init__(self, dynamodb: DynamoDB, wire: Wire, name: str) -> None:
        self._dynamodb = dynamodb
        self._world, self._cost = dynamodb.world, dynamodb.world.cost
        self._wire = wire
        self._name = name

    def put_item(self, **request: Any) -> dict[str, Any]:
        """One conditional write."""
        table = self._dynamodb.table(request["TableName"], "PutItem")
        return self._call("PutItem", request, table, lambda: self._put(table, request))

    def get_item(self, **request: Any) -> dict[str, Any]:
        """Read one item."""
        table = self._dynamodb.table(request["TableName"], "GetItem")
        return self._call("GetItem", request, table, lambda: self._get(table, request))

    def delete_item(self, **request: Any) -> dict[str, Any]:
        """Delete one item, without a condition."""
        table = self._dynamodb.table(request["TableName"], "DeleteItem")
        return self._call("DeleteItem", request, table, lambda: self._delete(table, request))

    def query(self, **request: Any) -> dict[str, Any]:
        """One page of a partition of a table or an index."""
        table = self._dynamodb.table(request["TableName"], "Query")
        return self._call("Query", request, table, lambda: self._query(table, request))

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Up to 100 items of one table by their keys; some may be left unprocessed."""
        [(name, wanted)] = request["RequestItems"].items()
        table = self._dynamodb.table(name, "BatchGetItem")
        return self._call("BatchGetItem", request, table, lambda: self._get_batch(table, wanted))

    def scan(self, **request: Any) -> dict[str, Any]:
        """One page of a segment of a table."""
        table = self._dynamodb.table(request["TableName"], "Scan")
        return self._call("Scan", request, table, lambda: self._scan(table, request))

    def describe_table(self, **request: Any) -> dict[str, Any]:
        """How many items a table has: those of now, where AWS counts every six hours."""
        table = self._dynamodb.table(request["TableName"], "DescribeTable")
        return self._call("DescribeTable", request, table, lambda: {"Table": {"ItemCount": len(table.items)}})

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Several writes, all or none."""
        names = [next(iter(action.values()))["TableName"] for action in request["TransactItems"]]
        tables = [self._dynamodb.table(name, "TransactWriteItems") for name in names]
        begin = self._dynamodb.transactions.begin
        return self._call("TransactWriteItems", request, tables[0], lambda: begin(tables, request, self._name))

    def _call(self, operation: str, request: Mapping[str, Any], table: Table, effect: Any) -> dict[str, Any]:
        def checked() -> Any:
            try:
                check_known(operation, request)
                return effect()
            except (ExpressionError, InvalidKeyError) as error:
                raise client_error("ValidationException", str(error), operation) from error

        answer: dict[str, Any] = self._wire.call(operation, table.name, checked)
        return answer

    def _put(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        item = table.checked(request["Item"])
        check_placeholders(request, "ConditionExpression")
        key = table.key(item)
        held = key in table.locked
        if held or (table.transactional and self._world.faults.strikes("transaction conflict", table.name)):
            record_conflict(self._world, table, key, self._name)
            record_busy(self._world, table, self._name)
            message = "Transaction is ongoing for the item"
            raise client_error("TransactionConflictException", message, "PutItem")
        there = table.items.get(key)
        if not holds(request, there):
            record_conflict(self._world, table, key, self._name)
            self._cost.refuse(there, item, table=table.name)
            shown: dict[str, Any] = {"Item": dict(there)} if there and wants_old(request) else {}
            raise client_error("ConditionalCheckFailedException", "The conditional request failed", "PutItem", **shown)
        self._cost.write(there, item, table.index_keys, table=table.name)
        table.write(key, item, self._name)
        return {"Attributes": dict(there)} if there and request.get("ReturnValues") == "ALL_OLD" else {}

    def _get(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        key = table.key(request["Key"])
        if len(request["Key"]) != len(key):
            raise ExpressionError("The number of conditions on the keys is invalid")
        item = self._seen(table, request).item(key)
        self._cost.read([item] if item else [], consistent=request.get("ConsistentRead", False), table=table.name)
        return {"Item": dict(item)} if item else {}

    def _delete(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        key = table.key(request["Key"])
        if key in table.locked:
            record_busy(self._world, table, self._name)
            raise client_error("TransactionConflictException", "Transaction is ongoing for the item", "DeleteItem")
        self._cost.write(table.items.get(key), {}, table.index_keys, table=table.name)
        table.remove(key, self._name)
        return {}

    def _get_batch(self, table: Table, wanted: Mapping[str, Any]) -> dict[str, Any]:
        keys = [table.key(key) for key in wanted["Keys"]]
        if not 1 <= len(keys) <= BATCH_LIMIT:
            raise ExpressionError("Too many items requested for the BatchGetItem call")
        if len(set(keys)) < len(keys):
            raise ExpressionError("Provided list of item keys contains duplicates")
        processed = len(keys)
        if self._world.faults.strikes("keys unprocessed", table.name):
            processed = self._world.choices.between(0, len(keys) - 1, "keys processed")
        seen, found, size = self._seen(table, wanted), [], 0
        for number, key in enumerate(keys[:processed]):
            item = seen.item(key)
            size += item_size(item) if item else 0
            if size > BATCH_BYTES:
                processed = number
                break
            self._cost.read([item or {}], consistent=wanted.get("ConsistentRead", False), table=table.name)
            found += [dict(item)] if item else []
        left = {table.name: {**wanted, "Keys": wanted["Keys"][processed:]}} if processed < len(keys) else {}
        return {"Responses": {table.name: found}, "UnprocessedKeys": left}

    def _seen(self, table: Table, request: Mapping[str, Any]) -> Snapshot:
        """The table as this read sees it: an eventually consistent one may see an earlier state."""
        ago = 0
        if not request.get("ConsistentRead") and self._world.faults.strikes("stale read", table.name):
            ago = self._world.choices.between(50_000, 2 * SECOND, "stale by")
        return table.as_it_was(ago) if ago else Snapshot(table, {})

    def _query(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        partition_name, sort_name, value, low, high, before = _bounds(request["KeyConditionExpression"])
        check_placeholders(request, "KeyConditionExpression", "ProjectionExpression")
        names, values = request.get("ExpressionAttributeNames", {}), request["ExpressionAttributeValues"]
        partition = values[value].get("S")
        if not partition:
            raise ExpressionError("a key of a condition is empty or of another type")
        bounds: tuple[Any, ...] = tuple(plain(values[bound]) if bound else None for bound in (low, high))
        if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
            raise ExpressionError("The BETWEEN operator requires the upper bound not to be below the lower bound")
        keys = table.index_key_names(request["IndexName"]) if "IndexName" in request else table.key_names
        if names.get(partition_name, partition_name) != keys[0] or (
            sort_name and names.get(sort_name, sort_name) != keys[1]
        ):
            raise ExpressionError(f"Query condition missed key schema element: {keys[0]}")
        start = request.get("ExclusiveStartKey")
        forward = request.get("ScanIndexForward", True)
        limit = request.get("Limit", 1_000_000)
        if limit < 1:
            raise ExpressionError("Limit must be 1 or more")
        if "IndexName" in request:
            if request.get("ConsistentRead"):
                raise ExpressionError("Consistent reads are not supported on global secondary indexes")
            if before or "ProjectionExpression" in request:
                raise ExpressionError("this query of an index is not simulated")
            return self._query_index(table, request["IndexName"], partition, bounds, start, forward, limit)
        seen = self._seen(table, request)
        sorts = seen.sorts(partition)
        first, last = between(sorts, *bounds)
        if before:
            last = between(sorts, plain(values[before]), None)[0]
        if start is not None:
            within, after = table.key(start)
            if within != partition:
                raise ExpressionError("The provided starting key is outside query boundaries")
            here, beyond = between(sorts, after, after)
            first, last = (max(first, beyond), last) if forward else (first, min(last, here))
        chosen = (sorts[first:last] if forward else sorts[first:last][::-1])[:limit]
        may_be_long = len(chosen) * ITEM_LIMIT > ANSWER_LIMIT
        answer: dict[str, Any] = {"Items": []}
        items, size = answer["Items"], 0
        for sort in chosen:
            item = seen.item((partition, sort))
            assert item is not None
            size += item_size(item) if may_be_long else 0
            items.append(dict(item))
            if len(items) == limit or size > ANSWER_LIMIT:
                answer["LastEvaluatedKey"] = table.key_item((partition, sort))
                break
        self._cost.read(items, consistent=request.get("ConsistentRead", False), table=table.name)
        if "ProjectionExpression" in request:  # which changes neither what is read nor what that costs
            wanted = {names.get(name, name) for name in request["ProjectionExpression"].split(", ")}
            answer["Items"] = [{name: item[name] for name in item.keys() & wanted} for item in items]
        return answer

    def _query_index(
        self,
        table: Table,
        name: str,
        partition: str,
        bounds: tuple[Any, ...],
        start: Item | None,
        forward: bool,
        limit: int,
    ) -> dict[str, Any]:
        index = table.indexes[name]
        index.catch_up(self._world.scheduler.now_us)
        entries = index.entries(partition)
        low, high = bounds
        first, last = between(entries, (low,) if low is not None else None, None)
        if high is not None:
            last = between(entries, None, (high, "\U0010ffff"))[1]
        if start is not None:
            after = (plain(start[index.sort_name]), *table.key(start))
            here, beyond = between(entries, after, after)
            first, last = (max(first, beyond), last) if forward else (first, min(last, here))
        chosen = entries[first:last] if forward else entries[first:last][::-1]
        answer: dict[str, Any] = {"Items": []}
        items, size = answer["Items"], 0
        for sort, *key in chosen:
            item = index.item((key[0], key[1]))
            size += item_size(item)
            items.append(dict(item))
            if len(items) == limit or size > ANSWER_LIMIT:
                answer["LastEvaluatedKey"] = table.index_key_item(index, partition, sort, (key[0], key[1]))
                break
        self._cost.read(items, consistent=False, table=table.name)
        return answer

    def _scan(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        keys = list(table.in_segment(request.get("Segment", 0), request.get("TotalSegments", 1)))
        start = request.get("ExclusiveStartKey")
        if start:
            keys = keys[keys.index(table.key(start)) + 1 :]
        page = keys[: request.get("Limit", len(keys))]
        check_placeholders(request, "FilterExpression")
        wanted = condition(request["FilterExpression"]) if "FilterExpression" in request else None
        names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
        seen = self._seen(table, request)
        read = [item for key in page if (item := seen.item(key))]
        self._cost.read(read, consistent=request.get("ConsistentRead", False), table=table.name)
        found = [item for item in read if not wanted or wanted(item, names, values)]
        answer: dict[str, Any] = {"Items": [dict(item) for item in found], "ScannedCount": len(read)}
        if page and len(page) == request.get("Limit"):
            answer["LastEvaluatedKey"] = table.key_item(page[-1])
        return answer
