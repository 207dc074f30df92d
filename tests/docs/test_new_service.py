"""`make new-service` writes a service that works as it is, refuses a bad name, and takes the service out again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.new_service import rooms
from infra.new_service.__main__ import main
from infra.new_service.rooms import FILES, LINES
from tests.docs.test_example import ROOT, shelled

NAME = "lodging"  # not the tutorial's, which a checkout may have
CHANGED = (*LINES, "pyproject.toml")
# Its own, and one that knows the aggregates of all services.
OWN_TESTS = (
    f"tests/unit/{NAME}",
    "tests/unit/cli/test_streams.py::test_the_owner_of_each_kind_of_aggregate_is_known",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the repository, to write a service into."""
    copy = tmp_path / "mallbots"
    written = [ROOT / path.replace("$name", NAME) for path in FILES.values()]
    shelled(ROOT, copy, {*written, *(ROOT / path for path in CHANGED)})
    for path in CHANGED:
        shutil.copy(ROOT / path, copy / path)
    return copy


def content(checkout: Path) -> dict[str, str]:
    """The files of a copy that are its own, and not links."""
    files = [file for file in checkout.rglob("*") if file.is_file() and not file.is_symlink()]
    return {str(file.relative_to(checkout)): file.read_text() for file in files if file.suffix != ".pyc"}


def test_a_new_service_passes_its_own_tests_is_fed_history_and_leaves_nothing_when_it_is_removed(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = content(checkout)
    assert main([NAME, f"--root={checkout}"]) == 0
    assert f"wrote functions/{NAME}/inbox.py" in capsys.readouterr().out
    for module in ("kernel", "services"):
        rule = (checkout / "pyproject.toml").read_text().split(f'id = "{module}"')[1].split("\n]")[0]
        assert f'"functions.live",\n    "functions.{NAME}",\n' in rule
    assert [path for path in LINES if NAME not in (checkout / path).read_text()] == []
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *OWN_TESTS],
        cwd=checkout,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip().splitlines()[-1].split(" in ")[0]) == (0, "5 passed"), ran.stdout
    assert main([NAME, f"--root={checkout}", "--remove"]) == 0
    assert content(checkout) == before
    assert not (checkout / "functions" / NAME).exists()


def test_its_files_are_formatted_and_without_findings(checkout: Path) -> None:
    rooms.write(checkout, NAME)
    written = [path.replace("$name", NAME) for path in FILES.values() if path.endswith(".py")]
    for check in (["format", "--check"], ["check"]):
        ruff = [str(ROOT / ".venv" / "bin" / "ruff"), *check, "--no-cache", *written]
        ran = subprocess.run(ruff, cwd=checkout, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Loyalty", "is no name for a service"),
        ("two words", "is no name for a service"),
        ("my-points", "is no name for a service"),
        ("../up", "is no name for a service"),
        ("depot", "depot is taken: functions/depot exists"),
        ("registry", "registry is taken: events/registry.py exists"),
        ("class", "is a word of Python"),
        ("json", "is a word of Python"),
        ("kernel", "of every service"),
    ],
)
def test_a_bad_or_taken_name_is_refused_with_its_reason_and_writes_nothing(
    checkout: Path, capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    before = content(checkout)
    assert main([name, f"--root={checkout}"]) == 2
    said = capsys.readouterr().err
    assert reason in said
    assert "make new-service NAME=loyalty" in said
    assert content(checkout) == before


@pytest.mark.parametrize("name", ["depot", "nothing", "kernel", "../up"])
def test_only_what_it_wrote_is_removed(checkout: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    before = content(checkout)
    assert main([name, f"--root={checkout}", "--remove"]) == 2
    assert "nothing was removed" in capsys.readouterr().err
    assert content(checkout) == before
