"""The audit: who asked operations for what, when, through what and why. Rows are appended, and never changed.

    <day>   <time> <id> 0   before anything is done: so nothing is done that is not noted
    <day>   <time> <id> 1   when it was answered, with the status

They have a table of their own (AUDIT), on which no role may update or delete. What a row says is who asked, with the
role; the route, and the path with the ids in it; the reason, where one must be given; the program that asked; and the
flow, by which what followed is found. Nothing else of a request is kept.

What people do through the other services is in the commits of these, each with its actor, which a flow keeps: so a
commit that a message made says on whose behalf.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.rest.request import Request
from functions.kernel.rest.routes import Route
from functions.kernel.runtime import budget, clock, context, ids
from functions.kernel.runtime.runtime import Port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ASKED = "asked"
LONGEST_REASON = 1_000
LONGEST_PROGRAM = 60


@dataclass(frozen=True)
class Entry:
    """One row. outcome: `asked`, or the status of the answer."""

    time: str
    id: str
    actor: str
    action: str
    path: str
    reason: str
    through: str
    correlation_id: str
    outcome: str


@dataclass(frozen=True)
class Entries:
    """A page of a day, the latest first, and the place of the last one when more follow."""

    entries: Sequence[Entry]
    last: str | None


class AuditLog(Protocol):
    """Rows that are only appended."""

    def append(self, entry: Entry) -> None:
        """Append a row. Raises UnavailableError."""

    def of_day(self, day: str, limit: int, before: str | None) -> Entries:
        """The rows of a day (`2026-11-27`, UTC), the latest first. Raises UnavailableError."""


class DynamoAuditLog:
    """A table whose items are put under new keys alone."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def append(self, entry: Entry) -> None:
        facts = {name: {"S": str(value)} for name, value in asdict(entry).items() if value}
        item: Any = {"day": {"S": entry.time[:10]}, "place": {"S": place(entry)}, **facts}
        try:
            self._client.put_item(TableName=self._table, Item=item, ConditionExpression="attribute_not_exists(place)")
        except self._client.exceptions.ConditionalCheckFailedException:
            return  # the SDK repeated a write that had succeeded: the key has an id that is made for this row alone
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError("what is asked cannot be noted now, so it is not done") from error

    def of_day(self, day: str, limit: int, before: str | None) -> Entries:
        start: Any = {"ExclusiveStartKey": {"day": {"S": day}, "place": {"S": before}}} if before else {}
        try:
            found = self._client.query(
                TableName=self._table,
                KeyConditionExpression="#day = :day",
                ExpressionAttributeNames={"#day": "day"},
                ExpressionAttributeValues={":day": {"S": day}},
                ScanIndexForward=False,
                Limit=limit,
                **start,
            )
        except (ClientError, BotoCoreError) as error:
            raise UnavailableError("the audit cannot be read now") from error
        rows = [Entry(**{name: item.get(name, {}).get("S", "") for name in FIELDS}) for item in found["Items"]]
        after = found.get("LastEvaluatedKey")
        return Entries(rows, after["place"]["S"] if after else None)


FIELDS = tuple(Entry.__dataclass_fields__)


def place(entry: Entry) -> str:
    """The sort key of a row: of one request, what was asked stands before how it was answered."""
    return f"{entry.time} {entry.id} {0 if entry.outcome == ASKED else 1}"


def connect() -> AuditLog:
    """The table that AUDIT names."""
    return DynamoAuditLog(budget.guard(boto3.client("dynamodb", config=budget.config())), os.environ["AUDIT"])


audit_log: Port[AuditLog] = Port("audit", connect=connect)


def note(route: Route, request: Request) -> Callable[[int], None]:
    """Note that a write was asked for; returns what notes its answer. Raises UnavailableError."""
    working = context.current()
    reason = request.body.get("reason")
    entry = Entry(
        time=clock.stamp(),
        id=ids.new(),
        actor=working.actor,
        action=f"{route.method} {route.path}",
        path=request.path[:500],
        reason=reason[:LONGEST_REASON] if isinstance(reason, str) else "",
        through=request.headers.get("user-agent", "").split(" ")[0][:LONGEST_PROGRAM],
        correlation_id=working.correlation_id,
        outcome=ASKED,
    )
    audit_log().append(entry)
    return partial(_answered, entry)


def _answered(entry: Entry, status: int) -> None:
    audit_log().append(Entry(**{**asdict(entry), "time": clock.stamp(), "outcome": str(status)}))
