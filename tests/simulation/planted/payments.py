"""Planted bugs of payments and invoices."""

from functions.payments import inbox, service
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice
from tests.simulation.check.failures import CAUSED
from tests.simulation.check.money import INVOICED, NEVER_RISES, OWED, OWN_PAYMENT, RELEASED, TOGETHER, WITHIN_LIMITS
from tests.simulation.check.side_effects import RECORDED, REFUNDED_ONCE
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit

BUGS = (
    Bug(
        "confirmed beyond what was authorized",
        "A payment is accepted for an order that it does not cover.",
        (WITHIN_LIMITS, OWN_PAYMENT, OWED),
        (
            Edit(Payment.confirm, "amount > self.authorized", "False"),
            Edit(Payment.capture, "amount > self.authorized", "False"),
        ),
    ),
    Bug(
        "all that was authorized is captured",
        "A customer pays what was authorized instead of what is owed.",
        (TOGETHER, OWED),
        (Edit(Payment.capture, "Captured(amount)", "Captured(self.authorized)"),),
    ),
    Bug(
        "captured twice",
        "An invoice that was paid is paid again.",
        (LEGAL,),
        (
            Edit(Payment.capture, 'self.must_be("confirmed")', 'self.must_be("confirmed", "settled")'),
            Edit(Invoice.pay, 'self.must_be("pending")', 'self.must_be("pending", "paid")'),
        ),
    ),
    Bug(
        "cancelled invoice paid",
        "The invoice of a cancelled order can be paid.",
        (LEGAL, OWED),
        (
            Edit(Invoice.pay, 'self.must_be("pending")', 'self.must_be("pending", "cancelled")'),
            Edit(Payment.capture, 'self.must_be("confirmed")', 'self.must_be("confirmed", "voided")'),
        ),
    ),
    Bug(
        "rest not released",
        "What was authorized beyond the captured amount is not released.",
        (RELEASED,),
        (Edit(Payment._captured, "self.authorized - event.amount", "0"),),
    ),
    Bug(
        "refund twice",
        "Each attempt to refund has a new request id.",
        (REFUNDED_ONCE, RECORDED),
        (Edit(service.refund_request_id, 'ids.derive("refund", payment_id, number)', "ids.new()"),),
    ),
    Bug(
        "refund recorded before it is paid",
        "A crash in between leaves a recorded refund that was never paid.",
        (RECORDED,),
        (
            Edit(
                service.make_refund,
                "    provider().refund(",
                "    payments.change(payment_id, lambda payment: payment.refund_made(number))\n    provider().refund(",
            ),
        ),
    ),
    Bug(
        "refund forgotten",
        "What is owed falls, and nothing is refunded.",
        (OWED,),
        (Edit(Payment.refund_beyond, "beyond > 0", "False"),),
    ),
    Bug(
        "refused refund forgotten",
        "A refund that the provider refuses is taken as handled.",
        (OWED,),
        (
            Edit(
                inbox.make_refund,
                'raise UndeliverableError(f"{refund} was refused: {error.message}") from error',
                "return",
            ),
        ),
    ),
    Bug(
        "what is owed rises again",
        "A late approval restores the amount that a short pick has reduced.",
        (NEVER_RISES,),
        (Edit(Invoice.create_or_reduce, "amount < self.amount", "amount != self.amount"),),
    ),
    Bug(
        "delta instead of absolute value",
        "An invoice is reduced by what is owed instead of to what is owed.",
        (INVOICED, OWED),
        (
            Edit(
                Invoice.create_or_reduce,
                'Adjusted(amount, "short_pick")',
                'Adjusted(self.amount - amount, "short_pick")',
            ),
        ),
    ),
    Bug(
        "short picks ignored",
        "A short pick does not reduce the invoice.",
        (INVOICED, OWED),
        (Edit(Invoice.create_or_reduce, "elif amount < self.amount:", "elif False:"),),
    ),
    Bug(
        "no tombstone of a cancelled invoice",
        "A cancellation before the approval records nothing, and the late approval makes an invoice.",
        (INVOICED,),
        (Edit(Invoice.cancel, 'self.status != "cancelled"', 'self.status == "pending"'),),
    ),
    Bug(
        "cancelled order still owes",
        "The cancellation of an order does not reduce its paid invoice.",
        (INVOICED, OWED),
        (Edit(Invoice.cancel, "if self.amount > 0:", "if False:"),),
    ),
    Bug(
        "payment of a cancelled order kept",
        "The payment of an order that was not accepted is never voided.",
        (RELEASED,),
        (Edit(Payment.void, "self.record(Voided())", "pass"),),
    ),
    Bug(
        "voided after the capture",
        "A captured payment can be voided.",
        (LEGAL, RELEASED),
        (
            Edit(
                Payment.void,
                'self.status in ("authorized", "confirmed")',
                'self.status in ("authorized", "confirmed", "settled")',
            ),
        ),
    ),
    Bug(
        "one payment for two orders",
        "A payment that serves an order is accepted for another.",
        (OWN_PAYMENT,),
        (Edit(Payment.confirm, "self.order_id not in (None, order_id)", "False"),),
    ),
    Bug(
        "refunds share an id",
        "A payment's second refund has the request id of the first.",
        (CAUSED, OWED, RECORDED),
        (
            Edit(
                service.refund_request_id,
                'ids.derive("refund", payment_id, number)',
                'ids.derive("refund", payment_id)',
            ),
        ),
    ),
)
