"""Who asks, and who says so: the authorizer, the keys of the mall's own tokens, and the function that changes them.

Why it is so: docs/adr/0040. What the functions do: functions/gateway/authorizer.py and keys.py.
"""

from aws_cdk import Acknowledgment, CfnOutput, Duration, RemovalPolicy, Stack, Tags, Validations
from aws_cdk import aws_apigatewayv2 as gateway
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from events.queries import FindBotCredential, FindCustomerStatus
from functions.kernel.rest.caller import CACHED
from infra.alarms import Alarms
from infra.function import ServiceFunction, Shipped
from infra.names import function_arn, named, parameter_name, queries_address, rule_arn, share, shared
from infra.stages import Stage
from infra.user_pool import UserPool

# In seconds. The gateway waits for an authorizer for 10 s, its cold start included:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
AUTHORIZER_TIMEOUT = 8
KEYS_TIMEOUT = 30
ASKED = sorted({query.owner for query in (FindBotCredential, FindCustomerStatus)})  # services, by the authorizer
EVERY = "rate(5 minutes)"  # token_keys.py counts on it being much shorter than a token lives
CUSTOM = "CUSTOM"  # the type of a Lambda authorizer, as a route says it


class Identity(Construct):
    """The authorizer of the HTTP API, with all that it and the keys need. functions: the two, by construct name."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        users: UserPool,
        api: gateway.HttpApi,
        ships: Shipped,
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage, self._users, self._stack = stage, users, Stack.of(self)
        self._ships = ships
        self.functions: dict[str, ServiceFunction] = {}
        self._secret = self._token_keys()
        self._published = self._published_keys()
        self._keys()
        self._authorizer(api)

    def _token_keys(self) -> secretsmanager.Secret:
        """The private keys. CloudFormation makes up a text at first, which is no key, and writes no other later."""
        secret = secretsmanager.Secret(
            self,
            "TokenKeys",
            description="The keys that sign the mall's own tokens",
            # Whoever has a token goes on with it in a stage that is taken up again.
            removal_policy=RemovalPolicy.RETAIN if self._stage.keep else RemovalPolicy.DESTROY,
        )
        reason = "The function keys changes them each month, by rules that turn no token away (token_keys.py)."
        Validations.of(secret).acknowledge(Acknowledgment(id="AwsSolutions-SMG4", reason=reason))
        share(self._stack, self._stage, "token-keys", secret.secret_arn)
        return secret

    def _published_keys(self) -> ssm.StringParameter:
        """The public keys, which the function keys writes.

        CloudFormation writes a parameter's value whenever any property of it changes in the template. So none may:
        tests/infra/test_identity.py has it whole, and it has no tags.
        """
        published = ssm.StringParameter(
            self,
            "PublishedKeys",
            parameter_name=parameter_name(self._stage, "published-keys"),
            string_value='{"keys": []}',
        )
        for tag in ("project", "stage"):
            Tags.of(published).remove(tag)
        return published

    def _function(self, construct_id: str, handler: str, timeout: int, reserved: int | None = None) -> ServiceFunction:
        function = ServiceFunction(
            self,
            construct_id,
            stage=self._stage,
            service="gateway",
            handler=handler,
            ships=self._ships,
            timeout=timeout,
            reserved=reserved,
        )
        self.functions[construct_id] = function
        CfnOutput(self._stack, f"{construct_id}Function", value=function.live.function_name)
        CfnOutput(self._stack, f"{construct_id}Logs", value=function.log_group.log_group_name)
        return function

    def _keys(self) -> None:
        """The only function that may write keys, and its schedule.

        A tick has no dead-letter queue, since the next one does all that is due; an alarm rings without any.
        """
        function = self._function("Keys", "keys", KEYS_TIMEOUT)
        secret = self._secret.secret_arn
        actions = ("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")
        function.let([f"secretsmanager:{action}" for action in actions], secret, TOKEN_KEYS=secret)
        parameter = {"PUBLISHED_KEYS": self._published.parameter_name}
        function.let(["ssm:GetParameter", "ssm:PutParameter"], self._published.parameter_arn, **parameter)
        name = named(self._stage, "gateway", "KeysDue")
        schedule = iam.ServicePrincipal("events.amazonaws.com")
        function.live.add_permission("Schedule", principal=schedule, source_arn=rule_arn(self._stack, name))
        rule = events.CfnRule(
            self,
            "KeysDue",
            name=name,
            schedule_expression=EVERY,
            targets=[events.CfnRule.TargetProperty(arn=function.live.function_arn, id="Keys")],
        )
        rule.node.add_dependency(function.live.node.find_child("Schedule"))
        alarms = Alarms(Construct(self, "Schedule"), self._stage, "gateway")
        runs = function.function.metric_invocations(period=Duration.minutes(15), statistic="Sum")
        late = f"for an hour nothing looked after the keys that sign tokens: {alarms.logs()}"
        alarms.silent("KeysLate", runs, late)

    def _authorizer(self, api: gateway.HttpApi) -> None:
        stage, users = self._stage, self._users
        # As many as an API: at 500 new tokens a second, each checked within 0.1 s, 50 are at work. Without instances of
        # its own a queue's worker could take them, and the gateway answers 500 where it cannot ask.
        function = self._function("Authorizer", "authorizer", AUTHORIZER_TIMEOUT, stage.api_concurrency)
        parameter = {"PUBLISHED_KEYS": self._published.parameter_name}
        function.let(["ssm:GetParameter"], self._published.parameter_arn, **parameter)
        actions = ["cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser"]
        apps = {"STAFF_CLIENT": users.staff.ref, "KIOSK_CLIENT": users.kiosk.ref, "POOL_KEYS": stage.pool_keys}
        function.let(actions, users.pool.attr_arn, USER_POOL=users.pool.ref, **apps)
        for owner in ASKED:
            address = queries_address(stage, owner)
            arn = function_arn(self._stack, address)
            function.let(["lambda:InvokeFunction"], arn, **{f"QUERIES_{owner.upper()}": address})
        authorizer = gateway.HttpAuthorizer(
            self,
            "HttpAuthorizer",
            http_api=api,
            type=gateway.HttpAuthorizerType.LAMBDA,
            authorizer_uri=self._stack.format_arn(
                service="apigateway",
                account="lambda",
                resource="path/2015-03-31/functions",
                resource_name=f"{function.live.function_arn}/invocations",
            ),
            payload_format_version=gateway.AuthorizerPayloadVersion.VERSION_2_0,
            enable_simple_responses=True,
            # What it says of a token holds for every route, so the token alone is the key of the cache.
            identity_source=["$request.header.Authorization"],
            results_cache_ttl=Duration.seconds(CACHED),
        )
        function.live.add_permission(
            "Gateway",
            principal=iam.ServicePrincipal("apigateway.amazonaws.com"),
            source_arn=self._stack.format_arn(
                service="execute-api", resource=api.api_id, resource_name=f"authorizers/{authorizer.authorizer_id}"
            ),
        )
        share(self._stack, stage, "authorizer", authorizer.authorizer_id)


def authorizer_of(stack: Stack, stage: Stage) -> gateway.IHttpRouteAuthorizer:
    """The authorizer, for the routes of a service's stack."""
    return gateway.HttpAuthorizer.from_http_authorizer_attributes(
        stack, "Authorizer", authorizer_id=shared(stack, stage, "authorizer"), authorizer_type=CUSTOM
    )
