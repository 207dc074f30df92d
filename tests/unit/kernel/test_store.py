"""The event store: one suite on both implementations, and how the one on DynamoDB calls its table."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import ConcurrencyError, TooLargeError, UnavailableError
from functions.kernel.eventstore.item import to_item
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import EventStore
from tests.support import aws
from tests.support.store_suite import EventStoreSuite, a_commit, a_message, a_stream


class TestMemoryEventStore(EventStoreSuite):
    @pytest.fixture
    def store(self) -> EventStore:
        return MemoryEventStore()


class TestDynamoEventStore(EventStoreSuite):
    @pytest.fixture
    def store(self, dynamodb: Any) -> EventStore:
        return DynamoEventStore(dynamodb, aws.event_table(dynamodb))


@pytest.fixture
def store(dynamodb: Any) -> DynamoEventStore:
    return DynamoEventStore(dynamodb, aws.event_table(dynamodb))


def test_a_commit_without_events_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="a commit to Jar#1 needs at least one event"):
        Commit(stream="Jar#1", version=1, id="c", events=(), time="2026-03-01T10:00:00.000000Z")


def test_a_commit_is_one_conditional_put(dynamodb: Any, store: DynamoEventStore) -> None:
    with aws.calls(dynamodb) as made:
        store.commit(a_commit(a_stream(), events=3, messages=(a_message(), a_message(delay=5))))
    [(operation, parameters)] = made
    assert operation == "PutItem"
    assert parameters["ConditionExpression"] == "attribute_not_exists(#stream)"
    assert parameters["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"


def test_two_commits_are_one_transaction_of_two_conditional_puts(dynamodb: Any, store: DynamoEventStore) -> None:
    one, two = a_commit(a_stream()), a_commit(a_stream())
    with aws.calls(dynamodb) as made:
        store.commit(one, two)
    [(operation, parameters)] = made
    assert operation == "TransactWriteItems"
    assert parameters["ClientRequestToken"] == one.id
    puts = [item["Put"] for item in parameters["TransactItems"]]
    assert [put["ConditionExpression"] for put in puts] == ["attribute_not_exists(#stream)"] * 2


def test_nothing_is_sent_of_a_commit_over_the_limit(dynamodb: Any, store: DynamoEventStore) -> None:
    with aws.calls(dynamodb) as made, pytest.raises(TooLargeError):
        store.commit(a_commit(a_stream(), note="x" * 350_000))
    assert made == []


def test_a_put_whose_reply_was_lost_is_repeated_by_the_sdk_and_is_a_success(
    dynamodb: Any, store: DynamoEventStore
) -> None:
    commit = a_commit(a_stream())
    with aws.losing_first_reply(dynamodb, "PutItem") as attempts:
        store.commit(commit)
    assert attempts == [1, 2]
    assert list(store.forwards(commit.stream)) == [commit]


def test_a_transaction_whose_reply_was_lost_is_repeated_by_the_sdk_and_is_a_success(
    dynamodb: Any, store: DynamoEventStore
) -> None:
    one, two = a_commit(a_stream()), a_commit(a_stream())
    with aws.losing_first_reply(dynamodb, "TransactWriteItems") as attempts:
        store.commit(one, two)
    assert attempts == [1, 2]
    assert [list(store.forwards(commit.stream)) for commit in (one, two)] == [[one], [two]]


def test_a_lost_reply_does_not_hide_that_somebody_else_was_first(dynamodb: Any, store: DynamoEventStore) -> None:
    first = a_commit(a_stream())
    store.commit(first)
    with aws.losing_first_reply(dynamodb, "PutItem") as attempts, pytest.raises(ConcurrencyError):
        store.commit(a_commit(first.stream))
    assert attempts == [1, 2]
    assert list(store.forwards(first.stream)) == [first]


@pytest.mark.parametrize("code", ["TransactionConflictException", "ConditionalCheckFailedException"])
def test_a_put_that_meets_another_write_is_a_conflict(dynamodb: Any, store: DynamoEventStore, code: str) -> None:
    commit = a_commit(a_stream())
    with aws.answering(dynamodb, "PutItem", aws.error(code)), pytest.raises(ConcurrencyError):
        store.commit(commit)


@pytest.mark.parametrize(
    "reasons",
    [
        ["TransactionConflict", "None"],
        ["None", "TransactionConflict"],
        ["ConditionalCheckFailed", "TransactionConflict"],
        ["None", "ConditionalCheckFailed"],
        ["DuplicateItem", "None"],
    ],
)
def test_a_cancelled_transaction_is_a_conflict(dynamodb: Any, store: DynamoEventStore, reasons: list[str]) -> None:
    cancelled = aws.error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in reasons])
    with aws.answering(dynamodb, "TransactWriteItems", cancelled), pytest.raises(ConcurrencyError):
        store.commit(a_commit(a_stream()), a_commit(a_stream()))


def test_a_transaction_of_which_only_one_part_is_our_own_is_a_conflict(dynamodb: Any, store: DynamoEventStore) -> None:
    one, two = a_commit(a_stream()), a_commit(a_stream())
    reasons = [{"Code": "ConditionalCheckFailed", "Item": to_item(one)}, {"Code": "None"}]
    cancelled = aws.error("TransactionCanceledException", CancellationReasons=reasons)
    with aws.answering(dynamodb, "TransactWriteItems", cancelled), pytest.raises(ConcurrencyError):
        store.commit(one, two)


def test_a_transaction_that_meets_another_is_a_conflict(dynamodb: Any, store: DynamoEventStore) -> None:
    error = aws.error("TransactionConflictException")
    with aws.answering(dynamodb, "TransactWriteItems", error), pytest.raises(ConcurrencyError):
        store.commit(a_commit(a_stream()), a_commit(a_stream()))


def test_a_transaction_that_goes_on_is_no_conflict_for_it_may_yet_succeed(
    dynamodb: Any, store: DynamoEventStore
) -> None:
    error = aws.error("TransactionInProgressException")
    with aws.answering(dynamodb, "TransactWriteItems", error), pytest.raises(UnavailableError):
        store.commit(a_commit(a_stream()), a_commit(a_stream()))


def test_what_was_written_before_its_repetition_met_a_transaction_is_a_success(
    dynamodb: Any, store: DynamoEventStore
) -> None:
    commit = a_commit(a_stream())
    store.commit(commit)
    with aws.answering(dynamodb, "PutItem", aws.error("TransactionConflictException")):
        store.commit(commit)
    assert list(store.forwards(commit.stream)) == [commit]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ValidationException", 400),
        ("AccessDeniedException", 400),
    ],
)
def test_any_other_error_of_a_put_is_passed_on(dynamodb: Any, store: DynamoEventStore, code: str, status: int) -> None:
    with aws.answering(dynamodb, "PutItem", aws.error(code, status=status)), pytest.raises(ClientError) as raised:
        store.commit(a_commit(a_stream()))
    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("reason", ["ThrottlingError", "ProvisionedThroughputExceeded", "ValidationError"])
def test_a_transaction_that_was_throttled_is_not_taken_for_a_conflict(
    dynamodb: Any, store: DynamoEventStore, reason: str
) -> None:
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": reason}]
    cancelled = aws.error("TransactionCanceledException", CancellationReasons=reasons)
    with aws.answering(dynamodb, "TransactWriteItems", cancelled), pytest.raises(ClientError) as raised:
        store.commit(a_commit(a_stream()), a_commit(a_stream()))
    assert raised.value.response["Error"]["Code"] == "TransactionCanceledException"


def test_a_stream_without_end_is_read_in_ever_larger_pages(dynamodb: Any, store: DynamoEventStore) -> None:
    stream = a_stream()
    for version in range(1, 41):
        store.commit(a_commit(stream, version))
    with aws.calls(dynamodb) as made:
        assert [commit.version for commit in store.backwards(stream, page=1)] == list(range(40, 0, -1))
        assert [commit.version for commit in store.forwards(stream)] == list(range(1, 41))
    assert [parameters["Limit"] for _, parameters in made] == [1, 4, 16, 64, 10, 40]


def test_who_needs_the_oldest_commits_alone_reads_one_small_page(dynamodb: Any, store: DynamoEventStore) -> None:
    stream = a_stream()
    for version in range(1, 41):
        store.commit(a_commit(stream, version))
    with aws.calls(dynamodb) as made:
        assert next(store.forwards(stream)).version == 1
    assert [parameters["Limit"] for _, parameters in made] == [10]


def test_reads_are_consistent(dynamodb: Any, store: DynamoEventStore) -> None:
    commit = a_commit(a_stream())
    store.commit(commit)
    with aws.calls(dynamodb) as made:
        store.read(commit.stream, 1)
        list(store.forwards(commit.stream))
        list(store.backwards(commit.stream, page=1))
    assert {operation for operation, _ in made} == {"GetItem", "Query"}
    assert all(parameters["ConsistentRead"] for _, parameters in made)
