"""Requests to DynamoDB: which parameters are simulated, conditions of writes, and actions of a transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from tests.simulation.cost import item_size
from tests.simulation.expressions import ExpressionError, Item, check_placeholders, condition
from tests.simulation.sdk import client_error
from tests.simulation.tables import Key, Table

# The parameters that are simulated; a request with any other is refused.
_CONDITIONAL = {"ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
_COMMON = {"TableName", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_PAGES = {"Limit", "ExclusiveStartKey", "ConsistentRead"}
KNOWN = {
    "PutItem": frozenset(_COMMON | _CONDITIONAL | {"Item", "ReturnValues"}),
    "DeleteItem": frozenset({"TableName", "Key"}),
    "GetItem": frozenset(_COMMON | {"Key", "ConsistentRead"}),
    "BatchGetItem": frozenset({"RequestItems"}),
    "Query": frozenset(
        _COMMON | _PAGES | {"IndexName", "KeyConditionExpression", "ScanIndexForward", "ProjectionExpression"}
    ),
    "DescribeTable": frozenset({"TableName"}),
    "Scan": frozenset(_COMMON | _PAGES | {"FilterExpression", "Segment", "TotalSegments"}),
    "TransactWriteItems": frozenset({"TransactItems", "ClientRequestToken"}),
    "Put": frozenset(_COMMON | _CONDITIONAL | {"Item"}),
    "Delete": frozenset({"TableName", "Key"}),
    "ConditionCheck": frozenset(_COMMON | _CONDITIONAL | {"Key"}),
}


def check_known(operation: str, request: Mapping[str, Any]) -> None:
    """Raises ExpressionError for a request with a parameter that is not simulated."""
    if not request.keys() <= KNOWN[operation]:
        raise ExpressionError(f"not simulated in {operation}: {sorted(request.keys() - KNOWN[operation])}")


class Write:
    """One action of a transaction: Put, Delete without a condition, or ConditionCheck. item: what it puts, if any."""

    def __init__(self, table: Table, action: Mapping[str, Any]) -> None:
        [(kind, request)] = action.items()
        if kind not in ("Put", "Delete", "ConditionCheck"):
            raise ExpressionError(f"{kind} in a transaction is not simulated")
        check_known(kind, request)
        self.table, self._request, self._deletes = table, request, kind == "Delete"
        self.item: Item | None = table.checked(request["Item"]) if kind == "Put" else None
        self.size = item_size(self.item or {})
        check_placeholders(request, "ConditionExpression")
        self.key: Key = table.key(self.item or request["Key"])

    def refusal(self) -> dict[str, Any]:
        """Its cancellation reason; with the code None when it can be done."""
        there = self.table.items.get(self.key)
        if holds(self._request, there):
            return {"Code": "None"}
        reason: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        return {**reason, "Item": dict(there)} if there and wants_old(self._request) else reason

    def take_effect(self, by: str, in_transaction: int) -> None:
        """Do it. by: the container. in_transaction: how many actions its transaction has."""
        if self.item is not None:
            self.table.write(self.key, self.item, by, in_transaction)
        elif self._deletes:
            self.table.remove(self.key, by)


def holds(request: Mapping[str, Any], there: Item | None) -> bool:
    """Whether the condition of a request holds for the existing item."""
    if "ConditionExpression" not in request:
        return True
    names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    return condition(request["ConditionExpression"])(there or {}, names, values)


def wants_old(request: Mapping[str, Any]) -> bool:
    """Whether a refusal returns the existing item."""
    return bool(request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD")


def cancelled(reasons: Sequence[dict[str, Any]]) -> ClientError:
    """The error of a transaction with these cancellation reasons."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return client_error(
        "TransactionCanceledException", message, "TransactWriteItems", CancellationReasons=list(reasons)
    )
