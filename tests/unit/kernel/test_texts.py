"""What texts, ids, numbers and bodies may hold, as clients send them."""

import json
import re
import time
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.kernel.domain import money
from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest import texts, wire
from functions.kernel.rest.wire import Description, GivenId, Id, Label, Money, Name, Quantity, Wire, read_json

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
HIDDEN = [chr(code) for code in (0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
ALLOWED = ["é", "店", "عربي", "👩‍🚀", "ꙮ", "\u200f", "\u00ad", "a b", "O'Neil & Sons <b>", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"]


class Product(Wire):
    name: Name
    sku: Label = ""
    description: Description = ""


class Line(Wire):
    store_id: Id = "s"
    product_id: GivenId = "p"
    price: Money = 0
    quantity: Quantity = 1


def product(**sent: str) -> Product:
    return wire.read(Product, {"name": "Lamp", **sent})


@pytest.mark.parametrize("field", ["name", "sku"])
@pytest.mark.parametrize("char", [*CONTROLS, *HIDDEN], ids=lambda char: f"U+{ord(char):04X}")
def test_a_name_holds_no_character_that_hides_reorders_or_forges(field: str, char: str) -> None:
    with pytest.raises(InvalidError, match=f"^{field}: must hold no control characters"):
        product(**{field: f"a{char}b"})


@pytest.mark.parametrize("char", [*CONTROLS, *HIDDEN], ids=lambda char: f"U+{ord(char):04X}")
def test_a_description_may_have_tabs_and_lines_besides(char: str) -> None:
    if char in "\t\n\r":
        assert product(description=f"a{char}b").description == f"a{char}b"
    else:
        with pytest.raises(InvalidError, match=r"^description: must hold no control characters but tabs and lines"):
            product(description=f"a{char}b")


@pytest.mark.parametrize("text", ALLOWED)
def test_every_language_and_sign_is_kept(text: str) -> None:
    assert product(name=text, sku=text, description=text).model_dump() == dict.fromkeys(
        ("name", "sku", "description"), unicodedata.normalize("NFC", text)
    )


def test_two_ways_to_write_a_letter_are_one() -> None:
    assert product(name="Cafe\u0301").name == product(name="Caf\u00e9").name == "Caf\u00e9"


def test_the_length_is_that_of_the_normal_form() -> None:
    assert len(product(name="e\u0301" * 200).name) == 200
    with pytest.raises(InvalidError, match="at most 200 characters"):
        product(name="\u0958" * 101)  # of which the normal form has two for each


@pytest.mark.parametrize(("field", "most"), [("name", 200), ("description", 2_000)])
def test_a_text_that_is_too_long_in_any_form_takes_no_time_to_refuse(field: str, most: int) -> None:
    """To put the marks of 64 KB in order takes more than a second."""
    longest = "\u1f82" * most  # of four characters when it is decomposed, as none is of more
    assert getattr(product(**{field: unicodedata.normalize("NFD", longest)}), field) == longest
    begun = time.process_time()
    with pytest.raises(InvalidError, match=f"{field}: must have at most {most} characters"):
        product(**{field: "a" + "\u0301" * 15_900 + "\u0316" * 15_900})
    assert time.process_time() - begun < 0.3


@pytest.mark.parametrize(
    "value", ["a#b", "a/b", "../a", "a\tb", "a\nb", "a\0b", "a\u202eb", "Store#1", "a\u00a0b", "#"]
)
@pytest.mark.parametrize("field", ["storeId", "productId"])
def test_an_id_cannot_be_taken_for_more_than_one_part_of_a_key(field: str, value: str) -> None:
    with pytest.raises(InvalidError, match=f"^{field}: is no id"):
        wire.read(Line, {field: value})


@pytest.mark.parametrize(
    "value", ["0b4f6f0e-6d1c-4d0e-9f7e-2f9f6b0c1a2b", "any-thing_else.1:2", "on paper", "ü", "a%23b"]
)
def test_any_other_id_is_left_as_it_is(value: str) -> None:
    line = wire.read(Line, {"storeId": value, "productId": value})
    assert (line.store_id, line.product_id) == (value, value)


def test_a_blank_id_is_left_to_the_rule_that_wants_one() -> None:
    assert wire.read(Line, {"storeId": " "}).store_id == " "
    with pytest.raises(InvalidError):
        wire.read(Line, {"productId": " "})


TYPES = {
    "name": (Product, texts.NAME_PATTERN),
    "sku": (Product, texts.LINE_PATTERN),
    "description": (Product, texts.TEXT_PATTERN),
    "productId": (Line, texts.ID_PATTERN),
}


@given(st.sampled_from(sorted(TYPES)), st.text(st.characters(codec="utf-8"), max_size=8))
def test_the_documented_pattern_is_what_is_enforced(field: str, text: str) -> None:
    shape, pattern = TYPES[field]
    sent: dict[str, Any] = {"name": "Lamp", field: text}
    try:
        wire.read(shape, sent)
        accepted = not (field == "name" and not text.strip())  # the domain refuses a blank name
    except InvalidError:
        accepted = False
    assert bool(re.search(pattern, text)) == accepted


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + closing * levels


@pytest.mark.parametrize("levels", [65, 1_000, 10_000, 32_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_a_body_that_is_nested_too_deeply_is_refused(levels: int, opening: str, closing: str) -> None:
    with pytest.raises(InvalidError, match=r"^the body is n(ested too deeply|ot JSON)"):
        read_json(nested(levels, opening, closing))


def test_a_body_may_have_64_levels_and_any_number_of_lists_side_by_side() -> None:
    assert read_json(nested(64)) is not None
    assert len(read_json(f"[{','.join(['[]'] * 20_000)}]")) == 20_000


def test_brackets_in_a_text_are_no_levels() -> None:
    assert read_json(json.dumps({"name": "[" * 10_000})) == {"name": "[" * 10_000}


def test_a_deep_body_is_refused_before_its_escapes_are_looked_at() -> None:
    with pytest.raises(InvalidError):
        read_json(nested(9_000, '["\\u0041",'))


@pytest.mark.parametrize(
    ("number", "cents"),
    [
        ("-0", 0),
        ("-0.0", 0),
        ("0e5", 0),
        ("0.1", 10),
        ("0.30000000000000004", 30),
        ("34.980000000000004", 3498),
        ("1e2", 10_000),
        ("90071992547409.91", 2**53 - 1),
    ],
)
def test_an_amount_is_exact(number: str, cents: int) -> None:
    assert wire.read(Line, read_json(f'{{"price": {number}}}')).price == cents


@pytest.mark.parametrize(
    "number",
    [
        "1e308",
        "-1e308",
        "1e309",
        "1e999999",
        "9007199254740993",
        "90071992547409.92",
        "90071992547409.93",
        "-90071992547409.92",
        "0.001",
        "1e-7",
        "1" * 4_000,
        "0." + "3" * 4_000,
    ],
)
def test_an_amount_that_is_no_number_of_cents_below_2_to_the_53_is_refused(number: str) -> None:
    if number == "1e-7":  # noise of a sum of floats
        assert wire.read(Line, read_json(f'{{"price": {number}}}')).price == 0
        return
    with pytest.raises(InvalidError, match=r"^price: an amount"):
        wire.read(Line, read_json(f'{{"price": {number}}}'))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1" * 5_000, "1e99999999999999999999"])
def test_what_is_no_number_of_json_is_refused(number: str) -> None:
    with pytest.raises(InvalidError, match=r"^the body is not JSON"):
        read_json(f'{{"price": {number}}}')


@pytest.mark.parametrize("number", ["9007199254740993", "1e308", "1000", "1.5", "1" * 4_000])
def test_a_quantity_that_is_too_large_or_not_whole_is_refused(number: str) -> None:
    with pytest.raises(InvalidError, match=r"^quantity: must be"):
        wire.read(Line, read_json(f'{{"quantity": {number}}}'))


def test_no_whole_number_loses_its_last_digit() -> None:
    assert read_json(f'{{"a": {2**53 + 1}}}') == {"a": 2**53 + 1}
    with pytest.raises(InvalidError):
        money.cents(2**53 + 1)
