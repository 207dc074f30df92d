"""The command line where it is installed: beside the tools of a checkout, and by pipx from one."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import clients.cli

ROOT = Path(__file__).parents[3]
CLI = Path(clients.cli.__file__).parent


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def test_the_script_beside_the_tools_runs_the_checkout_that_it_is_in(tmp_path: Path) -> None:
    tools = tmp_path / "a checkout" / ".venv" / "bin"
    tools.mkdir(parents=True)
    shutil.copy(CLI / "mallbots", tools / "mallbots")
    (tools / "python").symlink_to(sys.executable)
    package = tmp_path / "a checkout" / "clients" / "cli"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("import os, sys\nprint(__file__, sys.argv[1:], os.getcwd())\n")
    for folder, script in ((tmp_path, tools / "mallbots"), (tools, "./mallbots")):
        ran = subprocess.run([script, "dead", "a list"], cwd=folder, capture_output=True, text=True)
        assert ran.stdout.strip() == f"{package / '__main__.py'} ['dead', 'a list'] {folder}", ran.stderr


def test_an_installation_of_the_tools_brings_the_script() -> None:
    assert "install -m 755 clients/cli/mallbots .venv/bin/mallbots" in (ROOT / "Makefile").read_text()
    assert os.access(CLI / "mallbots", os.X_OK)


def test_an_installation_by_pipx_has_the_same_entry_and_all_that_it_imports() -> None:
    found = project()
    assert found["scripts"] == {"mallbots": "clients.cli.__main__:main"}
    files = [*CLI.rglob("*.py"), *(CLI.parent / f"{name}.py" for name in _imported_of_clients())]
    imported = {name.partition(".")[0] for file in files for name in _imports(file)}
    others = imported - set(sys.stdlib_module_names) - {"clients", "events"}
    needed = found["dependencies"]
    assert isinstance(needed, list)
    assert {"botocore": "boto3"}.keys() | others - {"botocore"} <= {*needed, "botocore"}


def test_make_shell_opens_a_shell_in_which_it_is_a_command_with_completion(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "STATE": str(tmp_path), "MALLBOTS_CHECKOUT": str(ROOT)}
    (tmp_path / ".bashrc").write_text("mine=kept\n")
    dry = subprocess.run(["make", "-n", "shell"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "bash --rcfile clients/cli/shell.bash -i" in dry
    typed = 'command -v mallbots; complete -p mallbots; echo "$mine"\n'
    shell = ["bash", "--rcfile", "clients/cli/shell.bash", "-i"]
    ran = subprocess.run(shell, cwd=ROOT, env=environment, input=typed, capture_output=True, text=True, timeout=60)
    where, completion, mine = ran.stdout.splitlines()
    assert where == f"{ROOT}/.venv/bin/mallbots"
    assert "_mallbots_completion" in completion
    assert mine == "kept"


def _imported_of_clients() -> set[str]:
    names = {name for file in CLI.rglob("*.py") for name in _imports(file)}
    found = {name.split(".")[1] for name in names if name.startswith("clients.") and not name.startswith("clients.cli")}
    return found | {"credential"}


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{one.name}" for one in node.names)}
    return found


def test_help_needs_neither_boto3_nor_a_mall(tmp_path: Path) -> None:
    code = "import sys; import clients.cli.__main__; print('boto3' in sys.modules, 'aws_cdk' in sys.modules)"
    environment = {**os.environ, "STATE": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.stdout.split() == ["False", "False"], ran.stderr


@pytest.mark.parametrize(
    ("typed", "completed"),
    [("catalog OrderCre", "OrderCreated"), ("pause depot/", "depot/dispatcher"), ("dead lis", "list")],
)
def test_names_are_completed_without_a_request(typed: str, completed: str) -> None:
    asked = {"_TYPER_COMPLETE_ARGS": f"mallbots {typed}", "_MALLBOTS_COMPLETE": "complete_zsh"}
    command = [sys.executable, "-m", "clients.cli"]
    ran = subprocess.run(command, cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True)
    assert completed in ran.stdout
