"""Stages, and what their functions are made of."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from functions.kernel.composition.manifest import services
from infra import bundling
from infra.stages import STAGES, TIMES, Stage, stage, variable
from tests.infra.conftest import Templates, synthesize

WHEEL = re.compile(r"^Tag: (?P<python>\S+?)-(?P<abi>\S+?)-(?P<platform>\S+)$", re.MULTILINE)


def deployed_with(**context: object) -> Stage:
    """The stage that the CDK's context chooses."""
    import aws_cdk as cdk

    from infra.app import chosen

    return chosen(cdk.App(context=context))


def test_a_stage_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="there is no stage 'stagin': choose one of dev, local, prod"):
        stage("stagin")


@pytest.mark.parametrize("name", sorted(STAGES))
def test_every_stage_keeps_the_times_of_a_mall(name: str) -> None:
    found = stage(name).environment
    assert found["MALLBOTS_ROBOT_LEASE"] == "60"
    assert found["MALLBOTS_BASKET_UNTOUCHED"] == str(30 * 60)
    assert found["MALLBOTS_ORDER_UNPAID"] == str(24 * 60 * 60)
    assert found["MALLBOTS_STEP_TIMEOUT"] == ("2" if name == "local" else "60")
    assert found["MALLBOTS_RECONCILE_AFTER"] == ("10" if name == "local" else "3600")


def test_one_deployment_of_a_stage_can_have_times_of_its_own() -> None:
    """By the context of the CDK, as text or as the numbers of a cdk.json."""
    found = deployed_with(stage="dev", basket_untouched="60", robot_lease=30)
    assert (found.name, found.basket_untouched, found.robot_lease) == ("dev", 60, 30)
    assert found.environment["MALLBOTS_BASKET_UNTOUCHED"] == "60"
    assert found.order_unpaid == stage("dev").order_unpaid


@pytest.mark.parametrize("text", ["0", "-5", "soon", "1.5", "", "²", "2592001"])
def test_a_time_that_is_none_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match=f"^order_unpaid: '{text}' is no number of seconds from 1 to 2592000$"):
        deployed_with(order_unpaid=text)


def test_a_time_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="there is no time 'tea_time': choose of step_timeout, robot_lease"):
        stage("local", {"tea_time": "60"})


def test_the_functions_of_a_deployment_find_its_times(dev: Templates) -> None:
    for _stack, name, function in dev.resources("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert {variable(time) for time in TIMES} <= set(variables), name


def test_production_outlives_its_stacks(tmp_path: Path) -> None:
    prod = synthesize("prod", tmp_path)
    for stack, name, table in prod.resources("AWS::DynamoDB::Table"):
        assert table["DeletionProtectionEnabled"] is True, name
        assert prod.stacks[stack]["Resources"][name]["DeletionPolicy"] == "Retain", name
        assert table["SSESpecification"]["SSEEnabled"] is True, name


@pytest.mark.parametrize("name", sorted(STAGES))
def test_the_layer_of_a_stage_holds_wheels_for_its_platform_and_python_alone(name: str) -> None:
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


@pytest.mark.parametrize("service", [*services(), "gateway"])
def test_a_service_bundle_imports_by_itself(service: str, tmp_path: Path) -> None:
    """In a clean interpreter with the bundle, the layer, and boto3, as Lambda has them: nothing else of the tree."""
    bundle = bundling.asset(service, stage("local"), tmp_path)
    layer = bundling.layer(stage("local")) / "python"
    rooms = [f.stem for f in (bundle / "functions" / service).glob("*.py") if f.stem != "__init__"]
    imports = "; ".join(f"import functions.{service}.{room}" for room in rooms)
    boto3 = next(path for path in map(Path, sys.path) if (path / "boto3").exists())
    program = (
        f"import sys; sys.path[:0] = [{str(bundle)!r}, {str(layer)!r}]; sys.path.append({str(boto3)!r}); "
        f"import functions.kernel.composition.compose; {imports}; "
        f"strangers = [m for m, x in sys.modules.items() if {str(boto3)!r} in (getattr(x, '__file__', None) or '') "
        "and m.split('.')[0] not in ('boto3', 'botocore', 's3transfer', 'jmespath', 'dateutil', 'urllib3', 'six', "
        "'certifi', 'cryptography', '_cffi_backend', 'awscrt')]; print(*strangers)"
    )
    done = subprocess.run([sys.executable, "-S", "-I", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
    others = {path.name for path in (bundle / "functions").iterdir()} - {
        "__init__.py",
        "__pycache__",
        "kernel",
        service,
    }
    assert others == set()
