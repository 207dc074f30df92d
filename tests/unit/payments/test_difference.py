"""Which differences a comparison of order, invoice, payment and provider finds, and how they are recorded."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from functions.payments.difference import Cleared, Difference, Found, Order, Reason, compare, compare_statement, is_own
from functions.payments.domain import Payment, Refund, Statement
from functions.payments.invoice import Invoice
from functions.payments.service import refund_request_id, refunds_made
from tests.support.given import given

AT = "2026-03-15T02:00:00.000000Z"
LATER = "2026-03-16T02:00:00.000000Z"
NOT_PAID_BACK = (Reason("payment_balance", 900, 1699),)
NOT_PAID = (Reason("order_not_paid", 900, 0),)

ORDER = Order("order-1", "ada", "payment-1", "completed", 900, paid=True, moved_at=AT)
INVOICE = Invoice("order-1", 3, "paid", "payment-1", 900)
PAYMENT = Payment("payment-1", 6, "settled", "ada", "order-1", 2000, 1699, 301, (Refund(799, made=True),))
REQUEST, SECOND = refund_request_id("payment-1", 1), refund_request_id("payment-1", 2)
STATEMENT = {REQUEST: 799}

UNPAID = replace(ORDER, status="ready", paid=False)
PENDING = replace(INVOICE, status="pending")
HELD = replace(PAYMENT, status="confirmed", captured=0, released=0, refunds=())
FREE = replace(HELD, status="authorized", order_id=None)
VOIDED = replace(HELD, status="voided", released=2000)
REJECTED = replace(UNPAID, status="rejected")
CANCELLED = replace(ORDER, status="cancelled")
INVOICE_CANCELLED = replace(INVOICE, status="cancelled", amount=0)
NONE_OWED = replace(INVOICE, amount=0)
REFUNDED = replace(PAYMENT, status="refunded", refunds=(Refund(799, made=True), Refund(900, made=True)))
NO_INVOICE, NO_PAYMENT = Invoice("order-1"), Payment("payment-1")


def reasons(
    order: Order, invoice: Invoice, payment: Payment, statement: Mapping[str, int] | None = None
) -> list[Reason]:
    found = list(compare(order, invoice, payment))
    if is_own(order, payment):
        found += compare_statement(payment, refunds_made(payment), Statement(refunds=statement or {}))
    return found


@pytest.mark.parametrize(
    ("order", "invoice", "payment", "statement"),
    [
        (replace(UNPAID, status="pending"), NO_INVOICE, FREE, {}),
        (replace(UNPAID, status="pending"), NO_INVOICE, HELD, {}),
        (replace(UNPAID, status="pending"), NO_INVOICE, NO_PAYMENT, {}),
        (replace(UNPAID, status="approved"), PENDING, HELD, {}),
        (UNPAID, PENDING, HELD, {}),
        (replace(UNPAID, paid=True), INVOICE, PAYMENT, STATEMENT),
        (ORDER, INVOICE, PAYMENT, STATEMENT),
        (ORDER, INVOICE, replace(PAYMENT, captured=900, released=1100, refunds=()), {}),
        (CANCELLED, NONE_OWED, REFUNDED, {REQUEST: 799, SECOND: 900}),
        (CANCELLED, INVOICE_CANCELLED, VOIDED, {}),
        (REJECTED, INVOICE_CANCELLED, VOIDED, {}),
        (REJECTED, INVOICE_CANCELLED, replace(VOIDED, order_id=None), {}),
        (REJECTED, INVOICE_CANCELLED, NO_PAYMENT, {}),
        (replace(ORDER, total=0), NONE_OWED, replace(HELD, status="settled", released=2000), {}),
    ],
)
def test_money_that_adds_up_gives_no_reason(
    order: Order, invoice: Invoice, payment: Payment, statement: Mapping[str, int]
) -> None:
    assert reasons(order, invoice, payment, statement) == []


@pytest.mark.parametrize(
    "payment",
    [
        replace(FREE, customer_id="bob"),
        replace(HELD, order_id="order-2"),
        replace(PAYMENT, order_id="order-2", customer_id="bob"),
    ],
)
def test_a_payment_that_never_served_the_order_is_not_compared(payment: Payment) -> None:
    assert reasons(REJECTED, INVOICE_CANCELLED, payment) == []


@pytest.mark.parametrize(
    ("order", "invoice", "payment", "statement", "reason"),
    [
        (UNPAID, NO_INVOICE, HELD, {}, Reason("invoice_missing", 900, 0)),
        (CANCELLED, NO_INVOICE, VOIDED, {}, Reason("invoice_missing", 0, 0)),
        (UNPAID, replace(PENDING, amount=1699), HELD, {}, Reason("invoice_amount", 900, 1699)),
        (replace(ORDER, paid=False, status="ready"), INVOICE, PAYMENT, STATEMENT, Reason("order_not_paid", 900, 0)),
        (ORDER, PENDING, HELD, {}, Reason("invoice_not_paid", 900, 0)),
        (CANCELLED, replace(PENDING, amount=0), VOIDED, {}, Reason("invoice_not_cancelled", 0, 0)),
        (UNPAID, PENDING, NO_PAYMENT, {}, Reason("payment_missing", 900, 0)),
        (UNPAID, PENDING, FREE, {}, Reason("payment_elsewhere", 900, 0)),
        (UNPAID, PENDING, replace(HELD, order_id="order-2"), {}, Reason("payment_elsewhere", 900, 0)),
        (UNPAID, PENDING, VOIDED, {}, Reason("payment_voided", 900, 0)),
        (CANCELLED, INVOICE_CANCELLED, HELD, {}, Reason("payment_not_voided", 2000, 0)),
        (REJECTED, INVOICE_CANCELLED, FREE, {}, Reason("payment_not_voided", 2000, 0)),
        (ORDER, INVOICE, replace(PAYMENT, released=300), STATEMENT, Reason("payment_released", 301, 300)),
        (
            CANCELLED,
            NONE_OWED,
            replace(REFUNDED, released=300),
            {REQUEST: 799, SECOND: 900},
            Reason("payment_released", 301, 300),
        ),
        (CANCELLED, INVOICE_CANCELLED, replace(VOIDED, released=0), {}, Reason("payment_released", 2000, 0)),
        (ORDER, INVOICE, replace(PAYMENT, refunds=(Refund(799),)), {}, Reason("payment_balance", 900, 1699)),
        (CANCELLED, NONE_OWED, PAYMENT, STATEMENT, Reason("payment_balance", 0, 900)),
        (ORDER, INVOICE, PAYMENT, {}, Reason("provider_statement", 799, 0)),
        (ORDER, INVOICE, PAYMENT, {**STATEMENT, "unknown": 1}, Reason("provider_statement", 799, 800)),
        (ORDER, INVOICE, PAYMENT, {"unknown": 799}, Reason("provider_statement", 799, 799)),
    ],
)
def test_each_difference_has_a_reason_with_the_expected_and_the_found_amount(
    order: Order, invoice: Invoice, payment: Payment, statement: Mapping[str, int], reason: Reason
) -> None:
    assert reasons(order, invoice, payment, statement) == [reason]


def test_all_differences_of_an_order_are_found() -> None:
    invoice = replace(PENDING, amount=1699)
    assert [reason.kind for reason in reasons(CANCELLED, invoice, replace(PAYMENT, released=0), {})] == [
        "invoice_amount",
        "invoice_not_cancelled",
        "payment_released",
        "payment_balance",
        "provider_statement",
    ]


def test_a_difference_is_found() -> None:
    (
        given(Difference)
        .when(lambda difference: difference.update("payment-1", NOT_PAID_BACK, AT))
        .then(Found("payment-1", NOT_PAID_BACK, AT))
        .then_state(status="open", payment_id="payment-1", reasons=NOT_PAID_BACK, since=AT)
    )


def test_nothing_is_recorded_of_an_order_without_differences() -> None:
    given(Difference).when(lambda difference: difference.update("payment-1", (), AT)).then_nothing()


def test_a_difference_is_recorded_once_however_often_it_is_compared() -> None:
    found = Found("payment-1", NOT_PAID_BACK, AT)
    given(Difference, found).when(
        lambda difference: difference.update("payment-1", NOT_PAID_BACK, LATER)
    ).then_nothing()


def test_a_difference_with_other_reasons_is_recorded_again_and_keeps_its_time() -> None:
    (
        given(Difference, Found("payment-1", NOT_PAID_BACK, AT))
        .when(lambda difference: difference.update("payment-1", NOT_PAID, LATER))
        .then(Found("payment-1", NOT_PAID, LATER))
        .then_state(status="open", reasons=NOT_PAID, since=AT)
    )


def test_a_difference_is_cleared_when_the_money_adds_up_and_keeps_its_last_reasons() -> None:
    (
        given(Difference, Found("payment-1", NOT_PAID_BACK, AT))
        .when(lambda difference: difference.update("payment-1", (), LATER))
        .then(Cleared(LATER))
        .then_state(status="cleared", reasons=NOT_PAID_BACK, since=LATER)
    )


def test_a_cleared_difference_is_not_cleared_again() -> None:
    events = Found("payment-1", NOT_PAID_BACK, AT), Cleared(AT)
    given(Difference, *events).when(lambda difference: difference.update("payment-1", (), LATER)).then_nothing()


def test_a_cleared_difference_that_comes_back_opens_again_with_a_new_time() -> None:
    (
        given(Difference, Found("payment-1", NOT_PAID_BACK, AT), Cleared(AT))
        .when(lambda difference: difference.update("payment-1", NOT_PAID_BACK, LATER))
        .then(Found("payment-1", NOT_PAID_BACK, LATER))
        .then_state(status="open", since=LATER)
    )
