"""What every event store guarantees: one suite for memory, for DynamoDB and for a deployment.

A subclass provides the fixture `store`. Streams have random ids, so the store may hold others.
"""

import random
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from functions.kernel.domain.errors import ConcurrencyError, TooLargeError
from functions.kernel.domain.sizes import COMMIT_LIMIT, MESSAGE_LIMIT
from functions.kernel.runtime import ids
from functions.kernel.runtime.commit import Cause, Commit, Outgoing, Snapshot, StoredEvent
from functions.kernel.runtime.runtime import EventStore


def a_stream() -> str:
    return f"Jar#{ids.new()}"


def a_commit(stream: str, version: int = 1, *, events: int = 1, note: Any = "", **parts: Any) -> Commit:
    return Commit(
        stream=stream,
        version=version,
        id=ids.new(),
        events=tuple(StoredEvent.of("Filled", 1, {"coins": version + n, "note": note}) for n in range(events)),
        time="2026-03-01T10:00:00.000000Z",
        **parts,
    )


def a_message(name: str = "JarFilled", delay: int | None = None, **data: Any) -> Outgoing:
    return Outgoing({"metadata": {"id": ids.new(), "name": name}, "data": data}, delay)


def noise(size: int, seed: int = 1) -> str:
    """A text that takes about three quarters of its size when it is compressed, however long it is."""
    return b64encode(random.Random(seed).randbytes(size * 3 // 4)).decode()


class EventStoreSuite:
    @pytest.fixture
    def store(self) -> EventStore:
        raise NotImplementedError

    def test_a_commit_is_read_as_it_was_written(self, store: EventStore) -> None:
        commit = a_commit(
            a_stream(),
            events=2,
            messages=(a_message(coins=1), a_message("JarForgotten", delay=3600), a_message(delay=0)),
            cause=Cause("message-1", "digest-1"),
            correlation_id="flow-1",
            causation_id="message-1",
            actor="staff:mia",
            snapshot=Snapshot.of(1, {"coins": 3}, {"message-0": 1}),
        )
        store.commit(commit)
        stored = store.read(commit.stream, 1)
        assert stored == commit
        assert stored.snapshot == commit.snapshot

    def test_reading_backwards_gives_commits_without_their_messages(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), messages=(a_message(coins=1),))
        store.commit(commit)
        assert list(store.backwards(commit.stream, page=1)) == [replace(commit, messages=())]
        assert list(store.forwards(commit.stream)) == [commit]

    def test_a_commit_without_the_optional_parts_is_read_without_them(self, store: EventStore) -> None:
        commit = a_commit(a_stream())
        store.commit(commit)
        stored = store.read(commit.stream, 1)
        assert stored == commit
        assert (stored.messages, stored.cause, stored.causation_id, stored.snapshot) == ((), None, None, None)

    def test_a_stream_without_commits_is_empty(self, store: EventStore) -> None:
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
    def test_a_stream_is_read_in_order_of_its_versions_newest_or_oldest_first(
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

    def test_the_second_of_two_commits_of_one_version_is_a_conflict_and_changes_nothing(
        self, store: EventStore
    ) -> None:
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
    def test_of_two_commits_neither_is_written_when_one_version_exists(self, store: EventStore, taken: int) -> None:
        pair = [a_commit(a_stream()), a_commit(a_stream())]
        existing = a_commit(pair[taken].stream)
        store.commit(existing)
        with pytest.raises(ConcurrencyError):
            store.commit(*pair)
        assert list(store.forwards(pair[taken].stream)) == [existing]
        assert list(store.forwards(pair[1 - taken].stream)) == []

    def test_a_repeated_commit_succeeds_and_is_stored_once(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), events=2)
        store.commit(commit)
        store.commit(commit)
        assert list(store.forwards(commit.stream)) == [commit]

    def test_two_repeated_commits_succeed_and_are_stored_once(self, store: EventStore) -> None:
        one, two = a_commit(a_stream()), a_commit(a_stream())
        store.commit(one, two)
        store.commit(one, two)
        assert list(store.forwards(one.stream)) == [one]
        assert list(store.forwards(two.stream)) == [two]

    def test_two_commits_of_which_only_one_exists_are_a_conflict(self, store: EventStore) -> None:
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
    def test_every_kind_of_value_is_read_as_it_was_written(self, store: EventStore, note: Any) -> None:
        commit = a_commit(a_stream(), note=note, snapshot=Snapshot.of(1, {"note": note}, {}))
        store.commit(commit)
        stored = store.read(commit.stream, 1)
        assert stored == commit
        assert stored.snapshot == commit.snapshot

    @pytest.mark.parametrize("letter", ["x", "ß", "🤖"])
    def test_a_commit_of_nearly_the_limit_is_written(self, store: EventStore, letter: str) -> None:
        size = (COMMIT_LIMIT - 1000) // len(letter.encode())
        commit = a_commit(a_stream(), note=letter * size)
        store.commit(commit)
        assert store.read(commit.stream, 1) == commit

    @pytest.mark.parametrize("letter", ["x", "ß", "🤖"])
    def test_a_commit_over_the_limit_is_refused_and_not_written(self, store: EventStore, letter: str) -> None:
        commit = a_commit(a_stream(), note=letter * (COMMIT_LIMIT // len(letter.encode())))
        with pytest.raises(TooLargeError, match=rf"a change to {commit.stream} takes 350,\d\d\d bytes.* 350,000"):
            store.commit(commit)
        assert store.read(commit.stream, 1) is None

    def test_messages_count_for_the_limit(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), messages=(a_message(note="x" * 200_000), a_message(note="x" * 200_000)))
        with pytest.raises(TooLargeError, match=r"a change to .* takes 400,\d\d\d bytes"):
            store.commit(commit)
        assert store.read(commit.stream, 1) is None

    @pytest.mark.parametrize("letter", ["x", "ß", "🤖"])
    def test_a_commit_with_a_message_that_the_bus_would_not_take_is_refused(
        self, store: EventStore, letter: str
    ) -> None:
        fits, does_not = ((MESSAGE_LIMIT - room) // len(letter.encode()) for room in (1000, 0))
        commit = a_commit(a_stream(), messages=(a_message(note=letter * does_not),))
        with pytest.raises(TooLargeError, match=r"makes a message of 250,\d\d\d bytes.* 250,000"):
            store.commit(commit)
        assert store.read(commit.stream, 1) is None
        store.commit(a_commit(commit.stream, messages=(a_message(note=letter * fits),)))

    def test_of_two_commits_neither_is_written_when_one_is_over_the_limit(self, store: EventStore) -> None:
        small, large = a_commit(a_stream()), a_commit(a_stream(), note="x" * COMMIT_LIMIT)
        with pytest.raises(TooLargeError):
            store.commit(small, large)
        assert store.read(small.stream, 1) is None

    def test_a_snapshot_that_would_not_fit_is_left_out(self, store: EventStore) -> None:
        commit = a_commit(a_stream(), note="x" * 200_000, snapshot=Snapshot.of(1, {"note": "x" * 200_000}, {"m": 1}))
        store.commit(commit)
        stored = store.read(commit.stream, 1)
        assert stored == commit
        assert stored.snapshot is None

    def test_a_stream_longer_than_one_response_of_the_table_is_read_completely(self, store: EventStore) -> None:
        stream = a_stream()
        commits = [
            a_commit(stream, version, note=noise(300_000, version)) for version in range(1, 9)
        ]  # 1.8 MB when compressed: a response has at most 1
        for commit in commits:
            store.commit(commit)
        assert list(store.forwards(stream)) == commits
        assert list(store.backwards(stream, page=50)) == commits[::-1]

    def test_a_stream_is_read_by_pages_that_go_on_behind_a_version(self, store: EventStore) -> None:
        stream = a_stream()
        commits = [a_commit(stream, version, events=2, messages=(a_message(),)) for version in range(1, 20, 2)]
        for commit in [*commits, a_commit(a_stream())]:
            store.commit(commit)
        found, after = store.page(stream, 0, 4)
        assert (found, after) == (commits[:4], 7)
        found, after = store.page(stream, 7, 4)
        assert (found, after) == (commits[4:8], 15)
        assert store.page(stream, 15, 4) == (commits[8:], None)
        assert store.page(stream, 19, 4) == store.page(a_stream(), 0, 4) == ([], None)

    def test_a_stream_longer_than_one_answer_of_the_table_is_read_whole_by_pages(self, store: EventStore) -> None:
        stream = a_stream()
        commits = [a_commit(stream, version, note=noise(300_000, version)) for version in range(1, 9)]
        for commit in commits:
            store.commit(commit)
        found: list[Commit] = []
        after: int | None = 0
        while after is not None:
            page, after = store.page(stream, after, 100)
            found += page
        assert found == commits

    @pytest.mark.parametrize("segments", [1, 3])
    def test_a_scan_returns_every_commit_with_messages_once(self, store: EventStore, segments: int) -> None:
        written = [a_commit(a_stream(), messages=(a_message(n=n),)) for n in range(11)]
        without_messages = [a_commit(a_stream()) for _ in range(3)]
        for commit in [*written, *without_messages]:
            store.commit(commit)
        found: list[Commit] = []
        for segment in range(segments):
            cursor: str | None = None
            while True:
                page, cursor, examined = store.scan(segment, segments, cursor, 4)
                assert len(page) <= examined <= 4
                found += page
                if cursor is None:
                    break
        ours = [commit for commit in found if commit.stream in {c.stream for c in [*written, *without_messages]}]
        assert sorted(ours, key=lambda c: c.stream) == sorted(written, key=lambda c: c.stream)
