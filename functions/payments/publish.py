"""What the payments service publishes. No event of its own says that money was captured: InvoicePaid does."""

from dataclasses import asdict
from typing import Any

from events.payments import (
    DifferenceCleared,
    DifferenceFound,
    InvoiceAdjusted,
    InvoiceCancelled,
    InvoiceCreated,
    InvoicePaid,
    PaymentAuthorized,
    PaymentConfirmed,
    PaymentRefunded,
    PaymentVoided,
    Reason,
    ReconciliationPageDue,
    RefundDue,
    VoidDue,
)
from functions.kernel.eventstore.publish import Publisher, Reminder
from functions.payments.difference import Cleared, Difference, Found
from functions.payments.domain import Abandoned, Authorized, Confirmed, Payment, Refunded, RefundRequested, Voided
from functions.payments.invoice import Adjusted, Billed, Cancelled, Invoice, Paid
from functions.payments.runs import Asked, Reconciliation

publishes = Publisher("payments")


@publishes(Authorized)
def payment_authorized(payment: Payment, event: Authorized) -> PaymentAuthorized:
    return PaymentAuthorized(**_payment(payment))


@publishes(Confirmed)
def payment_confirmed(payment: Payment, event: Confirmed) -> PaymentConfirmed:
    return PaymentConfirmed(**_payment(payment))


@publishes(Voided)
def payment_voided(payment: Payment, event: Voided) -> PaymentVoided:
    return PaymentVoided(**_payment(payment))


@publishes.reminder(Abandoned)
@publishes.reminder(Voided)
def void_due(payment: Payment, event: Abandoned | Voided) -> Reminder | None:
    return Reminder(VoidDue(payment_id=payment.id), after=0) if payment.to_void else None


@publishes.reminder(RefundRequested)
def refund_due(payment: Payment, event: RefundRequested) -> Reminder:
    return Reminder(RefundDue(payment_id=payment.id, number=event.number), after=0)


@publishes(Refunded)
def payment_refunded(payment: Payment, event: Refunded) -> PaymentRefunded:
    return PaymentRefunded(**_payment(payment), refund=event.amount)


@publishes(Billed)
def invoice_created(invoice: Invoice, event: Billed) -> InvoiceCreated:
    return InvoiceCreated(**_invoice(invoice))


@publishes(Adjusted)
def invoice_adjusted(invoice: Invoice, event: Adjusted) -> InvoiceAdjusted:
    return InvoiceAdjusted(**_invoice(invoice), reason=event.reason)


@publishes(Paid)
def invoice_paid(invoice: Invoice, event: Paid) -> InvoicePaid:
    return InvoicePaid(**_invoice(invoice))


@publishes(Cancelled)
def invoice_cancelled(invoice: Invoice, event: Cancelled) -> InvoiceCancelled:
    return InvoiceCancelled(**_invoice(invoice))


@publishes(Found)
def difference_found(difference: Difference, event: Found) -> DifferenceFound:
    return DifferenceFound(**_difference(difference))


@publishes(Cleared)
def difference_cleared(difference: Difference, event: Cleared) -> DifferenceCleared:
    return DifferenceCleared(**_difference(difference))


@publishes.reminder(Asked)
def page_due(reconciliation: Reconciliation, event: Asked) -> Reminder:
    page = ReconciliationPageDue(orders=event.orders, day=event.day, after=None, time=event.time)
    return Reminder(page, after=0)


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "payment_id": payment.id,
        "customer_id": payment.customer_id,
        "order_id": payment.order_id,
        "authorized": payment.authorized,
        "captured": payment.captured,
        "released": payment.released,
        "refunded": payment.refunded,
        "status": payment.status,
    }


def _invoice(invoice: Invoice) -> dict[str, Any]:
    return {
        "invoice_id": invoice.id,
        "order_id": invoice.id,
        "payment_id": invoice.payment_id,
        "amount": invoice.amount,
        "status": invoice.status,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "difference_id": difference.id,
        "payment_id": difference.payment_id,
        "status": difference.status,
        "reasons": tuple(Reason(**asdict(reason)) for reason in difference.reasons),
        "since": difference.since,
    }
