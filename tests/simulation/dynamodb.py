"""A DynamoDB client's methods on simulated tables, with the answers and errors of the real one."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.expressions import ExpressionError, Item, additions, check_placeholders, condition, plain
from tests.simulation.scheduler import SECOND, Promise
from tests.simulation.sdk import Wire, World, client_error
from tests.simulation.tables import Index, InvalidKeyError, Key, Snapshot, Table, between

ANSWER_LIMIT = 1_048_576  # bytes that a Query reads at most
TOKEN_LIFE = 600 * SECOND
TRANSACTION_LIMIT = 100
TRANSACTION_BYTES = 4_194_304

# What is read of a request; anything else in one is not simulated, and refused.
_CONDITIONAL = {"ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
_COMMON = {"TableName", "ReturnConsumedCapacity", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_PAGES = {"Limit", "ExclusiveStartKey", "ConsistentRead"}
KNOWN = {
    "PutItem": frozenset(_COMMON | _CONDITIONAL | {"Item"}),
    "GetItem": frozenset(_COMMON | {"Key", "ConsistentRead"}),
    "Query": frozenset(_COMMON | _PAGES | {"IndexName", "KeyConditionExpression", "ScanIndexForward"}),
    "Scan": frozenset(_COMMON | _PAGES | {"FilterExpression", "Segment", "TotalSegments"}),
    "TransactWriteItems": frozenset({"TransactItems", "ClientRequestToken", "ReturnConsumedCapacity"}),
    "Put": frozenset(_COMMON | _CONDITIONAL | {"Item"}),
    "Update": frozenset(_COMMON | _CONDITIONAL | {"Key", "UpdateExpression"}),
}

_KEY_CONDITION = re.compile(
    r"(?P<partition>#?\w+) = (?P<value>:\w+)"
    r"(?: AND (?P<sort>#?\w+) (?:BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)|>= (?P<from>:\w+)|<= (?P<to>:\w+)))?"
)


class DynamoDB:
    """What the account's clients share: the tables, and the transactions that were made by a token."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tables: dict[str, Table] = {}
        self.tokens: dict[str, tuple[str, int, str]] = {}  # token → content, when it expires, running or done

    def table(self, name: str, operation: str) -> Table:
        """A table by its name. Raises ClientError."""
        if name not in self.tables:
            raise client_error("ResourceNotFoundException", "Requested resource not found", operation)
        return self.tables[name]


@cache
def _bounds(expression: str) -> tuple[str, str | None, str, str | None, str | None]:
    """The names of the keys (no sort key: None), the placeholders of the partition, and of the sort key's bounds."""
    found = _KEY_CONDITION.fullmatch(expression)
    if found is None:
        raise ExpressionError(f"this key condition is not simulated: {expression}")
    bounds = found["low"] or found["from"], found["high"] or found["to"]
    return found["partition"], found["sort"], found["value"], *bounds


def _check_known(operation: str, request: Mapping[str, Any]) -> None:
    if not request.keys() <= KNOWN[operation]:
        raise ExpressionError(f"not simulated in {operation}: {sorted(request.keys() - KNOWN[operation])}")


def _size(item: Item) -> int:
    return sum(len(name) + len(str(next(iter(value.values())))) for name, value in item.items())


class DynamoDBClient:
    """One container's client."""

    def __init__(self, dynamodb: DynamoDB, wire: Wire, name: str) -> None:
        self._dynamodb = dynamodb
        self._world = dynamodb.world
        self._wire = wire
        self._name = name

    def put_item(self, **request: Any) -> dict[str, Any]:
        """One conditional write."""
        table = self._dynamodb.table(request["TableName"], "PutItem")
        return self._call("PutItem", request, table, lambda: self._put(table, request))

    def get_item(self, **request: Any) -> dict[str, Any]:
        """One item, or an answer without one."""
        table = self._dynamodb.table(request["TableName"], "GetItem")
        return self._call("GetItem", request, table, lambda: self._get(table, request))

    def query(self, **request: Any) -> dict[str, Any]:
        """One page of a partition of a table or an index."""
        table = self._dynamodb.table(request["TableName"], "Query")
        return self._call("Query", request, table, lambda: self._query(table, request))

    def scan(self, **request: Any) -> dict[str, Any]:
        """One page of a segment of a table."""
        table = self._dynamodb.table(request["TableName"], "Scan")
        return self._call("Scan", request, table, lambda: self._scan(table, request))

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """Several writes, all or none."""
        names = [next(iter(action.values()))["TableName"] for action in request["TransactItems"]]
        tables = [self._dynamodb.table(name, "TransactWriteItems") for name in names]
        return self._call("TransactWriteItems", request, tables[0], lambda: self._begin(tables, request))

    def _call(self, operation: str, request: Mapping[str, Any], table: Table, effect: Any) -> dict[str, Any]:
        def checked() -> Any:
            try:
                _check_known(operation, request)
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
            self._note_conflict(table, key)
            message = "Transaction is ongoing for the item"
            raise client_error("TransactionConflictException", message, "PutItem")
        there = table.items.get(key)
        if not _holds(request, there):
            self._note_conflict(table, key)
            shown: dict[str, Any] = {"Item": dict(there)} if there and _wants_old(request) else {}
            raise client_error("ConditionalCheckFailedException", "The conditional request failed", "PutItem", **shown)
        table.write(key, item, self._name)
        return {}

    def _get(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        key = table.key(request["Key"])
        if len(request["Key"]) != len(key):
            raise ExpressionError("The number of conditions on the keys is invalid")
        item = self._seen(table, request).item(key)
        return {"Item": dict(item)} if item else {}

    def _seen(self, table: Table, request: Mapping[str, Any]) -> Snapshot:
        """The table as this read sees it: now, or a little earlier where it does not ask for consistency."""
        ago = 0
        if not request.get("ConsistentRead") and self._world.faults.strikes("stale read", table.name):
            ago = self._world.choices.between(50_000, 2 * SECOND, "stale by")
        return table.as_it_was(ago) if ago else Snapshot(table, {})

    def _query(self, table: Table, request: Mapping[str, Any]) -> dict[str, Any]:
        partition_name, sort_name, value, low, high = _bounds(request["KeyConditionExpression"])
        check_placeholders(request, "KeyConditionExpression")
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
            return self._query_index(table, request["IndexName"], partition, bounds, start, forward, limit)
        seen = self._seen(table, request)
        sorts = seen.sorts(partition)
        first, last = between(sorts, *bounds)
        if start is not None:
            within, after = table.key(start)
            if within != partition:
                raise ExpressionError("The provided starting key is outside query boundaries")
            here, beyond = between(sorts, after, after)
            first, last = (max(first, beyond), last) if forward else (first, min(last, here))
        chosen = sorts[first:last] if forward else sorts[first:last][::-1]
        items, size = [], 0
        for sort in chosen:
            item = seen.item((partition, sort))
            assert item is not None
            size += _size(item)
            items.append(dict(item))
            if len(items) == limit or size > ANSWER_LIMIT:
                return {"Items": items, "LastEvaluatedKey": table.key_item((partition, sort))}
        return {"Items": items}

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
        items, size = [], 0
        for sort, *key in chosen:
            item = index.item((key[0], key[1]))
            size += _size(item)
            items.append(dict(item))
            if len(items) == limit or size > ANSWER_LIMIT:
                return {"Items": items, "LastEvaluatedKey": _index_key(table, index, partition, sort, (key[0], key[1]))}
        return {"Items": items}

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
        found = [item for key in page if (item := seen.item(key)) and (not wanted or wanted(item, names, values))]
        answer: dict[str, Any] = {"Items": [dict(item) for item in found]}
        if page and len(page) == request.get("Limit"):
            answer["LastEvaluatedKey"] = table.key_item(page[-1])
        return answer

    def _begin(self, tables: Sequence[Table], request: Mapping[str, Any]) -> Any:
        """Hold the items of a transaction; a promise of how it ends."""
        world, token = self._world, request.get("ClientRequestToken")
        actions = request["TransactItems"]
        if len(actions) > TRANSACTION_LIMIT:
            raise ExpressionError("Member must have length less than or equal to 100")
        content = repr(actions) if token else ""
        if token and (known := self._recall(token, content)) is not None:
            return known
        writes = [_Write(table, action) for table, action in zip(tables, actions, strict=True)]
        if len({(write.table.name, write.key) for write in writes}) < len(writes):
            raise ExpressionError("Transaction request cannot include multiple operations on one item")
        if sum(write.size for write in writes) > TRANSACTION_BYTES:
            raise ExpressionError("the items of a transaction may have 4 MB together")
        struck = world.faults.strikes("transaction conflict", tables[0].name)
        held = [write.key in write.table.locked or (struck and n == 0) for n, write in enumerate(writes)]
        if any(held):
            reasons = [{"Code": "TransactionConflict" if conflict else "None"} for conflict in held]
            raise _cancelled(reasons)
        holder = world.number("transaction")
        for write in writes:
            write.table.transactional = True
            write.table.locked[write.key] = holder
        if token:
            self._dynamodb.tokens[token] = (content, world.scheduler.now_us + TOKEN_LIFE, "running")
        promise = Promise()
        seconds = world.choices.seconds(0.001, 0.008, "transaction")
        if world.faults.strikes("slow transaction", tables[0].name):
            seconds = world.choices.seconds(1.5, 6.0, "slow transaction")
            world.history.note("underway", container=self._name, keys=[list(write.key) for write in writes])
        world.scheduler.call_in(seconds, lambda: promise.give(self._end(writes, token, content)))
        return promise

    def _note_conflict(self, table: Table, key: Key) -> None:
        """Another had the version that a commit wanted; for rows, that is how they are meant to be."""
        if table.name.endswith("/events"):
            self._world.history.note("conflict", table=table.name, key=list(key), container=self._name)

    def _recall(self, token: str, content: str) -> dict[str, Any] | None:
        """The answer of a transaction that had this token before. Raises ClientError; None for a new one."""
        before, expires, state = self._dynamodb.tokens.get(token, ("", 0, ""))
        if expires <= self._world.scheduler.now_us:
            return None
        if before != content:
            message = "The request has the same token as another request with other parameters"
            raise client_error("IdempotentParameterMismatchException", message, "TransactWriteItems")
        if state == "running":
            message = "The transaction with the given request token is already in progress"
            raise client_error("TransactionInProgressException", message, "TransactWriteItems")
        return {}

    def _end(self, writes: "Sequence[_Write]", token: str | None, content: str) -> dict[str, Any] | ClientError:
        """Write everything, or nothing; the answer or the error."""
        for write in writes:
            del write.table.locked[write.key]
        reasons = [write.refusal() for write in writes]
        refused = next((n for n, reason in enumerate(reasons) if reason["Code"] != "None"), None)
        if refused is not None:
            self._note_conflict(writes[refused].table, writes[refused].key)
            if token:
                del self._dynamodb.tokens[token]
            return _cancelled(reasons)
        for write in writes:
            write.table.write(write.key, write.result(), self._name, len(writes))
        if token:
            self._dynamodb.tokens[token] = (content, self._world.scheduler.now_us + TOKEN_LIFE, "done")
        return {}


class _Write:
    """One action of a transaction: Put or Update."""

    def __init__(self, table: Table, action: Mapping[str, Any]) -> None:
        [(kind, request)] = action.items()
        if kind not in ("Put", "Update"):
            raise ExpressionError(f"{kind} in a transaction is not simulated")
        _check_known(kind, request)
        self.table, self._request, self._kind = table, request, kind
        self._item: Item = table.checked(request["Item"]) if kind == "Put" else {}
        self.size = _size(self._item)
        check_placeholders(request, "ConditionExpression", "UpdateExpression")
        self.key: Key = table.key(request["Item"] if kind == "Put" else request["Key"])

    def refusal(self) -> dict[str, Any]:
        """Its cancellation reason; of code None when it can be done."""
        there = self.table.items.get(self.key)
        if _holds(self._request, there):
            return {"Code": "None"} if self._can_add(there or {}) else {"Code": "ValidationError"}
        reason: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        return {**reason, "Item": dict(there)} if there and _wants_old(self._request) else reason

    def _can_add(self, there: Item) -> bool:
        """Whether what is to be added to is a number, or nothing yet."""
        if self._kind == "Put":
            return True
        names = self._request.get("ExpressionAttributeNames", {})
        return all("N" in there.get(names.get(name, name), {"N": "0"}) for name, _ in self._additions())

    def _additions(self) -> Sequence[tuple[str, str]]:
        return additions(self._request["UpdateExpression"])

    def result(self) -> Item:
        """The item after it."""
        if self._kind == "Put":
            return self._item
        item = dict(self.table.items.get(self.key) or self.table.key_item(self.key))
        names, values = self._request.get("ExpressionAttributeNames", {}), self._request["ExpressionAttributeValues"]
        for name, value in self._additions():
            attribute = names.get(name, name)
            item[attribute] = {"N": str(plain(item.get(attribute, {"N": "0"})) + plain(values[value]))}
        return item


def _holds(request: Mapping[str, Any], there: Item | None) -> bool:
    if "ConditionExpression" not in request:
        return True
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    return condition(request["ConditionExpression"])(there or {}, names, values)


def _wants_old(request: Mapping[str, Any]) -> bool:
    return bool(request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD")


def _cancelled(reasons: Sequence[dict[str, Any]]) -> ClientError:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return client_error(
        "TransactionCanceledException", message, "TransactWriteItems", CancellationReasons=list(reasons)
    )


def _index_key(table: Table, index: Index, partition: str, sort: str, key: Key) -> Item:
    return {
        **table.key_item(key),
        index.partition_name: {"S": partition},
        index.sort_name: {"S": sort},
    }
