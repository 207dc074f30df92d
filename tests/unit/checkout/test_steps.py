"""The create-order saga stage by stage to an approved order: commands, retries, timeouts."""

import json
from itertools import permutations
from typing import Any

import pytest

from events.checkout import (
    ApproveOrder,
    AuthorizeCustomer,
    ConfirmPayment,
    CreateShoppingList,
    InitiateShopping,
)
from events.customers import CustomerAuthorized
from events.depot import ShoppingListAccepted
from events.ordering import OrderApprovalAccepted, OrderCreated
from events.payments import PaymentAccepted
from events.registry import Message, Reply
from events.shapes import LineItem
from functions.kernel.domain.saga_events import StepSent
from functions.kernel.runtime.clock import read
from language.story import sample
from tests.support.delivery import body_of
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, ASKED, COMMANDS, REFUSED, UNDONE, bring_to, bring_to_last_answer

each_step = pytest.mark.parametrize("step", range(1, 6))

ORDERED = sample(OrderCreated)["data"]
CUSTOMER, PAYMENT, TOTAL = ORDERED["customer_id"], ORDERED["payment_id"], ORDERED["total"]
SENT: list[Message] = [
    AuthorizeCustomer(order_id=ORDER, customer_id=CUSTOMER),
    CreateShoppingList(order_id=ORDER, items=tuple(LineItem(**item) for item in ORDERED["items"])),
    ConfirmPayment(order_id=ORDER, payment_id=PAYMENT, customer_id=CUSTOMER, amount=TOTAL),
    InitiateShopping(order_id=ORDER),
    ApproveOrder(order_id=ORDER, shopping_list_id=ORDER),
]


def test_the_saga_starts_on_order_created(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    assert (desk.saga.id, desk.saga.status, desk.saga.step, desk.saga.compensating) == (ORDER, "running", 1, False)


def test_customer_list_and_payment_are_asked_at_once(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    assert desk.commands == ["AuthorizeCustomer", "CreateShoppingList", "ConfirmPayment"]


@pytest.mark.parametrize(
    "order", list(permutations(ACCEPTED[:3])), ids=lambda order: " ".join(r.__name__ for r in order)
)
def test_collecting_is_initiated_after_the_last_of_the_three_answers_in_whatever_order_they_come(
    desk: Desk, order: tuple[type[Reply], ...]
) -> None:
    desk.deliver(OrderCreated)
    for reply in order:
        assert desk.commands == COMMANDS[:3]
        desk.deliver(reply)
    assert desk.commands == COMMANDS[:4]
    desk.deliver(ACCEPTED[3])
    assert desk.commands == COMMANDS


def test_the_step_that_is_shown_is_the_lowest_without_an_answer(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    desk.deliver(PaymentAccepted)
    assert desk.saga.step == 1
    desk.deliver(CustomerAuthorized)
    assert desk.saga.step == 2
    desk.deliver(ShoppingListAccepted)
    assert desk.saga.step == 4


def test_an_order_without_faults_has_one_watch(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderApprovalAccepted)
    [watch] = desk.queue.sent
    assert (json.loads(watch.body)["detail-type"], watch.delay) == ("SagaWatchEnds", 60)
    stored, rows = len(desk.store.log), dict(desk.rows)
    desk.times_out()
    assert (len(desk.store.log), desk.rows, len(desk.queue.sent)) == (stored, rows, 1)


def test_an_order_that_is_created_twice_starts_one_saga(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    desk.deliver(OrderCreated)
    assert desk.commands == COMMANDS[:3]


def test_two_orders_have_a_saga_each(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    desk.deliver(OrderCreated, order_id="order-2")
    desk.deliver(CustomerAuthorized, order_id="order-2")
    assert desk.commands == COMMANDS[:3] * 2
    assert desk.saga.step == 1


@each_step
def test_each_step_sends_its_command_with_all_that_the_service_needs(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    command, metadata = desk.command(COMMANDS[step - 1])
    assert command == SENT[step - 1]
    assert (metadata.source, metadata.reply_to, metadata.saga) == ("mallbots.checkout", "checkout", ORDER)
    assert desk.commands == COMMANDS[: ASKED[step]]


def test_the_saga_completes_when_the_order_is_approved(desk: Desk) -> None:
    bring_to(desk, 5)
    desk.deliver(OrderApprovalAccepted)
    assert (desk.saga.status, desk.saga.step) == ("completed", 5)
    assert desk.commands == COMMANDS


def test_a_command_belongs_to_the_flow_of_the_message_that_led_to_it(desk: Desk) -> None:
    bring_to(desk, 3)
    reply_id = desk.deliver(PaymentAccepted)
    _, metadata = desk.command("InitiateShopping")
    assert (metadata.causation_id, metadata.correlation_id) == (reply_id, "flow-1")


@each_step
def test_a_step_without_an_answer_is_retried_after_60_seconds_three_tries_in_all(desk: Desk, step: int) -> None:
    bring_to_last_answer(desk, step)
    assert [desk.times_out(), desk.times_out()] == [60, 60]
    assert desk.commands.count(COMMANDS[step - 1]) == 3
    assert desk.commands[-2:] == [COMMANDS[step - 1]] * 2
    assert [(one.step, one.attempt) for one in desk.saga.awaited] == [(step, 3)]
    assert not desk.saga.compensating


def test_the_steps_that_have_no_answer_are_tried_again_together_and_each_for_itself(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    desk.deliver(ShoppingListAccepted)
    desk.times_out()
    assert desk.commands[3:] == ["AuthorizeCustomer", "ConfirmPayment"]
    desk.deliver(CustomerAuthorized)
    desk.times_out()
    assert desk.commands[5:] == ["ConfirmPayment"]


def test_a_step_that_is_asked_later_is_watched_for_as_long_as_the_first(desk: Desk) -> None:
    desk.deliver(OrderCreated)
    desk.wait(20)
    for reply in ACCEPTED[:3]:
        desk.deliver(reply)
    desk.wait(40)
    desk.deliver_body(desk.watches[0].body)
    assert desk.commands == COMMANDS[:4]
    assert desk.times_out() == 20
    assert desk.commands[4:] == ["InitiateShopping"]


def test_the_timeout_is_a_setting_of_the_stage() -> None:
    desk = Desk(MALLBOTS_STEP_TIMEOUT="2")
    bring_to(desk, 1)
    assert desk.times_out() == 2


@each_step
def test_each_try_is_a_new_command_id(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.times_out()
    desk.times_out()
    assert len({message.id for message in desk.bus.messages}) == len(desk.commands)


@each_step
def test_any_trys_reply_to_a_step_that_is_awaited_counts(desk: Desk, step: int) -> None:
    bring_to_last_answer(desk, step)
    desk.times_out()
    first_try = next(message.id for message in desk.bus.messages if message.name == COMMANDS[step - 1])
    with_first = {"causation_id": first_try, "stream": f"{COMMANDS[step - 1]}#{first_try}"}
    detail = sample(ACCEPTED[step - 1])
    detail["metadata"] |= with_first
    desk.deliver_body(body_of(detail))
    assert desk.saga.step == {1: 4, 2: 4, 3: 4, 4: 5, 5: 5}[step]
    assert desk.saga.status == ("running" if step < 5 else "completed")


@each_step
def test_replies_that_are_late_repeated_or_foreign_change_nothing(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    version, sent = desk.saga.version, len(desk.commands)
    awaited = {reply for one in desk.saga.awaited for reply in (ACCEPTED[one.step - 1], REFUSED[one.step - 1])}
    for reply in (*ACCEPTED, *REFUSED, *UNDONE.values()):
        if reply not in awaited:
            desk.deliver(reply)
        desk.deliver(reply, order_id="unknown")
    assert (desk.saga.version, len(desk.commands)) == (version, sent)


@each_step
def test_a_watch_counts_only_until_another_is_set(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    desk.times_out()
    version = desk.saga.version
    desk.wait(60)
    for late in desk.watches[:-1]:
        desk.deliver_body(late.body)
    assert desk.saga.version == version


@pytest.mark.parametrize("step", [4, 5])
def test_from_step_four_on_each_timeout_doubles_after_the_third_try_up_to_15_minutes(desk: Desk, step: int) -> None:
    bring_to(desk, step)
    assert [desk.times_out() for _ in range(10)] == [60, 60, 60, 120, 240, 480, 900, 900, 900, 900]
    assert desk.commands[ASKED[step] - 1 :] == [COMMANDS[step - 1]] * 11
    assert (desk.saga.step, desk.saga.status, desk.saga.compensating) == (step, "running", False)
    desk.deliver(ACCEPTED[step - 1])
    assert desk.saga.status == ("running" if step < 5 else "completed")


def lines(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def test_a_saga_that_retries_for_ever_rings_the_alarm_at_each_try_after_the_third(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "checkout")
    bring_to(desk, 4)
    desk.times_out()
    desk.times_out()
    assert not [line for line in lines(capsys.readouterr().out) if "SagaKeepsRetrying" in line]
    desk.times_out()
    desk.times_out()
    printed = lines(capsys.readouterr().out)
    rung = [line for line in printed if "SagaKeepsRetrying" in line]
    assert [(line["SagaKeepsRetrying"], line["service"], line["message"]) for line in rung] == [
        ([1.0], "checkout", "SagaWatchEnds")
    ] * 2
    about = [line for line in printed if line.get("message") == "SagaKeepsRetrying"]
    assert [(line["order_id"], line["command"], line["attempt"]) for line in about] == [
        (ORDER, "InitiateShopping", 4),
        (ORDER, "InitiateShopping", 5),
    ]


def test_a_saga_remembers_what_it_needs_from_order_created(desk: Desk) -> None:
    bring_to(desk, 2)
    saga = desk.saga
    assert (saga.customer_id, saga.payment_id, saga.total) == (CUSTOMER, PAYMENT, TOTAL)
    assert [vars(item) for item in saga.items] == ORDERED["items"]


def test_a_saga_tells_since_when_it_has_its_status(desk: Desk) -> None:
    bring_to(desk, 1)
    begun = desk.now
    desk.wait(5)
    for reply in ACCEPTED[:4]:
        desk.deliver(reply)
    assert read(desk.saga.since) == begun
    desk.deliver(OrderApprovalAccepted)
    assert read(desk.saga.since) == desk.now


def test_the_number_of_tries_survives_a_reload_from_the_stream(desk: Desk) -> None:
    bring_to(desk, 4)
    for _ in range(20):
        desk.times_out()
    with desk.at_work():
        commits = list(desk.store.forwards(f"CreateOrderSaga#{ORDER}"))
    names = [event.name for commit in commits for event in commit.events]
    assert names.count(StepSent.__name__) == 24
    assert [(one.step, one.attempt) for one in desk.saga.awaited] == [(4, 21)]
