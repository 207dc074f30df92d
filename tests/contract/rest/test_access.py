"""Every cell of docs/access.md is sent: whoever may is let in, and whoever may not is not, and changes nothing."""

from typing import Any

import pytest

from functions.kernel.rest.routes import Route
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF, Caller
from infra.documents import access
from infra.documents.access import ALONE, NAMED, NO, OWN, REGISTERED, YES
from tests.contract.rest.declared import ROUTES, answers_here, key
from tests.contract.rest.furnished import Furnished, furnish
from tests.support.callers import NOBODY, robot
from tests.support.cloud import Response

MATRIX = {entry.route: entry for entry in access.matrix()}
CASES = [(route, role) for route in ROUTES for role in MATRIX[key(route)].may]


def cases(*cells: str) -> pytest.MarkDecorator:
    """A test for each route and role of these cells."""
    found = [(route, role) for route, role in CASES if MATRIX[key(route)].may[role] in cells]
    return pytest.mark.parametrize(("route", "role"), found, ids=[f"{key(route)} by {role}" for route, role in found])


@pytest.fixture(scope="module")
def mall() -> Furnished:
    """For requests that change nothing."""
    return furnish()


def path_of(furnished: Furnished, route: Route, role: str) -> dict[str, str]:
    """The list of which a robot asks: one that a robot collects."""
    if role != BOT or not route.path.startswith("/api/depot/shopping/{id}"):
        return {}
    return {"id": furnished.things["assigned list" if route.path.endswith("/start") else "active list"]}


def own(furnished: Furnished, route: Route, role: str) -> Caller:
    """The one whose thing the request is about."""
    if role == CUSTOMER:
        path, began = furnished.path(route), int(furnished.mall.now.timestamp())
        itself = path.split("/")[3] if path.startswith("/api/customers/") else furnished.things["customer"]
        return Caller(CUSTOMER, itself, began)
    path = furnished.path(route, **path_of(furnished, route, role))
    if path.startswith("/api/depot/bots/"):
        return robot(path.split("/")[4])
    list_id = path.split("/")[4] if path.count("/") > 3 else furnished.things["active list"]
    return Caller(BOT, furnished.ask("GET", f"/api/depot/shopping/{list_id}")["list"]["botId"])


def send(furnished: Furnished, route: Route, caller: Caller) -> Response:
    named = {"assignment": 1} if caller.role == BOT and "/shopping/" in route.path else {}  # which a robot must name
    body = {**furnished.body(route), **named} if route.writes else None
    return furnished.do(route, body, caller=caller, **path_of(furnished, route, caller.role or ""))


@cases(YES)
def test_whoever_may_use_a_route_is_let_in(route: Route, role: str) -> None:
    furnished = furnish()
    answer = send(furnished, route, Caller(role, "one"))
    assert answer.status == (200 if answers_here(route) else 404), answer


@cases(OWN, NAMED)
def test_the_owner_is_let_in(route: Route, role: str) -> None:
    furnished = furnish()
    answer = send(furnished, route, own(furnished, route, role))
    assert answer.status == 200, answer


@cases(NO)
def test_another_role_is_forbidden_and_changes_nothing(mall: Furnished, route: Route, role: str) -> None:
    assert_shut(mall, route, Caller(role, "one"), 403)


@cases(OWN)
def test_anothers_thing_is_not_there_and_does_not_change(mall: Furnished, route: Route, role: str) -> None:
    assert_shut(mall, route, Caller(role, "somebody-else"), 404)


@cases(NAMED)
def test_nobody_acts_in_anothers_name(mall: Furnished, route: Route, role: str) -> None:
    assert_shut(mall, route, Caller(role, "somebody-else"), 403)


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.open], ids=key)
def test_without_a_token_a_guarded_route_is_shut(mall: Furnished, route: Route) -> None:
    assert_shut(mall, route, NOBODY, 401)


@pytest.mark.parametrize("route", [r for r in ROUTES if r.open], ids=key)
def test_an_open_route_asks_for_no_token(mall: Furnished, route: Route) -> None:
    assert send(mall, route, NOBODY).status == (200 if answers_here(route) else 404)


def assert_shut(furnished: Furnished, route: Route, caller: Caller, status: int) -> None:
    before = furnished.effects()
    answer = send(furnished, route, caller)
    assert answer.status == status, answer
    assert answer.body["status"] == status
    assert furnished.effects() == before


@cases(ALONE)
def test_a_list_shows_the_callers_own_alone(mall: Furnished, route: Route, role: str) -> None:
    mine = own(mall, route, role)
    owner = "customerId" if role == CUSTOMER else "botId"
    for caller in (mine, Caller(role, "somebody-else")):
        answer = mall.mall.request(route.method, route.path, {} if route.writes else None, caller=caller)
        assert answer.status == 200
        [rows] = [value for value in answer.body.values() if isinstance(value, list)]
        assert {row[owner] for row in rows} == ({caller.id} if caller is mine else set())


def test_an_order_is_not_found_by_a_filter_for_another_customer(mall: Furnished) -> None:
    asked: Any = {"filters": {"customerId": mall.things["customer"]}}
    answer = mall.mall.request("POST", "/api/search/orders", asked, caller=Caller(CUSTOMER, "somebody-else"))
    assert answer.status == 403


@pytest.mark.parametrize("role", [OPERATOR, STAFF, KIOSK, CUSTOMER, BOT])
def test_every_role_may_something_and_only_staff_and_operators_may_all_that_customers_may(role: str) -> None:
    may = {route for route, entry in MATRIX.items() if entry.may[role] != NO}
    assert len(may) > 3
    staff = {route for route, entry in MATRIX.items() if entry.may[STAFF] != NO}
    assert may <= staff or role in (KIOSK, CUSTOMER, OPERATOR)
    if role in (KIOSK, CUSTOMER):  # sessions and codes are theirs alone
        assert all(route.endswith(("/sessions", "/codes")) for route in may - staff)


def test_a_route_whose_things_are_not_declared_is_not_documented() -> None:
    route = next(route for route in ROUTES if key(route) == "GET /api/ordering/{id}")
    with pytest.raises(TypeError, match=r"say in infra/documents/access.py whose things"):
        access._cell(type(route)(**{**vars(route), "path": "/api/secrets/{id}"}), CUSTOMER)


def test_a_kiosk_is_bound_to_those_whom_it_registered_by_one_route_at_most() -> None:
    bound = [key(route) for route, role in CASES if MATRIX[key(route)].may[role] == REGISTERED]
    assert bound in ([], ["POST /api/customers/{id}/sessions"])
