"""The messages of a batch that a table's stream gave up: its failure queue names only where the records are.

A stream keeps records for 24 hours: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Protocol

from botocore.exceptions import ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore.item import messages_of
from functions.kernel.runtime import budget
from functions.kernel.runtime.json_text import ANSWER_BYTES, compact, weight
from functions.kernel.runtime.runtime import Port

# A shard that has ended goes with its last record.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html
LET_GO = {"TrimmedDataAccessException", "ResourceNotFoundException"}
EMPTY_PAGES = 10  # GetRecords may return none before it reaches those that are there


class GoneError(Exception):
    """The stream keeps these records no more."""


class RecordStream(Protocol):
    """The stream of a service's table."""

    def records(self, arn: str, shard: str, first: str) -> Iterator[dict[str, Any]]:
        """The records of a shard from a sequence number on, in order. Raises GoneError and UnavailableError."""


class DynamoStream:
    """A stream of DynamoDB."""

    @cached_property
    def _client(self) -> Any:
        import boto3

        return budget.guard(boto3.client("dynamodbstreams", config=budget.config()))

    def records(self, arn: str, shard: str, first: str) -> Iterator[dict[str, Any]]:
        """One GetShardIterator, and GetRecords for each page."""
        try:
            iterator = self._client.get_shard_iterator(
                StreamArn=arn, ShardId=shard, ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=first
            )["ShardIterator"]
            empty = 0
            while iterator:
                if empty == EMPTY_PAGES:
                    raise UnavailableError("the stream gives no records of a batch now: ask again in a moment")
                page = self._client.get_records(ShardIterator=iterator)
                yield from page["Records"]
                iterator = page.get("NextShardIterator")
                empty = 0 if page["Records"] else empty + 1
        except ClientError as error:
            if error.response["Error"]["Code"] in LET_GO:
                raise GoneError from error
            raise


stream: Port[RecordStream] = Port("stream", connect=DynamoStream)


def records(*, stream_arn: str, shard: str, first: str, last: str) -> dict[str, Any]:
    """The messages that the records of a batch hold, from a sequence number to another, verbatim.

    Returns {"messages": the details, "next": the sequence number to go on from where not all fit into an answer, or
    None, "gone": whether the stream has let go of them, so that they are to be found by their time}. Raises
    UnavailableError where the stream does not give them now.
    """
    found: list[dict[str, Any]] = []
    size = 0
    try:
        for record in stream().records(stream_arn, shard, first):
            number = record["dynamodb"]["SequenceNumber"]
            if int(number) > int(last):
                return {"messages": found, "next": None, "gone": False}
            details = _details(record)
            size += sum(weight(compact(detail)) for detail in details)
            if found and size > ANSWER_BYTES:
                return {"messages": found, "next": number, "gone": False}
            found += details
            if int(number) == int(last):
                return {"messages": found, "next": None, "gone": False}
    except GoneError:
        pass
    return {"messages": [], "next": None, "gone": True}  # also where the shard ended before the last of them


def _details(record: dict[str, Any]) -> list[dict[str, Any]]:
    """What the relay would have published of a record."""
    image = record["dynamodb"].get("NewImage", {})
    return [message.detail for message in messages_of(image)] if record["eventName"] == "INSERT" else []
