"""Alarms as CloudWatch evaluates them, their texts as operators read them, and the metrics that the code can make."""

import json
import re
import shlex
from collections.abc import Iterator

import botocore.session
import pytest
from botocore import xform_name

from functions.kernel.composition.manifest import manifest, services
from infra.alarms import METRICS_OF_AN_ALARM, SEE
from infra.stages import STAGES
from tests.docs import programs
from tests.infra.conftest import Resource, Templates
from tests.infra.policies import Names


def alarms(templates: Templates) -> Iterator[tuple[str, str, Resource]]:
    yield from templates.resources("AWS::CloudWatch::Alarm")


def described(templates: Templates) -> Iterator[tuple[str, str, Resource]]:
    """Every alarm with its text: the composite ones too, which are those that notify of a service level."""
    for stack, template in templates.stacks.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"):
                yield stack, name, resource["Properties"]


def metrics_of(alarm: Resource) -> list[Resource]:
    """The metrics that an alarm reads, whether it has one or adds several."""
    several = [m["MetricStat"]["Metric"] for m in alarm.get("Metrics", []) if "MetricStat" in m]
    return several or [alarm]


AT_OR_ABOVE = "GreaterThanOrEqualToThreshold"


def rings(alarm: Resource, **values: float) -> bool:
    """Whether an alarm with a metric math of ours rings for these values of its metrics; the others have none."""
    assert alarm["ComparisonOperator"] == AT_OR_ABOVE
    [expression] = [m["Expression"] for m in alarm["Metrics"] if "Expression" in m]
    filled = re.sub(r"FILL\((m\d+), 0\)", r"\1", expression)
    known = re.sub(r"\bm\d+", lambda term: str(values.get(term[0], 0)), filled)
    python = re.sub(r"^IF\((.*?), (.*), 0\)$", r"(\2) if (\1) else 0", known).replace("MAX([", "max([")
    try:
        return bool(eval(python) >= alarm["Threshold"])
    except ZeroDivisionError:  # no value
        return False


METRIC_MATH = re.compile(
    r"FILL\(m\d+, 0\)( \+ FILL\(m\d+, 0\))+"
    r"|MAX\(\[FILL\(m\d+, 0\)(, FILL\(m\d+, 0\))*\]\)"  # of series alone: a number is none
    r"|IF\((m\d+) >= \d+, (100 \* )?m\d+ / m\d+, 0\)"
)
"""The expressions of ours. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html"""
QUERY = re.compile(r"""SELECT SUM\(\w+\) FROM "[\w/]+" WHERE \w+ = '[^']+'( AND \w+ = '[^']+')*""")
"""A query of Metrics Insights: its conditions are joined by AND.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
"""


def expressions(*stages: Templates) -> Iterator[tuple[Resource, str]]:
    for templates in stages:
        for _, _, alarm in alarms(templates):
            yield from ((alarm, m["Expression"]) for m in alarm.get("Metrics", []) if "Expression" in m)


def test_expressions_of_alarms_are_of_the_grammar_that_cloudwatch_has(dev: Templates, prod: Templates) -> None:
    found = [text for _, text in expressions(dev, prod)]
    assert found
    assert [text for text in found if not (METRIC_MATH.fullmatch(text) or QUERY.fullmatch(text))] == []


def test_an_alarm_on_several_metrics_takes_account_of_those_that_come_late(dev: Templates, prod: Templates) -> None:
    """FILL gives the newest minute 0 until its values have come, so one out of several minutes counts.

    A window of an hour or more holds what came late.
    """
    for alarm, text in expressions(dev, prod):
        [period] = {m["MetricStat"]["Period"] for m in alarm["Metrics"] if "MetricStat" in m} or {None}
        if period and period < 3_600:
            assert alarm["EvaluationPeriods"] > alarm["DatapointsToAlarm"], text
        if period == 60:
            assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (1, 5), text


def test_no_alarm_has_more_metrics_than_cloudwatch_evaluates(dev: Templates, prod: Templates) -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html"""
    counts = [len(metrics_of(a)) for templates in (dev, prod) for _, _, a in alarms(templates)]
    assert max(counts) <= METRICS_OF_AN_ALARM == 10


def test_an_alarm_of_more_metrics_than_cloudwatch_evaluates_is_not_made() -> None:
    import aws_cdk as cdk
    from aws_cdk import aws_cloudwatch as cloudwatch

    from infra.alarms import Alarms

    made = Alarms(cdk.Stack(cdk.App(), "Any"), STAGES["dev"], "depot")
    one = cloudwatch.Metric(namespace="AWS/Lambda", metric_name="Errors")
    with pytest.raises(ValueError, match="the alarm Errors has 11 metrics, and CloudWatch allows 10"):
        made.sum_of("Errors", [one] * 11, "too many")


def of_kind(templates: Templates, stack: str, kind: str) -> Resource:
    [found] = [a for s, name, a in alarms(templates) if s == stack and re.fullmatch(rf"\w*?{kind}Alarm\w{{8}}", name)]
    return found


SILENT = re.compile(
    r"KeysLate|SyntheticOrdersFail"
)  # ring where nothing is counted: test_identity.py, test_synthetic.py
LEVELS = re.compile(r"(Approvals|Texts|Screens)Late(Fast|Slow)(Long|Short)")  # test_service_levels.py
AGES = {"DeadLetters": 600, "OldestMessage": 4_500, "RelayLag": 60_000}  # seconds; the last in milliseconds
LIMITS = {**AGES, "ServerErrors": 3, "SocketErrors": 3, "Refusals": 0.5, "RequestsNearRate": 2_400}  # 1 of any other


def named_alarms(*stages: Templates) -> Iterator[tuple[str, Resource]]:
    """The alarms that ring for what is counted, each by its kind."""
    for templates in stages:
        for _, name, alarm in alarms(templates):
            if not SILENT.search(name) and not LEVELS.search(name):
                yield re.sub(r"^(Service|Api|Socket(?=Socket))|Alarm\w{8}$", "", name), alarm


def test_an_alarm_rings_at_its_limit_or_above_it_and_not_where_nothing_is_counted(
    dev: Templates, prod: Templates
) -> None:
    for kind, alarm in named_alarms(dev, prod):
        assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == (AT_OR_ABOVE, "notBreaching"), kind


def test_an_alarm_rings_at_the_first_of_what_it_counts_or_at_a_limit_that_is_listed(dev: Templates) -> None:
    """A wrong limit would be an alarm that stays silent, also at a deployment that should be rolled back."""
    kinds = set()
    for kind, alarm in named_alarms(dev):
        kinds.add(kind)
        several = {one["MetricStat"]["Stat"] for one in alarm.get("Metrics", []) if "MetricStat" in one}
        [statistic] = several - {"SampleCount"} or {alarm.get("Statistic", "Sum")}
        assert alarm["Threshold"] == LIMITS.get(kind, 1), kind
        assert statistic == ("Maximum" if kind in AGES else "SampleCount" if kind == "RequestsNearRate" else "Sum"), (
            kind
        )
    assert kinds >= LIMITS.keys()


@pytest.mark.parametrize("service", [name for name in services() if manifest(name).publisher])
def test_a_relay_that_is_late_by_a_minute_rings_an_alarm(dev: Templates, service: str) -> None:
    alarm = of_kind(dev, service, "RelayLag")
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    functions = dev.resources("AWS::Lambda::Function")
    [relay] = [name for stack, name, one in functions if stack == service and one["Handler"].endswith(".relay")]
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": relay}}]


@pytest.mark.parametrize("service", services())
def test_throttled_reads_and_writes_of_a_table_and_writes_of_its_indexes_ring_an_alarm(
    dev: Templates, service: str
) -> None:
    def dimensions(**named: object) -> str:
        return json.dumps(sorted(named.items()))

    found = [
        (metric["MetricName"], dimensions(**{one["Name"]: one["Value"] for one in metric["Dimensions"]}))
        for stack, name, alarm in alarms(dev)
        if stack == service and "TableThrottles" in name
        for metric in metrics_of(alarm)
    ]
    wanted = []
    for _, name, table in (one for one in dev.resources("AWS::DynamoDB::Table") if one[0] == service):
        own = dimensions(TableName={"Ref": name})
        wanted += [("ReadThrottleEvents", own), ("WriteThrottleEvents", own)]
        for index in table.get("GlobalSecondaryIndexes", []):
            both = dimensions(TableName={"Ref": name}, GlobalSecondaryIndexName=index["IndexName"])
            wanted.append(("WriteThrottleEvents", both))
    assert sorted(found) == sorted(wanted)


def test_an_api_that_answers_500_to_everything_rings_an_alarm(dev: Templates) -> None:
    """A function that answers 500 has not failed for Lambda, so its own metric of errors stays silent."""
    [alarm] = [a for _, _, a in alarms(dev) if a.get("MetricName") == "5xx"]
    [api] = [name for _, name, a in dev.resources("AWS::ApiGatewayV2::Api") if a["ProtocolType"] == "HTTP"]
    assert (alarm["Namespace"], alarm["Dimensions"]) == ("AWS/ApiGateway", [{"Name": "ApiId", "Value": {"Ref": api}}])


@pytest.mark.parametrize(
    ("requests", "refused", "right"), [(1_000, 499, False), (1_000, 500, True), (99, 99, False), (0, 0, False)]
)
def test_an_alarm_rings_where_half_of_many_requests_are_refused(
    dev: Templates, requests: int, refused: int, right: bool
) -> None:
    alarm = of_kind(dev, "platform", "Refusals")
    names = {m["Id"]: m["MetricStat"]["Metric"]["MetricName"] for m in alarm["Metrics"] if "MetricStat" in m}
    assert names == {"m0": "4xx", "m1": "Count"}
    assert rings(alarm, m0=refused, m1=requests) is right
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"]) == (3, 4)


def test_a_request_beyond_the_stages_rate_rings_an_alarm(dev: Templates, prod: Templates) -> None:
    """The gateway gives 429 itself, and counts it among 4xx: its access log alone tells it from the others."""
    for templates, stage in ((dev, "dev"), (prod, "prod")):
        [(stack, _, throttled)] = templates.resources("AWS::Logs::MetricFilter")
        [transformation] = throttled["MetricTransformations"]
        alarm = of_kind(templates, stack, "RequestsThrottled")
        # Not what a use case refuses one phone or kiosk, which has a status from its integration.
        assert throttled["FilterPattern"] == '{ ($.status = "429") && ($.integration = "-") }'
        stages = [s for where, _, s in templates.resources("AWS::ApiGatewayV2::Stage") if where == stack]
        [access] = [s["AccessLogSettings"] for s in stages]
        assert json.loads(access["Format"])["integration"] == "$context.integration.status"
        assert (transformation["MetricNamespace"], transformation["MetricName"]) == (
            (alarm["Namespace"], alarm["MetricName"])
        )
        assert alarm["Namespace"] == f"MallBots/{stage}"
        group = throttled["LogGroupName"]["Ref"]
        _, parts = access["DestinationArn"]["Fn::Join"]
        assert parts[-2:] == [":log-group:", {"Ref": group}], "without the :* of the attribute Arn"
        assert json.loads(access["Format"])["status"] == "$context.status"


def test_requests_near_the_stages_rate_ring_an_alarm_because_a_flood_of_429_may_leave_no_lines(
    dev: Templates, prod: Templates
) -> None:
    for templates in (dev, prod):
        alarm = of_kind(templates, "platform", "RequestsNearRate")
        [rate] = {
            stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
            for stack, _, stage in templates.resources("AWS::ApiGatewayV2::Stage")
            if stack == "platform"
        }
        assert (alarm["MetricName"], alarm["Statistic"], alarm["Period"]) == ("Count", "SampleCount", 60)
        assert 0.5 * rate * 60 <= alarm["Threshold"] < rate * 60
        assert "requests-throttled.md" in alarm["AlarmDescription"]


def test_every_function_is_watched_for_errors_throttles_and_loops(dev: Templates, prod: Templates) -> None:
    """But those whose answers operations waits for, and shows its operator: the tools of infra/service.py."""
    for templates in (dev, prod):
        functions = {
            (stack, name)
            for stack, name, function in templates.resources("AWS::Lambda::Function")
            if not function["Handler"].endswith((".forecast", ".replay"))
        }
        for metric in ("Errors", "Throttles", "RecursiveInvocationsDropped"):
            watched = {
                (stack, dimension["Value"]["Ref"])
                for stack, _, a in alarms(templates)
                for m in metrics_of(a)
                if (m.get("Namespace"), m.get("MetricName")) == ("AWS/Lambda", metric)
                for dimension in m["Dimensions"]
                if dimension["Name"] == "FunctionName"
            }
            assert watched == functions, metric


def test_no_function_may_run_in_a_loop(dev: Templates, prod: Templates) -> None:
    """Lambda's default is to stop it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
    for templates in (dev, prod):
        loops = [f.get("RecursiveLoop") for _, _, f in templates.resources("AWS::Lambda::Function")]
        assert set(loops) == {None}


def test_a_message_that_keeps_failing_rings_an_alarm_though_its_queues_age_leaves_it_out(dev: Templates) -> None:
    """The age of the oldest message skips what was received three times, except in a FIFO queue.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    for service in (name for name in services() if manifest(name).has_consumers):
        [metric] = metrics_of(of_kind(dev, service, "StillFailing"))
        assert (metric["Namespace"], metric["MetricName"]) == ("MallBots/dev", "StillFailing")
        ages = metrics_of(of_kind(dev, service, "OldestMessage"))
        assert {age["MetricName"] for age in ages} == {"ApproximateAgeOfOldestMessage"}


def test_a_dead_letter_that_is_not_stored_for_ten_minutes_rings_an_alarm_and_one_that_came_just_now_does_not(
    dev: Templates,
) -> None:
    """Of those that are stored, operations itself rings. The age in a dead-letter queue counts from when it came there.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    for service in services():
        alarm = of_kind(dev, service, "DeadLetters")
        ages = metrics_of(alarm)
        assert {age["MetricName"] for age in ages} == {"ApproximateAgeOfOldestMessage"}
        waiting = {f"m{n}": 0.0 for n in range(len(ages))}
        for queue in waiting:
            assert not rings(alarm, **{**waiting, queue: 599.0})
            assert rings(alarm, **{**waiting, queue: 600.0})


def test_no_alarm_rings_for_a_message_that_waits_on_purpose(dev: Templates) -> None:
    """An order that changed lately is put off for up to an hour before its money is compared (payments/inbox.py)."""
    limits = {a["Threshold"] for _, name, a in alarms(dev) if "OldestMessage" in name}
    assert limits == {STAGES["dev"].reconcile_after + 900} == {4_500}


def commands_in(text: str) -> list[list[str]]:
    """The commands that an alarm's text names: it ends with one, and its runbook."""
    return [shlex.split(part) for part in re.findall(rf"\b((?:mallbots|aws) .*){SEE}docs/runbooks/\S+$", text)]


def check_mallbots(words: list[str], stage: str, stack: str, service: str) -> None:
    """It is a command of the command line, about this stage and this service."""
    programs.mallbots(words[1:])
    assert words[-2:] == ["--stage", stage]
    if words[1] != "status":  # of all services
        named = words[words.index("--service") + 1] if "--service" in words else words[2]
        assert named in (service, "operations")  # which does not drain a service's queue
    assert service in (stack, "gateway" if stack == "platform" else "operations")


def check_aws(words: list[str], stage: str, stack: str) -> None:
    """The operation is one of AWS's API, with these options, and the stack is this one."""
    service, operation, *options = words[1:]
    model = botocore.session.get_session().get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(operations[operation]).input_shape
    known = {xform_name(member, "-") for member in shape.members} if shape else set()
    given = {name.removeprefix("--"): value for name, value in zip(options[::2], options[1::2], strict=True)}
    assert given.pop("query", None) in (None, "Stacks[0].Outputs")
    assert set(given) <= known
    assert given.get("stack-name") in (None, f"mallbots-{stage}-{stack}")


def test_the_text_of_an_alarm_ends_with_a_command_that_works_on_its_stage(dev: Templates, prod: Templates) -> None:
    named: set[str] = set()
    for templates, stage in ((dev, "dev"), (prod, "prod")):
        for stack, name, alarm in described(templates):
            text = Names(templates).of(stack, alarm["AlarmDescription"])
            assert len(text) <= 1024, name
            [words] = commands_in(text)
            named.add(words[1])
            if words[0] == "mallbots":
                check_mallbots(words, stage, stack, text.partition(":")[0])
            else:
                check_aws(words, stage, stack)
    assert named == {"dead", "logs", "status", "lambda", "cloudformation", "iot", "service-quotas"}


def test_the_logs_tables_and_queues_that_commands_look_for_are_outputs_of_the_stack(dev: Templates) -> None:
    for kind, ending in (
        ("AWS::Logs::LogGroup", "Logs"),
        ("AWS::DynamoDB::Table", "Table"),
        ("AWS::SQS::Queue", ("Queue", "DeadLetters", "Undelivered", "RelayFailures")),
    ):
        for stack in {stack for stack, _, _ in dev.resources(kind)}:
            there = {name for name, r in dev.stacks[stack]["Resources"].items() if r["Type"] == kind}
            outputs = dev.stacks[stack]["Outputs"]
            assert there == {o["Value"]["Ref"] for name, o in outputs.items() if name.endswith(ending)}
