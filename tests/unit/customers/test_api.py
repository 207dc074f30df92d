"""The REST routes of customers."""

from collections.abc import Mapping
from typing import Any

import pytest

from functions.customers.api import api
from functions.kernel.eventstore.vault import MemoryVault
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import CUSTOMER, KIOSK, STAFF, Caller
from tests.support.callers import CLERK
from tests.support.gateway import Response, request
from tests.support.promised import promised

ADA = {"name": "Ada Reyes", "smsNumber": "+1 555 0100"}


def ask(
    method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, caller: Caller = CLERK
) -> Response:
    return request(api, method, f"/api/customers{path}", body, headers, caller)


def succeed(method: str, path: str, body: Any = None) -> Any:
    answer = ask(method, path, body)
    assert answer.status == 200, answer
    return answer.body


def register() -> str:
    return str(succeed("POST", "", ADA)["id"])


def test_a_new_customer_can_be_read_at_once() -> None:
    customer_id = register()
    assert succeed("GET", f"/{customer_id}") == {
        "customer": {"id": customer_id, **ADA, "enabled": True, "language": "en"}
    }


def test_a_customer_is_disabled_and_enabled_again() -> None:
    customer_id = register()
    assert succeed("PUT", f"/{customer_id}/disable", {}) == {}
    assert succeed("GET", f"/{customer_id}")["customer"]["enabled"] is False
    assert succeed("PUT", f"/{customer_id}/enable") == {}
    assert succeed("GET", f"/{customer_id}")["customer"]["enabled"] is True
    again = ask("PUT", f"/{customer_id}/enable")
    assert (again.status, again.body["message"]) == (400, "the customer is already enabled")


def test_a_customer_changes_the_number() -> None:
    customer_id = register()
    assert succeed("PUT", f"/{customer_id}/change-sms", {"smsNumber": "+1 555 0101"}) == {}
    assert succeed("GET", f"/{customer_id}")["customer"]["smsNumber"] == "+1 555 0101"


def test_a_customer_may_register_in_another_language() -> None:
    customer_id = str(succeed("POST", "", ADA | {"language": "es"})["id"])
    assert succeed("GET", f"/{customer_id}")["customer"]["language"] == "es"


def test_a_customer_changes_the_language_and_changes_it_back() -> None:
    customer_id = register()
    for language in ("es", "en"):
        assert succeed("PUT", f"/{customer_id}/language", {"language": language}) == {}
        assert succeed("GET", f"/{customer_id}")["customer"]["language"] == language


@pytest.mark.parametrize("language", ["fr", "ES", "es-MX", "", " "])
def test_an_unsupported_language_is_refused_with_the_supported_ones(language: str) -> None:
    customer_id = register()
    published = len(promised())
    for answer in (
        ask("POST", "", ADA | {"language": language}),
        ask("PUT", f"/{customer_id}/language", {"language": language}),
    ):
        assert (answer.status, answer.body["message"]) == (400, "language: must be one of 'en' or 'es'")
    assert succeed("GET", f"/{customer_id}")["customer"]["language"] == "en"
    assert len(promised()) == published


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "language: this field is missing"),
        ({"language": None}, "language: must not be null"),
        ({"language": ["es"]}, "language: must be one of 'en' or 'es'"),
    ],
)
def test_a_change_of_language_needs_a_language(body: dict[str, Any], message: str) -> None:
    answer = ask("PUT", f"/{register()}/language", body)
    assert (answer.status, answer.body["message"]) == (400, message)


def test_an_erased_customer_is_not_found() -> None:
    customer_id = register()
    assert succeed("DELETE", f"/{customer_id}") == {}
    assert succeed("DELETE", f"/{customer_id}") == {}
    assert ask("GET", f"/{customer_id}").status == 404
    assert ask("PUT", f"/{customer_id}/enable").status == 404
    assert ask("PUT", f"/{customer_id}/language", {"language": "es"}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/nobody", None),
        ("PUT", "/nobody/enable", {}),
        ("PUT", "/nobody/disable", {}),
        ("PUT", "/nobody/change-sms", {"smsNumber": "+1 555 0101"}),
        ("PUT", "/nobody/language", {"language": "es"}),
        ("DELETE", "/nobody", None),
    ],
)
def test_an_unknown_customer_is_not_found(method: str, path: str, body: Any) -> None:
    assert ask(method, path, body).status == 404


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": " "}, "the customer name cannot be blank"),
        ({"smsNumber": ""}, "the customer SMS number cannot be blank"),
        ({"smsNumber": 15550100}, "smsNumber: must be a text"),
        ({"name": None}, "the customer name cannot be blank"),
        ({"name": "x" * 201}, "name: must have at most 200 characters"),
    ],
)
def test_a_registration_that_breaks_a_rule_is_refused(change: dict[str, Any], message: str) -> None:
    answer = ask("POST", "", ADA | change)
    assert (answer.status, answer.body["message"]) == (400, message)
    assert promised() == []
    vault = runtime.current().vault
    assert isinstance(vault, MemoryVault)
    assert vault.rows == {}


def test_a_repeated_registration_makes_one_customer() -> None:
    first, second = (ask("POST", "", ADA, {"Idempotency-Key": "k-1"}) for _ in range(2))
    assert first.body == second.body
    assert [message.name for message in promised()] == ["CustomerRegistered"]


def test_each_route_is_for_its_roles() -> None:
    assert {(route.method, route.path.removeprefix("/api/customers")): set(route.may) for route in api.routes} == {
        ("POST", ""): {STAFF, KIOSK},
        ("GET", "/{id}"): {STAFF, CUSTOMER},
        ("GET", "/{id}/data"): {STAFF},
        ("POST", "/numbers"): {STAFF},
        ("PUT", "/{id}/enable"): {STAFF},
        ("PUT", "/{id}/disable"): {STAFF},
        ("PUT", "/{id}/change-sms"): {STAFF, CUSTOMER},
        ("PUT", "/{id}/language"): {STAFF, CUSTOMER},
        ("DELETE", "/{id}"): {STAFF, CUSTOMER},
        ("POST", "/{id}/sessions"): {KIOSK, CUSTOMER},
        ("POST", "/codes"): {KIOSK},
        ("POST", "/sessions"): {KIOSK},
    }


def test_staff_find_a_customer_by_a_number_however_it_is_written_until_it_changes_or_is_erased() -> None:
    customer_id = register()
    assert succeed("POST", "/numbers", {"smsNumber": "+15550100"}) == {"id": customer_id}
    succeed("PUT", f"/{customer_id}/change-sms", {"smsNumber": "+1 555 0101"})
    assert ask("POST", "/numbers", {"smsNumber": "+15550100"}).status == 404
    assert succeed("POST", "/numbers", {"smsNumber": "+1 555 0101"}) == {"id": customer_id}
    succeed("DELETE", f"/{customer_id}")
    unknown = ask("POST", "/numbers", {"smsNumber": "+1 555 0101"})
    assert (unknown.status, unknown.body["message"]) == (404, "no customer has this number")


@pytest.mark.parametrize("role", [CUSTOMER, KIOSK])
def test_only_staff_find_a_customer_by_a_number(role: str) -> None:
    register()
    assert ask("POST", "/numbers", {"smsNumber": ADA["smsNumber"]}, caller=Caller(role, "one")).status == 403
