"""What all services share: the bus and its archive, the HTTP API, the signing key, the alarm topic."""

from aws_cdk import ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from functions.gateway.api import api as gateway_api
from infra.alarms import Watched, add_alarms
from infra.code_key import add_code_key
from infra.function import RETENTION, ServiceFunction
from infra.gateway_alarms import add_gateway_alarms
from infra.names import bus_name, named, share
from infra.rollout import shift_gradually
from infra.stages import Stage


class PlatformStack(Stack):
    """Deployed first; the services find its resources by their names, or look them up (infra/names.py)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        code: lambda_.Code,
        layer: str,
        alarm_email: str | None = None,
        **more: object,
    ):
        super().__init__(scope, construct_id, **more)
        self.stage = stage
        self._bus()
        self._secret()
        add_code_key(self, stage)
        self._alarm_topic(alarm_email)
        self._http_api(code, layer)

    def _bus(self) -> None:
        bus = events.EventBus(self, "Bus", event_bus_name=bus_name(self.stage))
        bus.archive(
            "Archive",
            description="Every message on the bus, for replays within the archive's retention",
            event_pattern=events.EventPattern(source=events.Match.prefix("mallbots.")),
            retention=Duration.days(self.stage.archive_days),
        )
        CfnOutput(self, "BusName", value=bus.event_bus_name)

    def _alarm_topic(self, email: str | None) -> None:
        topic = sns.Topic(self, "Alarms", topic_name=named(self.stage, "alarms"), enforce_ssl=True)
        # A policy of our own (enforce_ssl denies what is not TLS) replaces the default one, by which the account may
        # publish. https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
        alarms = self.format_arn(
            service="cloudwatch", resource="alarm", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
        )
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["sns:Publish"],
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                resources=[topic.topic_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": self.account},
                },
            )
        )
        if email:
            topic.add_subscription(EmailSubscription(email))
        CfnOutput(self, "AlarmTopic", value=topic.topic_arn)

    def _secret(self) -> None:
        secret = secretsmanager.Secret(
            self,
            "SigningKey",
            description="Signs paging tokens and robots' tokens",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            # The robots that are registered are known by tokens of this key (docs/operations.md).
            removal_policy=RemovalPolicy.RETAIN if self.stage.keep else RemovalPolicy.DESTROY,
        )
        self.signing_key = secret
        share(self, self.stage, "signing-key", secret.secret_arn)

    def _http_api(self, code: lambda_.Code, layer: str) -> None:
        api = gateway.HttpApi(
            self, "HttpApi", create_default_stage=False, description="The kiosk's and the staff's API"
        )
        function = ServiceFunction(
            self,
            "Gateway",
            stage=self.stage,
            service="gateway",
            handler="api",
            code=code,
            layer=lambda_.LayerVersion(self, "Layer", code=lambda_.Code.from_asset(layer)),
            timeout=5,
            reserved=self.stage.api_concurrency,
        )
        # One permission for each route: that for a whole API (api/*/*/*) does not match the catch-all, as which the
        # gateway calls api/stage/$default.
        integration = HttpLambdaIntegration("Integration", function.live)
        keys = {"Unmatched": gateway.HttpRouteKey.DEFAULT} | {
            f"{route.method} {route.path}": gateway.HttpRouteKey.with_(route.path, gateway.HttpMethod[route.method])
            for route in gateway_api.routes
        }
        for name, key in keys.items():
            gateway.HttpRoute(self, name, http_api=api, route_key=key, integration=integration)
        log_group = logs.LogGroup(
            self, "AccessLogs", retention=RETENTION[self.stage.log_days], removal_policy=RemovalPolicy.DESTROY
        )
        gateway.CfnStage(
            self,
            "DefaultStage",
            api_id=api.api_id,
            stage_name="$default",
            auto_deploy=True,
            default_route_settings=_throttling(self.stage),
            access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
                destination_arn=log_group.log_group_arn,
                format='{"time":"$context.requestTime","route":"$context.routeKey","status":"$context.status",'
                '"latency":"$context.responseLatency","request":"$context.requestId"}',
            ),
        )
        share(self, self.stage, "http-api", api.api_id)
        CfnOutput(self, "ApiId", value=api.api_id)
        CfnOutput(self, "ApiAddress", value=api.api_endpoint)
        CfnOutput(self, "RequestLogs", value=log_group.log_group_name)
        CfnOutput(self, "GatewayFunction", value=function.live.function_name)
        CfnOutput(self, "GatewayLogs", value=function.log_group.log_group_name)
        add_gateway_alarms(Construct(self, "Api"), self.stage, api.api_id, log_group)
        errors = add_alarms(self, self.stage, Watched(service="gateway", functions={"Gateway": function.function}))
        shift_gradually(self, self.stage, [function.live], errors)


def _throttling(stage: Stage) -> gateway.CfnStage.RouteSettingsProperty | None:
    rate = stage.requests_per_second
    if rate is None:
        return None
    return gateway.CfnStage.RouteSettingsProperty(throttling_rate_limit=rate, throttling_burst_limit=2 * rate)
