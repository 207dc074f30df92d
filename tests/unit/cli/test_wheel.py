"""What `pipx install` of a checkout installs: the wheel is built and unpacked, and run apart from the checkout."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
RUN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
from importlib import metadata
[entry] = metadata.entry_points(group="console_scripts", name="mallbots")
sys.exit(entry.load()())
"""


def configured() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def run(*command: str | Path, folder: Path, environment: dict[str, str] | None = None) -> str:
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel was installed, without what it depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "built", folder=ROOT)
    [wheel] = (folder / "built").iterdir()
    uv = Path(sys.executable).with_name("uv")
    run(uv, "pip", "install", "--offline", "--no-deps", "--target", folder / "site-packages", wheel, folder=folder)
    return folder / "site-packages"


def mallbots(installed: Path, folder: Path, *words: str) -> str:
    """What the installed script prints, in a folder without a checkout."""
    environment = {"HOME": str(folder), "STATE": str(folder / "state")}
    return run(sys.executable, "-I", "-c", RUN, installed, *words, folder=folder, environment=environment)


def test_it_is_built_by_the_version_that_is_locked() -> None:
    assert set(configured()["build-system"]["requires"]) <= set(configured()["dependency-groups"]["dev"][3:])


def test_what_is_installed_says_its_version_and_lists_its_verbs(installed: Path, tmp_path: Path) -> None:
    assert mallbots(installed, tmp_path, "--version") == f"{configured()['project']['version']}\n"
    assert "Begin with: mallbots status" in mallbots(installed, tmp_path, "--help")


def test_what_is_installed_knows_each_message_with_its_sample_schema_and_consumers(
    installed: Path, tmp_path: Path
) -> None:
    shown = mallbots(installed, tmp_path, "catalog", "OrderCreated")
    assert "consumers  checkout, live" in shown
    assert '"metadata"' in shown
    assert "OrderCreated" in mallbots(installed, tmp_path, "catalog", "--service", "ordering")


def imported(installed: Path) -> Iterator[str]:
    """The packages that the files import, but for their types alone."""
    for file in installed.rglob("*.py"):
        tree = ast.parse(file.read_text())
        for_types = {
            node
            for block in ast.walk(tree)
            if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
            for node in ast.walk(block)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) and node not in for_types:
                yield from (name.name.partition(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node not in for_types:
                yield str(node.module).partition(".")[0]


def test_what_the_installed_files_import_is_installed_with_them(installed: Path) -> None:
    of_packages = packages_distributions()
    wanted = set(imported(installed)) - sys.stdlib_module_names - {"clients", "events"}
    declared = {re.split(r"[^\w-]", one)[0] for one in configured()["project"]["dependencies"]}
    brought = {"botocore": "boto3", "click": "typer"}
    assert {brought.get(name) or of_packages[name][0] for name in wanted} == declared


def test_of_the_pages_and_the_services_nothing_is_installed(installed: Path) -> None:
    endings = {file.suffix for file in installed.rglob("*") if file.is_file()}
    assert endings.isdisjoint({".css", ".html", ".mjs", ".ts", ".tsx"})
    assert not (installed / "functions").exists()
