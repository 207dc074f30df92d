"""Invariants of a saga that receives any messages in any order, repeated, late or at the same time:

1. the first three steps are asked at once, the fourth after all three are answered, the fifth after the fourth; none is
   asked or answered once the saga compensates, and undos come only after RejectOrder;
2. a compensated saga has had one acceptance of every undo of every step whose command was sent, in the declared order;
   a completed one has had an acceptance of all five steps, or its order refused the rejection because it was approved;
3. a saga ends once (completed, compensated or stopped) and then sends and records nothing;
4. what it awaits are the latest tries of what it asked and had no answer to;
5. tries of a request are numbered 1, 2, 3… and each is a new command; up to step 3 there are three at most, and an undo
   is parked after every 35th;
6. a running saga has a watch under way that ends no later than its earliest try is due, in 15 minutes at most; a parked
   one says why, and is listed as parked; staff can resume it, or a running one with a try that is due, and no other;
7. messages about other orders, watches that another follows, and messages that took effect before change nothing;
8. a saga that runs has a mark, and one that does not has none.

Liveness: when all services answer again, it ends within as many answers as it has steps and undos left.
"""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.ordering import OrderApprovalRefused, OrderCancelled, OrderCreated, OrderRejectionRefused
from events.registry import Message
from functions.checkout.domain import CreateOrderSaga
from functions.kernel.domain.saga import UNDO_TRIES, Try
from functions.kernel.runtime import clock
from tests.support.contention import ContendedStore
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, COMMANDS, REFUSED, UNDONE, UNDOS

ENDS = {"Completed": "completed", "Compensated": "compensated", "Stopped": "stopped"}
YES = dict(zip(COMMANDS, ACCEPTED, strict=True)) | UNDONE
NO = dict(zip(COMMANDS, REFUSED, strict=True))
UNDONE_STEPS = {3: [0, 3, 2], 4: [0, 4, 3], 5: [0, 4, 3]}  # by the last step that was sent
EARLIER = {1: 0, 2: 0, 3: 0, 4: 3, 5: 4}  # how many steps must be answered before a step is asked
STATUSES = ["pending", "approved", "ready", "completed", "rejected", "cancelled"]
STRAYS = [*ACCEPTED, *REFUSED[:4], *UNDONE.values()]
SOME = st.integers(0, 9)

Delivered = tuple[type[Message], dict[str, str]]


class Checkout(RuleBasedStateMachine):
    """One order's saga; the rules play all other services."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.store = ContendedStore()
        self.desk.store = self.desk.runtime.store = self.store
        self.delivered: dict[str, Delivered] = {}
        self.accepted = False  # whether the order refused a rejection because it was approved
        self.final: Any = None
        self._read, self._history = 0, list[Any]()

    @initialize(step=st.integers(0, 5), undone=st.integers(-2, 2), tries=st.sampled_from([0, 0, 2, UNDO_TRIES]))
    def begin(self, step: int, undone: int, tries: int) -> None:
        """Begin anywhere: else few sagas would come far.

        step: the awaited one; 0: no message was received yet. undone: how many undos of a compensating saga were
        answered; below 0: it does not compensate. tries: how many have timed out.
        """
        if step:
            self.the_order_is_created()
        for _ in range(step - 1):
            self.an_awaited_command_is_answered_with_yes(0)
        if step and undone >= 0:
            self.the_order_is_cancelled()
        for _ in range(min(undone, step - 1)):
            if self.status == "running":
                self.an_awaited_command_is_answered_with_yes(0)
        for _ in range(tries if self.status == "running" else 0):
            self.time_out(0)

    @rule()
    def the_order_is_created(self) -> None:
        self.deliver(OrderCreated)

    @rule(which=SOME)
    @precondition(lambda self: self.status in ("running", "parked"))
    def an_awaited_command_is_answered_with_yes(self, which: int) -> None:
        self.deliver(YES[self.awaited[which % len(self.awaited)]])

    @rule(which=SOME, other=SOME)
    @precondition(lambda self: self.status == "running" and len(self.awaited) > 1)
    def two_awaited_commands_are_answered_at_the_same_time(self, which: int, other: int) -> None:
        commands = self.awaited
        first = commands.pop(which % len(commands))
        second = commands[other % len(commands)]
        self.store.before = [lambda: self.deliver(YES[first])]
        self.deliver(YES[second])
        self.store.before = []
        assert {first, second}.isdisjoint(self.awaited)

    @rule(times=st.integers(1, 9), again=SOME)
    @precondition(lambda self: self.status == "running")
    def no_service_answers_for_a_while(self, times: int, again: int) -> None:
        for _ in range(times):
            self.time_out(0)
            self.time_out(again)

    @rule(which=SOME)
    @precondition(lambda self: self.status == "running" and not self.saga.compensating)
    def an_awaited_step_is_refused(self, which: int) -> None:
        self.refuse(self.awaited[which % len(self.awaited)], "cancelled")
        assert self.saga.compensating

    @rule(which=SOME, yes=st.booleans(), status=st.sampled_from([*["pending"] * 5, *STATUSES]))
    @precondition(lambda self: self.desk.commands)
    def an_earlier_command_is_answered_late(self, which: int, yes: bool, status: str) -> None:
        command = self.desk.commands[-1 - which % len(self.desk.commands)]
        if yes or command in ("VoidPayment", "CancelShoppingList"):
            self.deliver(YES[command])
        else:
            self.refuse(command, status)

    @rule(reply=st.sampled_from(STRAYS))
    def a_stray_reply_comes(self, reply: type[Message]) -> None:
        self.deliver(reply)

    @rule(status=st.sampled_from([*["pending"] * 5, *STATUSES]))
    def the_order_refuses_its_rejection(self, status: str) -> None:
        self.deliver(OrderRejectionRefused, status=status)

    @rule()
    def the_order_is_cancelled(self) -> None:
        self.deliver(OrderCancelled)

    @rule(which=SOME)
    @precondition(lambda self: self.desk.watches)
    def a_watch_ends_late_or_again(self, which: int) -> None:
        self.time_out(which)

    @rule(reply=st.sampled_from([*STRAYS, OrderCancelled]))
    @precondition(lambda self: self.status in ("running", "parked"))
    def the_order_is_cancelled_while_another_message_is_handled(self, reply: type[Message]) -> None:
        self.store.before = [lambda: self.desk.deliver(OrderCancelled)]
        self.deliver(reply)
        self.store.before = []

    @rule()
    def staff_resume_it(self) -> None:
        before, overdue = self.status, self.overdue() >= 0
        status, _ = self.desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume")
        assert status == {"": 404, "parked": 200, "running": 200 if overdue else 409}.get(before, 409)
        if before == "parked":
            assert self.status == "running"
        elif not overdue:
            assert self.status == before
        elif self.status == "parked":  # the schedule removes its mark
            self.desk.wait(120)
            self.the_schedule_ticks()

    @rule()
    def the_schedule_ticks(self) -> None:
        before, overdue = self.effects(), self.overdue() > 60
        tick = {"detail-type": "SagasDue", "version": 1, "time": clock.stamp(self.desk.now)}
        self.desk.deliver_body(json.dumps(tick))
        assert (self.effects() != before) == overdue

    @rule(which=SOME, forgotten=st.booleans())
    @precondition(lambda self: self.delivered)
    def what_took_effect_is_redelivered(self, which: int, forgotten: bool) -> None:
        id, (message, fields) = list(self.delivered.items())[-1 - which % len(self.delivered)]
        self.changes_nothing(lambda: self.desk.deliver(message, id=None if forgotten else id, **fields))

    @rule(message=st.sampled_from([*STRAYS, OrderApprovalRefused, OrderRejectionRefused]))
    def a_message_about_an_unknown_order_comes(self, message: type[Message]) -> None:
        self.changes_nothing(lambda: self.desk.deliver(message, order_id="unknown"))

    @rule(seconds=st.integers(1, 1000))
    def time_passes(self, seconds: int) -> None:
        self.desk.wait(seconds)

    @invariant()
    def it_asks_stage_by_stage_and_undoes_in_order(self) -> None:
        answered, undone, compensates = list[int](), list[int](), False
        for event in self.history:
            if event.name == "StepSent":
                assert not compensates
                assert set(range(1, EARLIER[event.data["step"]] + 1)) <= set(answered)
            elif event.name == "StepAnswered":
                assert not compensates
                assert event.data["step"] not in answered
                answered.append(event.data["step"])
            elif event.name == "Undone":
                undone.append(event.data["step"])
            compensates = compensates or event.name == "TurnedRound"
        asked = [name for name in dict.fromkeys(self.desk.commands) if name in COMMANDS]
        assert asked == COMMANDS[: len(asked)]
        assert len(asked) in (0, 3, 4, 5)
        undos = list(dict.fromkeys(name for name in self.desk.commands if name not in COMMANDS))
        assert undos == UNDOS[len(asked) or 3][: len(undos)]
        assert undone == UNDONE_STEPS[len(asked) or 3][: len(undone)]
        assert len(undos) - len(undone) in (0, 1)

    @invariant()
    def it_ends_once_and_as_its_answers_say(self) -> None:
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
            assert undone == UNDONE_STEPS[len(set(COMMANDS) & set(self.desk.commands))]
        else:
            assert self.desk.commands == []

    @invariant()
    def it_awaits_the_latest_tries_without_an_answer(self) -> None:
        if self.status not in ("running", "parked"):
            return
        sent, done = ("UndoSent", "Undone") if self.saga.compensating else ("StepSent", "StepAnswered")
        tries = {e.data["step"]: Try(**e.data) for e in self.history if e.name == sent}
        over = {event.data["step"] for event in self.history if event.name == done}
        assert self.saga.awaited == tuple(tries[step] for step in sorted(tries) if step not in over)
        assert self.saga.step == self.saga.awaited[0].step
        assert set(self.awaited) <= set(self.desk.commands)

    @invariant()
    def its_tries_are_numbered_and_bounded(self) -> None:
        tries = [(e.name, e.data["step"], e.data["attempt"]) for e in self.history if e.name.endswith("Sent")]
        for kind, step in {(kind, step) for kind, step, _ in tries}:
            attempts = [attempt for *of, attempt in tries if of == [kind, step]]
            assert attempts == list(range(1, len(attempts) + 1))
            assert len(attempts) <= 3 or kind == "UndoSent" or step > 3
        assert len({message.id for message in self.desk.bus.messages}) == len(self.desk.bus.messages) == len(tries)
        names = [event.name for event in self.history]
        for parked in (number for number, name in enumerate(names) if name == "Parked"):
            latest = [e for e in self.history[:parked] if e.name == "UndoSent"][-1]
            assert latest.data["attempt"] % UNDO_TRIES == 0

    @invariant()
    def it_is_never_stuck(self) -> None:
        if self.status == "running":
            sent = self.desk.watches[-1]
            watch = json.loads(sent.body)["detail"]["data"]
            assert watch["until"] == self.saga.watch <= self.saga.due
            assert 0 <= sent.delay <= 900  # at once where a try was due in the moment of an answer to another
        elif self.status == "parked":
            [undo] = self.saga.awaited
            assert self.saga.obstacle == f"{self.awaited[0]} has no answer after {undo.attempt} tries"
        marks = [sort for partition, sort in self.desk.rows if partition == "running"]
        assert marks == ([f"{self.saga.runs_since}#{ORDER}"] if self.status == "running" else [])
        _, parked = self.desk.request("GET", "/api/checkout/sagas?status=parked")
        assert [saga["orderId"] for saga in parked["sagas"]] == ([ORDER] if self.status == "parked" else [])

    def teardown(self) -> None:
        if self.status == "":
            self.deliver(OrderCreated)
        left = 0 if self.status in ENDS.values() else self.left()
        for _ in range(left):
            assert self.status not in ENDS.values()
            self.deliver(YES[self.awaited[-1]])
        assert self.status in ENDS.values()
        self.it_asks_stage_by_stage_and_undoes_in_order()
        self.it_ends_once_and_as_its_answers_say()
        self.its_tries_are_numbered_and_bounded()

    def left(self) -> int:
        """How many answers the saga still needs."""
        if not self.saga.compensating:
            return 5 - [event.name for event in self.history].count("StepAnswered")
        undos = UNDONE_STEPS[self.saga.sent]
        return len(undos) - undos.index(self.saga.step)

    def overdue(self) -> float:
        """For how many seconds a running saga's earliest try is past its due time; below 0 before, and for others."""
        if self.status != "running":
            return -1
        return (self.desk.now - clock.read(self.saga.due)).total_seconds()

    @property
    def awaited(self) -> list[str]:
        """The commands whose answers it awaits."""
        return [self.saga.request(one.step).command for one in self.saga.awaited]

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

    def deliver(self, message: type[Message], **fields: str) -> None:
        before = len(self.store.log)
        id = self.desk.deliver(message, **fields)
        if len(self.store.log) > before:
            self.delivered[id] = message, fields
        self.accepted |= message is OrderRejectionRefused and fields["status"] in ("approved", "ready", "completed")

    def refuse(self, command: str, status: str) -> None:
        """Refuse a command; an order's refusal carries its status."""
        if command == "RejectOrder":
            self.deliver(OrderRejectionRefused, status=status)
        elif command == "ApproveOrder":
            self.deliver(OrderApprovalRefused, status=status)
        else:
            self.deliver(NO[command])

    def time_out(self, which: int) -> None:
        """Deliver the end of one of the latest watches when it is due."""
        late = which % len(self.desk.watches)
        sent = self.desk.watches[-1 - late]
        self.desk.wait(sent.delay)
        if late or self.status != "running":
            again = json.loads(sent.body)
            again["detail"]["metadata"]["id"] += " again"  # as if the stream had forgotten that it handled it
            self.changes_nothing(lambda: self.desk.deliver_body(json.dumps(again)))
        else:
            self.desk.deliver_body(sent.body)

    def effects(self) -> Any:
        """All that it has recorded, sent, and scheduled as reminders."""
        return len(self.history), len(self.desk.commands), len(self.desk.watches)

    def changes_nothing(self, happens: Callable[[], object]) -> None:
        before = self.effects(), len(self.store.log)
        happens()
        assert (self.effects(), len(self.store.log)) == before


TestTheSaga = Checkout.TestCase
TestTheSaga.settings = settings(max_examples=60, stateful_step_count=20, deadline=None, derandomize=True)
