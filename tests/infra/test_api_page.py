"""The API's page for people: whole, valid, and good without a network."""

import re
from html.parser import HTMLParser

import pytest

from infra.documents.api_page import page
from infra.documents.openapi import document

DOCUMENT = document()
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Reader(HTMLParser):
    """What an HTML page is made of. Raises AssertionError for an element that is closed where it was not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.goes_to: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.goes_to += [value or "" for name, value in attrs if name in ("href", "src", "action", "data")]

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


def test_the_page_is_well_formed_and_each_place_in_it_has_one_name(read_page: Reader) -> None:
    assert read_page.open == []
    assert len(set(read_page.ids)) == len(read_page.ids)


def test_the_page_shows_every_operation_and_its_list_leads_to_each(read_page: Reader) -> None:
    names = {operation["operationId"] for methods in DOCUMENT["paths"].values() for operation in methods.values()}
    assert names <= set(read_page.ids)
    assert {f"#{name}" for name in names} <= set(read_page.goes_to)
    for path in DOCUMENT["paths"]:
        assert path in read_page.texts


def test_the_page_needs_nothing_from_outside(read_page: Reader) -> None:
    assert all(place.startswith("#") or place == "openapi.json" for place in read_page.goes_to)
    assert not re.search(r"@import|url\(|<script|<link", page(DOCUMENT))
