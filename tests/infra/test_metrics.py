"""The custom metrics that the code can make, beside those that alarms watch; and what functions log."""

import json
import re
from collections.abc import Mapping

import pytest

from functions.customers.synthetic import approved
from functions.gateway.api import api as gateway
from functions.gateway.keys import no_key_signs
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.topics import Topics
from functions.kernel.runtime import clock, observe
from functions.kernel.runtime.runtime import active
from infra.documents.generate import ROOT
from infra.prices import ALARM_METRIC, COMPOSITE_ALARM, CUSTOM_METRIC
from infra.service_levels import PACES
from tests.infra.conftest import Templates
from tests.infra.dashboards import metrics, own_metrics
from tests.infra.test_alarms import alarms, metrics_of
from tests.support.delivery import attributes
from tests.support.runtime import memory_runtime

METRICS_OF_A_LEVEL = 2 * 2 * len(PACES)  # what was late and all there was, in two windows of each pace

Counted = set[tuple[str, str, tuple[tuple[str, str], ...]]]
"""Custom metrics: namespace, name, dimensions."""


def emitted(capsys: pytest.CaptureFixture[str]) -> Counted:
    """The custom metrics of what was printed."""
    found = set()
    for line in map(json.loads, capsys.readouterr().out.splitlines()):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for dimensions in directive["Dimensions"]:
                where = tuple((name, line[name]) for name in sorted(dimensions))
                found |= {(directive["Namespace"], metric["Name"], where) for metric in directive["Metrics"]}
    return found


def shown(templates: Templates) -> Counted:
    """The custom metrics that the dashboard shows."""
    return {(metric.namespace, metric.name, metric.dimensions) for metric in own_metrics(templates)}


def watched(templates: Templates, stack: str) -> Counted:
    """The custom metrics that the alarms of a stack watch."""
    return {
        (m["Namespace"], m["MetricName"], tuple((d["Name"], d["Value"]) for d in m.get("Dimensions", [])))
        for s, _, a in alarms(templates)
        if s == stack
        for m in metrics_of(a)
        if m.get("Namespace", "").startswith("MallBots")
    }


def do_all(service: str) -> None:
    """Whatever a service can meet: each of its routes, messages that fail for long, and each of its alarms."""
    found = manifest(service) if service != "gateway" else None
    api = found.api if found else gateway
    for route in api.routes if api else ():
        for status in (200, 400, 500, 503):
            observe.request_done(f"{route.method} {route.path}", status, 0.1, "c-1")
    for consumer in (*found.inboxes, found.topics) if found else ():
        for error in (RuntimeError("broken"), UnavailableError("away")):
            if consumer:
                fail(consumer, error)
    for alarm in found.alarms if found else (no_key_signs,):
        alarm.ring()
    if found:
        for level in found.levels:
            level.judge(["2026-01-01T00:00:00Z"])
        observe.figures(clock.now(), {figure: [1] for figure in found.figures})


def fail(consumer: Inbox | Topics, error: Exception) -> None:
    """A message fails by this error, at its second receive, long after its first."""
    received = {**attributes(2), "ApproximateFirstReceiveTimestamp": "0"}
    record = {"messageId": "m", "receiptHandle": "r", "body": "{}", "attributes": received}
    consumer._redelivery.may_leave(record, error)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mapping[str, Counted]:
    """The custom metrics that the code of each service can make, in stage prod."""
    monkeypatch.setenv("MALLBOTS_STAGE", "prod")
    found = {}
    for service in [*services(), "gateway"]:
        monkeypatch.setenv("MALLBOTS_SERVICE", service)
        with active(memory_runtime(service) if service != "gateway" else memory_runtime("stores")):
            do_all(service)
        found[service] = emitted(capsys)
    return found


def test_the_code_counts_what_an_alarm_watches_or_the_dashboard_shows_and_nothing_else(
    prod: Templates, counted: Mapping[str, Counted]
) -> None:
    """A metric costs, and one that is watched nowhere tells nothing: what else happens is in the lines."""
    throttled = ("MallBots/prod", "RequestsThrottled", ())  # made of the gateway's log, not by code
    on_dashboard = shown(prod)
    for service, made in counted.items():
        stack = "platform" if service == "gateway" else service
        of_service = {one for one in on_dashboard if one[2] == (("service", service),)}
        assert made == (watched(prod, stack) | of_service) - {throttled}, service
    assert on_dashboard <= set().union(*counted.values())


def test_the_custom_metrics_of_a_stage_are_few(prod: Templates, counted: Mapping[str, Counted]) -> None:
    """Each costs $0.30 a month (https://aws.amazon.com/cloudwatch/pricing/). By message and route they were 597."""
    made = set().union(*counted.values())
    assert {name for _, name, _ in made} == {
        "Errors",
        "StillFailing",
        "OrderNotExpired",
        "BasketNotAbandoned",
        "LeaseNotEnded",
        "SagasNotTimedOut",
        "SagaParked",
        "SagaKeepsRetrying",
        "MoneyDiffers",
        "NoKeySigns",
        "NotDispatched",
        "PaymentNotReleased",
        "NewLetterGroup",
        "LetterGroupGrows",
        "LetterWaits",
        "ConsumerPaused",
        "ConsumerPausedItself",
        "BasketsStarted",
        "OrdersDecided",
        "OrdersCompleted",
        "OrdersEnded",
        "RevenueCents",
        "SecondsToReady",
        "ApprovalsLate",
        "TextsLate",
        "ScreensLate",
    }
    assert len(made) == 50
    every = made.union(*(watched(prod, stack) for stack in prod.stacks))
    assert len(every) == 51
    assert (len(every) + 1) * CUSTOM_METRIC <= 16  # dollars a month at every hour, with synthetic orders


def test_every_metric_is_listed_with_its_unit_in_the_documents(counted: Mapping[str, Counted]) -> None:
    text = (ROOT / "docs" / "telemetry.md").read_text()
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    names = {name for _, name, _ in set().union(*counted.values())} | {"RequestsThrottled", approved.metric}
    units = {figure.metric: figure.unit for figure in (*manifest("insights").figures, approved)}
    assert listed == [(name, units.get(name, "Count")) for name in sorted(names)]


def test_the_page_says_how_many_metrics_there_are_and_what_they_cost(
    prod: Templates, counted: Mapping[str, Counted]
) -> None:
    every = set().union(*counted.values(), *(watched(prod, stack) for stack in prod.stacks))
    every.add(("MallBots/prod", approved.metric, (("service", "customers"),)))  # where a stage has synthetic orders
    by_service = {name: sum(one[1] == name for one in every) for name in (observe.ERRORS, observe.STILL_FAILING)}
    text = (ROOT / "docs" / "telemetry.md").read_text()
    assert f"${len(every) * CUSTOM_METRIC:.2f} a month if all {len(every)} of them" in text
    assert f"(`Errors` of {by_service['Errors']}, `StillFailing` of {by_service['StillFailing']} services)" in text
    assert f"| metrics | up to {len(every) * CUSTOM_METRIC:.2f}, by hours of use |" in text
    assert f"It has {len(metrics(prod))} metrics:" in text
    levels = [level for service in services() for level in manifest(service).levels]
    dollars = len(levels) * (METRICS_OF_A_LEVEL * ALARM_METRIC + COMPOSITE_ALARM)
    read = len(levels) * METRICS_OF_A_LEVEL
    assert f"{read} metrics that they read, {len(levels)} composites | {dollars:.2f} |" in text


def test_the_functions_count_in_the_namespace_and_under_the_service_of_their_environment(dev: Templates) -> None:
    for stack, _, function in dev.resources("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        service = "gateway" if stack == "platform" else stack
        assert (variables["MALLBOTS_SERVICE"], variables["MALLBOTS_STAGE"]) == (service, "dev")


def test_functions_log_json_without_the_lines_of_each_invocation(dev: Templates) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html"""
    for _, name, function in dev.resources("AWS::Lambda::Function"):
        logging = {key: value for key, value in function["LoggingConfig"].items() if key != "LogGroup"}
        assert logging == {"LogFormat": "JSON", "SystemLogLevel": "WARN", "ApplicationLogLevel": "INFO"}, name
