"""What all services share: the bus and its archive, the HTTP API, who may call it, the signing key, the alarm topic."""

from pathlib import Path
from typing import cast

from aws_cdk import Acknowledgment, ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack, Validations
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from functions.gateway.api import api as gateway_api
from functions.gateway.keys import no_key_signs
from infra import access_log
from infra.alarms import Watched, add_alarms
from infra.code_key import add_code_key
from infra.dashboard import add_dashboard
from infra.function import RETENTION, ServiceFunction, Shipped, shipped
from infra.gateway_alarms import add_gateway_alarms
from infra.identity import Identity
from infra.live import SHARED_AUTHORIZER, add_socket_api
from infra.names import bus_name, log_group_arn, named, share
from infra.rollout import shift_gradually
from infra.stages import Stage
from infra.user_pool import UserPool

# What pages may send and read, beside what browsers let pass anyway.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
SENT = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "X-Correlation-Id",
    "traceparent",
]
READ = ["ETag", "Retry-After", "WWW-Authenticate", "X-Correlation-Id"]
OPEN = "It is open on purpose: the health check, the documents, and the answer to what no route matches."


class PlatformStack(Stack):
    """Deployed first; the services find its resources by their names, or look them up (infra/names.py)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        code: Path,
        layer: Path,
        alarm_email: str | None = None,
        **more: object,
    ):
        super().__init__(scope, construct_id, **more)
        self.stage = stage
        self._bus()
        self._secret()
        add_code_key(self, stage)
        self._alarm_topic(alarm_email)
        self._http_api(shipped(self, code, layer))
        add_socket_api(self, stage)

    def _bus(self) -> None:
        bus = events.EventBus(self, "Bus", event_bus_name=bus_name(self.stage))
        archive = bus.archive(
            "Archive",
            description="Every message on the bus, for replays within the archive's retention",
            event_pattern=events.EventPattern(source=events.Match.prefix("mallbots.")),
            retention=Duration.days(self.stage.archive_days),
        )
        # The CDK writes an empty key, which is none, and which EventBridge refuses in some regions:
        # https://github.com/aws/aws-cdk/issues/37847
        cast("events.CfnArchive", archive.node.default_child).add_property_deletion_override("KmsKeyIdentifier")
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
            description="Signs paging tokens",
            generate_secret_string=secretsmanager.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=RemovalPolicy.RETAIN if self.stage.keep else RemovalPolicy.DESTROY,
        )
        reason = "A rotation would make all paging tokens invalid, and whoever holds the key can only turn pages."
        Validations.of(secret).acknowledge(Acknowledgment(id="AwsSolutions-SMG4", reason=reason))
        share(self, self.stage, "signing-key", secret.secret_arn)

    def _http_api(self, ships: Shipped) -> None:
        api = gateway.HttpApi(
            self,
            "HttpApi",
            create_default_stage=False,
            description="The kiosk's and the staff's API",
            cors_preflight=_cors(self.stage),
        )
        function = ServiceFunction(
            self,
            "Gateway",
            stage=self.stage,
            service="gateway",
            handler="api",
            ships=ships,
            timeout=5,
            reserved=self.stage.api_concurrency,
        )
        self._open_routes(api, function)
        users = UserPool(self, "UserPool", stage=self.stage)
        identity = Identity(self, "Identity", stage=self.stage, users=users, api=api, ships=ships)
        share(self, self.stage, SHARED_AUTHORIZER, identity.functions["Authorizer"].live.function_arn)
        requests = self._default_stage(api)
        share(self, self.stage, "http-api", api.api_id)
        CfnOutput(self, "ApiId", value=api.api_id)
        CfnOutput(self, "ApiAddress", value=api.api_endpoint)
        CfnOutput(self, "GatewayFunction", value=function.live.function_name)
        CfnOutput(self, "GatewayLogs", value=function.log_group.log_group_name)
        add_gateway_alarms(Construct(self, "Api"), self.stage, api.api_id, requests)
        if self.stage.service_levels:
            add_dashboard(self, self.stage, api.api_id)
        functions = {"Gateway": function, **identity.functions}
        watched = {name: found.function for name, found in functions.items()}
        own = Watched(service="gateway", functions=watched, own_alarms=[no_key_signs])
        errors = add_alarms(self, self.stage, own)
        shift_gradually(self, self.stage, [found.live for found in functions.values()], errors)

    def _open_routes(self, api: gateway.HttpApi, function: ServiceFunction) -> None:
        """The gateway's own routes, and the catch-all, for which nobody needs a token."""
        # One permission for each route: that for a whole API (api/*/*/*) does not match the catch-all, as which the
        # gateway calls api/stage/$default.
        integration = HttpLambdaIntegration("Integration", function.live)
        keys = {"Unmatched": gateway.HttpRouteKey.DEFAULT} | {
            f"{route.method} {route.path}": gateway.HttpRouteKey.with_(route.path, gateway.HttpMethod[route.method])
            for route in gateway_api.routes
        }
        for name, key in keys.items():
            route = gateway.HttpRoute(self, name, http_api=api, route_key=key, integration=integration)
            Validations.of(route).acknowledge(Acknowledgment(id="AwsSolutions-APIG4", reason=OPEN))

    def _default_stage(self, api: gateway.HttpApi) -> logs.LogGroup:
        """The API's only stage; returns the group with its access log."""
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
                destination_arn=log_group_arn(log_group),
                format=access_log.FORMAT,
            ),
        )
        CfnOutput(self, "RequestLogs", value=log_group.log_group_name)
        return log_group


def _cors(stage: Stage) -> gateway.CorsPreflightOptions | None:
    """What pages of the stage's origins may ask of the API; None where there are none, so no page may."""
    if not stage.origins:
        return None
    methods = gateway.CorsHttpMethod
    return gateway.CorsPreflightOptions(
        allow_origins=list(stage.origins),
        allow_methods=[methods.GET, methods.POST, methods.PUT, methods.DELETE],
        allow_headers=SENT,
        expose_headers=READ,
        max_age=Duration.hours(1),
    )


def _throttling(stage: Stage) -> gateway.CfnStage.RouteSettingsProperty | None:
    rate = stage.requests_per_second
    if rate is None:
        return None
    return gateway.CfnStage.RouteSettingsProperty(throttling_rate_limit=rate, throttling_burst_limit=2 * rate)
