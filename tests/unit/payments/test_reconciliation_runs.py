"""A run of the reconciliation: its pages, what is redelivered or lost, and what goes on at the next tick."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from events.payments import (
    OrdersToCompare,
    ReconciliationDue,
    ReconciliationPageDue,
    ReconciliationRunsDue,
)
from events.registry import Timer
from functions.kernel.composition.manifest import manifest
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import budget, clock
from functions.payments import reconciliation, views
from infra.queues import FUNCTION_TIMEOUT
from tests.unit.payments.nightly import (
    NIGHT,
    Watch,
    differences,
    names,
    reconcile,
    refund_refused,
    sent,
    work,
)
from tests.unit.payments.till import Till, completed, created


def test_orders_of_many_pages_are_all_compared_once(till: Till, watch: Watch) -> None:
    for number in range(230):
        till.deliver(completed("unknown", 100, f"order-{number:03}"))
    reconcile(till, watch)
    assert sorted(message.difference_id for message in differences(till)) == [f"order-{n:03}" for n in range(230)]


def test_a_run_longer_than_an_invocation_goes_on_each_minute_and_sends_no_page_to_itself(
    till: Till, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 20 pages: by a message for each page, Lambda would stop the chain at the sixteenth."""
    monkeypatch.setattr(views, "PAGE", 10)
    monkeypatch.setattr(reconciliation, "SECONDS", 2)  # of that clock: one page at a time
    for number in range(200):
        till.deliver(completed("unknown", 100, f"order-{number:03}"))
    monkeypatch.setattr(clock, "now", _ticking(NIGHT))
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    till.relay()
    pages = sent(till, "ReconciliationPageDue")
    till.deliver_reminders()
    for _ in range(20):
        reconciliation.go_on()
    assert (len(pages), sent(till, "ReconciliationPageDue")) == (3, [])
    found = [data["order_id"] for data in sent(till, "OrderReconciliationDue")]
    assert sorted(found) == [f"order-{n:03}" for n in range(200)]
    assert views.runs() == []


def test_a_run_whose_first_message_was_lost_goes_on_by_the_schedule(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = NIGHT
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    till.relay()
    till.queue.sent.clear()
    assert till.deliver(ReconciliationRunsDue(time=clock.stamp()))
    work(till)
    assert (names(till), views.runs()) == (["DifferenceFound"], [])


def test_a_page_of_earlier_code_goes_on_from_where_it_begins(till: Till, watch: Watch) -> None:
    for number in range(105):
        till.deliver(completed("unknown", 100, f"order-{number:03}"))
    _, after = views.orders_to_compare("ended", "2026-03-14", NIGHT, None)
    page = ReconciliationPageDue(orders="ended", day="2026-03-14", after=after, time=clock.stamp(NIGHT))
    assert till.deliver(page)
    assert [data["order_id"] for data in sent(till, "OrderReconciliationDue")] == [
        f"order-{n}" for n in range(100, 105)
    ]


def _ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on by a second each time that it is read."""
    seconds = count()
    return lambda: start + timedelta(seconds=next(seconds))


def test_a_redelivered_page_changes_nothing_more(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = NIGHT
    page = ReconciliationPageDue(orders="ended", day="2026-03-14", after=None, time=clock.stamp())
    for _ in range(2):
        assert till.deliver(page)
        work(till)
    assert names(till) == ["DifferenceFound"]


def test_an_order_that_cannot_be_compared_is_dead_lettered_and_the_others_are_compared(
    till: Till, watch: Watch
) -> None:
    refund_refused(till)
    till.deliver(created("unknown", order_id="order-0"))
    watch.now = NIGHT + timedelta(days=1)
    reconciliation.begin(clock.stamp(), day="2026-03-14")
    till.deliver_reminders()
    till.deliver_reminders()
    assert [data["order_id"] for data in sent(till, "OrderReconciliationDue")] == ["order-0"]  # not known to ordering
    assert names(till) == ["DifferenceFound"]
    till.deliver_reminders(tries=41, hours=8)
    assert "ordering does not know order-0" in [
        letter.reason and letter.reason["reason"] for letter in till.dead_letters.sent
    ]


def test_a_schedule_starts_the_reconciliation_each_night() -> None:
    (inbox,) = manifest("payments").inboxes
    assert inbox.schedules[ReconciliationDue] == "cron(0 2 * * ? *)"
    assert inbox.schedules[ReconciliationRunsDue] == "rate(1 minute)"


@pytest.fixture
def long_runs(till: Till, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs of a night after 40 without a tick, each longer than a worker has time for: 1.5 s a page."""

    def send(timer: Timer) -> None:
        watch.now += timedelta(milliseconds=15)
        budget.check()

    monkeypatch.setattr(reconciliation, "_send", send)
    monkeypatch.setattr(views, "orders_to_compare", lambda *run: ([f"order-{n}" for n in range(100)], "more"))
    views.record_reconciled((NIGHT - timedelta(days=40)).date())
    watch.now = NIGHT
    reconciliation.begin(clock.stamp())


@pytest.mark.usefixtures("long_runs")
def test_runs_that_are_together_longer_than_a_worker_share_its_time(watch: Watch) -> None:
    pages = []
    for minute in range(1, 9):
        watch.now = NIGHT + timedelta(minutes=minute)
        tick(FUNCTION_TIMEOUT)
        pages.append([run.pages for run in views.runs()])
    assert [0 in each for each in pages] == [True] * 3 + [False] * 5  # of ten runs three get some seconds in a minute
    assert max(pages[-1]) - min(pages[-1]) <= 4


@pytest.mark.usefixtures("long_runs")
def test_a_run_that_fails_does_not_stop_the_others(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    found = views.orders_to_compare

    def of_one_is_throttled(orders: OrdersToCompare, *rest: Any) -> tuple[list[str], str | None]:
        if orders == "unfinished":
            raise UnavailableError("the index is throttled")
        return found(orders, *rest)

    monkeypatch.setattr(views, "orders_to_compare", of_one_is_throttled)
    for minute in range(1, 13):
        watch.now = NIGHT + timedelta(minutes=minute)
        with suppress(UnavailableError):
            tick(FUNCTION_TIMEOUT)
    assert sorted(run.pages for run in views.runs())[1] > 6
    with pytest.raises(UnavailableError, match="the index is throttled"):  # so the tick is retried
        tick(FUNCTION_TIMEOUT)


def tick(seconds: float) -> None:
    """Go on with the runs in a worker that has so many seconds."""
    with budget.at_most(seconds):
        reconciliation.go_on()
