"""Use cases of payments and invoices.

An invoice and its payment change in one transaction; an invoice's id is its order's.

The provider is asked to authorize and to capture before the commit, so that no answer promises what it refuses. A crash
in between leaves something at the provider that is not stored here. The repeated request asks under the same id, which
takes effect once, and stores it. Where none comes: a row, written first, has a sweep void the authorization; and the
void of a payment gives back what was captured of it. Voids and refunds follow their commit, which requests them.
"""

from collections.abc import Iterator
from datetime import timedelta

from events.payments import OrderReconciliationDue, RefundDue, UnconfirmedPaymentsDue, VoidDue
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.repository import Repository, change_together
from functions.kernel.messaging import known_customers
from functions.kernel.messaging.sweep import sweep
from functions.kernel.runtime import budget, clock, context, ids, runtime
from functions.kernel.runtime.observe import Alarm
from functions.kernel.runtime.ownership import must_be
from functions.kernel.runtime.runtime import Port
from functions.payments import views
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice
from functions.payments.provider import PaymentProvider, connect, in_trial
from functions.payments.publish import publishes
from functions.payments.views import Unconfirmed

payments = Repository(Payment, publishes, owner=lambda payment: payment.customer_id)
invoices = Repository(Invoice, publishes, owner=lambda invoice: _owes(invoice))
provider: Port[PaymentProvider] = Port("provider", connect=connect, in_trial=in_trial)
money_differs = Alarm("MoneyDiffers", OrderReconciliationDue.about.name)
payment_not_released = Alarm("PaymentNotReleased", UnconfirmedPaymentsDue.about.name)


def ask() -> PaymentProvider:
    """The provider, for one call. Raises UnavailableError when there is no time left for it."""
    budget.check()
    return provider()


def authorize(customer_id: str, amount: int) -> str:
    """Have the provider authorize an amount (cents) of a customer's money, and return the payment's id.

    Raises ForbiddenError for a customer other than the caller, InvalidError, NotFoundError for an unknown customer, and
    what the port raises. All is looked up and asked inside the decision: a repeated request needs neither. The request
    id names the customer: where an answer was lost, a request of staff for another customer under the same
    Idempotency-Key must not pass for the first one.
    """
    must_be(customer_id)

    def decide(payment: Payment) -> None:
        at = clock.stamp()
        payment.authorize(customer_id, amount, at)
        if not known_customers.knows(customer_id):
            raise NotFoundError("customer was not located")
        if payment.changes:
            views.await_confirmation(Unconfirmed(payment.id, at))  # before the provider holds anything
            views.point_to(customer_id, payment.id, at)
            ask().authorize(payment.id, customer_id, amount, ids.derive("authorize", payment.id, customer_id))

    return payments.create(context.current().new_id(), decide).id


def payment(payment_id: str) -> Payment:
    """A payment as it is now. Raises NotFoundError."""
    return payments.get(payment_id)


def invoice(invoice_id: str) -> Invoice:
    """An invoice as it is now. Raises NotFoundError."""
    return invoices.get(invoice_id)


def confirm(payment_id: str, order_id: str, customer_id: str, amount: int) -> None:
    """Bind a payment to an order of this amount (cents). Raises NotFoundError, RefusedError."""
    confirmed = payments.change(payment_id, lambda payment: payment.confirm(order_id, customer_id, amount))
    views.await_no_more(Unconfirmed(payment_id, confirmed.authorized_at))


def void(payment_id: str, order_id: str, customer_id: str) -> None:
    """Release the payment of an order that was cancelled or rejected. Raises NotFoundError."""
    payments.change(payment_id, lambda payment: payment.void(order_id, customer_id))


def create_or_reduce_invoice(order_id: str, payment_id: str, amount: int, customer_id: str) -> None:
    """Create an order's invoice over what it owes (cents), or reduce it, as after a short pick; it never rises.

    What was captured beyond the reduced amount is refunded.
    """

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.create_or_reduce(payment_id, amount, customer_id)
        payment.refund_beyond(order_id, invoice.amount)

    change_together((invoices, order_id), (payments, payment_id), decide, may_be_new=True)


def pay(invoice_id: str) -> None:
    """Pay an invoice: capture its amount from its payment.

    The request id at the provider is derived from the invoice, so it captures once however often it is asked. Where
    that was more than is owed by now (a short pick came before the commit), the difference is refunded. Raises
    NotFoundError, RefusedError, and what the port raises.
    """

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.pay()
        payment.must_cover(invoice.id, invoice.amount)
        payment.capture(invoice.id, _captured(invoice, payment))
        payment.refund_beyond(invoice.id, invoice.amount)

    change_together((invoices, invoice_id), (payments, _payment_of(invoice_id)), decide)


def cancel_invoice(order_id: str, payment_id: str, customer_id: str) -> None:
    """Nothing is owed for an order that was cancelled or rejected: its payment is voided, or refunded if captured.

    The payment need not exist: an order that names an unknown payment is rejected.
    """

    def decide(invoice: Invoice, payment: Payment) -> None:
        invoice.cancel(payment_id, customer_id)
        payment.void(order_id, customer_id)
        payment.refund_beyond(order_id, invoice.amount)

    change_together((invoices, order_id), (payments, payment_id), decide, may_be_new=True)


def release_unconfirmed() -> None:
    """Void all payments that no order took within PAYMENT_UNCONFIRMED seconds (a day).

    The sweep only commits: VoidDue asks the provider, so that no slow answer delays the other payments.
    """
    due = clock.now() - _longest_unconfirmed()
    sweep(views.unconfirmed_since(due), _release_found, payment_not_released)
    sweep(views.unconfirmed_before(due), _release_found_before, payment_not_released)


def release(payment_id: str) -> Payment:
    """Void a payment that no order took in time, or whose authorization was never stored; returns it as it is now.

    One that an order has taken meanwhile stays as it is: of the two changes, the later sees the earlier.
    """
    return payments.create(payment_id, lambda payment: payment.expire(clock.now(), _longest_unconfirmed()))


def _release_found(found: Unconfirmed) -> None:
    if release(found.id).status != "authorized":
        views.await_no_more(found)


def _release_found_before(payment_id: str) -> None:
    if release(payment_id).status != "authorized":
        views.drop_unconfirmed_before(payment_id)


def make_void(payment_id: str) -> None:
    """Have the provider release what it holds of a voided payment, then record it. Raises what the port raises.

    Crashes are handled as in `make_refund`.
    """
    if payments.get(payment_id).to_void:
        ask().void(payment_id, ids.derive("void", payment_id))
        payments.change(payment_id, lambda payment: payment.void_made())


def make_refund(payment_id: str, number: int) -> None:
    """Have the provider pay a requested refund, then record it as made. Raises NotFoundError, and what the port raises.

    After a crash in between, the reminder is redelivered and asks again under the same request id: the provider pays
    an id once, so a refund is made exactly once.
    """
    payment = payments.get(payment_id)
    refund = payment.refund(number)
    if refund.made:
        return
    ask().refund(payment_id, refund.amount, refund_request_id(payment_id, number))
    payments.change(payment_id, lambda payment: payment.refund_made(number))


def not_made(payment: Payment) -> Iterator[VoidDue | RefundDue]:
    """The reminders of what was requested of the provider for a payment and is not made."""
    if payment.to_void:
        yield VoidDue(payment_id=payment.id)
    for number, refund in enumerate(payment.refunds, start=1):
        if not refund.made:
            yield RefundDue(payment_id=payment.id, number=number)


def refund_request_id(payment_id: str, number: int) -> str:
    """The idempotency id of a refund at the provider, the same at each try: the provider pays an id once."""
    return ids.derive("refund", payment_id, number)


def refunds_made(payment: Payment) -> dict[str, int]:
    """The refunds of a payment that are recorded as made: cents by request id."""
    refunds = enumerate(payment.refunds, start=1)
    return {refund_request_id(payment.id, number): refund.amount for number, refund in refunds if refund.made}


def _captured(invoice: Invoice, payment: Payment) -> int:
    """What the provider captures for an invoice, in cents: what is owed or, if it was asked before, was owed then."""
    if not payment.is_known_to_provider:
        return invoice.amount
    return ask().capture(payment.id, invoice.amount, ids.derive("capture", invoice.id))


def _longest_unconfirmed() -> timedelta:
    return timedelta(seconds=float(runtime.current().setting("PAYMENT_UNCONFIRMED")))


def _payment_of(invoice_id: str) -> str:
    # Not `get`, which records the version that it reads as the answer's ETag.
    invoice = invoices.load(invoice_id).aggregate
    invoices.must_be_there(invoice)
    return invoice.payment_id


def _owes(invoice: Invoice) -> str | None:
    """The customer whose order an invoice is for; where earlier code did not keep that, whose payment serves it."""
    if invoice.customer_id:
        return invoice.customer_id
    payment = payments.load(invoice.payment_id).aggregate
    return payment.customer_id if payment.order_id == invoice.id else None
