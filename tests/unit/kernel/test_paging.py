"""Signed page tokens."""

import base64
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest import paging, wire
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.runtime.runtime import Runtime, active
from tests.support.runtime import memory_runtime

AFTER = {"partition": {"S": "stores"}, "sort": {"S": "Café"}}


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("stores")) as runtime:
        yield runtime


def token(purpose: str = "list") -> str:
    signed = paging.sign(AFTER, purpose)
    assert signed
    return signed


def test_a_token_leads_to_where_its_page_begins() -> None:
    assert paging.read(token(), "list") == AFTER


def test_the_first_page_has_no_token_and_the_last_gives_none() -> None:
    assert paging.read(None, "list") is None
    assert paging.sign(None, "list") is None


def test_a_token_can_stand_in_an_address_as_it_is() -> None:
    assert all(letter.isascii() and (letter.isalnum() or letter in "-_") for letter in token())


def test_a_token_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidError, match=r"^next: "):
        paging.read(token("orders of mia"), "orders of tom")


def test_a_token_signed_with_another_key_is_refused() -> None:
    with active(memory_runtime("stores", secret=lambda: b"another key")):
        forged = token()
    with pytest.raises(InvalidError, match=r"^next: "):
        paging.read(forged, "list")


@pytest.mark.parametrize("place", [0, 10, 20, 40])
def test_a_token_with_another_byte_is_refused(place: int) -> None:
    content = bytearray(base64.urlsafe_b64decode(token() + "=="))
    content[place] ^= 1
    with pytest.raises(InvalidError, match=r"^next: "):
        paging.read(base64.urlsafe_b64encode(content).decode(), "list")


@pytest.mark.parametrize("forged", ["", "x", "=", "****", "é", "AAAA", "A" * 1000])
def test_what_is_no_token_is_refused(forged: str) -> None:
    with pytest.raises(InvalidError, match=r"^next: "):
        paging.read(forged, "list")


@given(st.text())
def test_no_text_makes_reading_fail_otherwise(forged: str) -> None:
    with active(memory_runtime("stores")), pytest.raises(InvalidError):
        paging.read(forged, "list")


def test_a_function_without_a_key_signs_nothing() -> None:
    with active(memory_runtime("stores", secret=lambda: b"")), pytest.raises(RuntimeError, match="no signing key"):
        paging.sign(AFTER, "list")


@pytest.mark.parametrize(("sent", "limit"), [({}, 50), ({"limit": "1"}, 1), ({"limit": "100"}, 100)])
def test_a_page_has_1_to_100_entries(sent: dict[str, str], limit: int) -> None:
    assert wire.read(Paged, sent).limit == limit


@pytest.mark.parametrize("limit", ["0", "101", "-1", "", "ten", "1.0", "1e1", " 5", "+5", "5_0", "٥", "9" * 5000])
def test_any_other_limit_is_refused(limit: str) -> None:
    with pytest.raises(InvalidError, match=r"^limit: "):
        wire.read(Paged, {"limit": limit})


def test_at_the_end_next_is_absent() -> None:
    assert wire.write(PagedAnswer(next=None)) == "{}"
    assert wire.write(PagedAnswer(next="abc")) == '{"next":"abc"}'
