"""A saga whose own reminder is lost is timed out by a schedule."""

import json

import pytest

from events.checkout import SagasDue
from events.ordering import OrderApprovalAccepted, OrderCancelled
from functions.checkout import service, views
from functions.kernel.domain.saga import UNDO_TRIES
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import COMMANDS, UNDOS, bring_to


def tick(desk: Desk) -> None:
    desk.deliver_body(json.dumps({"detail-type": SagasDue.about.name, "version": 1, "time": f"{desk.now:%FT%TZ}"}))


@pytest.mark.parametrize("step", range(1, 6))
def test_a_step_whose_reminder_was_lost_is_tried_again_within_two_minutes(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.wait(180)
    tick(desk)
    assert desk.commands == [*COMMANDS[:step], COMMANDS[step - 1]]
    assert desk.saga.attempt == 2


def test_a_saga_of_which_every_reminder_is_lost_compensates_and_in_the_end_waits_for_staff(desk: Desk) -> None:
    bring_to(desk, 1)
    for _ in range(3):
        desk.wait(180)
        tick(desk)
    assert (desk.saga.compensating, desk.commands[-1]) == (True, "RejectOrder")
    for _ in range(UNDO_TRIES):
        desk.wait(1_000)
        tick(desk)
    assert desk.saga.status == "parked"


def test_a_reminder_that_comes_after_all_changes_nothing(desk: Desk) -> None:
    bring_to(desk, 2)
    desk.wait(180)
    tick(desk)
    sent = list(desk.commands)
    desk.deliver_body(desk.timeouts[-2].body)
    tick(desk)
    assert desk.commands == sent


def test_a_saga_that_is_still_within_its_timeout_is_left_alone(desk: Desk) -> None:
    bring_to(desk, 1)
    desk.wait(300)
    bring_to(desk, 2)  # it has run for long, and its latest command was sent just now
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


def test_a_saga_that_has_ended_and_whose_row_was_lost_leaves_the_list_of_running_ones(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.wait(180)
    with desk.at_work():
        service.answer(ORDER, "OrderApprovalAccepted")  # and its commit is never relayed
        assert list(views.running_since(desk.now)) == [ORDER]
    desk.lose_what_is_not_relayed()
    tick(desk)
    with desk.at_work():
        assert list(views.running_since(desk.now)) == []
    assert desk.request("GET", "/api/checkout/sagas?status=completed")[1]["sagas"][0]["orderId"] == ORDER


def test_the_schedule_changes_no_saga_that_has_ended(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderApprovalAccepted)
    version = desk.saga.version
    desk.wait(10_000)
    tick(desk)
    assert desk.saga.version == version
