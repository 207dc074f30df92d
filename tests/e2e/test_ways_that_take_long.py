"""What takes a minute and more on the deployed system; it was begun before all else, and is looked at last."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from clients.mall import Json, wait_for
from clients.order import Order
from clients.scenarios.crowd import Visit
from clients.scenarios.fate import REJECTED, money_difference
from clients.scenarios.stock import open_shop
from tests.e2e.conftest import SLOW, Deployed

WITHIN = 300  # seconds


@pytest.mark.parametrize("name", SLOW)
def test_time_brings_an_order_to_the_end_that_its_path_says(
    deployed: Deployed, visits: dict[str, Visit], name: str
) -> None:
    """By the robots' leases, and by schedules that fire by themselves."""
    visit = visits[name]
    assert visit.ended.wait(WITHIN)
    assert visit.problem == ""
    assert money_difference(deployed.mall, visit.order.id) == 0


def test_a_participant_that_is_back_too_late_finds_everything_undone(deployed: Deployed) -> None:
    """Payments hears nothing while the saga waits for it, three times, and turns round; then it hears all at once."""
    order = Order(deployed.mall).registers().fills_a_basket(open_shop(deployed.mall).plain).authorizes_a_payment()

    def saga() -> Json:
        found: Json = deployed.mall.get(f"/api/checkout/sagas/{order.id}")["saga"]
        return found

    with stopped(deployed, "payments"):
        order.checks_out()
        wait_for(lambda: saga()["compensating"] or None, "the saga's patience to end")
        wait_for(lambda: order.order()["status"] == "rejected" or None, "the rejection")
        assert order.payment()["status"] == "authorized"
    wait_for(lambda: saga()["status"] == "compensated" or None, "the undoing")
    wait_for(lambda: REJECTED.unmet(order) is None or None, "the order's fate")
    assert order.shopping_list()["status"] == "cancelled"
    deployed.expect_rest()


def test_nothing_is_left_anywhere_in_the_end(deployed: Deployed) -> None:
    assert deployed.reconcile() == 0
    assert deployed.mall.pages("/api/checkout/sagas?status=running", "sagas") == []
    assert deployed.mall.pages("/api/checkout/sagas?status=parked", "sagas") == []
    robots = deployed.mall.pages("/api/depot/bots", "bots")
    assert {robot["status"] for robot in robots} == {"idle"}
    deployed.expect_rest()


@contextmanager
def stopped(deployed: Deployed, service: str) -> Iterator[None]:
    """A service that hears nothing for the while: what is said to it waits in its queue."""
    lambdas = deployed.client("lambda")
    function = deployed.output(service, "InboxWorkerFunction")
    mapping = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"][0]["UUID"]
    lambdas.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        lambdas.update_event_source_mapping(UUID=mapping, Enabled=True)
