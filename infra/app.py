"""The whole system as a CDK app: `cdk deploy --all -c stage=dev`."""

import json
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from functions.kernel.composition.manifest import Manifest, manifest, services
from infra import bundling
from infra.documents.api_page import page
from infra.documents.openapi import document
from infra.function import shipped
from infra.nag import check
from infra.names import named
from infra.pages import PagesStack
from infra.platform_stack import PlatformStack
from infra.service import Service
from infra.stages import (
    NO_ADAPTER,
    NO_BROKER,
    SANDBOX,
    TIMES,
    Stage,
    local_pages,
    read_broker,
    read_flag,
    read_origins,
    read_traces,
    stage,
)


class ServiceStack(cdk.Stack):
    """One service in a stack of its own."""

    def __init__(self, scope: cdk.App, construct_id: str, *, manifest: Manifest, code: Path, layer: Path, stage: Stage):
        super().__init__(scope, construct_id, **_settings(stage, construct_id))
        self.service = Service(self, "Service", stage=stage, manifest=manifest, ships=shipped(self, code, layer))


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
        code=placeholder or _gateway(stage, manifests),
        layer=layer,
        alarm_email=app.node.try_get_context("alarm_email"),
        **_settings(stage, "Platform"),
    )
    stacks = [
        ServiceStack(
            app, name.title(), manifest=found, code=placeholder or bundling.asset(name, stage), layer=layer, stage=stage
        )
        for name, found in manifests.items()
    ]
    pages = PagesStack(app, "Pages", stage=stage, **_settings(stage, "Pages"))
    pages.add_stack_dependency(platform)
    for stack in stacks:
        stack.add_stack_dependency(platform)
    if not placeholder and app.node.try_get_context("deploying") != "no":
        bundling.refuse_without_bytecode(stage, platform, *stacks)


def _gateway(stage: Stage, manifests: dict[str, Manifest]) -> Path:
    """The code of the gateway's own function, with the documents that it serves."""
    routes = sorted((r.method, r.path) for m in manifests.values() if m.api for r in m.api.routes)
    openapi = document()
    files = {"routes.json": json.dumps(routes), "openapi.json": json.dumps(openapi), "docs.html": page(stage.origins)}
    return bundling.asset("gateway", stage, extra=files)


def _settings(stage: Stage, name: str) -> dict[str, Any]:
    return {"stack_name": named(stage, name.lower()), "termination_protection": stage.keep}


def stage_from_context(app: cdk.App) -> Stage:
    """The stage that `-c stage=NAME` names (`local` by default), with times overridden as by `-c robot_lease=30`.

    `-c rollout=at_once` has new code of a gradual stage take over at once, and whatever its alarms say.
    `-c payment_provider=PATH` names the adapter of the payment provider, `-c origins=https://a.example,…` the
    origins of pages, `-c pages=https://…` that of the stage's own distribution, which counts where none is named,
    `-c engine=http://127.0.0.1:4600` where the local cloud answers, `-c broker=HOST` where robots connect (on AWS the
    account's endpoint iot:Data-ATS), `-c traces=https://…` where ended orders go as traces, `-c traced=` how the ids of
    those begin, `-c synthetic=yes` that there are synthetic orders. Raises ValueError. Unless `-c deploying=no`,
    that is also for a stage that keeps its data and whose provider moves no money; with `-c deploying=yes` (`make
    deploy`) also for a deployment without bytecode, without a broker, and for `local`, which infra/local deploys to
    an engine of its own.
    """
    given = {time: app.node.try_get_context(time) for time in TIMES}
    times = {time: str(value) for time, value in given.items() if value is not None}
    found = stage(app.node.try_get_context("stage") or "local", times)
    found = _rolled_out(found, app.node.try_get_context("rollout"))
    found = replace(found, payment_provider=app.node.try_get_context("payment_provider") or found.payment_provider)
    engine = app.node.try_get_context("engine")
    if engine:
        if found.name != "local":
            raise ValueError(f"{found.name!r} is deployed to AWS: it has no engine")
        found = replace(found, engine=engine, origins=(local_pages(engine),))
    origins = app.node.try_get_context("origins")
    found = found if origins is None else replace(found, origins=read_origins(origins))
    if not found.origins:
        found = replace(found, origins=read_origins(app.node.try_get_context("pages") or ""))
    broker = app.node.try_get_context("broker")
    found = replace(found, broker=read_broker(broker)) if broker else found
    traces, traced = (app.node.try_get_context(name) for name in ("traces", "traced"))
    traces, traced = read_traces(found.traces if traces is None else traces, found.traced if traced is None else traced)
    found = replace(found, traces=traces, traced=traced)
    synthetic = app.node.try_get_context("synthetic")
    found = found if synthetic is None else replace(found, synthetic=read_flag("synthetic", synthetic))
    deploying = app.node.try_get_context("deploying")  # a diff runs on any Python; to take a stage down needs nothing
    if deploying == "no":
        return found
    if deploying == "yes" and found.name == "local":
        raise ValueError("'local' is the stage of the local cloud, which make up starts: name another")
    _check_provider(found)
    if deploying == "yes":
        bundling.require_bytecode(found)
        if found.broker == NO_BROKER:
            raise ValueError("robots would not know where to connect: name the broker (-c broker=HOST), or make deploy")
    return found


def _rolled_out(found: Stage, rollout: str | None) -> Stage:
    if rollout is None:
        return found
    if rollout != "at_once" or not found.has_aliases:
        raise ValueError(f"rollout={rollout} is not for {found.name!r}: only at_once, where new code comes gradually")
    return replace(found, rollout="at_once")


def _check_provider(stage: Stage) -> None:
    """Raises ValueError for a provider of payments that the stage must not have, or whose adapter cannot be made."""
    path = stage.payment_provider
    module, _, name = path.partition(":")
    if stage.keep and module in (NO_ADAPTER, SANDBOX.partition(":")[0]):
        raise ValueError(
            f"{stage.name!r} keeps its data, and the sandbox moves no money: name the adapter of a payment provider, "
            "-c payment_provider=functions.payments.MODULE:NAME (docs/deploying.md says what it must guarantee)"
        )
    bundled = module.startswith("functions.payments.")  # the functions have no other code of ours beside the kernel
    try:
        if bundled and callable(getattr(import_module(module), name, None)):
            return
    except ImportError:
        pass
    raise ValueError(f"payment_provider must be functions.payments.MODULE:NAME, of what is there, not {path!r}")


if __name__ == "__main__":
    app = cdk.App()
    try:
        settings = stage_from_context(app)
    except ValueError as error:
        sys.exit(f"nothing is deployed: {error}")
    compose(app, settings)
    check(app, settings)
    app.synth()
