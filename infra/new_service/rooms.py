"""The files of a new service, and the lines that it needs in files of all services."""

import keyword
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "rooms"
SHAPE = re.compile(r"[a-z]{3,20}")

# Template → path, in which $name stands for the service.
FILES = {
    "events.py": "events/$name.py",
    "init.py": "functions/$name/__init__.py",
    **{room: f"functions/$name/{room}" for room in ("domain.py", "publish.py", "service.py", "views.py")},
    **{room: f"functions/$name/{room}" for room in ("inbox.py", "api.py", "README.md")},
    "conftest.py": "tests/unit/$name/conftest.py",
    "test_service.py": "tests/unit/$name/test_$name.py",
    "consumer.py": "tests/contract/consumers/$name.py",
}
FOLDERS = ("functions/$name", "tests/unit/$name")
# Path → the line of a list of all services after which its own comes, and its own.
LINES = {
    "tests/contract/test_language.py": (
        "STATES = {\n",
        '    "${name}_id": {"${name}_id", "order_id", "customer_id", "total"},\n',
    ),
    "clients/console/logic/operations.ts": (
        "export const VIEWS: Readonly<Record<string, readonly string[]>> = {\n",
        '  $name: ["$name"],\n',
    ),
    "clients/cli/streams.py": ("OWNERS = {\n", '    "$Name": "$name",\n'),
    "functions/operations/README.md": ("| stores | `catalogue` | stores | |\n", "| $name | `$name` | ordering | |\n"),
}
RULES = ("kernel", "services")  # the contracts of pyproject.toml that name every service


class NameRefusedError(ValueError):
    """No service can have this name, or none has it that could be taken out."""


def write(root: Path, name: str) -> list[str]:
    """Write a service into a checkout; the paths that were written. Raises NameRefusedError."""
    _judge(root, name)
    written = []
    for template, path in FILES.items():
        file = root / _named(path, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_named((TEMPLATES / f"{template}.txt").read_text(), name))
        written.append(_named(path, name))
    for path, (before, line) in LINES.items():
        text = (root / path).read_text()
        (root / path).write_text(text.replace(before, before + _named(line, name), 1))
    _rewrite_rules(root, lambda modules: sorted({*modules, f"functions.{name}"}))
    return [*written, *LINES, "pyproject.toml"]


def remove(root: Path, name: str) -> list[str]:
    """Take out a service that `write` wrote, with its schemas and samples. Raises NameRefusedError."""
    texts = {path: (root / path).read_text() for path in LINES}
    known = all(_named(line, name) in texts[path] for path, (_, line) in LINES.items())
    if not SHAPE.fullmatch(name) or not known or not (root / "functions" / name).is_dir():
        raise NameRefusedError(f"{name} is no service that make new-service wrote: nothing was removed")
    message = f"{name.capitalize()}Recorded"
    if any((root / "events" / "released").rglob(f"{message}.v*.json")):
        raise NameRefusedError(f"{message} was released, so its schema must stay: take the service out by hand")
    removed = []
    for path in (_named(path, name) for path in (*FOLDERS, *FILES.values())):
        if (root / path).is_dir():
            shutil.rmtree(root / path)
        elif (root / path).exists():
            (root / path).unlink()
        else:
            continue
        removed.append(path)
    for folder in ("schemas", "samples"):
        for file in sorted((root / "events" / folder).glob(f"{message}.v*.json")):
            file.unlink()
            removed.append(str(file.relative_to(root)))
    for path, (_, line) in LINES.items():
        (root / path).write_text(texts[path].replace(_named(line, name), "", 1))
    _rewrite_rules(root, lambda modules: [module for module in modules if module != f"functions.{name}"])
    return [*removed, *LINES, "pyproject.toml"]


def _judge(root: Path, name: str) -> None:
    example = "Example: make new-service NAME=loyalty"
    if not SHAPE.fullmatch(name):
        raise NameRefusedError(f"{name!r} is no name for a service: 3 to 20 small letters, nothing else. {example}")
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or name in ("kernel", "service", "records"):
        raise NameRefusedError(f"{name} is a word of Python or of every service: choose another. {example}")
    taken = [_named(path, name) for path in (*FOLDERS, *FILES.values()) if (root / _named(path, name)).exists()]
    if taken:
        raise NameRefusedError(f"{name} is taken: {taken[0]} exists. {example}")


def _named(text: str, name: str) -> str:
    return Template(text).substitute(name=name, Name=name.capitalize())


def _rewrite_rules(root: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change the list of all services in the contracts of the import rules."""
    file = root / "pyproject.toml"
    text = file.read_text()
    for rule in RULES:
        begin = text.index("[\n", text.index(f'id = "{rule}"\n')) + 2
        end = text.index("]", begin)
        modules = re.findall(r'"([\w.]+)"', text[begin:end])
        text = text[:begin] + "".join(f'    "{module}",\n' for module in change(modules)) + text[end:]
    file.write_text(text)
