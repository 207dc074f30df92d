"""Every handler runs twice, also with the cause forgotten: the second run changes nothing."""

import json
from collections.abc import Sequence
from itertools import count, permutations
from typing import Any

import pytest

from events.ordering import OrderApprovalRefused, OrderCancelled, OrderCreated, OrderRejectionRefused
from events.registry import Message
from functions.kernel.domain.saga_events import StepAnswered, TurnedRound
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.vault import RowWrite
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, COMMANDS, REFUSED, UNDONE, UNDOS, bring_to

GOOD: list[type[Message]] = [OrderCreated, *ACCEPTED]
PATHS: dict[str, list[type[Message]]] = {
    "completed": [*GOOD, OrderCancelled],
    "cancelled first": [OrderCancelled, OrderCreated],
    "approved after all": [*GOOD[:5], OrderApprovalRefused, OrderRejectionRefused],
    **{
        f"refused at {step}": [*GOOD[:step], REFUSED[step - 1], *(UNDONE[undo] for undo in UNDOS[step])]
        for step in UNDOS
    },
    **{
        f"cancelled at {step}": [*GOOD[:step], OrderCancelled, *(UNDONE[undo] for undo in UNDOS[step])]
        for step in UNDOS
    },
}


def effects(desk: Desk) -> Any:
    """All that the service has stored, published, and scheduled as reminders."""
    return len(desk.store.log), desk.commands, [sent.body for sent in desk.queue.sent], dict(desk.rows)


@pytest.mark.parametrize("path", PATHS)
def test_a_redelivered_message_changes_nothing(desk: Desk, path: str) -> None:
    for message in PATHS[path]:
        id = desk.deliver(message)
        after = effects(desk)
        desk.deliver(message, id=id)
        assert effects(desk) == after


@pytest.mark.parametrize("path", PATHS)
def test_a_message_whose_cause_is_forgotten_changes_nothing_the_second_time(desk: Desk, path: str) -> None:
    for message in PATHS[path]:
        desk.deliver(message)
        after = effects(desk)
        desk.deliver(message)
        assert effects(desk) == after


@pytest.mark.parametrize("path", PATHS)
def test_all_messages_redelivered_at_the_end_change_nothing(desk: Desk, path: str) -> None:
    for message in PATHS[path]:
        desk.deliver(message)
    after = effects(desk)
    for message in PATHS[path]:
        desk.deliver(message)
    assert effects(desk) == after


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize("step", range(1, 6))
def test_a_watch_that_ends_twice_changes_nothing_the_second_time(desk: Desk, step: int, forgotten: bool) -> None:
    numbers = count()
    bring_to(desk, step)
    for _ in range(14):
        sent = desk.watches[-1]
        body = json.loads(sent.body)
        desk.times_out()
        after = effects(desk)
        if forgotten:
            body["detail"]["metadata"]["id"] = f"again-{next(numbers)}"
        desk.deliver_body(json.dumps(body))
        assert effects(desk) == after


class Rival(MemoryEventStore):
    """A store in which another worker commits just before, once."""

    def __init__(self, rival: Any) -> None:
        super().__init__()
        self.rival = rival

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        rival, self.rival = self.rival, None
        if rival:
            rival()
        super().commit(*commits, beside=beside)


@pytest.fixture
def contended(desk: Desk) -> Rival:
    """The desk's store, in which another worker may commit just before."""
    store = Rival(None)
    desk.store = desk.runtime.store = store
    return store


def recorded(store: Rival) -> list[str]:
    return [event.name for commit in store.forwards(f"CreateOrderSaga#{ORDER}") for event in commit.events]


def test_a_reply_and_a_cancellation_at_the_same_time_both_take_effect(desk: Desk, contended: Rival) -> None:
    bring_to(desk, 2)
    contended.rival = lambda: desk.deliver(OrderCancelled)
    desk.deliver(ACCEPTED[1])
    names = recorded(contended)
    assert names[-2:] == ["TurnedRound", "UndoSent"]
    assert names.count(TurnedRound.__name__) == 1
    assert names.count(StepAnswered.__name__) == 1
    assert desk.commands == [*COMMANDS[:3], "RejectOrder"]


@pytest.mark.parametrize(("one", "other"), list(permutations(range(3), 2)))
def test_two_replies_at_the_same_time_both_count(desk: Desk, contended: Rival, one: int, other: int) -> None:
    [left] = {0, 1, 2} - {one, other}
    desk.deliver(OrderCreated)
    contended.rival = lambda: desk.deliver(ACCEPTED[one])
    desk.deliver(ACCEPTED[other])
    assert recorded(contended).count(StepAnswered.__name__) == 2
    assert [awaited.step for awaited in desk.saga.awaited] == [left + 1]
    desk.deliver(ACCEPTED[left])
    assert desk.commands == COMMANDS[:4]


def test_the_last_two_replies_at_the_same_time_initiate_collecting_once(desk: Desk, contended: Rival) -> None:
    bring_to(desk, 2)
    contended.rival = lambda: desk.deliver(ACCEPTED[1])
    desk.deliver(ACCEPTED[2])
    assert desk.commands == COMMANDS[:4]


def test_a_refusal_and_an_acceptance_at_the_same_time_make_the_saga_compensate(desk: Desk, contended: Rival) -> None:
    bring_to(desk, 2)
    contended.rival = lambda: desk.deliver(REFUSED[2])
    desk.deliver(ACCEPTED[1])
    assert desk.saga.compensating
    assert desk.commands == [*COMMANDS[:3], "RejectOrder"]
