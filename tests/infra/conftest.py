"""The templates of the stages as CloudFormation gets them."""

import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.kept import kept
from infra.operate.deployment import Account
from infra.sources import digest
from tests.infra.queues import DEPOT, OPERATIONS, table_of_letters, template

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

Resource = dict[str, Any]

ORIGINS = "https://kiosk.mall.example,https://staff.mall.example:8443"
POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")  # of a role: in line, and beside it
BROKER = "abc-ats.iot.eu-west-1.amazonaws.com"
BUILD = Path(__file__).parents[2] / ".build"
STUB = "functions.payments.provider:connect"  # stands for an adapter, which prod must have and this repository lacks


class Templates:
    """All templates of a stage, by stack."""

    def __init__(self, folder: Path) -> None:
        self.stacks: dict[str, dict[str, Any]] = {
            path.name.removesuffix(".template.json").lower(): json.loads(path.read_text())
            for path in folder.glob("*.template.json")
        }
        artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
        self.settings = {stack: artifacts[stack.title()]["properties"] for stack in self.stacks}
        """What the CDK's command line does with a stack, by stack."""
        self.needs: dict[str, set[str]] = {
            stack: {need.lower() for need in artifacts[stack.title()].get("dependencies", []) if "." not in need}
            for stack in self.stacks
        }
        """The stacks that are deployed before a stack, by stack."""

    def resources(self, kind: str) -> list[tuple[str, str, Resource]]:
        """Every resource of a CloudFormation type: (stack, logical id, properties). Fails when there is none."""
        found = [
            (stack, name, resource.get("Properties", {}))
            for stack, template in self.stacks.items()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        ]
        assert found, f"there is no {kind} in the templates"
        return found

    def statements(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Every statement of every role's policies: (stack, policy, statement)."""
        return [
            (stack, name, statement)
            for kind in POLICIES
            for stack, name, policy in self.resources(kind)
            for statement in policy["PolicyDocument"]["Statement"]
        ]


def listed(value: Any) -> list[Any]:
    """What a policy has once or as a list."""
    return value if isinstance(value, list) else [value]


def arn_of(reference: Any) -> str:
    """The logical id that a GetAtt refers to."""
    name: str = reference["Fn::GetAtt"][0]
    return name


def synthesize(stage_name: str, folder: Path, **context: str) -> Templates:
    """The templates of a stage, with a placeholder for layer and code. Fails on a finding of cdk-nag."""
    import aws_cdk as cdk

    from infra.app import compose, stage_from_context
    from infra.nag import check

    placeholder = folder / "placeholder"
    placeholder.mkdir(parents=True)
    (placeholder / "nothing.py").write_text("")
    said = {"stage": stage_name, **context}
    if stage_name != "local":
        said["broker"] = BROKER
    if stage_name == "prod":
        said["payment_provider"] = STUB
    app = cdk.App(outdir=str(folder / "out"), context=said)
    settings = stage_from_context(app)
    compose(app, settings, placeholder)
    check(app, settings)
    app.synth()
    return Templates(folder / "out")


def synthesized(stage_name: str, **context: str) -> Templates:
    """The same, synthesized once for sources that are the same: by the first process that asks, while others wait."""
    folder = BUILD / "templates" / digest(Path(__file__).read_text(), stage_name, *map(str, context.items()))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{stage_name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return Templates(kept(folder, lambda empty: synthesize(stage_name, empty, **context)) / "out")


@pytest.fixture(scope="session")
def dev() -> Templates:
    return synthesized("dev")


@pytest.fixture(scope="session")
def local() -> Templates:
    return synthesized("local")


@pytest.fixture(scope="session")
def prod() -> Templates:
    return synthesized("prod", alarm_email="mall@example.com", origins=ORIGINS)


@pytest.fixture
def account() -> Iterator[Account]:
    """A stage with the depot's queues and the table of operations, beside another stage's."""
    with mock_aws():
        cloudformation = boto3.client("cloudformation")
        depot = {
            **{name: name for name in ("InboxQueue", "InboxDeadLetters", "InboxUndelivered", "RelayFailures")},
            "DispatcherQueue": "dispatcher.fifo",
            "DispatcherDeadLetters": "dispatcher-dead.fifo",
        }
        cloudformation.create_stack(StackName=DEPOT, TemplateBody=template(depot))
        cloudformation.create_stack(StackName=OPERATIONS, TemplateBody=table_of_letters())
        others = {"InboxDeadLetters": "others"}
        cloudformation.create_stack(StackName="mallbots-dev-depot", TemplateBody=template(others))
        yield Account("prod")


@pytest.fixture(params=["dev", "prod"])
def both(request: pytest.FixtureRequest) -> Templates:
    """A stage that updates functions in place, and one that shifts versions and gathers messages."""
    found: Templates = request.getfixturevalue(request.param)
    return found
