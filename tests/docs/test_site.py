"""The documentation site builds without a warning, asks no other host for anything, and its links lead somewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from infra.documents import reference, site

# Attributes that a browser follows by itself. A link is followed by a person, so it may lead elsewhere.
FETCHED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src"), ("use", "href")}


class Page(HTMLParser):
    """What a page of the site fetches, links to, and has as anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in FETCHED and value:
                self.fetched.append(value)
            if (tag, name) == ("a", "href") and value:
                self.links.append(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that was just built: in a folder of its own, as another process may run other tests of this file."""
    return site.make(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def pages(html: Path) -> dict[Path, Page]:
    """Every page of the site."""
    return {file: Page(file.read_text()) for file in html.rglob("*.html")}


def elsewhere(address: str) -> bool:
    return bool(re.match(r"(?:\w+:)?//", address))


def place(page: Path) -> Path:
    """Where MkDocs puts a page: the README of a folder is its index."""
    return page.with_name("index.html") if page.name == "README.md" else page.with_suffix(".html")


def test_every_page_of_the_repository_is_a_page_of_the_site(html: Path, pages: dict[Path, Page]) -> None:
    sources = [*(file for file in site.sources() if file.suffix == ".md"), *map(Path, reference.pages())]
    assert {place(source) for source in sources} - {page.relative_to(html) for page in pages} == set()


def test_no_page_and_no_style_fetches_anything_from_another_host(html: Path, pages: dict[Path, Page]) -> None:
    assert {address for page in pages.values() for address in page.fetched if elsewhere(address)} == set()
    styles = "".join(file.read_text() for file in html.rglob("*.css"))
    assert [
        address for address in re.findall(r"(?:url\(|@import)\s*['\"]?([^)'\"]+)", styles) if elsewhere(address)
    ] == []


def test_a_page_with_a_diagram_has_what_draws_it_from_the_site_itself(html: Path, pages: dict[Path, Page]) -> None:
    # Material's script fetches it from a host of others where the page has it not.
    drawn = [file for file in pages if 'class="mermaid"' in file.read_text()]
    assert len(drawn) > 10
    scripts = {(file.parent / name).resolve() for file in drawn for name in pages[file].fetched if "mermaid" in name}
    assert scripts == {html / "assets" / "mermaid.js"}
    assert 'globalThis["mermaid"]' in (html / "assets" / "mermaid.js").read_text()


def test_every_link_within_the_site_leads_to_a_page_and_an_anchor_that_there_are(
    html: Path, pages: dict[Path, Page]
) -> None:
    broken = []
    for file, page in pages.items():
        for link in page.links:
            path, _, anchor = unquote(link).partition("#")
            led = (file.parent / path).resolve() if path else file
            led = led / "index.html" if led.is_dir() else led
            if re.match(r"[a-z]+:", link) or file.name == "404.html":
                continue
            if not led.exists() or (anchor and led in pages and anchor not in pages[led].anchors):
                broken.append(f"{file.relative_to(html)}: {link}")
    assert broken == []


def test_a_link_to_a_file_that_is_no_page_is_its_name_and_a_folder_is_its_page() -> None:
    known = {Path("docs/a.md"), Path("docs/adr/README.md")}
    text = "[a](a.md#x) [code](../infra/app.py) [decisions](adr) [AWS](https://aws.example)\n```\n[code](x.py)\n```"
    assert site.relinked(text, Path("docs/b.md"), known) == (
        "[a](a.md#x) code [decisions](adr/README.md) [AWS](https://aws.example)\n```\n[code](x.py)\n```"
    )
