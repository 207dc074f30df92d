"""The rules of an invoice."""

import pytest

from functions.kernel.domain.aggregate import DomainEvent
from functions.payments.invoice import Adjusted, Billed, Cancelled, Invoice, Paid
from tests.support.given import given

BILLED = Billed("payment-1", 1699, "customer-1")
SHORT_PICK = Adjusted(900, "short_pick")
INVOICE_CANCELLED = Adjusted(0, "cancelled")


def test_an_invoice_records_what_is_owed_and_by_which_payment() -> None:
    given(Invoice).when(lambda i: i.create_or_reduce("payment-1", 1699, "customer-1")).then(BILLED).then_state(
        status="pending", payment_id="payment-1", amount=1699
    )


def test_an_order_that_costs_nothing_has_an_invoice_too() -> None:
    given(Invoice).when(lambda i: i.create_or_reduce("payment-1", 0, "customer-1")).then(
        Billed("payment-1", 0, "customer-1")
    ).then_state(status="pending", amount=0)


def test_an_invoice_is_created_once() -> None:
    given(Invoice, BILLED).when(lambda i: i.create_or_reduce("payment-1", 1699, "customer-1")).then_nothing()


def test_a_short_pick_lowers_what_is_owed() -> None:
    given(Invoice, BILLED).when(lambda i: i.create_or_reduce("payment-1", 900, "customer-1")).then(
        SHORT_PICK
    ).then_state(status="pending", amount=900)


def test_a_short_pick_lowers_what_is_owed_after_it_was_paid() -> None:
    given(Invoice, BILLED, Paid()).when(lambda i: i.create_or_reduce("payment-1", 900, "customer-1")).then(
        Adjusted(900, "short_pick")
    ).then_state(status="paid", amount=900)


@pytest.mark.parametrize("past", [(BILLED,), (BILLED, Paid()), (BILLED, SHORT_PICK), (BILLED, INVOICE_CANCELLED)])
def test_what_is_owed_never_rises(past: tuple[DomainEvent, ...]) -> None:
    given(Invoice, *past).when(lambda i: i.create_or_reduce("payment-1", 1700, "customer-1")).then_nothing()


def test_a_pending_invoice_is_paid() -> None:
    given(Invoice, BILLED).when(lambda i: i.pay()).then(Paid()).then_state(status="paid", amount=1699)


@pytest.mark.parametrize(("end", "status"), [(Paid(), "paid"), (Cancelled("payment-1", "customer-1"), "cancelled")])
def test_an_invoice_is_paid_once_and_not_when_it_was_cancelled(end: DomainEvent, status: str) -> None:
    given(Invoice, BILLED, end).when(lambda i: i.pay()).then_refused(f"the invoice is {status}")


def test_a_cancelled_invoice_owes_nothing() -> None:
    given(Invoice, BILLED).when(lambda i: i.cancel("payment-1", "customer-1")).then(
        Cancelled("payment-1", "customer-1")
    ).then_state(status="cancelled", amount=0)


def test_a_paid_invoice_that_is_cancelled_stays_paid_and_owes_nothing() -> None:
    given(Invoice, BILLED, Paid()).when(lambda i: i.cancel("payment-1", "customer-1")).then(
        INVOICE_CANCELLED
    ).then_state(status="paid", amount=0)


def test_a_cancellation_of_a_paid_invoice_over_one_cent_reduces_it_too() -> None:
    given(Invoice, Billed("payment-1", 1, "customer-1"), Paid()).when(
        lambda i: i.cancel("payment-1", "customer-1")
    ).then(INVOICE_CANCELLED)


def test_a_cancellation_before_the_approval_records_a_cancelled_invoice() -> None:
    given(Invoice).when(lambda i: i.cancel("payment-1", "customer-1")).then(
        Cancelled("payment-1", "customer-1")
    ).then_state(status="cancelled", payment_id="payment-1", amount=0)


def test_an_approval_after_the_cancellation_changes_nothing() -> None:
    given(Invoice, Cancelled("payment-1", "customer-1")).when(
        lambda i: i.create_or_reduce("payment-1", 1699, "customer-1")
    ).then_nothing().then_state(status="cancelled", amount=0)


@pytest.mark.parametrize("past", [(Cancelled("payment-1", "customer-1"),), (BILLED, Paid(), INVOICE_CANCELLED)])
def test_a_second_cancellation_changes_nothing(past: tuple[DomainEvent, ...]) -> None:
    given(Invoice, *past).when(lambda i: i.cancel("payment-1", "customer-1")).then_nothing()
