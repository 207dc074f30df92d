"""The rules of an invoice."""

import pytest

from functions.kernel.domain.aggregate import DomainEvent
from functions.payments.domain import Adjusted, Billed, Cancelled, Invoice, Paid
from tests.support.given import given

BILLED = Billed("payment-1", 1699)
SHORT = Adjusted(900, "short_pick")
CALLED_OFF = Adjusted(0, "cancelled")


def test_an_invoice_says_what_is_owed_and_by_which_payment() -> None:
    given(Invoice).when(lambda i: i.bill("payment-1", 1699)).then(BILLED).then_state(
        status="pending", payment_id="payment-1", amount=1699
    )


def test_an_order_that_costs_nothing_has_an_invoice_too() -> None:
    given(Invoice).when(lambda i: i.bill("payment-1", 0)).then(Billed("payment-1", 0)).then_state(
        status="pending", amount=0
    )


def test_an_invoice_is_made_once() -> None:
    given(Invoice, BILLED).when(lambda i: i.bill("payment-1", 1699)).then_nothing()


def test_a_short_pick_lowers_what_is_owed() -> None:
    given(Invoice, BILLED).when(lambda i: i.bill("payment-1", 900)).then(SHORT).then_state(status="pending", amount=900)


def test_a_short_pick_lowers_what_is_owed_after_it_was_paid() -> None:
    given(Invoice, BILLED, Paid()).when(lambda i: i.bill("payment-1", 900)).then(
        Adjusted(900, "short_pick")
    ).then_state(status="paid", amount=900)


@pytest.mark.parametrize("past", [(BILLED,), (BILLED, Paid()), (BILLED, SHORT), (BILLED, CALLED_OFF)])
def test_what_is_owed_never_rises(past: tuple[DomainEvent, ...]) -> None:
    given(Invoice, *past).when(lambda i: i.bill("payment-1", 1700)).then_nothing()


def test_a_pending_invoice_is_paid() -> None:
    given(Invoice, BILLED).when(lambda i: i.pay()).then(Paid()).then_state(status="paid", amount=1699)


@pytest.mark.parametrize(("end", "status"), [(Paid(), "paid"), (Cancelled("payment-1"), "cancelled")])
def test_an_invoice_is_paid_once_and_not_when_it_was_cancelled(end: DomainEvent, status: str) -> None:
    given(Invoice, BILLED, end).when(lambda i: i.pay()).then_refused(f"the invoice is {status}")


def test_a_cancelled_invoice_owes_nothing() -> None:
    given(Invoice, BILLED).when(lambda i: i.cancel("payment-1")).then(Cancelled("payment-1")).then_state(
        status="cancelled", amount=0
    )


def test_a_paid_invoice_that_is_cancelled_stays_paid_and_owes_nothing() -> None:
    given(Invoice, BILLED, Paid()).when(lambda i: i.cancel("payment-1")).then(CALLED_OFF).then_state(
        status="paid", amount=0
    )


def test_the_last_cent_of_a_paid_invoice_is_not_owed_either() -> None:
    given(Invoice, Billed("payment-1", 1), Paid()).when(lambda i: i.cancel("payment-1")).then(CALLED_OFF)


def test_a_cancellation_before_the_approval_records_a_cancelled_invoice() -> None:
    given(Invoice).when(lambda i: i.cancel("payment-1")).then(Cancelled("payment-1")).then_state(
        status="cancelled", payment_id="payment-1", amount=0
    )


def test_an_approval_after_the_cancellation_changes_nothing() -> None:
    given(Invoice, Cancelled("payment-1")).when(lambda i: i.bill("payment-1", 1699)).then_nothing().then_state(
        status="cancelled", amount=0
    )


@pytest.mark.parametrize("past", [(Cancelled("payment-1"),), (BILLED, Paid(), CALLED_OFF)])
def test_a_second_cancellation_changes_nothing(past: tuple[DomainEvent, ...]) -> None:
    given(Invoice, *past).when(lambda i: i.cancel("payment-1")).then_nothing()
