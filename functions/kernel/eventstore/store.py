"""The event store: one item per commit, in DynamoDB and, for tests and the simulation, in memory."""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.kernel.eventstore.epochs import Known, floor
from functions.kernel.eventstore.item import MESSAGES, RENEWED, Item, from_item, renewed_value, to_item
from functions.kernel.eventstore.vault import MemoryVault, transact_item
from functions.kernel.runtime.commit import Commit, Snapshot
from functions.kernel.runtime.runtime import Scanned
from functions.kernel.runtime.vault import RowWrite, Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NO_TABLES: Mapping[Table, str] = MappingProxyType({})
CONFLICTS = {"ConditionalCheckFailed", "TransactionConflict", "DuplicateItem"}

# Commits of the first page of a stream from its beginning, which is all of most streams, and of the largest page.
# DynamoDB ends a page at 1 MB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
FIRST_PAGE, LARGEST_PAGE = 10, 4_000


class DynamoEventStore(Known):
    """Commits in a DynamoDB table with key `stream` (text) and `version` (number).

    beside: the names of the tables whose rows may be written in a commit's transaction.
    """

    def __init__(self, client: "DynamoDBClient", table: str, beside: Mapping[Table, str] = NO_TABLES) -> None:
        self._client = client
        self._table = table
        self._beside = beside

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        """One conditional PutItem, or, for several or with rows beside, one TransactWriteItems.

        The condition is the optimistic lock: no item may have the key, which is the stream and the version that the
        aggregate is to have, so of two commits on one version the second is refused.
        """
        puts = [
            {
                "TableName": self._table,
                "Item": to_item(commit),
                "ConditionExpression": "attribute_not_exists(#stream)",
                "ExpressionAttributeNames": {"#stream": "stream"},
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
            for commit in commits
        ]
        try:
            if len(puts) == 1 and not beside:
                self._client.put_item(**cast(Any, puts[0]))
            else:
                # The token lets the SDK retry a transaction whose reply was lost: DynamoDB keeps it for 10 minutes.
                self._client.transact_write_items(
                    TransactItems=cast(
                        Any,
                        [
                            *({"Put": put} for put in puts),
                            *(transact_item(row, self._beside[row.table]) for row in beside),
                        ],
                    ),
                    ClientRequestToken=commits[0].id,
                )
        except ClientError as error:
            self._raise_unless_stored(error, commits)

    def _raise_unless_stored(self, error: ClientError, commits: tuple[Commit, ...]) -> None:
        """Returns when an earlier attempt stored these commits; raises ConcurrencyError for a conflict, else the error.

        Raises UnavailableError while an earlier attempt's transaction is in progress: its outcome is not known yet.
        """
        response = cast(dict[str, Any], error.response)
        code = response["Error"]["Code"]
        if code == "ConditionalCheckFailedException":
            found = [response.get("Item") or {}]
        elif code == "TransactionCanceledException":
            reasons = response.get("CancellationReasons", [])
            if any(reason.get("Code", "None") not in {"None", *CONFLICTS} for reason in reasons):
                raise error
            found = [reason.get("Item") or {} for reason in reasons[: len(commits)]]
        elif code == "TransactionConflictException":
            # A conflict with another transaction on the key may hide that an earlier attempt of this one succeeded.
            there = self.read(commits[0].stream, commits[0].version)
            found = [{"id": {"S": there.id}}] if there else []
        elif code == "TransactionInProgressException":
            raise UnavailableError(f"{commits[0].stream} is still being changed: ask again in a moment") from error
        else:
            raise error
        # The SDK retries a write whose reply was lost, and the retry finds what the first attempt wrote.
        if [item.get("id", {}).get("S") for item in found] == [commit.id for commit in commits]:
            return
        raise ConcurrencyError(f"{commits[0].stream} has changed meanwhile") from error

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        """A consistent Query, newest first, page by page for as long as the reader asks for more."""
        return (from_item(item, messages=False) for item in self._query(stream, forward=False, page=page))

    def forwards(self, stream: str) -> Iterator[Commit]:
        """A consistent Query, oldest first, page by page for as long as the reader asks for more."""
        return map(from_item, self._query(stream, forward=True, page=FIRST_PAGE))

    def _query(self, stream: str, *, forward: bool, page: int) -> Iterator[Item]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#stream = :stream",
            "ExpressionAttributeNames": {"#stream": "stream"},
            "ExpressionAttributeValues": {":stream": {"S": stream}},
            "ConsistentRead": True,
            "ScanIndexForward": forward,
            "Limit": page,
        }
        while True:
            response = self._client.query(**request)
            yield from cast(list[Item], response["Items"])
            if "LastEvaluatedKey" not in response:
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]
            # What is looked for is not among the first: larger pages, so that a long stream takes few calls.
            request["Limit"] = min(request["Limit"] * 4, LARGEST_PAGE)

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        """One consistent Query; None when nothing follows."""
        response = self._client.query(
            TableName=self._table,
            KeyConditionExpression="#stream = :stream AND #version >= :first",
            ExpressionAttributeNames={"#stream": "stream", "#version": "version"},
            ExpressionAttributeValues={":stream": {"S": stream}, ":first": {"N": str(after + 1)}},
            ConsistentRead=True,
            Limit=limit,
        )
        found = [from_item(cast(Item, item)) for item in response["Items"]]
        return found, found[-1].version if "LastEvaluatedKey" in response else None

    def read(self, stream: str, version: int) -> Commit | None:
        """One consistent GetItem."""
        response = self._client.get_item(
            TableName=self._table,
            Key={"stream": {"S": stream}, "version": {"N": str(version)}},
            ConsistentRead=True,
        )
        return from_item(cast(Item, response["Item"])) if "Item" in response else None

    def renew(self, commit: Commit, snapshot: Snapshot) -> None:
        """One UpdateItem of one attribute of a commit that is there. The stream's filter passes insertions only."""
        self._client.update_item(
            TableName=self._table,
            Key={"stream": {"S": commit.stream}, "version": {"N": str(commit.version)}},
            UpdateExpression=f"SET {RENEWED} = :snapshot",
            ConditionExpression="id = :id",
            ExpressionAttributeValues={":snapshot": renewed_value(snapshot), ":id": {"S": commit.id}},
        )

    def rewrite(self, commit: Commit, last: int, beside: Sequence[RowWrite] = ()) -> None:
        """One TransactWriteItems, which checks that the stream's next commit is not there.

        The stream's filter passes insertions only, so nothing is published again.
        """
        instead = {
            "TableName": self._table,
            "Item": to_item(commit),
            "ConditionExpression": "id = :id",
            "ExpressionAttributeValues": {":id": {"S": commit.id}},
        }
        next_one = {
            "TableName": self._table,
            "Key": {"stream": {"S": commit.stream}, "version": {"N": str(max(last, floor(self, last)) + 1)}},
            "ConditionExpression": "attribute_not_exists(#stream)",
            "ExpressionAttributeNames": {"#stream": "stream"},
        }
        rows = [transact_item(row, self._beside[row.table]) for row in beside]
        try:
            self._client.transact_write_items(
                TransactItems=cast(Any, [{"Put": instead}, {"ConditionCheck": next_one}, *rows])
            )
        except ClientError as error:
            reasons = cast(Any, error.response).get("CancellationReasons", [])
            if CONFLICTS.isdisjoint(reason.get("Code") for reason in reasons):
                raise
            raise ConcurrencyError(f"{commit.stream} has changed meanwhile") from error

    def scan(self, segment: int, segments: int, cursor: str | None, limit: int) -> Scanned:
        """One page of one segment of a parallel Scan."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "FilterExpression": f"attribute_exists({MESSAGES})",
            "Segment": segment,
            "TotalSegments": segments,
            "Limit": limit,
        }
        if cursor:
            request["ExclusiveStartKey"] = json.loads(cursor)
        response = self._client.scan(**request)
        last = response.get("LastEvaluatedKey")
        commits = [from_item(cast(Item, item)) for item in response["Items"]]
        return Scanned(commits, json.dumps(last) if last else None, response["ScannedCount"])

    def size(self) -> int:
        """DescribeTable's ItemCount, which DynamoDB brings up to date about every six hours.

        https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
        """
        return self._client.describe_table(TableName=self._table)["Table"].get("ItemCount", 0)


class MemoryEventStore(Known):
    """The same in memory; `items` are kept as DynamoDB would hold them, so that both are read by one code."""

    def __init__(self) -> None:
        self.items: dict[str, dict[int, Item]] = {}
        self.log: list[Item] = []
        self.vault = MemoryVault()

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        """All or nothing; each key must be free. Commits that are there already write no rows again."""
        items = [to_item(commit) for commit in commits]
        for commit in commits:
            there = self.items.get(commit.stream, {}).get(commit.version)
            if there and there["id"]["S"] != commit.id:
                raise ConcurrencyError(f"{commit.stream} has changed meanwhile")
        new = [
            (commit, item)
            for commit, item in zip(commits, items, strict=True)
            if commit.version not in self.items.setdefault(commit.stream, {})
        ]
        for commit, item in new:
            self.items[commit.stream][commit.version] = item
            self.log.append(item)
        for row in beside if new else ():
            self.vault.write(row)

    def backwards(self, stream: str, page: int) -> Iterator[Commit]:
        """Newest first."""
        items = sorted(self.items.get(stream, {}).items(), reverse=True)
        return (from_item(item, messages=False) for _, item in items)

    def forwards(self, stream: str) -> Iterator[Commit]:
        """Oldest first."""
        return (from_item(item) for _, item in sorted(self.items.get(stream, {}).items()))

    def page(self, stream: str, after: int, limit: int) -> tuple[list[Commit], int | None]:
        """A slice of what is there."""
        items = self.items.get(stream, {})
        versions = sorted(version for version in items if version > after)
        found = [from_item(items[version]) for version in versions[:limit]]
        return found, versions[limit - 1] if len(versions) > limit else None

    def read(self, stream: str, version: int) -> Commit | None:
        """By its key."""
        item = self.items.get(stream, {}).get(version)
        return from_item(item) if item else None

    def renew(self, commit: Commit, snapshot: Snapshot) -> None:
        """The same; `log` keeps the item as it was appended."""
        there = self.items[commit.stream][commit.version]
        assert there["id"]["S"] == commit.id
        self.items[commit.stream][commit.version] = {**there, RENEWED: renewed_value(snapshot)}

    def rewrite(self, commit: Commit, last: int, beside: Sequence[RowWrite] = ()) -> None:
        """The same; `scan` reads `log`, so the commit is stored there too."""
        stored = self.items.get(commit.stream, {})
        there = stored.get(commit.version)
        if there is None or there["id"]["S"] != commit.id or max(last, floor(self, last)) + 1 in stored:
            raise ConcurrencyError(f"{commit.stream} has changed meanwhile")
        stored[commit.version] = item = to_item(commit)
        self.log[:] = [item if one["id"] == item["id"] else one for one in self.log]
        for row in beside:
            self.vault.write(row)

    def scan(self, segment: int, segments: int, cursor: str | None, limit: int) -> Scanned:
        """A page of every `segments`-th commit; the cursor counts the items passed."""
        mine = self.log[segment::segments]
        start = int(cursor or 0)
        page = mine[start : start + limit]
        found = [from_item(item) for item in page if MESSAGES in item]
        return Scanned(found, str(start + limit) if start + limit < len(mine) else None, len(page))

    def size(self) -> int:
        """How many there are now."""
        return len(self.log)
