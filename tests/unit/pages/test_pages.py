"""The pages' own tests, in TypeScript: compiled by esbuild and run by Node.js's test runner."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
SUITES = sorted(HERE.glob("*.test.ts*"))
TRANSCRIPTS = ROOT / "events" / "live" / "transcripts"
WITHIN = 120  # seconds, on a busy machine; a suite takes less than one


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the compiled suites: one module each, with all that it imports of the pages."""
    folder = tmp_path_factory.mktemp("pages")
    options = ["--bundle", "--format=esm", "--platform=node", "--target=node20", "--jsx=automatic"]
    options += ["--jsx-import-source=preact", "--out-extension:.js=.mjs", "--log-level=warning", "--sourcemap=inline"]
    # A page's style is nothing here. jsdom finds its own files beside it.
    options += ["--loader:.css=empty", "--external:jsdom", "--external:axe-core", f"--outdir={folder}"]
    subprocess.run([ESBUILD, *SUITES, *options], cwd=ROOT, check=True, timeout=WITHIN)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    return folder


@pytest.mark.parametrize("suite", [path.name.partition(".")[0] for path in SUITES])
def test_the_suite_passes(compiled: Path, suite: str) -> None:
    command = ["node", "--enable-source-maps", "--test", "--test-reporter=tap", f"{suite}.test.mjs"]
    told = {**os.environ, "TRANSCRIPTS": str(TRANSCRIPTS)}
    ran = subprocess.run(command, cwd=compiled, env=told, capture_output=True, text=True, timeout=WITHIN, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "# fail 0" in ran.stdout
    assert "# pass 0" not in ran.stdout
    assert "# skipped 0" in ran.stdout
    assert "# todo 0" in ran.stdout
