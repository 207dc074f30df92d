"""A deployment to operate: a stage in the AWS account of the environment's credentials, or the local cloud."""

from collections.abc import Mapping
from typing import Any, Protocol

import boto3
from botocore.config import Config

from infra.names import named
from infra.stages import stage

PLATFORM = "platform"


class OperateError(Exception):
    """What a command cannot do; the text is for who typed it."""


class Deployment(Protocol):
    """Clients of AWS, and the outputs of the stacks: stack name → output name → value."""

    def client(self, service: str, **config: Any) -> Any: ...

    def outputs(self) -> Mapping[str, Mapping[str, str]]: ...


class Account:
    """A stage in an AWS account. Raises OperateError for an unknown stage."""

    def __init__(self, name: str) -> None:
        try:
            self._stage = stage(name)
        except ValueError as error:
            raise OperateError(str(error)) from None

    def client(self, service: str, **config: Any) -> Any:
        """A client with the credentials and the region of the environment; `config` as for botocore's Config."""
        made: Any = boto3.session.Session()
        return made.client(service, config=Config(**config))

    def outputs(self) -> Mapping[str, Mapping[str, str]]:
        """The outputs of the stage's stacks, as CloudFormation has them now."""
        pages = self.client("cloudformation").get_paginator("describe_stacks").paginate()
        return {
            one["StackName"]: {output["OutputKey"]: output["OutputValue"] for output in one.get("Outputs", [])}
            for page in pages
            for one in page["Stacks"]
            if one["StackName"].startswith(named(self._stage, ""))
        }


def stacks(deployment: Deployment, service: str | None = None) -> dict[str, Mapping[str, str]]:
    """The outputs by service, or those of one; the gateway's are the platform's. Raises OperateError for none."""
    found = {name.rsplit("-", 1)[-1]: outputs for name, outputs in deployment.outputs().items()}
    if service is None:
        if not found:
            raise OperateError("no stack of this stage is deployed here: check the region and the credentials")
        return found
    wanted = PLATFORM if service == "gateway" else service
    if wanted not in found:
        raise OperateError(f"{service} is not deployed here: there are {', '.join(sorted(found)) or 'no stacks'}")
    return {wanted: found[wanted]}
