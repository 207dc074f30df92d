"""What each function is expected to be let do, and what to be refused, whatever its policy says.

It may do what it was seen to do, and nothing else: each of ACTIONS on each resource of the deployment.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from events.envelope import SOURCE_PREFIX
from functions.kernel.composition.manifest import services
from tests.infra.policies import HERE, Names
from tests.permissions.recorder import A_CERTIFICATE, A_ROBOT
from tests.permissions.roles import Call, Role, reads_of

TABLE = "AWS::DynamoDB::Table"
SERVICES = {"cognito-idp", "dynamodb", "events", "execute-api", "iot", "kms", "lambda", "logs", "secretsmanager"} | {
    *("sns", "sqs", "ssm"),
}

# What a thief of a role would try, by the kind of resource.
ACTIONS: dict[str, tuple[str, ...]] = {
    TABLE: (
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
        "dynamodb:ConditionCheckItem",
        "dynamodb:DeleteItem",
        "dynamodb:DeleteTable",
        "dynamodb:GetItem",
        "dynamodb:PartiQLSelect",
        "dynamodb:PutItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "dynamodb:UpdateItem",
    ),
    "AWS::SQS::Queue": (
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:PurgeQueue",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
        "sqs:StartMessageMoveTask",
    ),
    "AWS::Lambda::Function": ("lambda:InvokeFunction", "lambda:UpdateFunctionCode"),
    "AWS::Events::EventBus": ("events:DescribeEventBus", "events:PutRule"),
    "AWS::SecretsManager::Secret": (
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ),
    "AWS::IoT::Policy": ("iot:CreatePolicyVersion", "iot:DeletePolicy", "iot:GetPolicy"),
    "AWS::IoT::TopicRule": ("iot:DeleteTopicRule", "iot:DisableTopicRule", "iot:ReplaceTopicRule"),
    # Without an encryption context; those that functions send are among what was recorded.
    "AWS::KMS::Key": (
        "kms:CreateGrant",
        "kms:Decrypt",
        "kms:DisableKey",
        "kms:Encrypt",
        "kms:GenerateDataKey",
        "kms:PutKeyPolicy",
        "kms:ReEncryptFrom",
        "kms:ScheduleKeyDeletion",
    ),
    "AWS::SSM::Parameter": ("ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"),
    "AWS::Cognito::UserPool": (
        "cognito-idp:AdminAddUserToGroup",
        "cognito-idp:AdminCreateUser",
        "cognito-idp:AdminGetUser",
        "cognito-idp:AdminListGroupsForUser",
        "cognito-idp:AdminSetUserPassword",
        "cognito-idp:ListUsers",
        "cognito-idp:UpdateUserPoolClient",
    ),
    "AWS::SNS::Topic": ("sns:Publish", "sns:Subscribe"),
    "AWS::Logs::LogGroup": ("logs:CreateLogStream", "logs:GetLogEvents", "logs:PutLogEvents"),
}
INDEX = ("dynamodb:Query", "dynamodb:Scan")
# Of the robots' stream, where no resource of a template is named: to speak for a robot, to make another of one's own.
ROBOTS = {
    f"topic/mallbots-dev/v3/mallbots/{A_ROBOT}/state": ("iot:Publish", "iot:RetainPublish"),
    f"topic/mallbots-dev/v3/mallbots/{A_ROBOT}/order": ("iot:Publish", "iot:RetainPublish"),
    f"topic/mallbots-prod/v3/mallbots/{A_ROBOT}/order": ("iot:Publish",),
    "topic/$aws/rules/mallbots_dev_robots_state": ("iot:Publish",),
    "thing/a-thing-of-others": ("iot:CreateThing", "iot:DeleteThing", "iot:ListThingPrincipals"),
    f"thing/{A_ROBOT}": ("iot:UpdateThing", "iot:UpdateThingShadow"),
    f"client/{A_ROBOT}": ("iot:Connect", "iot:DeleteConnection"),
    f"cert/{A_CERTIFICATE}": ("iot:TransferCertificate",),
}
OF_THE_ACCOUNT = ("iot:CreateKeysAndCertificate", "iot:CreatePolicy", "iot:DescribeEndpoint", "iot:ListThings")
FORGED = "InvoicePaid"  # by which an order that nobody paid would complete


def universe(names: Names, recorded: Mapping[str, set[Call]]) -> set[Call]:
    """Every call that is judged: all that were recorded, and each of ACTIONS on each resource."""
    found = {call for calls in recorded.values() for call in calls}
    for kind, actions in ACTIONS.items():
        for stack, name, properties in names.templates.resources(kind):
            found |= set(_on(kind, actions, names.arn(stack, name), properties))
    [bus] = {call.resource for call in found if call.action == "events:PutEvents"}
    for service in services():
        found.add(Call("events:PutEvents", bus, _entry(service, FORGED)))
    found.add(Call("sns:Publish", "*"))  # a text to a phone number
    found |= {Call(action, f"arn:aws:iot:{HERE}:{on}") for on, actions in ROBOTS.items() for action in actions}
    found |= {Call(action, "*") for action in OF_THE_ACCOUNT}
    assert {call.action.partition(":")[0] for call in found} == SERVICES
    return found


def _on(kind: str, actions: tuple[str, ...], arn: str, properties: Any) -> Iterator[Call]:
    resource = f"{arn.removesuffix('*')}log-stream:1" if kind == "AWS::Logs::LogGroup" else arn
    yield from (Call(action, resource) for action in actions)
    if kind == TABLE:
        for index in properties.get("GlobalSecondaryIndexes", ()):
            yield from (Call(action, f"{arn}/index/{index['IndexName']}") for action in INDEX)
        if "StreamSpecification" in properties:
            yield from reads_of(f"{arn}/stream/1")


def _entry(service: str, name: str) -> tuple[tuple[str, str], ...]:
    return ("events:source", SOURCE_PREFIX + service), ("events:detail-type", name)


def expected(role: Role, recorded: Mapping[str, set[Call]], every: set[Call]) -> set[Call]:
    """The calls that a function is to be let make; all others are to be refused.

    A relay publishes whatever the commits of its service hold, now or when a new message is added: any name under the
    service's own source.
    """
    found = recorded[role.name] | role.platform
    service, _, part = role.name.partition("/")
    if part == "relay":
        own = ("events:source", SOURCE_PREFIX + service)
        found |= {call for call in every if call.action == "events:PutEvents" and own in call.context}
    return found & every
