"""The staff's stream as it is deployed: routes, authorizer, stage, log, and who may post to connections."""

import json

import pytest

from infra.live import ROUTES, SHARED_API
from tests.infra.conftest import Resource, Templates, arn_of, listed
from tests.infra.policies import HERE, Names
from tests.infra.test_alarms import rings


@pytest.fixture(scope="module", params=["local", "dev", "prod"])
def stage(request: pytest.FixtureRequest) -> Templates:
    templates: Templates = request.getfixturevalue(request.param)
    return templates


def of_live(templates: Templates, kind: str) -> list[Resource]:
    return [found for stack, _, found in templates.resources(kind) if stack == "live"]


def api_id(templates: Templates) -> str:
    return Names(templates).of("live", {"Ref": parameter_of(templates, SHARED_API)})


def parameter_of(templates: Templates, name: str) -> str:
    [found] = [p for p, one in templates.stacks["live"]["Parameters"].items() if one["Default"].endswith(f"/{name}")]
    return str(found)


def test_there_is_one_websocket_api_and_its_routes_go_to_the_socket_function(stage: Templates) -> None:
    [api] = [a for _, _, a in stage.resources("AWS::ApiGatewayV2::Api") if a["ProtocolType"] == "WEBSOCKET"]
    assert api["RouteSelectionExpression"] == "$request.body.action"
    routes = of_live(stage, "AWS::ApiGatewayV2::Route")
    assert {route["RouteKey"] for route in routes} == set(ROUTES)
    for integration in of_live(stage, "AWS::ApiGatewayV2::Integration"):
        uri = Names(stage).of("live", integration["IntegrationUri"])
        function = uri.partition("/functions/")[2].removesuffix("/invocations")
        assert Names(stage).function("live", function)["Handler"].endswith(".socket")
        assert integration["IntegrationType"] == "AWS_PROXY"


def test_a_client_is_judged_when_it_connects_by_the_token_in_its_subprotocols(stage: Templates) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html"""
    routes = {route["RouteKey"]: route for route in of_live(stage, "AWS::ApiGatewayV2::Route")}
    assert routes["$connect"]["AuthorizationType"] == "CUSTOM"
    assert routes["$default"].get("AuthorizationType", "NONE") == "NONE"
    [authorizer] = of_live(stage, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "REQUEST"
    assert authorizer["IdentitySource"] == ["route.request.header.Sec-WebSocket-Protocol"]
    assert "AuthorizerResultTtlInSeconds" not in authorizer, "nothing is kept of a token"
    uri = Names(stage).of("live", authorizer["AuthorizerUri"])
    function = uri.partition("/functions/")[2].removesuffix("/invocations")
    assert Names(stage).function("platform", function)["Handler"].endswith(".authorizer")


def test_what_a_client_sends_is_answered_by_posts_alone(stage: Templates) -> None:
    """A route with a response would send what the function returns, in no order with what is posted."""
    kinds = {resource["Type"] for resource in stage.stacks["live"]["Resources"].values()}
    assert "AWS::ApiGatewayV2::RouteResponse" not in kinds


def test_the_stage_is_deployed_when_its_routes_are_there_and_the_account_can_log(stage: Templates) -> None:
    resources = stage.stacks["live"]["Resources"]
    [deployed] = [r for r in resources.values() if r["Type"] == "AWS::ApiGatewayV2::Stage"]
    needs = {resources[name]["Type"] for name in deployed["DependsOn"]}
    assert {"AWS::ApiGatewayV2::Route", "AWS::ApiGateway::Account"} <= needs
    assert (deployed["Properties"]["StageName"], deployed["Properties"]["AutoDeploy"]) == ("live", True)
    log = deployed["Properties"]["AccessLogSettings"]
    _, parts = log["DestinationArn"]["Fn::Join"]
    assert resources[parts[-1]["Ref"]]["Type"] == "AWS::Logs::LogGroup"
    said = json.loads(log["Format"])
    assert said["status"] == "$context.status"
    written = log["Format"].replace("$context.error.messageString", '"Internal server error"')
    assert json.loads(written), "the quotes of messageString are in the line"
    assert not [text for text in said.values() if "header" in text.lower()], "a token is among the headers"


def test_the_setting_of_the_account_stays_when_the_stack_goes(stage: Templates) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-account.html"""
    resources = stage.stacks["live"]["Resources"]
    [(name, account)] = [(n, r) for n, r in resources.items() if r["Type"] == "AWS::ApiGateway::Account"]
    role = resources[arn_of(account["Properties"]["CloudWatchRoleArn"])]
    assert (account["DeletionPolicy"], role["DeletionPolicy"]) == ("Retain", "Retain"), name


@pytest.mark.parametrize(("name", "rate"), [("local", None), ("dev", 50), ("prod", 500)])
def test_frames_are_throttled_as_requests_are_and_connections_lower(
    name: str, rate: int | None, request: pytest.FixtureRequest
) -> None:
    [deployed] = of_live(request.getfixturevalue(name), "AWS::ApiGatewayV2::Stage")
    limits = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": 2 * rate} if rate else None
    connects = {"$connect": {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 40}} if rate else None
    assert (deployed.get("DefaultRouteSettings"), deployed.get("RouteSettings")) == (limits, connects)


def test_the_rooms_that_post_may_post_to_connections_of_this_stage_of_this_api_and_nothing_else(
    stage: Templates,
) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html"""
    granted = [
        (stack, policy, statement)
        for stack, policy, statement in stage.statements()
        if any(action.startswith("execute-api:") for action in listed(statement["Action"]))
    ]
    assert {(stack, policy[:15]) for stack, policy, _ in granted} == {
        ("live", "ServiceInboxWor"),
        ("live", "ServiceSocketRo"),
    }
    for _, _, statement in granted:
        assert statement["Action"] == "execute-api:ManageConnections"
        arn = Names(stage).of("live", statement["Resource"])
        assert arn == f"arn:aws:execute-api:{HERE}:{api_id(stage)}/live/POST/@connections/*"


def endpoints(templates: Templates) -> set[str]:
    found = [f["Environment"]["Variables"].get("LIVE_ENDPOINT") for f in of_live(templates, "AWS::Lambda::Function")]
    return {Names(templates).of("live", endpoint) for endpoint in found if endpoint}


def test_who_posts_finds_the_address_of_the_stage(local: Templates, dev: Templates) -> None:
    assert endpoints(dev) == {f"https://{api_id(dev)}.execute-api.eu-west-1.amazonaws.com/live"}
    assert endpoints(local) == {f"http://127.0.0.1:4566/_aws/execute-api/{api_id(local)}/live"}


def test_pages_find_the_address_of_the_stream_among_the_outputs(dev: Templates) -> None:
    address = dev.stacks["live"]["Outputs"]["LiveAddress"]["Value"]
    assert Names(dev).of("live", address) == f"wss://{api_id(dev)}.execute-api.eu-west-1.amazonaws.com/live"


def test_an_alarm_rings_when_frames_fail_at_the_function(stage: Templates) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html"""
    [alarm] = [a for _, name, a in stage.resources("AWS::CloudWatch::Alarm") if "SocketErrors" in name]
    stats = [metric["MetricStat"]["Metric"] for metric in alarm["Metrics"] if "MetricStat" in metric]
    assert {one["MetricName"] for one in stats} == {"ExecutionError", "IntegrationError"}
    assert (rings(alarm, m0=2, m1=0), rings(alarm, m0=2, m1=1)) == (False, True)
    assert {one["Namespace"] for one in stats} == {"AWS/ApiGateway"}
    for one in stats:
        dimensions = {d["Name"]: Names(stage).of("live", d["Value"]) for d in one["Dimensions"]}
        assert dimensions == {"ApiId": api_id(stage), "Stage": "live"}
