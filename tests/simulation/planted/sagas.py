"""Planted bugs of the saga, and of the compensations in other services."""

from functions.checkout import inbox, publish, service
from functions.depot.domain import ShoppingList
from functions.kernel.domain import saga
from functions.kernel.domain.saga import Saga
from functions.ordering.domain import Order
from functions.payments.domain import Payment
from tests.simulation.check.money import INVOICED, OWN_PAYMENT, RELEASED
from tests.simulation.check.orders import LIST_CANCELLED
from tests.simulation.check.sagas import (
    ALL_UNDONE,
    ANSWER_COUNTS,
    AS_ITS_ORDER,
    AWAITED_ANSWER,
    COMPENSATED,
    ENDS,
    IN_TIME,
    MARKED,
    ONE_END,
    PARKED_LATE,
    STAGES_IN_ORDER,
    WATCH_HANDLED,
    WATCHED,
)
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit, Set

BUGS = (
    Bug(
        "initiation before all three",
        "A saga asks the next stage after the first answer to the one before.",
        (STAGES_IN_ORDER,),
        (
            Edit(
                Saga._go_on,
                "if any(one.step in numbers for one in self.awaited):",
                "if {*numbers} <= {one.step for one in self.awaited}:",
            ),
        ),
    ),
    Bug(
        "a refusal leaves a sent step uncompensated",
        "Of the steps that were asked at once, one that had no answer yet is not undone, nor those after it.",
        (ALL_UNDONE, COMPENSATED),
        (
            Edit(
                Saga._on_turned_round,
                "self.compensating, self.awaited = True, ()",
                "self.sent = min((one.step - 1 for one in self.awaited), default=self.sent)\n"
                "        self.compensating, self.awaited = True, ()",
            ),
        ),
    ),
    Bug(
        "a late reply after turning round counts",
        "A step counts as answered while the saga compensates.",
        (AWAITED_ANSWER, LEGAL),
        (
            Edit(
                Saga.answer,
                'if self.status not in ("running", "parked"):',
                "late = next((n for n, s in enumerate(self.steps, 1) if s.request.accepted == reply), 0)\n"
                '        if self.compensating and late and self.status == "running":\n'
                "            self.record(StepAnswered(late))\n"
                '        if self.status not in ("running", "parked"):',
            ),
        ),
    ),
    Bug(
        "of two replies at once one is lost",
        "A decision that meets another commit of the saga is not taken again.",
        (ANSWER_COUNTS,),
        (
            Edit(
                service._decide,
                "saga = sagas.create(order_id, _marked(decide))",
                "taken = []\n"
                "    def once(saga, now):\n"
                "        if not taken:\n"
                "            taken.append(now)\n"
                "            decide(saga, now)\n"
                "    saga = sagas.create(order_id, _marked(once))",
            ),
        ),
    ),
    Bug(
        "any acceptance counts",
        "A saga proceeds by the answer to another step than those that it awaits.",
        (AWAITED_ANSWER,),
        (
            Edit(
                Saga.answer,
                "if reply in (request.accepted, request.refused):\n"
                "                self._answered(step, reply == request.accepted, reason, now)",
                'if reply.endswith(("Accepted", "Authorized", "Initiated")):\n'
                "                self._answered(step, True, reason, now)",
            ),
        ),
    ),
    Bug(
        "any refusal counts",
        "A saga compensates after the refusal of a step that was answered.",
        (AWAITED_ANSWER,),
        (
            Edit(
                Saga.answer,
                "if reply in (request.accepted, request.refused):",
                'if reply == request.accepted or reply.endswith("Refused"):',
            ),
        ),
    ),
    Bug(
        "early timeouts count",
        "When a watch ends, a saga times out also those attempts that still have time.",
        (IN_TIME, AWAITED_ANSWER),
        (Edit(Saga.look, '[one for one in self.awaited if "" < (one.due or self.watch) <= now.at]', "self.awaited"),),
    ),
    Bug(
        "timeout ignored",
        "A step without an answer is not retried.",
        (ENDS, WATCH_HANDLED),
        (Edit(Saga.watch_ended, "until == self.watch", "not self.watch"),),
    ),
    Bug(
        "watch ends too late",
        "A watch ends later than the attempts that it is for.",
        (WATCHED,),
        (Edit(publish.watch_ends, "max(0, math.ceil(left))", "900"),),
    ),
    Bug(
        "watch stays when the saga turns round",
        "The first attempt to undo a step waits for the end of a watch that was set for a later time.",
        (WATCHED,),
        (Edit(Saga._set_watch, "not now.at < self.watch <= due", "not self.watch"),),
    ),
    Bug(
        "three attempts to undo",
        "A saga is parked after three attempts to undo a step.",
        (PARKED_LATE,),
        (Set(saga, "UNDO_TRIES", 3),),
    ),
    Bug(
        "lost watches are not made good",
        "No schedule looks after a saga whose watch was lost.",
        (ENDS,),
        (Edit(inbox.sagas_due, "service.look_after_all()", "pass"),),
    ),
    Bug(
        "saga without a mark",
        "Nothing shows the schedule a saga whose watch was lost.",
        (MARKED, ENDS),
        (Edit(service._marked, "if saga.changes and not ran:", "if False:"),),
    ),
    Bug(
        "compensation skipped",
        "The last step whose command was sent is not undone.",
        (ALL_UNDONE, COMPENSATED),
        (Edit(Saga.undos.fget, "self.steps[: self.sent]", "self.steps[: self.sent - 1]"),),  # type: ignore[attr-defined]
    ),
    Bug(
        "compensation in forward order",
        "The first step is undone first.",
        (ALL_UNDONE,),
        (Edit(Saga.undos.fget, "sorted(last.values(), reverse=True)", "sorted(last.values())"),),  # type: ignore[attr-defined]
    ),
    Bug(
        "compensated before the last undo",
        "A saga ends when the first undo is answered.",
        (ALL_UNDONE, COMPENSATED),
        (Edit(Saga._undone, "if left:", "if len(left) > 1:"),),
    ),
    Bug(
        "cancellation of a compensating saga counts again",
        "A saga that compensates starts to compensate again.",
        (AWAITED_ANSWER, ALL_UNDONE, LEGAL),
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
        (Edit(Saga._is_last, "and not self.steps[one.step - 1].retry_forever", ""),),
    ),
    Bug(
        "no tombstone of a cancelled list",
        "A cancellation before the creation records nothing, and the late list is created.",
        (COMPENSATED, LIST_CANCELLED),
        (Edit(ShoppingList.cancel_for_order, "self.record(Cancelled(self.id))", "pass"),),
    ),
)
