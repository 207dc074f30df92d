"""The messages of a batch that a stream gave up, as the relay reads them for operations."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import UnavailableError
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.given_up import DynamoStream
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.runtime.commit import Commit, Outgoing, StoredEvent
from functions.kernel.runtime.runtime import Runtime, active
from tests.support import aws
from tests.support.runtime import RecordingBus, memory_runtime

COMMITS = 4


def commit(number: int, size: int = 0) -> Commit:
    """A commit with two messages."""
    details = [
        {
            "metadata": {"id": f"message-{number}-{n}", "name": "JarFilled", "stream": f"Jar#{number}"},
            "data": {"text": f"{n}" * size},
        }
        for n in (1, 2)
    ]
    return Commit(
        stream=f"Jar#{number}",
        version=1,
        id=f"commit-{number}",
        events=(StoredEvent.of("Filled", 1, {}),),
        time="2026-03-01T12:00:00.000000Z",
        messages=tuple(map(Outgoing, details)),
        correlation_id="flow-1",
    )


def ids(answer: dict[str, Any]) -> list[str]:
    return [detail["metadata"]["id"] for detail in answer["messages"]]


def both(*numbers: int) -> list[str]:
    return [f"message-{number}-{n}" for number in numbers for n in (1, 2)]


class InMemory:
    """The stream of a memory store: its log, as records numbered 10, 20, 30…, of which one may be a change."""

    def __init__(self, store: MemoryEventStore, changed: int = 0) -> None:
        self._store, self._changed = store, changed

    def records(self, arn: str, shard: str, first: str) -> Iterator[dict[str, Any]]:
        assert (arn, shard) == ("arn of the stream", "shard-1")
        for number, item in enumerate(self._store.log, start=1):
            if 10 * number >= int(first):
                name = "MODIFY" if number == self._changed else "INSERT"
                yield {"eventName": name, "dynamodb": {"SequenceNumber": str(10 * number), "NewImage": item}}


@pytest.fixture
def running() -> Iterator[Runtime]:
    store = MemoryEventStore()
    with active(memory_runtime("jars", store=store)) as running:
        running.adapters["stream"] = InMemory(store)
        yield running


def asked(first: str, last: str, **more: str) -> dict[str, Any]:
    where = {"stream_arn": "arn of the stream", "shard": "shard-1", "first": first, "last": last, **more}
    answer: dict[str, Any] = json.loads(json.dumps(relay.serve({"records": where})))
    return answer


def test_the_messages_of_a_batch_are_given_verbatim_and_published_to_no_one(running: Runtime) -> None:
    for number in range(1, COMMITS + 1):
        running.store.commit(commit(number))
    answer = asked("20", "30")
    assert answer == {
        "messages": [one.detail for n in (2, 3) for one in commit(n).messages],
        "places": {},
        "next": None,
        "gone": False,
    }
    assert isinstance(running.bus, RecordingBus)
    assert running.bus.messages == []


def test_of_a_reply_it_is_said_which_commit_holds_it(running: Runtime) -> None:
    made = commit(2)
    reply = {"metadata": {"id": "reply", "name": "JarFillAccepted", "stream": "FillJar#command-1"}, "data": {}}
    running.store.commit(commit(1))
    running.store.commit(replace(made, version=7, messages=(*made.messages, Outgoing(reply))))
    assert asked("10", "20")["places"] == {"reply": ["Jar#2", 7]}
    held = relay.serve({"history": {"stream": "Jar#2", "names": ["JarFilled", "JarFillAccepted"]}})
    assert held["places"] == {"reply": ("Jar#2", 7)}


def test_a_batch_of_which_the_last_record_held_no_commit_ends_there(running: Runtime) -> None:
    for number in range(1, COMMITS + 1):
        running.store.commit(commit(number))
    assert ids(asked("20", "35")) == both(2, 3)


def test_what_was_changed_and_not_committed_is_no_part_of_it(running: Runtime) -> None:
    for number in range(1, COMMITS + 1):
        running.store.commit(commit(number))
    assert isinstance(running.store, MemoryEventStore)
    running.adapters["stream"] = InMemory(running.store, changed=2)
    assert ids(asked("10", "30")) == both(1, 3)


def test_a_batch_whose_shard_ends_before_its_last_record_is_to_be_found_by_its_time(running: Runtime) -> None:
    for number in range(1, COMMITS + 1):
        running.store.commit(commit(number))
    assert asked("30", "90") == {"messages": [], "places": {}, "next": None, "gone": True}


def test_a_batch_larger_than_an_answer_is_given_by_pages(running: Runtime) -> None:
    numbers = range(1, 41)
    for number in numbers:
        running.store.commit(commit(number, size=100_000))
    found: list[str] = []
    first: str | None = "10"
    pages = 0
    while first:
        answer = asked(first, "400")
        assert len(json.dumps(answer)) < 6_000_000
        found += ids(answer)
        first = answer["next"]
        pages += 1
    assert found == both(*numbers)
    assert pages == 2


class TestDynamoStream:
    """The same from a stream of DynamoDB."""

    @pytest.fixture
    def streamed(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str, list[str]]]:
        """The stream's ARN, its shard, and the sequence numbers of the commits in it."""
        monkeypatch.setenv("AWS_DEFAULT_REGION", aws.REGION)
        monkeypatch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")  # the fake knows no address of an account's own
        with aws.local_aws():
            dynamodb = aws.client("dynamodb")
            table = dynamodb.create_table(
                TableName="jars",
                KeySchema=[
                    {"AttributeName": "stream", "KeyType": "HASH"},
                    {"AttributeName": "version", "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[
                    {"AttributeName": "stream", "AttributeType": "S"},
                    {"AttributeName": "version", "AttributeType": "N"},
                ],
                BillingMode="PAY_PER_REQUEST",
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
            )["TableDescription"]
            store = DynamoEventStore(dynamodb, "jars")
            for number in range(1, COMMITS + 1):
                store.commit(commit(number))
            arn = table["LatestStreamArn"]
            streams = aws.client("dynamodbstreams")
            [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            records = streams.get_records(ShardIterator=iterator)["Records"]
            yield arn, shard["ShardId"], [record["dynamodb"]["SequenceNumber"] for record in records]

    def test_the_records_of_a_batch_are_read_from_its_shard(
        self, running: Runtime, streamed: tuple[str, str, list[str]]
    ) -> None:
        arn, shard, numbers = streamed
        running.adapters["stream"] = DynamoStream()
        assert ids(asked(numbers[1], numbers[2], stream_arn=arn, shard=shard)) == both(2, 3)
        assert ids(asked(numbers[0], numbers[3], stream_arn=arn, shard=shard)) == both(1, 2, 3, 4)

    @pytest.mark.parametrize("code", ["TrimmedDataAccessException", "ResourceNotFoundException"])
    @pytest.mark.parametrize("operation", ["GetShardIterator", "GetRecords"])
    def test_records_that_the_stream_has_let_go_are_said_to_be_gone(
        self, running: Runtime, streamed: tuple[str, str, list[str]], code: str, operation: str
    ) -> None:
        arn, shard, numbers = streamed
        running.adapters["stream"] = failing(operation, code)
        answer = asked(numbers[0], numbers[3], stream_arn=arn, shard=shard)
        assert answer == {"messages": [], "places": {}, "next": None, "gone": True}

    def test_any_other_error_is_raised_so_that_it_is_asked_again(
        self, running: Runtime, streamed: tuple[str, str, list[str]]
    ) -> None:
        arn, shard, numbers = streamed
        running.adapters["stream"] = failing("GetRecords", "LimitExceededException")
        with pytest.raises(ClientError, match="LimitExceeded"):
            asked(numbers[0], numbers[3], stream_arn=arn, shard=shard)

    def test_a_shard_that_gives_no_records_before_the_last_one_is_asked_again_so_that_none_is_lost(
        self, running: Runtime, streamed: tuple[str, str, list[str]]
    ) -> None:
        arn, shard, numbers = streamed
        running.adapters["stream"] = DynamoStream()
        with pytest.raises(UnavailableError):
            asked(numbers[3], numbers[3] + "0", stream_arn=arn, shard=shard)


def failing(operation: str, code: str) -> DynamoStream:
    """A stream of which one operation fails."""
    stream = DynamoStream()

    def fail(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": code}}, operation)

    stream._client.meta.events.register(f"before-call.dynamodb-streams.{operation}", fail)
    return stream
