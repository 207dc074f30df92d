"""The vault: one suite on both implementations, and how the one on DynamoDB calls its tables."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import ConcurrencyError, UnavailableError
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.eventstore.vault import TRIES, DynamoVault, MemoryVault, to_item
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.vault import Key, RowWrite
from tests.support import aws
from tests.support.store_suite import a_commit, a_stream
from tests.support.vault_suite import Kept, VaultSuite


class TestMemoryVault(VaultSuite):
    @pytest.fixture
    def kept(self) -> Kept:
        store, ledger = MemoryEventStore(), MemoryVault()
        ledger.tables["vault"] = store.vault.tables["erasures"]
        return Kept(store, store.vault, ledger)


class TestDynamoVault(VaultSuite):
    @pytest.fixture
    def kept(self, dynamodb: Any) -> Kept:
        return in_dynamodb(dynamodb)


def in_dynamodb(dynamodb: Any) -> Kept:
    vault, erasures = (aws.view_table(dynamodb, []) for _ in range(2))
    store = DynamoEventStore(dynamodb, aws.event_table(dynamodb), {"vault": vault, "erasures": erasures})
    return Kept(store, DynamoVault(dynamodb, vault), DynamoVault(dynamodb, erasures))


@pytest.fixture
def kept(dynamodb: Any) -> Kept:
    return in_dynamodb(dynamodb)


@pytest.fixture
def table(kept: Kept) -> str:
    """The name of the vault's table."""
    assert isinstance(kept.vault, DynamoVault)
    return kept.vault._table


ROW = RowWrite("customer ada", "key", {"key": "k"})


def test_a_commit_and_its_rows_are_one_transaction(dynamodb: Any, kept: Kept) -> None:
    commit = a_commit(a_stream())
    gone = RowWrite("phone 1", "ada", None)
    with aws.calls(dynamodb) as made:
        kept.store.commit(commit, beside=[ROW, gone])
    [(operation, parameters)] = made
    assert operation == "TransactWriteItems"
    assert parameters["ClientRequestToken"] == commit.id
    put, row, deletion = parameters["TransactItems"]
    assert put["Put"]["ConditionExpression"] == "attribute_not_exists(#stream)"
    key, data = {"partition": {"S": "customer ada"}, "sort": {"S": "key"}}, {"S": '{"key":"k"}'}
    assert row["Put"]["Item"] == {**key, "data": data}
    assert deletion["Delete"]["Key"] == {"partition": {"S": "phone 1"}, "sort": {"S": "ada"}}


def test_a_commit_without_rows_is_a_put_still(dynamodb: Any, kept: Kept) -> None:
    with aws.calls(dynamodb) as made:
        kept.store.commit(a_commit(a_stream()), beside=[])
    assert [operation for operation, _ in made] == ["PutItem"]


def test_every_read_is_consistent(dynamodb: Any, kept: Kept) -> None:
    """An erasure counts at once."""
    with aws.calls(dynamodb) as made:
        kept.vault.get("a", "b")
        kept.vault.sorts("a", 1)
        kept.vault.get_many([("a", "b")])
    asked = [parameters.get("RequestItems", {"": parameters}) for _, parameters in made]
    assert [one["ConsistentRead"] for request in asked for one in request.values()] == [True] * 3


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (100, [100]), (101, [100, 1]), (230, [100, 100, 30])])
def test_a_batch_has_at_most_a_hundred_different_keys(dynamodb: Any, kept: Kept, count: int, sizes: list[int]) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"""
    keys = [(f"customer {n}", "key") for n in range(count)]
    with aws.calls(dynamodb) as made:
        kept.vault.get_many([*keys, *keys])
    asked = [request["Keys"] for _, parameters in made for request in parameters["RequestItems"].values()]
    assert [len(keys) for keys in asked] == sizes


def test_a_row_that_is_added_is_one_put_that_replaces_none(dynamodb: Any, kept: Kept) -> None:
    with aws.calls(dynamodb) as made:
        kept.vault.add(ids.new(), "key", {})
    [(operation, parameters)] = made
    assert (operation, parameters["ConditionExpression"]) == ("PutItem", "attribute_not_exists(#partition)")


def left_out(table: str, *keys: Key, read: Sequence[Any] = ()) -> tuple[int, dict[str, Any]]:
    """An answer of BatchGetItem with these items, that leaves out these keys."""
    unread = [{"partition": {"S": partition}, "sort": {"S": sort}} for partition, sort in keys]
    return 200, {
        "Responses": {table: list(read)},
        "UnprocessedKeys": {table: {"Keys": unread, "ConsistentRead": True}} if unread else {},
    }


def test_what_dynamodb_left_out_of_a_batch_is_asked_again_after_a_wait(dynamodb: Any, kept: Kept, table: str) -> None:
    rows = {(ids.new(), "key"): {"n": n} for n in range(3)}
    first, *others = rows
    for key in others:
        kept.vault.add(*key, rows[key])
    waits: list[float] = []
    answer = left_out(table, *others, read=[to_item(*first, rows[first])])
    with (
        clock.fixed(clock.now, waits.append),
        aws.answering(dynamodb, "BatchGetItem", answer),
        aws.calls(dynamodb) as made,
    ):
        assert kept.vault.get_many(rows) == rows
    assert [len(parameters["RequestItems"][table]["Keys"]) for _, parameters in made] == [3, 2]
    assert waits == [0.01]


def test_a_batch_of_which_dynamodb_goes_on_to_read_nothing_is_unavailable(
    dynamodb: Any, kept: Kept, table: str
) -> None:
    waits: list[float] = []
    answers = [left_out(table, ("a", "key"))] * TRIES
    with (
        clock.fixed(clock.now, waits.append),
        aws.answering(dynamodb, "BatchGetItem", *answers),
        pytest.raises(UnavailableError, match="keys cannot be read now"),
    ):
        kept.vault.get_many([("a", "key")])
    assert len(waits) == TRIES


def test_a_row_whose_reply_was_lost_is_added_once(dynamodb: Any, kept: Kept) -> None:
    """The SDK repeats the put, which then finds its own row."""
    partition = ids.new()
    with aws.losing_first_reply(dynamodb, "PutItem") as attempts:
        assert kept.vault.add(partition, "key", {"key": "own"}) == {"key": "own"}
    assert attempts == [1, 2]
    assert kept.vault.add(partition, "key", {"key": "another"}) == {"key": "own"}


def test_a_transaction_whose_reply_was_lost_is_repeated_with_its_rows_and_is_a_success(
    dynamodb: Any, kept: Kept
) -> None:
    commit, row = a_commit(a_stream()), replace(ROW, partition=ids.new())
    with aws.losing_first_reply(dynamodb, "TransactWriteItems") as attempts:
        kept.store.commit(commit, beside=[row])
    assert attempts == [1, 2]
    assert list(kept.store.forwards(commit.stream)) == [commit]
    assert kept.vault.get(row.partition, row.sort) == row.data


@pytest.mark.parametrize(
    "reasons",
    [["ConditionalCheckFailed", "None"], ["TransactionConflict", "None"], ["None", "TransactionConflict"]],
    ids=["another commit came first", "the commit meets another", "the row meets another"],
)
def test_a_transaction_that_meets_another_is_a_conflict(dynamodb: Any, kept: Kept, reasons: list[str]) -> None:
    cancelled = aws.error("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in reasons])
    with aws.answering(dynamodb, "TransactWriteItems", cancelled), pytest.raises(ConcurrencyError):
        kept.store.commit(a_commit(a_stream()), beside=[ROW])


def test_a_transaction_of_which_a_row_was_throttled_is_no_conflict(dynamodb: Any, kept: Kept) -> None:
    reasons = [{"Code": "None"}, {"Code": "ThrottlingError"}]
    cancelled = aws.error("TransactionCanceledException", CancellationReasons=reasons)
    with aws.answering(dynamodb, "TransactWriteItems", cancelled), pytest.raises(ClientError) as raised:
        kept.store.commit(a_commit(a_stream()), beside=[ROW])
    assert raised.value.response["Error"]["Code"] == "TransactionCanceledException"


def test_a_transaction_that_goes_on_is_no_conflict_for_it_may_yet_succeed(dynamodb: Any, kept: Kept) -> None:
    going_on = aws.error("TransactionInProgressException")
    with aws.answering(dynamodb, "TransactWriteItems", going_on), pytest.raises(UnavailableError):
        kept.store.commit(a_commit(a_stream()), beside=[ROW])


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "AccessDeniedException"])
def test_any_other_error_of_adding_a_row_is_passed_on(dynamodb: Any, kept: Kept, code: str) -> None:
    with aws.answering(dynamodb, "PutItem", aws.error(code)), pytest.raises(ClientError) as raised:
        kept.vault.add(ids.new(), "key", {})
    assert raised.value.response["Error"]["Code"] == code
