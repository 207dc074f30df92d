"""`make restore-epoch --in-place`: commits that were damaged in their place, under their own ids, are put right."""

from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.eventstore import loading
from functions.kernel.eventstore.epochs import STREAM
from functions.kernel.eventstore.item import RENEWED
from functions.kernel.eventstore.store import DynamoEventStore
from infra.operate.deployment import OperateError
from tests.infra.restored import Place, Stopped, listed, local_place
from tests.support import aws
from tests.support.jars import Jar

GARBAGE = {"B": b"no commit"}


@pytest.fixture
def place() -> Iterator[Place]:
    with local_place() as made:
        yield made


@pytest.fixture
def restored(place: Place) -> str:
    """A copy of the table with two jars, of which the second is filled once more later."""
    place.fill("1", 5)
    place.fill("2", 7)
    copied = place.backup()
    place.fill("2", 1)
    return copied


def damaged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [one for one in listed(capsys)[0] if "differs" in one]


def test_a_body_of_another_commit_is_listed_and_gives_way_to_its_own(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.overwrite("Jar#1", 1, body=place.items()["Jar#2", 1]["body"])
    assert place.run("--table", restored, "--in-place") == 0
    [one] = damaged(capsys)
    assert (one["stream"], one["version"], one["differs"]) == ("Jar#1", 1, ["body"])
    assert (one["events"], one["time"]) == (["Filled"], "2026-03-01T12:00:01.000000Z")
    assert place.items() == place.items(restored)
    assert place.fill("1").coins == 6


@pytest.mark.parametrize(
    ("damage", "differs"),
    [
        ({"body": GARBAGE}, ["body"]),
        ({"body": {"S": "no commit"}}, ["body"]),
        ({"body": None}, ["body"]),
        ({"messages": None}, ["messages"]),
        ({"body": GARBAGE, "more": {"S": "?"}}, ["body", "more"]),
    ],
)
def test_whatever_was_changed_in_a_commit_is_as_it_was(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str], damage: dict[str, Any], differs: list[str]
) -> None:
    place.overwrite("Jar#1", 1, **damage)
    assert place.run("--table", restored, "--in-place") == 0
    assert [one["differs"] for one in damaged(capsys)] == [differs]
    assert place.items() == place.items(restored)


@pytest.mark.parametrize("id", [{"S": "another"}, None])
def test_a_commit_that_lost_its_id_is_listed_as_lost_and_put_back(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str], id: dict[str, Any] | None
) -> None:
    place.overwrite("Jar#1", 1, id=id)
    assert place.run("--table", restored, "--in-place") == 0
    assert {(one["stream"], one["version"]) for one in listed(capsys)[0]} == {("Jar#1", 1), ("Jar#2", 2)}
    assert place.items() == place.items(restored)


def test_a_later_commit_that_cannot_be_read_is_lost_like_the_others(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.overwrite("Jar#2", 2, body=GARBAGE)
    assert place.run("--table", restored, "--in-place") == 0
    found, said = listed(capsys)
    assert [(one["stream"], one["version"], one["events"]) for one in found] == [("Jar#2", 2, [])]
    assert "1 commit of" in said
    assert place.items() == place.items(restored)


def test_a_dry_run_lists_what_differs_says_how_many_and_changes_nothing(
    place: Place, restored: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for id in ("1", "2"):
        place.overwrite(f"Jar#{id}", 1, body=GARBAGE)
    before = place.items()
    assert place.run("--table", restored, "--in-place", "--dry-run") == 0
    found, said = listed(capsys)
    assert {one["stream"] for one in found if "differs" in one} == {"Jar#1", "Jar#2"}
    assert f"2 commits of {place.serving} not as restored" in said
    assert place.items() == before


def test_what_was_deleted_is_counted(place: Place, restored: str, capsys: pytest.CaptureFixture[str]) -> None:
    place.dynamodb.delete_item(TableName=place.serving, Key={"stream": {"S": "Jar#1"}, "version": {"N": "1"}})
    assert place.run("--table", restored, "--dry-run") == 0
    assert f"1 commit of {restored} not in {place.serving}" in listed(capsys)[1]


def test_where_nothing_was_damaged_nothing_is_written_but_the_epoch(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fill("1")
    restored = place.backup()
    place.run_until(2, "--table", restored, "--in-place")  # never comes to a second write
    found, said = listed(capsys)
    assert (found, "0 commits of" in said) == ([], True)


def test_a_snapshot_that_was_put_beside_a_commit_since_goes_for_it_may_be_made_of_damaged_commits(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.fill("1")
    restored = place.backup()
    there = DynamoEventStore(place.dynamodb, place.serving)
    snapshot = loading.load(Jar, "1", there).snapshot()
    assert snapshot
    there.renew(next(there.forwards("Jar#1")), snapshot)
    assert RENEWED in place.items()["Jar#1", 1]
    assert place.run("--table", restored, "--in-place") == 0
    found, said = listed(capsys)
    assert (found, "1 commit with another snapshot beside it" in said) == ([], True)
    assert place.items() == place.items(restored)


def test_it_may_stop_anywhere_and_run_again(place: Place, restored: str) -> None:
    for id in ("1", "2"):
        place.overwrite(f"Jar#{id}", 1, body=GARBAGE)
    for stopped in (1, 2, 2):
        with pytest.raises(Stopped):
            place.run_until(stopped, "--table", restored, "--in-place")
    assert place.run("--table", restored, "--in-place") == 0
    assert place.items() == place.items(restored)


def test_an_epoch_that_was_damaged_is_put_back_first(place: Place) -> None:
    place.fill("1")
    place.run("--table", place.backup(), "--in-place")
    first = place.fill("1").version
    restored = place.backup()
    place.overwrite("Jar#1", first, body=GARBAGE)
    [opened] = [one for one in aws.items(place.dynamodb, place.serving) if one["stream"]["S"] == STREAM]
    place.dynamodb.put_item(TableName=place.serving, Item=opened | {"body": GARBAGE})
    assert place.run("--table", restored, "--in-place") == 0
    assert place.items() == place.items(restored)
    [again, new] = DynamoEventStore(place.dynamodb, place.serving).forwards(STREAM)
    assert first == again.events[0].data["base"] + 1
    assert place.fill("1").version == new.events[0].data["base"] + 1


@pytest.mark.parametrize("how", [("--dry-run",), ()])
def test_an_epoch_that_no_table_has_as_it_was_is_refused(place: Place, how: tuple[str, ...]) -> None:
    restored = place.backup()
    place.run("--table", restored, "--in-place")
    [opened] = aws.items(place.dynamodb, place.serving)
    place.dynamodb.put_item(TableName=place.serving, Item=opened | {"body": GARBAGE})
    with pytest.raises(OperateError, match=r"the epoch 1 of .* cannot be read"):
        place.run("--table", restored, "--in-place", *how)


@pytest.mark.parametrize("how", [("--dry-run",), ("--in-place",), ()])
def test_a_restored_table_that_holds_damaged_commits_itself_is_refused(
    place: Place, restored: str, how: tuple[str, ...]
) -> None:
    place.overwrite("Jar#1", 1, body=GARBAGE)
    before = place.items()
    later = place.backup()
    with pytest.raises(OperateError, match="restore an earlier moment"):
        place.run("--table", later, *how)
    assert place.items() == before
