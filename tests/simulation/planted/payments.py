"""Planted bugs of payments and invoices."""

from functions.kernel.domain import money
from functions.payments import difference, inbox, reconciliation, service
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice
from tests.simulation.check.acceptances import DONE
from tests.simulation.check.failures import CAUSED, UNAVAILABLE
from tests.simulation.check.money import INVOICED, NEVER_RISES, OWED, OWN_PAYMENT, RELEASED, TOGETHER, WITHIN_LIMITS
from tests.simulation.check.nights import COMPARED
from tests.simulation.check.provider import ASKED_ONCE, HELD, STORED, VOIDED
from tests.simulation.check.reconciled import FOUND
from tests.simulation.check.side_effects import RECORDED, REFUNDED_ONCE
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit

CAPTURE_AND_COMMIT = """payment.capture(invoice.id, _captured(invoice, payment))
        payment.refund_beyond(invoice.id, invoice.amount)

    change_together((invoices, invoice_id), (payments, _payment_of(invoice_id)), decide)"""
COMMIT_AND_CAPTURE = """payment.capture(invoice.id, invoice.amount)

    _captured(*change_together((invoices, invoice_id), (payments, _payment_of(invoice_id)), decide))"""

VOID = "service.void(command.payment_id, command.order_id, command.customer_id)"

BUGS = (
    Bug(
        "void that failed counts as made",
        "Whatever happens to a void, the saga is told that it was made.",
        (DONE,),
        (Edit(inbox.void_payment, VOID, f"try:\n        {VOID}\n    except Exception:\n        pass"),),
    ),
    Bug(
        "confirmed beyond what was authorized",
        "A payment is accepted for an order that it does not cover.",
        (WITHIN_LIMITS, OWN_PAYMENT, OWED),
        (
            Edit(Payment.confirm, "amount > self.authorized", "False"),
            Edit(Payment.must_cover, "amount > self.authorized", "False"),
        ),
    ),
    Bug(
        "all that was authorized is captured",
        "A customer pays what was authorized instead of what is owed.",
        (STORED,),
        (Edit(Payment.capture, "Captured(amount)", "Captured(self.authorized)"),),
    ),
    Bug(
        "captured twice",
        "An invoice that was paid is paid again.",
        (LEGAL,),
        (
            Edit(Payment.must_cover, 'self.must_be("confirmed")', 'self.must_be("confirmed", "settled")'),
            Edit(Invoice.pay, 'self.must_be("pending")', 'self.must_be("pending", "paid")'),
        ),
    ),
    Bug(
        "cancelled invoice paid",
        "The invoice of a cancelled order can be paid.",
        (LEGAL, OWED),
        (
            Edit(Invoice.pay, 'self.must_be("pending")', 'self.must_be("pending", "cancelled")'),
            Edit(Payment.must_cover, 'self.must_be("confirmed")', 'self.must_be("confirmed", "voided")'),
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
                "    ask().refund(",
                "    payments.change(payment_id, lambda payment: payment.refund_made(number))\n    ask().refund(",
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
    Bug(
        "authorized under a fresh id",
        "A repeated request has the provider authorize again.",
        (ASKED_ONCE,),
        (Edit(service.authorize, 'ids.derive("authorize", payment.id, customer_id)', "ids.new()"),),
    ),
    Bug(
        "authorized without a trace",
        "An authorization whose commit fails is known to nobody but the provider.",
        (HELD,),
        (Edit(service.authorize, "views.await_confirmation(Unconfirmed(payment.id, at))", "pass"),),
    ),
    Bug(
        "captured after the commit",
        "An invoice is paid before the provider has captured: a crash in between loses the money.",
        (STORED,),
        (Edit(service.pay, CAPTURE_AND_COMMIT, COMMIT_AND_CAPTURE),),
    ),
    Bug(
        "captured under a fresh id",
        "Each attempt to pay an invoice has the provider capture again.",
        (ASKED_ONCE,),
        (Edit(service._captured, 'ids.derive("capture", invoice.id)', "ids.new()"),),
    ),
    Bug(
        "captured beyond what is owed",
        "A short pick comes between the capture and its commit, and nothing is refunded.",
        (OWED, TOGETHER),
        (Edit(service.pay, "payment.refund_beyond(invoice.id, invoice.amount)", "pass"),),
    ),
    Bug(
        "void never made",
        "A void is requested, and the provider is not asked.",
        (VOIDED,),
        (Edit(service.make_void, "if payments.get(payment_id).to_void:", "if False:"),),
    ),
    Bug(
        "void recorded before it is made",
        "A crash in between leaves a recorded void that was never made.",
        (STORED,),
        (
            Edit(
                service.make_void,
                "        ask().void(",
                "        payments.change(payment_id, lambda payment: payment.void_made())\n        ask().void(",
            ),
        ),
    ),
    Bug(
        "payment never released",
        "A payment that no order took is held for ever.",
        (HELD,),
        (Edit(Payment.expire, "self._is_as_old_as(unconfirmed, now)", "False"),),
    ),
    Bug(
        "abandoned without a void",
        "An authorization that was never stored is given up here, and held by the provider.",
        (VOIDED, HELD),
        (Edit(Payment._abandoned, "self.to_void = True", "pass"),),
    ),
    Bug(
        "payment of an order released",
        "The sweep voids a payment that an order has taken.",
        (RELEASED, OWN_PAYMENT, LEGAL, OWED, TOGETHER),
        (
            Edit(Payment.expire, 'self.status == "authorized"', 'self.status in ("authorized", "confirmed")'),
            Edit(
                service.confirm, "    views.await_no_more(Unconfirmed(payment_id, confirmed.authorized_at))", "    pass"
            ),
        ),
    ),
    Bug(
        "reconciled by the total",
        "An order that was cancelled or rejected is compared as if it owed its total.",
        (FOUND,),
        (Edit(difference._invoice_reasons, "if invoice.amount != order.owed", "if invoice.amount != order.total"),),
    ),
    Bug(
        "an amount without a limit",
        "An amount may have more cents than a number of JSON holds.",
        (UNAVAILABLE,),  # the store keeps no such number: the request fails
        (Edit(money.cents, "(exact and exact.adjusted() > 15) or abs(exact * 100) >= LIMIT", "False"),),
    ),
    Bug(
        "late end not compared",
        "An order whose end is handled when the comparison of its day is over is never compared.",
        (COMPARED,),
        (Edit(reconciliation.compare_late_end, "if message and", "if message is None and"),),
    ),
    Bug(
        "missed nights forgotten",
        "A night compares the orders of the day before, also where no tick came in the nights before it.",
        (COMPARED,),
        (Edit(reconciliation._days_until, "(last - reconciled).days - 1 if reconciled", "0 if reconciled"),),
    ),
)
