"""`make restore-epoch --in-place`: a restoration is known by the table that was restored, not by that table's name."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from functions.kernel.eventstore.epochs import STREAM, base_at
from functions.kernel.eventstore.store import DynamoEventStore
from infra.operate.deployment import OperateError
from tests.infra.restored import NOON, Place, Stopped, listed, local_place

NAME = "mallbots-prod-jars-restored"  # as the runbook names it, each time


@pytest.fixture
def place() -> Iterator[Place]:
    with local_place() as made:
        yield made


def bases(place: Place) -> list[int]:
    opened = DynamoEventStore(place.dynamodb, place.serving).forwards(STREAM)
    return [commit.events[0].data["base"] for commit in opened]


def test_a_service_may_be_restored_once_more_from_a_later_table_of_the_same_name(place: Place) -> None:
    place.fill("1")
    place.run("--table", place.backup(NAME), "--in-place")
    place.dynamodb.delete_table(TableName=NAME)
    place.now += timedelta(days=30)
    kept = place.fill("1").version
    place.backup(NAME)
    place.now += timedelta(hours=1)
    place.fill("1")
    place.fill("2")
    assert place.run("--table", NAME, "--in-place") == 0
    assert place.keys() == {("Jar#1", 1), ("Jar#1", kept)}
    assert bases(place) == [base_at(NOON + timedelta(seconds=1)), base_at(place.now)]
    assert place.fill("1").version == base_at(place.now - timedelta(seconds=1)) + 1


def test_a_table_whose_name_begins_that_of_an_earlier_one_is_another_restoration(place: Place) -> None:
    place.fill("1")
    place.run("--table", place.backup(NAME + "2"), "--in-place")
    place.fill("1")
    restored = place.backup(NAME)
    place.fill("2")
    assert place.run("--table", restored, "--in-place") == 0
    assert len(bases(place)) == 2
    assert {stream for stream, _ in place.items()} == {"Jar#1"}


def test_a_restoration_that_stopped_goes_on_under_the_epoch_that_it_opened(place: Place) -> None:
    restored = place.backup(NAME)
    place.fill("1")
    with pytest.raises(Stopped):
        place.run_until(2, "--table", restored, "--in-place")
    opened = bases(place)
    place.now += timedelta(minutes=1)
    assert place.run("--table", restored, "--in-place") == 0
    assert (bases(place), place.keys()) == (opened, set())
    assert opened == [base_at(NOON + timedelta(seconds=1))]


class TestADryRun:
    def test_says_that_the_table_serves_again_after_what_would_be_lost(
        self, place: Place, capsys: pytest.CaptureFixture[str]
    ) -> None:
        restored = place.backup(NAME)
        place.run("--table", restored, "--in-place")
        version = place.fill("1").version
        with pytest.raises(OperateError, match="serves again"):
            place.run("--table", restored, "--in-place", "--dry-run")
        assert [one["stream"] for one in listed(capsys)[0]] == ["Jar#1"]
        assert place.keys() == {("Jar#1", version)}

    def test_says_that_there_is_no_table_to_put_it_into(self, place: Place) -> None:
        restored = place.backup(NAME)
        place.is_deployed = False
        with pytest.raises(OperateError, match="no table to put it into"):
            place.run("--table", restored, "--in-place", "--dry-run")

    @pytest.mark.parametrize("how", [(), ("--in-place",)])
    def test_says_that_the_clock_is_behind(self, place: Place, how: tuple[str, ...]) -> None:
        place.fill("1")
        place.run("--table", place.backup(), "--in-place")
        restored = place.backup(NAME)
        opened, place.now = bases(place), NOON - timedelta(hours=1)
        with pytest.raises(OperateError, match="set this machine's clock right"):
            place.run("--table", restored, "--dry-run", *how)
        assert bases(place) == opened
