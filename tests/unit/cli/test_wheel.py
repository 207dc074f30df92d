"""The files that an installation by pipx has, run apart from the checkout.

hatchling, which builds the wheel, is not among the locked packages: so the files are chosen here as pyproject.toml
tells it. Of its settings only these are understood; another one fails.
"""

import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
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


def chosen() -> dict[str, Path]:
    """The files of the wheel, by their places in it: of folders what git does not ignore, without what is excluded."""
    told = configured()["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert set(told) == {"only-include", "exclude", "force-include"}
    list_files = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *told["only-include"]]
    listed = subprocess.run(list_files, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    kept = [name for name in listed if not any(fnmatch(Path(name).name, pattern) for pattern in told["exclude"])]
    files = {name: ROOT / name for name in kept if (ROOT / name).is_file()}
    return files | {place: ROOT / source for source, place in told["force-include"].items()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as site-packages is: the files, and what the installer notes of version and script."""
    folder, project = tmp_path_factory.mktemp("site-packages"), configured()["project"]
    for place, source in chosen().items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / place)
    notes = folder / f"mallbots-{project['version']}.dist-info"
    notes.mkdir()
    (notes / "METADATA").write_text(f"Metadata-Version: 2.4\nName: mallbots\nVersion: {project['version']}\n")
    scripts = "".join(f"{name} = {target}\n" for name, target in project["scripts"].items())
    (notes / "entry_points.txt").write_text(f"[console_scripts]\n{scripts}")
    return folder


def mallbots(installed: Path, folder: Path, *words: str) -> str:
    """What the installed script prints, in a folder without a checkout."""
    environment = {"HOME": str(folder), "STATE": str(folder / "state")}
    run = [sys.executable, "-I", "-c", RUN, installed, *words]
    ran = subprocess.run(run, cwd=folder, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


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


def test_of_the_pages_and_the_services_nothing_is_installed(installed: Path) -> None:
    endings = {file.suffix for file in installed.rglob("*") if file.is_file()}
    assert endings.isdisjoint({".css", ".html", ".mjs", ".ts", ".tsx"})
    assert not (installed / "functions").exists()
