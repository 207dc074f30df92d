"""What the templates must contain, for any set of services: routes, tables, logs, functions, alarms and tags."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.kernel.composition.manifest import manifest, services
from infra.routes import gateway_paths
from infra.stages import stage
from tests.infra.conftest import Templates


def test_every_declared_route_is_a_route_of_the_gateway(both: Templates) -> None:
    at_gateway = {r["RouteKey"] for s, _, r in both.resources("AWS::ApiGatewayV2::Route") if s != "live"}
    declared = {
        f"{route.method} {route.path}"
        for name in services()
        for api in [manifest(name).api]
        if api
        for route in api.routes
    }
    declared |= {"$default", "GET /health", "GET /api/openapi.json", "GET /api/docs"}
    assert sorted(map(without_names, at_gateway)) == sorted(map(without_names, declared))


def without_names(route: str) -> str:
    return re.sub(r"{\w+}", "{}", route)


def test_the_gateway_has_no_more_routes_than_an_api_may_have(both: Templates) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""
    routes = [route for stack, _, route in both.resources("AWS::ApiGatewayV2::Route") if stack != "live"]
    assert len(routes) < 300, "have the quota raised: docs/scale.md, under Services"


def test_a_path_variable_has_one_name_at_its_place(both: Templates) -> None:
    """The gateway refuses a second name: https://github.com/plutomi/plutomi/issues/271."""
    names: dict[str, set[str]] = {}
    for _, _, route in both.resources("AWS::ApiGatewayV2::Route"):
        path = route["RouteKey"].partition(" ")[2]
        for variable in re.finditer(r"{\w+}", path):
            names.setdefault(without_names(path[: variable.start()]), set()).add(variable[0])
    assert len(names) > 10
    assert {place: sorted(found) for place, found in names.items() if len(found) > 1} == {}


def test_the_gateway_is_told_the_first_name_of_a_variable_and_longer_paths_with_it() -> None:
    paths = ["/stores/{id}", "/stores/{storeId}/products/{n}", "/stores/products/{productId}", "/{any}"]
    assert list(gateway_paths(paths).values()) == [
        "/stores/{id}",
        "/stores/{id}/products/{n}",
        "/stores/products/{productId}",
        "/{any}",
    ]


def test_every_table_of_commits_or_rows_recovers_to_any_second_of_35_days(both: Templates) -> None:
    """tests/infra/test_vault.py has the others. 35 days are the default.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html
    """
    tables = [(name, t) for _, name, t in both.resources("AWS::DynamoDB::Table") if "Vault" not in name]
    assert len(tables) > len(services())
    for name, table in tables:
        assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}, name


def test_rows_are_deleted_by_dynamodb_once_they_have_expired(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        views = [table for _, name, table in templates.resources("AWS::DynamoDB::Table") if "Views" in name]
        assert len(views) >= sum(manifest(name).makes_rows for name in services())
        expiring = [{"AttributeName": "expires", "Enabled": True}] * len(views)
        assert [table.get("TimeToLiveSpecification") for table in views] == expiring


def test_the_bus_keeps_every_message_of_ours_for_14_days(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        [(_, _, archive)] = templates.resources("AWS::Events::Archive")
        assert (archive["RetentionDays"], archive["EventPattern"]) == (14, {"source": [{"prefix": "mallbots."}]})


def test_no_property_is_an_empty_text_but_variables_of_functions(dev: Templates, prod: Templates) -> None:
    """What is left empty is left out: EventBridge refuses an empty key (https://github.com/aws/aws-cdk/issues/37847)."""
    for templates in (dev, prod):
        for stack, template in templates.stacks.items():
            for name, resource in template["Resources"].items():
                properties = {k: v for k, v in resource.get("Properties", {}).items() if k != "Environment"}
                assert [path for path in empty(properties) if not path.endswith(EMPTY_BY_ITS_FORM)] == [], (stack, name)


# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-cloudfront-distribution-s3originconfig.html
EMPTY_BY_ITS_FORM = ".S3OriginConfig.OriginAccessIdentity"  # empty where there is an access control of the origin


def empty(value: Any, path: str = "") -> Iterator[str]:
    """Where in a property an empty text is, other than what a join is by."""
    if value == "":
        yield path
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from empty(member[1:] if key == "Fn::Join" else member, f"{path}.{key}")
    elif isinstance(value, list):
        for member in value:
            yield from empty(member, path)


def test_every_function_has_a_log_group_of_its_own_that_keeps_its_lines_as_long_as_the_stage_says(
    dev: Templates, prod: Templates
) -> None:
    for templates, days in ((dev, 14), (prod, 90)):
        groups = {(stack, name): group for stack, name, group in templates.resources("AWS::Logs::LogGroup")}
        used = [
            (stack, function["LoggingConfig"]["LogGroup"]["Ref"])
            for stack, _, function in templates.resources("AWS::Lambda::Function")
        ]
        assert len(set(used)) == len(used)
        assert {groups[of_function]["RetentionInDays"] for of_function in used} == {days}


def test_the_functions_run_on_arm_and_the_newest_python(both: Templates) -> None:
    functions = [function for _, _, function in both.resources("AWS::Lambda::Function")]
    assert {(f["Runtime"], tuple(f["Architectures"])) for f in functions} == {("python3.14", ("arm64",))}


def test_every_service_has_its_alarms(both: Templates) -> None:
    for name in services():
        alarms = {alarm for stack, alarm, _ in both.resources("AWS::CloudWatch::Alarm") if stack == name}
        kinds = ["DeadLetters", "Errors", "Throttles", "TableThrottles", "RecursiveInvocations"]
        kinds += ["RelayLag"] if manifest(name).publisher else []
        kinds += ["OldestMessage", "StillFailing"] if manifest(name).has_consumers else []
        for kind in (*kinds, *(alarm.metric for alarm in manifest(name).alarms)):
            assert any(kind in alarm for alarm in alarms), (name, kind)
    for _, name, alarm in both.resources("AWS::CloudWatch::Alarm"):
        if not re.search(r"Late(Fast|Slow)(Long|Short)Alarm", name):  # those notify as one
            assert alarm["AlarmActions"] == alarm["OKActions"] != [], name


def test_the_alarms_on_a_service_level_notify_as_one(prod: Templates) -> None:
    alarms = prod.resources("AWS::CloudWatch::Alarm")
    silent = {(stack, name) for stack, name, alarm in alarms if "AlarmActions" not in alarm}
    named = set()
    for stack, _, composite in prod.resources("AWS::CloudWatch::CompositeAlarm"):
        assert composite["AlarmActions"] == composite["OKActions"] != []
        named |= {(stack, name) for name in re.findall(r'"Fn::GetAtt": \["(\w+)", "Arn"\]', json.dumps(composite))}
    assert silent == named
    assert len(silent) == 4 * sum(len(manifest(name).levels) for name in services())


@pytest.mark.parametrize("service", services())
def test_every_dead_letter_queue_and_every_function_of_a_service_is_counted_by_its_alarms(
    both: Templates, service: str
) -> None:
    def counted(kind: str) -> set[str]:
        """The logical ids that the alarms of a kind watch."""
        alarms = [a for stack, name, a in both.resources("AWS::CloudWatch::Alarm") if stack == service and kind in name]
        return set(re.findall(r'"(?:Ref|Fn::GetAtt)": \[?"(\w+)"', json.dumps(alarms)))

    every = {name: queue for stack, name, queue in both.resources("AWS::SQS::Queue") if stack == service}
    drained = {name for name, queue in every.items() if "RedrivePolicy" not in queue or service == "operations"}
    functions = {
        name
        for stack, name, function in both.resources("AWS::Lambda::Function")
        if stack == service and not function["Handler"].endswith((".forecast", ".replay"))
    }
    assert drained == counted("DeadLetters") & set(every)
    assert set(every) - drained <= counted("OldestMessage")
    tables = {name for stack, name, _ in both.resources("AWS::DynamoDB::Table") if stack == service}
    assert tables <= counted("TableThrottles")
    assert functions <= counted("Errors") & counted("Throttles")


def test_costs_are_logged_only_where_the_stage_enables_it(both: Templates) -> None:
    settings = {f["Environment"]["Variables"]["MALLBOTS_METER"] for _, _, f in both.resources("AWS::Lambda::Function")}
    assert settings == {"0"}
    assert stage("local").environment["MALLBOTS_METER"] == "1"


TAGGED = (
    *("AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::S3::Bucket"),
    *("AWS::SecretsManager::Secret", "AWS::SNS::Topic", "AWS::SQS::Queue"),
)


@pytest.mark.parametrize("kind", TAGGED)
def test_what_costs_or_keeps_data_is_tagged_with_project_and_stage(dev: Templates, prod: Templates, kind: str) -> None:
    for templates, name_of_stage in ((dev, "dev"), (prod, "prod")):
        for _, name, resource in templates.resources(kind):
            assert {"Key": "stage", "Value": name_of_stage} in resource["Tags"], name
            assert {"Key": "project", "Value": "mallbots"} in resource["Tags"], name
