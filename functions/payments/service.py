"""Use cases of payments and invoices.

An invoice and its payment change in one transaction; an invoice's id is its order's.
"""

from events.payments import OrderReconciliationDue
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository, change_together
from functions.kernel.runtime import context, ids
from functions.kernel.runtime.observe import Alarm
from functions.payments import views
from functions.payments.domain import Invoice, Payment
from functions.payments.provider import provider
from functions.payments.publish import publishes

payments = Repository(Payment, publishes)
invoices = Repository(Invoice, publishes)
money_differs = Alarm("MoneyDiffers", OrderReconciliationDue.about.name)


def authorize(customer_id: str, amount: int) -> str:
    """Authorize an amount (cents) of a customer's money and return the payment's id.

    Raises InvalidError, and NotFoundError for an unknown customer. The customer is looked up inside the decision, so
    a repeated request needs no look-up.
    """

    def decide(payment: Payment) -> None:
        payment.authorize(customer_id, amount)
        if not views.knows_customer(customer_id):
            raise NotFoundError("customer was not located")

    return payments.create(context.current().new_id(), decide).id


def payment(payment_id: str) -> Payment:
    """A payment as it is now. Raises NotFoundError."""
    return payments.get(payment_id)


def invoice(invoice_id: str) -> Invoice:
    """An invoice as it is now. Raises NotFoundError."""
    return invoices.get(invoice_id)


def confirm(payment_id: str, order_id: str, customer_id: str, amount: int) -> None:
    """Bind a payment to an order of this amount (cents). Raises NotFoundError, RefusedError."""
    payments.change(payment_id, lambda payment: payment.confirm(order_id, customer_id, amount))


def void(payment_id: str, order_id: str, customer_id: str) -> None:
    """Release the payment of an order that was cancelled or rejected. Raises NotFoundError."""
    payments.change(payment_id, lambda payment: payment.void(order_id, customer_id))


def create_or_reduce_invoice(order_id: str, payment_id: str, amount: int) -> None:
    """Create an order's invoice over what it owes (cents), or reduce it, as after a short pick; it never rises.

    What was captured beyond the reduced amount is refunded.
    """

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.create_or_reduce(payment_id, amount)
        payment.refund_beyond(order_id, invoice.amount)

    change_together((invoices, order_id), (payments, payment_id), decide, may_be_new=True)


def pay(invoice_id: str) -> None:
    """Pay an invoice: capture its amount from its payment. Raises NotFoundError, RefusedError."""

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.pay()
        payment.capture(invoice.id, invoice.amount)

    change_together((invoices, invoice_id), (payments, _payment_of(invoice_id)), decide)


def cancel_invoice(order_id: str, payment_id: str, customer_id: str) -> None:
    """Nothing is owed for an order that was cancelled or rejected: its payment is voided, or refunded if captured.

    The payment need not exist: an order that names an unknown payment is rejected.
    """

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.cancel(payment_id)
        payment.void(order_id, customer_id)
        payment.refund_beyond(order_id, invoice.amount)

    change_together((invoices, order_id), (payments, payment_id), decide, may_be_new=True)


def make_refund(payment_id: str, number: int) -> None:
    """Have the provider pay a requested refund, then record it as made. Raises NotFoundError, and what the port raises.

    After a crash in between, the reminder is redelivered and asks again under the same request id: the provider pays
    an id once, so a refund is made exactly once.
    """
    payment = payments.get(payment_id)
    refund = payment.refund(number)
    if refund.made:
        return
    provider().refund(payment_id, refund.amount, refund_request_id(payment_id, number))
    payments.change(payment_id, lambda payment: payment.refund_made(number))


def refund_request_id(payment_id: str, number: int) -> str:
    """The idempotency id of a refund at the provider, the same at each try: the provider pays an id once."""
    return ids.derive("refund", payment_id, number)


def refunds_made(payment: Payment) -> dict[str, int]:
    """The refunds of a payment that are recorded as made: cents by request id."""
    refunds = enumerate(payment.refunds, start=1)
    return {refund_request_id(payment.id, number): refund.amount for number, refund in refunds if refund.made}


def _payment_of(invoice_id: str) -> str:
    # Not `get`, which records the version that it reads as the answer's ETag.
    invoice = invoices.load(invoice_id).aggregate
    if invoice.is_new:
        raise NotFoundError(f"there is no invoice {invoice_id}")
    return invoice.payment_id
