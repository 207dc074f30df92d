"""Reconciliation: what a night's run finds, once; what it leaves for later; how a difference goes away again."""

import json
from datetime import timedelta

import pytest

from events.ordering import OrderCreated
from events.payments import DifferenceFound, OrderReconciliationDue, Reason, ReconciliationDue, ReconciliationPageDue
from functions.kernel.composition.manifest import manifest
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.runtime import clock
from functions.payments import reconciliation, service
from tests.unit.payments.night import (
    HOUR,
    NIGHT,
    NOT_PAID_BACK,
    TOLD_AT,
    Watch,
    differences,
    known_to_ordering,
    names,
    reconcile,
    refund_refused,
    work,
)
from tests.unit.payments.till import Till, approved, cancelled, completed, readied


def test_a_night_finds_nothing_where_the_money_adds_up(till: Till, watch: Watch) -> None:
    payment_id = till.paid()
    till.hear(readied(payment_id, 900), stream_version=3)
    work(till)
    till.hear(completed(payment_id, 900), stream_version=5)
    assert reconcile(till, watch) == []
    assert differences(till) == []
    assert till.dead_letters.sent == []


def test_a_refund_that_was_not_made_is_found_with_its_amounts(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    assert differences(till) == [
        DifferenceFound(
            difference_id="order-1",
            payment_id=payment_id,
            status="open",
            reasons=(NOT_PAID_BACK,),
            since=clock.stamp(NIGHT),
        )
    ]


def test_a_difference_is_found_once_however_often_the_night_comes(till: Till, watch: Watch) -> None:
    refund_refused(till)
    for day in range(3):
        reconcile(till, watch, NIGHT + timedelta(days=day))
        reconcile(till, watch, NIGHT + timedelta(days=day))
    assert names(till) == ["DifferenceFound"]


def test_a_difference_is_found_again_for_other_reasons(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    till.bank.paid["nobody asked for this"] = (payment_id, 5)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert [message.reasons for message in differences(till)] == [
        (NOT_PAID_BACK,),
        (NOT_PAID_BACK, Reason(kind="provider_statement", expected=0, found=5)),
    ]
    assert {message.since for message in differences(till)} == {clock.stamp(NIGHT)}


def test_a_difference_that_is_gone_is_cleared_by_the_next_night_and_may_come_back(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    service.make_refund(payment_id, 1)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert names(till) == ["DifferenceFound", "DifferenceCleared"]
    till.bank.paid["nobody asked for this"] = (payment_id, 5)
    assert till.hear(OrderReconciliationDue(order_id="order-1", time=clock.stamp(NIGHT + timedelta(days=2))))
    assert names(till) == ["DifferenceFound", "DifferenceCleared", "DifferenceFound"]


def test_a_refund_that_was_paid_but_never_noted_is_found(till: Till, watch: Watch) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.bank.fails = "after"
    till.remind()
    till.queue.sent.clear()
    reconcile(till, watch)
    assert [message.reasons for message in differences(till)] == [
        (NOT_PAID_BACK, Reason(kind="provider_statement", expected=0, found=1699))
    ]


def test_what_differs_is_not_judged_before_it_has_not_moved_for_an_hour(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = TOLD_AT + HOUR / 4
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    (put_off,) = work(till)
    assert put_off.delay == 900
    assert json.loads(put_off.body)["detail"]["data"]["order_id"] == "order-1"
    assert differences(till) == []
    watch.now = TOLD_AT + HOUR + timedelta(seconds=1)
    till.queue.sent = [put_off]
    assert work(till) == []
    assert names(till) == ["DifferenceFound"]


def test_a_payment_that_moved_lately_is_not_judged_either(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    watch.now = NIGHT
    service.payments.change(payment_id, lambda payment: payment.refund_made(1))
    (put_off,) = reconcile(till, watch)
    assert put_off.delay == 900
    assert differences(till) == []


def test_the_time_that_must_have_passed_is_a_setting_of_the_stage(till: Till, watch: Watch) -> None:
    refund_refused(till)
    till.runtime.settings = {"MALLBOTS_RECONCILE_AFTER": "2"}
    watch.now = TOLD_AT + timedelta(seconds=3)
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    assert work(till) == []
    assert names(till) == ["DifferenceFound"]


def test_an_order_that_ended_on_another_day_is_left_to_that_day(till: Till, watch: Watch) -> None:
    refund_refused(till)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert differences(till) == []
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    work(till)
    assert names(till) == ["DifferenceFound"]


def test_an_unfinished_order_is_compared_once_it_is_a_day_old(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.hear(approved(payment_id))
    till.hear(readied(payment_id, 900), stream_version=3)
    service.payments.change(payment_id, lambda payment: payment.void("order-1", "ada"))
    known_to_ordering(till, "ready", 900)
    reconcile(till, watch)
    assert differences(till) == []
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert [message.reasons for message in differences(till)] == [
        (Reason(kind="payment_voided", expected=900, found=0),)
    ]


def test_an_order_of_which_too_little_was_heard_is_found(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.hear(approved(payment_id))
    known_to_ordering(till, "cancelled", 1200)
    tomorrow = NIGHT + timedelta(days=1)
    (put_off,) = reconcile(till, watch, tomorrow)
    assert differences(till) == []  # the cancellation may be on its way
    watch.now = tomorrow + HOUR
    till.queue.sent = [put_off]
    assert work(till) == []
    assert [message.reasons for message in differences(till)] == [
        (Reason(kind="order_not_heard", expected=1200, found=1699),)
    ]


def test_an_order_whose_owner_does_not_answer_is_tried_again_and_found(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.hear(approved(payment_id))
    known_to_ordering(till, "approved", 1699)
    service.payments.change(payment_id, lambda payment: payment.void("order-1", "ada"))
    watch.now = NIGHT + timedelta(days=1)
    due = OrderReconciliationDue(order_id="order-1", time=clock.stamp())
    till.owners.down = True
    assert not till.hear(due)
    till.owners.down = False
    assert till.hear(due)
    assert names(till) == ["DifferenceFound"]


def test_orders_of_many_pages_are_all_compared_once(till: Till, watch: Watch) -> None:
    for number in range(230):
        till.hear(completed("nowhere", 100, f"order-{number:03}"))
    reconcile(till, watch)
    assert sorted(message.difference_id for message in differences(till)) == [f"order-{n:03}" for n in range(230)]


def test_a_page_that_comes_twice_changes_nothing_more(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = NIGHT
    page = ReconciliationPageDue(orders="ended", day="2026-03-14", after=None, time=clock.stamp())
    for _ in range(2):
        assert till.hear(page)
        work(till)
    assert names(till) == ["DifferenceFound"]


def test_an_order_that_cannot_be_compared_keeps_no_other_from_being_compared(till: Till, watch: Watch) -> None:
    refund_refused(till)
    broken = OrderCreated(
        **approved("nowhere", order_id="order-0").model_dump(),
    )
    till.hear(broken)
    watch.now = NIGHT + timedelta(days=1)
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    till.remind()
    till.remind()
    (left,) = till.queue.sent  # ordering knows no order-0
    assert json.loads(left.body)["detail"]["data"]["order_id"] == "order-0"
    assert names(till) == ["DifferenceFound"]
    till.remind(tries=8)
    assert [letter.reason and letter.reason["reason"] for letter in till.dead_letters.sent] == [
        "ordering knows no order-0"
    ]


def test_an_order_that_was_never_heard_of_cannot_be_compared(till: Till) -> None:
    with pytest.raises(NotFoundError, match="there is no order nowhere"):
        reconciliation.look("nowhere", clock.stamp())


def test_a_difference_wakes_somebody_up_when_it_is_found_and_not_again(
    till: Till, watch: Watch, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refund_refused(till)
    monkeypatch.setenv("MALLBOTS_SERVICE", "payments")
    reconcile(till, watch)
    printed = capsys.readouterr().out
    assert printed.count('"MoneyDiffers":[1.0]') == 1
    assert '"reasons":["payment_balance"]' in printed
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert "MoneyDiffers" not in capsys.readouterr().out
    assert service.money_differs in manifest("payments").alarms


def test_the_night_comes_by_a_schedule() -> None:
    (inbox,) = manifest("payments").inboxes
    assert inbox.schedules == {ReconciliationDue: "cron(0 2 * * ? *)"}
