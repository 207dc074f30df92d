"""Counting while others write the same counters, and in DynamoDB."""

from datetime import UTC, datetime
from typing import Any

import pytest

from events.ordering import OrderCompleted
from events.shapes import LineItem
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.insights.views import projection
from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.repository import ATTEMPTS
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.views import Row
from tests.support.delivery import delivered
from tests.support.gateway import request
from tests.support.runtime import memory_runtime
from tests.unit.insights.messages import INK, order

MANY = [INK.model_copy(update={"store_id": f"s-{n}", "product_id": f"p-{n}", "price": 100}) for n in range(100)]
RANGE = "?from=2026-03-14T00:00:00Z&to=2026-03-15T00:00:00Z"


class BusyViews(MemoryViews):
    """Rows in memory; every write of counters conflicts a few times before it succeeds."""

    def __init__(self, times: int) -> None:
        super().__init__(projection.indexes)
        self.times = times
        self.conflicts: dict[tuple[str, str], int] = {}

    def put(self, row: Row, version: int) -> bool:
        key = row.partition, row.sort
        if row.counts and self.conflicts.setdefault(key, 0) < self.times:
            self.conflicts[key] += 1
            raise ConcurrencyError("another transaction is at work on a counter")
        return super().put(row, version)


def consume_completion(items: list[LineItem], tries: int = 1) -> bool:
    """Deliver the event that an order was completed; whether it was handled."""
    event = delivered(order(OrderCompleted, items=items), stream_version=6, tries=tries)
    return inbox.handle(event) == {"batchItemFailures": []}


def sold() -> dict[str, Any]:
    answer = request(api, "GET", f"/api/insights/sales{RANGE}")
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


@pytest.mark.parametrize("items", [[INK], MANY], ids=["one line", "a hundred lines"])
def test_an_event_that_conflicts_at_a_counter_is_retried_and_counted_once(items: list[LineItem]) -> None:
    busy = memory_runtime("insights", views=BusyViews(times=ATTEMPTS + 1))
    with active(busy), clock.fixed(lambda: datetime(2026, 3, 14, 12, tzinfo=UTC)):
        tries = 0
        while not consume_completion(items):
            tries += 1
            assert tries <= 7
        assert tries > 0
        assert consume_completion(items)
        found = sold()
        assert (found["orders"], found["items"], len(found["byProduct"])) == (1, len(items), len(items))
        assert sum(row["orders"] for row in found["byStore"]) == len(items)
        funnel = request(api, "GET", f"/api/insights/funnel{RANGE}").body
        assert funnel["completed"] == 1
        messages = request(api, "GET", "/api/insights/timeline/flow-1").body["messages"]
        assert [message["name"] for message in messages] == ["OrderCompleted"]


def test_orders_are_counted_and_flows_are_shown_the_same_way_in_dynamodb(in_dynamodb: Runtime) -> None:
    for _ in range(2):
        assert consume_completion(MANY)
    found = sold()
    assert (found["orders"], found["items"], found["revenue"], len(found["byProduct"])) == (1, 100, 100, 100)
    assert found["byHour"] == [{"hour": "2026-03-14T09:00:00Z", "orders": 1, "revenue": 100}]
    for path in ("timeline/flow-1", "orders/order-1/timeline"):
        answer = request(api, "GET", f"/api/insights/{path}")
        assert [message["name"] for message in answer.body["messages"]] == ["OrderCompleted"]
        assert "next" not in answer.body
