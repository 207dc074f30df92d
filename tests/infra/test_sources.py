"""The digest of what templates and functions are made of: another for whatever could make them others."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra import sources


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few of the sources."""
    for name in (
        *sources.FILES,
        "events/registry.py",
        "infra/app.py",
        "infra/local/up.py",
        "functions/stores/README.md",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(sources.ROOT / name, tmp_path / name)
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    return tmp_path


def more(name: str) -> Callable[[Path], int]:
    return lambda root: (root / name).write_text((root / name).read_text() + "\n")


def renamed(root: Path) -> None:
    (root / "infra/app.py").rename(root / "infra/other.py")


@pytest.mark.parametrize("change", [*map(more, (*sources.FILES, "events/registry.py")), renamed])
def test_other_sources_have_another_digest(change: Callable[[Path], object], root: Path) -> None:
    before = sources.digest()
    change(root)
    assert sources.digest() != before


def test_an_edit_that_was_taken_back_leaves_the_digest_and_not_the_time_of_the_last_change(root: Path) -> None:
    source = root / "infra/app.py"
    before, text, times = (sources.digest(), sources.last_change()), source.read_text(), source.stat()
    for _ in range(10_000):  # a file system's clock ticks every few milliseconds
        source.write_text(text + "\n")
        source.write_text(text)
        os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
        if sources.last_change() > before[1]:
            break
    assert sources.digest() == before[0]
    assert sources.last_change() > before[1]


def test_another_context_has_another_digest() -> None:
    assert sources.digest("stage=local") != sources.digest("stage=dev")


@pytest.mark.parametrize("name", ["infra/local/up.py", "functions/stores/README.md"])
def test_what_no_template_is_made_of_leaves_the_digest(name: str, root: Path) -> None:
    before = sources.digest()
    more(name)(root)
    assert sources.digest() == before
