"""What the flow test of late joiners shows after a few orders, after a thousand: it takes minutes."""

import pytest

from tests.flow import test_joining
from tests.support import loyalty
from tests.support.operated import deployed, served


def test_services_that_join_after_a_thousand_orders_answer_as_those_that_were_there_from_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(test_joining, "ORDERS", 1_000)
    with deployed(monkeypatch, served(loyalty.MANIFEST)):
        test_joining.test_insights_and_a_new_service_that_join_late_answer_as_those_that_were_there_from_the_first()
