"""Values that stacks share: SSM parameters by a name that holds the stage."""

from aws_cdk import Stack
from aws_cdk import aws_ssm as ssm

from infra.stages import Stage


def share(stack: Stack, stage: Stage, name: str, value: str) -> None:
    """Write a value that other stacks may read with `shared`."""
    construct_id = "Shared" + "".join(part.title() for part in name.replace("-", "/").split("/"))
    ssm.StringParameter(stack, construct_id, parameter_name=_path(stage, name), string_value=value)


def shared(stack: Stack, stage: Stage, name: str) -> str:
    """A value that another stack wrote, read at deployment: that stack must be deployed first (`add_dependency`)."""
    return ssm.StringParameter.value_for_string_parameter(stack, _path(stage, name))


def _path(stage: Stage, name: str) -> str:
    return f"/mallbots/{stage.name}/{name}"
