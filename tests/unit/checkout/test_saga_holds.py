"""Whatever the saga of an order hears, in whatever order, once or again, at once or at odd moments. At every moment:

1. commands are asked for in the order of the steps, and only undone once the order was asked to be rejected; the next
   is sent only when the one before it was answered;
2. a compensated saga has had a yes to every undo of every step whose command was sent, in the declared order, each
   once; a completed one has had a yes to all five steps, or the order said that it was accepted;
3. a saga ends once: completed, compensated or stopped, never two of them, and from then on it says and records nothing;
4. what it waits for is one of the declared requests, and the last that it sent;
5. tries of a request are numbered 1, 2, 3… and each is a new command; up to step 3 there are three at most, and an undo
   is parked after every eighth;
6. a running saga has a timeout under way for the very try that waits, of 15 minutes at most: it is never stuck; a
   parked one says what it is parked over, is listed as parked, and is the only one that staff can resume;
7. what concerns another order or a try that does not wait, and what has taken effect before, changes nothing.

And in the end, when all answer again, it ends within as many answers as it has steps and undos left.
"""

import json
from collections.abc import Callable
from itertools import groupby
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.ordering import OrderApprovalRefused, OrderCancelled, OrderCreated, OrderRejectionRefused
from events.registry import Message
from functions.checkout.domain import CreateOrderSaga
from tests.support.contention import ContendedStore
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.ways import ACCEPTED, COMMANDS, REFUSED, UNDONE, UNDOS

ENDS = {"Completed": "completed", "Compensated": "compensated", "Stopped": "stopped"}
YES = dict(zip(COMMANDS, ACCEPTED, strict=True)) | UNDONE
NO = dict(zip(COMMANDS, REFUSED, strict=True))
UNDONE_STEPS = {1: [0], 2: [0, 2], 3: [0, 3, 2], 4: [0, 4, 3], 5: [0, 4, 3]}
STATUSES = ["pending", "approved", "ready", "completed", "rejected", "cancelled"]
STRAYS = [*ACCEPTED, *REFUSED[:4], *UNDONE.values()]
SOME = st.integers(0, 9)

Heard = tuple[type[Message], dict[str, str]]


class Checkout(RuleBasedStateMachine):
    """One order's saga; everybody else is played."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.store = ContendedStore()
        self.desk.store = self.desk.runtime.store = self.store
        self.heard: dict[str, Heard] = {}
        self.accepted = False  # whether the order has ever said that it was
        self.final: Any = None
        self._read, self._history = 0, list[Any]()

    @initialize(step=st.integers(0, 5), undone=st.integers(-2, 2), tries=st.sampled_from([0, 0, 2, 8]))
    def begin(self, step: int, undone: int, tries: int) -> None:
        """Anywhere: else few sagas would come far.

        step: the one that waits; 0: nothing was heard yet. undone: of a saga that was turned round, how many undos
        were answered; below 0: it was not. tries: how many are in vain by now.
        """
        if step:
            self.the_order_is_created()
        for _ in range(step - 1):
            self.the_latest_command_is_answered_with_yes()
        if step and undone >= 0:
            self.the_order_is_cancelled()
        for _ in range(min(undone, step - 1)):
            if self.status == "running":
                self.the_latest_command_is_answered_with_yes()
        for _ in range(tries if self.status == "running" else 0):
            self.time_out(0)

    @rule()
    def the_order_is_created(self) -> None:
        self.hear(OrderCreated)

    @rule()
    @precondition(lambda self: self.desk.commands)
    def the_latest_command_is_answered_with_yes(self) -> None:
        self.hear(YES[self.desk.commands[-1]])

    @rule(times=st.integers(1, 9), again=SOME)
    @precondition(lambda self: self.status == "running")
    def nobody_answers_for_a_while(self, times: int, again: int) -> None:
        for _ in range(times):
            self.time_out(0)
            self.time_out(again)

    @rule()
    @precondition(lambda self: self.desk.commands and self.desk.commands[-1] in NO)
    def the_latest_step_is_refused(self) -> None:
        self.refuse(self.desk.commands[-1], "cancelled")

    @rule(which=SOME, yes=st.booleans(), status=st.sampled_from([*["pending"] * 5, *STATUSES]))
    @precondition(lambda self: self.desk.commands)
    def an_earlier_command_is_answered_late(self, which: int, yes: bool, status: str) -> None:
        command = self.desk.commands[-1 - which % len(self.desk.commands)]
        if yes or command in ("VoidPayment", "CancelShoppingList"):
            self.hear(YES[command])
        else:
            self.refuse(command, status)

    @rule(reply=st.sampled_from(STRAYS))
    def a_stray_reply_comes(self, reply: type[Message]) -> None:
        self.hear(reply)

    @rule(status=st.sampled_from([*["pending"] * 5, *STATUSES]))
    def the_order_will_not_be_rejected(self, status: str) -> None:
        self.hear(OrderRejectionRefused, status=status)

    @rule()
    def the_order_is_cancelled(self) -> None:
        self.hear(OrderCancelled)

    @rule(which=SOME)
    @precondition(lambda self: self.desk.timeouts)
    def a_timeout_comes_late_or_again(self, which: int) -> None:
        self.time_out(which)

    @rule(reply=st.sampled_from([*STRAYS, OrderCancelled]))
    @precondition(lambda self: self.status in ("running", "parked"))
    def the_order_is_cancelled_at_the_moment_that_something_else_is_heard(self, reply: type[Message]) -> None:
        self.store.before = [lambda: self.desk.hears(OrderCancelled)]
        self.hear(reply)
        self.store.before = []

    @rule()
    def staff_resume_it(self) -> None:
        before = self.status
        status, _ = self.desk.asks("PUT", f"/api/checkout/sagas/{ORDER}/resume")
        assert status == {"": 404, "parked": 200}.get(before, 409)
        assert self.status == ("running" if before == "parked" else before)

    @rule(which=SOME, forgotten=st.booleans())
    @precondition(lambda self: self.heard)
    def what_took_effect_comes_again(self, which: int, forgotten: bool) -> None:
        id, (message, fields) = list(self.heard.items())[-1 - which % len(self.heard)]
        self.changes_nothing(lambda: self.desk.hears(message, id=None if forgotten else id, **fields))

    @rule(message=st.sampled_from([*STRAYS, OrderApprovalRefused, OrderRejectionRefused]))
    def something_is_said_about_an_order_that_nobody_knows(self, message: type[Message]) -> None:
        self.changes_nothing(lambda: self.desk.hears(message, order_id="nobody's"))

    @rule(seconds=st.integers(1, 1000))
    def time_passes(self, seconds: int) -> None:
        self.desk.wait(seconds)

    @invariant()
    def it_asks_and_undoes_in_its_order(self) -> None:
        sent = [name for name, _ in groupby(self.desk.commands)]
        asked = [name for name in sent if name in COMMANDS]
        undone = sent[len(asked) :]
        assert asked == COMMANDS[: len(asked)]
        assert undone == UNDOS[len(asked) or 1][: len(undone)]
        answered = [event.data["step"] for event in self.history if event.name == "StepAnswered"]
        assert answered == list(range(1, len(answered) + 1))
        assert len(asked) - len(answered) in (0, 1)
        steps = [event.data["step"] for event in self.history if event.name == "Undone"]
        assert steps == UNDONE_STEPS[len(asked) or 1][: len(steps)]
        assert len(undone) - len(steps) in (0, 1)

    @invariant()
    def it_ends_once_and_rightly(self) -> None:
        ends = [event.name for event in self.history if event.name in ENDS]
        assert len(ends) <= 1
        if not ends:
            assert self.status in ("", "running", "parked")
            return
        assert self.status == ENDS[ends[0]]
        assert self.history[-1].name == ends[0]
        now = self.effects()
        assert self.final in (None, now)
        self.final = now
        answered = [event.name for event in self.history].count("StepAnswered")
        undone = [event.data["step"] for event in self.history if event.name == "Undone"]
        if self.status == "completed":
            assert answered == 5 or self.accepted
            assert undone == []
            assert not self.saga.compensating
        elif self.status == "compensated":
            assert undone == UNDONE_STEPS[len({name for name in self.desk.commands if name in COMMANDS})]
        else:
            assert self.desk.commands == []

    @invariant()
    def it_waits_for_what_it_asked_last(self) -> None:
        if self.status in ("running", "parked"):
            assert self.saga.awaited.command == self.desk.commands[-1]
            assert self.saga.awaited.command in YES

    @invariant()
    def its_tries_are_numbered_and_bounded(self) -> None:
        tries = [
            (e.name, e.data["step"], e.data["attempt"]) for e in self.history if e.name in ("StepSent", "UndoSent")
        ]
        for (kind, step), group in groupby(tries, key=lambda a_try: a_try[:2]):
            attempts = [attempt for _, _, attempt in group]
            assert attempts == list(range(1, len(attempts) + 1))
            assert len(attempts) <= 3 or kind == "UndoSent" or step > 3
        assert len({message.id for message in self.desk.bus.messages}) == len(self.desk.bus.messages) == len(tries)
        names = [event.name for event in self.history]
        for parked in (number for number, name in enumerate(names) if name == "Parked"):
            latest = [e for e in self.history[:parked] if e.name == "UndoSent"][-1]
            assert latest.data["attempt"] % 8 == 0

    @invariant()
    def it_is_never_stuck(self) -> None:
        if self.status == "running":
            sent = self.desk.timeouts[-1]
            timeout = json.loads(sent.body)["detail"]["data"]
            waits = (self.saga.step, self.saga.attempt, self.saga.compensating)
            assert (timeout["step"], timeout["attempt"], timeout["compensating"]) == waits
            assert 60 <= sent.delay <= 900
        elif self.status == "parked":
            assert self.saga.obstacle == f"{self.saga.awaited.command} has no answer after {self.saga.attempt} tries"
        _, parked = self.desk.asks("GET", "/api/checkout/sagas?status=parked")
        assert [saga["orderId"] for saga in parked["sagas"]] == ([ORDER] if self.status == "parked" else [])

    def teardown(self) -> None:
        if self.status == "":
            self.hear(OrderCreated)
        left = 0 if self.status in ENDS.values() else self.left()
        for _ in range(left):
            assert self.status not in ENDS.values()
            self.hear(YES[self.desk.commands[-1]])
        assert self.status in ENDS.values()
        self.it_asks_and_undoes_in_its_order()
        self.it_ends_once_and_rightly()
        self.its_tries_are_numbered_and_bounded()

    def left(self) -> int:
        """How many answers the saga still needs."""
        if not self.saga.compensating:
            return 6 - self.saga.step
        undos = UNDONE_STEPS[self.saga.sent]
        return len(undos) - undos.index(self.saga.step)

    @property
    def saga(self) -> CreateOrderSaga:
        return self.desk.saga

    @property
    def status(self) -> str:
        return self.saga.status if self.history else ""

    @property
    def history(self) -> list[Any]:
        """All that the saga recorded, in its order."""
        if self._read != len(self.store.log):
            commits = self.store.forwards(CreateOrderSaga.stream(ORDER))
            self._read, self._history = len(self.store.log), [event for commit in commits for event in commit.events]
        return self._history

    def hear(self, message: type[Message], **fields: str) -> None:
        before = len(self.store.log)
        id = self.desk.hears(message, **fields)
        if len(self.store.log) > before:
            self.heard[id] = message, fields
        self.accepted |= message is OrderRejectionRefused and fields["status"] in ("approved", "ready", "completed")

    def refuse(self, command: str, status: str) -> None:
        """Say no to a command; an order says how it stands."""
        if command == "RejectOrder":
            self.hear(OrderRejectionRefused, status=status)
        elif command == "ApproveOrder":
            self.hear(OrderApprovalRefused, status=status)
        else:
            self.hear(NO[command])

    def time_out(self, which: int) -> None:
        """Let a timeout come, of the latest ones; it is due by then."""
        late = which % len(self.desk.timeouts)
        sent = self.desk.timeouts[-1 - late]
        self.desk.wait(sent.delay)
        if late or self.status != "running":
            again = json.loads(sent.body)
            again["detail"]["metadata"]["id"] += " again"  # as if the stream had forgotten that it handled it
            self.changes_nothing(lambda: self.desk.receives(json.dumps(again)))
        else:
            self.desk.receives(sent.body)

    def effects(self) -> Any:
        """All that it has recorded, said, and asked to be reminded of."""
        return len(self.history), len(self.desk.commands), len(self.desk.timeouts)

    def changes_nothing(self, happens: Callable[[], object]) -> None:
        before = self.effects(), len(self.store.log)
        happens()
        assert (self.effects(), len(self.store.log)) == before


TestTheSaga = Checkout.TestCase
TestTheSaga.settings = settings(max_examples=60, stateful_step_count=20, deadline=None, derandomize=True)
