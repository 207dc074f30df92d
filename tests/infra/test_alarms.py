"""Alarms as CloudWatch evaluates them, and the custom metrics that the code can make."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from functions.gateway.api import api as gateway
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.runtime import observe
from tests.infra.conftest import Resource, Templates
from tests.infra.policies import Names
from tests.unit.kernel.test_observe import METADATA


def alarms(templates: Templates) -> Iterator[tuple[str, str, Resource]]:
    yield from templates.resources("AWS::CloudWatch::Alarm")


def test_a_sum_of_metrics_does_not_miss_those_without_a_value(dev: Templates) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html"""
    expressions = [m["Expression"] for _, _, a in alarms(dev) for m in a.get("Metrics", []) if "Expression" in m]
    assert expressions
    for expression in expressions:
        terms = re.findall(r"\bm\d+", expression)
        assert [f"FILL({term}, 0)" in expression for term in terms] == [True] * len(terms), expression


def test_no_alarm_has_more_metrics_than_cloudwatch_evaluates(dev: Templates) -> None:
    assert max(len([m for m in a.get("Metrics", []) if "MetricStat" in m]) for _, _, a in alarms(dev)) <= 10


def test_an_api_that_answers_500_to_everything_rings_an_alarm(dev: Templates) -> None:
    """A function that answers 500 has not failed for Lambda, so the alarm on its errors stays silent."""
    [alarm] = [a for _, _, a in alarms(dev) if a.get("MetricName") == "5xx"]
    [(_, api, _)] = dev.resources("AWS::ApiGatewayV2::Api")
    assert (alarm["Namespace"], alarm["Dimensions"]) == ("AWS/ApiGateway", [{"Name": "ApiId", "Value": {"Ref": api}}])


def test_the_text_of_an_alarm_names_a_command_for_its_stage_and_fits(dev: Templates, prod: Templates) -> None:
    for templates, stage in ((dev, "dev"), (prod, "prod")):
        for stack, name, alarm in alarms(templates):
            text = Names(templates).of(stack, alarm["AlarmDescription"])
            assert len(text) <= 1024, name
            assert "aws " in text, name
            assert "make dead-letters" not in text, "it lists the local cloud's"
            assert f"--stack-name mallbots-{stage}-{stack}" in text or "get-account-settings" in text, name


def test_the_logs_and_queues_that_alarms_refer_to_are_outputs_of_the_stack(dev: Templates) -> None:
    for stack, _, group in dev.resources("AWS::Logs::LogGroup"):
        assert group, stack
        groups = {name for name, r in dev.stacks[stack]["Resources"].items() if r["Type"] == "AWS::Logs::LogGroup"}
        outputs = dev.stacks[stack]["Outputs"]
        assert groups == {o["Value"]["Ref"] for name, o in outputs.items() if name.endswith("Logs")}


def emitted(capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """The custom metrics of what was printed: namespace, name, dimensions."""
    found = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in directive["Dimensions"]:
                where = tuple((name, line[name]) for name in sorted(dimensions))
                found |= {(directive["Namespace"], metric["Name"], where) for metric in directive["Metrics"]}
    return found


def do_all(service: str, api: Any, messages: list[str]) -> None:
    """Whatever a service can meet: each of its messages and routes, done and failed, and each of its alarms."""
    for route in api.routes if api else ():
        for status in (200, 400, 500, 503):
            observe.request_done(f"{route.method} {route.path}", status, 0.1)
    for name in messages:
        observe.failed(name, RuntimeError("broken"), 1)
    observe.processed(METADATA, 0.1)
    for alarm in manifest(service).alarms if service != "gateway" else ():
        alarm.ring()


def test_all_custom_metrics_of_a_stage_are_about_two_dozen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each costs $0.30 a month (https://aws.amazon.com/cloudwatch/pricing/). By message and route they were 597."""
    monkeypatch.setenv("MALLBOTS_STAGE", "dev")
    for service in [*services(), "gateway"]:
        monkeypatch.setenv("MALLBOTS_SERVICE", service)
        found = manifest(service) if service != "gateway" else None
        messages = [m.about.name for inbox in found.inboxes for m in inbox.messages] if found else []
        do_all(service, found.api if found else gateway, messages)
    made = emitted(capsys)
    assert {name for _, name, _ in made} == {
        "Failed",
        "Errors",
        "OrderNotExpired",
        "BasketNotAbandoned",
        "LeaseNotEnded",
        "SagasNotTimedOut",
        "SagaParked",
        "SagaInsists",
        "MoneyDiffers",
        "PaymentNotReleased",
    }
    assert len(made) == 29


def test_an_alarm_watches_the_metric_that_the_deployed_code_counts(
    dev: Templates, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Namespace, name and dimensions, with the environment that the template gives the functions."""
    [environment] = {
        (v["MALLBOTS_SERVICE"], v["MALLBOTS_STAGE"])
        for stack, _, f in dev.resources("AWS::Lambda::Function")
        if stack == "checkout"
        for v in [f["Environment"]["Variables"]]
    }
    monkeypatch.setenv("MALLBOTS_SERVICE", environment[0])
    monkeypatch.setenv("MALLBOTS_STAGE", environment[1])
    for alarm in manifest("checkout").alarms:
        alarm.ring()
    watched = {
        (a["Namespace"], a["MetricName"], tuple((d["Name"], d["Value"]) for d in a["Dimensions"]))
        for stack, _, a in alarms(dev)
        if stack == "checkout" and a.get("Namespace", "").startswith("MallBots")
    }
    assert emitted(capsys) == watched
    assert {where for where, _, _ in watched} == {"MallBots/dev"}
