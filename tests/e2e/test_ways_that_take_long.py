"""Paths that take a minute or more on the deployed system: they were started first, and are checked last."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clients.mall import Json, wait_for
from clients.order import Order
from clients.scenarios.crowd import Visit
from clients.scenarios.fate import REJECTED
from clients.scenarios.stock import open_shop
from tests.e2e.conftest import SLOW, Deployed

WITHIN = 300  # seconds


@pytest.mark.parametrize("name", SLOW)
def test_an_order_on_a_slow_path_ends_as_its_path_expects(
    deployed: Deployed, visits: dict[str, Visit], name: str
) -> None:
    """Robots' leases end and schedules fire, without a call of the API."""
    visit = visits[name]
    assert visit.ended.wait(WITHIN)
    assert visit.problem == ""
    deployed.expect_money_to_add_up(visit.order.id)


def test_commands_to_a_service_that_is_back_too_late_have_no_effect(deployed: Deployed) -> None:
    """Payments is stopped until the saga has made its three attempts and compensates; then it receives everything."""
    order = Order(deployed.people).registers().fills_a_basket(open_shop(deployed.mall).plain).authorizes_a_payment()

    def saga() -> Json:
        found: Json = deployed.mall.get(f"/api/checkout/sagas/{order.id}")["saga"]
        return found

    with stopped(deployed, "payments"):
        order.checks_out()
        wait_for(lambda: saga()["compensating"] or None, "the saga's last timeout")
        wait_for(lambda: order.order()["status"] == "rejected" or None, "the rejection")
        assert order.payment()["status"] == "authorized"
    wait_for(lambda: saga()["status"] == "compensated" or None, "the compensation")
    wait_for(lambda: REJECTED.unmet(order) is None or None, "the order's fate")
    assert order.shopping_list()["status"] == "cancelled"
    deployed.expect_idle()


def test_the_system_is_idle_in_the_end(deployed: Deployed) -> None:
    assert deployed.reconcile() == 0
    assert deployed.mall.pages("/api/checkout/sagas?status=running", "sagas") == []
    assert deployed.mall.pages("/api/checkout/sagas?status=parked", "sagas") == []
    robots = deployed.mall.pages("/api/depot/bots", "bots")
    # Tests of tokens register some that never come online.
    assert {robot["status"] for robot in robots if robot["id"] in deployed.people.robots} == {"idle"}
    deployed.expect_idle()


@contextmanager
def stopped(deployed: Deployed, service: str) -> Iterator[None]:
    """Within the block, a service consumes nothing: its messages wait in its queue."""
    lambdas = deployed.client("lambda")
    function = deployed.output(service, "InboxWorkerFunction")
    mapping = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"][0]["UUID"]
    lambdas.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        lambdas.update_event_source_mapping(UUID=mapping, Enabled=True)
