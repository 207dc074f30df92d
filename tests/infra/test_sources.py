"""The digest of what templates and functions are made of: another for whatever could make them others."""

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


def test_another_context_has_another_digest() -> None:
    assert sources.digest("stage=local") != sources.digest("stage=dev")


@pytest.mark.parametrize("name", ["infra/local/up.py", "functions/stores/README.md"])
def test_what_no_template_is_made_of_leaves_the_digest(name: str, root: Path) -> None:
    before = sources.digest()
    more(name)(root)
    assert sources.digest() == before
