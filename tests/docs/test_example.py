"""The example service of CONTRIBUTING works as written there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([\w/]+\.py)`[^`]*?\n\n *```python\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def recipe() -> dict[str, str]:
    """The files of the example, by path, with the text that the page gives them."""
    page = (ROOT / "CONTRIBUTING.md").read_text()
    found = {path: dedent(code) for path, code in NAMED.findall(page[page.index("## Add a service") :])}
    return found | {"functions/ratings/__init__.py": ""}


def shelled(folder: Path, copy: Path, own: set[Path]) -> None:
    """Copy a folder as links to its content, with real folders on the way to `own`, the files to be written."""
    copy.mkdir()
    for entry in folder.iterdir():
        if entry in {parent for path in own for parent in path.parents}:
            shelled(entry, copy / entry.name, own)
        elif entry not in own and not entry.name.startswith(".") and entry.name != "__pycache__":
            (copy / entry.name).symlink_to(entry)


def test_the_service_of_the_example_runs_and_its_own_tests_pass(tmp_path: Path) -> None:
    files = recipe()
    copy = tmp_path / "mallbots"
    shelled(ROOT, copy, {ROOT / path for path in files})
    for path, text in files.items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "tests/unit/ratings"],
        cwd=copy,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout.strip().splitlines()[-1].split(" in ")[0]) == (0, "3 passed"), ran.stdout
