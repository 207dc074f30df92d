"""Every handler runs twice, also with the cause forgotten: the second run changes nothing."""

import json
from itertools import count
from typing import Any

import pytest

from events.ordering import OrderApprovalRefused, OrderCancelled, OrderCreated, OrderRejectionRefused
from events.registry import Message
from functions.kernel.domain.saga import StepAnswered, TurnedRound
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.commit import Commit
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, REFUSED, UNDONE, UNDOS, bring_to

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
    assert isinstance(desk.runtime.views, MemoryViews)
    return len(desk.store.log), desk.commands, [sent.body for sent in desk.queue.sent], dict(desk.runtime.views.items)


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
def test_a_redelivered_reminder_changes_nothing(desk: Desk, step: int, forgotten: bool) -> None:
    numbers = count()
    bring_to(desk, step)
    for _ in range(14):
        body = json.loads(desk.timeouts[-1].body)
        desk.deliver_body(json.dumps(body))
        after = effects(desk)
        if forgotten:
            body["detail"]["metadata"]["id"] = f"again-{next(numbers)}"
        desk.deliver_body(json.dumps(body))
        assert effects(desk) == after


def test_a_reminder_to_itself_may_come_twice_and_late(desk: Desk) -> None:
    for message in PATHS["refused at 3"]:
        desk.deliver(message)
    after = effects(desk)
    for sent in [sent for sent in desk.queue.sent if sent.delay == 0]:
        desk.deliver_body(sent.body)
    assert effects(desk) == after


class Rival(MemoryEventStore):
    """A store in which another worker commits just before, once."""

    def __init__(self, rival: Any) -> None:
        super().__init__()
        self.rival = rival

    def commit(self, *commits: Commit) -> None:
        rival, self.rival = self.rival, None
        if rival:
            rival()
        super().commit(*commits)


def test_a_reply_and_a_cancellation_at_the_same_time_both_take_effect(desk: Desk) -> None:
    store = Rival(None)
    desk.store = desk.runtime.store = store
    bring_to(desk, 2)
    store.rival = lambda: desk.deliver(OrderCancelled)
    desk.deliver(ACCEPTED[1])
    names = [event.name for commit in store.forwards(f"CreateOrderSaga#{ORDER}") for event in commit.events]
    assert names[-2:] == ["TurnedRound", "UndoSent"]
    assert names.count(TurnedRound.__name__) == 1
    assert names.count(StepAnswered.__name__) == 1
    assert desk.commands == ["AuthorizeCustomer", "CreateShoppingList", "RejectOrder"]
