"""Where a stage has traces: what is delivered for them, what may the exporter, and what a stage without them has."""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import pytest

from events.ordering import OrderCancelled, OrderCompleted, OrderRejected
from functions.kernel.composition.manifest import manifest
from infra.alarms import runbook
from infra.app import ServiceStack
from infra.documents.generate import ROOT
from infra.stages import STAGES, read_traces
from infra.trace_cost import idle, of_a_million
from infra.traces import ALARM, pattern
from tests.infra.conftest import Templates, listed
from tests.infra.policies import Names, role_policies

BACKEND = "https://collector.example:4318"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """The stack of operations alone."""
    folder = tmp_path_factory.mktemp("traced")
    (folder / "placeholder").mkdir()
    app, stage = cdk.App(outdir=str(folder / "out")), replace(STAGES["dev"], traces=BACKEND, traced="a")
    placeholder = folder / "placeholder"
    ServiceStack(app, "Operations", manifest=manifest("operations"), code=placeholder, layer=placeholder, stage=stage)
    app.synth()
    return Templates(folder / "out")


def exporter(templates: Templates) -> list[dict[str, Any]]:
    functions = templates.resources("AWS::Lambda::Function")
    return [function for _, _, function in functions if function["Handler"].endswith(".exporter")]


def test_a_stage_has_no_traces_unless_it_names_a_backend(dev: Templates, prod: Templates) -> None:
    for templates in (dev, prod):
        assert exporter(templates) == []
        assert not [r for _, _, r in templates.resources("AWS::Events::Rule") if "traces" in r.get("Name", "")]


def test_the_rule_takes_the_ends_of_orders_whose_ids_begin_so(traced: Templates) -> None:
    [rule] = [r for _, _, r in traced.resources("AWS::Events::Rule") if r["Name"] == "mallbots-dev-operations-traces"]
    assert "mallbots-prod-operations-traces" in (ROOT / runbook(ALARM)).read_text()
    assert rule["EventPattern"] == {
        "source": ["mallbots.ordering"],
        "detail-type": ["OrderCancelled", "OrderCompleted", "OrderRejected"],
        "detail": {"to": [{"exists": False}], "data": {"order_id": [{"prefix": "a"}]}},
    }
    for event in (OrderCancelled, OrderCompleted, OrderRejected):
        assert "order_id" in event.model_fields
    assert "data" not in pattern("")["detail"]


def test_the_exporter_may_ask_for_timelines_and_take_from_its_queue_and_nothing_else(traced: Templates) -> None:
    [function] = exporter(traced)
    assert function["Environment"]["Variables"]["TRACES"] == BACKEND
    statements = role_policies(Names(traced), "operations", function)
    actions = {action for _, statement in statements for action in listed(statement["Action"])}
    assert actions == {
        *("logs:CreateLogStream", "logs:PutLogEvents", "lambda:InvokeFunction"),
        *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    }


def test_an_end_is_handled_when_what_follows_from_it_was_committed(traced: Templates) -> None:
    [queue] = [
        queue
        for _, _, queue in traced.resources("AWS::SQS::Queue")
        if queue["QueueName"] == "mallbots-dev-operations-traces"
    ]
    assert queue["DelaySeconds"] == 120


def test_a_trace_that_is_given_up_rings_an_alarm_until_its_queue_is_empty(traced: Templates) -> None:
    [(_, queue)] = [
        (name, queue)
        for _, name, queue in traced.resources("AWS::SQS::Queue")
        if queue["QueueName"] == "mallbots-dev-operations-traces-dead-letters"
    ]
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 60 * 60
    [alarm] = [
        alarm
        for _, _, alarm in traced.resources("AWS::CloudWatch::Alarm")
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    ]
    assert (alarm["Namespace"], alarm["Period"], alarm["EvaluationPeriods"]) == ("AWS/SQS", 60, 1)
    [dimension] = alarm["Dimensions"]
    assert traced.stacks["operations"]["Resources"][dimension["Value"]["Fn::GetAtt"][0]]["Properties"] == queue
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanOrEqualToThreshold", 1)
    assert alarm["AlarmActions"] == alarm["OKActions"] != []
    text = Names(traced).of("operations", alarm["AlarmDescription"])
    assert text.endswith(f"mallbots logs operations --find exported --stage dev; then {runbook(ALARM)}")


@pytest.mark.parametrize(
    ("address", "sampled"),
    [("http://collector.example", ""), ("https://a.example/v1/traces", ""), (BACKEND, "g"), (BACKEND, "00000")],
)
def test_a_backend_or_a_sample_that_is_none_is_refused(address: str, sampled: str) -> None:
    with pytest.raises(ValueError, match=r"^trace[sd] is "):
        read_traces(address, sampled)


def test_the_page_says_what_traces_cost() -> None:
    page = (ROOT / "docs" / "telemetry.md").read_text()
    dollars = [f"{of_a_million(traced):.2f}" for traced in ("", "0", "00")]
    said = "{}, and for a million orders {} of which all are traced, {} of one in 16, {} of one in 256"
    assert said.format(f"{idle():.2f}", *dollars) in page
