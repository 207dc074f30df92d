"""What one can do with payments and invoices.

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
    """Set a customer's money (cents) aside and return the payment's id.

    Raises InvalidError, and NotFoundError for no such customer. The customer is looked up inside the decision, so
    that a repeated request needs no looking up.
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
    """Let a payment serve an order of so many cents. Raises NotFoundError, RefusedError."""
    payments.change(payment_id, lambda payment: payment.confirm(order_id, customer_id, amount))


def void(payment_id: str, order_id: str, customer_id: str) -> None:
    """Let a payment go that an order named which is not to be. Raises NotFoundError."""
    payments.change(payment_id, lambda payment: payment.void(order_id, customer_id))


def bill(order_id: str, payment_id: str, amount: int) -> None:
    """Write down what an order owes (cents); once written it only falls, and what was captured beyond goes back."""

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.bill(payment_id, amount)
        payment.refund_beyond(order_id, invoice.amount)

    change_together((invoices, order_id), (payments, payment_id), decide, may_be_new=True)


def pay(invoice_id: str) -> None:
    """Capture what an invoice says. Raises NotFoundError, RefusedError."""

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.pay()
        payment.capture(invoice.id, invoice.amount)

    change_together((invoices, invoice_id), (payments, _payment_of(invoice_id)), decide)


def call_off(order_id: str, payment_id: str, customer_id: str) -> None:
    """An order was cancelled or rejected: nothing is owed for it, and its payment is voided or goes back.

    The payment need not be there: an order is rejected for naming none, too.
    """

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.cancel(payment_id)
        payment.void(order_id, customer_id)
        payment.refund_beyond(order_id, invoice.amount)

    change_together((invoices, order_id), (payments, payment_id), decide, may_be_new=True)


def make_refund(payment_id: str, number: int) -> None:
    """Have the provider pay a requested refund, then note that it did. Raises NotFoundError, and what the port raises.

    Whatever stops in between, the reminder comes again, and the same request id keeps the provider from paying twice.
    """
    payment = payments.get(payment_id)
    refund = payment.refund(number)
    if refund.made:
        return
    provider().refund(payment_id, refund.amount, refund_request_id(payment_id, number))
    payments.change(payment_id, lambda payment: payment.refund_made(number))


def refund_request_id(payment_id: str, number: int) -> str:
    """The id under which the provider is asked for a refund, however often: it pays an id once."""
    return ids.derive("refund", payment_id, number)


def refunds_made(payment: Payment) -> dict[str, int]:
    """The refunds of a payment that are recorded as made: cents by request id."""
    refunds = enumerate(payment.refunds, start=1)
    return {refund_request_id(payment.id, number): refund.amount for number, refund in refunds if refund.made}


def _payment_of(invoice_id: str) -> str:
    # Not `get`: what that reads counts as what the request is about, and its version would become the ETag.
    invoice = invoices.load(invoice_id).aggregate
    if invoice.is_new:
        raise NotFoundError(f"there is no invoice {invoice_id}")
    return invoice.payment_id
