"""The robots' stream: from a robot's topics to the queue of a function, and what a robot may do at the broker.

A robot is a thing of AWS IoT Core, named by its id; its certificate is the service's to issue (functions/fleet).
Rules take what robots report, and what the broker says of their connections, to one standard queue, so that messages
may come twice and in any order: https://docs.aws.amazon.com/iot/latest/developerguide/sqs-rule-action.html
"""

from collections.abc import Sequence

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from events.vda5050.topics import Kind, Topics
from functions.kernel.messaging.topics import PRESENCE, PRESENCE_TOPICS
from functions.kernel.messaging.topics import Topics as Messages
from infra.alarms import MINUTE, Alarms
from infra.function import ServiceFunction
from infra.names import named
from infra.queues import ConsumedQueue
from infra.stages import Stage

BATCH, BATCH_SECONDS = 100, 1
SQL_VERSION = "2016-03-23"
CHANGES = ("connected", "disconnected")
LOST = "RulesLost"

# What is no JSON must come in too, to be given up with its reason: hence the payload as bytes, in base64.
# https://docs.aws.amazon.com/iot/latest/developerguide/binary-payloads.html
REPORT = (
    "SELECT topic(4) AS robot, topic(5) AS topic, timestamp() AS received, clientid() AS client, "
    "encode(*, 'base64') AS payload FROM '{topic}'"
)
# https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
LIFE_CYCLE = (
    "SELECT '{presence}' AS topic, timestamp() AS received, encode(*, 'base64') AS payload FROM '{topics}{change}/+'"
)

ANY_ROBOT = "-".join("?" * digits for digits in (8, 4, 4, 4, 12))  # a robot's id, a UUID
THING = "${iot:Connection.Thing.ThingName}"
SPOKEN = (Kind.STATE, Kind.CONNECTION, Kind.FACTSHEET, Kind.VISUALIZATION)
RETAINED = (Kind.CONNECTION, Kind.FACTSHEET)
TOLD = (Kind.ORDER, Kind.INSTANT_ACTIONS)
CONNECT_WITH = ("PersistentConnect", "LastWill")


def rules(stage: Stage, topics: Messages) -> dict[str, str]:
    """The rules' queries by their names, for what a service handles. A name has letters, digits and underscores alone.

    https://docs.aws.amazon.com/iot/latest/apireference/API_CreateTopicRule.html
    """
    reports = {kind: REPORT.format(topic=topic(stage, Kind(kind), "+")) for kind in topics.kinds if kind != PRESENCE}
    changes = CHANGES if PRESENCE in topics.kinds else ()
    queries = {
        **reports,
        **{change: LIFE_CYCLE.format(presence=PRESENCE, topics=PRESENCE_TOPICS, change=change) for change in changes},
    }
    return {rule_name(stage, name): query for name, query in queries.items()}


def rule_name(stage: Stage, name: str) -> str:
    """A rule's name in its account."""
    return named(stage, "robots", name).replace("-", "_")


def policy_name(stage: Stage) -> str:
    """The policy of AWS IoT that every robot's certificate has."""
    return named(stage, "robots")


def topic(stage: Stage, kind: Kind, robot: str) -> str:
    """The topic of a kind for what stands for a robot: a wildcard, or a variable of a policy."""
    return Topics(named(stage)).of(kind, "robot").replace("/robot/", f"/{robot}/")


class RobotsTopics(ConsumedQueue):
    """How robots' messages reach the function `topics`: rules → queue, and what a rule cannot send → `undelivered`."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, topics: Messages) -> None:
        """The queue, the rules to it, their alarms, and the policy of the robots that speak."""
        super().__init__(
            scope,
            construct_id,
            stage=stage,
            service=topics.service,
            name=topics.queue,
            batch_size=BATCH,
            window=BATCH_SECONDS,
        )
        self.topics = topics
        self.rules = rules(stage, topics)
        self._action = self._role("RulesRole", self.queue)
        self._error_action = self._role("RulesErrorsRole", self.undelivered)
        for name, query in self.rules.items():
            self._rule(name, query)
        iot.CfnPolicy(
            self, "Robots", policy_name=policy_name(stage), policy_document=robots_policy(Stack.of(self), stage)
        )

        self._alarms()

    def _alarms(self) -> None:
        """What a rule could not send is a dead letter, which has an alarm; these are on what is lost.

        A query, because AWS does not say what values the second dimension of a failure has, ActionType; one for each
        rule, because a query's conditions are joined by AND alone.
        https://docs.aws.amazon.com/iot/latest/developerguide/metrics_dimensions.html
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Metrics_Insights_Alarm.html
        https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html
        """
        alarms = Alarms(self, self.stage, self.topics.service)
        for name in self.rules:
            select = 'SELECT SUM(ErrorActionFailure) FROM "AWS/IoT"'
            query = f"{select} WHERE RuleName = '{name}'"
            lost = cloudwatch.MathExpression(expression=query, period=MINUTE, label=LOST)
            why = f"robots' messages are lost: {name} could send neither to its queue nor to that for errors"
            alarms.add(
                LOST + name.title().replace("_", ""),
                lost,
                1,
                f"{why}: aws iot get-topic-rule --rule-name {name}",
                page=LOST,
            )
        throttled = [
            cloudwatch.Metric(
                namespace="AWS/IoT",
                metric_name="RuleMessageThrottled",
                dimensions_map={"RuleName": name},
                period=MINUTE,
                statistic="Sum",
            )
            for name in self.rules
        ]
        quota = "aws service-quotas list-service-quotas --service-code iotcore"
        alarms.sum_of("RulesThrottled", throttled, f"robots' messages are lost: rules are throttled; quotas: {quota}")

    def _rule(self, name: str, query: str) -> None:
        rule = iot.CfnTopicRule(
            self,
            name.rpartition("_")[2].title() + "Rule",
            rule_name=name,
            topic_rule_payload=iot.CfnTopicRule.TopicRulePayloadProperty(
                sql=query,
                aws_iot_sql_version=SQL_VERSION,
                actions=[_send(self.queue, self._action)],
                error_action=_send(self.undelivered, self._error_action),
                rule_disabled=False,
            ),
        )
        # A rule that may not send yet loses what it matches, to its error action too.
        for role in (self._action, self._error_action):
            rule.node.add_dependency(role.node.find_child("DefaultPolicy"))

    def _role(self, construct_id: str, queue: sqs.Queue) -> iam.Role:
        """A role that this stage's rules alone may take, and that may send to one queue.

        https://docs.aws.amazon.com/iot/latest/developerguide/cross-service-confused-deputy-prevention.html
        """
        stack = Stack.of(self)
        ours = stack.format_arn(service="iot", resource="rule", resource_name=rule_name(self.stage, "*"))
        conditions = {"StringEquals": {"aws:SourceAccount": stack.account}, "ArnLike": {"aws:SourceArn": ours}}
        role = iam.Role(self, construct_id, assumed_by=iam.ServicePrincipal("iot.amazonaws.com", conditions=conditions))
        role.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn]))
        return role


def _send(queue: sqs.Queue, role: iam.Role) -> iot.CfnTopicRule.ActionProperty:
    action = iot.CfnTopicRule.SqsActionProperty(queue_url=queue.queue_url, role_arn=role.role_arn, use_base64=False)
    return iot.CfnTopicRule.ActionProperty(sqs=action)


def robots_policy(stack: Stack, stage: Stage) -> dict[str, object]:
    """What a robot may do: connect as the thing that its certificate is attached to, and use its own topics.

    One document for all robots, by the variables of things: AWS resolves them by the client's id, which must be the
    thing's name. A persistent session and a last will must be named, a retained message is an action of its own.
    https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html
    https://docs.aws.amazon.com/iot/latest/developerguide/connect-policy.html
    https://docs.aws.amazon.com/iot/latest/developerguide/retained-message-policy-examples.html
    """

    def arns(resource: str, kinds: Sequence[Kind]) -> list[str]:
        return [_arn(stack, resource, topic(stage, kind, THING)) for kind in kinds]

    attached = {
        "Bool": {"iot:Connection.Thing.IsAttached": "true"},
        "ForAllValues:StringEquals": {"iot:ConnectAttributes": list(CONNECT_WITH)},
    }
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": _arn(stack, "client", THING),
                "Condition": attached,
            },
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": arns("topic", SPOKEN)},
            {"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": arns("topic", RETAINED)},
            {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arns("topicfilter", TOLD)},
            {"Effect": "Allow", "Action": "iot:Receive", "Resource": arns("topic", TOLD)},
        ],
    }


def let_publish(function: ServiceFunction, stage: Stage) -> None:
    """Let a function publish orders and instant actions to any robot of the stage."""
    _let_publish(function, stage, TOLD)


def let_instruct(function: ServiceFunction, stage: Stage) -> None:
    """Let a function publish instant actions alone."""
    _let_publish(function, stage, (Kind.INSTANT_ACTIONS,))


def _let_publish(function: ServiceFunction, stage: Stage, kinds: Sequence[Kind]) -> None:
    stack = Stack.of(function)
    function.allow(["iot:Publish"], *(_arn(stack, "topic", topic(stage, kind, ANY_ROBOT)) for kind in kinds))
    _name_data_endpoint(function, stage)


def _name_data_endpoint(function: ServiceFunction, stage: Stage) -> None:
    if endpoint := data_endpoint(stage):
        function.function.add_environment("BROKER_ENDPOINT", endpoint)


def data_endpoint(stage: Stage) -> str:
    """Where the data API answers, of which the account has an address of its own; empty where none is named.

    https://docs.aws.amazon.com/general/latest/gr/iot-core.html
    """
    return stage.engine or (f"https://{stage.broker.partition(':')[0]}" if stage.broker else "")


# What the calls of functions/fleet/identities.py are judged by, and whether that is a thing or a certificate.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsiot.html
REVOKING = {
    "thing": ["iot:ListThingPrincipals", "iot:DeleteThing"],
    "cert": ["iot:UpdateCertificate", "iot:DetachPolicy", "iot:DetachThingPrincipal", "iot:DeleteCertificate"],
}
ISSUING = {
    "thing": ["iot:CreateThing"],
    "cert": ["iot:DescribeCertificate", "iot:AttachThingPrincipal", "iot:AttachPolicy"],
}


def let_revoke(function: ServiceFunction, stage: Stage) -> None:
    """Let a function revoke robots' certificates, end their connections, and forget robots."""
    _let_change(function, REVOKING)
    function.allow(["iot:DeleteConnection"], _arn(Stack.of(function), "client", ANY_ROBOT))
    _name_data_endpoint(function, stage)
    function.function.add_environment("ROBOTS_POLICY", policy_name(stage))


def let_issue(function: ServiceFunction, stage: Stage) -> None:
    """Let a function issue certificates, and revoke those that newer ones replace."""
    _let_change(function, {of: [*ISSUING[of], *REVOKING[of]] for of in ISSUING})
    function.allow(["iot:CreateCertificateFromCsr"], "*")
    reason = "A certificate has no name before it is made, and IAM knows no resource for the call: * is the narrowest."
    Validations.of(function).acknowledge(Acknowledgment(id="AwsSolutions-IAM5[Resource::*]", reason=reason))
    function.function.add_environment("ROBOTS_POLICY", policy_name(stage))
    if stage.engine:
        function.function.add_environment("ROBOTS_CA", f"{stage.engine}/_ministack/iot/ca.pem")


def _let_change(function: ServiceFunction, actions: dict[str, list[str]]) -> None:
    """Grant actions on things that are named as robots are, and on certificates, whose ids are digests."""
    stack = Stack.of(function)
    function.allow(actions["thing"], _arn(stack, "thing", ANY_ROBOT))
    function.allow(actions["cert"], _arn(stack, "cert", "*"))
    arn = "arn:<AWS::Partition>:iot:<AWS::Region>:<AWS::AccountId>:cert/*"
    reason = "A certificate's id is made when it is, and IAM knows no other property of one."
    Validations.of(function).acknowledge(Acknowledgment(id=f"AwsSolutions-IAM5[Resource::{arn}]", reason=reason))


def _arn(stack: Stack, resource: str, name: str) -> str:
    return stack.format_arn(service="iot", resource=resource, resource_name=name)
