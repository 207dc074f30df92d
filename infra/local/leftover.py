"""Stacks that were deployed, and which the app does not have any more: `cdk deploy --all` leaves them."""

import json
from pathlib import Path

from infra.local.cloud import LocalCloud, Progress
from infra.local.synthesis import STAGE
from infra.names import named
from infra.stages import stage

STACK = "aws:cloudformation:stack"


def remove_leftover(cloud: LocalCloud, app: Path, progress: Progress) -> list[str]:
    """Delete the stacks of the local stage that are not among those of a synthesized app; returns their names.

    On AWS a person does so, who knows what the tables hold: docs/operations.md, "Remove one service".
    """
    cloudformation = cloud.client("cloudformation")
    found = cloudformation.get_paginator("describe_stacks").paginate().search("Stacks[].StackName")
    gone = sorted({name for name in found if name.startswith(named(stage(STAGE), ""))} - _stacks(app))
    for name in gone:
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
        progress(f"{name} deleted: the app has it no more")
    return gone


def _stacks(app: Path) -> set[str]:
    artifacts = json.loads((app / "manifest.json").read_text())["artifacts"]
    return {one["properties"].get("stackName", id) for id, one in artifacts.items() if one["type"] == STACK}
