"""The queries that payments answers to other services."""

from functools import partial
from typing import Any

from events.queries import (
    FindInvoices,
    FindPaymentMessages,
    FindPaymentsOf,
    HeldFound,
    InvoicesFound,
    MessagesFound,
)
from functions.kernel.messaging import held, order_messages
from functions.kernel.messaging.queries import Queries
from functions.kernel.runtime import runtime
from functions.kernel.runtime.side_by_side import results
from functions.kernel.runtime.uses import Uses
from functions.payments import service, views
from functions.payments.difference import Difference
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice

queries = Queries("payments", uses=Uses(streams="load", rows=("query",)))


@queries.on(FindPaymentsOf)
def find_payments_of(query: FindPaymentsOf) -> HeldFound:
    found = views.payments_of(query.customer_id, query.after)
    payments = ((place, service.payments.find(id)) for place, id in found)  # none where the provider refused
    return held.page(((place, _held_at(place, payment)) for place, payment in payments), query.limit)


@queries.on(FindInvoices)
def find_invoices(query: FindInvoices) -> InvoicesFound:
    jobs = [partial(service.invoices.find, id) for id in dict.fromkeys(query.order_ids)]
    invoices = [invoice for invoice in results(runtime.current().side_by_side(jobs)) if invoice]
    return InvoicesFound(
        invoices={
            invoice.id: {"payment_id": invoice.payment_id, "amount": invoice.amount, "status": invoice.status}
            for invoice in invoices
        }
    )


@queries.on(FindPaymentMessages)
def find_payment_messages(query: FindPaymentMessages) -> MessagesFound:
    """Of a payment that was given for another order too, what is about that one is left out."""
    own = [Difference.stream(query.order_id), Invoice.stream(query.order_id)]
    streams = [*own, *map(Payment.stream, query.payment_ids)]
    return order_messages.page(
        streams, query.after, lambda detail: detail["data"].get("order_id") in (None, query.order_id)
    )


def _held_at(place: str, payment: Payment | None) -> dict[str, Any] | None:
    """What is held of a payment, at the place of its authorization alone.

    Each try has a place. Of the payments of before, which did not keep the time, each has one.
    """
    if payment is None or not place.startswith(payment.authorized_at):
        return None
    return {
        "id": payment.id,
        "order_id": payment.order_id,
        "status": payment.status,
        "authorized": payment.authorized,
        "captured": payment.captured,
        "released": payment.released,
        "refunded": payment.refunded,
        "authorized_at": payment.authorized_at,
    }
