"""Which days a night compares: the day before it, those before that no tick came for, and those of late ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from events.ordering import OrderState
from events.payments import ReconciliationDue, ReconciliationRunsDue
from functions.kernel.runtime import clock
from functions.payments import reconciliation, views
from tests.unit.payments.nightly import HOUR, NIGHT, Watch, names, reconcile, refund_refused, sent, work
from tests.unit.payments.till import Till, cancelled, completed, rejected, request


def test_a_night_makes_up_for_the_nights_on_which_no_tick_came(till: Till, watch: Watch) -> None:
    reconcile(till, watch, NIGHT - timedelta(days=2))
    refund_refused(till)  # on the day before NIGHT, on which no tick comes
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert names(till) == ["DifferenceFound"]


@pytest.mark.parametrize(("nights", "days"), [(0, 1), (1, 1), (2, 2), (8, 8), (9, 8), (400, 8)])
def test_a_night_looks_back_to_the_last_night_with_a_tick_a_week_at_most(
    till: Till, watch: Watch, nights: int, days: int
) -> None:
    days_of_a_tick(till, watch)
    asked = days_of_a_tick(till, watch, nights)
    last = (watch.now - timedelta(days=1)).date()
    assert asked == [(last - timedelta(days=back)).isoformat() for back in range(days - 1, -1, -1)]
    assert len(sent(till, "ReconciliationPageDue")) == days + 2


def test_a_day_that_staff_name_is_no_night(till: Till, watch: Watch) -> None:
    watch.now = NIGHT
    reconciliation.begin(clock.stamp(), day="2026-03-01")
    assert views.reconciled() is None


def test_a_request_that_is_repeated_days_later_makes_up_for_no_night(till: Till, watch: Watch) -> None:
    """It begins no run, so the next night compares what no tick came for."""
    for days in (0, 3):
        watch.now = NIGHT + timedelta(days=days)
        assert request("POST", "/api/payments/reconciliation", {}, {"idempotency-key": "key-1"})[0] == 200
    assert days_of_a_tick(till, watch, nights=4) == [f"2026-03-{day}" for day in (15, 16, 17, 18)]


@pytest.mark.parametrize("end", [cancelled, completed, rejected])
def test_an_order_whose_end_comes_after_its_night_is_compared_in_the_next(
    till: Till, watch: Watch, end: Callable[[str], OrderState]
) -> None:
    reconcile(till, watch)
    watch.now = NIGHT + HOUR
    till.deliver(end("unknown"))
    assert compared(till, watch, NIGHT + timedelta(days=1)) == ["order-1"]


def test_a_refund_of_a_late_end_that_is_refused_is_a_difference(till: Till, watch: Watch) -> None:
    payment_id = till.paid()
    reconcile(till, watch)
    watch.now = NIGHT + HOUR
    till.bank.fails = "refuse"
    till.deliver(cancelled(payment_id), stream_version=9)
    work(till)
    reconcile(till, watch, NIGHT + timedelta(days=1))
    assert till.deliver(ReconciliationRunsDue(time=clock.stamp()))
    work(till)
    assert names(till) == ["DifferenceFound"]


@pytest.mark.parametrize(
    ("moment", "nights"),
    [
        (NIGHT - timedelta(hours=16), [NIGHT]),  # on its day
        (NIGHT - timedelta(minutes=2), [NIGHT]),
        (NIGHT - timedelta(seconds=30), [NIGHT, NIGHT + timedelta(days=1)]),  # its row may be too new for the night
        (NIGHT, [NIGHT, NIGHT + timedelta(days=1)]),
        (NIGHT + timedelta(days=100), [NIGHT, NIGHT + timedelta(days=101)]),
    ],
)
def test_only_an_end_that_comes_when_its_night_may_have_begun_has_its_day_compared_once_more(
    till: Till, watch: Watch, moment: datetime, nights: list[datetime]
) -> None:
    watch.now = NIGHT
    reconciliation.begin(clock.stamp())  # its ticks come late
    watch.now = moment
    till.deliver(completed("unknown"))
    assert [run.time for run in views.runs() if run.orders == "ended"] == [clock.stamp(night) for night in nights]


def test_ends_that_come_again_are_compared_once_and_at_the_pace_of_a_night(till: Till, watch: Watch) -> None:
    """As in a republish of ordering's history."""
    orders = [f"order-{number:03}" for number in range(150)]
    for order in orders:
        till.deliver(completed("unknown", 100, order), id=order)
    reconcile(till, watch)
    for hours in (1, 2):
        watch.now = NIGHT + timedelta(days=100, hours=hours)
        for order in orders:
            till.deliver(completed("unknown", 100, order), id=order)
    assert (till.queue.sent, len(views.runs())) == ([], 1)
    assert compared(till, watch, NIGHT + timedelta(days=101)) == orders


def compared(till: Till, watch: Watch, moment: datetime) -> list[Any]:
    """The orders that a tick of the schedule at a moment has compared, of runs that began before."""
    watch.now = moment - timedelta(minutes=1)
    till.deliver(ReconciliationRunsDue(time=clock.stamp()))
    assert sent(till, "OrderReconciliationDue") == []
    watch.now = moment
    till.deliver(ReconciliationRunsDue(time=clock.stamp()))
    return [data["order_id"] for data in sent(till, "OrderReconciliationDue")]


def days_of_a_tick(till: Till, watch: Watch, nights: int = 0) -> list[Any]:
    """The days whose ended orders are compared by the tick that comes so many nights after NIGHT."""
    till.relay()
    till.queue.sent.clear()
    watch.now = NIGHT + timedelta(days=nights)
    till.deliver(ReconciliationDue(time=clock.stamp()))
    till.relay()
    return [data["day"] for data in sent(till, "ReconciliationPageDue") if data["orders"] == "ended"]
