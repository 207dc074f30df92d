"""What `make commits` prints."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime.commit import Cause, Snapshot
from infra.operate.__main__ import MODULES, parser
from infra.operate.commits import commits, event_store
from infra.operate.deployment import OperateError
from tests.support import aws
from tests.support.store_suite import a_commit, a_message


class Place:
    """A deployment of one service with a table of commits."""

    def __init__(self, dynamodb: Any, outputs: Mapping[str, str]) -> None:
        self._dynamodb, self._outputs = dynamodb, outputs

    def client(self, service: str, **config: Any) -> Any:
        assert service == "dynamodb"
        return self._dynamodb

    def outputs(self) -> dict[str, Mapping[str, str]]:
        return {"mallbots-prod-ordering": self._outputs}


@pytest.fixture
def place() -> Iterator[Place]:
    with aws.local_aws():
        dynamodb = aws.client("dynamodb")
        table = aws.event_table(dynamodb)
        store = DynamoEventStore(dynamodb, table)
        cause = Cause("message-1", "digest-1")
        snapshot = Snapshot.of(2, {"coins": 3}, {"message-0": 1, "message-1": 1})
        store.commit(
            a_commit(
                "Jar#1",
                events=2,
                note="Grüße",
                messages=(a_message(coins=1),),
                cause=cause,
                causation_id="message-1",
                snapshot=snapshot,
            )
        )
        store.commit(a_commit("Jar#1", 3))
        yield Place(dynamodb, {"EventsTable": table})


def printed(place: Place, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    arguments = parser().parse_args(["commits", "--service", "ordering", "--stream", "Jar#1", *options])
    assert MODULES["commits"].run(arguments, place) == 0
    text, found, decoder = capsys.readouterr().out.strip(), [], json.JSONDecoder()
    while text:
        one, end = decoder.raw_decode(text)
        found.append(one)
        text = text[end:].strip()
    return found


def test_a_commit_is_printed_with_all_that_it_holds(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    [first, second] = printed(place, capsys)
    assert first["events"] == [
        {"name": "Filled", "version": 1, "data": {"coins": 1, "note": "Grüße"}},
        {"name": "Filled", "version": 1, "data": {"coins": 2, "note": "Grüße"}},
    ]
    assert first["messages"][0]["detail"]["data"] == {"coins": 1}
    assert first["cause"] == {"id": "message-1", "digest": "digest-1"}
    assert first["snapshot"] == {"schema": 2, "state": {"coins": 3}, "causes": 2}
    assert (second["version"], second["cause"], second["messages"], second["snapshot"]) == (3, None, [], None)
    assert (first["renewed"], second["renewed"]) == (None, None)


def test_a_snapshot_that_was_put_beside_a_commit_later_is_printed_too(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    store = event_store(place, "ordering")
    [first, _] = store.forwards("Jar#1")
    store.renew(first, Snapshot.of(3, {"coins": 3, "notes": 0}, {"message-1": 1}))
    [first_printed, _] = printed(place, capsys)
    assert first_printed["snapshot"] == {"schema": 2, "state": {"coins": 3}, "causes": 2}
    assert first_printed["renewed"] == {"schema": 3, "state": {"coins": 3, "notes": 0}, "causes": 1}


@pytest.mark.parametrize(("version", "first"), [("1", 1), ("2", 1), ("3", 3)])
def test_a_commit_is_found_by_the_version_of_any_of_its_events(
    place: Place, capsys: pytest.CaptureFixture[str], version: str, first: int
) -> None:
    assert [one["version"] for one in printed(place, capsys, "--version", version)] == [first]


def test_no_more_commits_are_printed_than_wanted(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert [one["version"] for one in printed(place, capsys, "--limit", "1")] == [1]


def test_what_is_not_there_is_said_to_be_missing(place: Place) -> None:
    with pytest.raises(OperateError, match="ordering has no Jar#2: a stream is named by"):
        list(commits(place, "ordering", "Jar#2"))
    with pytest.raises(OperateError, match="ordering has no Jar#1 of version 4"):
        list(commits(place, "ordering", "Jar#1", 4))
    with pytest.raises(OperateError, match="ordering has no streams"):
        list(commits(Place(None, {}), "ordering", "Jar#1"))
