"""What the pages name exists: links, make targets, files, modules, code. And no file names a package registry."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from functions.kernel.composition.manifest import services
from tests.docs import figures

ROOT = Path(__file__).parents[2]
FOLDERS = (".ci", "clients", "docs", "events", "functions", "infra", "language", "requirements", "tests")
PAGES = sorted([*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))])
DECISIONS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))

FENCED = re.compile(r"^ *```(\w*)[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:\A|\n\n)((?: {4}[^\n]*\n?)+)")
IN_TICKS = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
MODULE = re.compile(rf"(?:{'|'.join(FOLDERS)})(?:\.\w+)+")
PATH = re.compile(r"\.?[\w*<>{}-][\w.*<>{}-]*(?:/[\w.*<>{}-]+)*/?")
PLACEHOLDER = re.compile(r"<\w+>|\{\w+\}")
EXAMPLE = re.compile(r"^<!-- example: (\w+) -->$", re.MULTILINE)


each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def fenced(page: Path, language: str | None = None) -> list[str]:
    """The code blocks of a page, or those in one language."""
    return [dedent(code) for name, code in FENCED.findall(page.read_text()) if language in (None, name)]


def prose(page: Path) -> str:
    """A page without its code blocks."""
    return FENCED.sub("", page.read_text())


def in_ticks(page: Path) -> list[str]:
    """The texts of a page between backticks."""
    return [str(code) for code in IN_TICKS.findall(prose(page))]


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as links write them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(page: Path) -> Iterator[str]:
    """Every command line of a page: between backticks, and in blocks of code."""
    yield from in_ticks(page)
    for block in [*fenced(page), *INDENTED.findall(prose(page))]:
        yield from (line.strip() for line in block.splitlines())


def targets(command: str) -> list[str]:
    """The make targets of a command; none for another command. A remark follows `#` or spaces, a command `|`."""
    first, *words = re.split(r"#| {2,}|\|", command)[0].replace(",", " ").split() or [""]
    if first != "make":
        return []
    return [word for word in words if re.fullmatch(r"[a-z][a-z0-9-]*", word)]


def examples(page: Path) -> set[str]:
    """The names that a page invents for an example, given in a comment: `<!-- example: ratings -->`."""
    return set(EXAMPLE.findall(page.read_text()))


def of_an_example(name: str, page: Path) -> bool:
    """Whether a path or module belongs to a page's example."""
    return not examples(page).isdisjoint(re.split(r"[/.]|test_", name))


def exists(name: str, page: Path) -> bool:
    """Whether a file or folder of this path exists, from the root or from the page; `<service>` is any."""
    if of_an_example(name, page):
        return True
    pattern = PLACEHOLDER.sub("*", name).rstrip("/")
    if "/" not in pattern:
        return any((folder / pattern).exists() for folder in (ROOT, page.parent)) or bool(_named(pattern))
    return any(next(folder.glob(pattern), None) for folder in (ROOT, page.parent))


def _named(file: str) -> list[Path]:
    return [path for folder in FOLDERS for path in (ROOT / folder).rglob(file)]


def is_path(name: str) -> bool:
    """Whether a name must be a path of this repository."""
    if not PATH.fullmatch(name):
        return False
    return (name.split("/")[0] in FOLDERS and "/" in name) or name.endswith((".py", ".toml"))


def has_module(name: str, page: Path) -> bool:
    """Whether such a module exists, or one that defines the last part of the name."""
    if of_an_example(name, page):
        return True
    parts = name.split(".")
    path = ROOT.joinpath(*parts)
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    around = ROOT.joinpath(*parts[:-1]).with_suffix(".py")
    return around.exists() and defines(around, parts[-1])


def defines(module: Path, name: str) -> bool:
    """Whether a module defines or imports a name."""
    return bool(re.search(rf"\b{re.escape(name)}\b", module.read_text()))


def test_there_are_pages_to_check() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "patterns.md"} <= {page.name for page in PAGES}


@each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@each_page
def test_every_make_target_that_is_named_exists(page: Path) -> None:
    known = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {target for command in commands(page) for target in targets(command)} - known == set()


@each_page
def test_every_file_that_is_named_exists(page: Path) -> None:
    assert [name for name in in_ticks(page) if is_path(name) and not exists(name, page)] == []


@each_page
def test_every_module_that_is_named_exists(page: Path) -> None:
    assert [name for name in in_ticks(page) if MODULE.fullmatch(name) and not has_module(name, page)] == []


@each_page
def test_python_in_a_page_parses_and_imports_what_exists(page: Path) -> None:
    imports = [
        f"{node.module}.{name.name}"
        for block in fenced(page, "python")
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in FOLDERS
        for name in node.names
    ]
    assert [name for name in imports if not has_module(name, page)] == []


def test_the_excerpts_of_the_patterns_are_from_the_code() -> None:
    code = "\n".join(path.read_text() for path in sorted((ROOT / "functions").rglob("*.py")))
    excerpts = fenced(ROOT / "docs" / "patterns.md", "python")
    assert excerpts
    assert [excerpt for excerpt in excerpts if excerpt not in code] == []


def test_the_figures_of_the_patterns_are_as_counted() -> None:
    assert figures.sentence() in (ROOT / "docs" / "patterns.md").read_text()


def test_the_decisions_are_numbered_and_listed_by_their_titles() -> None:
    titles = {page.name: page.read_text().splitlines()[0].removeprefix(f"# {page.name[:4]} ") for page in DECISIONS}
    listed = re.findall(
        r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", (DECISIONS[0].parent / "README.md").read_text(), re.M
    )
    assert {file: title for _, file, title in listed} == titles
    # A number that is taken by a branch may be missing; none is given twice.
    assert len({page.name[:4] for page in DECISIONS}) == len(DECISIONS)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_every_decision_says_why_and_what_would_change_it_on_one_page(page: Path) -> None:
    parts = re.findall(r"^\*\*(.+?)\.\*\*", page.read_text(), re.MULTILINE)
    assert {"Decided", "Why", "What would change our mind"} <= set(parts)
    assert len(page.read_text().splitlines()) <= 50


def test_every_service_has_its_page_and_is_imported_by_no_other() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = {rule["id"]: set(rule.get("modules", rule.get("forbidden_modules", []))) for rule in rules}
    folders = {f"functions.{service}" for service in [*services(), "gateway"]}
    assert named["services"] == named["kernel"] == folders
    assert [service for service in services() if not (ROOT / "functions" / service / "README.md").exists()] == []


def test_no_command_lists_the_resources_of_a_stack_by_a_call_that_leaves_out_those_after_the_first_hundred() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html"""
    assert [page for page in PAGES if "cloudformation describe-stack-resources" in page.read_text()] == []
