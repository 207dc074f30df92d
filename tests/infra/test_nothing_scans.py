"""Reads use keys and indexes: only a republish scans a table, and a rebuild the rows of generations.

That no request reads more as there is more of what it is not about, tests/contract/rest/test_reads.py counts.
"""

import re
from pathlib import Path

import pytest

from functions.kernel.composition.manifest import manifest, services
from infra.documents.generate import ROOT
from tests.infra.conftest import Templates, arn_of, listed
from tests.infra.test_logical_ids import VAULT, VIEWS

REPUBLISHES = {"functions/kernel/eventstore/relay.py", "functions/kernel/eventstore/store.py"}
REBUILDS = {"functions/kernel/projections/view_store.py"}  # all_items, by projections/rebuilding.py alone


def calls_of_scan(path: Path) -> list[str]:
    return re.findall(r"\.scan\(|get_paginator\(.scan", path.read_text())


def test_no_service_scans() -> None:
    scanning = {str(path.relative_to(ROOT)) for path in (ROOT / "functions").rglob("*.py") if calls_of_scan(path)}
    assert scanning == REPUBLISHES | REBUILDS
    reading = {path.name for path in (ROOT / "functions").rglob("*.py") if ".all_items(" in path.read_text()}
    assert reading == {"rebuilding.py"}


def test_only_relays_may_scan_the_table_of_their_commits_and_replays_that_of_rows(dev: Templates) -> None:
    allowed = [
        (stack, policy, statement["Resource"])
        for stack, policy, statement in dev.statements()
        if any(action in ("dynamodb:Scan", "dynamodb:*", "*") for action in listed(statement["Action"]))
    ]
    assert allowed
    for stack, policy, resource in allowed:
        assert policy.startswith(("ServiceRelay", "ServiceReplay")), f"{policy} of {stack} may scan"
        assert ("Views" in str(resource)) is policy.startswith("ServiceReplay")


def test_only_who_reads_many_rows_at_once_may_read_batches_and_only_of_those_rows(dev: Templates) -> None:
    """No worker does but that of live: others change one thing at a time. Tools of operators read whatever there is."""
    allowed = {
        (stack, policy.partition("Role")[0], arn_of(statement["Resource"]))
        for stack, policy, statement in dev.statements()
        if "dynamodb:BatchGetItem" in listed(statement["Action"])
        and not policy.startswith(("ServiceForecast", "ServiceReplay"))
    }
    found = {name: manifest(name) for name in services()}
    rooms = {(name, "ServiceApi"): m.api.uses for name, m in found.items() if m.api}
    rooms |= {(name, "ServiceQueries"): m.queries.uses for name, m in found.items() if m.queries}
    rooms |= {(name, "ServiceSocket"): m.socket.uses for name, m in found.items() if m.socket}
    rooms |= {(name, "ServiceInboxWorker"): i.uses for name, m in found.items() for i in m.inboxes if name == "live"}
    rooms |= {(name, f"Service{one.name.title()}"): one.uses for name, m in found.items() for one in m.scheduled}
    of_rows = {(*room, VIEWS) for room, uses in rooms.items() if "get_many" in uses.rows}
    assert allowed == of_rows | {(*room, VAULT) for room, uses in rooms.items() if "get_many" in uses.vault}
    assert {("search", "ServiceApi", VIEWS), ("customers", "ServiceQueries", VAULT)} <= allowed


@pytest.mark.parametrize("service", [name for name in services() if manifest(name).projections])
def test_the_table_of_a_services_rows_has_each_index_that_it_declares_with_its_keys(
    dev: Templates, service: str
) -> None:
    """What is declared is what is queried: tests/contract/test_indexes.py sees that at work."""
    [table] = [
        table
        for stack, name, table in dev.resources("AWS::DynamoDB::Table")
        if stack == service and name.startswith("ServiceViews")
    ]
    found = {
        index["IndexName"]: (
            {key["KeyType"]: key["AttributeName"] for key in index["KeySchema"]},
            index["Projection"]["ProjectionType"],
        )
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    assert found == {
        index: ({"HASH": f"{index}_partition", "RANGE": f"{index}_sort"}, "ALL") for index in manifest(service).indexes
    }
