"""open, shoppers, load, cost, logs: the pages, the launcher's commands, and what needs AWS credentials."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ce.models import ce_backends

from clients import secret_files
from clients.cli import launching, stages, vitals
from tests.unit.cli.typed import API, PAGES, CommandLine

LAUNCHER = """
import sys
print(" ".join(sys.argv[1:]))
sys.exit(7 if "--orders" in sys.argv and "13" in sys.argv else 0)
"""
ROBOTS = """
import os, sys
print(" ".join(sys.argv[1:]), os.environ["MALLBOTS_API"], os.environ["MALLBOTS_TOKEN"].count("."))
"""
COSTS = """print("$  6.00  alarms")\nprint("$  7.50  a month, before free tiers, for prod without a request")\n"""
ORDERS = """print("     118 invocations      $  41.00")\nprint("         for 1,000,000 orders $  55.00")\n"""
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = Path(stages.__file__).parent / "policy.json"
# As CloudFormation names one: after the stack, by its logical id.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html
GROUP = "mallbots-prod-depot-InboxLogs8F2B1C3D-x1Yz2AbC3dEf"
MALLS = "arn:aws:logs:*:*:log-group:mallbots-*"
# Where no stack is named, DescribeStacks needs ListStacks, too.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
LISTED = "cloudformation:ListStacks", "*"
SIGNED_AS = {"monitoring": "cloudwatch"}  # and what its permissions begin with
OF_AN_ACCOUNT = "arn:aws:logs:eu-west-1:123456789012:log-group:"

Calls = set[tuple[str, str]]
"""Calls of AWS: what is done, and with which resource."""


@pytest.fixture
def checkout(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose launcher prints how it was started."""
    folder = cli.folder / "checkout"
    for name, text in {"local": LAUNCHER, "idle_cost": COSTS, "order_cost": ORDERS}.items():
        (folder / "infra" / name).mkdir(parents=True)
        (folder / "infra" / name / "__main__.py").write_text(text)
    (folder / "clients" / "robot").mkdir(parents=True)
    for file, text in {"__init__.py": "", "robot/__init__.py": "", "robot/__main__.py": ROBOTS}.items():
        (folder / "clients" / file).write_text(text)
    (folder / "Makefile").touch()
    monkeypatch.setattr(stages, "CHECKOUT", folder)
    return folder


@pytest.fixture
def prod(cli: CommandLine) -> CommandLine:
    """Signed in to prod."""
    config = cli.folder / "config" / "mallbots"
    secret_files.write(config / "stages.json", {"prod": json.dumps({**PAGES, "pages": "https://console.prod.test"})})
    secret_files.write(config / "prod-operator.json", {"refresh": "refresh 1"})
    return cli


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """An account with a stack of depot, whose function has logged three lines. The calls that need a permission.

    The resource of a call is its log group, and `*` where it names none.
    """
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "DEFAULT_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    called: Calls = set()
    with mock_aws():
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {"InboxLogs": {"Value": GROUP}, "Table": {"Value": "a-table"}},
        }
        boto3.client("cloudformation").create_stack(StackName="mallbots-prod-depot", TemplateBody=json.dumps(template))
        logs = boto3.client("logs")
        logs.create_log_group(logGroupName=GROUP)
        logs.create_log_stream(logGroupName=GROUP, logStreamName="one")
        now = int(time.time() * 1000)
        texts = ("order-1 is taken", '{"level": "ERROR"}', "order-2 is taken")
        events: Any = [{"timestamp": now - 3000 + n, "message": text} for n, text in enumerate(texts)]
        logs.put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=events)
        real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

        def call(self: Any, operation: str, asked: Any) -> Any:
            service = self.meta.service_model.signing_name
            resource = f"{OF_AN_ACCOUNT}{asked['logGroupName']}" if "logGroupName" in asked else "*"
            called.add((f"{SIGNED_AS.get(service, service)}:{operation}", resource))
            if operation == "DescribeStacks" and "StackName" not in asked:
                called.add(LISTED)
            return real(self, operation, asked)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        yield called


def test_the_address_of_a_page_is_printed(cli: CommandLine, prod: CommandLine) -> None:
    assert cli("open --no-browser").out == "http://pages.cloudfront.localhost:4566/console/\n"
    assert cli("open kiosk --no-browser --stage prod").out == "https://console.prod.test/kiosk/\n"
    assert "did you mean console?" in cli("open consol", code=2).err


def test_the_launcher_is_started_for_the_same_mall(
    cli: CommandLine, checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    where = f"--port 4566 --state {cli.folder}/state"
    cli("shoppers --pace 30 --yes")
    assert capfd.readouterr().out == f"shoppers --pace 30 {where}\n"
    cli("load --orders 20 --yes")
    assert capfd.readouterr().out == f"load --orders 20 --clients 4 --mix golden {where}\n"
    cli("load --dry-run")
    assert capfd.readouterr().out == ""
    cli("load --orders 13 --yes", code=1)


def test_robots_are_run_for_the_same_mall_with_a_token_of_staff(
    cli: CommandLine, checkout: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cli("robot run --count 3 --speed 5 --yes")
    files = cli.folder / "state" / "robots-run"
    assert capfd.readouterr().out == f"run --count 3 --speed 5 --state {files} {API} 2\n"
    cli("robot run --dry-run")
    assert capfd.readouterr().out == ""


def test_real_customers_do_not_wait_behind_played_ones(prod: CommandLine, checkout: Path) -> None:
    for line in ("shoppers", "load", "send StoreCreated", "robot run"):
        prod(f"{line} --stage prod --yes", code=2)


def test_without_a_checkout_the_launcher_is_not_there(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "CHECKOUT", cli.folder)
    assert "checkout" in cli("cost", code=1).err


def test_costs_are_computed_by_the_checkout(cli: CommandLine, checkout: Path) -> None:
    found = cli("cost --json").data
    assert found["idle"] == {"alarms": 6.0, "a month, before free tiers, for prod without a request": 7.5}
    assert found["millionOrders"] == {"invocations": 41.0, "for 1,000,000 orders": 55.0}
    assert "$  6.00  alarms" in cli("cost").out


def test_log_lines_are_found_by_order_text_and_error(prod: CommandLine, aws: Calls) -> None:
    assert [one["line"] for one in prod("logs depot --order order-1 --stage prod --json").data] == ["order-1 is taken"]
    assert "ERROR" in prod("logs depot --errors --stage prod").out
    assert len(prod("logs depot --stage prod").out.splitlines()) == 3
    assert "no such lines" in prod("logs depot --find nothing --stage prod").err


def test_a_log_group_that_is_gone_leaves_the_lines_of_the_others(prod: CommandLine, aws: Calls) -> None:
    boto3.client("logs").delete_log_group(logGroupName=GROUP)
    shown = prod("logs depot --stage prod")
    assert "does not exist" in shown.err
    assert "policy.json" not in shown.err


def test_the_log_of_a_local_mall_that_is_down_is_no_question_of_permissions(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {
        **json.loads((cli.folder / "state/outputs.json").read_text()),
        "mallbots-local-depot": {"InboxLogs": "x"},
    }
    (cli.folder / "state/outputs.json").write_text(json.dumps(outputs))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("PORT", "9")  # discard: nothing listens there
    shown = cli("logs depot", code=1)
    assert "the engine does not answer" in shown.err
    assert "policy.json" not in shown.err


def test_logs_refuse_what_they_cannot_look_for(prod: CommandLine, aws: Calls) -> None:
    prod("logs depot --order order-1 --errors --stage prod", code=2)
    prod("logs depot --since yesterday --stage prod", code=2)
    assert "did you mean depot?" in prod("logs dpot --stage prod", code=3).err


def test_following_prints_new_lines_once(prod: CommandLine, aws: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = iter(["order-3 is taken", None])

    def more(seconds: float) -> None:
        text = next(rounds)
        if text is None:
            raise KeyboardInterrupt
        event: Any = [{"timestamp": int(time.time() * 1000), "message": text}]
        boto3.client("logs").put_log_events(logGroupName=GROUP, logStreamName="one", logEvents=event)

    monkeypatch.setattr(time, "sleep", more)
    shown = prod("logs depot --follow --stage prod", code=130).out
    assert [line.partition(" ")[2] for line in shown.splitlines() if "taken" in line] == [
        "order-1 is taken",
        "order-2 is taken",
        "order-3 is taken",
    ]


def test_what_aws_billed_is_listed_by_service(prod: CommandLine, aws: Calls) -> None:
    assert prod("cost --today --stage prod --json").data == []
    prod("cost --today", code=2)


def rings(name: str, **more: Any) -> None:
    cloudwatch = boto3.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="x",
        Namespace="x",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        **more,
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="x")


def is_old(namespace: str, metric: str, dimension: str, name: str, age: float) -> None:
    one: Any = {
        "MetricName": metric,
        "Dimensions": [{"Name": dimension, "Value": name}],
        "Timestamp": datetime.now(UTC) - timedelta(minutes=3),
        "Value": age,
    }
    boto3.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=[one])


def test_the_status_of_a_stage_in_an_account_has_its_alarms_ages_and_costs(
    prod: CommandLine, checkout: Path, aws: Calls
) -> None:
    notifies = {"AlarmActions": ["arn:aws:sns:eu-west-1:123456789012:mallbots-prod-alarms"]}
    rings("mallbots-prod-depot-Errors", **notifies)
    rings("mallbots-prod-insights-ApprovalsLateFastShort")  # a part of a composite alarm, which alone notifies no one
    rings("mallbots-dev-depot-Errors", **notifies)
    age = "ApproximateAgeOfOldestMessage"
    is_old("AWS/SQS", age, "QueueName", "mallbots-prod-search-inbox", 38)
    is_old("AWS/SQS", age, "QueueName", "mallbots-prod-depot-dispatcher.fifo", 7)
    is_old("AWS/SQS", age, "QueueName", "mallbots-dev-search-inbox", 99)
    is_old("AWS/Lambda", "IteratorAge", "FunctionName", "mallbots-prod-ordering-relay", 2_500)
    shown = prod("status --all --stage prod --json", code=4).data
    assert shown["account"] == {
        "idle": 7.5,
        "today": 0.0,
        "alarms": ["mallbots-prod-depot-Errors"],
        "oldest": {"search/inbox": 38.0, "depot/dispatcher": 7.0},
        "relays": {"ordering": 2.5},
        "unknown": {},
    }
    assert "1 alarm: mallbots-prod-depot-Errors" in {one["what"] for one in shown["wrong"]}
    text = prod("status --all --stage prod", code=4).out
    assert "search/inbox 38 s, depot/dispatcher 7 s" in text
    assert "$7.50 a month without use" in text
    assert "$0.00 billed" in text


@pytest.mark.parametrize(
    ("refused", "part"),
    [("GetCostAndUsage", "today"), ("GetMetricData", "oldest"), ("DescribeAlarms", "alarms")],
)
def test_what_the_credentials_may_not_see_is_not_known_and_the_rest_is_shown(
    prod: CommandLine, checkout: Path, aws: Calls, monkeypatch: pytest.MonkeyPatch, refused: str, part: str
) -> None:
    rings("mallbots-prod-depot-Errors", AlarmActions=["arn:aws:sns:eu-west-1:123456789012:mallbots-prod-alarms"])
    real = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

    def call(self: Any, operation: str, asked: Any) -> Any:
        if operation == refused:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "it is not yours"}}, operation)
        return real(self, operation, asked)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
    shown = prod("status --all --stage prod --json", code=4).data
    assert shown["account"][part] is None
    assert "it is not yours" in shown["account"]["unknown"][part]
    assert [one for one in shown["wrong"] if part in one["what"]]
    assert (shown["account"]["alarms"] == ["mallbots-prod-depot-Errors"]) is (part != "alarms")
    text = prod("status --all --stage prod", code=4).out
    assert f"{part}" in text
    assert "not known: AWS: " in text
    assert "$7.50 a month without use" in text


def test_what_aws_billed_today_is_in_the_status(
    prod: CommandLine, checkout: Path, aws: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (launching, vitals):  # else the day may end between this line and what the command reads
        monkeypatch.setattr(module, "datetime", SimpleNamespace(now=lambda zone: NOON.astimezone(zone)))
    today, earlier = NOON.date(), NOON.date() - timedelta(days=1)
    days = [
        {
            "TimePeriod": {"Start": str(day), "End": "x"},
            "Groups": [{"Keys": ["AWS Lambda"], "Metrics": {"UnblendedCost": {"Amount": dollars, "Unit": "USD"}}}],
        }
        for day, dollars in ((earlier, "2.50"), (today, "1.25"))
    ]
    ce_backends["123456789012"]["aws"].cost_usage_results_queue.append({"ResultsByTime": days})
    assert prod("status --all --stage prod --json", code=4).data["account"]["today"] == 1.25


def test_the_status_of_a_local_mall_has_its_costs_and_asks_no_account(
    cli: CommandLine, checkout: Path, aws: Calls, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = cli("status --all --json", code=4).data
    assert (shown["account"]["idle"], shown["account"]["today"]) == (7.5, 0.0)
    assert aws == set()
    monkeypatch.setattr(stages, "CHECKOUT", cli.folder)
    assert "not computed: that needs a checkout" in cli("status --all", code=4).out


def test_without_credentials_it_says_what_they_need(prod: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "policy.json" in prod("logs depot --stage prod", code=1).err


def test_the_written_policy_has_what_the_verbs_call_and_no_more(prod: CommandLine, checkout: Path, aws: Calls) -> None:
    prod("logs depot --stage prod")
    prod("cost --today --stage prod")
    prod("doctor --stage prod", code=4)
    prod("status --all --stage prod", code=4)
    statements = json.loads(POLICY.read_text())["Statement"]
    allowed = {(action, one["Resource"]) for one in statements for action in one["Action"]}
    needed = {(action, MALLS if resource.startswith(OF_AN_ACCOUNT) else resource) for action, resource in aws}
    assert needed == allowed
    read = [resource for _, resource in aws if resource != "*"]
    assert read == [f"{OF_AN_ACCOUNT}{GROUP}"]
    assert all(fnmatchcase(resource, MALLS) for resource in read)
    assert not fnmatchcase(f"{OF_AN_ACCOUNT}/aws/lambda/of-another", MALLS)
