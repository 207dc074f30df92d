"""The events published of payments and invoices: one for each domain event, with the whole state right after it."""

from typing import Any

from events.registry import Message
from functions.kernel.domain.aggregate import Unchanged
from functions.payments import service
from functions.payments.domain import Abandoned, Captured, Payment, RefundRequested, VoidMade
from functions.payments.invoice import Invoice
from functions.payments.publish import publishes
from tests.unit.payments.till import ADA, Till, cancelled, readied


def state(message: Message) -> dict[str, Any]:
    return {"event": type(message).about.name, **message.model_dump()}


def payment_state(event: str, payment_id: str, status: str, **amounts: int | str | None) -> dict[str, Any]:
    blank = {"order_id": "order-1", "authorized": 2000, "captured": 0, "released": 0, "refunded": 0}
    return {"event": event, "payment_id": payment_id, "customer_id": "ada", "status": status, **blank, **amounts}


def invoice_state(event: str, payment_id: str, amount: int, status: str, **more: str) -> dict[str, Any]:
    return {
        "event": event,
        "invoice_id": "order-1",
        "order_id": "order-1",
        "payment_id": payment_id,
        "amount": amount,
        "status": status,
        **more,
    }


def test_all_events_of_a_payment_that_is_refunded(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(readied(payment_id, 900))
    till.deliver_reminders()
    till.deliver(cancelled(payment_id))
    till.deliver_reminders()
    settled = {"captured": 1699, "released": 301}
    assert [state(message) for message in till.published] == [
        payment_state("PaymentAuthorized", payment_id, "authorized", order_id=None),
        payment_state("PaymentConfirmed", payment_id, "confirmed"),
        invoice_state("InvoiceCreated", payment_id, 1699, "pending"),
        invoice_state("InvoicePaid", payment_id, 1699, "paid"),
        invoice_state("InvoiceAdjusted", payment_id, 900, "paid", reason="short_pick"),
        payment_state("PaymentRefunded", payment_id, "settled", **settled, refunded=799, refund=799),
        invoice_state("InvoiceAdjusted", payment_id, 0, "paid", reason="cancelled"),
        payment_state("PaymentRefunded", payment_id, "refunded", **settled, refunded=1699, refund=900),
    ]


def test_all_events_of_a_payment_that_is_voided(till: Till) -> None:
    payment_id = till.confirmed()
    till.deliver(cancelled(payment_id))
    assert [state(message) for message in till.published][2:] == [
        invoice_state("InvoiceCancelled", payment_id, 0, "cancelled"),
        payment_state("PaymentVoided", payment_id, "voided", released=2000),
    ]


def test_a_payment_that_served_no_order_is_voided_without_one(till: Till) -> None:
    till.deliver(ADA)
    payment_id = service.authorize("ada", 2000)
    service.void(payment_id, "order-1", "ada")
    assert state(till.published[-1]) == payment_state(
        "PaymentVoided", payment_id, "voided", order_id=None, released=2000
    )


def test_every_event_is_published_but_those_that_another_message_reports() -> None:
    events = {*Payment.event_types.values(), *Invoice.event_types.values()}
    unpublished = {Abandoned, Captured, RefundRequested, Unchanged, VoidMade}
    assert {event for event in events if event not in publishes._makers} == unpublished
