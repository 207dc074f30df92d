"""Nights in the simulation: which order that ended the checker takes for never compared, and that they pass."""

import json

import pytest

from tests.simulation import sample_histories
from tests.simulation.check.nights import COMPARED, night_violations
from tests.simulation.history_builder import HistoryBuilder
from tests.simulation.nights import SHARE
from tests.simulation.schedule import run_schedule
from tests.simulation.workload.draw import choices_for

HOURS = 3_600.0
PAYMENTS = "payments/inbox"
TICK = json.dumps({"detail-type": "ReconciliationDue", "time": "2026-01-06T02:00:00Z"})
DUE = {
    "detail": {
        "metadata": {"id": "due", "name": "OrderReconciliationDue", "stream": "", "stream_version": 1},
        "data": {"order_id": "o", "time": ""},
    }
}
COMPARISON = json.dumps(DUE)


def is_missed(history: HistoryBuilder) -> bool:
    """Whether an order that ended was not compared."""
    return COMPARED in {one.invariant for one in night_violations(history.entries, history.final)}


def after_a_night(*bodies: str) -> HistoryBuilder:
    """A day with an order that ended, and what payments handles in the night after it."""
    history = sample_histories.completed()
    history.wait(17 * HOURS)
    for body in bodies:
        history.deliver(PAYMENTS, body)
    return history


def test_an_order_that_a_night_does_not_compare_is_found() -> None:
    assert is_missed(after_a_night(TICK))


def test_one_that_is_compared_is_not() -> None:
    assert not is_missed(after_a_night(TICK, COMPARISON))


def test_before_a_tick_none_is_expected_to_be() -> None:
    assert not is_missed(after_a_night())
    evening = sample_histories.completed()
    evening.deliver(PAYMENTS, TICK)  # of the day before
    assert not is_missed(evening)


@pytest.mark.parametrize("again", [True, False])
def test_an_order_whose_end_is_handled_after_its_night_is_compared_after_that(again: bool) -> None:
    history = sample_histories.completed()
    sent = [one for one in history.entries if one[1] == "sent" and "OrderCompleted" in one[2]["body"]]
    [body] = [one[2]["body"] for one in sent if one[2]["queue"] == PAYMENTS]
    [end] = [one[2]["message"] for one in sent if one[2]["queue"] == PAYMENTS]
    history.entries = [one for one in history.entries if one[2].get("message") != end]
    history.wait(17 * HOURS)
    for late in (TICK, COMPARISON, body, *([COMPARISON] if again else [])):
        history.deliver(PAYMENTS, late)
    assert is_missed(history) == (not again)


def test_a_night_passes_after_some_days() -> None:
    chosen = (seed for seed in range(1, 500) if choices_for(seed, "nights").chance(SHARE))
    assert any(
        kind == "sent" and '"detail-type": "ReconciliationDue"' in fields["body"]
        for seed in chosen
        for _, kind, fields in run_schedule(seed).history
    )
