"""Messages of the payments service: payments, invoices, and its replies to the saga."""

from typing import Any, Literal

from events.checkout import ConfirmPayment, VoidPayment
from events.registry import Event, Reply, Timer, upcasts
from events.shapes import Cents, Shape, Time

PaymentStatus = Literal["authorized", "confirmed", "settled", "voided", "refunded"]
InvoiceStatus = Literal["pending", "paid", "cancelled"]
DifferenceStatus = Literal["open", "cleared"]
OrdersToCompare = Literal["ended", "unfinished", "differing"]


class PaymentState(Event):
    """The public state of a payment: what was authorized, and of that captured, released, refunded."""

    payment_id: str
    customer_id: str
    order_id: str | None
    authorized: Cents
    captured: Cents
    released: Cents
    refunded: Cents
    status: PaymentStatus


class PaymentAuthorized(PaymentState, source="payments", key="payment_id"):
    """A payment was authorized."""


class PaymentConfirmed(PaymentState, source="payments", key="payment_id"):
    """A payment was bound to one order; it serves no other."""

    order_id: str


class PaymentVoided(PaymentState, source="payments", key="payment_id"):
    """A payment was released; nothing of it had been captured."""


class PaymentRefunded(PaymentState, source="payments", key="payment_id"):
    """`refund`, a part of what was captured, was paid back to the customer; `refunded` is the sum of all refunds."""

    refund: Cents


class InvoiceState(Event):
    """The public state of an invoice; `amount` is what is owed."""

    invoice_id: str
    order_id: str
    payment_id: str
    amount: Cents
    status: InvoiceStatus


class InvoiceCreated(InvoiceState, source="payments", key="invoice_id"):
    """The invoice of an approved order was created."""


class InvoiceAdjusted(InvoiceState, source="payments", key="invoice_id", version=2):
    """Less is owed: a short pick (`short_pick`), or the order of a paid invoice was cancelled (`cancelled`).

    Version 1 had no `reason`.
    """

    reason: Literal["short_pick", "cancelled"]


@upcasts(InvoiceAdjusted, from_version=1)
def _reason_by_amount(data: dict[str, Any]) -> dict[str, Any]:
    """Before version 2, only a cancellation reduced the amount to zero."""
    return {**data, "reason": "short_pick" if data["amount"] else "cancelled"}


class InvoicePaid(InvoiceState, source="payments", key="invoice_id"):
    """The amount owed was captured from the payment."""


class InvoiceCancelled(InvoiceState, source="payments", key="invoice_id"):
    """Nothing is owed for the order; it may have been cancelled before it had an invoice."""


class PaymentAccepted(Reply, source="payments", key="order_id", answers=ConfirmPayment):
    """The payment covers the order and is bound to it."""

    order_id: str


class PaymentRefused(Reply, source="payments", key="order_id", answers=ConfirmPayment):
    """The payment is unknown, another customer's, too small, or bound to another order."""

    order_id: str
    reason: str


class PaymentVoidAccepted(Reply, source="payments", key="order_id", answers=VoidPayment):
    """The payment is not bound to the order, and will not be."""

    order_id: str


class RefundDue(Timer, source="payments", key="payment_id"):
    """A refund must be made by the payment provider; `number` counts a payment's refunds, from 1."""

    payment_id: str
    number: int


class VoidDue(Timer, source="payments", key="payment_id"):
    """The payment provider must release what it holds of a payment."""

    payment_id: str


class UnconfirmedPaymentsDue(Timer, source="payments", key="time"):
    """The schedule for releasing payments that no order took."""

    time: Time


class Reason(Shape):
    """One discrepancy: the expected amount and the one that was found, in cents."""

    kind: str
    expected: int
    found: int


class DifferenceState(Event):
    """An order whose money does not add up; `difference_id` is the order's id.

    `reasons` are those found last; `since` is when the first of them was found or, if cleared, when none was left.
    """

    difference_id: str
    payment_id: str
    status: DifferenceStatus
    reasons: tuple[Reason, ...]
    since: Time


class DifferenceFound(DifferenceState, source="payments", key="difference_id"):
    """Order, invoice, payment and payment provider disagree, or disagree in another way than before."""


class DifferenceCleared(DifferenceState, source="payments", key="difference_id"):
    """A new comparison found no discrepancy."""


class ReconciliationDue(Timer, source="payments", key="time"):
    """The schedule of the reconciliation: of orders that ended on the day before, unfinished and differing ones."""

    time: Time


class ReconciliationPageDue(Timer, source="payments", key="time"):
    """One kind of orders must be reconciled, from a page on; `time` is when the reconciliation began.

    `ended` orders are those of the `day`. `after` is where the page begins, as the view store returned it.
    """

    orders: OrdersToCompare
    day: str
    after: str | None
    time: Time


class ReconciliationRunsDue(Timer, source="payments", key="time"):
    """The schedule for going on with reconciliations that have not come to their end."""

    time: Time


class OrderReconciliationDue(Timer, source="payments", key="order_id"):
    """The money of one order must be reconciled; `time` is when the reconciliation began."""

    order_id: str
    time: Time
