"""The books of payments: what was seen of orders, invoices and payments, and how it must add up with the bank."""

import json
from dataclasses import dataclass, field

from hypothesis.stateful import RuleBasedStateMachine, invariant

from events.payments import PaymentAccepted
from events.registry import Message
from functions.kernel.runtime.runtime import active
from functions.payments import difference, service
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice
from tests.support.contention import ContendedStore
from tests.unit.payments.till import Till


@dataclass
class Order:
    """An order as the ordering service has it."""

    id: str
    customer_id: str
    payment_id: str
    total: int
    status: str = "pending"


@dataclass
class Seen:
    """The invoices and payments before the latest step."""

    invoices: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)


class Books(RuleBasedStateMachine):
    """Orders of two customers, and what must hold of their money at every moment and in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.store = ContendedStore()
        self.till = Till(self.store)
        self._active = active(self.till.runtime)
        self._active.__enter__()
        self.orders: list[Order] = []
        self.payments: list[str] = []
        self.underway: list[Message] = []
        self.seen = Seen()
        self.released: set[str] = set()
        self.attempts = 0

    @invariant()
    def it_adds_up(self) -> None:
        now = Seen(
            {order.id: found for order in self.orders if (found := service.invoices.find(order.id))},
            {payment_id: service.payment(payment_id) for payment_id in self.payments},
        )
        for payment in now.payments.values():
            self.check_payment(payment, now)
        for order in self.accepted("pending", "approved", "ready", "cancelled", "rejected"):
            serving = now.payments[order.payment_id]
            assert serving.order_id == order.id
            assert serving.authorized >= order.total
        for order_id, before in self.seen.invoices.items():
            check_invoice(before, now.invoices[order_id])
        self.seen = now

    @invariant()
    def nothing_requested_is_forgotten(self) -> None:
        self.till.relay()
        reminders = [json.loads(sent.body)["detail"] for sent in self.till.queue.sent + self.till.dead_letters.sent]
        reminded = [body["data"] for body in reminders]
        for payment_id in self.payments:
            for reminder in service.not_made(service.payment(payment_id)):
                assert reminder.model_dump() in reminded

    def check_payment(self, payment: Payment, now: Seen) -> None:
        accounted = payment.captured + payment.released
        assert accounted <= payment.authorized
        assert (payment.status in ("settled", "refunded", "voided")) == (accounted == payment.authorized)

        invoice = now.invoices.get(payment.order_id or "")
        assert payment.kept == (invoice.amount if invoice and invoice.status == "paid" else 0)

        requested = payment.captured - payment.kept
        assert 0 <= payment.refunded <= self.till.bank.paid_back(payment.id) <= requested <= payment.captured

        bank = self.till.bank
        if payment.captured:
            assert (bank.captured(payment.id), payment.id in bank.held) == (payment.captured, False)
        elif payment.status == "voided":
            assert payment.to_void or payment.id in bank.voided
        elif payment.id not in bank.captures and payment.status != "settled":
            assert bank.held[payment.id] == payment.authorized

        if payment.order_id:
            served = next(order for order in self.orders if order.id == payment.order_id)
            assert (served.payment_id, served.customer_id) == (payment.id, payment.customer_id)
            before = self.seen.payments.get(payment.id)
            assert before is None or before.order_id in (None, payment.order_id)
        if payment.status == "voided" and payment.id not in self.released:
            assert any(
                order.status in ("cancelled", "rejected") and order.customer_id == payment.customer_id
                for order in self.orders
                if order.payment_id == payment.id and payment.order_id in (None, order.id)
            )

    def check_end(self, payment: Payment) -> None:
        assert self.till.bank.paid_back(payment.id) == payment.refunded
        order = next((order for order in self.orders if order.id == payment.order_id), None)
        ended = order is not None and order.status in ("rejected", "cancelled")
        if ended or payment.captured:
            assert order is not None
            assert payment.authorized == payment.captured + payment.released
            assert payment.captured - payment.refunded == service.invoice(order.id).amount
        if ended:
            # An order that cost nothing was captured with 0: there is nothing to refund.
            assert payment.status in ("voided", "refunded") or payment.captured == 0

    def check_difference(self, order: Order) -> None:
        invoice = service.invoices.load(order.id).aggregate
        payment = service.payments.load(order.payment_id).aggregate
        copy = difference.Order(
            order.id,
            order.customer_id,
            order.payment_id,
            order.status,
            order.total,
            paid=invoice.status == "paid",
            moved_at="",
        )
        assert list(difference.compare(copy, invoice, payment)) == []
        statement = self.till.bank.statement(payment.id)
        assert list(difference.compare_statement(payment, service.refunds_made(payment), statement)) == []

    def of_status(self, *statuses: str) -> list[Order]:
        return [order for order in self.orders if order.status in statuses]

    def accepted(self, *statuses: str) -> list[Order]:
        """Orders of these statuses (pending ones, when none is named) whose payment was accepted."""
        accepted = {message.order_id for message in self.till.published if isinstance(message, PaymentAccepted)}
        return [order for order in self.of_status(*(statuses or ("pending",))) if order.id in accepted]


def check_invoice(before: Invoice, after: Invoice) -> None:
    assert after.amount <= before.amount
    assert (before.status, after.status) in {
        ("pending", "pending"),
        ("pending", "paid"),
        ("pending", "cancelled"),
        ("paid", "paid"),
        ("cancelled", "cancelled"),
    }
