"""Which days a night compares: the day before it, and those before that no tick came for."""

from datetime import timedelta
from typing import Any

import pytest

from events.payments import ReconciliationDue
from functions.kernel.runtime import clock
from functions.payments import reconciliation, views
from tests.unit.payments.nightly import NIGHT, Watch, names, reconcile, refund_refused, sent
from tests.unit.payments.till import Till, request


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


def days_of_a_tick(till: Till, watch: Watch, nights: int = 0) -> list[Any]:
    """The days whose ended orders are compared by the tick that comes so many nights after NIGHT."""
    till.relay()
    till.queue.sent.clear()
    watch.now = NIGHT + timedelta(days=nights)
    till.deliver(ReconciliationDue(time=clock.stamp()))
    till.relay()
    return [data["day"] for data in sent(till, "ReconciliationPageDue") if data["orders"] == "ended"]
