"""What a repository guarantees on every event store: cheap loads, snapshots, handled causes, history.

A subclass provides the fixture `store`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from functions.kernel.domain.aggregate import UnknownEventError
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository
from functions.kernel.runtime import clock, context, ids, runtime
from functions.kernel.runtime.commit import Cause, Commit, Snapshot, StoredEvent
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import EventStore
from tests.support.jars import Chest, Jar, chests, jars, publishes
from tests.support.runtime import memory_runtime


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

    def test_the_next_load_has_what_was_changed(self, id: str) -> None:
        jars.create(id, lambda jar: jar.fill(3, "first"))
        jars.change(id, lambda jar: jar.fill(4, "second"))
        jar = jars.get(id)
        assert (jar.id, jar.version, jar.coins, jar.notes) == (id, 2, 7, ("first", "second"))

    def test_nothing_is_found_where_nothing_was_written(self, id: str) -> None:
        assert jars.find(id) is None
        with pytest.raises(NotFoundError, match=f"there is no jar {id}"):
            jars.get(id)

    def test_every_commit_carries_a_snapshot_where_the_policy_is_one(self, store: EventStore, id: str) -> None:
        for n in range(3):
            jars.create(id, lambda jar, n=n: jar.fill(n))  # type: ignore[misc]
        snapshots = [commit.snapshot for commit in self.commits(store, id)]
        assert [snapshot.state["coins"] for snapshot in snapshots if snapshot] == [0, 1, 3]

    def test_the_commit_that_completes_the_number_of_events_carries_a_snapshot(
        self, store: EventStore, id: str
    ) -> None:
        for coins in (3, 3, 3, 3, 25, 1, 8, 1):
            chests.create(id, lambda chest, coins=coins: chest.fill_each(*[1] * coins))  # type: ignore[misc]
        commits = self.commits(store, id, Chest)
        assert [commit.last for commit in commits if commit.snapshot] == [12, 37, 47]
        assert (chests.get(id).version, chests.get(id).coins) == (47, 47)

    def test_a_stream_without_snapshots_so_far_is_folded_from_its_first_commit(
        self, store: EventStore, id: str
    ) -> None:
        for n in range(9):
            chests.create(id, lambda chest, n=n: chest.fill(1, f"note {n}"))  # type: ignore[misc]
        assert not any(commit.snapshot for commit in self.commits(store, id, Chest))
        assert chests.get(id).notes == tuple(f"note {n}" for n in range(9))

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

    def test_a_stream_knows_the_last_256_causes_and_no_more(self, store: EventStore, id: str) -> None:
        with caused_by("message-0"):
            jars.create(id, lambda jar: jar.fill(1))
        [first] = self.commits(store, id)
        assert first.snapshot
        causes = {f"message-{n}": 1 for n in range(256)}
        many = replace(first, version=2, id=ids.new(), snapshot=msgspec.structs.replace(first.snapshot, causes=causes))
        store.commit(many)
        for n in (256, 257):
            with caused_by(f"message-{n}"):
                jars.change(id, lambda jar: jar.fill(1))
        last = self.commits(store, id)[-1].snapshot
        assert last
        assert list(last.causes) == [f"message-{n}" for n in range(2, 258)]
        with caused_by("message-2"):
            jars.change(id, lambda jar: jar.fill(1))
        assert jars.get(id).version == 4
        with caused_by("message-1"):
            jars.change(id, lambda jar: jar.fill(1))
        assert jars.get(id).version == 5

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
