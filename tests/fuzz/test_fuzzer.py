"""The fuzzer finds the faults that it is for."""

from typing import Any

import pytest

from functions.kernel.rest import http
from functions.kernel.runtime.context import STAFF, Caller
from functions.stores import service as stores
from infra.documents.openapi import document
from tests.fuzz import expected
from tests.fuzz.fuzzer import Bounds, Report, Who, fuzz, left_out
from tests.fuzz.in_memory import Application, probed_in_memory, token
from tests.support.callers import A_KIOSK, CLERK
from tests.support.mall import Mall

STORE = "/api/stores/{id}"


@pytest.fixture
def described() -> dict[str, Any]:
    return document()


def fuzzed(described: dict[str, Any], *paths: str, caller: Caller = CLERK) -> Report:
    """A few cases of the GET operations at these paths, in an empty mall."""
    described["paths"] = {path: {"get": described["paths"][path]["get"]} for path in paths}
    bounds = Bounds(seed=1, examples=3, chains=1, edges=False)
    who = Who(str(caller.role), lambda: token(caller))
    with probed_in_memory():
        return fuzz(described, {"stores": ["unknown"]}, bounds, who, app=Application(Mall()))


def checks(report: Report) -> set[tuple[str, str]]:
    return {(failure.operation, failure.check) for failure in report.failures}


def test_an_answer_that_is_not_as_described_is_a_failure(described: dict[str, Any]) -> None:
    described["components"]["schemas"]["Health"]["properties"]["status"] = {"type": "integer"}
    report = fuzzed(described, "/health")
    assert checks(report) == {("GET /health", "response_schema_conformance")}
    assert "/health" in report.failures[0].curl


def test_a_status_that_is_not_described_is_a_failure(described: dict[str, Any]) -> None:
    del described["paths"][STORE]["get"]["responses"]["404"]
    assert checks(fuzzed(described, STORE)) == {(f"GET {STORE}", "status_code_conformance")}


def test_a_conforming_request_must_be_accepted_unless_listed_and_others_must_be_refused(
    described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/stores"
    made_up = {"name": "next", "in": "query", "required": True, "schema": {"type": "string", "enum": ["made up"]}}
    described["paths"][path]["get"]["parameters"] = [made_up]
    answered_without = (f"GET {path}", "negative_data_rejection")
    assert checks(fuzzed(described, path)) == {answered_without}
    monkeypatch.setattr(expected, "EXPECTED", {})
    assert checks(fuzzed(described, path)) == {answered_without, (f"GET {path}", "positive_data_acceptance")}


def test_an_operation_that_was_never_answered_with_200_is_reported(described: dict[str, Any]) -> None:
    report = fuzzed(described, STORE, "/health")
    assert report.failures == []
    assert left_out([report]) == [f"GET {STORE} was never answered with 200"]
    assert report.summary()["failures"] == 1


def test_an_operation_that_a_role_may_not_call_must_be_refused(
    described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/checkout/sagas"
    assert fuzzed(described, path, caller=A_KIOSK).failures == []
    monkeypatch.setattr(http, "admit", lambda event, who, may: None)
    assert (f"GET {path}", "positive_data_acceptance") in checks(fuzzed(described, path, caller=A_KIOSK))


def test_an_operation_that_ignores_the_token_is_a_failure(
    described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = "/api/checkout/sagas"
    monkeypatch.setattr(http, "admit", lambda event, who, may: None)
    assert (f"GET {path}", "ignored_auth") in checks(fuzzed(described, path))


def test_what_is_still_there_after_it_was_deleted_is_a_failure(
    described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, thing = "/api/stores/{storeId}/products", "/api/stores/products/{id}"
    described["paths"] = {made: {"post": described["paths"][made]["post"]}, thing: described["paths"][thing]}
    answer = described["paths"][made]["post"]["responses"]["200"]
    answer["links"] = {name: answer["links"][name] for name in ("get_product", "remove_product")}

    def found() -> set[tuple[str, str]]:
        mall = Mall()
        store_id = mall.request("POST", "/api/stores", {"name": "Volt & Wire", "location": "Level 2"}).body["id"]
        things = {"selling stores": [store_id], "products": ["unknown"], "old products": ["unknown"]}
        bounds = Bounds(seed=1, examples=1, chains=20, edges=False)
        who = Who(STAFF, lambda: token(CLERK))
        with probed_in_memory():
            return checks(fuzz(described, things, bounds, who, app=Application(mall)))

    assert found() == set()
    monkeypatch.setattr(stores, "remove_product", lambda id: stores.rebrand_product(id, "Sold out", None))
    assert found() == {(f"GET {thing}", "use_after_free")}
