"""What every event store does, wherever it keeps its commits: one suite for memory, for DynamoDB and for a deployment.

A subclass gives the fixture `store`. Streams have random ids, so the store may hold others.
"""

from dataclasses import replace
from typing import Any

import pytest

from functions.kernel.domain.errors import ConcurrencyError, TooLargeError
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import SIZE_LIMIT, Cause, Commit, Outgoing, Snapshot, StoredEvent
from functions.kernel.runtime.runtime import EventStore


def a_stream() -> str:
    return f"Jar#{ids.new()}"


def a_commit(stream: str, version: int = 1, *, events: int = 1, note: Any = "", **parts: Any) -> Commit:
    return Commit(
        stream=stream,
        version=version,
        id=ids.new(),
        events=tuple(StoredEvent("Filled", 1, {"coins": version + n, "note": note}) for n in range(events)),
        time="2026-03-01T10:00:00.000000Z",
        **parts,
    )


def a_message(name: str = "JarFilled", delay: int | None = None, **data: Any) -> Outgoing:
    return Outgoing({"metadata": {"id": ids.new(), "name": name}, "data": data}, delay)


class EventStoreSuite:
    @pytest.fixture
    def store(self) -> EventStore:
        raise NotImplementedError

    def test_a_commit_comes_back_as_it_was_written(self, store: EventStore) -> None:
        commit = a_commit(
            a_stream(),
            events=2,
            messages=(a_message(coins=1), a_message("JarForgotten", delay=3600), a_message(delay=0)),
            cause=Cause("message-1", "digest-1"),
            correlation_id="flow-1",
            causation_id="message-1",
            actor="staff:mia",
            snapshot=Snapshot(1, {"coins": 3}, {"message-0": 1}),
        )
        store.commit(commit)
        there = store.read(commit.stream, 1)
        assert there == commit
        assert there.snapshot == commit.snapshot

    def test_who_reads_backwards_gets_commits_without_their_messages(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), messages=(a_message(coins=1),))
        store.commit(commit)
        assert list(store.backwards(commit.stream, page=1)) == [replace(commit, messages=())]
        assert list(store.forwards(commit.stream)) == [commit]

    def test_a_commit_without_the_optional_parts_comes_back_without_them(self, store: EventStore) -> None:
        commit = a_commit(a_stream())
        store.commit(commit)
        there = store.read(commit.stream, 1)
        assert there == commit
        assert (there.messages, there.cause, there.causation_id, there.snapshot) == ((), None, None, None)

    def test_a_stream_that_nobody_wrote_is_empty(self, store: EventStore) -> None:
        stream = a_stream()
        assert list(store.backwards(stream, page=10)) == []
        assert list(store.forwards(stream)) == []
        assert store.read(stream, 1) is None

    def test_a_commit_is_found_by_the_version_of_its_first_event_only(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), events=3)
        store.commit(commit)
        assert store.read(commit.stream, 2) is None
        assert store.read(commit.stream, 4) is None

    @pytest.mark.parametrize("page", [1, 2, 100])
    def test_a_stream_is_read_by_the_number_of_its_versions_newest_or_oldest_first(
        self, store: EventStore, page: int
    ) -> None:
        stream = a_stream()
        commits = [a_commit(stream, version) for version in range(1, 13)]
        for commit in commits:
            store.commit(commit)
        assert list(store.forwards(stream)) == commits
        assert list(store.backwards(stream, page=page)) == commits[::-1]

    def test_streams_do_not_see_each_other(self, store: EventStore) -> None:
        mine, other = a_commit(a_stream()), a_commit(a_stream())
        store.commit(mine)
        store.commit(other)
        assert list(store.forwards(mine.stream)) == [mine]

    def test_the_second_of_two_commits_to_one_place_is_a_conflict_and_changes_nothing(self, store: EventStore) -> None:
        first = a_commit(a_stream())
        store.commit(first)
        with pytest.raises(ConcurrencyError):
            store.commit(a_commit(first.stream, events=2))
        assert list(store.forwards(first.stream)) == [first]

    def test_two_commits_are_written_together(self, store: EventStore) -> None:
        one, two = a_commit(a_stream(), cause=Cause("m")), a_commit(a_stream(), messages=(a_message(),))
        store.commit(one, two)
        assert store.read(one.stream, 1) == one
        assert store.read(two.stream, 1) == two

    @pytest.mark.parametrize("taken", [0, 1])
    def test_of_two_commits_neither_is_written_when_one_place_is_taken(self, store: EventStore, taken: int) -> None:
        pair = [a_commit(a_stream()), a_commit(a_stream())]
        there = a_commit(pair[taken].stream)
        store.commit(there)
        with pytest.raises(ConcurrencyError):
            store.commit(*pair)
        assert list(store.forwards(pair[taken].stream)) == [there]
        assert list(store.forwards(pair[1 - taken].stream)) == []

    def test_the_very_same_commit_again_is_a_success_and_is_there_once(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), events=2)
        store.commit(commit)
        store.commit(commit)
        assert list(store.forwards(commit.stream)) == [commit]

    def test_the_very_same_two_commits_again_are_a_success_and_are_there_once(self, store: EventStore) -> None:
        one, two = a_commit(a_stream()), a_commit(a_stream())
        store.commit(one, two)
        store.commit(one, two)
        assert list(store.forwards(one.stream)) == [one]
        assert list(store.forwards(two.stream)) == [two]

    def test_two_commits_of_which_only_one_is_there_are_a_conflict(self, store: EventStore) -> None:
        one, two = a_commit(a_stream()), a_commit(a_stream())
        store.commit(one)
        with pytest.raises(ConcurrencyError):
            store.commit(replace(one, id=ids.new()), two)
        assert list(store.forwards(two.stream)) == []

    @pytest.mark.parametrize(
        "note",
        ["", "Grüße, 世界, 🤖\u200d🛒, עברית", "\x00\t\n\"\\'", {"deep": [[], {}, None, True, -1, 2**60]}, 1.5],
        ids=["empty", "unicode", "control", "nested", "fraction"],
    )
    def test_every_kind_of_value_comes_back_as_it_was(self, store: EventStore, note: Any) -> None:
        commit = a_commit(a_stream(), note=note, snapshot=Snapshot(1, {"note": note}, {}))
        store.commit(commit)
        there = store.read(commit.stream, 1)
        assert there == commit
        assert there.snapshot == commit.snapshot

    @pytest.mark.parametrize("letter", ["x", "ß", "🤖"])
    def test_a_commit_of_nearly_the_limit_is_written(self, store: EventStore, letter: str) -> None:
        size = (SIZE_LIMIT - 1000) // len(letter.encode())
        commit = a_commit(a_stream(), note=letter * size)
        store.commit(commit)
        assert store.read(commit.stream, 1) == commit

    @pytest.mark.parametrize("letter", ["x", "ß", "🤖"])
    def test_a_commit_over_the_limit_is_refused_and_not_written(self, store: EventStore, letter: str) -> None:
        commit = a_commit(a_stream(), note=letter * (SIZE_LIMIT // len(letter.encode())))
        with pytest.raises(TooLargeError, match=rf"a change to {commit.stream} takes 350,\d\d\d bytes.* 350,000"):
            store.commit(commit)
        assert store.read(commit.stream, 1) is None

    def test_messages_count_for_the_limit(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), messages=(a_message(note="x" * SIZE_LIMIT),))
        with pytest.raises(TooLargeError):
            store.commit(commit)
        assert store.read(commit.stream, 1) is None

    def test_of_two_commits_neither_is_written_when_one_is_over_the_limit(self, store: EventStore) -> None:
        small, large = a_commit(a_stream()), a_commit(a_stream(), note="x" * SIZE_LIMIT)
        with pytest.raises(TooLargeError):
            store.commit(small, large)
        assert store.read(small.stream, 1) is None

    def test_a_snapshot_that_would_not_fit_is_left_out(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), note="x" * 200_000, snapshot=Snapshot(1, {"note": "x" * 200_000}, {"m": 1}))
        store.commit(commit)
        there = store.read(commit.stream, 1)
        assert there == commit
        assert there.snapshot is None

    def test_a_stream_longer_than_one_answer_of_the_table_is_read_whole(self, store: EventStore) -> None:
        stream = a_stream()
        commits = [a_commit(stream, version, note="x" * 300_000) for version in range(1, 9)]  # 2.4 MB, an answer has 1
        for commit in commits:
            store.commit(commit)
        assert list(store.forwards(stream)) == commits
        assert list(store.backwards(stream, page=50)) == commits[::-1]

    @pytest.mark.parametrize("segments", [1, 3])
    def test_a_scan_gives_every_commit_that_holds_messages_once(self, store: EventStore, segments: int) -> None:
        written = [a_commit(a_stream(), messages=(a_message(n=n),)) for n in range(11)]
        silent = [a_commit(a_stream()) for _ in range(3)]
        for commit in [*written, *silent]:
            store.commit(commit)
        found: list[Commit] = []
        for segment in range(segments):
            cursor: str | None = None
            while True:
                page, cursor = store.scan(segment, segments, cursor, 4)
                assert len(page) <= 4
                found += page
                if cursor is None:
                    break
        ours = [commit for commit in found if commit.stream in {c.stream for c in [*written, *silent]}]
        assert sorted(ours, key=lambda c: c.stream) == sorted(written, key=lambda c: c.stream)
