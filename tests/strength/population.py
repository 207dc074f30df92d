"""What has mutants: the kernel, the rooms of services that hold rules and messages, and the templates."""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.strength.mutants import Mutant, mutants_of
from tests.strength.template_mutants import template_mutants

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "inbox", "publish", "service")
OBSERVING = ("cost", "observe")  # logs and metering
JUDGED_BY_ANOTHER = "live"  # has a simulation of its own, `make simulate-live`
TEMPLATES = "tests/simulation/deployed.json"
SOURCES = ("events", "functions", "infra", "tests/simulation", "tests/strength")


def files() -> list[Path]:
    """The modules that have mutants."""
    kernel = [it for it in (ROOT / "functions/kernel").rglob("*.py") if it.stem not in OBSERVING]
    rooms = [
        path
        for room in ROOMS
        for path in (*(ROOT / "functions").glob(f"*/{room}.py"), *(ROOT / "functions").glob(f"*/{room}/**/*.py"))
        if JUDGED_BY_ANOTHER not in path.relative_to(ROOT).parts
    ]
    return sorted({*kernel, *rooms})


def population() -> list[Mutant]:
    """All mutants, in the order of files; then those of the templates."""
    of_code = [it for path in files() for it in mutants_of(str(path.relative_to(ROOT)), path.read_text())]
    return of_code + template_mutants(TEMPLATES)


def module_of(file: str) -> str:
    """The name under which a file is imported."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def code_digest(sources: tuple[str, ...] = SOURCES) -> str:
    """A digest of system, simulation and checker; comments do not count."""
    digest = hashlib.sha256()
    for path in sorted(path for source in sources for path in _modules(ROOT / source)):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(ast.dump(ast.parse(path.read_text())).encode())
    digest.update((ROOT / TEMPLATES).read_bytes())
    return digest.hexdigest()[:16]


def _modules(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*.py") if not path.name.startswith("test_") and ".build" not in path.parts)
