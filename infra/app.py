"""The whole system as a CDK app: `cdk deploy --all -c stage=dev`."""

import json
import sys
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_

from functions.kernel.composition.manifest import Manifest, manifest, services
from infra import bundling
from infra.documents.api_page import page
from infra.documents.openapi import document
from infra.nag import check
from infra.names import named
from infra.platform_stack import PlatformStack
from infra.service import Service
from infra.stages import TIMES, Stage, stage


class ServiceStack(cdk.Stack):
    """One service in a stack of its own."""

    def __init__(self, scope: cdk.App, construct_id: str, *, manifest: Manifest, code: Path, layer: Path, stage: Stage):
        super().__init__(scope, construct_id, **_settings(stage, construct_id))
        self.service = Service(
            self,
            "Service",
            stage=stage,
            manifest=manifest,
            code=lambda_.Code.from_asset(str(code)),
            # A layer in each stack: equal assets are uploaded once, and no ARN can go stale between stacks.
            layer=lambda_.LayerVersion(self, "Layer", code=lambda_.Code.from_asset(str(layer))),
        )


def compose(app: cdk.App, stage: Stage, placeholder: Path | None = None) -> None:
    """Add all stacks of a stage to an app; `placeholder`: a folder to use instead of building layer and code."""
    cdk.Tags.of(app).add("project", "mallbots")
    cdk.Tags.of(app).add("stage", stage.name)
    layer = placeholder or bundling.layer(stage)
    manifests = {name: manifest(name) for name in services()}
    platform = PlatformStack(
        app,
        "Platform",
        stage=stage,
        code=lambda_.Code.from_asset(str(placeholder or _gateway(stage, manifests))),
        layer=str(layer),
        alarm_email=app.node.try_get_context("alarm_email"),
        **_settings(stage, "Platform"),
    )
    stacks = [
        ServiceStack(
            app, name.title(), manifest=found, code=placeholder or bundling.asset(name, stage), layer=layer, stage=stage
        )
        for name, found in manifests.items()
    ]
    for stack in stacks:
        stack.add_stack_dependency(platform)


def _gateway(stage: Stage, manifests: dict[str, Manifest]) -> Path:
    """The code of the gateway's own function, with the documents that it serves."""
    routes = sorted((r.method, r.path) for m in manifests.values() if m.api for r in m.api.routes)
    openapi = document()
    files = {"routes.json": json.dumps(routes), "openapi.json": json.dumps(openapi), "docs.html": page(openapi)}
    return bundling.asset("gateway", stage, extra=files)


def _settings(stage: Stage, name: str) -> dict[str, Any]:
    return {"stack_name": named(stage, name.lower()), "termination_protection": stage.keep}


def stage_from_context(app: cdk.App) -> Stage:
    """The stage that `-c stage=NAME` names (`local` by default), with times overridden as by `-c robot_lease=30`.

    Raises ValueError, also for a stage that keeps its data, unless it is said that it may be open to the world, and for
    a deployment without bytecode.
    """
    given = {time: app.node.try_get_context(time) for time in TIMES}
    times = {time: str(value) for time, value in given.items() if value is not None}
    found = stage(app.node.try_get_context("stage") or "local", times)
    if found.keep and app.node.try_get_context("open_to_the_world") != "yes":
        raise ValueError(
            f"there is no authentication yet, so everyone on the Internet could use every route of {found.name!r}, "
            "which keeps its data; if that is what you want, say -c open_to_the_world=yes"
        )
    if app.node.try_get_context("deploying") == "yes":  # not for a diff or a synthesis, which run on any Python
        bundling.require_bytecode(found)
    return found


if __name__ == "__main__":
    app = cdk.App()
    try:
        settings = stage_from_context(app)
    except ValueError as error:
        sys.exit(f"nothing is deployed: {error}")
    compose(app, settings)
    check(app, settings)
    app.synth()
