"""A service of the deployed mall whose containers all begin anew, so that none knows what was before."""

import uuid
from typing import Any

from tests.e2e.conftest import Deployed

FUNCTION = "AWS::Lambda::Function"


def functions(deployed: Deployed, service: str) -> list[str]:
    """The names of a service's functions."""
    pages = deployed.client("cloudformation").get_paginator("list_stack_resources")
    found = pages.paginate(StackName=f"mallbots-local-{service}").search("StackResourceSummaries[]")
    return [one["PhysicalResourceId"] for one in found if one["ResourceType"] == FUNCTION]


def begin_anew(deployed: Deployed, service: str) -> None:
    """Change the configuration of its functions: what they are invoked for next runs in new containers."""
    lambdas = deployed.client("lambda")
    for name in functions(deployed, service):
        about: dict[str, Any] = lambdas.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        lambdas.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**about, "BEGUN_ANEW": str(uuid.uuid4())}}
        )


def stop(deployed: Deployed, service: str) -> None:
    """Have none of its functions run, as the runbook of a restoration does."""
    for name in functions(deployed, service):
        deployed.client("lambda").put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)


def start(deployed: Deployed, service: str) -> None:
    """Have them run again."""
    for name in functions(deployed, service):
        deployed.client("lambda").delete_function_concurrency(FunctionName=name)
