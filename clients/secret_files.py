"""Secrets in files that only the user can read."""

import json
import os
from collections.abc import Callable
from pathlib import Path


def kept(file: Path, make: Callable[[], dict[str, str]]) -> dict[str, str]:
    """What a file holds; made and kept if there is none."""
    found = read(file)
    if not found:
        write(file, found := make())
    return found


def read(file: Path) -> dict[str, str]:
    """What a file holds; nothing if there is none, or what it holds is not ours."""
    try:
        found: dict[str, str] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found


def write(file: Path, content: dict[str, str]) -> None:
    """Replace a file as a whole, so that one that reads it meanwhile sees either; it was never readable by others."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        json.dump(content, opened)
    new.replace(file)
