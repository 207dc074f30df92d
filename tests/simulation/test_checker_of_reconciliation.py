"""The reconciliation of a quiet day: which differences the checker takes for justified."""

import json

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.reconciled import FOUND, RECONCILED

REASON = {"kind": "payment_balance", "expected": 1, "found": 0}


def unfounded(*, reconciled: bool = True, lost: str = "", event: str = "Found") -> bool:
    """Whether a difference after a completed order is found without a reason."""
    history = sample_histories.completed()
    if lost:
        reason = {"reason": "refused"}
        history.record("dead", queue="payments/inbox/dead-letters", message="d", body=lost, reason=reason, by="inbox")
    if reconciled:
        history.record("deed", who="accountant", what=RECONCILED)
    history.wait(1)
    history.commit("Difference#o", (event, {"payment_id": "p", "reasons": [REASON], "at": ""}))
    return FOUND in {one.invariant for one in check(history.entries, history.final)}


def test_a_difference_of_an_order_about_which_nothing_was_lost_is_found() -> None:
    assert unfounded()


@pytest.mark.parametrize("about", [{"order_id": "o"}, {"payment_id": "p", "number": 1}])
def test_a_difference_of_an_order_about_which_a_message_was_lost_is_not(about: dict[str, str]) -> None:
    assert not unfounded(lost=json.dumps({"data": about}))


def test_a_message_of_another_order_that_was_lost_is_no_reason() -> None:
    assert unfounded(lost=json.dumps({"data": {"order_id": "another"}}))


def test_what_differs_while_orders_are_under_way_and_what_differs_no_more_is_not_judged() -> None:
    assert not unfounded(reconciled=False)
    assert not unfounded(event="Cleared")
