"""The table of the audit: what may be done with it, by any role of the stage."""

import pytest

from functions.kernel.composition.manifest import manifest, services
from tests.infra.conftest import Templates, listed
from tests.infra.policies import HERE, Names
from tests.infra.test_operations import functions, who_may

CHANGES = ("UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete")
SETTINGS = ("DeleteTable", "UpdateTable", "UpdateTimeToLive", "UpdateContinuousBackups")


@pytest.fixture(params=["dev", "prod"])
def names(request: pytest.FixtureRequest) -> Names:
    templates: Templates = request.getfixturevalue(request.param)
    return Names(templates)


def table(names: Names) -> str:
    """The ARN of the table, as it is deployed."""
    [arn] = [
        names.arn(stack, name)
        for stack, name, _ in names.templates.resources("AWS::DynamoDB::Table")
        if stack == "operations" and "Audit" in name
    ]
    return arn


def noting() -> set[str]:
    """The APIs with routes that are audited."""
    apis = {name: api for name in services() if (api := manifest(name).api)}
    return {f"{name}/api" for name, api in apis.items() if any(route.audited for route in api.routes)}


def test_every_api_with_audited_routes_appends_and_operations_alone_reads(names: Names) -> None:
    assert len(noting()) >= 8
    assert who_may(names, "dynamodb:PutItem", table(names)) == noting()
    assert who_may(names, "dynamodb:Query", table(names)) == {"operations/api"}
    for action in ("Scan", "GetItem", "BatchGetItem", "PartiQLSelect"):
        assert who_may(names, f"dynamodb:{action}", table(names)) == set()


def test_no_role_updates_or_deletes(names: Names) -> None:
    for action in (*CHANGES, *SETTINGS):
        assert who_may(names, f"dynamodb:{action}", table(names)) == set()
    of_all = [
        action
        for _, _, statement in names.templates.statements()
        if "*" in listed(statement.get("Resource", []))
        for action in listed(statement["Action"])
    ]
    assert not [action for action in of_all if action.startswith("dynamodb:")]


def test_the_functions_that_append_and_no_others_know_the_table(names: Names) -> None:
    told = {
        f"{stack}/{name}": names.of(stack, function["Environment"]["Variables"]["AUDIT"])
        for stack, name, function in functions(names)
        if "AUDIT" in function["Environment"]["Variables"]
    }
    assert set(told) == noting()
    assert {f"arn:aws:dynamodb:{HERE}:table/{name}" for name in told.values()} == {table(names)}


def test_the_audit_outlives_its_stack_where_a_stage_keeps_its_data_and_is_backed_up(prod: Templates) -> None:
    [audit] = [table for s, n, table in prod.resources("AWS::DynamoDB::Table") if s == "operations" and "Audit" in n]
    assert audit["DeletionProtectionEnabled"] is True
    assert audit["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in audit
