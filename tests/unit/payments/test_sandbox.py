"""The sandbox provider: how an amount decides its behaviour, and that each request takes effect once."""

from collections.abc import Iterator

import pytest

from functions.kernel.domain.errors import InvalidError, RefusedError, UnavailableError
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.runtime import active, current
from functions.kernel.runtime.views import Row
from functions.payments.domain import Statement
from functions.payments.sandbox import SandboxProvider
from functions.payments.service import provider
from tests.support.runtime import memory_runtime


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    with active(memory_runtime("payments")):
        yield


def refund(amount: int, request_id: str = "request-1", payment_id: str = "payment-1") -> str:
    """Request a refund of a sandbox that was just started; "paid" or the error's code."""
    try:
        SandboxProvider().refund(payment_id, amount, request_id)
    except (RefusedError, UnavailableError) as error:
        return error.code
    return "paid"


def paid(payment_id: str = "payment-1") -> dict[str, int]:
    return dict(SandboxProvider().statement(payment_id).refunds)


def statement() -> Statement:
    return SandboxProvider().statement("payment-1")


def authorize(amount: int = 2000, request_id: str = "authorize", payment_id: str = "payment-1") -> None:
    SandboxProvider().authorize(payment_id, "ada", amount, request_id)


def capture(amount: int, request_id: str = "capture") -> int:
    return SandboxProvider().capture("payment-1", amount, request_id)


def void() -> None:
    SandboxProvider().void("payment-1", "void")


def test_it_is_the_provider_that_its_import_path_names() -> None:
    assert isinstance(provider(), SandboxProvider)


def test_an_ordinary_amount_is_paid_once_however_often_it_is_requested() -> None:
    assert [refund(799) for _ in range(3)] == ["paid"] * 3
    assert paid() == {"request-1": 799}


def test_an_amount_that_ends_in_13_is_always_refused() -> None:
    assert [refund(4213) for _ in range(3)] == ["refused"] * 3
    assert paid() == {}


def test_an_amount_that_ends_in_14_is_refused_once_and_then_paid() -> None:
    assert refund(4214) == "refused"
    assert paid() == {}
    assert [refund(4214), refund(4214)] == ["paid", "paid"]
    assert paid() == {"request-1": 4214}


def test_an_amount_that_ends_in_17_is_paid_although_the_first_answer_is_lost() -> None:
    assert refund(17) == "unavailable"
    assert paid() == {"request-1": 17}
    assert refund(17) == "paid"
    assert paid() == {"request-1": 17}


def test_an_amount_that_ends_in_19_is_paid_at_the_second_request() -> None:
    assert refund(119) == "unavailable"
    assert paid() == {}
    assert refund(119) == "paid"
    assert paid() == {"request-1": 119}


@pytest.mark.parametrize("amount", [799, 4217])
def test_a_request_that_took_effect_with_another_amount_is_an_error_and_pays_nothing(amount: int) -> None:
    refund(amount)
    before = paid()
    with pytest.raises(InvalidError, match="this request id was used for another amount"):
        refund(amount + 100)
    assert paid() == before


def test_the_statement_of_a_payment_has_all_its_refunds_and_no_others() -> None:
    for number in range(120):
        refund(100, f"request-{number:03}")
    refund(200, "request-of-another", "payment-2")
    assert paid() == {f"request-{number:03}": 100 for number in range(120)}
    assert paid("payment-2") == {"request-of-another": 200}
    assert paid("payment-3") == {}


def test_one_of_two_equal_requests_at_the_same_time_is_unavailable() -> None:
    class Raced(MemoryViews):
        """The other request is written between this one's read and write."""

        def put(self, row: Row, version: int) -> bool:
            super().put(row, version)
            return super().put(row, version)

    current().views = Raced()
    assert [refund(799), refund(799)] == ["unavailable", "paid"]
    assert paid() == {"request-1": 799}


def test_an_unknown_payment_has_an_empty_statement_holds_nothing_and_can_be_voided() -> None:
    assert statement() == Statement()
    with pytest.raises(RefusedError, match="does not hold so much"):
        capture(1)
    void()
    with pytest.raises(RefusedError, match="has released this payment"):
        authorize()


def test_it_authorizes_once_for_each_request() -> None:
    authorize()
    authorize()
    assert statement() == Statement(held=2000)
    with pytest.raises(InvalidError, match="this request id was used for another amount"):
        authorize(2001)


def test_a_capture_releases_the_rest_and_is_answered_alike_whatever_amount_comes_again() -> None:
    authorize()
    assert [capture(1699), capture(1699), capture(900)] == [1699, 1699, 1699]
    assert statement() == Statement(captured=1699)
    with pytest.raises(RefusedError, match="does not hold so much"):
        capture(100, "another")


@pytest.mark.parametrize(("amount", "raised"), [(100_000_013, RefusedError), (100_000_019, UnavailableError)])
def test_a_capture_that_took_no_effect_may_be_asked_for_less(amount: int, raised: type[Exception]) -> None:
    authorize(200_000_000)
    with pytest.raises(raised):
        capture(amount)
    assert [capture(amount - 500), capture(amount)] == [amount - 500] * 2
    assert statement() == Statement(captured=amount - 500)


def test_a_refused_refund_may_be_asked_for_another_amount() -> None:
    assert [refund(4213), refund(4200)] == ["refused", "paid"]
    assert paid() == {"request-1": 4200}


def test_an_authorized_payment_is_refused_under_another_request_id() -> None:
    authorize()
    with pytest.raises(RefusedError, match="has authorized this payment for another request"):
        authorize(request_id="another customer's")
    assert statement() == Statement(held=2000)


def test_a_declined_authorization_leaves_the_payment_to_another_request() -> None:
    with pytest.raises(RefusedError, match="the provider declines this payment"):
        authorize(100_000_013)
    authorize(2000, "another customer's")
    assert statement() == Statement(held=2000)


def test_a_capture_of_nothing_releases_all() -> None:
    authorize()
    assert capture(0) == 0
    assert statement() == Statement()


@pytest.mark.parametrize("captured", [None, 1699])
def test_a_void_releases_what_is_held_gives_back_what_was_captured_and_is_final(captured: int | None) -> None:
    authorize()
    if captured:
        capture(captured)
    void()
    void()
    assert statement() == Statement()
    with pytest.raises(RefusedError, match="has released this payment"):
        capture(1699)
    with pytest.raises(RefusedError, match="has released this payment"):
        authorize()


def test_authorizations_around_a_million_can_be_declined_or_unanswered_at_first() -> None:
    with pytest.raises(RefusedError, match="the provider declines this payment"):
        authorize(100_000_013)
    with pytest.raises(UnavailableError):
        authorize(100_000_017, "lost")
    authorize(100_000_017, "lost")
    assert statement() == Statement(held=100_000_017)
    authorize(4213, "an everyday amount", "payment-2")


def test_refunds_in_its_books_from_before_it_did_anything_else_are_in_the_statement() -> None:
    entry = {"request_id": "request-1", "amount": 799, "asked": 1, "paid": True}
    current().views.put(Row("sandbox provider: payment-1", "request-1", entry), 1)
    assert paid() == {"request-1": 799}
    assert refund(799) == "paid"
