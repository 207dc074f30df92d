"""What every vault guarantees, by itself and in the transaction of a commit: one suite for memory and for DynamoDB.

A subclass provides the fixture `kept`. Partitions and streams have random ids, so the tables may hold others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from functions.kernel.domain.errors import ConcurrencyError, TooLargeError
from functions.kernel.domain.sizes import COMMIT_LIMIT
from functions.kernel.runtime import ids
from functions.kernel.runtime.runtime import EventStore
from functions.kernel.runtime.vault import RowWrite, Vault
from tests.support.store_suite import a_commit, a_stream


@dataclass(frozen=True)
class Kept:
    """A store of events, the vault beside it, and the ledger of erasures, read as a vault is."""

    store: EventStore
    vault: Vault
    ledger: Vault


class VaultSuite:
    @pytest.fixture
    def kept(self) -> Kept:
        raise NotImplementedError

    @pytest.fixture
    def vault(self, kept: Kept) -> Vault:
        return kept.vault

    @pytest.fixture
    def here(self) -> str:
        """A partition of its own for each test."""
        return ids.new()

    # Rows

    @pytest.mark.parametrize(
        "data", [{}, {"key": "a", "by": "2026"}, {"Grüße": '世界 🤖 \x00\n"'}, {"deep": [[], {}, None, True, -1]}]
    )
    def test_a_row_is_read_as_it_was_added(self, vault: Vault, here: str, data: dict[str, Any]) -> None:
        assert vault.get(here, "key") is None
        assert vault.add(here, "key", data) == data
        assert vault.get(here, "key") == data
        assert vault.get(here, "another") is None

    def test_of_two_that_add_a_row_the_second_gets_that_of_the_first(self, vault: Vault, here: str) -> None:
        assert vault.add(here, "key", {"key": "first"}) == {"key": "first"}
        assert vault.add(here, "key", {"key": "second"}) == {"key": "first"}
        assert vault.get(here, "key") == {"key": "first"}

    def test_what_a_caller_does_with_the_data_later_changes_no_row(self, vault: Vault, here: str) -> None:
        data: dict[str, Any] = {"key": "kept"}
        answer = vault.add(here, "key", data)
        data["key"] = answer["key"] = "changed"
        read = vault.get(here, "key")
        assert read == {"key": "kept"}
        read["key"] = "changed"
        vault.get_many([(here, "key")])[here, "key"]["key"] = "changed"
        vault.add(here, "key", {})["key"] = "changed"
        assert vault.get(here, "key") == {"key": "kept"}

    @pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 230])
    def test_many_rows_are_read_by_their_keys_without_those_that_are_not_there(
        self, vault: Vault, here: str, count: int
    ) -> None:
        for n in range(count):
            vault.add(f"{here} {n}", "key", {"n": n})
        asked = [(f"{here} {n}", "key") for n in range(count)]
        more = [(f"{here} 0", "another"), (f"{here} never there", "key"), *asked[:3]]
        assert vault.get_many([*asked, *more]) == {key: {"n": n} for n, key in enumerate(asked)}

    def test_the_last_sort_keys_of_a_partition_come_in_descending_order(self, vault: Vault, here: str) -> None:
        for sort in ["b", "a", "é", "B", "ab", "🤖", "10", "9"]:
            vault.add(here, sort, {})
        vault.add(f"{here} another", "z", {})
        assert vault.sorts(here, 10) == ["🤖", "é", "b", "ab", "a", "B", "9", "10"]
        assert vault.sorts(here, 3) == ["🤖", "é", "b"]
        assert vault.sorts("never there", 10) == []

    @pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 6 + [0]), (4, [4, 2, 0]), (6, [6, 0]), (10, [6, 0])])
    def test_sort_keys_are_read_page_by_page_before_the_last_one(
        self, vault: Vault, here: str, limit: int, sizes: list[int]
    ) -> None:
        for n in range(6):
            vault.add(here, f"2026-03-0{n} customer", {})
        pages: list[Sequence[str]] = []
        before: str | None = None
        while not pages or pages[-1]:
            pages.append(vault.sorts(here, limit, before))
            before = pages[-1][-1] if pages[-1] else None
        assert [len(page) for page in pages] == sizes
        assert [sort for page in pages for sort in page] == [f"2026-03-0{n} customer" for n in (5, 4, 3, 2, 1, 0)]

    def test_nothing_is_before_a_key_that_is_not_there_but_what_is_smaller(self, vault: Vault, here: str) -> None:
        vault.add(here, "b", {})
        assert vault.sorts(here, 10, before="b") == []
        assert vault.sorts(here, 10, before="bb") == ["b"]

    # Beside a commit

    def test_rows_are_written_replaced_and_deleted_with_a_commit(self, kept: Kept, here: str) -> None:
        kept.vault.add(here, "key", {"key": "old"})
        kept.vault.add(here, "old", {})
        commit = a_commit(a_stream())
        kept.store.commit(
            commit,
            beside=[RowWrite(here, "key", {"erased": "now"}), RowWrite(here, "old", None), RowWrite(here, "new", {})],
        )
        assert list(kept.store.forwards(commit.stream)) == [commit]
        assert kept.vault.get(here, "key") == {"erased": "now"}
        assert kept.vault.sorts(here, 10) == ["new", "key"]

    def test_what_is_not_there_is_deleted_without_more_ado(self, kept: Kept, here: str) -> None:
        kept.store.commit(a_commit(a_stream()), beside=[RowWrite(here, "never there", None)])
        assert kept.vault.get(here, "never there") is None

    def test_an_entry_of_the_ledger_is_not_in_the_vault_nor_a_row_of_the_vault_in_the_ledger(
        self, kept: Kept, here: str
    ) -> None:
        rows = [RowWrite(here, "erased", {"version": 3}, table="erasures"), RowWrite(here, "key", {"key": "k"})]
        kept.store.commit(a_commit(a_stream()), beside=rows)
        assert (kept.ledger.get(here, "erased"), kept.vault.get(here, "erased")) == ({"version": 3}, None)
        assert (kept.ledger.get(here, "key"), kept.vault.get(here, "key")) == (None, {"key": "k"})

    def test_rows_may_be_beside_two_commits(self, kept: Kept, here: str) -> None:
        one, two = a_commit(a_stream()), a_commit(a_stream())
        kept.store.commit(one, two, beside=[RowWrite(here, "key", {"n": 1})])
        assert [kept.store.read(commit.stream, 1) for commit in (one, two)] == [one, two]
        assert kept.vault.get(here, "key") == {"n": 1}

    @pytest.mark.parametrize("others", [0, 1])
    def test_a_conflict_on_a_commit_leaves_no_row(self, kept: Kept, here: str, others: int) -> None:
        kept.vault.add(here, "old", {"key": "old"})
        first = a_commit(a_stream())
        kept.store.commit(first)
        more = [a_commit(a_stream()) for _ in range(others)]
        rows = [RowWrite(here, "new", {}), RowWrite(here, "old", None), RowWrite(here, "erased", {}, table="erasures")]
        with pytest.raises(ConcurrencyError):
            kept.store.commit(*more, a_commit(first.stream), beside=rows)
        assert kept.vault.get(here, "old") == {"key": "old"}
        assert kept.vault.get(here, "new") is None
        assert kept.ledger.get(here, "erased") is None
        assert list(kept.store.forwards(first.stream)) == [first]

    def test_a_commit_over_the_limit_leaves_no_row(self, kept: Kept, here: str) -> None:
        with pytest.raises(TooLargeError):
            kept.store.commit(a_commit(a_stream(), note="x" * COMMIT_LIMIT), beside=[RowWrite(here, "key", {})])
        assert kept.vault.get(here, "key") is None

    def test_a_repeated_commit_succeeds_and_its_rows_are_there_once(self, kept: Kept, here: str) -> None:
        commit = a_commit(a_stream())
        for _ in range(2):
            kept.store.commit(commit, beside=[RowWrite(here, "key", {"n": 1})])
        assert list(kept.store.forwards(commit.stream)) == [commit]
        assert kept.vault.get(here, "key") == {"n": 1}

    def test_a_repeated_commit_brings_back_no_row_that_a_later_one_has_taken(self, kept: Kept, here: str) -> None:
        """So a registration that comes late does not undo an erasure."""
        stream = a_stream()
        registered, erased = a_commit(stream, 1), a_commit(stream, 2)
        kept.store.commit(registered, beside=[RowWrite(here, "phone", {}), RowWrite(here, "key", {"key": "k"})])
        kept.store.commit(erased, beside=[RowWrite(here, "phone", None), RowWrite(here, "key", {"erased": "now"})])
        kept.store.commit(registered, beside=[RowWrite(here, "phone", {}), RowWrite(here, "key", {"key": "k"})])
        assert kept.vault.get(here, "phone") is None
        assert kept.vault.get(here, "key") == {"erased": "now"}

    def test_another_commit_of_the_same_version_changes_no_row(self, kept: Kept, here: str) -> None:
        commit = a_commit(a_stream())
        kept.store.commit(commit, beside=[RowWrite(here, "key", {"n": 1})])
        with pytest.raises(ConcurrencyError):
            kept.store.commit(replace(commit, id=ids.new()), beside=[RowWrite(here, "key", {"n": 2})])
        assert kept.vault.get(here, "key") == {"n": 1}
