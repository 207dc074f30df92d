"""The payments service over REST."""

from functions.kernel.http import CUSTOMER, STAFF, Api
from functions.kernel.wire import Answer, Body, Id, Money, Wire
from functions.payments import service

api = Api("payments")


class NewPayment(Body):
    customer_id: Id
    amount: Money


class Created(Answer):
    id: str


class PaymentShape(Wire):
    """A payment; `amount` is what was authorised."""

    id: str
    customer_id: str
    order_id: str | None
    amount: Money
    status: str


class PaymentAnswer(Answer):
    payment: PaymentShape


class InvoiceShape(Wire):
    """An invoice; `amount` is what is owed."""

    id: str
    order_id: str
    payment_id: str
    amount: Money
    status: str


class InvoiceAnswer(Answer):
    invoice: InvoiceShape


@api.post("/api/payments", may=[STAFF, CUSTOMER])
def authorize_payment(body: NewPayment) -> Created:
    """Set a customer's money aside."""
    return Created(id=service.authorize(body.customer_id, body.amount))


@api.get("/api/payments/{id}", may=[STAFF, CUSTOMER])
def get_payment(id: str) -> PaymentAnswer:
    """A payment as it is now."""
    payment = service.payment(id)
    return PaymentAnswer(
        payment=PaymentShape(
            id=payment.id,
            customer_id=payment.customer_id,
            order_id=payment.order_id,
            amount=payment.authorized,
            status=payment.status,
        )
    )


@api.get("/api/payments/invoices/{id}", may=[STAFF, CUSTOMER])
def get_invoice(id: str) -> InvoiceAnswer:
    """An invoice as it is now; its id is the order's."""
    invoice = service.invoice(id)
    return InvoiceAnswer(
        invoice=InvoiceShape(
            id=invoice.id,
            order_id=invoice.id,
            payment_id=invoice.payment_id,
            amount=invoice.amount,
            status=invoice.status,
        )
    )


@api.put("/api/payments/invoices/{id}/pay", may=[STAFF, CUSTOMER])
def pay_invoice(id: str) -> None:
    """Capture what an invoice says from its payment."""
    service.pay(id)
