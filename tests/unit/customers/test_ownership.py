"""Whose a profile is: the customer's own, and staff's to handle."""

from typing import Any, cast

import pytest

from functions.customers import service
from functions.customers.api import api
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import Caller
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response, request

ADA = {"name": "Ada Reyes", "smsNumber": "+1 555 0100"}
OWN = [
    ("GET", "", None),
    ("PUT", "/change-sms", {"smsNumber": "+1 555 0101"}),
    ("PUT", "/language", {"language": "es"}),
    ("DELETE", "", None),
]
own = pytest.mark.parametrize(("method", "step", "body"), OWN, ids=["read", "number", "language", "erase"])


@pytest.fixture
def ada() -> str:
    return service.register("Ada Reyes", "+1 555 0100")


def ask(method: str, path: str, body: Any, who: Caller, headers: dict[str, str] | None = None) -> Response:
    return request(api, method, f"/api/customers{path}", body, headers, who)


def commits() -> int:
    return len(cast(MemoryEventStore, runtime.current().store).log)


@own
def test_a_profile_is_its_customers_and_staffs(ada: str, method: str, step: str, body: Any) -> None:
    for who in (CLERK, OPERATOR_ON_CALL, customer(ada)):
        if method == "DELETE" and who != customer(ada):
            continue
        assert ask(method, f"/{ada}{step}", body, who).status == 200


@own
@pytest.mark.parametrize("erased", [False, True])
def test_anothers_profile_is_not_there_erased_or_not(ada: str, method: str, step: str, body: Any, erased: bool) -> None:
    if erased:
        service.erase(ada)
    before = commits()
    for headers in ({}, {"If-Match": '"999"'}, {"If-None-Match": "*"}, {"Idempotency-Key": "a key"}):
        answer = ask(method, f"/{ada}{step}", body, customer("bo"), headers)
        assert (answer.status, answer.body["detail"]) == (404, f"there is no customer {ada}")
    assert commits() == before


@own
@pytest.mark.parametrize("who", [A_KIOSK, robot("bot-1"), NOBODY])
def test_a_profile_is_not_for_kiosks_robots_and_nobody(
    ada: str, method: str, step: str, body: Any, who: Caller
) -> None:
    before = commits()
    assert ask(method, f"/{ada}{step}", body, who).status == (403 if who.role else 401)
    assert commits() == before


@pytest.mark.parametrize("step", ["/enable", "/disable"])
def test_a_customer_neither_enables_nor_disables_itself(ada: str, step: str) -> None:
    service.disable(ada)
    assert ask("PUT", f"/{ada}{step}", None, customer(ada)).status == 403
    assert service.customer(ada).enabled is False


def test_what_is_no_field_of_a_body_sets_nothing(ada: str) -> None:
    body = {"smsNumber": "+1 555 0101", "id": "mine", "enabled": False, "name": "Bo", "status": "erased"}
    assert ask("PUT", f"/{ada}/change-sms", body, customer(ada)).status == 200
    shown = ask("GET", f"/{ada}", None, customer(ada)).body["customer"]
    assert shown == {"id": ada, **ADA, "smsNumber": "+1 555 0101", "enabled": True, "language": "en"}


@pytest.mark.parametrize(("who", "status"), [(A_KIOSK, 200), (CLERK, 200), (customer("bo"), 403), (NOBODY, 401)])
def test_kiosks_and_staff_register_customers(who: Caller, status: int) -> None:
    assert ask("POST", "", ADA, who).status == status
