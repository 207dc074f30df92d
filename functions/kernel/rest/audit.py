"""The audit: which person asked for what, when, through what and why. Rows are appended, and never changed.

    <day>   <time> <id> 0   before anything is done: so nothing is done that is not noted
    <day>   <time> <id> 1   when it was answered, with the status

What staff and operators ask to be changed is noted, by all services in one table (AUDIT), which is that of operations;
no role may update or delete in it. A row says who asked, with the role; the service, the route, and the path with the
ids in it; the reason that an operator gave; the program that asked; and the flow, by which what followed is found.
Nothing else of a request is kept. A reason that staff give may be about a person: it stays with the thing alone, where
an access request shows it. docs/adr/0060 says which routes are left out, and why.
"""

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.rest.request import Request
from functions.kernel.rest.routes import LONGEST_ID, Route, match_path
from functions.kernel.rest.texts import is_id
from functions.kernel.runtime import budget, clock, context, ids, runtime
from functions.kernel.runtime.context import OPERATOR
from functions.kernel.runtime.runtime import Port

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ASKED = "asked"
LONGEST_REASON = 1_000
LONGEST_PROGRAM = 100
LOOKED_THROUGH = 1_000  # rows at most, for a page of those that are asked for: some 300 bytes each, so under 1 MB
CUT = "…"
_LIKE_A_PHONE_NUMBER = re.compile(r"\+?[\d ().-]{6,24}")


@dataclass(frozen=True)
class Entry:
    """One row. outcome: `asked`, or the status of the answer."""

    time: str
    id: str
    actor: str
    service: str
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


@dataclass(frozen=True)
class Wanted:
    """Which entries of a day: all, or those of one actor, and those whose path holds a text, such as an id."""

    actor: str = ""
    about: str = ""

    def has(self, entry: Entry) -> bool:
        """Whether an entry is one of them."""
        return self.actor in ("", entry.actor) and self.about in entry.path


class AuditLog(Protocol):
    """Rows that are only appended."""

    def append(self, entry: Entry) -> None:
        """Append a row. Raises UnavailableError."""

    def of_day(self, day: str, limit: int, before: str | None, wanted: Wanted) -> Entries:
        """The rows of a day (`2026-11-27`, UTC), the latest first. Raises UnavailableError.

        At most so many, and of LOOKED_THROUGH rows: where few of these are wanted, a page has fewer, and a next one.
        """


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

    def of_day(self, day: str, limit: int, before: str | None, wanted: Wanted) -> Entries:
        # One more than the page has: at the end of a day there is then none after it.
        rows, more = self._query(day, limit + 1 if wanted == ALL else LOOKED_THROUGH, before)
        return chosen(rows, more, limit, wanted)

    def _query(self, day: str, limit: int, before: str | None) -> tuple[list[Entry], bool]:
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
        return rows, "LastEvaluatedKey" in found


ALL = Wanted()


def chosen(rows: Sequence[Entry], more: bool, limit: int, wanted: Wanted) -> Entries:
    """The page of what is wanted of the rows that were read. more: whether the day has rows after these."""
    found = [entry for entry in rows if wanted.has(entry)]
    if len(found) > limit:
        return Entries(found[:limit], place(found[limit - 1]))
    return Entries(found, place(rows[-1]) if more else None)


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
    reason = request.body.get("reason") if OPERATOR in route.may else None
    entry = Entry(
        time=clock.stamp(),
        id=ids.new(),
        actor=working.actor,
        service=runtime.current().service,
        action=f"{route.method} {route.path}",
        path=_path(route, request),
        reason=reason[:LONGEST_REASON] if isinstance(reason, str) else "",
        through=_program(request)[:LONGEST_PROGRAM],
        correlation_id=working.correlation_id,
        outcome=ASKED,
    )
    audit_log().append(entry)
    return partial(_answered, entry)


def _program(request: Request) -> str:
    """A page by its origin, for a browser tells its own name alone; another program as it calls itself."""
    named: str = request.headers.get("origin") or request.headers.get("user-agent", "").split(" ")[0]
    return named


def _path(route: Route, request: Request) -> str:
    """The path with its ids. What can be no id of ours, such as a phone number in its place, is cut."""
    path = route.path
    for name, value in (match_path(route.path, request.segments) or {}).items():
        path = path.replace(f"{{{name}}}", value if _is_shown(value) else CUT)
    return path


def _is_shown(value: str) -> bool:
    return len(value) <= LONGEST_ID and is_id(value) and not _LIKE_A_PHONE_NUMBER.fullmatch(value)


def _answered(entry: Entry, status: int) -> None:
    audit_log().append(Entry(**{**asdict(entry), "time": clock.stamp(), "outcome": str(status)}))
