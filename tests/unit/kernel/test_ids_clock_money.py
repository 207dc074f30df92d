"""The small things that everything rests on: ids, time, money."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.kernel.domain.errors import InvalidError
from functions.kernel.domain.money import LIMIT, amount, cents
from functions.kernel.runtime import clock, ids

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_new_ids_are_different_and_derived_ones_are_what_their_parts_make_them() -> None:
    assert ids.new() != ids.new()
    assert ids.derive("a", 1) == ids.derive("a", "1")
    assert len({ids.derive("a", "b"), ids.derive("ab"), ids.derive("b", "a"), ids.derive("a", "b", "")}) == 4
    assert all(ids.is_uuid(id) for id in (ids.new(), ids.derive("a")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6d616c6c-626f-4473-8000-000000000000", True),
        ("6D616C6C-626F-4473-8000-000000000000", True),
        ("6d616c6c626f44738000000000000000", False),
        ("{6d616c6c-626f-4473-8000-000000000000}", False),
        ("order-1", False),
        ("", False),
    ],
)
def test_an_id_is_told_from_other_text(text: str, expected: bool) -> None:
    assert ids.is_uuid(text) is expected


def test_new_ids_can_be_given() -> None:
    with ids.fixed(iter(["one", "two"]).__next__):
        assert [ids.new(), ids.new()] == ["one", "two"]
    assert ids.is_uuid(ids.new())


def test_a_stamp_is_utc_with_microseconds_whatever_the_zone() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert clock.stamp(there) == clock.stamp(NOON) == "2026-03-01T12:00:00.000000Z"


@given(st.lists(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1)), min_size=2))  # noqa: DTZ001
def test_stamps_sort_as_text_as_their_times_do_and_are_read_back(naive: list[datetime]) -> None:
    moments = [moment.replace(tzinfo=UTC) for moment in naive]
    assert sorted(map(clock.stamp, moments)) == [clock.stamp(moment) for moment in sorted(moments)]
    assert [clock.read(clock.stamp(moment)) for moment in moments] == moments


def test_time_stands_still_where_it_is_told_to() -> None:
    waited: list[float] = []
    with clock.fixed(lambda: NOON, waited.append):
        clock.wait(5)
        assert clock.stamp() == "2026-03-01T12:00:00.000000Z"
    assert waited == [5]
    assert clock.now() != NOON
    assert clock.now().tzinfo is UTC


def test_time_goes_on_after_an_error_where_it_stood_still() -> None:
    with pytest.raises(ZeroDivisionError), clock.fixed(lambda: NOON):
        raise ZeroDivisionError
    assert clock.now() != NOON


@pytest.mark.parametrize(
    ("wire", "expected"),
    [(1, 100), (0, 0), (1.5, 150), (0.1, 10), (19.99, 1999), (Decimal("1.10"), 110), (-0.05, -5), (1e3, 100_000)],
)
def test_an_amount_on_the_wire_is_a_number_of_cents(wire: Any, expected: int) -> None:
    assert cents(wire) == expected


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        ("1", "must be a number"),
        (None, "must be a number"),
        (True, "must be a number"),
        ([1], "must be a number"),
        (1.005, "at most two decimals"),
        (Decimal("0.001"), "at most two decimals"),
        (float("nan"), "must be a number"),
        (float("inf"), "must be a number"),
        (Decimal("sNaN"), "must be a number"),
        (LIMIT // 100 + 1, "below 2"),
        (-(LIMIT // 100) - 1, "below 2"),
        (1e300, "below 2"),
    ],
)
def test_what_is_no_amount_is_refused(wire: Any, why: str) -> None:
    with pytest.raises(InvalidError, match=why):
        cents(wire)


@given(st.integers(min_value=-LIMIT + 1, max_value=LIMIT - 1))
def test_every_amount_comes_back_from_the_wire_exactly(number: int) -> None:
    assert cents(amount(number)) == number


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0, "0"), (100, "1"), (150, "1.5"), (5, "0.05"), (-5, "-0.05"), (LIMIT - 1, "90071992547409.91")],
)
def test_an_amount_is_written_without_trailing_zeros(number: int, expected: str) -> None:
    assert str(amount(number)) == expected
