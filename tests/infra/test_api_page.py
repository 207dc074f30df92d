"""The page at /api/docs sends to the viewer, and loads nothing."""

import re

import pytest

from infra.documents.api_page import page

ORIGINS = ("https://mall.example", "https://other.example")


def test_the_page_sends_to_the_viewer_at_the_first_origin() -> None:
    assert 'content="0; url=https://mall.example/docs/"' in page(ORIGINS)
    assert '<a href="https://mall.example/docs/">' in page(ORIGINS)
    assert "other.example" not in page(ORIGINS)


def test_without_an_origin_it_says_that_there_is_no_viewer_and_sends_nowhere() -> None:
    assert "names no origin of pages" in page(())
    assert "http-equiv" not in page(())


@pytest.mark.parametrize("origins", [ORIGINS, ()])
def test_the_description_for_programs_is_linked_and_nothing_is_loaded(origins: tuple[str, ...]) -> None:
    assert '<a href="openapi.json">' in page(origins)
    assert not re.search(r"<script|<style|<link|<img|style=|@import|url\(", page(origins))
