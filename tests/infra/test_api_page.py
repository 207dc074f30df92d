"""The API's HTML page is complete, valid and self-contained."""

import re
from html.parser import HTMLParser

import pytest

from infra.documents.api_page import page
from infra.documents.openapi import document

DOCUMENT = document()
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Reader(HTMLParser):
    """The elements, ids, links and texts of an HTML page. Raises AssertionError for an unmatched end tag."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action", "data")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def read_page() -> Reader:
    reader = Reader()
    reader.feed(page(DOCUMENT))
    reader.close()
    return reader


def test_the_page_is_well_formed_and_its_ids_are_unique(read_page: Reader) -> None:
    assert read_page.open == []
    assert len(set(read_page.ids)) == len(read_page.ids)


def test_the_page_shows_every_operation_and_its_navigation_links_to_each(read_page: Reader) -> None:
    names = {operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()}
    assert names <= set(read_page.ids)
    assert {f"#{name}" for name in names} <= set(read_page.links)
    for path in DOCUMENT["paths"]:
        assert path in read_page.texts


def test_the_page_loads_nothing_else(read_page: Reader) -> None:
    assert all(place.startswith("#") or place == "openapi.json" for place in read_page.links)
    assert not re.search(r"@import|url\(|<script|<link", page(DOCUMENT))
