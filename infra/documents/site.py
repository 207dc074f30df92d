"""Build the documentation site: `python -m infra.documents.site`. Any warning of MkDocs fails it.

The pages keep the places that they have in the repository, so their links to each other stay as they are. A link to a
file that is no page becomes its name: the site is to be read without the code.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

# Material advertises its successor at each build, and MkDocs takes that for no warning of a page.
os.environ.setdefault("NO_MKDOCS_2_WARNING", "true")

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import MkDocsException

from infra.documents import reference

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".build" / "site"
FOLDERS = ("clients", "docs", "events", "functions", "infra", "tests")
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
FENCED = re.compile(r"(^ *```.*?^ *```[^\n]*$)", re.MULTILINE | re.DOTALL)
PICTURES = (".png", ".svg")
NODES = ROOT / "node_modules"
ASSETS = {
    "mermaid.js": NODES / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js",
    "iframe-worker.js": NODES / "iframe-worker" / "shim" / "index.js",
    "site.css": Path(__file__).with_name("site.css"),
}


def sources() -> list[Path]:
    """The pages and pictures of the repository, as paths from its root."""
    files = [*ROOT.glob("*.md"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.md"))]
    files += [file for file in (ROOT / "docs").rglob("*") if file.suffix in PICTURES]
    return sorted(file.relative_to(ROOT) for file in files)


def relinked(text: str, page: Path, known: set[Path]) -> str:
    """A page's text with links to pages of the site alone; `page` and `known` are paths from the root."""

    def link(found: re.Match[str]) -> str:
        picture, shown, target = found.groups()
        path, hash, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return found[0]
        led = Path(os.path.normpath(page.parent / path))
        if led not in known and led / "README.md" in known:
            return f"[{shown}]({os.path.relpath(led / 'README.md', page.parent)}{hash}{anchor})"
        return found[0] if led in known or picture else shown

    parts = FENCED.split(text)
    return "".join(part if at % 2 else LINK.sub(link, part) for at, part in enumerate(parts))


def collect(folder: Path) -> list[Path]:
    """Write all pages of the site to a folder; their paths."""
    shutil.rmtree(folder, ignore_errors=True)
    files = sources()
    generated = reference.pages()
    known = {*files, *(Path(path) for path in generated)}
    for file in files:
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".md":
            copy.write_text(relinked((ROOT / file).read_text(), file, known))
        else:
            shutil.copy(ROOT / file, copy)
    for name, file in ASSETS.items():
        copy = folder / "assets" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    for path, text in generated.items():
        copy = folder / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(relinked(text, Path(path), known))
    return sorted(path for path in known if path.suffix == ".md")


def navigation(nav: list[Any], pages: list[Path]) -> list[Any]:
    """The navigation of mkdocs.yml with the pages that it has by their folder."""
    runbooks = [str(page) for page in pages if page.parent == Path("docs/runbooks")]
    decisions = [str(page) for page in pages if page.parent == Path("docs/adr")]
    rooms = [str(page) for page in pages if page.name == "README.md" and page.parts[0] not in ("docs", "README.md")]
    folders = {"RUNBOOKS": runbooks, "DECISIONS": decisions, "ROOMS": rooms}

    def filled(entry: Any) -> Any:
        if isinstance(entry, dict):
            return {title: filled(value) for title, value in entry.items()}
        return [filled(one) for one in entry] if isinstance(entry, list) else folders.get(entry, entry)

    named = re.findall(r"[\w./-]+\.md", str(filled(nav)))
    others = [str(page) for page in pages if str(page) not in named]
    return [*filled(nav), *([{"More": others}] if others else [])]


def make(folder: Path) -> Path:
    """Build the site in a folder; returns where its pages are. Raises MkDocsException."""
    written, html = folder / "pages", folder / "html"
    pages = collect(written)
    config = load_config(str(ROOT / "mkdocs.yml"), strict=True, docs_dir=str(written), site_dir=str(html))
    config.nav = navigation(config.nav or [], pages)
    build(config)
    return html


def main() -> int:
    try:
        html = make(FOLDER)
    except MkDocsException as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len([*html.rglob('*.html')])} pages: open {html.relative_to(ROOT)}/index.html")
    return 0


if __name__ == "__main__":
    sys.exit(main())
