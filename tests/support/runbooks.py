"""The runbooks as text: their pages, and the commands on them."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))

BLOCK = re.compile(r"(?:^ {4,}\S.*\n)+", re.MULTILINE)
IN_TICKS = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(?:^|\$\(|;\s*(?:do\s+)?)((?:make|aws|call|mallbots)\s[^;\n]*)")


def lines(page: Path) -> Iterator[str]:
    """The lines of a page's blocks."""
    for block in BLOCK.findall(page.read_text()):
        yield from (line.strip() for line in block.splitlines())


def texts(page: Path) -> Iterator[str]:
    """What a page has between backticks, and line by line in its blocks."""
    yield from lines(page)
    yield from IN_TICKS.findall(BLOCK.sub("", page.read_text()))


def commands(page: Path, program: str) -> list[str]:
    """Each command of a program on a page, without what its answer is passed on to."""
    found = [command.partition(" | ")[0].strip() for text in texts(page) for command in COMMAND.findall(text)]
    return [command for command in found if command.split()[0] == program and len(command.split()) > 1]
