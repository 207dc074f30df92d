"""Comparing an order with its invoice, its payment and the provider's statement, and recording the differences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from functions.kernel.domain.aggregate import Aggregate, DomainEvent, applies
from functions.payments.domain import Payment, Statement
from functions.payments.invoice import Invoice

ACCEPTED = ("approved", "ready", "completed")
ENDED = ("completed", "rejected", "cancelled")

Kind = Literal[
    "order_not_heard",
    "order_not_paid",
    "invoice_missing",
    "invoice_amount",
    "invoice_not_paid",
    "invoice_not_cancelled",
    "payment_missing",
    "payment_elsewhere",
    "payment_voided",
    "payment_not_voided",
    "payment_released",
    "payment_balance",
    "provider_held",
    "provider_captured",
    "provider_statement",
]


@dataclass(frozen=True)
class Reason:
    """One difference: the amount that was expected and the one that was found, in cents."""

    kind: Kind
    expected: int
    found: int


@dataclass(frozen=True)
class Order:
    """An order as its money is compared with it. total: in cents. moved_at: when it last changed (RFC 3339)."""

    id: str
    customer_id: str
    payment_id: str
    status: str
    total: int
    paid: bool
    moved_at: str

    @property
    def owed(self) -> int:
        """What its customer owes, in cents: nothing when it was rejected or cancelled."""
        return self.total if self.status in ACCEPTED else 0


@dataclass(frozen=True)
class Found(DomainEvent):
    """A comparison found differences, or others than before. `at`: RFC 3339."""

    payment_id: str
    reasons: tuple[Reason, ...]
    at: str


@dataclass(frozen=True)
class Cleared(DomainEvent):
    """A later comparison found no difference. `at`: RFC 3339."""

    at: str


@dataclass
class Difference(Aggregate):
    """open ⇄ cleared; its id is the order's. reasons: those found last. since: when its status changed (RFC 3339)."""

    status: str = ""
    payment_id: str = ""
    reasons: tuple[Reason, ...] = ()
    since: str = ""

    def update(self, payment_id: str, reasons: tuple[Reason, ...], at: str) -> None:
        """Record what a comparison found, if it differs from what is recorded."""
        if reasons and (self.status, self.reasons) != ("open", reasons):
            self.record(Found(payment_id, reasons, at))
        elif not reasons and self.status == "open":
            self.record(Cleared(at))

    @applies(Found)
    def _found(self, event: Found) -> None:
        self.since = self.since if self.status == "open" else event.at
        self.status = "open"
        self.payment_id = event.payment_id
        self.reasons = event.reasons

    @applies(Cleared)
    def _cleared(self, event: Cleared) -> None:
        self.status = "cleared"
        self.since = event.at


def compare(order: Order, invoice: Invoice, payment: Payment) -> Iterator[Reason]:
    """The differences of an order's money; an invoice or payment that does not exist is given as a new one.

    A payment that an order named and that never served it (another customer's, or one that serves another order) is
    not compared.
    """
    yield from _invoice_reasons(order, invoice)
    if order.status in ACCEPTED and payment.is_new:
        yield Reason("payment_missing", order.owed, 0)
    elif order.status in ACCEPTED and payment.order_id != order.id:
        yield Reason("payment_elsewhere", order.owed, 0)
    elif is_own(order, payment):
        yield from _payment_reasons(order, invoice, payment)


def compare_statement(payment: Payment, refunds: Mapping[str, int], statement: Statement) -> Iterator[Reason]:
    """The differences between a payment, with the refunds made by request id (cents), and the provider's statement."""
    if payment.is_known_to_provider:
        held = payment.authorized if payment.status in ("authorized", "confirmed") else 0
        if statement.held != held:
            yield Reason("provider_held", held, statement.held)
        if statement.captured != payment.captured:
            yield Reason("provider_captured", payment.captured, statement.captured)
    if statement.refunds != refunds:
        yield Reason("provider_statement", sum(refunds.values()), sum(statement.refunds.values()))


def is_own(order: Order, payment: Payment) -> bool:
    """Whether a payment serves an order, or would have if the order had been approved."""
    if payment.order_id is not None:
        return payment.order_id == order.id
    return not payment.is_new and payment.customer_id == order.customer_id


def _invoice_reasons(order: Order, invoice: Invoice) -> Iterator[Reason]:
    if order.status == "pending":
        return
    if invoice.is_new:
        yield Reason("invoice_missing", order.owed, 0)
        return
    if invoice.amount != order.owed:
        yield Reason("invoice_amount", order.owed, invoice.amount)
    if order.status in ACCEPTED and invoice.status == "paid" and not order.paid:
        yield Reason("order_not_paid", invoice.amount, 0)
    if order.status in ACCEPTED and invoice.status != "paid" and order.paid:
        yield Reason("invoice_not_paid", order.owed, 0)
    if order.status not in ACCEPTED and invoice.status == "pending":
        yield Reason("invoice_not_cancelled", 0, invoice.amount)


def _payment_reasons(order: Order, invoice: Invoice, payment: Payment) -> Iterator[Reason]:
    accounted = payment.captured + payment.released
    if payment.status in ("settled", "refunded", "voided") and accounted != payment.authorized:
        yield Reason("payment_released", payment.authorized - payment.captured, payment.released)
    if order.status in ACCEPTED and payment.status == "voided":
        yield Reason("payment_voided", order.owed, 0)
    if order.status in ("rejected", "cancelled") and payment.status in ("authorized", "confirmed"):
        yield Reason("payment_not_voided", payment.authorized, payment.released)
    due = order.owed if invoice.status == "paid" else 0
    if payment.captured - payment.refunded != due:
        yield Reason("payment_balance", due, payment.captured - payment.refunded)
