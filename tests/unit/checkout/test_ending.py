"""Whatever a saga hears, in whatever order: it keeps to its way, and it ends.

Invariants. After the order was asked to be rejected, nothing is asked for any more, only undone. A compensated saga has
undone every step that it sent, in order. A saga that has ended says nothing more. Once everybody answers, it ends.
"""

from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from events.ordering import (
    OrderApprovalRefused,
    OrderCancelled,
    OrderCreated,
    OrderRejectionRefused,
)
from events.registry import Message
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.ways import ACCEPTED, COMMANDS, REFUSED, UNDONE, UNDOS

ENDED = {"completed", "compensated", "stopped"}
ANSWERS = dict(zip(COMMANDS, ACCEPTED, strict=True)) | UNDONE
STATUSES = ["pending", "approved", "rejected", "cancelled"]
YES, NO, TIMEOUT, LATE_TIMEOUT, RESUME = "yes", "no", "timeout", "late timeout", "resume"
Move = type[Message] | tuple[type[Message], str] | str

# Steps on the way are frequent, so that most sagas come far; what is late, foreign or wrong comes in between.
onward = st.sampled_from([YES, YES, YES, YES, TIMEOUT, TIMEOUT, TIMEOUT, RESUME])
replies = st.sampled_from([*ACCEPTED, *REFUSED[:4], *UNDONE.values(), OrderCreated, LATE_TIMEOUT])
order_answers = st.tuples(st.sampled_from([OrderApprovalRefused, OrderRejectionRefused]), st.sampled_from(STATUSES))
turns = st.sampled_from([NO, OrderCancelled, *[TIMEOUT] * 8])
moves: st.SearchStrategy[Move] = st.one_of(onward, onward, turns, replies, order_answers)


def make(desk: Desk, move: Move) -> None:
    if move in (YES, NO):
        answers = ANSWERS if move == YES else dict(zip(COMMANDS, REFUSED, strict=True))
        if desk.commands and desk.commands[-1] in answers:
            desk.hears(answers[desk.commands[-1]])
    elif move == RESUME:
        desk.asks("PUT", f"/api/checkout/sagas/{ORDER}/resume")
    elif move in (TIMEOUT, LATE_TIMEOUT):
        if desk.timeouts:
            desk.receives(desk.timeouts[-1 if move == TIMEOUT else 0].body)
    elif isinstance(move, tuple):
        desk.hears(move[0], status=move[1])
    elif not isinstance(move, str):
        desk.hears(move)


def check(desk: Desk) -> None:
    sent = [name for name, _ in groupby(desk.commands)]
    asked = [name for name in sent if name in COMMANDS]
    assert asked == COMMANDS[: len(asked)]
    assert sent == asked + UNDOS[len(asked) or 1][: len(sent) - len(asked)]
    if desk.saga.status == "compensated":
        assert sent == asked + UNDOS[len(asked)]


@given(st.sampled_from([*[OrderCreated] * 9, OrderCancelled]), st.lists(moves, min_size=15, max_size=50))
@settings(max_examples=100, deadline=None)
def test_every_saga_keeps_to_its_way_and_ends(beginning: type[Message], way: list[Move]) -> None:
    desk = Desk()
    for move in [beginning, *way]:
        before = desk.saga if desk.store.log else None
        make(desk, move)
        if before and before.status in ENDED:
            assert desk.saga == before
        check(desk)
    desk.hears(OrderCreated)
    for _ in range(10):
        if desk.saga.status not in ENDED:
            desk.hears(ANSWERS[desk.saga.awaited.command])
    check(desk)
    assert desk.saga.status in ENDED
