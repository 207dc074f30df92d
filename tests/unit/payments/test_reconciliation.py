"""Reconciliation: what a nightly run finds, once; what it delays; how a difference is cleared."""

import json
from datetime import timedelta

import pytest

from events.payments import (
    DifferenceFound,
    OrderReconciliationDue,
    Reason,
)
from functions.kernel.composition.manifest import manifest
from functions.kernel.domain.errors import NotFoundError, UnavailableError
from functions.kernel.runtime import clock
from functions.payments import reconciliation, service
from tests.unit.payments.nightly import (
    CHANGED_AT,
    HOUR,
    NIGHT,
    NOT_PAID_BACK,
    Watch,
    differences,
    known_to_ordering,
    names,
    reconcile,
    refund_refused,
    work,
)
from tests.unit.payments.till import Till, approved, cancelled, completed, created, readied


def test_a_night_finds_nothing_where_the_money_adds_up(till: Till, watch: Watch) -> None:
    payment_id = till.paid()
    till.deliver(readied(payment_id, 900), stream_version=3)
    work(till)
    till.deliver(completed(payment_id, 900), stream_version=5)
    assert reconcile(till, watch) == []
    assert differences(till) == []
    assert till.dead_letters.sent == []


def test_a_refund_that_was_not_made_is_a_difference_with_its_amounts(till: Till, watch: Watch) -> None:
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


def test_a_difference_is_published_once_however_many_nights_find_it(till: Till, watch: Watch) -> None:
    refund_refused(till)
    for day in range(3):
        reconcile(till, watch, NIGHT + timedelta(days=day))
        reconcile(till, watch, NIGHT + timedelta(days=day))
    assert names(till) == ["DifferenceFound"]


def test_a_difference_with_other_reasons_is_published_again(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    till.bank.paid["never requested"] = (payment_id, 5)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert [message.reasons for message in differences(till)] == [
        (NOT_PAID_BACK,),
        (NOT_PAID_BACK, Reason(kind="provider_statement", expected=0, found=5)),
    ]
    assert {message.since for message in differences(till)} == {clock.stamp(NIGHT)}


def test_a_difference_that_is_gone_is_cleared_by_the_next_night_and_may_open_again(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    till.bank.fails = ""
    service.make_refund(payment_id, 1)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert names(till) == ["DifferenceFound", "DifferenceCleared"]
    till.bank.paid["never requested"] = (payment_id, 5)
    assert till.deliver(OrderReconciliationDue(order_id="order-1", time=clock.stamp(NIGHT + timedelta(days=2))))
    assert names(till) == ["DifferenceFound", "DifferenceCleared", "DifferenceFound"]


def test_a_refund_that_was_paid_but_never_recorded_is_a_difference(till: Till, watch: Watch) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.bank.fails = "after"
    till.deliver_reminders()
    till.queue.sent.clear()
    reconcile(till, watch)
    assert [message.reasons for message in differences(till)] == [
        (NOT_PAID_BACK, Reason(kind="provider_statement", expected=0, found=1699))
    ]


def test_a_difference_is_not_recorded_until_nothing_has_changed_for_an_hour(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = CHANGED_AT + HOUR / 4
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    (delayed,) = work(till)
    assert delayed.delay == 2701
    assert json.loads(delayed.body)["detail"]["data"]["order_id"] == "order-1"
    assert differences(till) == []
    watch.now = CHANGED_AT + HOUR + timedelta(seconds=1)
    till.queue.sent = [delayed]
    assert work(till) == []
    assert names(till) == ["DifferenceFound"]


def test_a_recently_changed_payment_delays_the_comparison_too(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    watch.now = NIGHT
    service.payments.change(payment_id, lambda payment: payment.refund_made(1))
    (delayed,) = reconcile(till, watch)
    assert delayed.delay == 3600
    assert differences(till) == []


def test_the_time_without_changes_is_a_setting_of_the_stage(till: Till, watch: Watch) -> None:
    refund_refused(till)
    till.runtime.settings = {"MALLBOTS_RECONCILE_AFTER": "2"}
    watch.now = CHANGED_AT + timedelta(seconds=3)
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    assert work(till) == []
    assert names(till) == ["DifferenceFound"]


def test_an_order_that_ended_on_another_day_is_compared_with_that_day(till: Till, watch: Watch) -> None:
    refund_refused(till)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert differences(till) == []
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    work(till)
    assert names(till) == ["DifferenceFound"]


def test_an_unfinished_order_is_compared_once_it_is_a_day_old(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.deliver(created(payment_id))
    till.deliver(approved(payment_id), stream_version=2)
    till.deliver(readied(payment_id, 900), stream_version=3)
    service.payments.change(payment_id, lambda payment: payment.void("order-1", "ada"))
    known_to_ordering(till, "ready", 900)
    reconcile(till, watch)
    assert differences(till) == []
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert [message.reasons for message in differences(till)] == [
        (Reason(kind="payment_voided", expected=900, found=0),)
    ]


def test_an_order_whose_end_did_not_arrive_is_a_difference(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.deliver(created(payment_id))
    till.deliver(approved(payment_id), stream_version=2)
    tomorrow = NIGHT + timedelta(days=1)
    known_to_ordering(till, "cancelled", 1200, changed_at=tomorrow)
    (delayed,) = reconcile(till, watch, tomorrow)
    assert differences(till) == []  # the cancellation may be under way
    watch.now = tomorrow + HOUR
    till.queue.sent = [delayed]
    assert work(till) == []
    assert [message.reasons for message in differences(till)] == [
        (Reason(kind="order_not_heard", expected=1200, found=1699),)
    ]


def test_an_order_whose_owner_does_not_answer_is_retried(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.deliver(created(payment_id))
    till.deliver(approved(payment_id), stream_version=2)
    known_to_ordering(till, "approved", 1699)
    service.payments.change(payment_id, lambda payment: payment.void("order-1", "ada"))
    watch.now = NIGHT + timedelta(days=1)
    due = OrderReconciliationDue(order_id="order-1", time=clock.stamp())
    till.owners.down = True
    assert not till.deliver(due)
    till.owners.down = False
    assert till.deliver(due)
    assert names(till) == ["DifferenceFound"]


def test_an_unfinished_order_is_compared_as_ordering_has_it_not_as_it_was_heard(till: Till, watch: Watch) -> None:
    """Neither that it was approved, nor that it was paid, is in a row of payments."""
    payment_id = till.paid()
    till.deliver(created(payment_id))
    known_to_ordering(till, "approved", 1699, paid=True)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert differences(till) == []
    known_to_ordering(till, "approved", 1699)
    reconcile(till, watch, NIGHT + timedelta(days=2))
    assert [message.reasons for message in differences(till)] == [
        (Reason(kind="order_not_paid", expected=1699, found=0),)
    ]


def test_an_unfinished_order_that_has_just_changed_is_compared_an_hour_later(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    till.deliver(created(payment_id))
    tomorrow = NIGHT + timedelta(days=1)
    known_to_ordering(till, "approved", 1699, changed_at=tomorrow - HOUR / 2)
    (delayed,) = reconcile(till, watch, tomorrow)  # its approval is under way to payments
    assert (delayed.delay, differences(till)) == (1800, [])
    till.deliver(approved(payment_id), stream_version=2)
    watch.now = tomorrow + HOUR
    till.queue.sent = [delayed]
    assert work(till) == []
    assert differences(till) == []


def test_an_order_is_compared_later_while_ordering_is_of_earlier_code(till: Till, watch: Watch) -> None:
    """Which does not say whether an unfinished order is paid."""
    payment_id = till.paid()
    till.deliver(created(payment_id))
    known_to_ordering(till, "approved", 1699, paid=True)
    found = till.owners.answers["order-1"]
    till.owners.answers["order-1"] = found.model_copy(update={"paid": None, "changed_at": None})
    watch.now = NIGHT + timedelta(days=1)
    due = OrderReconciliationDue(order_id="order-1", time=clock.stamp())
    assert not till.deliver(due)
    till.owners.answers["order-1"] = found
    assert till.deliver(due)
    assert differences(till) == []


def test_an_order_without_a_copy_is_not_found(till: Till) -> None:
    with pytest.raises(NotFoundError, match="there is no order unknown"):
        reconciliation.reconcile_order("unknown", clock.stamp())


def test_a_difference_rings_the_alarm_once(
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


def test_a_night_has_what_was_requested_and_not_made_made(till: Till, watch: Watch) -> None:
    """The reminder was lost, or given up: what the provider owes is asked for again each night."""
    voided = till.confirmed("order-2")
    payment_id = refund_refused(till)
    till.deliver(cancelled(voided, "order-2"), stream_version=9)
    till.relay()
    till.queue.sent.clear()
    till.bank.fails = ""
    reconcile(till, watch)
    assert till.bank.statement(voided).held == 0
    assert not service.payment(voided).to_void
    assert till.bank.paid_back(payment_id) == service.payment(payment_id).refunded == 1699


def test_what_the_provider_holds_or_captured_otherwise_is_a_difference(till: Till, watch: Watch) -> None:
    captured, voided = till.confirmed(), till.confirmed("order-2")
    service.create_or_reduce_invoice("order-1", captured, 1699, "ada")
    till.bank.fails = "after"
    with pytest.raises(UnavailableError):
        service.pay("order-1")
    till.deliver(created(captured))
    till.deliver(approved(captured), stream_version=3)
    till.deliver(cancelled(voided, "order-2"), stream_version=9)
    till.relay()
    till.queue.sent.clear()
    known_to_ordering(till, "approved", 1699)
    for night in (NIGHT, NIGHT + timedelta(days=1)):
        reconcile(till, watch, night)
    assert {found.difference_id: found.reasons for found in differences(till) if found.status == "open"} == {
        "order-1": (
            Reason(kind="provider_held", expected=2000, found=0),
            Reason(kind="provider_captured", expected=0, found=1699),
        ),
        "order-2": (Reason(kind="provider_held", expected=0, found=2000),),
    }
