"""A commit is stored in other words in its place: one suite for memory and DynamoDB."""

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.store import DynamoEventStore, MemoryEventStore
from functions.kernel.eventstore.vault import DynamoVault
from functions.kernel.runtime.commit import Cause, Commit, Outgoing, Snapshot, StoredEvent
from functions.kernel.runtime.runtime import EventStore
from functions.kernel.runtime.vault import RowWrite, Vault
from tests.support import aws
from tests.support.store_suite import a_commit, a_message, a_stream

ROW = RowWrite("phone 1", "2026 ada", {})


def in_other_words(commit: Commit) -> Commit:
    return replace(
        commit,
        events=(StoredEvent.of("Filled", 2, {"coins": 7}),),
        messages=(Outgoing({**commit.messages[0].detail, "data": {}}),),
        cause=Cause("message-1", "another digest"),
        snapshot=None,
    )


class RewritingSuite:
    @pytest.fixture
    def stores(self) -> tuple[EventStore, Vault]:
        raise NotImplementedError

    @pytest.fixture
    def commit(self, stores: tuple[EventStore, Vault]) -> Commit:
        """The second of three commits."""
        stream = a_stream()
        parts: dict[str, Any] = {"cause": Cause("message-1", "digest"), "snapshot": Snapshot.of(1, {"coins": 2}, {})}
        commits = [a_commit(stream), a_commit(stream, 2, messages=(a_message(coins=1),), **parts), a_commit(stream, 3)]
        for commit in commits:
            stores[0].commit(commit)
        return commits[1]

    def test_a_commit_is_stored_in_its_place_with_rows_beside_it(
        self, stores: tuple[EventStore, Vault], commit: Commit
    ) -> None:
        store, vault = stores
        before = list(store.forwards(commit.stream))
        instead = in_other_words(commit)
        store.rewrite(instead, 3, [ROW])
        assert list(store.forwards(commit.stream)) == [before[0], instead, before[2]]
        assert (vault.get("phone 1", "2026 ada"), store.scan(0, 1, None, 9).commits) == ({}, [instead])

    def test_its_renewed_snapshot_goes(self, stores: tuple[EventStore, Vault], commit: Commit) -> None:
        store, _ = stores
        store.renew(commit, Snapshot.of(2, {"coins": 2}, {}))
        store.rewrite(in_other_words(commit), 3)
        stored = store.read(commit.stream, 2)
        assert stored
        assert (stored.renewed, stored.snapshot) == (None, None)

    def test_a_stream_that_went_on_meanwhile_is_left_as_it_is(
        self, stores: tuple[EventStore, Vault], commit: Commit
    ) -> None:
        store, vault = stores
        store.commit(a_commit(commit.stream, 4))
        before = list(store.forwards(commit.stream))
        with pytest.raises(ConcurrencyError, match="has changed meanwhile"):
            store.rewrite(in_other_words(commit), 3, [ROW])
        assert list(store.forwards(commit.stream)) == before
        assert vault.get("phone 1", "2026 ada") is None

    @pytest.mark.parametrize("changes", [{"id": "another"}, {"version": 5}, {"stream": "Jar#nobodys"}])
    def test_a_commit_that_is_not_there_is_not_stored(
        self, stores: tuple[EventStore, Vault], commit: Commit, changes: dict[str, Any]
    ) -> None:
        store, vault = stores
        before = list(store.forwards(commit.stream))
        other = replace(in_other_words(commit), **changes)
        with pytest.raises(ConcurrencyError):
            store.rewrite(other, 3, [ROW])
        assert list(store.forwards(commit.stream)) == before
        assert store.read(other.stream, other.version) in (None, commit)
        assert vault.get("phone 1", "2026 ada") is None


class TestMemoryRewriting(RewritingSuite):
    @pytest.fixture
    def stores(self) -> tuple[EventStore, Vault]:
        store = MemoryEventStore()
        return store, store.vault


class TestDynamoRewriting(RewritingSuite):
    @pytest.fixture
    def stores(self, dynamodb: Any) -> tuple[EventStore, Vault]:
        vault = aws.view_table(dynamodb, [])
        return DynamoEventStore(dynamodb, aws.event_table(dynamodb), {"vault": vault}), DynamoVault(dynamodb, vault)


def test_an_error_that_is_no_conflict_is_raised_as_it_is(dynamodb: Any) -> None:
    store = DynamoEventStore(dynamodb, "no-such-table")
    with pytest.raises(ClientError):
        store.rewrite(a_commit(a_stream()), 1)
