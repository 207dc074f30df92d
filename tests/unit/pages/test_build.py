"""The built pages: files with their hashes, nothing inline, nothing from elsewhere, and small."""

import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUILD = ROOT / "clients" / "pages" / "build.mjs"
HASHED = re.compile(r"^[A-Za-z]+-[A-Z0-9]{8}\.(js|css)$")
WITHIN = 120  # seconds, on a busy machine
LIMIT = 80_000  # bytes, gzipped


def build(out: Path, *pages: str) -> subprocess.CompletedProcess[str]:
    command = ["node", str(BUILD), "--out", str(out), *pages]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN, check=False)


def later(page: Path) -> set[str]:
    """The files of a page that it loads when they are needed."""
    return set(re.findall(r'import\("\./([^"]+)"\)', "".join(path.read_text() for path in page.glob("*.js"))))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("built")
    ran = build(out)
    assert ran.returncode == 0, ran.stderr
    sizes = json.loads(ran.stdout.splitlines()[-1])
    assert sizes.keys() == {"console", "kiosk", "docs"}
    assert max(sizes["console"], sizes["kiosk"]) <= LIMIT
    for page, size in sizes.items():
        files = [path.read_bytes() for path in (out / page).iterdir() if path.name not in later(out / page)]
        assert sum(len(gzip.compress(content, 9)) for content in files) == pytest.approx(size, rel=0.01)
    return out


@pytest.mark.parametrize("page", ["console", "kiosk", "docs"])
def test_a_page_names_its_own_files_alone_and_has_nothing_inline(built: Path, page: str) -> None:
    html = (built / page / "index.html").read_text()
    named = re.findall(r'(?:src|href)="([^"]*)"', html)
    assert {name.removeprefix("./") for name in named} == {
        path.name for path in (built / page).iterdir() if path.name != "index.html"
    } - later(built / page)
    assert [name for name in named if not HASHED.match(name.removeprefix("./"))] == ["./icon.svg"]
    assert re.findall(r"<script[^>]*>\s*[^<\s]", html) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|javascript:", html) == []


def test_what_operators_alone_have_is_loaded_later(built: Path) -> None:
    [operations] = later(built / "console")
    assert operations.startswith("Operations-")
    assert later(built / "kiosk") == set()


def test_the_style_of_the_api_page_is_a_file_which_its_script_does_not_put_into_the_page(built: Path) -> None:
    [script] = (built / "docs").glob("scalar-*.js")
    [style] = (built / "docs").glob("scalar-*.css")
    assert style.read_text().startswith("@layer")
    assert "createTextNode('@layer" not in script.read_text()


def test_the_same_source_is_built_to_the_same_names(built: Path, tmp_path: Path) -> None:
    assert build(tmp_path, "kiosk").returncode == 0
    assert {path.name for path in (tmp_path / "kiosk").iterdir()} == {path.name for path in (built / "kiosk").iterdir()}


def test_a_page_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    ran = build(tmp_path, "nothing")
    assert ran.returncode != 0
    assert "no page nothing" in ran.stderr


def test_a_page_over_its_limit_fails(tmp_path: Path) -> None:
    ran = subprocess.run(
        ["node", str(BUILD), "--out", str(tmp_path), "--limit", "1000", "kiosk"],
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert ran.returncode == 1
    assert re.search(r"too large: kiosk: \d+ of 1000 bytes gzipped", ran.stderr)
