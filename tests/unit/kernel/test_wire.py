"""What the REST wire reads, refuses and writes."""

import json
import re
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from functions.kernel.domain import money
from functions.kernel.domain.errors import InvalidError
from functions.kernel.rest import texts, wire
from functions.kernel.rest.wire import (
    Answer,
    Body,
    Description,
    Id,
    Limit,
    Lines,
    Moment,
    Money,
    Name,
    Quantity,
    Wire,
    read_json,
    write_json,
)


class Line(Wire):
    product_id: Id
    quantity: Quantity
    unit_price: Money | None = None


class Order(Body):
    customer_name: Name
    note: Description = ""
    paid: bool = False
    status: Literal["open", "sealed"] = "open"
    limit: Limit = 50
    lines: Lines[Line] = Field(default_factory=list)
    since: Moment | None = None
    total: Money = 0


class RobotStep(Body):
    exact = True

    assignment: int


class Receipt(Answer):
    order_id: str
    total: Money
    since: Moment | None
    lines: list[Line] = Field(default_factory=list)


def refused(sent: Any) -> str:
    with pytest.raises(InvalidError) as caught:
        wire.read(Order, sent)
    return caught.value.message


def test_camel_case_outside_is_snake_case_inside() -> None:
    order = wire.read(Order, {"customerName": "Mia", "lines": [{"productId": "p", "quantity": 2}]})
    assert (order.customer_name, order.lines[0].product_id, order.lines[0].quantity) == ("Mia", "p", 2)


def test_unknown_fields_are_ignored_at_any_depth() -> None:
    line = {"productId": "p", "quantity": 2, "colour": None}
    assert wire.read(Order, {"customerName": "Mia", "x": [1], "lines": [line]}).lines[0].quantity == 2


def test_a_field_by_its_inner_name_is_an_unknown_field() -> None:
    assert wire.read(Order, {"customer_name": "Mia"}).customer_name == ""


@pytest.mark.parametrize("left_out", [{}, {"customerName": None, "note": None, "lines": None, "total": None}])
def test_a_text_number_or_list_that_is_missing_or_null_is_its_zero_value(left_out: dict[str, Any]) -> None:
    order = wire.read(Order, left_out)
    assert (order.customer_name, order.note, order.lines, order.total) == ("", "", [], 0)
    assert "total" not in order.model_fields_set
    [line] = wire.read(Order, {"lines": [left_out]}).lines
    assert (line.product_id, line.quantity, line.unit_price) == ("", 0, None)


@pytest.mark.parametrize("left_out", [{}, {"assignment": None}])
def test_an_exact_body_wants_every_field(left_out: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match=r"^assignment: (this field is missing|must not be null)$"):
        wire.read(RobotStep, left_out)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("customerName", 1, "customerName: must be a text"),
        ("paid", None, "paid: must not be null"),
        ("customerName", "x" * 201, "customerName: must have at most 200 characters"),
        ("note", "x" * 2001, "note: must have at most 2000 characters"),
        ("note", ["x"], "note: must be a text"),
        ("paid", 1, "paid: must be true or false"),
        ("paid", "true", "paid: must be true or false"),
        ("status", "lost", "status: must be one of 'open' or 'sealed'"),
        ("status", None, "status: must not be null"),
        ("limit", 0, "limit: must be at least 1"),
        ("limit", 101, "limit: must be at most 100"),
        ("limit", "5", "limit: must be a whole number"),
        ("limit", True, "limit: must be a whole number"),
        ("limit", Decimal("5.0"), "limit: must be a whole number"),
        ("lines", {}, "lines: must be a list"),
        ("lines", ["p"], "lines[0]: must be an object"),
        ("lines", [{"productId": "p", "quantity": 1}] * 101, "lines: must have at most 100 entries"),
        ("lines", [{"productId": "p", "quantity": 1000}], "lines[0].quantity: must be at most 999"),
        (
            "lines",
            [{"productId": "p", "quantity": 1, "unitPrice": "1"}],
            "lines[0].unitPrice: an amount must be a number",
        ),
        ("total", "1", "total: an amount must be a number"),
        ("total", True, "total: an amount must be a number"),
        ("total", Decimal("0.001"), "total: an amount has at most two decimals"),
        ("total", Decimal("34.980002"), "total: an amount has at most two decimals"),
        ("total", Decimal("1e999999"), "total: an amount must be below 2^53 cents"),
        ("total", Decimal("90071992547409.92"), "total: an amount must be below 2^53 cents"),
        ("total", 10**4000, "total: an amount must be below 2^53 cents"),
        ("since", 1, "since: must be a time with its zone, such as 2030-01-31T12:00:00Z"),
        ("since", "2030-01-31", "since: must be a time with its zone, such as 2030-01-31T12:00:00Z"),
        ("since", "2030-01-31T12:00:00", "since: must be a time with its zone, such as 2030-01-31T12:00:00Z"),
        ("since", "٢٠٣٠-01-31T12:00:00Z", "since: must be a time with its zone, such as 2030-01-31T12:00:00Z"),
        ("since", "2030-02-31T12:00:00Z", "since: there is no such time"),
        ("since", "0001-01-01T00:00:00+14:00", "since: there is no such time"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_field(field: str, value: Any, complaint: str) -> None:
    assert refused({"customerName": "Mia", field: value}) == complaint


def test_what_is_not_an_object_is_refused() -> None:
    assert refused(["Mia"]) == "the body: must be an object"


def test_every_wrong_field_is_named() -> None:
    assert refused({"paid": 1, "status": 1}) == (
        "paid: must be true or false; status: must be one of 'open' or 'sealed'"
    )


def test_no_refusal_repeats_what_was_sent() -> None:
    assert "Mia" not in refused({"customerName": ["Mia"], "status": "Mia", "total": "Mia", "since": "Mia"})


def test_null_is_a_value_where_the_type_says_so() -> None:
    assert wire.read(Order, {"customerName": "Mia", "since": None}).since is None


@pytest.mark.parametrize(
    ("sent", "cents"),
    [("0", 0), ("-0.0", 0), ("0e99", 0), ("5", 500), ("12.3", 1230), ("12.30", 1230), ("1e2", 10000), ("-0.05", -5)],
)
def test_money_comes_in_as_cents(sent: str, cents: int) -> None:
    assert wire.read(Order, read_json(f'{{"customerName": "Mia", "total": {sent}}}')).total == cents


@given(st.integers(min_value=1 - money.LIMIT, max_value=money.LIMIT - 1))
def test_money_goes_out_and_comes_in_exactly(cents: int) -> None:
    text = wire.write(Receipt(order_id="o", total=cents, since=None))
    sent = {"customerName": "Mia", "total": read_json(text)["total"]}
    assert wire.read(Order, sent).total == cents


@pytest.mark.parametrize(
    ("cents", "written"),
    [(0, "0"), (5, "0.05"), (1200, "12"), (1230, "12.3"), (-5, "-0.05"), (money.LIMIT - 1, "90071992547409.91")],
)
def test_money_is_written_to_the_last_cent(cents: int, written: str) -> None:
    assert (
        wire.write(Receipt(order_id="o", total=cents, since=None))
        == f'{{"orderId":"o","total":{written},"since":null,"lines":[]}}'
    )


def test_times_come_in_with_any_zone_and_go_out_in_utc() -> None:
    order = wire.read(Order, {"customerName": "Mia", "since": "2030-01-31T12:00:00.5+02:00"})
    assert order.since == datetime(2030, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC)
    assert '"since":"2030-01-31T10:00:00.500000Z"' in wire.write(Receipt(order_id="o", total=0, since=order.since))


def test_a_year_is_written_with_four_digits_so_that_times_sort_as_text() -> None:
    order = wire.read(Order, {"customerName": "Mia", "since": "0999-01-01T00:00:00Z"})
    assert '"since":"0999-01-01T00:00:00.000000Z"' in wire.write(Receipt(order_id="o", total=0, since=order.since))


def test_nested_objects_are_written_in_camel_case_too() -> None:
    receipt = Receipt(order_id="o", total=0, since=None, lines=[Line(product_id="p", quantity=1, unit_price=105)])
    assert json.loads(wire.write(receipt))["lines"] == [{"productId": "p", "quantity": 1, "unitPrice": 1.05}]


def test_no_answer_is_an_empty_object() -> None:
    assert wire.write(None) == "{}"


def test_answers_are_compact_and_keep_every_letter() -> None:
    assert write_json({"a": ["ü", '"', "\n", "𝕏", True, False, None, 7, Decimal("0.10")]}) == (
        r'{"a":["ü","\"","\n","𝕏",true,false,null,7,0.10]}'
    )


@pytest.mark.parametrize("value", [0.1, float("nan"), float("inf"), {1, 2}, b"x"])
def test_what_json_cannot_say_exactly_is_not_written(value: Any) -> None:
    with pytest.raises(TypeError):
        write_json([value])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert json.loads(write_json(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "{'a': 1}",
        '{"a": NaN}',
        '{"a": -Infinity}',
        '{"a": 1e9999999999999999999999}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": "\0"}',
        "\ufeff{}",
        "{} {}",
    ],
)
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^the body is not JSON"):
        read_json(text)


@pytest.mark.parametrize(
    "text",
    [
        *('{"a": "\\ud800"}', '{"a": ["\\udfff"]}', '{"\\ud800": 1}', '{"a": "\\u0000"}'),
        *('{"a": "\\ufffd"}', '{"\\ufffd": null}'),
    ],
)
def test_a_text_or_a_name_that_cannot_be_stored_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(InvalidError, match=r"half a surrogate pair: leave such characters out$"):
        read_json(text)


@pytest.mark.parametrize("number", ["5", "5.0", "50e-1", "0.5E1"])
def test_a_number_is_whole_however_it_is_written(number: str) -> None:
    assert wire.read(Order, read_json(f'{{"customerName": "Mia", "limit": {number}}}')).limit == 5


@pytest.mark.parametrize("number", ["5.1", "0.05e1", "1e999999", "-1e999999", "1e-999999"])
def test_another_number_is_not(number: str) -> None:
    with pytest.raises(InvalidError, match=r"^limit: "):
        wire.read(Order, read_json(f'{{"customerName": "Mia", "limit": {number}}}'))


def test_of_a_name_that_is_there_twice_the_last_value_counts() -> None:
    assert read_json('{"a": 1, "a": 2}') == {"a": 2}


def test_whole_surrogate_pairs_are_letters_like_others() -> None:
    assert read_json('{"a": "\\ud835\\udd4f"}') == {"a": "𝕏"}


def test_the_pattern_of_a_name_takes_each_character_that_does_not_leave_it_blank() -> None:
    taken = {code for code in range(sys.maxunicode + 1) if re.search(texts.NOT_BLANK, chr(code))}
    assert taken == {code for code in range(sys.maxunicode + 1) if chr(code).strip()}
