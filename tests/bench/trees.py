"""The code that is measured: this folder, and another commit of this repository in a folder of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
# What measures, which another commit may lack or have in another form.
MEASURING = ("tests/bench", "tests/simulation/whole_order.py")
PLOTS = "docs/performance"  # what measuring itself writes


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the code of a commit, and with what measures of this one. Raises CalledProcessError."""
    with TemporaryDirectory(prefix="mallbots-base-") as above:
        folder = Path(above) / "base"
        _git("worktree", "add", "--quiet", "--detach", str(folder), commit)
        try:
            for part in MEASURING:
                if (ROOT / part).is_dir():
                    copytree(ROOT / part, folder / part, ignore=ignore_patterns("__pycache__"), dirs_exist_ok=True)
                else:
                    copy(ROOT / part, folder / part)
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def name_of(folder: Path) -> str:
    """The commit of a folder, short; with a plus where a file of the commit was changed since, but for the plots."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{PLOTS}", folder=folder)
    return _git("rev-parse", "--short=7", "HEAD", folder=folder).strip() + ("+" if changed and folder == ROOT else "")


def run(folder: Path, measure: str, size: str) -> dict[str, Any]:
    """Measure the code of a folder in a process of its own. Raises RuntimeError with what it printed."""
    command = [sys.executable, "-m", "tests.bench.worker", measure, size]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{measure} cannot be measured in {folder}:\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _git(*words: str, folder: Path = ROOT) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout
