"""The rules of one-time codes: how often they are requested and tried, and what makes one invalid."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from functions.customers.phone import (
    DAY,
    LIFE,
    TRIES,
    CodeFailed,
    CodeRequested,
    CodeUsed,
    Kiosk,
    Phone,
    RequestCounted,
    TryCounted,
)
from functions.kernel.domain.aggregate import Aggregate, DomainEvent
from functions.kernel.domain.errors import TooManyError
from tests.support.given import given

NOON = 1_767_614_400
MINUTE = 60
REQUESTED = CodeRequested(NOON)
RIGHT, WRONG = "012345", "543210"


def tried(code: str, at: int) -> Callable[[Phone], object]:
    return lambda phone: phone.try_code(code, RIGHT, at)


def accepted(*events: DomainEvent, code: str = RIGHT, at: int = NOON) -> bool:
    """Whether a phone with this past takes a code."""
    return given(Phone, *events).aggregate.try_code(code, RIGHT, at)


def wait(aggregate: type[Aggregate], events: Sequence[DomainEvent], decide: Callable[[Any], object]) -> int:
    """For how many seconds a decision is refused as one too many."""
    with pytest.raises(TooManyError) as refused:
        decide(given(aggregate, *events).aggregate)
    assert "ask again later" in refused.value.message
    return refused.value.retry_after


def test_a_code_is_requested_for_any_phone() -> None:
    given(Phone).when(lambda phone: phone.request_code(NOON)).then(REQUESTED).then_state(
        request=1, expires=NOON + LIFE, tries=0, used=False
    )


def test_the_right_code_is_taken_once() -> None:
    given(Phone, REQUESTED).when(tried(RIGHT, NOON)).then(CodeUsed()).then_state(used=True)
    given(Phone, REQUESTED, CodeUsed()).when(tried(RIGHT, NOON)).then_nothing()
    assert accepted(REQUESTED)
    assert not accepted(REQUESTED, CodeUsed())


def test_a_code_is_valid_for_five_minutes() -> None:
    assert LIFE == 5 * MINUTE
    assert accepted(REQUESTED, at=NOON + LIFE - 1)
    assert not accepted(REQUESTED, at=NOON + LIFE)
    given(Phone, REQUESTED).when(tried(RIGHT, NOON + LIFE)).then_nothing()


def test_no_code_is_valid_before_one_is_requested() -> None:
    given(Phone).when(tried(RIGHT, NOON)).then_nothing()
    assert not accepted()


def test_a_wrong_code_counts_and_the_fifth_makes_the_right_one_invalid() -> None:
    assert TRIES == 5
    given(Phone, REQUESTED).when(tried(WRONG, NOON)).then(CodeFailed()).then_state(tries=1, used=False)
    assert not accepted(REQUESTED, code=WRONG)
    assert accepted(REQUESTED, *[CodeFailed()] * 4)
    assert not accepted(REQUESTED, *[CodeFailed()] * 5)
    given(Phone, REQUESTED, *[CodeFailed()] * 5).when(tried(WRONG, NOON)).then_nothing()


@pytest.mark.parametrize("given_code", ["", "0123456", "01234", "٠١٢٣٤٥", "é"])
def test_a_text_that_is_no_code_is_a_wrong_one(given_code: str) -> None:
    given(Phone, REQUESTED).when(tried(given_code, NOON)).then(CodeFailed())


def test_another_request_begins_anew() -> None:
    past = (REQUESTED, *[CodeFailed()] * 5, CodeRequested(NOON + 10))
    given(Phone, *past).when(tried(RIGHT, NOON + 10)).then(CodeUsed()).then_state(request=2)
    assert accepted(REQUESTED, CodeUsed(), CodeRequested(NOON + 10), at=NOON + 10)


def test_a_phone_has_three_codes_in_a_quarter_of_an_hour() -> None:
    three = [CodeRequested(NOON), CodeRequested(NOON + 60), CodeRequested(NOON + 120)]
    given(Phone, *three[:2]).when(lambda phone: phone.request_code(NOON + 120)).then(three[2])
    assert wait(Phone, three, lambda phone: phone.request_code(NOON + 130)) == 15 * MINUTE - 130
    given(Phone, *three).when(lambda phone: phone.request_code(NOON + 15 * MINUTE)).then(
        CodeRequested(NOON + 15 * MINUTE)
    )


def test_a_phone_has_ten_codes_a_day() -> None:
    ten = [CodeRequested(NOON + n * 20 * MINUTE) for n in range(10)]
    last = NOON + 10 * 20 * MINUTE
    given(Phone, *ten[:9]).when(lambda phone: phone.request_code(last)).then(CodeRequested(last))
    assert wait(Phone, ten, lambda phone: phone.request_code(last)) == NOON + DAY - last
    given(Phone, *ten).when(lambda phone: phone.request_code(NOON + DAY)).then(CodeRequested(NOON + DAY)).then_state(
        request=11
    )


def test_the_longer_of_two_waits_is_told() -> None:
    ten = [CodeRequested(NOON + n * 20 * MINUTE) for n in range(7)]
    late = NOON + 10 * 60 * MINUTE
    assert wait(Phone, [*ten, *[CodeRequested(late)] * 3], lambda phone: phone.request_code(late)) == NOON + DAY - late


def test_a_phones_state_does_not_grow() -> None:
    phone = given(Phone, *[CodeRequested(NOON + n * DAY) for n in range(30)]).aggregate
    assert (len(phone.requested), phone.request) == (10, 30)


KIOSK_LIMITS = [
    (RequestCounted, 20, lambda kiosk, at: kiosk.count_request(at)),
    (TryCounted, 30, lambda kiosk, at: kiosk.count_try(at)),
]


@pytest.mark.parametrize(("counted", "most", "count"), KIOSK_LIMITS)
def test_a_kiosk_requests_and_tries_so_many_codes_in_ten_minutes(
    counted: type[Any], most: int, count: Callable[[Kiosk, int], object]
) -> None:
    past = [counted(NOON + n) for n in range(most)]
    given(Kiosk, *past[:-1]).when(lambda kiosk: count(kiosk, NOON + 100)).then(counted(NOON + 100))
    assert wait(Kiosk, past, lambda kiosk: count(kiosk, NOON + 100)) == 10 * MINUTE - 100
    given(Kiosk, *past).when(lambda kiosk: count(kiosk, NOON + 10 * MINUTE)).then(counted(NOON + 10 * MINUTE))
    assert len(given(Kiosk, *[counted(NOON + n * DAY) for n in range(50)]).aggregate.state()) == 2


def test_a_kiosks_requests_and_tries_are_counted_apart() -> None:
    requests = [RequestCounted(NOON)] * 20
    given(Kiosk, *requests).when(lambda kiosk: kiosk.count_try(NOON)).then(TryCounted(NOON))
