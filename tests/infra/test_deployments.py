"""What `make` runs for operators, and that every deployment that the pages show is let through."""

import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import pytest

from infra import bundling
from infra.app import stage_from_context
from infra.deploy import deploy, main
from infra.operate.__main__ import parser
from tests.docs.test_docs import PAGES, ROOT, commands
from tests.infra.conftest import STUB

ADAPTER = "functions.payments.acme:connect"  # of the pages: a name for what operators write


def dry(*words: str) -> list[str]:
    """The words of the command that make would run; of several, those of the CDK's."""
    installed = [part for name in (".venv", ".engine", "node_modules") for part in ("-o", f"{name}/.installed")]
    done = subprocess.run(["make", "-n", *installed, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    return shlex.split(next((line for line in lines if line.startswith("node_modules/.bin/cdk ")), lines[-1]))


def shown() -> Iterator[tuple[Path, dict[str, str]]]:
    """Every deployment of a stage that a page shows: the page, and the variables of make."""
    for page in PAGES:
        for command in commands(page):
            if command.startswith("make deploy") and "STAGE=" in command:
                yield page, dict(word.split("=", 1) for word in shlex.split(command, comments=True)[2:])


def told(variables: dict[str, str]) -> dict[str, str]:
    """What ARGS tells the CDK's context, which holds nothing but `-c name=value`."""
    words = shlex.split(variables.get("ARGS", ""))
    assert words[::2] == ["-c"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def test_every_deployment_that_the_pages_show_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "require_bytecode", lambda _stage: None)
    stages = set()
    for page, variables in shown():
        context = {
            **told(variables),
            "stage": variables["STAGE"],
            "deploying": "yes",
            "broker": BROKERS["iot:Data-ATS"],
        }
        if "payment_provider" in context:
            assert context["payment_provider"] == ADAPTER
            context["payment_provider"] = STUB
        stage = stage_from_context(cdk.App(context=context))
        stages.add(stage.name)
        if stage.keep and "platform" in variables.get("ONLY", "platform"):
            assert "alarm_email" in context, f"{page.name} takes the alarms' subscription away"
    assert stages == {"dev", "prod"}


@pytest.mark.parametrize(
    ("only", "stacks"),
    [
        ("depot search", ["Depot", "Search"]),
        ("platform depot", ["Platform", "Depot"]),
        ("", []),
    ],
)
def test_a_deployment_of_some_services_leaves_the_platform_unless_it_is_named(only: str, stacks: list[str]) -> None:
    """https://docs.aws.amazon.com/cdk/v2/guide/ref-cli-cmd-deploy.html: --exclusively deploys no dependencies."""
    words = dry("deploy", "STAGE=prod", f"ONLY={only}", "ARGS=-c rollout=at_once")
    ran: list[list[str]] = []

    def deploys(deployment: object, stage: str, only: list[str], more: list[str], run: object) -> int:
        ran.append([stage, *only, *more])
        return 1

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("infra.deploy.deploy", deploys)
        assert main(words[words.index("infra.deploy") + 1 :]) == 1
    assert ran == [["prod", *stacks, "-c", "rollout=at_once"]]


class Account:
    """An account in which deployments are made; the stack of the pages comes with the first of all stacks."""

    def __init__(self, pages: str = "") -> None:
        self.pages = pages
        self.ran: list[list[str]] = []

    def client(self, service: str, **_: Any) -> Any:
        assert service == "iot"
        return SimpleNamespace(describe_endpoint=lambda endpointType: {"endpointAddress": BROKERS[endpointType]})

    def outputs(self) -> Mapping[str, Mapping[str, str]]:
        return {"mallbots-dev-pages": {"PagesAddress": self.pages}} if self.pages else {}

    def run(self, command: Sequence[str], fails: int = 0) -> int:
        self.ran.append(list(command[2:]))
        if "--all" in command and not fails:
            self.pages = "https://d1.cloudfront.net"
        return fails


BROKERS = {"iot:Data-ATS": "abc-ats.iot.eu-west-1.amazonaws.com"}
STAGED = ["-c", "stage=dev", "-c", "deploying=yes", "-c", "broker=abc-ats.iot.eu-west-1.amazonaws.com"]
NAMED = ["-c", "pages=https://d1.cloudfront.net"]
MORE = ["-c", "alarm_email=mall@example.com"]


def test_the_first_deployment_deploys_the_platform_again_for_the_address_of_the_pages() -> None:
    account = Account()
    assert deploy(account, "dev", [], MORE, account.run) == 0
    assert account.ran == [
        ["--all", *STAGED, *MORE],
        ["Platform", "--exclusively", *STAGED, *NAMED, *MORE],
    ]


@pytest.mark.parametrize("only", [[], ["Platform"], ["Depot", "Search"]])
def test_a_later_deployment_names_the_address_of_the_pages_at_once(only: list[str]) -> None:
    account = Account("https://d1.cloudfront.net")
    assert deploy(account, "dev", only, MORE, account.run) == 0
    which = [*only, "--exclusively"] if only else ["--all"]
    assert account.ran == [[*which, *STAGED, *NAMED, *MORE]]


def test_pages_whose_first_deployment_failed_are_deployed_again() -> None:
    """CloudFormation lists their stack, without outputs, until the CDK deletes it."""

    class AfterAFailure(Account):
        def outputs(self) -> Mapping[str, Mapping[str, str]]:
            return super().outputs() or {"mallbots-dev-pages": {}}

    account = AfterAFailure()
    assert deploy(account, "dev", [], MORE, account.run) == 0
    assert account.ran[0] == ["--all", *STAGED, *MORE]


def test_a_deployment_that_fails_ends_there() -> None:
    account = Account()
    assert deploy(account, "dev", [], [], lambda command: account.run(command, fails=3)) == 3
    assert account.ran == [["--all", *STAGED]]


def test_the_stage_of_the_local_cloud_asks_no_account(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stage", "local"]) == 1
    assert "'local' is the stage of the local cloud" in capsys.readouterr().err


def test_the_address_of_the_pages_counts_where_no_origin_is_named() -> None:
    pages = "https://d1.cloudfront.net"
    for given, origins in (
        ({}, ()),
        ({"pages": pages}, (pages,)),
        ({"pages": pages, "origins": "https://a.example"}, ("https://a.example",)),
    ):
        assert stage_from_context(cdk.App(context={"stage": "dev", **given})).origins == origins


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("abc-ats.iot.eu-west-1.amazonaws.com", "abc-ats.iot.eu-west-1.amazonaws.com:8883"),
        ("127.0.0.1:9000", "127.0.0.1:9000"),
    ],
)
def test_robots_connect_to_the_broker_that_is_named_at_the_port_of_mqtt(given: str, broker: str) -> None:
    assert stage_from_context(cdk.App(context={"stage": "dev", "broker": given})).broker == broker


@pytest.mark.parametrize("given", ["https://abc-ats.iot.eu-west-1.amazonaws.com", "a b", "host:port", ":8883"])
def test_what_is_no_address_of_a_broker_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="a broker is like abc-ats"):
        stage_from_context(cdk.App(context={"stage": "dev", "broker": given}))


def test_nothing_is_deployed_to_an_account_without_the_address_of_its_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "require_bytecode", lambda _stage: None)
    with pytest.raises(ValueError, match="robots would not know where to connect"):
        stage_from_context(cdk.App(context={"stage": "dev", "deploying": "yes"}))


def test_the_stage_of_the_local_cloud_is_not_deployed_to_an_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "require_bytecode", lambda _stage: None)
    with pytest.raises(ValueError, match="'local' is the stage of the local cloud"):
        stage_from_context(cdk.App(context={"stage": "local", "deploying": "yes"}))


def test_the_local_cloud_deploys_its_stage_itself() -> None:
    """As infra/local does: it calls the CDK, and not make."""
    assert stage_from_context(cdk.App(context={"stage": "local"})).name == "local"


@pytest.mark.parametrize("text", ["it's", "it's; touch spoilt; 'x", '"an order", said', "''"])
def test_a_text_that_an_operator_looks_for_stays_one_word(text: str) -> None:
    words = dry("logs", "SERVICE=depot", f"FIND={text}")
    assert parser().parse_args(words[words.index("infra.operate") + 1 :]).find == text
