"""Requests that are refused: which the checker takes for justified by what is stored."""

import pytest

from tests.simulation import sample_histories
from tests.simulation.check import check
from tests.simulation.check.refused_requests import REASON_STORED, USED_BEFORE
from tests.simulation.history_builder import HistoryBuilder

INVALID, REFUSED = (400, "invalid"), (409, "refused")


def unfounded(*asked: tuple[str, str, tuple[int, str]], history: HistoryBuilder | None = None) -> bool:
    """Whether requests after a completed order were refused without a reason."""
    history = history or sample_histories.completed()
    for method, path, (status, code) in asked:
        history.request(method, path)
        history.respond(status, body={"code": code, "detail": "no"})
    return REASON_STORED in {one.invariant for one in check(history.entries, history.final)}


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/api/stores", INVALID),
        ("POST", "/api/customers", INVALID),
        ("POST", "/api/depot/bots", REFUSED),
        ("POST", "/api/payments", REFUSED),
        ("PUT", "/api/baskets/another/addItem", REFUSED),
        ("PUT", "/api/baskets/another/checkout", REFUSED),
        ("PUT", "/api/baskets/o/checkout", INVALID),
        ("PUT", "/api/depot/bots/r/online", REFUSED),
    ],
)
def test_a_request_that_nothing_stored_refuses_is_found(method: str, path: str, answer: tuple[int, str]) -> None:
    assert unfounded((method, path, answer))


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("PUT", "/api/baskets/o/addItem", REFUSED),  # it is checked out
        ("PUT", "/api/baskets/another/checkout", INVALID),  # it is empty
        ("PUT", "/api/baskets/another/addItem", (409, "conflict")),
        ("POST", "/api/stores", (503, "unavailable")),
        ("PUT", "/api/baskets/o/removeItem", REFUSED),  # a route that is not judged
    ],
)
def test_a_request_with_a_reason_and_one_that_is_not_judged_are_not(
    method: str, path: str, answer: tuple[int, str]
) -> None:
    assert not unfounded((method, path, answer))


def test_a_payment_may_be_refused_once_the_provider_has_refused_something() -> None:
    history = sample_histories.completed()
    history.record("fault", name="provider declines", where="provider")
    assert not unfounded(("POST", "/api/payments", REFUSED), history=history)


def test_only_an_amount_that_is_too_large_or_not_above_zero_may_be_invalid() -> None:
    for amount, is_found in ((2**53 / 100, False), (2**53 / 100 - 1, True), (0.01, True), (0, False), (-9.95, False)):
        history = sample_histories.completed()
        history.request("POST", "/api/payments", body={"customerId": "c", "amount": amount})
        history.respond(400, body={"code": "invalid", "detail": "no"})
        assert (REASON_STORED in {one.invariant for one in check(history.entries, history.final)}) == is_found


@pytest.mark.parametrize("voided", [True, False])
def test_a_payment_that_was_voided_before_a_slow_request_under_its_key_came_is_refused_for_that(voided: bool) -> None:
    history = HistoryBuilder()
    body = {"customerId": "c", "amount": 10}
    history.request("POST", "/api/payments", body=body, key="once", who="customer:c")
    history.commit("Payment#p", ("Authorized", {"customer_id": "c", "amount": 1_000}))
    history.respond(200, body={"id": "p"})
    if voided:
        history.commit("Payment#p", ("Voided", {}))
    history.request("POST", "/api/payments", body=body, key="once", who="customer:c")
    history.respond(409, body={"code": "refused", "detail": "the provider has released this payment"})
    assert (REASON_STORED in {one.invariant for one in check(history.entries, history.final)}) == (not voided)


@pytest.mark.parametrize("other", ["before it was answered", "after it was answered", ""])
def test_a_key_may_be_refused_for_a_request_that_was_sent_later_and_was_quicker(other: str) -> None:
    history = HistoryBuilder()
    mine = history.request("POST", "/api/customers", key="1", body={"name": "a"})
    if other.startswith("before"):
        history.request("POST", "/api/customers", key="1", body={"name": "b"})
    history.record("response", id=mine, status=422, body={"code": "idempotency_key_reused"}, version=None)
    if other.startswith("after"):
        history.request("POST", "/api/customers", key="1", body={"name": "b"})
    found = USED_BEFORE in {one.invariant for one in check(history.entries, history.final)}
    assert found == (not other.startswith("before"))
