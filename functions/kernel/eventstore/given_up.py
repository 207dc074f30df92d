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
COMMIT = "commit"  # the attribute of a message that the bus refused: version and stream of the commit that holds it
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

    Returns {"messages": the details, "places": by id, stream and version of the commits that hold replies, "next": the
    sequence number to go on from where not all fit into an answer, or None, "gone": whether the stream has let go of
    them, so that they are to be found by their time}. Raises UnavailableError where the stream does not give them now.
    """
    found: list[dict[str, Any]] = []
    places: dict[str, tuple[str, int]] = {}
    size = 0
    try:
        for record in stream().records(stream_arn, shard, first):
            number = record["dynamodb"]["SequenceNumber"]
            if int(number) > int(last):
                return _found(found, places)
            details, held = _details(record)
            size += sum(weight(compact(detail)) for detail in details) + weight(compact(held))
            if found and size > ANSWER_BYTES:
                return {**_found(found, places), "next": number}
            found += details
            places |= held
            if int(number) == int(last):
                return _found(found, places)
    except GoneError:
        pass
    return {**_found([], {}), "gone": True}  # also where the shard ended before the last of them


def _found(messages: list[dict[str, Any]], places: dict[str, tuple[str, int]]) -> dict[str, Any]:
    return {"messages": messages, "places": places, "next": None, "gone": False}


def _details(record: dict[str, Any]) -> tuple[list[dict[str, Any]], dict[str, tuple[str, int]]]:
    """What the relay would have published of a record, and the places of replies."""
    image = record["dynamodb"].get("NewImage", {})
    messages = messages_of(image) if record["eventName"] == "INSERT" else ()
    places: dict[str, tuple[str, int]] = {}
    for message in messages:
        places |= message.place_in(image["stream"]["S"], int(image["version"]["N"]))
    return [message.detail for message in messages], places
