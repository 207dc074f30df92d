"""What payments answers to an access request."""

from typing import Any

import pytest

from functions.kernel.runtime.commit import Commit, StoredEvent
from functions.payments import views
from functions.payments.api import api
from functions.payments.queries import queries
from tests.support.callers import CLERK
from tests.support.gateway import request
from tests.unit.payments.till import ADA_FOUND, ADA_PAYS, Till


def held(limit: int = 10, after: str | None = None) -> dict[str, Any]:
    asked = {"query": "FindPaymentsOf", "data": {"customer_id": "ada", "limit": limit, "after": after}}
    answer: dict[str, Any] = queries.handle(asked)["answer"]
    return answer


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_payment_whose_first_try_failed_is_listed_once(till: Till, fails: str) -> None:
    till.owners.answers["ada"] = ADA_FOUND
    till.bank.fails = fails
    key = {"Idempotency-Key": "a payment"}
    assert request(api, "POST", "/api/payments", ADA_PAYS, key, CLERK).status == 503
    answer = request(api, "POST", "/api/payments", ADA_PAYS, key, CLERK)
    assert len(list(views.payments_of("ada", None))) == 2
    assert [payment["id"] for payment in held()["rows"]] == [answer.body["id"]]


def test_a_payment_of_before_which_kept_no_time_is_listed(till: Till) -> None:
    authorized = StoredEvent.of("Authorized", 1, {"customer_id": "ada", "amount": 500})
    time = "2024-05-01T12:00:00.000000Z"
    till.store.commit(Commit(stream="Payment#old", version=1, id="commit", events=(authorized,), time=time))
    views.point_to("ada", "old", time)  # as the migration does
    assert [payment["id"] for payment in held()["rows"]] == ["old"]


def test_no_more_pointers_to_refused_payments_are_looked_at_than_a_page_has(till: Till) -> None:
    for n in range(20):
        views.point_to("ada", f"refused {n}", f"2026-01-{n + 1:02}")
    first = held(limit=5)
    assert (first["rows"], first["after"]) == ([], "2026-01-16 refused 15")
