"""Names that hold the stage, so that several stages fit into one account.

What a service addresses in another stack has a fixed name: the stacks of services need no order among each other.
So have queues, which operations addresses (docs/adr/0050). Tables have none, so that CloudFormation can replace them,
but for the audit's, to which all services append (docs/adr/0060).
What only exists once it is made (an id, an ARN with a random part) is shared as an SSM parameter, by the platform's
stack only.
"""

from typing import TYPE_CHECKING

from functions.operations import consumers
from infra.stages import Stage

if TYPE_CHECKING:  # the commands for operators need names alone, and the CDK takes more than a second to import
    from aws_cdk import Stack
    from aws_cdk.aws_logs import ILogGroup


def named(stage: Stage, *parts: str) -> str:
    """The name of a resource: `named(stage, "depot", "relay")` is `mallbots-dev-depot-relay`."""
    return "-".join(("mallbots", stage.name, *parts))


def bus_name(stage: Stage) -> str:
    return named(stage, "bus")


ALIAS = "live"


OPERATIONS, OUTCOMES = "operations", "outcomes"
FORECAST, QUERIES, RELAY, REPLAY = "forecast", "queries", "relay", "replay"  # functions that other stacks invoke
# Whatever is the name of a service: what operations writes into its environment, and what its policies name.
SOME = "{}"


def function_name(stage: Stage, service: str, function: str) -> str:
    """A function that others address: `mallbots-dev-depot-relay`."""
    return named(stage, service, function)


def function_address(stage: Stage, service: str, function: str) -> str:
    """By what others invoke a function: its name, with its alias where the stage has one."""
    name = function_name(stage, service, function)
    return f"{name}:{ALIAS}" if stage.has_aliases else name


def queries_address(stage: Stage, service: str) -> str:
    """By what others invoke the function that answers them."""
    return function_address(stage, service, QUERIES)


def queue_name(stage: Stage, service: str, queue: str, kind: str = "", *, fifo: bool = False) -> str:
    """A queue: `mallbots-dev-depot-dispatcher-dead-letters.fifo`."""
    return named(stage, consumers.queue_name(service, queue, kind, fifo=fifo))


def queue_arn(stack: "Stack", name: str) -> str:
    return stack.format_arn(service="sqs", resource=name)


def table_arn(stack: "Stack", name: str) -> str:
    return stack.format_arn(service="dynamodb", resource="table", resource_name=name)


def queue_url(stack: "Stack", stage: Stage, name: str) -> str:
    """The address of a queue of whatever stack, before it exists.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
    """
    base = stage.engine or f"https://sqs.{stack.region}.{stack.url_suffix}"
    return f"{base}/{stack.account}/{name}"


def key_alias(stage: Stage) -> str:
    """The alias of the key of KMS under which customers' keys are."""
    return f"alias/{named(stage, 'personal-data')}"


def topic_arn(stack: "Stack", stage: Stage) -> str:
    """The topic that all alarms notify."""
    return stack.format_arn(service="sns", resource=named(stage, "alarms"))


def function_arn(stack: "Stack", name: str) -> str:
    from aws_cdk import ArnFormat

    return stack.format_arn(
        service="lambda", resource="function", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def rule_arn(stack: "Stack", name: str, bus: str | None = None) -> str:
    """The ARN of a rule, of the account's default bus if none is named."""
    path = f"{bus}/{name}" if bus else name
    return stack.format_arn(service="events", resource="rule", resource_name=path)


def log_group_arn(group: "ILogGroup") -> str:
    """The ARN of a log group as API Gateway wants it: its attribute ends in `:*`, which API Gateway refused elsewhere.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    https://github.com/serverless/serverless/issues/6304
    """
    from aws_cdk import ArnFormat, Stack

    name, form = group.log_group_name, ArnFormat.COLON_RESOURCE_NAME
    return Stack.of(group).format_arn(service="logs", resource="log-group", resource_name=name, arn_format=form)


def share(stack: "Stack", stage: Stage, name: str, value: str) -> None:
    """Write a value that other stacks may read with `shared`."""
    from aws_cdk import aws_ssm as ssm

    construct_id = "Shared" + "".join(part.title() for part in name.split("-"))
    ssm.StringParameter(stack, construct_id, parameter_name=parameter_name(stage, name), string_value=value)


def shared(stack: "Stack", stage: Stage, name: str) -> str:
    """A value that the platform's stack wrote, read at deployment."""
    from aws_cdk import aws_ssm as ssm

    return ssm.StringParameter.value_for_string_parameter(stack, parameter_name(stage, name))


def parameter_name(stage: Stage, name: str) -> str:
    """The name of a parameter of Systems Manager: a path that begins with the stage's."""
    return f"/mallbots/{stage.name}/{name}"
