"""Reading goes by keys: only what sends messages again goes through a whole table."""

import re
from pathlib import Path

from functions.kernel.composition.manifest import manifest, services
from infra.documents.generate import ROOT
from tests.infra.conftest import Templates

SENDS_AGAIN = {"functions/kernel/eventstore/relay.py", "functions/kernel/eventstore/store.py"}


def calls_of_scan(path: Path) -> list[str]:
    return re.findall(r"\.scan\(|get_paginator\(.scan", path.read_text())


def test_no_service_scans() -> None:
    scanning = {str(path.relative_to(ROOT)) for path in (ROOT / "functions").rglob("*.py") if calls_of_scan(path)}
    assert scanning == SENDS_AGAIN


def test_only_relays_may_scan_and_only_the_table_of_their_commits(dev: Templates) -> None:
    allowed = [
        (stack, policy, statement["Resource"])
        for stack, policy, statement in dev.statements()
        if any(action in ("dynamodb:Scan", "dynamodb:*", "*") for action in _listed(statement["Action"]))
    ]
    assert allowed
    for stack, policy, resource in allowed:
        assert policy.startswith("ServiceRelay"), f"{policy} of {stack} may scan"
        assert "Views" not in str(resource)


def test_every_table_that_is_queried_by_an_index_has_it(dev: Templates) -> None:
    tables = [table for _, _, table in dev.resources("AWS::DynamoDB::GlobalTable")] + [
        table for _, _, table in dev.resources("AWS::DynamoDB::Table")
    ]
    found = {index["IndexName"] for table in tables for index in table.get("GlobalSecondaryIndexes", [])}
    queried = {index for name in services() for index in manifest(name).indexes}
    assert queried
    assert queried <= found


def _listed(action: str | list[str]) -> list[str]:
    return action if isinstance(action, list) else [action]
