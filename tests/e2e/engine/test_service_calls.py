"""What AWS's services may do for us: `patches/service_calls.py`. Rules: see test_eventbridge.py."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.local.cloud import ACCOUNT
from infra.local.process import REGION
from tests.e2e.engine.workbench import Queue, Workbench, eventually, policy

READ_QUEUE = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
READ_STREAM = [f"dynamodb:{it}" for it in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")]


def api(bench: Workbench, *routes: str, allowed: str) -> str:
    """The address of an HTTP API with these routes, whose function may be invoked for the path `allowed` of its ARN."""
    gateway, function = bench.client("apigatewayv2"), bench.function('return {"statusCode": 200, "body": "served"}')
    made = gateway.create_api(Name=bench.name("api"), ProtocolType="HTTP")
    integration = gateway.create_integration(
        ApiId=made["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=function.arn, PayloadFormatVersion="2.0"
    )
    for route in routes:
        target = f"integrations/{integration['IntegrationId']}"
        gateway.create_route(ApiId=made["ApiId"], RouteKey=route, Target=target)
    gateway.create_stage(ApiId=made["ApiId"], StageName="$default", AutoDeploy=True)
    bench.client("lambda").add_permission(
        FunctionName=function.name,
        StatementId="gateway",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{made['ApiId']}{allowed}",
    )
    return bench.cloud.http_address(made["ApiEndpoint"])


def status(address: str) -> int:
    try:
        with urllib.request.urlopen(address) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("allowed", "route", "catch_all"),
    [("/*/*/*", 200, 500), ("/*/*", 200, 200), ("/*/$default", 500, 200), ("/*/POST/orders/{id}", 500, 500)],
)
def test_the_gateway_invokes_a_function_only_for_the_routes_that_its_policy_allows(
    bench: Workbench, allowed: str, route: int, catch_all: int
) -> None:
    address = api(bench, "GET /orders/{id}", "$default", allowed=allowed)

    assert (status(f"{address}/orders/1"), status(f"{address}/elsewhere")) == (route, catch_all)


@pytest.mark.parametrize("allowed", [True, False])
def test_an_alarm_notifies_a_topic_only_if_its_policy_allows_it(bench: Workbench, allowed: bool) -> None:
    sns, alarms, queue, name = bench.client("sns"), bench.client("cloudwatch"), bench.queue(), bench.name("alarm")
    topic = sns.create_topic(Name=bench.name("topic"))["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com" if allowed else "budgets.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*"}},
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(statement))
    deliver = {**statement, "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    deliver |= {"Resource": queue.arn, "Condition": {"ArnEquals": {"aws:SourceArn": topic}}}
    bench.client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"Policy": policy(deliver)})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn)
    alarms.put_metric_alarm(
        AlarmName=name,
        AlarmActions=[topic],
        Namespace="mallbots",
        MetricName="errors",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    alarms.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a test")

    assert bench.depth(queue) == int(allowed)


@pytest.mark.parametrize("left_out", READ_QUEUE)
def test_a_mapping_of_a_queue_is_refused_if_the_function_s_role_may_not_read_it(
    bench: Workbench, left_out: str
) -> None:
    queue = bench.queue()

    refused = refusal(bench, queue.arn, grant([it for it in READ_QUEUE if it != left_out], queue.arn))
    assert refused.startswith("An error occurred (InvalidParameterValueException)")
    assert left_out in refused
    assert refusal(bench, queue.arn, grant(READ_QUEUE, queue.arn)) == ""


@pytest.mark.parametrize("left_out", READ_STREAM)
def test_a_mapping_of_a_stream_is_refused_if_the_function_s_role_may_not_read_it(
    bench: Workbench, left_out: str
) -> None:
    stream = bench.table().stream

    assert left_out in refusal(bench, stream, *reading(stream, without=left_out))
    assert refusal(bench, stream, *reading(stream)) == ""


def test_a_mapping_of_a_stream_is_refused_if_the_function_may_list_that_one_stream_alone(bench: Workbench) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/api-permissions-reference.html"""
    stream = bench.table().stream
    assert "dynamodb:ListStreams" in refusal(bench, stream, grant(READ_STREAM, stream))


def test_a_mapping_is_refused_if_the_function_s_role_may_not_send_to_the_failure_destination(bench: Workbench) -> None:
    stream, failures = bench.table().stream, bench.queue()
    read = reading(stream)

    assert "sqs:SendMessage" in refusal(bench, stream, *read, failures=failures)
    assert refusal(bench, stream, *read, grant(["sqs:SendMessage"], failures.arn), failures=failures) == ""


def test_a_stack_with_a_mapping_that_may_not_read_its_source_fails(bench: Workbench) -> None:
    cloudformation, name = bench.client("cloudformation"), bench.name("stack")
    function = bench.function("", Role=bench.role())
    mapping = {"FunctionName": function.name, "EventSourceArn": bench.queue().arn}
    resource = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Mapping": resource}}))

    def ended() -> str:
        found: str = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return "" if found.endswith("IN_PROGRESS") else found

    assert eventually(ended) == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    assert any("sqs:ReceiveMessage" in event.get("ResourceStatusReason", "") for event in events)


def grant(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def reading(stream: str, without: str = "") -> list[dict[str, Any]]:
    """The grants that reading a table's stream takes, but for one action."""
    of_one, of_all = READ_STREAM[:3], READ_STREAM[3:]
    granted = ((of_one, stream), (of_all, f"{stream.rpartition('/')[0]}/*"))
    return [grant(left, on) for actions, on in granted if (left := [it for it in actions if it != without])]


def refusal(bench: Workbench, source: str, *granted: dict[str, Any], failures: Queue | None = None) -> str:
    """Why a mapping for a function with these grants is refused; empty when it is not."""
    more = {"DestinationConfig": {"OnFailure": {"Destination": failures.arn}}} if failures else {}
    function = bench.function("", Role=bench.role(*granted))
    try:
        bench.feed(function, source, **more)
    except ClientError as error:
        return str(error)
    return ""
