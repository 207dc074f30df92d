"""Whether AWS's services may do what the templates have them do: every call between two services is evaluated."""

from typing import Any

import pytest

from functions.kernel.composition.manifest import services
from tests.infra.conftest import Resource, Templates, listed
from tests.infra.policies import HERE, Call, Names, call_of, may, resource_policies, role_policies


@pytest.fixture(scope="module", params=["dev", "prod"])
def names(request: pytest.FixtureRequest) -> Names:
    """Of a stage whose functions are replaced in place, and of one that shifts aliases to new versions."""
    templates: Templates = request.getfixturevalue(request.param)
    return Names(templates)


def allowed(call: Call, names: Names) -> bool:
    return may(call, resource_policies(names, call.resource), names)


def test_every_alarm_may_publish_to_its_topic(names: Names) -> None:
    """https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html"""
    calls = [
        call_of("cloudwatch", "sns:Publish", names.of(stack, topic), names.arn(stack, name))
        for stack, name, alarm in names.templates.resources("AWS::CloudWatch::Alarm")
        for topic in alarm.get("AlarmActions", [])
    ]
    assert len(calls) > 40
    assert [call for call in calls if not allowed(call, names)] == []


def test_no_other_account_and_nobody_without_tls_publishes_an_alarm(names: Names) -> None:
    [(stack, name, _)] = names.templates.resources("AWS::SNS::Topic")
    topic = names.arn(stack, name)
    own = call_of("cloudwatch", "sns:Publish", topic, f"arn:aws:cloudwatch:{HERE}:alarm:a")
    assert allowed(own, names)
    theirs = call_of("cloudwatch", "sns:Publish", topic, "arn:aws:cloudwatch:eu-west-1:999999999999:alarm:a")
    assert not allowed(theirs, names)
    plain = Call(own.action, topic, own.service, {**own.context, "aws:SecureTransport": "false"})
    assert not allowed(plain, names)


def targets(names: Names) -> list[tuple[str, str, str]]:
    """What each rule sends to, its target and the target's dead-letter queue: stack, rule, ARN."""
    return [
        (stack, name, names.of(stack, arn))
        for stack, name, rule in names.templates.resources("AWS::Events::Rule")
        for target in rule["Targets"]
        if "DeadLetterConfig" in target
        for arn in (target["Arn"], target["DeadLetterConfig"]["Arn"])
    ]


def test_every_rule_may_send_to_its_queue_and_to_the_dead_letter_queue_of_its_target(names: Names) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""
    assert len(targets(names)) >= 2 * len(services())
    for stack, rule, queue in targets(names):
        assert allowed(call_of("events", "sqs:SendMessage", queue, names.arn(stack, rule)), names), rule
        assert not allowed(call_of("events", "sqs:SendMessage", queue, f"arn:aws:events:{HERE}:rule/other"), names)


def test_no_rule_exists_before_the_policies_that_let_it_send(names: Names) -> None:
    """What a rule matches before is lost: neither its target nor the target's dead-letter queue may be sent to."""
    for stack, rule, queue in targets(names):
        resources = names.templates.stacks[stack]["Resources"]
        policies = {
            name
            for name, resource in resources.items()
            if resource["Type"] == "AWS::SQS::QueuePolicy"
            and queue.endswith(f":{names.of(stack, resource['Properties']['Queues'][0])}")
        }
        assert policies
        assert policies <= set(resources[rule]["DependsOn"]), rule


def test_every_stream_may_send_what_its_function_gave_up_to_the_failure_queue(names: Names) -> None:
    """Lambda sends as the function's role: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html"""
    streams = [
        (stack, source)
        for stack, _, source in names.templates.resources("AWS::Lambda::EventSourceMapping")
        if "DestinationConfig" in source
    ]
    assert streams
    for stack, source in streams:
        queue = names.of(stack, source["DestinationConfig"]["OnFailure"]["Destination"])
        assert by_role(names, stack, source["FunctionName"], "sqs:SendMessage", queue), source


def test_every_function_may_read_the_queue_or_stream_that_feeds_it(names: Names) -> None:
    for stack, _, source in names.templates.resources("AWS::Lambda::EventSourceMapping"):
        arn = names.of(stack, source["EventSourceArn"])
        reads = ["sqs:ReceiveMessage", "sqs:DeleteMessage"] if ":sqs:" in arn else ["dynamodb:GetRecords"]
        for action in reads:
            assert by_role(names, stack, source["FunctionName"], action, arn), (stack, action)


def by_role(names: Names, stack: str, function: Any, action: str, resource: str) -> bool:
    """Whether the role of a function may do this, by its own policies, and none of the resource's denies it."""
    properties = names.function(stack, function)
    call = Call(action, resource, None, {"aws:SecureTransport": "true"})
    statements = [
        *role_policies(names, stack, properties),
        *((s, x) for s, x in resource_policies(names, resource) if x["Effect"] == "Deny"),
    ]
    return may(call, statements, names)


def test_a_service_may_invoke_the_queries_that_it_asks_by_the_address_that_it_is_given(names: Names) -> None:
    """With an alias, the resource of the call is the alias: https://docs.aws.amazon.com/lambda/latest/dg/using-aliases.html"""
    asked = 0
    for stack, _, function in names.templates.resources("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        for name in [variable for variable in variables if variable.startswith("QUERIES_")]:
            address = names.of(stack, variables[name])
            owner = name.removeprefix("QUERIES_").lower()
            assert names.function(owner, address)["Handler"].endswith(".queries")
            call = Call("lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:{address}", None, {})
            assert may(call, role_policies(names, stack, function), names), (stack, name)
            asked += 1
    assert asked


def called_as(route: Resource, api: str, stage: str) -> str:
    """The ARN with which the gateway calls the function of a route: the catch-all has no method and no path."""
    key = route["RouteKey"]
    method_and_path = key if key.startswith("$") else key.replace(" ", "", 1)
    return f"arn:aws:execute-api:{HERE}:{api}/{stage}/{method_and_path}"


def behind(uri: str) -> str:
    """The function of an integration or an authorizer: its ARN, or the gateway's own ARN around it."""
    return uri.rpartition("/functions/")[2].removesuffix("/invocations")


def test_the_gateway_may_call_the_function_of_every_route(names: Names) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html"""
    routes = names.templates.resources("AWS::ApiGatewayV2::Route")
    assert len(routes) > 50
    for stack, _, route in routes:
        integration = names.templates.stacks[stack]["Resources"][route["Target"]["Fn::Join"][1][1]["Ref"]]
        function = behind(names.of(stack, integration["Properties"]["IntegrationUri"]))
        source = called_as(route, names.of(stack, route["ApiId"]), "live" if stack == "live" else "$default")
        assert allowed(call_of("apigateway", "lambda:InvokeFunction", function, source), names), route["RouteKey"]


def authorizers(names: Names) -> list[tuple[str, str, Resource]]:
    return names.templates.resources("AWS::ApiGatewayV2::Authorizer")


@pytest.mark.parametrize("where", ["platform", "live"])
def test_the_gateway_may_call_the_authorizer_and_only_as_this_authorizer_of_this_api(names: Names, where: str) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html"""
    [(stack, name, authorizer)] = [one for one in authorizers(names) if one[0] == where]
    uri = names.of(stack, authorizer["AuthorizerUri"])
    api, authorizer_id = names.of(stack, authorizer["ApiId"]), names.of(stack, {"Ref": name})
    function = behind(uri)
    assert names.function("platform", function)["Handler"].endswith(".authorizer")
    own, others = (f"arn:aws:execute-api:{HERE}:{one}" for one in (f"{api}/authorizers/{authorizer_id}", "other/*"))
    assert allowed(call_of("apigateway", "lambda:InvokeFunction", function, own), names)
    assert not allowed(call_of("apigateway", "lambda:InvokeFunction", function, others), names)


def test_the_schedule_of_the_keys_may_run_its_function_before_it_exists_and_nobody_else_may(names: Names) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html"""
    [(stack, name, rule)] = [r for r in names.templates.resources("AWS::Events::Rule") if r[0] == "platform"]
    [function] = [names.of(stack, target["Arn"]) for target in rule["Targets"]]
    assert names.function(stack, function)["Handler"].endswith(".keys")
    assert allowed(call_of("events", "lambda:InvokeFunction", function, names.arn(stack, name)), names)
    other = f"arn:aws:events:{HERE}:rule/other"
    assert not allowed(call_of("events", "lambda:InvokeFunction", function, other), names)
    assert not allowed(call_of("apigateway", "lambda:InvokeFunction", function, names.arn(stack, name)), names)
    resources = names.templates.stacks[stack]["Resources"]
    assert [resources[need]["Type"] for need in listed(resources[name]["DependsOn"])] == ["AWS::Lambda::Permission"]


@pytest.mark.parametrize(
    ("pattern", "source", "right"),
    [
        ("arn:aws:execute-api:r:1:api/*/*/*", "arn:aws:execute-api:r:1:api/$default/GET/api/orders", True),
        ("arn:aws:execute-api:r:1:api/*/*/*", "arn:aws:execute-api:r:1:api/$default/$default", False),
        ("arn:aws:execute-api:r:1:api/*/*", "arn:aws:execute-api:r:1:api/$default/$default", True),
        ("arn:aws:execute-api:*:api/*", "arn:aws:execute-api:r:1:api/stage", False),
    ],
)
def test_the_wildcards_of_an_arn_stay_within_its_parts(names: Names, pattern: str, source: str, right: bool) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Resource": "*",
        "Condition": {"ArnLike": {"AWS:SourceArn": pattern}},
    }
    call = call_of("apigateway", "lambda:InvokeFunction", "f", source)
    assert may(call, [("platform", statement)], names) is right
    deny = {**statement, "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    assert not may(call, [("platform", statement), ("platform", deny)], names)
