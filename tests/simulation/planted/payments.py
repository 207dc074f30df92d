"""Bugs of payments and invoices."""

from functions.payments import inbox, service
from functions.payments.domain import Invoice, Payment
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
        "A customer pays what was set aside instead of what is owed.",
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
        "Money is taken for an order that was called off.",
        (LEGAL, OWED),
        (
            Edit(Invoice.pay, 'self.must_be("pending")', 'self.must_be("pending", "cancelled")'),
            Edit(Payment.capture, 'self.must_be("confirmed")', 'self.must_be("confirmed", "voided")'),
        ),
    ),
    Bug(
        "rest not released",
        "What was authorized beyond what is owed stays blocked.",
        (RELEASED,),
        (Edit(Payment._captured, "self.authorized - event.amount", "0"),),
    ),
    Bug(
        "refund twice",
        "Each try to pay a refund asks the provider for another one.",
        (REFUNDED_ONCE, RECORDED),
        (Edit(service.refund_request_id, 'ids.derive("refund", payment_id, number)', "ids.new()"),),
    ),
    Bug(
        "refund noted before it is paid",
        "Whoever stops in between has paid nothing back and says so.",
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
        "What is owed falls, and nothing goes back.",
        (OWED,),
        (Edit(Payment.refund_beyond, "beyond > 0", "False"),),
    ),
    Bug(
        "refused refund forgotten",
        "A refund that the provider refuses is done with.",
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
        "A late approval writes down again what a short pick has lowered.",
        (NEVER_RISES,),
        (Edit(Invoice.bill, "amount < self.amount", "amount != self.amount"),),
    ),
    Bug(
        "delta instead of absolute value",
        "An invoice is lowered by what is owed instead of to what is owed.",
        (INVOICED, OWED),
        (Edit(Invoice.bill, 'Adjusted(amount, "short_pick")', 'Adjusted(self.amount - amount, "short_pick")'),),
    ),
    Bug(
        "short picks not heard",
        "An invoice stays as it was approved.",
        (INVOICED, OWED),
        (Edit(Invoice.bill, "elif amount < self.amount:", "elif False:"),),
    ),
    Bug(
        "no mark of a cancelled invoice",
        "A cancellation that comes before the approval leaves nothing, and the late approval is billed.",
        (INVOICED,),
        (Edit(Invoice.cancel, 'self.status != "cancelled"', 'self.status == "pending"'),),
    ),
    Bug(
        "cancelled order still owes",
        "A paid invoice does not hear that its order was cancelled.",
        (INVOICED, OWED),
        (Edit(Invoice.cancel, "if self.amount > 0:", "if False:"),),
    ),
    Bug(
        "payment of a cancelled order kept",
        "What was set aside for an order that is not to be is never let go.",
        (RELEASED,),
        (Edit(Payment.void, "self.record(Voided())", "pass"),),
    ),
    Bug(
        "voided after the capture",
        "A payment of which money was taken is voided as if it were whole.",
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
        "A payment's second refund is asked for under the id of the first.",
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
