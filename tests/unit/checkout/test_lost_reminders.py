"""A saga of which a message is lost is found by a schedule, by the mark that was written before its commit."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from events.checkout import SagasDue
from events.ordering import OrderApprovalAccepted, OrderCancelled, OrderCreated
from functions.checkout import service, views
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.domain.saga import UNDO_TRIES
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.vault import RowWrite
from functions.kernel.runtime.views import Row
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, ASKED, COMMANDS, UNDONE, UNDOS, bring_to, bring_to_last_answer


def tick(desk: Desk) -> None:
    desk.deliver_body(json.dumps({"detail-type": SagasDue.about.name, "version": 1, "time": f"{desk.now:%FT%TZ}"}))


def marked(desk: Desk) -> list[str]:
    with desk.at_work():
        return [order_id for order_id, _ in views.marked_since(desk.now + timedelta(seconds=1))]


def listed(desk: Desk, status: str) -> list[str]:
    return [saga["orderId"] for saga in desk.request("GET", f"/api/checkout/sagas?status={status}")[1]["sagas"]]


@pytest.mark.parametrize("step", range(1, 6))
def test_a_step_whose_watch_was_lost_is_tried_again_within_two_minutes(desk: Desk, step: int) -> None:
    bring_to_last_answer(desk, step)
    desk.wait(180)
    tick(desk)
    assert desk.commands == [*COMMANDS[: ASKED[step]], COMMANDS[step - 1]]
    assert [(one.step, one.attempt) for one in desk.saga.awaited] == [(step, 2)]


def test_a_saga_of_which_every_watch_is_lost_compensates_and_in_the_end_waits_for_staff(desk: Desk) -> None:
    bring_to(desk, 1)
    for _ in range(3):
        desk.wait(180)
        tick(desk)
    assert (desk.saga.compensating, desk.commands[-1]) == (True, "RejectOrder")
    for _ in range(UNDO_TRIES):
        desk.wait(1_000)
        tick(desk)
    assert desk.saga.status == "parked"
    assert (listed(desk, "parked"), marked(desk)) == ([ORDER], [])


def test_a_watch_that_ends_after_all_changes_nothing(desk: Desk) -> None:
    bring_to(desk, 2)
    desk.wait(180)
    tick(desk)
    sent = list(desk.commands)
    desk.deliver_body(desk.watches[0].body)
    tick(desk)
    assert desk.commands == sent


def test_a_saga_that_is_still_within_its_timeout_is_left_alone(desk: Desk) -> None:
    bring_to_last_answer(desk, 3)
    desk.wait(300)
    desk.deliver(ACCEPTED[2])  # it has run for long, and its latest command was sent just now
    sent = list(desk.commands)
    for seconds in (0, 59, 60):
        desk.wait(seconds)
        tick(desk)
    assert desk.commands == sent


def test_the_longer_timeout_of_a_later_try_is_waited_for(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderCancelled)
    for _ in range(4):
        desk.times_out()
    sent = list(desk.commands)
    desk.wait(900)
    tick(desk)
    assert desk.commands == sent
    desk.wait(61)
    tick(desk)
    assert desk.commands == [*sent, UNDOS[5][0]]


def test_a_saga_that_runs_is_marked_until_it_ends(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    for reply in ACCEPTED:
        assert marked(desk) == [ORDER]
        desk.deliver(reply)
    assert marked(desk) == []


def test_a_saga_is_marked_before_it_begins_and_the_mark_of_one_that_never_began_goes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*commits: Commit, beside: Sequence[RowWrite]) -> None:
        raise UnavailableError("the table is away")

    monkeypatch.setattr(desk.store, "commit", refuse)
    with desk.at_work(), pytest.raises(UnavailableError):
        service.start(ORDER, "customer", "payment", [], 1)
    assert marked(desk) == [ORDER]
    desk.wait(180)
    tick(desk)
    assert marked(desk) == []


def test_a_parked_saga_is_marked_again_when_it_is_resumed(desk: Desk) -> None:
    bring_to(desk, 1)
    desk.deliver(OrderCancelled)
    for _ in range(UNDO_TRIES):
        desk.times_out()
    assert marked(desk) == []
    assert desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume") == (200, {})
    assert marked(desk) == [ORDER]
    desk.wait(180)
    tick(desk)
    assert [one.attempt for one in desk.saga.awaited] == [UNDO_TRIES + 2]


def test_a_saga_whose_row_was_not_written_when_it_ended_is_listed_by_the_schedule(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_to(desk, 5)

    def refuse(row: Row, version: int) -> bool:
        raise UnavailableError("the table is away")

    desk.wait(180)
    with desk.at_work(), monkeypatch.context() as patch:
        patch.setattr(desk.runtime.views, "put", refuse)
        with pytest.raises(UnavailableError):
            service.answer(ORDER, OrderApprovalAccepted.about.name)
    assert desk.saga.status == "completed"
    assert (listed(desk, "completed"), marked(desk)) == ([], [ORDER])
    tick(desk)
    assert (listed(desk, "completed"), marked(desk)) == ([ORDER], [])


def test_a_message_that_comes_again_after_its_row_could_not_be_written_writes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_to(desk, 1)
    desk.deliver(OrderCancelled)
    for command in UNDOS[1][:-1]:
        desk.deliver(UNDONE[command])
    id = desk.deliver(UNDONE[UNDOS[1][-1]])
    for key in list(desk.rows):
        desk.runtime.views.delete(*key)
    desk.deliver(UNDONE[UNDOS[1][-1]], id=id)
    assert listed(desk, "compensated") == [ORDER]


def test_the_schedule_changes_no_saga_that_has_ended(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderApprovalAccepted)
    version = desk.saga.version
    desk.wait(10_000)
    tick(desk)
    assert desk.saga.version == version


def test_the_rows_are_rebuilt_when_orders_are_republished(desk: Desk) -> None:
    bring_to(desk, 5)
    for message in (OrderCreated, OrderCancelled, *(UNDONE[command] for command in UNDOS[1])):
        desk.deliver(message, order_id="order-2")
    rows = dict(desk.rows)
    for key in rows:
        desk.runtime.views.delete(*key)
    desk.deliver(OrderCreated)
    desk.deliver(OrderCreated, order_id="order-2")
    assert desk.rows.keys() == rows.keys()
    assert (listed(desk, "running"), listed(desk, "compensated")) == ([ORDER], ["order-2"])


def test_a_saga_that_is_parked_when_staff_time_out_its_last_try_is_listed_and_loses_its_mark_to_the_schedule(
    desk: Desk,
) -> None:
    bring_to(desk, 1)
    desk.deliver(OrderCancelled)
    for _ in range(UNDO_TRIES - 1):
        desk.times_out()
    desk.wait(901)
    assert desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume") == (200, {})
    assert (desk.saga.status, listed(desk, "parked"), marked(desk)) == ("parked", [ORDER], [ORDER])
    tick(desk)
    assert (listed(desk, "parked"), marked(desk)) == ([ORDER], [])


def test_an_alarm_rings_where_a_timeout_cannot_be_taken(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bring_to(desk, 2)
    desk.wait(180)

    def refuse(*commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        raise UnavailableError("the table is away")

    monkeypatch.setattr(desk.store, "commit", refuse)
    monkeypatch.setenv("MALLBOTS_SERVICE", "checkout")
    tick(desk)
    assert '"SagasNotTimedOut":[1.0]' in capsys.readouterr().out
    assert marked(desk) == [ORDER]
