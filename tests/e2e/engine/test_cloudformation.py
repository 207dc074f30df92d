"""Stacks: `patches/cloudformation.py`."""

import json
import urllib.request
from pathlib import Path
from typing import Any

from infra.local.cloud import LocalCloud
from infra.local.leftover import remove_leftover
from tests.e2e.engine.workbench import Workbench, eventually


def deploy(bench: Workbench, resources: dict[str, Any], outputs: dict[str, Any], stack: str = "") -> dict[str, str]:
    """Create a stack, or update the one of that name; returns its outputs, and its name as `Stack`."""
    cloudformation = bench.client("cloudformation")
    template = json.dumps({"Resources": resources, "Outputs": {name: {"Value": v} for name, v in outputs.items()}})
    name = stack or bench.name("stack")
    (cloudformation.update_stack if stack else cloudformation.create_stack)(StackName=name, TemplateBody=template)

    def settled() -> Any:
        [found] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        return None if found["StackStatus"].endswith("IN_PROGRESS") else found

    found = eventually(settled)
    assert found["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), found.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]} | {"Stack": name}


def table(time_to_live: str) -> dict[str, Any]:
    return {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
            "TimeToLiveSpecification": {"AttributeName": time_to_live, "Enabled": True},
        },
    }


def test_a_table_s_time_to_live_takes_effect_on_creation_and_on_update(bench: Workbench) -> None:
    def attribute(name: str) -> str:
        found = bench.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        return f"{found['AttributeName']} {found['TimeToLiveStatus']}"

    made = deploy(bench, {"Table": table("expires")}, {"Name": {"Ref": "Table"}})
    assert attribute(made["Name"]) == "expires ENABLED"

    deploy(bench, {"Table": table("gone_after")}, {"Name": {"Ref": "Table"}}, stack=made["Stack"])
    assert attribute(made["Name"]) == "gone_after ENABLED"


def recovering(**specification: Any) -> dict[str, Any]:
    made = table("expires")
    return {**made, "Properties": {**made["Properties"], "PointInTimeRecoverySpecification": specification}}


def recovery_of(bench: Workbench, name: str) -> tuple[str, int | None]:
    found = bench.client("dynamodb").describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = found["PointInTimeRecoveryDescription"]
    return recovery["PointInTimeRecoveryStatus"], recovery.get("RecoveryPeriodInDays")


def test_a_table_s_point_in_time_recovery_takes_effect_with_its_period_on_creation_and_on_update(
    bench: Workbench,
) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-dynamodb-table-pointintimerecoveryspecification.html"""
    a_day = recovering(PointInTimeRecoveryEnabled=True, RecoveryPeriodInDays=1)
    made = deploy(bench, {"Table": a_day}, {"Name": {"Ref": "Table"}})
    assert recovery_of(bench, made["Name"]) == ("ENABLED", 1)

    longest = recovering(PointInTimeRecoveryEnabled=True)
    deploy(bench, {"Table": longest}, {"Name": {"Ref": "Table"}}, stack=made["Stack"])
    assert recovery_of(bench, made["Name"]) == ("ENABLED", 35)

    off = recovering(PointInTimeRecoveryEnabled=False)
    deploy(bench, {"Table": off}, {"Name": {"Ref": "Table"}}, stack=made["Stack"])
    assert recovery_of(bench, made["Name"]) == ("DISABLED", None)


def test_a_table_without_a_specification_has_no_point_in_time_recovery(bench: Workbench) -> None:
    made = deploy(bench, {"Table": table("expires")}, {"Name": {"Ref": "Table"}})
    assert recovery_of(bench, made["Name"]) == ("DISABLED", None)


def test_an_http_api_answers_a_preflight_by_its_cors_configuration(bench: Workbench) -> None:
    resources = {
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Name": "api",
                "ProtocolType": "HTTP",
                "CorsConfiguration": {"AllowOrigins": ["http://kiosk.test"], "AllowMethods": ["POST"]},
            },
        },
        "Stage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
        },
    }
    made = deploy(bench, resources, {"Address": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}})
    headers = {"Origin": "http://kiosk.test", "Access-Control-Request-Method": "POST"}

    address = bench.cloud.http_address(made["Address"])
    preflight = urllib.request.Request(f"{address}/orders", method="OPTIONS", headers=headers)
    with urllib.request.urlopen(preflight) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "http://kiosk.test"
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"


def test_an_archive_keeps_the_events_that_match_it(bench: Workbench) -> None:
    resources = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": bench.name("bus")}},
        "Archive": {
            "Type": "AWS::Events::Archive",
            "Properties": {
                "SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]},
                "EventPattern": {"source": [{"prefix": "mallbots."}]},
                "RetentionDays": 14,
            },
        },
    }
    made = deploy(bench, resources, {"Bus": {"Ref": "Bus"}, "Archive": {"Ref": "Archive"}})
    events = bench.client("events")

    for source in ("mallbots.orders", "other"):
        entry = {"EventBusName": made["Bus"], "Source": source, "DetailType": "OrderCreated", "Detail": "{}"}
        events.put_events(Entries=[entry])

    archive = events.describe_archive(ArchiveName=made["Archive"])
    assert archive["RetentionDays"] == 14
    assert archive["EventCount"] == 1


def test_types_that_only_observe_or_restrict_are_accepted(bench: Workbench) -> None:
    metric = {
        "Id": "age",
        "ReturnData": True,
        "Expression": "depth / 2",
    }
    resources = {
        "Math": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "Metrics": [metric],
                "ComparisonOperator": "GreaterThanThreshold",
                "Threshold": 1,
                "EvaluationPeriods": 1,
            },
        },
        "Composite": {"Type": "AWS::CloudWatch::CompositeAlarm", "Properties": {"AlarmRule": "TRUE"}},
        "SavedQuery": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {"Name": "errors", "QueryString": "fields @message"},
        },
        "Group": {"Type": "AWS::XRay::Group", "Properties": {"GroupName": "mallbots"}},
    }

    made = deploy(bench, resources, {"Alarm": {"Fn::GetAtt": ["Math", "Arn"]}})

    assert made["Alarm"].startswith("arn:aws:cloudwatch:")


def test_a_stack_that_the_app_has_no_more_is_deleted_with_what_is_in_it_and_no_other_is(
    bench: Workbench, cloud: LocalCloud, tmp_path: Path
) -> None:
    cloudformation = bench.client("cloudformation")
    service, removed, other = "mallbots-local-kept", "mallbots-local-loyalty", bench.name("stack")
    for name in (service, removed, other):
        queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"of-{name}"}}
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Queue": queue}}))
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    artifacts = {
        "Kept": {"type": "aws:cloudformation:stack", "properties": {"stackName": service}},
        "Kept.assets": {"type": "cdk:asset-manifest", "properties": {}},
    }
    (tmp_path / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    said: list[str] = []
    assert remove_leftover(cloud, tmp_path, said.append) == [removed]
    assert said == ["mallbots-local-loyalty deleted: the app has it no more"]
    addresses = bench.client("sqs").list_queues(QueueNamePrefix="of-")["QueueUrls"]
    assert {address.rsplit("/", 1)[1] for address in addresses} == {f"of-{service}", f"of-{other}"}
    assert remove_leftover(cloud, tmp_path, said.append) == []
