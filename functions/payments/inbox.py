"""What the payments service consumes: the saga's commands, order events, customer events, and its own reminders."""

from events.checkout import ConfirmPayment, VoidPayment
from events.ordering import (
    OrderApproved,
    OrderCancelled,
    OrderCompleted,
    OrderPaid,
    OrderReadied,
    OrderRejected,
    OrderState,
)
from events.payments import (
    OrderReconciliationDue,
    PaymentAccepted,
    PaymentRefused,
    PaymentVoidAccepted,
    ReconciliationDue,
    ReconciliationPageDue,
    ReconciliationRunsDue,
    RefundDue,
    UnconfirmedPaymentsDue,
    VoidDue,
)
from events.queries import FindOrder
from functions.kernel.domain.errors import RefusedError
from functions.kernel.messaging.inbox import Again, Inbox
from functions.kernel.messaging.retry import UndeliverableError
from functions.kernel.runtime.uses import Uses
from functions.payments import reconciliation, service
from functions.payments.views import INDEX, projection

inbox = Inbox(
    "payments",
    uses=Uses(
        streams="commit", rows=("get", "query", "delete"), indexes=(INDEX,), asks=(FindOrder,), queues=("inbox",)
    ),
)
inbox.include(projection)
inbox.drain(OrderPaid)
inbox.schedule(ReconciliationDue, f"cron(0 {reconciliation.HOUR} * * ? *)")
inbox.schedule(ReconciliationRunsDue, "rate(1 minute)")
inbox.schedule(UnconfirmedPaymentsDue, "rate(1 minute)")


@inbox.answers(
    ConfirmPayment,
    accepted=lambda command: PaymentAccepted(order_id=command.order_id),
    refused=lambda command, error: PaymentRefused(order_id=command.order_id, reason=error.message),
)
def confirm_payment(command: ConfirmPayment) -> None:
    service.confirm(command.payment_id, command.order_id, command.customer_id, command.amount)


@inbox.answers(
    VoidPayment,
    accepted=lambda command: PaymentVoidAccepted(order_id=command.order_id),
    # A payment that does not exist serves no order: that is all the saga asks for.
    refused=lambda command, error: PaymentVoidAccepted(order_id=command.order_id),
)
def void_payment(command: VoidPayment) -> None:
    service.void(command.payment_id, command.order_id, command.customer_id)


@inbox.on(OrderApproved, OrderReadied)
def create_or_reduce_invoice(event: OrderState) -> None:
    service.create_or_reduce_invoice(event.order_id, event.payment_id, event.total, event.customer_id)


@inbox.on(OrderCancelled, OrderRejected)
def cancel_invoice(event: OrderState) -> None:
    service.cancel_invoice(event.order_id, event.payment_id, event.customer_id)


@inbox.on(OrderCancelled, OrderCompleted, OrderRejected)
def compare_late_end(event: OrderState) -> None:
    reconciliation.compare_late_end()


@inbox.on(RefundDue)
def make_refund(reminder: RefundDue) -> None:
    try:
        service.make_refund(reminder.payment_id, reminder.number)
    except RefusedError as error:
        refund = f"refund {reminder.number} of payment {reminder.payment_id}"
        raise UndeliverableError(f"{refund} was refused: {error.message}") from error


@inbox.on(VoidDue)
def make_void(reminder: VoidDue) -> None:
    try:
        service.make_void(reminder.payment_id)
    except RefusedError as error:
        raise UndeliverableError(f"the void of payment {reminder.payment_id} was refused: {error.message}") from error


@inbox.on(UnconfirmedPaymentsDue)
def release_unconfirmed_payments(tick: UnconfirmedPaymentsDue) -> None:
    service.release_unconfirmed()


@inbox.on(ReconciliationDue)
def begin_reconciliation(tick: ReconciliationDue) -> None:
    reconciliation.begin(tick.time)


@inbox.on(ReconciliationPageDue)
def reconcile_page(reminder: ReconciliationPageDue) -> None:
    reconciliation.go_on_from(reminder)


@inbox.on(ReconciliationRunsDue)
def go_on_with_runs(tick: ReconciliationRunsDue) -> None:
    reconciliation.go_on()


@inbox.on(OrderReconciliationDue)
def reconcile_order(reminder: OrderReconciliationDue) -> None:
    seconds = reconciliation.reconcile_order(reminder.order_id, reminder.time)
    if seconds:
        raise Again(seconds)
