"""The REST routes of payments, invoices and differences."""

from dataclasses import asdict
from typing import Annotated, Literal, cast

from events.payments import DifferenceStatus, InvoiceStatus, PaymentStatus, VoidDue
from events.queries import FindCustomerStatus, FindOrder
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Answer, Body, Id, Money, Stamp, Wire, documented_only
from functions.kernel.runtime import clock
from functions.kernel.runtime.context import CUSTOMER, STAFF
from functions.kernel.runtime.uses import Uses
from functions.payments import reconciliation, service
from functions.payments.difference import Difference, Kind
from functions.payments.views import INDEX

api = Api(
    "payments",
    uses=Uses(
        streams="commit",
        rows=("get", "query", "put"),
        indexes=(INDEX,),
        asks=(FindCustomerStatus, FindOrder),
        queues=("inbox",),
    ),
)


class NewPayment(Body):
    customer_id: Id
    amount: Annotated[Money, documented_only(exclusiveMinimum=0)]


class Created(Answer):
    id: str


class PaymentShape(Wire):
    """A payment; `amount` is what was authorized. notMade: what was asked of the provider, and it has not done yet."""

    id: str
    customer_id: str
    order_id: str | None
    amount: Money
    status: PaymentStatus
    not_made: list[Literal["void", "refund"]]


class PaymentAnswer(Answer):
    payment: PaymentShape


class InvoiceShape(Wire):
    """An invoice; `amount` is what is owed."""

    id: str
    order_id: str
    payment_id: str
    amount: Money
    status: InvoiceStatus


class InvoiceAnswer(Answer):
    invoice: InvoiceShape


class ReasonShape(Wire):
    """One difference: the amount that was expected and the one that was found."""

    kind: Kind
    expected: Money
    found: Money


class DifferenceShape(Wire):
    """An order whose money differs from what it should be (open), or did until it was compared again (cleared)."""

    order_id: str
    payment_id: str
    status: DifferenceStatus
    reasons: list[ReasonShape]
    since: Stamp


class DifferenceAnswer(Answer):
    difference: DifferenceShape


class DifferenceList(PagedAnswer):
    """Differences by status, and of one status the oldest first."""

    differences: list[DifferenceShape]


class Which(Paged):
    """Differences of one status, or all."""

    status: DifferenceStatus | None = None


class ReconciledDay(Body):
    """The orders that ended on this day, as in 2030-01-31, are compared; yesterday when left out."""

    day: Annotated[str, documented_only(format="date")] = ""


@api.post("/api/payments", may=[STAFF, CUSTOMER], errors=[404])
def authorize_payment(body: NewPayment) -> Created:
    """Authorize an amount of a customer's money."""
    return Created(id=service.authorize(body.customer_id, body.amount))


@api.get("/api/payments/{id}", may=[STAFF, CUSTOMER])
def get_payment(id: str) -> PaymentAnswer:
    """Show a payment."""
    payment = service.payment(id)
    return PaymentAnswer(
        payment=PaymentShape(
            id=payment.id,
            customer_id=payment.customer_id,
            order_id=payment.order_id,
            amount=payment.authorized,
            status=cast(PaymentStatus, payment.status),
            not_made=["void" if isinstance(one, VoidDue) else "refund" for one in service.not_made(payment)],
        )
    )


@api.get("/api/payments/invoices/{id}", may=[STAFF, CUSTOMER])
def get_invoice(id: str) -> InvoiceAnswer:
    """Show an invoice; its id is the order's."""
    invoice = service.invoice(id)
    return InvoiceAnswer(
        invoice=InvoiceShape(
            id=invoice.id,
            order_id=invoice.id,
            payment_id=invoice.payment_id,
            amount=invoice.amount,
            status=cast(InvoiceStatus, invoice.status),
        )
    )


@api.put("/api/payments/invoices/{id}/pay", may=[STAFF, CUSTOMER])
def pay_invoice(id: str) -> None:
    """Pay an invoice: capture its amount from its payment."""
    service.pay(id)


@api.get("/api/payments/differences", may=[STAFF])
def list_differences(which: Which) -> DifferenceList:
    """List orders whose money differs from what it should be."""
    purpose = f"differences {which.status}"
    found, after = reconciliation.list_differences(which.status, which.limit, paging.read(which.next, purpose))
    return DifferenceList(differences=[_shape(difference) for difference in found], next=paging.sign(after, purpose))


@api.get("/api/payments/differences/{orderId}", may=[STAFF])
def get_difference(order_id: str) -> DifferenceAnswer:
    """Show the differences of an order's money."""
    return DifferenceAnswer(difference=_shape(reconciliation.difference(order_id)))


@api.put("/api/payments/differences/{orderId}/recheck", may=[STAFF])
def recheck_difference(order_id: str) -> None:
    """Compare an order's money again now, and retry voids and refunds that were not made."""
    reconciliation.recheck(order_id)


@api.post("/api/payments/reconciliation", may=[STAFF])
def reconcile(body: ReconciledDay) -> None:
    """Start the nightly reconciliation now: compare the money of orders."""
    reconciliation.begin(clock.stamp(), body.day if "day" in body.model_fields_set else None)


def _shape(difference: Difference) -> DifferenceShape:
    return DifferenceShape(
        order_id=difference.id,
        payment_id=difference.payment_id,
        status=cast(DifferenceStatus, difference.status),
        reasons=[ReasonShape(**asdict(reason)) for reason in difference.reasons],
        since=difference.since,
    )
