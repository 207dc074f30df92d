"""Planted bugs of the saga, and of the compensations in other services."""

from functions.checkout import inbox, publish
from functions.depot.domain import ShoppingList
from functions.kernel.domain import saga
from functions.kernel.domain.saga import Saga
from functions.ordering.domain import Order
from functions.payments.domain import Payment
from tests.simulation.check.money import INVOICED, OWN_PAYMENT, RELEASED
from tests.simulation.check.orders import LIST_CANCELLED
from tests.simulation.check.sagas import (
    AS_ITS_ORDER,
    AWAITED_ANSWER,
    COMMAND_AND_TIMEOUT,
    COMPENSATED,
    ENDS,
    ONE_END,
    PARKED_LATE,
    STEP_ORDER,
    TIMEOUT_HANDLED,
)
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit, Set

BUGS = (
    Bug(
        "any acceptance counts",
        "A saga proceeds by the answer to another step than the current one.",
        (AWAITED_ANSWER,),
        (
            Edit(
                Saga.answer, "reply == self.awaited.accepted", 'reply.endswith(("Accepted", "Authorized", "Initiated"))'
            ),
        ),
    ),
    Bug(
        "any refusal counts",
        "A saga compensates after the refusal of an earlier step.",
        (AWAITED_ANSWER,),
        (Edit(Saga.answer, "elif reply == self.awaited.refused:", 'elif reply.endswith("Refused"):'),),
    ),
    Bug(
        "old timeouts count",
        "A saga acts on the timeout of an earlier attempt.",
        (STEP_ORDER, AWAITED_ANSWER),
        (Edit(Saga.time_out, "(step, attempt, compensating) != awaited", "self.compensating != compensating"),),
    ),
    Bug(
        "timeout ignored",
        "A step without an answer is not retried.",
        (
            ENDS,
            TIMEOUT_HANDLED,
        ),
        (Edit(Saga.time_out, 'self.status != "running" or', "self.status or"),),
    ),
    Bug(
        "no timeout of a step",
        "A step is sent without a timeout.",
        (COMMAND_AND_TIMEOUT,),
        (Edit(publish.timeout, "after=saga.timeout(step_timeout)", "after=0"),),
    ),
    Bug(
        "three attempts to undo",
        "A saga is parked after three attempts to undo a step.",
        (PARKED_LATE,),
        (Set(saga, "UNDO_TRIES", 3),),
    ),
    Bug(
        "lost timeouts are not made good",
        "No schedule times out a saga whose reminder was lost.",
        (ENDS,),
        (Edit(inbox.sagas_due, "service.time_out_overdue()", "pass"),),
    ),
    Bug(
        "compensation skipped",
        "A step whose command was sent and not answered is not undone.",
        (STEP_ORDER, COMPENSATED),
        (Edit(Saga.undos.fget, "self.steps[: self.sent]", "self.steps[: self.sent - 1]"),),  # type: ignore[attr-defined]
    ),
    Bug(
        "compensation in forward order",
        "The first step is undone first.",
        (STEP_ORDER,),
        (Edit(Saga.undos.fget, "sorted(last.values(), reverse=True)", "sorted(last.values())"),),  # type: ignore[attr-defined]
    ),
    Bug(
        "compensated before the last undo",
        "A saga ends when the first undo is answered.",
        (STEP_ORDER, COMPENSATED),
        (Edit(Saga._undone, "if left else", "if len(left) > 1 else"),),
    ),
    Bug(
        "cancellation of a compensating saga counts again",
        "A saga that compensates starts to compensate again.",
        (AWAITED_ANSWER, STEP_ORDER, LEGAL),
        (Edit(Saga.cancel, 'self.status == "running" and not self.compensating', 'self.status == "running"'),),
    ),
    Bug(
        "cancellation of a completed saga counts",
        "An order that is cancelled after its saga has completed is compensated too.",
        (ONE_END, LEGAL, AWAITED_ANSWER),
        (Edit(Saga.cancel, 'self.status == "running" and not self.compensating', "not self.compensating"),),
    ),
    Bug(
        "voided before it was confirmed does not count",
        "A payment that is voided before its confirmation is confirmed later.",
        (COMPENSATED, RELEASED, OWN_PAYMENT, INVOICED),
        (Edit(Payment.void, 'self.status in ("authorized", "confirmed")', 'self.status == "confirmed"'),),
    ),
    Bug(
        "cancelled order approved",
        "A late approval resurrects a cancelled order.",
        (LEGAL, AS_ITS_ORDER),
        (Edit(Order.approve, 'self.must_be("pending")', 'self.must_be("pending", "cancelled", "rejected")'),),
    ),
    Bug(
        "steps after the payment compensate",
        "A saga whose payment is confirmed compensates after timeouts.",
        (AWAITED_ANSWER,),
        (Edit(Saga.time_out, "attempt < TRIES or self.steps[step - 1].retry_forever", "attempt < TRIES"),),
    ),
    Bug(
        "no tombstone of a cancelled list",
        "A cancellation before the creation records nothing, and the late list is created.",
        (COMPENSATED, LIST_CANCELLED),
        (Edit(ShoppingList.cancel_for_order, "self.record(Cancelled(self.id))", "pass"),),
    ),
)
