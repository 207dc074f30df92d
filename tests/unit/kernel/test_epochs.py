"""A table that was restored to a point in time goes on above every version that was ever published."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from functions.kernel.domain.aggregate import Unchanged
from functions.kernel.domain.errors import ConcurrencyError, StaleError
from functions.kernel.eventstore import epochs, loading
from functions.kernel.eventstore.epochs import GapError, base_at
from functions.kernel.eventstore.repository import change_together
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause, Commit, StoredEvent
from functions.kernel.runtime.context import Context
from tests.support import aws
from tests.support.jars import Chest, Jar, chests, jars
from tests.support.restored import Container, Shelf
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BASE = base_at(NOON)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    made = Shelf(NOON)
    with clock.fixed(lambda: made.now):
        yield made


@contextmanager
def at_work(container: Container) -> Iterator[None]:
    with runtime.active(memory_runtime("jars", store=container)):
        yield


def fill(container: Container, id: str = "1", coins: int = 1) -> Jar:
    with at_work(container):
        return jars.create(id, lambda jar: jar.fill(coins))


def fill_both(jar: Jar, chest: Chest) -> None:
    jar.fill(1)
    chest.fill(1)


def versions(shelf: Shelf, id: str = "1") -> list[int]:
    return sorted(shelf.items.get(f"Jar#{id}", {}))


def test_a_stream_goes_on_above_the_base_and_is_folded_across_the_gap(shelf: Shelf) -> None:
    for _ in range(5):
        fill(shelf.container())
    shelf.restore(3)
    shelf.open_epoch()
    jar = fill(shelf.container())
    assert (jar.coins, jar.version) == (4, BASE + 1)
    jar = fill(shelf.container(), coins=2)
    assert (jar.coins, jar.version) == (6, BASE + 2)
    assert versions(shelf) == [1, 2, 3, BASE + 1, BASE + 2]
    with at_work(shelf.container()):
        assert jars.get("1") == jar


def test_a_stream_that_is_lost_begins_anew_above_the_base(shelf: Shelf) -> None:
    fill(shelf.container())
    shelf.restore(0)
    shelf.open_epoch()
    assert fill(shelf.container()).coins == 1
    assert versions(shelf) == [BASE + 1]
    with at_work(shelf.container()):
        assert jars.get("1").version == BASE + 1


def test_no_message_and_no_version_comes_a_second_time(shelf: Shelf) -> None:
    for _ in range(4):
        fill(shelf.container())
    shelf.restore(1)
    shelf.open_epoch()
    for _ in range(4):
        fill(shelf.container())
    assert len(set(shelf.published)) == len(shelf.published) == 8
    ids = [message["metadata"]["id"] for message in shelf.messages]
    assert len(set(ids)) == 8


def test_without_an_epoch_they_do(shelf: Shelf) -> None:
    """What this is for."""
    for _ in range(2):
        fill(shelf.container())
    shelf.restore(1)
    fill(shelf.container())
    assert shelf.published == [("Jar#1", 1), ("Jar#1", 2), ("Jar#1", 2)]


def test_a_commit_of_several_events_has_them_all_above_the_base(shelf: Shelf) -> None:
    fill(shelf.container())
    shelf.open_epoch()
    with at_work(shelf.container()):
        jars.change("1", lambda jar: jar.fill_each(1, 2, 3))
        jars.change("1", lambda jar: jar.fill(4))
        assert (jars.get("1").coins, jars.get("1").version) == (11, BASE + 4)
    assert [message["metadata"]["stream_version"] for message in shelf.messages[1:]] == [
        BASE + 1,
        BASE + 2,
        BASE + 3,
        BASE + 4,
    ]


def test_two_that_change_together_both_go_on_above_the_base(shelf: Shelf) -> None:
    fill(shelf.container())
    shelf.open_epoch()
    with at_work(shelf.container()):
        chests.create("1", lambda chest: chest.fill(1))
        jar, chest = change_together((jars, "1"), (chests, "1"), fill_both)
    assert (jar.version, chest.version) == (BASE + 1, BASE + 2)


def test_epochs_follow_each_other(shelf: Shelf) -> None:
    for _ in range(3):
        fill(shelf.container())
    shelf.restore(2)
    shelf.open_epoch()
    for _ in range(3):
        fill(shelf.container())
    shelf.now += timedelta(hours=1)
    shelf.restore(3)  # the first commit of the first epoch is left, and the epoch itself
    shelf.open_epoch()
    jar = fill(shelf.container())
    second = base_at(NOON + timedelta(hours=1))
    assert versions(shelf) == [1, 2, BASE + 1, second + 1]
    assert (jar.coins, jar.version) == (4, second + 1)
    assert shelf.container().epochs() == (BASE, second)


def test_an_epoch_that_a_restored_table_no_longer_knows_is_below_the_next_one_too(shelf: Shelf) -> None:
    fill(shelf.container())
    shelf.open_epoch()
    fill(shelf.container())
    shelf.now += timedelta(hours=1)
    shelf.restore(1, with_epochs=0)
    shelf.open_epoch()
    fill(shelf.container())
    assert len(set(shelf.published)) == len(shelf.published) == 3


@pytest.mark.parametrize("missing", [2, BASE + 2])
def test_a_gap_that_is_at_no_base_is_an_error(shelf: Shelf, missing: int) -> None:
    with at_work(shelf.container()):
        for _ in range(3):
            jars.create("1", lambda jar: jar.fill(1))
    shelf.open_epoch()
    with at_work(shelf.container()):
        for _ in range(3):
            jars.create("1", lambda jar: jar.fill(1))
    shelf.drop_snapshots()
    del shelf.items["Jar#1"][missing]
    with at_work(shelf.container()), pytest.raises(GapError, match="has nothing between"):
        jars.get("1")


def test_a_commit_that_begins_elsewhere_than_after_the_base_is_an_error(shelf: Shelf) -> None:
    fill(shelf.container())
    shelf.open_epoch()
    event = StoredEvent.of("Filled", 1, {"coins": 1})
    shelf.container().commit(Commit("Jar#1", BASE + 2, "elsewhere", (event,), time=clock.stamp()))
    with at_work(shelf.container()), pytest.raises(GapError):
        jars.get("1")


class TestContainers:
    def test_one_that_does_not_know_the_epoch_learns_of_it_where_another_has_gone_on(self, shelf: Shelf) -> None:
        old = shelf.container()
        fill(old)
        shelf.open_epoch()
        fill(shelf.container())
        assert fill(old).version == BASE + 2
        assert fill(old, "2").version == BASE + 1

    def test_one_that_does_not_know_the_epoch_knows_it_after_five_minutes(self, shelf: Shelf) -> None:
        old = shelf.container()
        fill(old)
        shelf.open_epoch()
        shelf.now += timedelta(minutes=5)
        assert fill(old).version == BASE + 1
        assert fill(old, "2").version == BASE + 1

    def test_of_two_at_once_one_is_refused_and_goes_on_after_the_other(self, shelf: Shelf) -> None:
        fill(shelf.container())
        shelf.open_epoch()
        first, second = shelf.container(), shelf.container()
        second.before_commit = [lambda: fill(first)]
        jar = fill(second)
        assert (jar.coins, jar.version) == (3, BASE + 2)

    def test_of_an_old_and_a_new_one_at_once_the_versions_stay_apart(self, shelf: Shelf) -> None:
        old = shelf.container()
        fill(old)
        shelf.restore(0)
        shelf.open_epoch()
        old.before_commit = [lambda: fill(shelf.container())]
        fill(shelf.container())
        with at_work(old):
            assert jars.change("1", lambda jar: jar.fill(1)).version == BASE + 3


class TestReading:
    def test_a_snapshot_of_before_serves_after_the_opening(self, shelf: Shelf) -> None:
        with at_work(shelf.container()):
            for _ in range(8):
                jars.create("1", lambda jar: jar.fill(1))
        shelf.open_epoch()
        jar = fill(shelf.container())
        assert (jar.coins, jar.version) == (9, BASE + 1)

    def test_a_snapshot_that_is_renewed_serves(self, shelf: Shelf) -> None:
        with at_work(shelf.container()):
            for _ in range(3):
                jars.create("1", lambda jar: jar.fill(1))
        shelf.open_epoch()
        for _ in range(2):
            fill(shelf.container())
        shelf.drop_snapshots()
        assert loading.renew(Jar, "1", shelf.container())
        assert fill(shelf.container()).coins == 6

    def test_what_was_at_a_version_is_read_on_both_sides_of_the_gap(self, shelf: Shelf) -> None:
        for _ in range(3):
            fill(shelf.container())
        shelf.open_epoch()
        shelf.now += timedelta(minutes=1)
        for _ in range(3):
            fill(shelf.container())
        with at_work(shelf.container()):
            wanted = (1, 3, 4, BASE, BASE + 1, BASE + 2, BASE + 9)
            found = {version: jars.as_of("1", version=version) for version in wanted}
            assert [jar.coins for jar in found.values()] == [1, 3, 3, 3, 4, 5, 6]
            assert jars.as_of("1", time=NOON).coins == 3

    def test_the_version_of_the_last_step_is_the_same_across_the_gap(self, shelf: Shelf) -> None:
        fill(shelf.container())
        shelf.open_epoch()
        with at_work(shelf.container()), context.within(Context(cause=Cause("key-1", "digest"))):
            jar = jars.change("1", lambda jar: None)
        assert (jar.version, jar.changed_at) == (BASE + 1, 1)
        with at_work(shelf.container()):
            assert jars.get("1").changed_at == 1
        assert Unchanged.__name__ in {event.name for event in shelf.container().forwards_last("Jar#1").events}


class TestRequests:
    def test_an_etag_of_a_version_that_is_lost_names_no_version_ever_again(self, shelf: Shelf) -> None:
        for _ in range(3):
            fill(shelf.container())
        shelf.restore(1)
        shelf.open_epoch()
        fill(shelf.container())
        fill(shelf.container())
        for lost in (2, 3):
            with (
                at_work(shelf.container()),
                context.within(Context(expected_versions=frozenset({lost}))),
                pytest.raises(StaleError),
            ):
                jars.change("1", lambda jar: jar.fill(1))

    def test_an_etag_of_what_is_there_still_names_it(self, shelf: Shelf) -> None:
        fill(shelf.container())
        shelf.open_epoch()
        with at_work(shelf.container()), context.within(Context(expected_versions=frozenset({1}))) as working:
            jars.change("1", lambda jar: jar.fill(1))
        assert working.version == BASE + 1

    def test_a_request_whose_commit_is_lost_is_judged_anew_and_then_known(self, shelf: Shelf) -> None:
        fill(shelf.container())

        def ask() -> Jar:
            with at_work(shelf.container()), context.within(Context(cause=Cause("key-1", "digest"))):
                return jars.change("1", lambda jar: jar.fill(5))

        ask()
        shelf.restore(1)
        shelf.open_epoch()
        assert ask().coins == 6
        assert ask().coins == 6
        assert versions(shelf) == [1, BASE + 1]

    def test_a_cause_of_before_the_point_is_known_after_the_opening(self, shelf: Shelf) -> None:
        with at_work(shelf.container()), context.within(Context(cause=Cause("message-1"))):
            jars.create("1", lambda jar: jar.fill(1))
        shelf.open_epoch()
        for _ in range(6):
            fill(shelf.container())
        with at_work(shelf.container()), context.within(Context(cause=Cause("message-1"))):
            assert jars.change("1", lambda jar: jar.fill(1)).coins == 7


class TestOpening:
    def test_a_base_must_be_above_those_before_and_leave_room(self, shelf: Shelf) -> None:
        shelf.open_epoch()
        for base in (BASE, BASE - 1, 2**53):
            with pytest.raises(ValueError, match="not above those of"):
                epochs.open_epoch(shelf.container(), base, "again")

    def test_of_two_who_open_one_at_once_one_is_refused(self, shelf: Shelf) -> None:
        first = shelf.container()
        first.before_commit = [lambda: epochs.open_epoch(shelf.container(), BASE, "by another")]
        with pytest.raises(ConcurrencyError):
            epochs.open_epoch(first, BASE + 1, "by me")

    def test_versions_are_exact_in_json_for_javascript_too(self) -> None:
        last = base_at(datetime(2250, 1, 1, tzinfo=UTC)) + 10**9
        assert last < 2**53
        assert json.loads(json.dumps(float(last))) == last


def test_a_dynamodb_table_reads_its_epochs_once_and_goes_on_above_them() -> None:
    with aws.local_aws(), clock.fixed(lambda: NOON):
        dynamodb = aws.client("dynamodb")
        table = aws.event_table(dynamodb)
        with runtime.active(memory_runtime("jars", store=DynamoEventStore(dynamodb, table))):
            jars.create("1", lambda jar: jar.fill(1))
        epochs.open_epoch(DynamoEventStore(dynamodb, table), BASE, "restored")
        with runtime.active(memory_runtime("jars", store=DynamoEventStore(dynamodb, table))):
            with aws.calls(dynamodb) as made:
                jar = jars.change("1", lambda jar: jar.fill(1))
            assert (jar.version, jar.coins) == (BASE + 1, 2)
            assert [call for call, _ in made] == ["Query", "Query", "PutItem"]
            with aws.calls(dynamodb) as made:
                assert jars.change("1", lambda jar: jar.fill(1)).version == BASE + 2
            assert [call for call, _ in made] == ["Query", "PutItem"]
