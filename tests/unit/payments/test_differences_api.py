"""The REST routes of differences: list, show, recheck, and start a reconciliation."""

from datetime import timedelta

import pytest

from functions.kernel.runtime import clock
from functions.payments import reconciliation, service, views
from tests.unit.payments.nightly import (
    NIGHT,
    Watch,
    deliver_differences,
    differences,
    names,
    reconcile,
    refund_refused,
    work,
)
from tests.unit.payments.till import Till, completed, request, request_fully


def test_staff_see_open_and_cleared_differences(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    seen = {
        "orderId": "order-1",
        "paymentId": payment_id,
        "status": "open",
        "reasons": [{"kind": "payment_balance", "expected": 0, "found": 16.99}],
        "since": "2026-03-15T02:00:00.000000Z",
    }
    assert request("GET", "/api/payments/differences/order-1") == (200, {"difference": seen})
    assert request("GET", "/api/payments/differences?status=open") == (200, {"differences": [seen]})
    assert request("GET", "/api/payments/differences?status=cleared") == (200, {"differences": []})
    till.bank.fails = ""
    service.make_refund(payment_id, 1)
    assert request("PUT", "/api/payments/differences/order-1/recheck") == (200, {})
    deliver_differences(till)
    assert request("GET", "/api/payments/differences?status=open") == (200, {"differences": []})
    assert request("GET", "/api/payments/differences?status=cleared") == (
        200,
        {"differences": [seen | {"status": "cleared"}]},
    )
    assert request("GET", "/api/payments/differences") == (200, {"differences": [seen | {"status": "cleared"}]})


def test_differences_come_by_pages(till: Till, watch: Watch) -> None:
    for number in range(5):
        till.deliver(completed("unknown", 100, f"order-{number}"))
    watch.now = NIGHT
    reconciliation.begin(clock.stamp())
    work(till)
    for message in differences(till):
        till.deliver(message)
    found, path = [], "/api/payments/differences?status=open&limit=2"
    while path:
        status, page = request("GET", path)
        assert status == 200
        found.append([difference["orderId"] for difference in page["differences"]])
        path = f"/api/payments/differences?status=open&limit=2&next={page['next']}" if "next" in page else ""
    assert found == [["order-0", "order-1"], ["order-2", "order-3"], ["order-4"]]


def test_differences_that_are_cleared_between_pages_are_each_listed_once(till: Till, watch: Watch) -> None:
    for number in range(5):
        till.deliver(completed("unknown", 100, f"order-{number}"))
    watch.now = NIGHT
    reconciliation.begin(clock.stamp())
    work(till)
    deliver_differences(till)
    status, first = request("GET", "/api/payments/differences?limit=2")
    assert status == 200
    for number in (4, 3, 1):
        reconciliation.differences.change(f"order-{number}", lambda one: one.update("unknown", (), clock.stamp()))
    deliver_differences(till)
    status, rest = request("GET", f"/api/payments/differences?limit=9&next={first['next']}")
    assert status == 200
    listed = [one["orderId"] for one in first["differences"] + rest["differences"]]
    assert sorted(listed) == [f"order-{number}" for number in range(5)]


def test_a_recheck_retries_a_refund_that_was_not_made(till: Till, watch: Watch) -> None:
    payment_id = refund_refused(till)
    reconcile(till, watch)
    till.bank.fails = ""
    assert request("PUT", "/api/payments/differences/order-1/recheck") == (200, {})
    assert names(till) == ["DifferenceFound"]
    work(till)
    assert till.bank.paid_back(payment_id) == service.payment(payment_id).refunded == 1699
    assert request("PUT", "/api/payments/differences/order-1/recheck") == (200, {})
    assert names(till) == ["DifferenceFound", "DifferenceCleared"]
    assert work(till) == []
    assert len(till.bank.paid) == 1


def test_a_recheck_of_an_order_without_a_difference_is_not_found(till: Till) -> None:
    till.paid()
    assert request("PUT", "/api/payments/differences/order-1/recheck")[0] == 404
    assert request("GET", "/api/payments/differences/order-1")[0] == 404


def test_a_recheck_is_unavailable_while_the_provider_does_not_answer(till: Till, watch: Watch) -> None:
    refund_refused(till)
    reconcile(till, watch)
    till.bank.fails = "before"
    status, answer = request("PUT", "/api/payments/differences/order-1/recheck")
    assert (status, answer["code"]) == (503, "unavailable")


def test_staff_start_the_reconciliation_of_a_day(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = NIGHT + timedelta(days=5)
    assert request("POST", "/api/payments/reconciliation") == (200, {})  # yesterday
    work(till)
    assert differences(till) == []
    assert request("POST", "/api/payments/reconciliation", {"day": "2026-03-14"}) == (200, {})
    work(till)
    assert names(till) == ["DifferenceFound"]


def test_one_key_starts_one_reconciliation(till: Till, watch: Watch) -> None:
    refund_refused(till)
    watch.now = NIGHT
    key, path = {"idempotency-key": "key-1"}, "/api/payments/reconciliation"
    status, headers, _ = request_fully("POST", path, {"day": "2026-03-14"}, key)
    assert (status, headers["ETag"]) == (200, '"3"')
    work(till)
    assert names(till) == ["DifferenceFound"]
    commits = len(till.store.log)
    status, headers, _ = request_fully("POST", path, {"day": "2026-03-14"}, key)
    assert (status, headers["ETag"]) == (200, '"3"')
    assert (len(till.store.log), work(till), views.runs()) == (commits, [], [])
    assert request("POST", path, {"day": "2026-03-15"}, key)[0] == 422


@pytest.mark.parametrize(
    "day", ["", "yesterday", "2026-02-30", "14.3.2026", "2026-03-14T00:00:00Z", " ", "20260314", "2026-W11-6"]
)
def test_a_malformed_day_is_a_bad_request(till: Till, day: str) -> None:
    status, answer = request("POST", "/api/payments/reconciliation", {"day": day})
    assert (status, answer["detail"]) == (400, "day: must be a day such as 2030-01-31")
    assert till.queue.sent == []


@pytest.mark.parametrize("query", ["status=closed", "limit=0", "next=forged"])
def test_a_malformed_query_of_differences_is_a_bad_request(till: Till, query: str) -> None:
    assert request("GET", f"/api/payments/differences?{query}")[0] == 400
