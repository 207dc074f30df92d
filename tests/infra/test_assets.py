"""Each service's asset alone, in an interpreter that has the layer, what Lambda brings, and nothing else.

The local cloud runs functions on an interpreter of its own, whose packages would hide one that the layer lacks.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from functions.kernel.composition.manifest import manifest, services
from infra import bundling
from infra.bundling import version
from infra.stages import STAGES
from tests.infra.conftest import Templates
from tests.support.installed import link_boto3, link_layer

ASSETS = [*services(), "gateway"]

# Imports what each asset's code imports anywhere, also within functions, but for types alone; each in a process of its
# own, forked once what all import is there. Reads [the folders of packages, {service: its asset}], and prints for each
# service what was not found; "jwt" where it has found nothing to sign tokens with.
IMPORT_ALL = """
import ast, importlib, json, os, sys
from pathlib import Path

def imported(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and getattr(child.test, "id", "") == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module
        yield from imported(child)

packages, assets = json.load(sys.stdin)
sys.path[:0] = packages
import aws_lambda_powertools, boto3, jwt, pydantic
for service, asset in assets.items():
    if os.fork() == 0:
        sys.path.insert(0, asset)
        os.environ["MALLBOTS_SERVICE"] = service
        missing = set() if "EdDSA" in jwt.PyJWS().get_algorithms() else {"jwt"}
        for name in {name for file in Path(asset).rglob("*.py") for name in imported(ast.parse(file.read_text()))}:
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                missing.add(error.name.partition(".")[0])
        print(json.dumps([service, sorted(missing)]), flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.fixture(scope="module")
def assets() -> dict[str, Path]:
    return {service: bundling.asset(service, STAGES["local"]) for service in ASSETS}


@pytest.fixture(scope="module")
def boto3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link_boto3(tmp_path_factory.mktemp("lambda") / "boto3")


def alone(script: str, said: object = None) -> str:
    """What a script prints in an interpreter that has the standard library alone."""
    command = [sys.executable, "-S", "-I", "-c", script]
    done = subprocess.run(command, input=json.dumps(said), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def missing(assets: Mapping[str, Path], *others: Path) -> dict[str, list[str]]:
    """What the assets' code imports, and does not find beside itself in these folders."""
    said = [list(map(str, others)), {service: str(folder) for service, folder in assets.items()}]
    found: dict[str, list[str]] = dict(json.loads(line) for line in alone(IMPORT_ALL, said).splitlines())
    assert set(found) == set(assets)
    return {service: packages for service, packages in found.items() if packages}


def test_the_layer_has_all_that_the_code_of_each_asset_imports(
    assets: dict[str, Path], boto3: Path, tmp_path: Path
) -> None:
    assert missing(assets, link_layer(tmp_path / "layer"), boto3) == {}


def test_a_layer_without_cryptography_is_found_in_each_asset_that_needs_it(
    assets: dict[str, Path], boto3: Path, tmp_path: Path
) -> None:
    """Tokens are signed by what PyJWT finds: without cryptography it is imported, and signs none."""
    found = missing(assets, link_layer(tmp_path / "layer", without="cryptography"), boto3)
    assert {service for service, packages in found.items() if "cryptography" in packages} == {
        *("customers", "fleet", "gateway"),
    }
    issuing = {name for name in services() for api in [manifest(name).api] if api and api.uses.issues_tokens}
    assert issuing == {"customers", "depot"}
    assert issuing <= {service for service, packages in found.items() if "jwt" in packages}


def test_customers_asset_seals_and_opens_by_itself(assets: dict[str, Path], boto3: Path, tmp_path: Path) -> None:
    paths = [str(path) for path in (assets["customers"], link_layer(tmp_path / "layer"), boto3)]
    script = f"""
import sys
sys.path[:0] = {paths!r}
from functions.customers.sealing import CustomerKey
key = CustomerKey.new("ada")
print(key.open(key.seal("Ada Reyes", "name", 1), "name"))
"""
    assert alone(script) == "Ada Reyes\n"


def test_two_that_build_the_layer_at_once_both_get_all_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, builds, real = STAGES["local"], [1], subprocess.run

    def install(command: list[str], **options: Any) -> Any:
        if "install" not in command:
            return real(command, **options)
        target = Path(command[command.index("--target") + 1])
        target.mkdir(parents=True)
        (target / "boto3.py").write_text("")
        if builds.pop():
            builds.append(0)
            bundling.layer(stage, tmp_path)  # another process begins, and ends before this one
        (target / "jwt.py").write_text("")
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", install)
    layer = bundling.layer(stage, tmp_path)
    assert sorted(path.name for path in (layer / "python").glob("*.py")) == ["boto3.py", "jwt.py"]
    assert list(layer.parent.iterdir()) == [layer]


def test_the_version_of_code_changes_with_a_source_or_a_package_and_with_nothing_else(tmp_path: Path) -> None:
    """A function has it in its environment: another one publishes another version of the function."""
    code, layer = tmp_path / "code", tmp_path / "layer-arm64-3.14-aaaa"
    (code / "functions").mkdir(parents=True)
    (code / "functions" / "jar.py").write_text("LID = 1")
    first = version(code, layer)
    (code / "functions" / "__pycache__").mkdir()
    (code / "functions" / "__pycache__" / "jar.pyc").write_bytes(b"compiled here")
    assert version(code, layer) == first
    assert version(code, tmp_path / "layer-arm64-3.14-bbbb") != first
    (code / "functions" / "jar.py").write_text("LID = 2")
    second = version(code, layer)
    (code / "functions" / "jar.py").rename(code / "functions" / "can.py")
    assert len({first, second, version(code, layer)}) == 3


def test_versions_of_services_begin_alike_until_the_kernel_the_language_or_a_package_changes(tmp_path: Path) -> None:
    layer, begin = tmp_path / "layer-arm64-3.14-aaaa", {}
    for service, kernel in {"jars": "A = 1", "lids": "A = 1", "cans": "A = 2"}.items():
        for name, text in {f"functions/{service}/domain.py": service, "functions/kernel/clock.py": kernel}.items():
            (tmp_path / service / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / service / name).write_text(text)
        begin[service] = version(tmp_path / service, layer)
    assert begin["jars"] != begin["lids"]
    assert begin["jars"][:6] == begin["lids"][:6] != begin["cans"][:6]
    assert version(tmp_path / "jars", tmp_path / "layer-arm64-3.14-bbbb")[:6] != begin["jars"][:6]
    (tmp_path / "jars" / "events").mkdir()
    (tmp_path / "jars" / "events" / "orders.py").write_text("B = 1")
    assert version(tmp_path / "jars", layer)[:6] != begin["jars"][:6]


def test_all_functions_of_a_stack_say_the_version_of_their_code(dev: Templates) -> None:
    versions: dict[str, set[str]] = {}
    for stack, _, function in dev.resources("AWS::Lambda::Function"):
        versions.setdefault(stack, set()).add(function["Environment"]["Variables"]["MALLBOTS_CODE"])
    assert all(len(found) == 1 for found in versions.values())
    assert re.fullmatch("[0-9a-f]{12}", next(iter(versions["depot"])))
