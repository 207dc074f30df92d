"""The drill of a restoration on the deployed mall: a table of events as of a point in time takes its place again.

The local engine restores no table, so a copy of the table stands for what AWS restores. All else is done as
docs/runbooks/restore-a-table.md has it, but that the containers of before are ended instead of waited for. Requests
come to no function that stands still on AWS; the engine's gateway invokes it all the same, so none are made.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from clients.mall import MallError, wait_for
from functions.kernel.eventstore.epochs import STREAM
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.projections.view_store import DynamoViews, read_item
from infra.operate import __main__ as operate
from tests.e2e.begun_anew import begin_anew, start, stop
from tests.e2e.conftest import Deployed
from tests.support import aws

OTHERS = ("baskets", "search")  # which have copies of the stores
FOLLOWED_WITHIN = 60  # seconds


def test_a_table_that_is_put_back_to_a_moment_goes_on_above_every_version_that_was_published(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    mall = deployed.mall
    kept = mall.post("/api/stores", {"name": "As it was", "location": "Level 1"})["id"]
    _all_show(deployed, kept, "As it was")
    with _restored(deployed) as restored:
        since = datetime.now(UTC) - timedelta(seconds=30)
        mall.put(f"/api/stores/{kept}/rebrand", {"name": "Damaged"})
        lost = mall.post("/api/stores", {"name": "Lost", "location": "Level 1"})["id"]
        _all_show(deployed, kept, "Damaged")
        stop(deployed, "stores")
        try:
            _must_stand_still(deployed)
            told = _operate(deployed, capsys, "restore-epoch", "--service", "stores", "--table", restored, "--in-place")
        finally:
            start(deployed, "stores")
        begin_anew(deployed, "stores")
    gone = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert {one["stream"] for one in gone} == {f"Store#{kept}", f"Store#{lost}"}
    assert [one["messages"] for one in gone if one["stream"] == f"Store#{kept}"] == [["StoreRebranded"]]

    events = DynamoEventStore(deployed.client("dynamodb"), deployed.output("stores", "EventsTable"))
    [*_, opened] = events.forwards(STREAM)
    base = opened.events[0].data["base"]
    assert mall.get(f"/api/stores/{kept}")["store"]["name"] == "As it was"
    with pytest.raises(MallError) as refused:
        mall.get(f"/api/stores/{lost}")
    assert refused.value.status == 404

    _operate(deployed, capsys, "republish", "--service", "stores", "--since", since.isoformat())
    mall.put(f"/api/stores/{kept}/rebrand", {"name": "Goes on"})
    _all_show(deployed, kept, "Goes on")
    [first, *later] = events.forwards(f"Store#{kept}")
    assert first.version < base < later[-1].version
    assert all(_row(deployed, service, kept)[1] > base for service in OTHERS)


def _must_stand_still(deployed: Deployed) -> None:
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        deployed.client("lambda").invoke(FunctionName=deployed.output("stores", "RelayFunction"), Payload=b"{}")


@contextmanager
def _restored(deployed: Deployed) -> Iterator[str]:
    """A copy of the table of events of stores, as of now."""
    dynamodb = deployed.client("dynamodb")
    table = aws.event_table(dynamodb)
    for item in aws.items(dynamodb, deployed.output("stores", "EventsTable")):
        dynamodb.put_item(TableName=table, Item=item)
    yield table
    dynamodb.delete_table(TableName=table)


def _operate(deployed: Deployed, capsys: pytest.CaptureFixture[str], command: str, *options: str) -> str:
    """What an operator's command prints."""
    cloud = deployed.cloud
    here = ("--port", str(cloud.engine.port), "--state", str(cloud.state))
    capsys.readouterr()
    assert operate.main([command, *here, *options]) == 0
    return capsys.readouterr().out


def _all_show(deployed: Deployed, store: str, name: str) -> None:
    for service in OTHERS:
        wait_for(
            lambda service=service: _row(deployed, service, store)[0] == name or None,  # type: ignore[misc]
            f"{service} to know {name}",
            seconds=FOLLOWED_WITHIN,
        )


def _row(deployed: Deployed, service: str, store: str) -> tuple[str, int]:
    """The name that another service has of a store, and the version of its row."""
    rows = DynamoViews(deployed.client("dynamodb"), deployed.output(service, "ViewsTable"))
    for row in rows.stored([("stores", store)]):
        if data := read_item(row):
            return data["name"], int(row["version"]["N"])
    return "", 0
