"""Broken histories of what the payment provider did, each with the invariant that it violates."""

import json
from copy import deepcopy

from tests.simulation.check import money, provider
from tests.simulation.history_builder import TIME, Case, HistoryBuilder


def captured_under_two_ids(history: HistoryBuilder) -> None:
    effect = deepcopy(history.fields("effect", "capture"))
    history.record("effect", **{**effect, "request_id": "another"})


def stored_before_it_was_authorized(history: HistoryBuilder) -> None:
    history.drop("effect", "authorize")


def captured_otherwise_at_the_provider(history: HistoryBuilder) -> None:
    history.fields("effect", "capture")["what"]["amount"] = 2000


def void_stored_and_not_made(history: HistoryBuilder) -> None:
    history.drop("effect", "void")


def void_requested_and_not_made(history: HistoryBuilder) -> None:
    history.drop("commit", "VoidMade")
    history.drop("effect", "void")


def held_without_a_payment(history: HistoryBuilder) -> None:
    what = {"call": "authorize", "payment": "q", "amount": 500}
    history.record("effect", port="provider", request_id="q", what=what, answered=False, again=False)
    _sweep_twice(history)


def found_again_by_each_sweep(history: HistoryBuilder) -> None:
    history.write_row("payments/views", "payments without an order", f"{TIME} p", 1, {"id": "p", "at": TIME})
    _sweep_twice(history)


def refunded_with_a_delay(history: HistoryBuilder) -> None:
    item = history.fields("commit", "RefundDue")["item"]
    item["messages"] = {"S": item["messages"]["S"].replace('"delay": 0', '"delay": 1')}


def _sweep_twice(history: HistoryBuilder) -> None:
    """Long after everything is due."""
    history.wait(2 * 86_400)
    for _ in range(2):
        history.deliver("payments/inbox", json.dumps({"detail-type": "UnconfirmedPaymentsDue"}))


CASES: list[Case] = [
    ("completed", captured_under_two_ids, provider.ASKED_ONCE),
    ("completed", stored_before_it_was_authorized, provider.STORED),
    ("completed", captured_otherwise_at_the_provider, provider.STORED),
    ("refused", void_stored_and_not_made, provider.STORED),
    ("refused", void_requested_and_not_made, provider.VOIDED),
    ("completed", held_without_a_payment, provider.HELD),
    ("completed", found_again_by_each_sweep, provider.FORGOTTEN),
    ("completed", refunded_with_a_delay, money.AT_ONCE),
]
