"""Which writes of staff and operators are in the audit, and which are not and why: each is listed here by hand."""

import pytest

from functions.kernel.composition.manifest import manifest, services
from functions.kernel.rest.audit import Entry
from functions.kernel.rest.routes import Route
from functions.kernel.runtime.context import OPERATOR, STAFF
from tests.contract.rest.declared import ROUTES, key, routes
from tests.contract.rest.furnished import Furnished, furnish
from tests.support.callers import CLERK, OPERATOR_ON_CALL

# What changes people, machines, money, shops and the system.
AUDITED = {
    "PUT /api/checkout/sagas/{orderId}/resume",
    "POST /api/customers",
    "PUT /api/customers/{id}/enable",
    "PUT /api/customers/{id}/disable",
    "PUT /api/customers/{id}/change-sms",
    "PUT /api/customers/{id}/language",
    "DELETE /api/customers/{id}",
    "POST /api/depot/shopping",
    "POST /api/depot/shopping/{id}",
    "PUT /api/depot/shopping/{id}/initiate",
    "PUT /api/depot/shopping/{id}/assign",
    "POST /api/depot/bots",
    "DELETE /api/depot/bots/{id}",
    "POST /api/depot/bots/{id}/token",
    "PUT /api/depot/bots/{id}/online",
    "PUT /api/depot/bots/{id}/offline",
    "PUT /api/fleet/robots/{id}/pause",
    "PUT /api/fleet/robots/{id}/resume",
    "PUT /api/fleet/robots/{id}/actions/{actionId}/retry",
    "PUT /api/fleet/robots/{id}/actions/{actionId}/skip",
    "POST /api/fleet/robots/{id}/certificate",
    "POST /api/ordering",
    "DELETE /api/ordering/{id}",
    "POST /api/payments",
    "PUT /api/payments/invoices/{id}/pay",
    "PUT /api/payments/differences/{orderId}/recheck",
    "POST /api/payments/reconciliation",
    "POST /api/stores",
    "PUT /api/stores/{id}/participating",
    "DELETE /api/stores/{id}/participating",
    "PUT /api/stores/{id}/rebrand",
    "POST /api/stores/{storeId}/products",
    "DELETE /api/stores/products/{id}",
    "PUT /api/stores/products/{id}/rebrand",
    "PUT /api/stores/products/{id}/increasePrice",
    "PUT /api/stores/products/{id}/decreasePrice",
    "PUT /api/operations/consumers/{service}/{queue}/pause",
    "PUT /api/operations/consumers/{service}/{queue}/resume",
    "POST /api/operations/forecasts",
    "PUT /api/operations/groups/{id}/note",
    "PUT /api/operations/groups/{id}/owner",
    "PUT /api/operations/groups/{id}/resolve",
    "PUT /api/operations/letters/{id}/park",
    "PUT /api/operations/letters/{id}/discard",
    "PUT /api/operations/letters/{id}/reopen",
    "PUT /api/operations/letters/{id}/data",
    "POST /api/operations/redrives",
    "PUT /api/operations/runs/{id}/pause",
    "PUT /api/operations/runs/{id}/cancel",
    "PUT /api/operations/runs/{id}/resume",
    "PUT /api/operations/runs/{id}/switch",
    "PUT /api/operations/runs/{id}/abort",
    "POST /api/operations/replays",
    "POST /api/operations/rebuilds",
    "PUT /api/operations/sagas/{orderId}/retry",
}
AT_A_DESK = "a step of each order that staff take for a customer: its commits say who did it"
COLLECTED = "a step of each order that staff collect or check in: its commits say who did it"
LOOKED_UP = "it changes nothing: what is looked for is in the body, so that no address holds it"
ROUTINE = {
    "POST /api/baskets": AT_A_DESK,
    "POST /api/baskets/withItems": AT_A_DESK,
    "PUT /api/baskets/{id}/addItem": AT_A_DESK,
    "PUT /api/baskets/{id}/addItems": AT_A_DESK,
    "PUT /api/baskets/{id}/removeItem": AT_A_DESK,
    "PUT /api/baskets/{id}/checkout": AT_A_DESK,
    "DELETE /api/baskets/{id}": AT_A_DESK,
    "PUT /api/depot/shopping/{id}/start": COLLECTED,
    "PUT /api/depot/shopping/{id}/pick": COLLECTED,
    "PUT /api/depot/shopping/{id}/pickItems": COLLECTED,
    "PUT /api/depot/shopping/{id}/complete": COLLECTED,
    "POST /api/customers/numbers": LOOKED_UP,
    "POST /api/search/orders": LOOKED_UP,
}


def by_people(route: Route) -> bool:
    """Whether staff or operators may write by it."""
    return route.writes and bool({STAFF, OPERATOR} & set(route.may))


def test_every_write_of_people_is_in_the_audit_or_is_routine_for_a_reason() -> None:
    found = {key(route) for route in ROUTES if by_people(route)}
    assert found == AUDITED | set(ROUTINE)
    assert AUDITED.isdisjoint(ROUTINE)


@pytest.fixture(scope="module")
def mall() -> Furnished:
    return furnish()


@routes(by_people)
def test_what_a_person_asks_for_is_noted_by_its_service_unless_it_is_routine(mall: Furnished, route: Route) -> None:
    """Refused or not: without a body most of them are refused."""
    noted = mall.mall.operating.audit.entries
    before = set(noted)
    who = CLERK if STAFF in route.may else OPERATOR_ON_CALL
    answer = mall.mall.request(route.method, mall.path(route), {}, caller=who)
    entries: list[Entry] = [noted[place] for place in sorted(set(noted) - before)]
    if key(route) in ROUTINE:
        assert entries == []
        return
    [service] = [name for name in services() if (api := manifest(name).api) and route in api.routes]
    assert [one.outcome for one in entries] == ["asked", str(answer.status)]
    assert {(one.actor, one.service, one.action) for one in entries} == {(who.actor, service, key(route))}
    assert {one.path for one in entries} == {mall.path(route)}
