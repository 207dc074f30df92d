"""Sagas that code began which asked one step at a time, with a timer for each try: this code goes on with them.

`streams/one_step_at_a_time.json` is golden: the table, the rows and the latest timers of that code, for an order in
several places of its saga.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from events.checkout import SagaMoved, SagasDue
from events.ordering import OrderApprovalAccepted, OrderCancelled
from functions.checkout import service
from functions.kernel.domain.aggregate import UnknownEventError, upcast
from functions.kernel.domain.saga import UNDO_TRIES, Try
from functions.kernel.domain.saga_events import StepSent
from tests.unit.checkout.desk import ORDER, Desk
from tests.unit.checkout.paths import ACCEPTED, COMMANDS, REFUSED, UNDONE

GOLDEN = json.loads((Path(__file__).parent / "streams" / "one_step_at_a_time.json").read_text())
each_step = pytest.mark.parametrize("step", range(1, 6))


def opened(place: str, *, snapshots: bool = True, rows: bool = True) -> Desk:
    """A desk over what the earlier code stored."""
    desk, golden = Desk(), GOLDEN[place]
    desk.now, desk.delivered = datetime.fromisoformat(golden["now"]), 100  # the first ids are causes of old commits
    for item in golden["items"]:
        old: dict[str, Any] = {name: value for name, value in item.items() if snapshots or name != "snapshot"}
        desk.store.items.setdefault(old["stream"]["S"], {})[int(old["version"]["N"])] = old
        desk.store.log.append(old)
    desk.relay()
    desk.bus.messages.clear()
    for row in golden["rows"] if rows else []:
        desk.rows[row["partition"]["S"], row["sort"]["S"]] = row
    return desk


def timer(place: str) -> str:
    """The body of the timer that is under way for the latest try."""
    body: str = GOLDEN[place]["timers"][-1]
    return body


def tick(desk: Desk) -> None:
    desk.deliver_body(json.dumps({"detail-type": SagasDue.about.name, "version": 1, "time": f"{desk.now:%FT%TZ}"}))


def listed(desk: Desk, status: str) -> list[str]:
    return [saga["orderId"] for saga in desk.request("GET", f"/api/checkout/sagas?status={status}")[1]["sagas"]]


def tries(desk: Desk) -> list[tuple[int, int]]:
    return [(one.step, one.attempt) for one in desk.saga.awaited]


@each_step
def test_an_old_saga_awaits_what_it_awaited(step: int) -> None:
    saga = opened(f"step {step}").saga
    assert (saga.status, saga.step, saga.sent, saga.compensating, saga.watch) == ("running", step, step, False, "")
    assert saga.awaited == (Try(step, 1, due=""),)


@each_step
def test_an_old_saga_goes_on_and_asks_what_was_never_asked(step: int) -> None:
    desk = opened(f"step {step}")
    for reply in ACCEPTED[step - 1 :]:
        desk.deliver(reply)
    assert desk.commands == COMMANDS[step:]
    assert desk.saga.status == "completed"


def test_an_old_saga_asks_list_and_payment_at_once_when_its_customer_is_authorized() -> None:
    desk = opened("step 1")
    desk.deliver(ACCEPTED[0])
    assert desk.commands == ["CreateShoppingList", "ConfirmPayment"]
    assert len(desk.watches) == 1


@each_step
def test_the_timer_of_an_old_try_is_its_timeout(step: int) -> None:
    desk = opened(f"step {step}")
    desk.wait(60)
    desk.deliver_body(timer(f"step {step}"))
    assert (desk.commands, tries(desk)) == ([COMMANDS[step - 1]], [(step, 2)])
    assert desk.times_out() == 60
    assert tries(desk) == [(step, 3)]


def test_the_timer_of_an_old_try_that_another_followed_changes_nothing() -> None:
    desk = opened("third try of step 2")
    version = desk.saga.version
    for place in ("step 1", "step 2"):
        desk.deliver_body(timer(place))
    assert desk.saga.version == version


def test_an_old_saga_undoes_the_steps_that_were_asked_and_no_other() -> None:
    desk = opened("third try of step 2")
    desk.wait(60)
    desk.deliver_body(timer("third try of step 2"))
    for command in ("RejectOrder", "CancelShoppingList"):
        assert desk.commands[-1] == command
        desk.deliver(UNDONE[command])
    assert (desk.saga.status, desk.commands) == ("compensated", ["RejectOrder", "CancelShoppingList"])


@each_step
def test_an_old_saga_that_is_refused_or_cancelled_compensates(step: int) -> None:
    for message in (REFUSED[step - 1], OrderCancelled):
        desk = opened(f"step {step}")
        desk.deliver(message)
        assert (desk.saga.compensating, desk.commands) == (True, ["RejectOrder"])


@pytest.mark.parametrize("rows", [True, False], ids=["with its row", "with the message that makes its row"])
@each_step
def test_an_old_saga_whose_timer_is_lost_is_found_by_the_schedule(step: int, rows: bool) -> None:
    desk = opened(f"step {step}", rows=rows)
    if not rows:
        desk.deliver(SagaMoved, status="running", step=step)
    assert listed(desk, "running") == ([] if rows else [ORDER])
    desk.wait(180)
    tick(desk)
    assert listed(desk, "running") == [ORDER]
    assert desk.commands == []  # when its try was sent is not known: it gets a watch
    desk.times_out()
    assert (desk.commands, tries(desk)) == ([COMMANDS[step - 1]], [(step, 2)])


def test_an_old_saga_within_its_timeout_is_not_timed_out_early_by_the_schedule() -> None:
    desk = opened("third try of step 2")
    for _ in range(3):
        tick(desk)
        desk.wait(10)
    assert (desk.commands, tries(desk)) == ([], [(2, 3)])


def test_the_rows_of_an_old_saga_give_way_to_those_of_this_code() -> None:
    desk = opened("step 5")
    desk.deliver(OrderApprovalAccepted)
    desk.wait(180)
    tick(desk)
    assert list(desk.rows) == [("sagas", ORDER)]
    assert (listed(desk, "running"), listed(desk, "completed")) == ([], [ORDER])


@pytest.mark.parametrize("snapshots", [True, False])
def test_an_old_saga_that_undoes_its_steps_goes_on(snapshots: bool) -> None:
    desk = opened("undoing the payment", snapshots=snapshots)
    assert tries(desk) == [(3, 2)]
    desk.deliver_body(timer("undoing the payment"))
    assert (desk.commands, tries(desk)) == (["VoidPayment"], [(3, 3)])
    for command in ("VoidPayment", "CancelShoppingList"):
        desk.deliver(UNDONE[command])
    assert desk.saga.status == "compensated"


@pytest.mark.parametrize("snapshots", [True, False])
def test_an_old_parked_saga_is_listed_and_resumed(snapshots: bool) -> None:
    desk = opened("parked", snapshots=snapshots)
    assert listed(desk, "parked") == [ORDER]
    assert desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume") == (200, {})
    assert (listed(desk, "parked"), listed(desk, "running")) == ([], [ORDER])
    assert (desk.commands, tries(desk)) == (["VoidPayment"], [(3, UNDO_TRIES + 1)])
    for command in ("VoidPayment", "CancelShoppingList"):
        desk.deliver(UNDONE[command])
    assert (listed(desk, "parked"), listed(desk, "compensated")) == ([], [ORDER])


def test_an_old_parked_saga_that_is_parked_again_is_listed_once() -> None:
    desk = opened("parked")
    desk.request("PUT", f"/api/checkout/sagas/{ORDER}/resume")
    for _ in range(UNDO_TRIES):
        desk.times_out()
    assert desk.saga.status == "parked"
    assert listed(desk, "parked") == [ORDER]
    desk.wait(180)
    tick(desk)
    assert listed(desk, "parked") == [ORDER]


@pytest.mark.parametrize("rows", [True, False], ids=["redelivered", "first delivered now"])
def test_an_old_parked_saga_is_listed_when_the_message_that_makes_its_row_is_delivered(rows: bool) -> None:
    desk = opened("parked", rows=rows)
    desk.deliver(SagaMoved, status="parked", step=3)
    assert listed(desk, "parked") == [ORDER]


def test_code_of_before_would_leave_a_saga_alone_that_asks_at_once(desk: Desk) -> None:
    """It knew version 1 alone, and would have taken answers for foreign ones."""
    desk.deliver(ACCEPTED[0])
    with desk.at_work():
        service.start(ORDER, "customer", "payment", [], 1)
        [begun] = desk.store.forwards(f"CreateOrderSaga#{ORDER}")
    sent = [event for event in begun.events if event.name == "StepSent"]
    assert [event.version for event in sent] == [2, 2, 2]

    class Before(StepSent):
        version = 1

    with pytest.raises(UnknownEventError, match="Before version 2 is newer than this code, which knows 1"):
        upcast(Before, sent[0].version, sent[0].data)
