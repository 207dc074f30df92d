"""The page of the command line is what the verbs say, and every command line in a page is one that there is."""

import json
import re
from pathlib import Path

import pytest

import clients.cli.__main__
from clients.cli.checks.check import CHECKS
from clients.cli.verbs import VERBS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_table_of_verbs_is_what_they_say_of_themselves() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `") and "`mallbots " in line]
    assert clients.cli.__main__.PARTS
    assert rows == [f"| `{v.words}`{' *' if v.changes else ''} | {v.does} | `{v.example}` |" for v in VERBS]


def test_the_policy_is_printed_as_it_is() -> None:
    policy = json.loads((ROOT / "clients" / "cli" / "policy.json").read_text())
    printed = re.search(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert printed
    assert json.loads(printed[1]) == policy


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_verb_that_a_page_names_exists(page: Path) -> None:
    known = {verb.words for verb in VERBS}
    groups = {words.partition(" ")[0] for words in known if " " in words}
    code = re.findall(r"`(mallbots [^`]+)`|^\.venv/bin/(mallbots [^#\n]+)", page.read_text(), re.MULTILINE)
    for inline, block in code:
        words = (inline or block).split()[1:]
        words = words[words[0] == "help" :]
        if not words or words[0].startswith("-"):
            continue
        wanted = " ".join(words[: 2 if words[0] in groups else 1])
        assert wanted in known, f"{page.name}: mallbots {' '.join(words)}"


def test_the_number_of_checks_is_as_counted() -> None:
    assert f"a doctor with {len(CHECKS)} checks" in (ROOT / "CHANGELOG.md").read_text()
