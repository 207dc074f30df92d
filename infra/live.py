"""The staff's stream: a WebSocket API whose routes one function of a service handles, and the port to its connections.

The API itself is the platform's, as the HTTP API is: what posts to connections, and the pages, find it by its id, so
that their stacks need no order. Why it is so: docs/adr/0045.
"""

from aws_cdk import Acknowledgment, CfnOutput, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_apigateway as accounts
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import WebSocketLambdaIntegration
from constructs import Construct

from infra.alarms import Alarms
from infra.function import RETENTION, ServiceFunction
from infra.gateway_alarms import SERVER_ERRORS_LIMIT
from infra.names import log_group_arn, share, shared
from infra.stages import Stage

NAME = "live"  # of the API's only stage, which is the path of its address
ROUTES = ("$connect", "$default")
# Connections a second, where a stage has a throttle. Each asks Cognito twice, whose limits are the account's, and no
# answer is cached: https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
CONNECTS = 20
SHARED_API, SHARED_AUTHORIZER = "socket-api", "authorizer-function"
AT_CONNECT = "AWS lets an authorizer judge $connect alone: whoever sends on a connection was let in there."
PUSH = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
# $context.error.messageString is within quotes of its own:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-logging.html
LOG = (
    '{"time":"$context.requestTime","route":"$context.routeKey","status":"$context.status",'
    '"integration":"$context.integration.status","error":"$context.error.message",'
    '"connection":"$context.connectionId","request":"$context.requestId"}'
)


def add_socket_api(stack: Stack, stage: Stage) -> None:
    """The API without routes, in the platform's stack."""
    api = gateway.WebSocketApi(
        stack,
        "SocketApi",
        description="The staff's stream",
        # Nothing is chosen by it: every frame goes to $default, and the function reads what it asks.
        route_selection_expression="$request.body.action",
    )
    share(stack, stage, SHARED_API, api.api_id)


class SocketRoutes(Construct):
    """The API's routes to a function, its authorizer, stage, access log and alarms, in the stack of a service."""

    def __init__(
        self, stack: Stack, construct_id: str, *, stage: Stage, service: str, function: ServiceFunction
    ) -> None:
        super().__init__(stack, construct_id)
        self._stack, self._stage = stack, stage
        self._api_id = shared(stack, stage, SHARED_API)
        self._api = gateway.WebSocketApi.from_web_socket_api_attributes(
            self, "Api", web_socket_id=self._api_id, api_endpoint=f"wss://{_host(stack, self._api_id)}"
        )
        routes = self._routes(function)
        log_group = self._deployed(routes)
        CfnOutput(stack, "LiveAddress", value=f"wss://{_host(stack, self._api_id)}/{NAME}")
        CfnOutput(stack, "SocketRequestLogs", value=log_group.log_group_name)
        self._alarm(service)

    def _routes(self, function: ServiceFunction) -> list[gateway.WebSocketRoute]:
        integration = WebSocketLambdaIntegration("Integration", function.live)
        authorizer = self._authorizer()
        routes = []
        for key in ROUTES:
            route = gateway.WebSocketRoute(
                self,
                key.strip("$").title(),
                web_socket_api=self._api,
                route_key=key,
                integration=integration,
                authorizer=authorizer if key == "$connect" else None,
            )
            if key != "$connect":
                Validations.of(route).acknowledge(Acknowledgment(id="AwsSolutions-APIG4", reason=AT_CONNECT))
            routes.append(route)
        return routes

    def _authorizer(self) -> gateway.IWebSocketRouteAuthorizer:
        """The platform's function as this API's authorizer. Its answers are not kept: an API of this kind has no cache.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-lambda-auth.html
        """
        function = shared(self._stack, self._stage, SHARED_AUTHORIZER)
        made = gateway.WebSocketAuthorizer(
            self,
            "Authorizer",
            web_socket_api=self._api,
            type=gateway.WebSocketAuthorizerType.LAMBDA,
            authorizer_uri=self._stack.format_arn(
                service="apigateway",
                account="lambda",
                resource="path/2015-03-31/functions",
                resource_name=f"{function}/invocations",
            ),
            # A browser can send a token in no other header of a handshake.
            identity_source=["route.request.header.Sec-WebSocket-Protocol"],
        )
        lambda_.CfnPermission(
            self,
            "Authorizing",
            action="lambda:InvokeFunction",
            function_name=function,
            principal="apigateway.amazonaws.com",
            source_arn=self._stack.format_arn(
                service="execute-api", resource=self._api_id, resource_name=f"authorizers/{made.authorizer_id}"
            ),
        )
        return gateway.WebSocketAuthorizer.from_web_socket_authorizer_attributes(
            self, "ConnectAuthorizer", authorizer_id=made.authorizer_id, authorizer_type="CUSTOM"
        )

    def _deployed(self, routes: list[gateway.WebSocketRoute]) -> logs.LogGroup:
        """The stage, once there are routes to deploy; returns the group with its access log."""
        log_group = logs.LogGroup(
            self, "AccessLogs", retention=RETENTION[self._stage.log_days], removal_policy=RemovalPolicy.DESTROY
        )
        rate = self._stage.requests_per_second
        throttling = gateway.CfnStage.RouteSettingsProperty
        deployed = gateway.CfnStage(
            self,
            "Stage",
            api_id=self._api_id,
            stage_name=NAME,
            auto_deploy=True,
            default_route_settings=throttling(throttling_rate_limit=rate, throttling_burst_limit=2 * rate)
            if rate
            else None,
            route_settings={"$connect": {"ThrottlingRateLimit": CONNECTS, "ThrottlingBurstLimit": 2 * CONNECTS}}
            if rate
            else None,
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group_arn(log_group), format=LOG
            ),
        )
        deployed.node.add_dependency(self._logging(), *routes)
        return log_group

    def _logging(self) -> accounts.CfnAccount:
        """The role by which API Gateway writes logs of WebSocket APIs: one setting of the whole account and region.

        Without it no stage with a log is made. It stays, with its role, when the stack goes: another stage may use it.
        https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
        """
        role = iam.Role(
            self,
            "LoggingRole",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name(PUSH)],
        )
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        policy = f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{PUSH}]"
        reason = "API Gateway asks for what this policy grants before it takes the role."
        Validations.of(role).acknowledge(Acknowledgment(id=policy, reason=reason))
        account = accounts.CfnAccount(self, "Logging", cloud_watch_role_arn=role.role_arn)
        account.apply_removal_policy(RemovalPolicy.RETAIN)
        return account

    def _alarm(self, service: str) -> None:
        """https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-logging.html"""
        alarms = Alarms(self, self._stage, service)
        counted = {
            name: cloudwatch.Metric(
                namespace="AWS/ApiGateway",
                metric_name=metric,
                dimensions_map={"ApiId": self._api_id, "Stage": NAME},
                period=Duration.minutes(5),
                statistic="Sum",
            )
            for name, metric in (("m0", "ExecutionError"), ("m1", "IntegrationError"))
        }
        errors = cloudwatch.MathExpression(
            expression="FILL(m0, 0) + FILL(m1, 0)",
            using_metrics=counted,
            period=Duration.minutes(5),
            label="SocketErrors",
        )
        find = alarms.logs()
        text = f"frames or connections fail at the function: {find}"
        alarms.add("SocketErrors", errors, SERVER_ERRORS_LIMIT, text, of_periods=2)


def let_post(function: ServiceFunction, stage: Stage) -> None:
    """Let a function post to the connections of the API's stage, whose ids nobody knows before."""
    stack = Stack.of(function)
    api_id = shared(stack, stage, SHARED_API)
    arn = stack.format_arn(service="execute-api", resource=api_id, resource_name=f"{NAME}/POST/@connections/*")
    function.let(["execute-api:ManageConnections"], arn, LIVE_ENDPOINT=_endpoint(stack, stage, api_id))
    parameter = stack.resolve(api_id)["Ref"]
    flat = f"arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<{parameter}>/{NAME}/POST/@connections/*"
    reason = "A connection's id is made when it opens: the narrowest is one method of one stage of one API."
    Validations.of(function).acknowledge(Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{flat}]", reason=reason))


def socket_origin(stack: Stack, stage: Stage) -> str:
    """What a page connects to, as its content security policy names it."""
    local = stage.engine.replace("http:", "ws:", 1)
    return local or f"wss://{_host(stack, shared(stack, stage, SHARED_API))}"


def _endpoint(stack: Stack, stage: Stage, api_id: str) -> str:
    if stage.engine:
        return f"{stage.engine}/_aws/execute-api/{api_id}/{NAME}"
    return f"https://{_host(stack, api_id)}/{NAME}"


def _host(stack: Stack, api_id: str) -> str:
    return f"{api_id}.execute-api.{stack.region}.{stack.url_suffix}"
