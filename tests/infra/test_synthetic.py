"""Where a stage has synthetic orders: what places them, what it may do, and the alarm; and what a stage without has."""

import json
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from functions.customers.synthetic import PROMISED, approved, synthetic
from functions.insights.figures import approvals_late
from functions.kernel.composition.manifest import manifest
from infra.alarms import runbook
from infra.app import ServiceStack
from infra.documents.generate import ROOT
from infra.stages import STAGES, read_flag
from infra.synthetic import ALARM
from infra.synthetic_cost import of_a_month
from tests.infra.conftest import Templates
from tests.infra.policies import Names


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The stack of customers alone, in a stage that has synthetic orders."""
    folder = tmp_path_factory.mktemp("synthetic")
    (folder / "placeholder").mkdir()
    app, stage = cdk.App(outdir=str(folder / "out")), replace(STAGES["dev"], synthetic=True)
    placeholder = folder / "placeholder"
    ServiceStack(app, "Customers", manifest=manifest("customers"), code=placeholder, layer=placeholder, stage=stage)
    app.synth()
    return Templates(folder / "out")


def placing(templates: Templates) -> list[dict[str, Any]]:
    functions = templates.resources("AWS::Lambda::Function")
    return [function for _, _, function in functions if function["Handler"].endswith(".synthetic")]


def test_no_stage_has_synthetic_orders_unless_a_deployment_says_so(dev: Templates, prod: Templates) -> None:
    assert not any(stage.synthetic for stage in STAGES.values())
    for templates in (dev, prod):
        assert placing(templates) == []
        assert not [r for _, _, r in templates.resources("AWS::Events::Rule") if "synthetic" in r.get("Name", "")]


def test_a_rule_places_one_every_five_minutes(watched: Templates) -> None:
    [rule] = [r for _, _, r in watched.resources("AWS::Events::Rule") if r.get("Name", "").endswith("-synthetic")]
    assert rule["Name"].replace("-dev-", "-prod-") in (ROOT / runbook(ALARM)).read_text()
    assert (rule["ScheduleExpression"], synthetic.expression) == ("rate(5 minutes)", "rate(5 minutes)")


def test_it_knows_where_the_api_is_and_may_register_its_customer_and_sign_its_session_and_nothing_else(
    watched: Templates,
) -> None:
    [function] = placing(watched)
    api = json.dumps(function["Environment"]["Variables"]["API"])
    assert "https://" in api
    assert ".execute-api." in api
    role = function["Role"]["Fn::GetAtt"][0]
    actions = {
        action
        for _, _, policy in watched.resources("AWS::IAM::Policy")
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert actions == {
        *("logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue"),
        *("dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "kms:GenerateDataKey", "kms:Decrypt"),
    }


def test_the_alarm_rings_where_none_was_approved_for_a_quarter_of_an_hour(watched: Templates) -> None:
    alarms = watched.resources("AWS::CloudWatch::Alarm")
    [alarm] = [alarm for _, _, alarm in alarms if alarm.get("MetricName") == approved.metric]
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == ("SampleCount", 300, 3)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["Dimensions"] == [{"Name": "service", "Value": synthetic.service}]
    text = Names(watched).of("customers", alarm["AlarmDescription"])
    assert text.endswith(f"mallbots logs customers --find synthetic --stage dev; then {runbook(ALARM)}")


def test_it_waits_for_as_long_as_is_promised_to_customers() -> None:
    assert approvals_late.seconds == PROMISED


def test_the_setting_is_yes_or_no() -> None:
    assert (read_flag("synthetic", "yes"), read_flag("synthetic", "no")) == (True, False)
    with pytest.raises(ValueError, match="synthetic is yes or no, not 'true'"):
        read_flag("synthetic", "true")


def test_the_page_says_what_it_costs() -> None:
    page = (ROOT / "docs" / "telemetry.md").read_text()
    assert f"| {of_a_month():.2f} |" in page
