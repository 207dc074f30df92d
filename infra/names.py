"""Names that hold the stage, so that several stages fit into one account.

What a service addresses in another stack has a fixed name: the stacks of services need no order among each other.
Tables and queues have none, so that CloudFormation can replace them. What only exists once it is made (an id, an ARN
with a random part) is shared as an SSM parameter, by the platform's stack only.
"""

from typing import TYPE_CHECKING

from infra.stages import Stage

if TYPE_CHECKING:  # the commands for operators need names alone, and the CDK takes more than a second to import
    from aws_cdk import Stack


def named(stage: Stage, *parts: str) -> str:
    """The name of a resource: `named(stage, "depot", "relay")` is `mallbots-dev-depot-relay`."""
    return "-".join(("mallbots", stage.name, *parts))


def bus_name(stage: Stage) -> str:
    return named(stage, "bus")


ALIAS = "live"


def queries_address(stage: Stage, service: str) -> str:
    """By what others invoke the function that answers them: its name, with its alias where the stage has one."""
    name = queries_name(stage, service)
    return f"{name}:{ALIAS}" if stage.has_aliases else name


def queries_name(stage: Stage, service: str) -> str:
    """The function that answers what other services ask this one."""
    return named(stage, service, "queries")


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
