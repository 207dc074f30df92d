"""`make restore-epoch`: a restored table goes on above all that was published, and what it lacks is listed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from functions.kernel.eventstore.epochs import STREAM, base_at
from functions.kernel.eventstore.store import DynamoEventStore
from infra.operate.deployment import OperateError
from tests.infra.restored import NOON, Place, Stopped, listed, local_place
from tests.support import aws


@pytest.fixture
def place() -> Iterator[Place]:
    with local_place() as made:
        yield made


def test_what_was_committed_after_the_backup_is_listed_and_streams_go_on_above_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fill("1")
    restored = place.backup()
    place.fill("1", 2)
    place.fill("2", 3)
    assert place.run("--table", restored) == 0
    found, said = listed(capsys)
    assert sorted((one["stream"], one["version"], one["is_whole"]) for one in found) == [
        ("Jar#1", 2, False),
        ("Jar#2", 1, True),
    ]
    assert found[0].keys() == {
        *("stream", "version", "last", "time", "actor", "correlation_id", "events", "messages", "is_whole")
    }
    assert {(*one["events"], *one["messages"]) for one in found} == {("Filled", "JarFilled")}
    assert "holds 1 commit, the newest of 2026-03-01T12:00:01" in said
    assert f"2 commits of {place.serving} are lost." in said
    base = base_at(place.now)
    assert f"go on above {base}." in said
    place.serving = restored
    assert [place.fill("1").version, place.fill("2").version, place.fill("1").coins] == [base + 1, base + 1, 3]


def test_a_dry_run_opens_none(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    restored = place.backup()
    place.fill("1")
    assert place.run("--table", restored, "--dry-run") == 0
    assert len(listed(capsys)[0]) == 1
    assert place.dynamodb.scan(TableName=restored)["Items"] == []


def test_where_the_old_table_is_gone_the_epoch_is_opened_all_the_same(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fill("1")
    restored = place.backup()
    place.is_deployed = False
    assert place.run("--table", restored) == 0
    assert "What is lost cannot be told" in listed(capsys)[1]
    assert [item["stream"]["S"] for item in place.dynamodb.scan(TableName=restored)["Items"]].count(STREAM) == 1


def test_where_the_stack_is_gone_the_old_table_is_named(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    restored = place.backup()
    place.fill("1")
    place.is_deployed = False
    assert place.run("--table", restored, "--old", place.serving) == 0
    assert len(listed(capsys)[0]) == 1


def test_a_commit_that_another_has_in_its_place_is_lost(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    restored, old = place.backup(), place.serving
    place.fill("1")
    place.serving = restored
    place.fill("1")
    place.serving = old
    assert place.run("--table", restored) == 0
    assert [(one["stream"], one["version"]) for one in listed(capsys)[0]] == [("Jar#1", 1)]


def test_it_may_run_again(place: Place) -> None:
    place.fill("1")
    restored = place.backup()
    place.run("--table", restored)
    place.now += timedelta(seconds=1)
    place.run("--table", restored)
    place.serving = restored
    assert place.fill("1").version == base_at(NOON + timedelta(seconds=2)) + 1


def test_a_clock_that_is_behind_opens_none(place: Place) -> None:
    place.fill("1")
    first = place.backup()
    place.run("--table", first)
    place.serving = first
    place.fill("1")
    restored = place.backup()
    place.now = NOON - timedelta(hours=1)
    with pytest.raises(OperateError, match="set this machine's clock right"):
        place.run("--table", restored)


def test_the_table_that_serves_and_what_is_no_table_of_commits_is_refused(place: Place) -> None:
    with pytest.raises(OperateError, match="serves: an epoch is opened before that"):
        place.run("--table", place.serving)
    with pytest.raises(OperateError, match="there is no table nowhere"):
        place.run("--table", "nowhere")
    with pytest.raises(OperateError, match="holds no commits"):
        place.run("--table", aws.view_table(place.dynamodb, []))


class TestInPlace:
    def test_the_table_that_serves_holds_what_the_restored_one_does_and_goes_on_above_the_base(
        self, place: Place
    ) -> None:
        place.fill("1")
        restored = place.backup()
        place.fill("1", 2)
        place.fill("2", 3)
        place.dynamodb.delete_item(TableName=place.serving, Key={"stream": {"S": "Jar#1"}, "version": {"N": "1"}})
        assert place.run("--table", restored, "--in-place") == 0
        base = base_at(place.now)
        assert place.keys() == {("Jar#1", 1)}
        assert [place.fill("1").version, place.fill("2").version, place.fill("1").coins] == [base + 1, base + 1, 3]

    def test_it_may_stop_anywhere_and_run_again(self, place: Place) -> None:
        for id in ("1", "2", "3"):
            place.fill(id)
        restored = place.backup()
        for id in ("1", "2", "4"):
            place.fill(id)
        for stopped in (1, 2, 2):
            with pytest.raises(Stopped):
                place.run_until(stopped, "--table", restored, "--in-place")
        assert place.run("--table", restored, "--in-place") == 0
        assert place.keys() == {("Jar#1", 1), ("Jar#2", 1), ("Jar#3", 1)}
        assert len(list(DynamoEventStore(place.dynamodb, place.serving).forwards(STREAM))) == 1

    def test_a_table_that_serves_again_is_left_as_it_is(self, place: Place) -> None:
        restored = place.backup()
        place.run("--table", restored, "--in-place")
        version = place.fill("1").version
        with pytest.raises(OperateError, match="serves again"):
            place.run("--table", restored, "--in-place")
        assert place.keys() == {("Jar#1", version)}

    def test_without_a_table_that_serves_nothing_is_done(self, place: Place) -> None:
        restored = place.backup()
        place.is_deployed = False
        with pytest.raises(OperateError, match="no table to put it into"):
            place.run("--table", restored, "--in-place")
