"""The create-order saga when it compensates: everything is undone everywhere."""

import pytest

from events.checkout import CancelShoppingList, RejectOrder, VoidPayment
from events.ordering import (
    OrderApprovalAccepted,
    OrderApprovalRefused,
    OrderCancelled,
    OrderCreated,
    OrderRejectionAccepted,
    OrderRejectionRefused,
)
from events.payments import PaymentVoidAccepted
from functions.kernel.domain.saga import UNDO_TRIES
from functions.kernel.domain.saga_events import Undone
from language.story import sample
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import (
    ACCEPTED,
    ASKED,
    COMMANDS,
    REFUSED,
    UNDONE,
    UNDOS,
    bring_to,
    bring_to_last_answer,
    undo_everything,
)

each_step = pytest.mark.parametrize("step", range(1, 6))


@pytest.mark.parametrize("refused", [1, 2, 3])
@pytest.mark.parametrize("answered", [(), (1,), (2,), (3,), (1, 2), (1, 3), (2, 3)])
def test_a_refusal_undoes_what_was_asked_at_once_whatever_of_it_was_answered(
    desk: Desk, refused: int, answered: tuple[int, ...]
) -> None:
    desk.deliver(OrderCreated)
    for step in answered:
        if step != refused:
            desk.deliver(ACCEPTED[step - 1])
    desk.deliver(REFUSED[refused - 1])
    undo_everything(desk, 1)
    assert desk.saga.status == "compensated"


def test_of_two_refusals_the_first_is_the_reason(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    desk.deliver(REFUSED[2], reason="the payment does not cover the order")
    version = desk.saga.version
    desk.deliver(REFUSED[0], reason="the customer is disabled")
    assert (desk.saga.reason, desk.saga.version) == ("the payment does not cover the order", version)


@each_step
def test_a_refusal_at_any_step_undoes_every_step_that_was_sent(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.deliver(REFUSED[step - 1])
    assert (desk.saga.compensating, desk.saga.status) == (True, "running")
    undo_everything(desk, step)
    assert desk.saga.status == "compensated"
    assert desk.commands == COMMANDS[: ASKED[step]] + UNDOS[step]


@pytest.mark.parametrize("step", [1, 2, 3])
def test_up_to_step_three_the_last_timeout_compensates_and_the_unanswered_step_is_undone_too(
    desk: Desk, step: int
) -> None:
    bring_to_last_answer(desk, step)
    for _ in range(3):
        desk.times_out()
    assert desk.saga.reason == f"{COMMANDS[step - 1]} has no answer after 3 tries"
    undo_everything(desk, step)
    assert desk.saga.status == "compensated"


@each_step
def test_a_running_saga_compensates_as_soon_as_its_order_is_cancelled(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.times_out()
    desk.deliver(OrderCancelled)
    assert desk.saga.reason == "the order was cancelled"
    undo_everything(desk, step)
    assert desk.saga.status == "compensated"


@each_step
def test_compensating_begins_with_reject_order_and_waits_until_the_order_has_decided(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.deliver(OrderCancelled)
    desk.times_out()
    for reply in [*ACCEPTED, *REFUSED, UNDONE["CancelShoppingList"], UNDONE["VoidPayment"]]:
        desk.deliver(reply)
    assert desk.commands[ASKED[step] :] == ["RejectOrder", "RejectOrder"]


def test_the_order_is_rejected_for_the_reason_that_was_given(desk: Desk) -> None:
    bring_to(desk, 3)
    desk.deliver(REFUSED[2], reason="the payment does not cover the order")
    command, metadata = desk.command("RejectOrder")
    assert command == RejectOrder(order_id=ORDER, reason="the payment does not cover the order")
    assert metadata.saga == ORDER


def test_an_approval_that_is_refused_is_the_reason_to_reject_the_order(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderApprovalRefused, status="cancelled")
    assert desk.saga.reason == "the order is cancelled"


def test_the_undos_name_the_order_and_the_payment(desk: Desk) -> None:
    ordered = sample(OrderCreated)["data"]
    bring_to(desk, 3)
    desk.deliver(OrderCancelled)
    desk.deliver(OrderRejectionAccepted)
    void, _ = desk.command("VoidPayment")
    assert void == VoidPayment(order_id=ORDER, payment_id=ordered["payment_id"], customer_id=ordered["customer_id"])
    desk.deliver(PaymentVoidAccepted)
    cancel, _ = desk.command("CancelShoppingList")
    assert cancel == CancelShoppingList(order_id=ORDER)


@pytest.mark.parametrize("step", [4, 5])
def test_the_shopping_list_of_steps_two_and_four_is_cancelled_once(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.deliver(OrderCancelled)
    undo_everything(desk, step)
    assert desk.commands.count("CancelShoppingList") == 1
    with desk.at_work():
        commits = desk.store.forwards(f"CreateOrderSaga#{ORDER}")
        undone = [event.data["step"] for commit in commits for event in commit.events if event.name == Undone.__name__]
    assert undone == [0, 4, 3]


@each_step
@pytest.mark.parametrize("status", ["approved", "ready", "completed"])
def test_if_the_order_answers_that_it_is_approved_the_saga_completes_instead(
    desk: Desk, step: int, status: str
) -> None:
    bring_to(desk, step)
    desk.deliver(REFUSED[step - 1])
    desk.deliver(OrderRejectionRefused, status=status)
    assert (desk.saga.status, desk.saga.compensating, desk.saga.reason) == ("completed", False, "")
    assert desk.commands[ASKED[step] :] == ["RejectOrder"]


def test_reject_order_is_retried_when_an_order_that_was_not_approved_refuses_it(desk: Desk) -> None:
    bring_to(desk, 2)
    desk.deliver(OrderCancelled)
    desk.deliver(OrderRejectionRefused, status="pending")
    assert desk.saga.status == "running"
    desk.times_out()
    assert desk.commands[-2:] == ["RejectOrder", "RejectOrder"]


@each_step
def test_a_late_answer_to_a_step_does_not_stop_the_compensation(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.deliver(OrderCancelled)
    version = desk.saga.version
    desk.deliver(ACCEPTED[step - 1])
    desk.deliver(REFUSED[step - 1])
    assert desk.saga.version == version


@each_step
def test_the_watch_of_before_watches_the_undoing_and_does_not_time_it_out_too_early(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.wait(50)
    desk.deliver(OrderCancelled)
    sent = len(desk.commands)
    desk.wait(10)
    desk.deliver_body(desk.watches[-1].body)
    assert len(desk.commands) == sent
    assert desk.times_out() == 50
    assert desk.commands[sent:] == ["RejectOrder"]


@each_step
def test_an_order_that_is_cancelled_while_the_saga_compensates_changes_nothing(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.deliver(REFUSED[step - 1], reason="no")
    for command in UNDOS[step]:
        version = desk.saga.version
        desk.deliver(OrderCancelled)
        assert desk.saga.version == version
        desk.deliver(UNDONE[command])
    version = desk.saga.version
    desk.deliver(OrderCancelled)
    assert (desk.saga.version, desk.saga.status) == (version, "compensated")


def test_an_order_that_is_cancelled_after_completion_changes_nothing(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderApprovalAccepted)
    version = desk.saga.version
    desk.deliver(OrderCancelled)
    assert (desk.saga.version, desk.saga.status) == (version, "completed")
    assert desk.commands == COMMANDS


def test_order_cancelled_before_order_created_leaves_a_mark_that_stops_the_saga(desk: Desk) -> None:
    desk.deliver(OrderCancelled)
    desk.deliver(OrderCreated)
    assert desk.saga.status == "stopped"
    assert desk.commands == []
    assert desk.watches == []


def undoing(desk: Desk, position: int) -> None:
    """Bring a saga to where it awaits the answer to an undo: 0 the order's, 1 the list's, 2 the payment's."""
    bring_to(desk, 5)
    desk.deliver(OrderCancelled)
    for command in UNDOS[5][:position]:
        desk.deliver(UNDONE[command])


def park(desk: Desk, position: int) -> list[int]:
    """The same, and leave the undo unanswered until the saga is parked; returns what each try waited, in seconds."""
    undoing(desk, position)
    return [desk.times_out() for _ in range(UNDO_TRIES)]


each_undo = pytest.mark.parametrize("position", range(3))


@each_undo
def test_a_compensation_that_fails_is_retried_and_in_the_end_parked(desk: Desk, position: int) -> None:
    assert park(desk, position) == [60, 120, 240, 480, *[900] * 31]
    command = UNDOS[5][position]
    assert (desk.saga.status, desk.saga.obstacle) == ("parked", f"{command} has no answer after 35 tries")
    assert desk.commands[5 + position :] == [command] * UNDO_TRIES


@each_undo
def test_each_try_of_a_compensation_is_a_new_command_id(desk: Desk, position: int) -> None:
    park(desk, position)
    assert len({message.id for message in desk.bus.messages}) == 5 + position + UNDO_TRIES


@each_undo
def test_a_parked_saga_goes_on_where_it_was_when_it_is_resumed(desk: Desk, position: int) -> None:
    park(desk, position)
    assert desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume") == (200, {})
    assert desk.commands[-1] == UNDOS[5][position]
    assert desk.saga.status == "running"
    for command in UNDOS[5][position:]:
        assert desk.commands[-1] == command
        desk.deliver(UNDONE[command])
    assert desk.saga.status == "compensated"


@each_undo
def test_a_resumed_saga_is_parked_again_after_as_many_tries(desk: Desk, position: int) -> None:
    park(desk, position)
    desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume")
    assert [desk.times_out() for _ in range(UNDO_TRIES)] == [60, 120, 240, 480, *[900] * 31]
    assert desk.saga.status == "parked"


@each_undo
def test_the_timeouts_of_before_it_was_parked_do_not_count_when_a_saga_is_resumed(desk: Desk, position: int) -> None:
    park(desk, position)
    desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume")
    version = desk.saga.version
    for late in desk.watches[:-1]:
        desk.deliver_body(late.body)
    assert desk.saga.version == version


@each_undo
def test_an_undo_that_is_answered_after_parking_resumes_the_saga_by_itself(desk: Desk, position: int) -> None:
    park(desk, position)
    for command in UNDOS[5][position:]:
        desk.deliver(UNDONE[command])
    assert desk.saga.status == "compensated"


def test_the_reason_to_reject_the_order_outlives_its_parking(desk: Desk) -> None:
    park(desk, 0)
    desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume")
    assert desk.command("RejectOrder")[0] == RejectOrder(order_id=ORDER, reason="the order was cancelled")


def test_a_saga_that_is_parked_rings_the_alarm(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "checkout")
    undoing(desk, 1)
    for _ in range(UNDO_TRIES - 1):
        desk.times_out()
    assert "SagaParked" not in capsys.readouterr().out
    desk.times_out()
    assert '"SagaParked"' in capsys.readouterr().out
