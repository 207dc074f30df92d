"""What the payments service says: payments, invoices, and its answers to the saga."""

from typing import Literal

from events.checkout import ConfirmPayment, VoidPayment
from events.registry import Event, Reply, Timer
from events.shapes import Cents

PaymentStatus = Literal["authorized", "confirmed", "settled", "voided", "refunded"]
InvoiceStatus = Literal["pending", "paid", "cancelled"]


class PaymentState(Event):
    """A payment as others may know it: what was authorised, and of that captured, released, refunded."""

    payment_id: str
    customer_id: str
    order_id: str | None
    authorized: Cents
    captured: Cents
    released: Cents
    refunded: Cents
    status: PaymentStatus


class PaymentAuthorized(PaymentState, source="payments", key="payment_id"):
    """A customer's money was set aside."""


class PaymentConfirmed(PaymentState, source="payments", key="payment_id"):
    """A payment serves an order, and no other from now on."""

    order_id: str


class PaymentVoided(PaymentState, source="payments", key="payment_id"):
    """A payment of which nothing was captured was let go."""


class PaymentRefunded(PaymentState, source="payments", key="payment_id"):
    """A part of what was captured, `refund`, went back to the customer; `refunded` is all that did so far."""

    refund: Cents


class InvoiceState(Event):
    """An invoice as others may know it; `amount` is what is owed."""

    invoice_id: str
    order_id: str
    payment_id: str
    amount: Cents
    status: InvoiceStatus


class InvoiceCreated(InvoiceState, source="payments", key="invoice_id"):
    """What is owed for an approved order was written down."""


class InvoiceAdjusted(InvoiceState, source="payments", key="invoice_id"):
    """Less is owed than before."""


class InvoicePaid(InvoiceState, source="payments", key="invoice_id"):
    """What is owed was captured from the payment."""


class InvoiceCancelled(InvoiceState, source="payments", key="invoice_id"):
    """Nothing is owed for the order, perhaps before anything was written down."""


class PaymentAccepted(Reply, source="payments", key="order_id", answers=ConfirmPayment):
    """The payment covers the order and serves it."""

    order_id: str


class PaymentRefused(Reply, source="payments", key="order_id", answers=ConfirmPayment):
    """The payment is unknown, another's, too small, or not free to serve the order."""

    order_id: str
    reason: str


class PaymentVoidAccepted(Reply, source="payments", key="order_id", answers=VoidPayment):
    """The payment does not serve the order and will not."""

    order_id: str


class RefundDue(Timer, source="payments", key="payment_id"):
    """The payment provider is to pay back a payment's refund; `number` counts a payment's refunds, from 1."""

    payment_id: str
    number: int
