"""What the payments service says: payments, invoices, and its answers to the saga."""

from typing import Any, Literal

from events.checkout import ConfirmPayment, VoidPayment
from events.registry import Event, Reply, Timer, upcasts
from events.shapes import Cents, Shape, Time

PaymentStatus = Literal["authorized", "confirmed", "settled", "voided", "refunded"]
InvoiceStatus = Literal["pending", "paid", "cancelled"]
DifferenceStatus = Literal["open", "cleared"]
OrdersToCompare = Literal["ended", "unfinished", "differing"]


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


class InvoiceAdjusted(InvoiceState, source="payments", key="invoice_id", version=2):
    """Less is owed than before: something was not found (`short_pick`), or the order of a paid invoice was cancelled.

    Version 1 had no `reason`.
    """

    reason: Literal["short_pick", "cancelled"]


@upcasts(InvoiceAdjusted, from_version=1)
def _reason_by_amount(data: dict[str, Any]) -> dict[str, Any]:
    """Nothing was owed any more only after a cancellation."""
    return {**data, "reason": "short_pick" if data["amount"] else "cancelled"}


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


class Reason(Shape):
    """One thing that does not fit: the amount that was expected and the one that was found, in cents."""

    kind: str
    expected: int
    found: int


class DifferenceState(Event):
    """An order whose money does not add up; `difference_id` is the order's id.

    `reasons` are those found last, `since` is when the first of them was found or, cleared, when none was left.
    """

    difference_id: str
    payment_id: str
    status: DifferenceStatus
    reasons: tuple[Reason, ...]
    since: Time


class DifferenceFound(DifferenceState, source="payments", key="difference_id"):
    """Order, invoice, payment and payment provider do not say the same, or differ in another way than before."""


class DifferenceCleared(DifferenceState, source="payments", key="difference_id"):
    """What differed was compared again, and everything fits."""


class ReconciliationDue(Timer, source="payments", key="time"):
    """What is known of the money of orders is to be compared: of those that ended on the day before, and others."""

    time: Time


class ReconciliationPageDue(Timer, source="payments", key="time"):
    """A page of one kind of orders is to be gone through; `time` is when the reconciliation began.

    `ended` orders are those of the `day`. `after` is where the page begins, as the store of the rows gave it.
    """

    orders: OrdersToCompare
    day: str
    after: str | None
    time: Time


class OrderReconciliationDue(Timer, source="payments", key="order_id"):
    """What is known of one order's money is to be compared; `time` is when the reconciliation began."""

    order_id: str
    time: Time
