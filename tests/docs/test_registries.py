"""No file of the repository names the address of a package registry: packages are named alone."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.docs.test_docs import FOLDERS, ROOT

# The hosts of package registries, as name and domain, so that this file names none of them.
REGISTRIES = [
    ("crates", "io"),
    ("docker", "io"),
    ("npmjs", "com"),
    ("npmjs", "org"),
    ("proxy.golang", "org"),
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("rubygems", "org"),
    ("yarnpkg", "com"),
]
HOSTS = [".".join(registry) for registry in REGISTRIES]
REGISTRY = re.compile(rf"\b(?:{'|'.join(map(re.escape, HOSTS))})\b")


def texts() -> Iterator[tuple[Path, str]]:
    """Every text file of the repository: those of the root and of its folders, without what is built or installed."""
    files = [*ROOT.iterdir(), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in sorted(path for path in files if path.is_file() and path.suffix != ".pyc"):
        with suppress(UnicodeDecodeError):
            yield path, path.read_text(encoding="utf-8")


def test_no_file_names_a_package_registry() -> None:
    named = {str(path.relative_to(ROOT)): REGISTRY.findall(text) for path, text in texts()}
    assert len(named) > 500
    assert {path: hosts for path, hosts in named.items() if hosts} == {}


@pytest.mark.parametrize("host", HOSTS)
def test_the_host_of_a_package_registry_is_recognised_in_an_address(host: str) -> None:
    assert REGISTRY.search(f"https://files.{host}/simple/")
