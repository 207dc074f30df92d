"""Stages, and the layers and bundles of their functions."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.kernel.composition.manifest import services
from infra import bundling
from infra.bundling import ROOT
from infra.stages import SANDBOX, STAGES, TIMES, Stage, stage, variable
from tests.infra.conftest import STUB, Templates
from tests.simulation import scale

WHEEL = re.compile(r"^Tag: (?P<python>\S+?)-(?P<abi>\S+?)-(?P<platform>\S+)$", re.MULTILINE)


def stage_with(**context: object) -> Stage:
    """The stage that the CDK's context selects."""
    import aws_cdk as cdk

    from infra.app import stage_from_context

    return stage_from_context(cdk.App(context=context))


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown stage 'stagin': choose one of dev, local, prod"):
        stage("stagin")


@pytest.mark.parametrize("name", sorted(STAGES))
def test_every_stage_keeps_the_times_of_a_mall(name: str) -> None:
    found = stage(name).environment
    assert found["MALLBOTS_ROBOT_LEASE"] == "60"
    assert found["MALLBOTS_BASKET_UNTOUCHED"] == str(30 * 60)
    assert found["MALLBOTS_ORDER_UNPAID"] == str(24 * 60 * 60)
    assert found["MALLBOTS_PAYMENT_UNCONFIRMED"] == str(24 * 60 * 60)
    assert found["MALLBOTS_STEP_TIMEOUT"] == ("2" if name == "local" else "60")
    assert found["MALLBOTS_RECONCILE_AFTER"] == ("10" if name == "local" else "3600")


def test_a_deployment_can_override_the_times_of_its_stage() -> None:
    """By the context of the CDK, as text or as the numbers of a cdk.json."""
    found = stage_with(stage="dev", basket_untouched="60", robot_lease=30)
    assert (found.name, found.basket_untouched, found.robot_lease) == ("dev", 60, 30)
    assert found.environment["MALLBOTS_BASKET_UNTOUCHED"] == "60"
    assert found.order_unpaid == 24 * 60 * 60


@pytest.mark.parametrize("text", ["0", "-5", "soon", "1.5", "", "²", "2592001"])
def test_a_time_that_is_not_whole_seconds_is_refused_with_the_range(text: str) -> None:
    with pytest.raises(ValueError, match=f"^order_unpaid must be whole seconds from 1 to 2592000, not '{text}'$"):
        stage_with(order_unpaid=text)


def test_an_unknown_setting_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown setting 'tea_time': choose one of step_timeout, robot_lease"):
        stage("local", {"tea_time": "60"})


def test_the_functions_of_a_deployment_find_its_times_in_their_environment(dev: Templates) -> None:
    for _stack, name, function in dev.resources("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert {variable(time) for time in TIMES} <= set(variables), name


def test_the_tables_of_production_outlive_its_stacks(prod: Templates) -> None:
    for stack, name, table in prod.resources("AWS::DynamoDB::Table"):
        assert table["DeletionProtectionEnabled"] is True, name
        assert prod.stacks[stack]["Resources"][name]["DeletionPolicy"] == "Retain", name
        assert table["SSESpecification"]["SSEEnabled"] is True, name


def test_the_keys_and_the_users_of_production_outlive_it(dev: Templates, prod: Templates) -> None:
    for templates, policy in ((prod, "Retain"), (dev, "Delete")):
        for kind in ("AWS::SecretsManager::Secret", "AWS::Cognito::UserPool", "AWS::Cognito::UserPoolGroup"):
            for stack, name, _ in templates.resources(kind):
                resource = templates.stacks[stack]["Resources"][name]
                assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == (policy, policy), name


@pytest.mark.parametrize("answer", [{}, {"payment_provider": SANDBOX}, {"payment_provider": ""}])
def test_a_stage_that_keeps_data_is_not_deployed_with_the_sandbox_for_payments(answer: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"'prod' keeps its data, and the sandbox moves no money: name the adapter"):
        stage_with(stage="prod", **answer)


@pytest.mark.parametrize(
    "path",
    [
        "functions.payments.nowhere:connect",
        "functions.payments.sandbox:Nothing",
        "functions.payments.sandbox",
        "tests.unit.payments.till:Bank",  # not bundled
    ],
)
def test_a_payment_provider_that_the_functions_could_not_import_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=rf"must be functions\.payments\.MODULE:NAME, of what is there, not '{path}'"):
        stage_with(stage="dev", payment_provider=path)


def test_the_functions_of_a_deployment_find_the_import_path_of_its_payment_provider(
    dev: Templates, prod: Templates
) -> None:
    for templates, path in ((dev, SANDBOX), (prod, STUB)):
        found = {
            function["Environment"]["Variables"].get("MALLBOTS_PAYMENT_PROVIDER")
            for stack, _, function in templates.resources("AWS::Lambda::Function")
            if stack == "payments"
        }
        assert found == {path}


def test_a_stage_is_synthesised_or_taken_down_without_being_told_any_of_it() -> None:
    assert stage_with(stage="prod", deploying="no").name == "prod"


def test_the_stacks_of_production_are_protected_from_deletion(dev: Templates, prod: Templates) -> None:
    assert all(prod.settings[stack]["terminationProtection"] for stack in prod.stacks)
    assert not any(found.get("terminationProtection") for found in dev.settings.values())


def test_alarms_are_sent_to_the_address_that_a_deployment_names(dev: Templates, prod: Templates) -> None:
    [(_, _, subscription)] = prod.resources("AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "mall@example.com")
    assert "AWS::SNS::Subscription" not in {r["Type"] for t in dev.stacks.values() for r in t["Resources"].values()}


def test_the_gateway_of_a_stage_lets_through_what_the_stage_says(dev: Templates, prod: Templates) -> None:
    for templates, rate in ((dev, 50), (prod, 500)):
        for stack, _, found in templates.resources("AWS::ApiGatewayV2::Stage"):
            limits = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": 2 * rate}
            assert found["DefaultRouteSettings"] == limits, stack


def test_queues_cannot_take_the_instances_of_the_apis_in_production(prod: Templates) -> None:
    """An account has 1,000 by default, of which 100 stay unreserved.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
    """
    reserved = {
        f"{stack} {f['Handler'].rpartition('.')[2]}": f.get("ReservedConcurrentExecutions")
        for stack, _, f in prod.resources("AWS::Lambda::Function")
    }
    for name, count in reserved.items():
        stack, _, handler = name.partition(" ")
        asked = handler == "queries" and stack in ("customers", "depot")  # by the authorizer
        own = 50 if asked or handler in ("api", "authorizer", "socket") else None
        assert count == own, name
    too_many = "one API more than 1,000 instances are enough for: what to do is in docs/scale.md, under Services"
    assert sum(count or 0 for count in reserved.values()) == scale.reserved() <= 900, too_many
    many = sum(count is not None for count in reserved.values())
    runbook = (ROOT / "docs" / "runbooks" / "throttles.md").read_text()
    assert f"{many} functions reserve that many each" in runbook
    assert f"with a limit of 1,000, {900 // many} is the highest value" in runbook


def test_the_shards_of_streams_are_read_in_parallel_in_production(prod: Templates) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html"""
    streams = [m for _, _, m in prod.resources("AWS::Lambda::EventSourceMapping") if "DestinationConfig" in m]
    assert {stream["ParallelizationFactor"] for stream in streams} == {10}


def test_a_deployment_without_bytecode_is_refused_with_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda _version: None)
    with pytest.raises(ValueError, match=r"run Python 3\.14, of which there is none here .*uv python install 3\.14"):
        stage_with(stage="dev", deploying="yes")
    assert stage_with(stage="dev").python == "3.14", "a diff or a synthesis goes on without"


def rules_of_templates(folder: Path, monkeypatch: pytest.MonkeyPatch, **context: str) -> list[dict[str, Any]]:
    """What refuses a deployment in the templates of the platform, the pages and one service, whose code is empty."""
    import aws_cdk as cdk

    from infra import app

    code = folder / "code"
    code.mkdir(exist_ok=True)
    (code / "nothing.py").write_text("")
    for build in ("asset", "layer"):
        monkeypatch.setattr(bundling, build, lambda *_parts, **_extra: code)
    monkeypatch.setattr(app, "services", lambda: ["search"])
    cloud = cdk.App(outdir=str(folder / "out"), context={"stage": "dev", **context})
    app.compose(cloud, app.stage_from_context(cloud))
    templates = [stack.template for stack in cloud.synth().stacks]
    assert len(templates) == 3
    return [
        t["Rules"]["BytecodeShips"] | t["Parameters"]["Bytecode"]
        for t in templates
        if "Bytecode" in t.get("Parameters", {})
    ]


def test_a_bare_deployment_without_bytecode_is_refused_by_a_rule_of_its_templates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda _version: None)
    for rule in rules_of_templates(tmp_path, monkeypatch):
        [assertion] = rule["Assertions"]
        assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "Bytecode"}, "shipped"]}
        assert assertion["AssertDescription"].startswith("no Python 3.14 compiled the functions")
        assert rule["Default"] == "missing"
    assert len(rules_of_templates(tmp_path, monkeypatch)) == 2


def test_no_rule_refuses_what_has_bytecode_or_deploys_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda _version: Path(sys.executable))
    assert rules_of_templates(tmp_path, monkeypatch) == []
    monkeypatch.setattr(bundling, "interpreter", lambda _version: None)
    assert rules_of_templates(tmp_path, monkeypatch, deploying="no") == []


def test_a_bundle_has_bytecode_of_the_python_that_runs_it(tmp_path: Path) -> None:
    bundle = bundling.asset("stores", stage("local"), tmp_path)
    [tag] = {path.suffixes[-2] for path in bundle.rglob("*.pyc")}
    assert tag == f".{sys.implementation.cache_tag}"
    compiled = {path.name.split(".")[0] for path in (bundle / "functions/stores/__pycache__").iterdir()}
    assert compiled == {path.stem for path in (bundle / "functions/stores").glob("*.py")}


def test_a_bundle_is_made_again_where_what_it_is_made_of_is_another_and_only_there(tmp_path: Path) -> None:
    settings, told = stage("local"), {"routes.json": "[]"}
    made = bundling.asset("gateway", settings, tmp_path, told)
    written = {path: path.stat().st_mtime_ns for path in made.rglob("*") if path.is_file()}
    assert bundling.asset("gateway", settings, tmp_path, told) == made
    assert {path: path.stat().st_mtime_ns for path in written} == written
    other = bundling.asset("gateway", settings, tmp_path, {"routes.json": "[1]"})
    assert [(made / "routes.json").read_text(), (other / "routes.json").read_text()] == ["[]", "[1]"]


def test_an_interpreter_is_found_only_of_the_version_that_is_wanted() -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert bundling.interpreter(own) == Path(sys.executable)
    assert bundling.interpreter("3.99") is None


def other_lock(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    lock = folder / "runtime.lock"
    lock.write_bytes(bundling.LOCK.read_bytes() + b"more==1.0\n")
    monkeypatch.setattr(bundling, "LOCK", lock)


def other_platform(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(bundling.PLATFORMS, "arm64", "aarch64-manylinux_2_34")


def other_contents(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(bundling, "NOT_NEEDED", (*bundling.NOT_NEEDED, "examples"))


def no_bytecode(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda version: None if version == "3.14" else Path(sys.executable))


@pytest.mark.parametrize("change", [other_lock, other_platform, other_contents, no_bytecode])
def test_a_layer_that_would_be_made_of_something_else_is_built_anew(
    change: Callable[[pytest.MonkeyPatch, Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(bundling, "interpreter", lambda _version: Path(sys.executable))
    before = bundling.layer_name(stage("prod"))
    assert bundling.layer_name(stage("prod")) == before
    change(monkeypatch, tmp_path)
    assert bundling.layer_name(stage("prod")) != before


@pytest.mark.parametrize("name", sorted(STAGES))
def test_the_layer_of_a_stage_has_only_wheels_for_its_platform_and_python(name: str) -> None:
    settings = stage(name)
    packages = bundling.layer(settings) / "python"
    machine = "aarch64" if settings.architecture == "arm64" else "x86_64"
    compact = settings.python.replace(".", "")
    compiled = [path.name for path in packages.rglob("*.so")]
    assert compiled
    for library in compiled:
        assert f"cpython-{compact}-{machine}-linux-gnu" in library or "abi3" in library
    tags = [tag for path in packages.glob("*.dist-info/WHEEL") for tag in WHEEL.finditer(path.read_text())]
    assert tags
    for tag in tags:
        assert tag["platform"] == "any" or machine in tag["platform"]
        assert tag["python"] in ("py3", "py2.py3", f"cp{compact}") or tag["abi"] == "abi3"
    assert not (packages / "boto3").exists()


BUNDLED = [*services(), "gateway"]
FROM_BOTO3 = {"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"}
FROM_BOTO3 |= {"certifi", "cryptography", "_cffi_backend", "awscrt"}  # what these import where it is there

# Imports the modules of each bundle in a process of its own, forked after the imports that all of them have in common.
IMPORT_BUNDLES = """
import importlib, json, os, sys
site, layer, bundles = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
sys.path[:0] = [layer]
sys.path.append(site)
import boto3, pydantic
for service, bundle in bundles.items():
    if os.fork() == 0:
        sys.path[:0] = [bundle]
        importlib.import_module("functions.kernel.composition.compose")
        for entry in sorted(os.listdir(f"{bundle}/functions/{service}")):
            name, _, kind = entry.rpartition(".")
            if kind == "py" and name != "__init__":
                importlib.import_module(f"functions.{service}.{name}")
        found = [name for name, module in sys.modules.items() if site in (getattr(module, "__file__", None) or "")]
        print(json.dumps({service: found}), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def bundles() -> dict[str, Path]:
    """The bundle of each service, as for the local stage."""
    return {service: bundling.asset(service, stage("local")) for service in BUNDLED}


@pytest.fixture(scope="module")
def imported(bundles: dict[str, Path]) -> tuple[dict[str, set[str]], str]:
    """The packages that each bundle imports from where boto3 is, and the errors of bundles that cannot be imported.

    In a clean interpreter with only the bundle, the layer, and boto3, as in Lambda.
    """
    layer = bundling.layer(stage("local")) / "python"
    site = next(path for path in map(Path, sys.path) if (path / "boto3").exists())
    paths = json.dumps({service: str(bundle) for service, bundle in bundles.items()})
    command = [sys.executable, "-S", "-I", "-c", IMPORT_BUNDLES, str(site), str(layer), paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = {service: names for line in done.stdout.splitlines() for service, names in json.loads(line).items()}
    return {service: {name.partition(".")[0] for name in names} for service, names in found.items()}, done.stderr


@pytest.mark.parametrize("service", BUNDLED)
def test_a_service_bundle_imports_by_itself(
    service: str, bundles: dict[str, Path], imported: tuple[dict[str, set[str]], str]
) -> None:
    found, errors = imported
    assert service in found, errors
    assert found[service] - FROM_BOTO3 == set()
    others = {path.name for path in (bundles[service] / "functions").iterdir()} - {
        "__init__.py",
        "__pycache__",
        "kernel",
        service,
    }
    assert others == set()
