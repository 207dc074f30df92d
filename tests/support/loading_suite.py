"""What a repository guarantees on every event store: cheap loads, snapshots, handled causes, history.

A subclass provides the fixture `store`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import pytest

from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, context, ids, runtime
from functions.kernel.runtime.commit import Cause, Commit, Snapshot, StoredEvent
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import EventStore
from tests.support.jars import Jar, chests, jars, publishes
from tests.support.runtime import memory_runtime
from tests.support.store_suite import noise


@contextmanager
def caused_by(message: str) -> Iterator[Context]:
    with context.within(Context(cause=Cause(message), causation_id=message)) as working:
        yield working


def with_schema(schema: int) -> Repository[Jar]:
    """The jars' repository as in older or newer code: with another schema of snapshots."""
    other: type[Jar] = type("Jar", (Jar,), {"snapshot_schema": schema})
    return Repository(other, publishes)


class LoadingSuite:
    @pytest.fixture
    def store(self) -> EventStore:
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _runtime(self, store: EventStore) -> Iterator[None]:
        with runtime.active(memory_runtime("jars", store=store)):
            yield

    @pytest.fixture
    def id(self) -> str:
        return ids.new()

    def commits(self, store: EventStore, id: str, kind: type[Jar] = Jar) -> list[Commit]:
        return list(store.forwards(kind.stream(id)))

    def without_snapshots(self, store: EventStore, id: str, commits: int) -> None:
        """Commits of one coin each, caused by message-0, message-1, …, as no repository would write them."""
        for n in range(commits):
            store.commit(
                Commit(
                    stream=Jar.stream(id),
                    version=n + 1,
                    id=ids.new(),
                    events=(StoredEvent.of("Filled", 1, {"coins": 1}),),
                    time=clock.stamp(),
                    cause=Cause(f"message-{n}"),
                )
            )

    def test_the_next_load_has_what_was_changed(self, id: str) -> None:
        jars.create(id, lambda jar: jar.fill(3, "first"))
        jars.change(id, lambda jar: jar.fill(4, "second"))
        jar = jars.get(id)
        assert (jar.id, jar.version, jar.coins, jar.notes) == (id, 2, 7, ("first", "second"))

    def test_nothing_is_found_where_nothing_was_written(self, id: str) -> None:
        assert jars.find(id) is None
        with pytest.raises(NotFoundError, match=f"there is no jar {id}"):
            jars.get(id)

    def test_a_snapshot_rides_along_in_every_commit_in_which_it_takes_no_further_kilobyte(
        self, store: EventStore, id: str
    ) -> None:
        for n in range(9):
            jars.create(id, lambda jar, n=n: jar.fill(n))  # type: ignore[misc]
        snapshots = [commit.snapshot for commit in self.commits(store, id)]
        assert [snapshot.state["coins"] for snapshot in snapshots if snapshot] == [0, 1, 3, 6, 10, 15, 21, 28, 36]

    def test_a_snapshot_that_takes_a_further_kilobyte_rides_along_in_every_fourth_commit(
        self, store: EventStore, id: str
    ) -> None:
        notes = tuple(noise(450, n) for n in range(12))

        def fill_twice(jar: Jar) -> None:
            jar.fill(1, notes[jar.version // 2])
            jar.fill(1)

        for _ in notes:
            jars.create(id, fill_twice)
        commits = self.commits(store, id)
        assert [commit.version for commit in commits if commit.snapshot] == [1, 9, 17]
        jar = jars.get(id)
        assert (jar.version, jar.coins, jar.notes) == (24, 24, notes)

    def test_a_stream_without_snapshots_is_folded_from_its_first_commit(self, store: EventStore, id: str) -> None:
        self.without_snapshots(store, id, 30)
        jar = jars.get(id)
        assert (jar.version, jar.coins) == (30, 30)
        jars.change(id, lambda jar: jar.fill(1))
        last = self.commits(store, id)[-1].snapshot
        assert last
        assert last.state["coins"] == 31

    @pytest.mark.parametrize("writer", [1, 3])
    def test_a_snapshot_of_an_older_or_newer_schema_is_ignored(self, store: EventStore, id: str, writer: int) -> None:
        for _ in range(4):
            with_schema(writer).create(id, lambda jar: jar.fill(1))
        stream = Jar.stream(id)
        reader = with_schema(2)
        # The snapshot of another schema is ignored: only events count.
        store.commit(
            Commit(
                stream=stream,
                version=5,
                id=ids.new(),
                events=(StoredEvent.of("Filled", 1, {"coins": 1}),),
                time=clock.stamp(),
                snapshot=Snapshot.of(writer, {"coins": 999}, {}),
            )
        )
        assert (reader.get(id).version, reader.get(id).coins) == (5, 5)

    def test_the_next_commit_after_ignored_snapshots_carries_one_of_the_new_schema(
        self, store: EventStore, id: str
    ) -> None:
        for _ in range(3):
            with_schema(1).create(id, lambda jar: jar.fill(1))
        with_schema(2).change(id, lambda jar: jar.fill(1))
        last = self.commits(store, id)[-1].snapshot
        assert last
        assert (last.schema, last.state["coins"]) == (2, 4)

    def test_a_snapshot_that_is_put_beside_a_commit_later_changes_nothing_else(
        self, store: EventStore, id: str
    ) -> None:
        jars.create(id, lambda jar: jar.fill(1))
        [commit] = self.commits(store, id)
        for schema in (2, 3):
            renewed = Snapshot.of(schema, {"coins": schema}, {"m": 1})
            store.renew(commit, renewed)
            [stored] = self.commits(store, id)
            assert stored == commit
            assert (stored.snapshot, stored.renewed) == (commit.snapshot, renewed)
            assert [stored.snapshot_of(n) for n in (1, schema, 9)] == [commit.snapshot, renewed, None]

    def test_a_stream_whose_snapshot_does_not_fit_continues_without(self, store: EventStore, id: str) -> None:
        for n in range(4):
            jars.create(id, lambda jar, n=n: jar.fill(1, f"{n}" + "x" * 150_000))  # type: ignore[misc]
        assert [bool(commit.snapshot) for commit in self.commits(store, id)] == [True, False, False, False]
        jar = jars.get(id)
        assert (jar.version, jar.coins, [note[0] for note in jar.notes]) == (4, 4, ["0", "1", "2", "3"])

    def test_a_cause_is_known_wherever_it_was_handled(self, id: str) -> None:
        for repository in (jars, chests):
            for n in range(25):
                with caused_by(f"message-{n}"):
                    repository.create(id, lambda jar: jar.fill(1))
            for n in (0, 9, 10, 11, 19, 24):
                with caused_by(f"message-{n}") as working:
                    repository.change(id, lambda jar: jar.fill(1))
                assert working.recorded
                assert working.recorded.version == n + 1
            assert repository.get(id).coins == 25

    def test_a_stream_knows_the_causes_of_its_last_256_commits_and_no_more(self, store: EventStore, id: str) -> None:
        self.without_snapshots(store, id, 257)
        with caused_by("message-257"):
            jars.change(id, lambda jar: jar.fill(1))
        for known in (2, 100, 257):
            with caused_by(f"message-{known}") as working:
                jars.change(id, lambda jar: jar.fill(1))
            assert working.recorded
            assert working.recorded.version == known + 1
        assert jars.get(id).version == 258
        with caused_by("message-1"):
            jars.change(id, lambda jar: jar.fill(1))
        assert jars.get(id).version == 259

    def test_a_cause_with_the_short_hash_of_another_takes_effect_and_both_are_known(self, id: str) -> None:
        assert crc32(b"plumless") == crc32(b"buckeroo")
        recorded = []
        for cause in ("plumless", "buckeroo", "plumless", "buckeroo"):
            with caused_by(cause) as working:
                jars.create(id, lambda jar: jar.fill(1))
            recorded.append(working.recorded and working.recorded.version)
        assert recorded == [None, None, 1, 2]
        assert jars.get(id).coins == 2

    def test_a_cause_may_name_a_commit_of_any_earlier_version(self, id: str) -> None:
        versions = {}
        for n, events in enumerate((3, 1, 7, 2)):
            with caused_by(f"message-{n}"):
                jar = jars.create(id, lambda jar, n=events: jar.fill_each(*[1] * n))  # type: ignore[misc]
            versions[f"message-{n}"] = jar.version - events + 1
            jars.change(id, lambda jar: jar.fill(1))  # by nobody's message
        for cause, version in versions.items():
            with caused_by(cause) as working:
                jars.change(id, lambda jar: jar.fill(1))
            assert working.recorded
            assert working.recorded.version == version

    def test_causes_outlive_a_change_of_schema(self, id: str) -> None:
        with caused_by("message-1"):
            with_schema(1).create(id, lambda jar: jar.fill(1))
        with_schema(2).change(id, lambda jar: jar.fill(1))
        with caused_by("message-1"):
            with_schema(2).change(id, lambda jar: jar.fill(1))
        assert jars.get(id).coins == 2

    def test_its_history_has_all_commits_oldest_first(self, id: str) -> None:
        jars.create(id, lambda jar: jar.fill_each(1, 2))
        jars.change(id, lambda jar: jar.seal())
        assert [(c.version, [e.name for e in c.events]) for c in jars.history(id)] == [
            (1, ["Filled", "Filled"]),
            (3, ["Sealed"]),
        ]

    def test_it_can_be_seen_as_of_any_version(self, id: str) -> None:
        jars.create(id, lambda jar: jar.fill_each(1, 2))

        def fill_and_seal(jar: Jar) -> None:
            jar.fill(4)
            jar.seal()

        jars.change(id, fill_and_seal)
        seen = [jars.as_of(id, version=version) for version in (1, 2, 3, 4, 5)]
        assert {jar.id for jar in seen} == {id}
        assert [(jar.version, jar.coins, jar.status) for jar in seen] == [
            (1, 1, "open"),
            (2, 3, "open"),
            (3, 7, "open"),
            (4, 7, "sealed"),
            (4, 7, "sealed"),
        ]
        with pytest.raises(NotFoundError, match=f"there was no jar {id} then"):
            jars.as_of(id, version=0)

    def test_it_can_be_seen_as_of_any_time(self, id: str) -> None:
        def at(minute: int) -> datetime:
            return datetime(2026, 3, 1, 10, minute, tzinfo=UTC)

        for minute in (10, 20, 30):
            with clock.fixed(lambda minute=minute: at(minute)):  # type: ignore[misc]
                jars.create(id, lambda jar: jar.fill(1))
        assert [jars.as_of(id, time=at(minute)).coins for minute in (10, 19, 20, 59)] == [1, 1, 2, 3]
        with pytest.raises(NotFoundError):
            jars.as_of(id, time=at(9))
        with pytest.raises(NotFoundError):
            jars.as_of(ids.new(), time=at(59))

    @pytest.mark.parametrize(
        ("event", "why"),
        [
            (StoredEvent.of("Melted", 1, {}), "holds Melted, which this code does not know"),
            (StoredEvent.of("Filled", 2, {"coins": 1}), "Filled version 2 is newer than this code, which knows 1"),
        ],
    )
    def test_a_stream_with_an_event_that_the_code_does_not_know_stops_with_a_clear_error(
        self, store: EventStore, id: str, event: StoredEvent, why: str
    ) -> None:
        jars.create(id, lambda jar: jar.fill(1))
        store.commit(
            Commit(stream=Jar.stream(id), version=2, id=ids.new(), events=(event,), time="2026-03-01T10:00:00.000000Z")
        )

        def decide(jar: Jar) -> Any:
            raise AssertionError("a decision was made on a stream that cannot be read")

        with pytest.raises(UnknownEventError, match=why):
            jars.get(id)
        with pytest.raises(UnknownEventError, match=why):
            jars.change(id, decide)
