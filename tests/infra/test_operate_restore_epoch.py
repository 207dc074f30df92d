"""`make restore-epoch`: a restored table goes on above all that was published, and what it lacks is listed."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.kernel.eventstore.epochs import STREAM, base_at
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import clock, runtime
from infra.operate import restore_epoch
from infra.operate.__main__ import parser
from infra.operate.deployment import OperateError
from tests.support import aws
from tests.support.jars import Jar, jars
from tests.support.runtime import memory_runtime

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Stopped(Exception):  # noqa: N818  (no error)
    """The command was stopped."""


class Place:
    """A service of jars on a table that can be copied; a copy may take the place of the one that serves."""

    def __init__(self) -> None:
        self.now = NOON
        self.dynamodb = aws.client("dynamodb")
        self.serving = aws.event_table(self.dynamodb)
        self.is_deployed = True

    def client(self, service: str, **config: Any) -> Any:
        assert service == "dynamodb"
        return self.dynamodb

    def outputs(self) -> dict[str, Mapping[str, str]]:
        stack = {"mallbots-prod-jars": {"EventsTable": self.serving}} if self.is_deployed else {}
        return {"mallbots-prod-stores": {"EventsTable": "another"}, **stack}

    def backup(self) -> str:
        """A copy of the table as of now."""
        copied = aws.event_table(self.dynamodb)
        for item in self.dynamodb.scan(TableName=self.serving)["Items"]:
            if "B" in item["body"]:
                item["body"] = {"B": bytes(item["body"]["B"])}
            self.dynamodb.put_item(TableName=copied, Item=item)
        return copied

    def fill(self, id: str, coins: int = 1) -> Jar:
        self.now += timedelta(seconds=1)
        with runtime.active(memory_runtime("jars", store=DynamoEventStore(self.dynamodb, self.serving))):
            return jars.create(id, lambda jar: jar.fill(coins))

    def keys(self) -> set[tuple[str, int]]:
        """The commits that serve."""
        items = self.dynamodb.scan(TableName=self.serving)["Items"]
        return {(one["stream"]["S"], int(one["version"]["N"])) for one in items if one["stream"]["S"] != STREAM}

    def run_until(self, write: int, *options: str) -> None:
        """Run the command, which is stopped before its n-th write."""
        writes = 0

        def count(**_: Any) -> None:
            nonlocal writes
            writes += 1
            if writes == write:
                raise Stopped

        events = [f"before-call.dynamodb.{call}" for call in ("PutItem", "DeleteItem")]
        for event in events:
            self.dynamodb.meta.events.register(event, count)
        try:
            self.run(*options)
        finally:
            for event in events:
                self.dynamodb.meta.events.unregister(event, count)

    def run(self, *options: str) -> int:
        return restore_epoch.run(parser().parse_args(["restore-epoch", "--service", "jars", *options]), self)


@pytest.fixture
def place() -> Iterator[Place]:
    with aws.local_aws():
        made = Place()
        with clock.fixed(lambda: made.now):
            yield made


def listed(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, Any]], str]:
    lines = capsys.readouterr().out.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")], "\n".join(
        line for line in lines if not line.startswith("{")
    )


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
