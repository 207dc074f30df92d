"""Who may use which route, by the roles of the domain and not by what the code declares; and whose a thing is."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from functions.kernel.rest.routes import Route
from functions.kernel.runtime import ids
from functions.kernel.runtime.context import BOT, CUSTOMER, OPERATOR, Caller
from tests.contract.rest.declared import ROUTES, answers_here, key, routes
from tests.contract.rest.furnished import Furnished, furnish
from tests.contract.rest.test_every_route import assert_problem
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot

OPEN = {"GET /health", "GET /api/openapi.json", "GET /api/docs"}
BROWSE = {
    "GET /api/stores",
    "GET /api/stores/participating",
    "GET /api/stores/{id}",
    "GET /api/stores/{storeId}/products",
    "GET /api/stores/products/{id}",
}
KIOSK_MAY = BROWSE | {
    "POST /api/customers",
    "POST /api/customers/{id}/sessions",
    "POST /api/customers/codes",
    "POST /api/customers/sessions",
}
CUSTOMER_MAY = BROWSE | {
    "POST /api/customers/{id}/sessions",
    "GET /api/customers/{id}",
    "PUT /api/customers/{id}/change-sms",
    "PUT /api/customers/{id}/language",
    "DELETE /api/customers/{id}",
    "POST /api/baskets",
    "POST /api/baskets/withItems",
    "GET /api/baskets/{id}",
    "DELETE /api/baskets/{id}",
    "PUT /api/baskets/{id}/addItem",
    "PUT /api/baskets/{id}/addItems",
    "PUT /api/baskets/{id}/removeItem",
    "PUT /api/baskets/{id}/checkout",
    "GET /api/ordering/{id}",
    "DELETE /api/ordering/{id}",
    "POST /api/payments",
    "GET /api/payments/{id}",
    "GET /api/payments/invoices/{id}",
    "PUT /api/payments/invoices/{id}/pay",
    "POST /api/search/orders",
    "GET /api/search/orders/{id}",
}
BOT_MAY = {
    "PUT /api/depot/bots/{id}/online",
    "PUT /api/depot/bots/{id}/offline",
    "POST /api/depot/bots/{id}/token",
    "GET /api/depot/shopping",
    "GET /api/depot/shopping/{id}",
    "PUT /api/depot/shopping/{id}/start",
    "PUT /api/depot/shopping/{id}/pick",
    "PUT /api/depot/shopping/{id}/pickItems",
    "PUT /api/depot/shopping/{id}/complete",
}
NOT_FOR_STAFF = {"POST /api/customers/{id}/sessions", "POST /api/customers/codes", "POST /api/customers/sessions"}
MAY = {"kiosk": KIOSK_MAY, CUSTOMER: CUSTOMER_MAY, BOT: BOT_MAY}
STRANGER = {CUSTOMER: customer("somebody else"), BOT: robot("somebody else")}
CALLERS = [CLERK, OPERATOR_ON_CALL, A_KIOSK, *STRANGER.values()]
KEY = "a key that its owner used"
NAMES_ANOTHER = "a customer acts for itself only: this names another customer"
# What a robot must say, and staff need not.
BY_ROBOT = {"PUT /api/depot/shopping/{id}/complete": {"assignment": 1}}


def may(who: Caller, route: Route) -> bool:
    if route.path.startswith("/api/operations/"):
        return who.role == OPERATOR
    allowed = MAY.get(str(who.role))
    return key(route) in allowed if allowed is not None else key(route) not in NOT_FOR_STAFF


def role_of(who: Caller) -> str:
    return str(who.role)


@pytest.fixture(scope="module")
def mall() -> Furnished:
    """One for all that are refused: nothing changes in it."""
    return furnish()


def owner(mall: Furnished, route: Route, role: str) -> tuple[Caller, dict[str, str]]:
    """Who has what a route is about, and the parameters of its path about a thing that somebody has."""
    if role == CUSTOMER:
        return customer(mall.things["customer"]), {}
    path = mall.path(route)
    if "/bots/" in path:
        return robot(path.split("/")[4]), {}
    list_id = path.split("/")[4] if route.writes else mall.things["active list"]
    return robot(mall.ask("GET", f"/api/depot/shopping/{list_id}")["list"]["botId"]), {"id": list_id}


def body(mall: Furnished, route: Route) -> dict[str, Any]:
    """What its owner sends."""
    return mall.body(route) | BY_ROBOT.get(key(route), {})


def about_one_thing(role: str) -> Iterator[Route]:
    """The routes about one thing that another caller of the role may have."""
    return (route for route in ROUTES if key(route) in MAY[role] - BROWSE and route.arguments)


OWNED = [(role, route) for role in (CUSTOMER, BOT) for route in about_one_thing(role)]
# A session is renewed by when it began, of which a role and an id say nothing: tests/unit/customers has that.
USED = [(role, route) for role, route in OWNED if key(route) != "POST /api/customers/{id}/sessions"]
owned = pytest.mark.parametrize(("role", "route"), OWNED, ids=[f"{role} {key(route)}" for role, route in OWNED])
used = pytest.mark.parametrize(("role", "route"), USED, ids=[f"{role} {key(route)}" for role, route in USED])


@routes(answers_here)
def test_without_a_token_every_route_but_the_open_ones_is_401_and_nothing_is_written(
    mall: Furnished, route: Route
) -> None:
    before = mall.everything()
    for headers in ({}, {"Authorization": "Bearer forged", "Idempotency-Key": "a key"}):
        answer = mall.do(route, headers=headers, caller=NOBODY)
        if key(route) in OPEN:
            assert answer.status == 200
        else:
            assert_problem(answer, 401, mall.path(route))
    assert mall.everything() == before


@routes(lambda route: answers_here(route) and key(route) not in OPEN)
@pytest.mark.parametrize("who", CALLERS, ids=role_of)
def test_a_role_that_may_not_use_a_route_is_403_and_nothing_is_written(
    mall: Furnished, route: Route, who: Caller
) -> None:
    if may(who, route):
        answer = deepcopy(mall).do(route, caller=who)
        assert answer.status not in (401, 403) or answer.body["detail"] == NAMES_ANOTHER
        return
    before = mall.everything()
    assert_problem(mall.do(route, caller=who), 403, mall.path(route))
    assert_problem(mall.do(route, "{", caller=who), 403, mall.path(route))
    assert mall.everything() == before


@owned
def test_what_is_anothers_is_answered_as_what_is_not_there(mall: Furnished, role: str, route: Route) -> None:
    """With any header and any body, so that no answer tells which ids exist; and nothing is written."""
    _, thing = owner(mall, route, role)
    nothing = {"id": ids.derive("nothing")}
    path, nowhere = mall.path(route, **thing), mall.path(route, **nothing)
    its_id = path.removesuffix(route.path.partition("}")[2]).rpartition("/")[2]
    headers: list[Mapping[str, str]] = [
        {},
        {"If-Match": '"999"'},
        {"If-Match": '"1", "2", "3", "4", "5", "6", "7", "8"'},
        {"If-None-Match": "*"},
        {"Idempotency-Key": KEY},
        {"Idempotency-Key": "another key"},
    ]
    before = mall.everything()
    for sent in headers:
        for said in (body(mall, route), "{}", "{"):
            theirs = mall.mall.request(route.method, path, said, sent, STRANGER[role])
            missing = mall.mall.request(route.method, nowhere, said, sent, STRANGER[role])
            assert (theirs.status, {*theirs.headers}) == (missing.status, {*missing.headers})
            assert str(theirs.body).replace(its_id, nothing["id"]) == str(missing.body)
            assert theirs.status == 404 or said in ("{}", "{")
    assert mall.everything() == before


@used
def test_its_owner_may(role: str, route: Route) -> None:
    mall = furnish()
    has, thing = owner(mall, route, role)
    answer = mall.do(route, body(mall, route), {"Idempotency-Key": KEY}, has, **thing)
    assert answer.status == 200, answer


@used
def test_a_key_that_its_owner_used_tells_another_nothing(role: str, route: Route) -> None:
    mall = furnish()
    has, thing = owner(mall, route, role)
    assert mall.do(route, body(mall, route), {"Idempotency-Key": KEY}, has, **thing).status == 200
    before = mall.everything()
    answer = mall.do(route, body(mall, route), {"Idempotency-Key": KEY}, STRANGER[role], **thing)
    assert_problem(answer, 404, mall.path(route, **thing))
    assert mall.everything() == before
