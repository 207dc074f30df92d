"""Names by which stacks find each other: parameters in SSM."""

from aws_cdk import Stack
from aws_cdk import aws_ssm as ssm

from infra.stages import Stage


def share(stack: Stack, stage: Stage, name: str, value: str) -> None:
    """Write a value that other stacks may read."""
    construct_id = "Shared" + "".join(part.title() for part in name.replace("-", "/").split("/"))
    ssm.StringParameter(stack, construct_id, parameter_name=_path(stage, name), string_value=value)


def shared(stack: Stack, stage: Stage, name: str) -> str:
    """Read, at deployment, what another stack wrote; that stack must be deployed before (`add_dependency`)."""
    return ssm.StringParameter.value_for_string_parameter(stack, _path(stage, name))


def _path(stage: Stage, name: str) -> str:
    return f"/mallbots/{stage.name}/{name}"
