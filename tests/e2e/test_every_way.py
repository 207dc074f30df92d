"""Every way that an order can go, on the deployed system: an order on each path, concurrently.

The paths are those of clients/scenarios/paths.py.
"""

import pytest

from clients.scenarios.crowd import Visit
from clients.scenarios.paths import PATHS
from tests.e2e.conftest import SLOW, Deployed

WITHIN = 240  # seconds


@pytest.mark.parametrize("name", [name for name in PATHS if name not in SLOW])
def test_an_order_ends_as_its_path_expects(deployed: Deployed, visits: dict[str, Visit], name: str) -> None:
    """Order, payment, invoice and texts are as expected, and the money adds up to the cent."""
    visit = visits[name]
    assert visit.ended.wait(WITHIN)
    assert visit.problem == ""
    deployed.expect_money_to_add_up(visit.order.id)


def test_the_reconciliation_finds_no_difference(deployed: Deployed) -> None:
    assert deployed.reconcile() == 0
