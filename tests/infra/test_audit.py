"""The table of the audit: what may be done with it, by any role of the stage."""

import json

from tests.infra.conftest import Templates, listed


def test_a_role_appends_to_the_audit_and_reads_it_and_no_role_updates_or_deletes(
    dev: Templates, prod: Templates
) -> None:
    for templates in (dev, prod):
        [name] = [n for s, n, _ in templates.resources("AWS::DynamoDB::Table") if s == "operations" and "Audit" in n]
        statements = [
            statement
            for stack, _, statement in templates.statements()
            if stack == "operations" and f'"{name}"' in json.dumps(statement.get("Resource"))
        ]
        assert [sorted(listed(one["Action"])) for one in statements] == [["dynamodb:PutItem", "dynamodb:Query"]]
        of_all = [
            action
            for _, _, statement in templates.statements()
            if "*" in listed(statement.get("Resource", []))
            for action in listed(statement["Action"])
        ]
        assert not [action for action in of_all if action.startswith("dynamodb:")]


def test_the_audit_outlives_its_stack_where_a_stage_keeps_its_data_and_is_backed_up(prod: Templates) -> None:
    [audit] = [table for s, n, table in prod.resources("AWS::DynamoDB::Table") if s == "operations" and "Audit" in n]
    assert audit["DeletionProtectionEnabled"] is True
    assert audit["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert "TimeToLiveSpecification" not in audit
