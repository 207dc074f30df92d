"""What the index of orders holds, and which of an order's events write its row."""

import pytest

from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime.runtime import Runtime
from functions.kernel.runtime.views import Row
from functions.search import views
from tests.unit.search.orders import consume, found, order, place, show

FINAL = ["completed", "rejected", "cancelled"]


def moment(number: int) -> str:
    return f"2026-03-01T09:00:{number:02}.000000Z"


def entry(runtime: Runtime, order_id: str) -> str | None:
    """The partition of the index that has an order."""
    assert isinstance(runtime.views, MemoryViews)
    partition: str | None = runtime.views.items["orders", order_id].get("by_status_partition", {}).get("S")
    return partition


def test_an_order_keeps_its_place_in_the_index_until_it_ends(runtime: Runtime) -> None:
    places = []
    for version, stage in enumerate(("pending", "approved", "paid", "ready"), start=1):
        consume(order("order-1", stage), version)
        places.append(entry(runtime, "order-1"))
    assert places == ["unfinished"] * 4


@pytest.mark.parametrize(
    ("stage", "partition"), [("completed", None), ("rejected", "rejected"), ("cancelled", "cancelled")]
)
def test_of_the_orders_that_ended_the_index_has_those_that_are_few(
    runtime: Runtime, stage: str, partition: str | None
) -> None:
    place("order-1", stage)
    assert entry(runtime, "order-1") == partition
    assert found({"status": stage}) == ["order-1"]
    assert [found({"status": other}) for other in (*views.UNFINISHED_STATUSES, *FINAL) if other != stage] == [[]] * 5


@pytest.mark.parametrize("stage", ["paid", "ready"])
def test_what_completes_an_order_is_one_row_although_it_is_two_events(runtime: Runtime, stage: str) -> None:
    place("order-1", "approved")
    consume(order("order-1", stage, status="ready", ready=True, paid=True), 3)
    assert show("order-1")["status"] == "approved"
    consume(order("order-1", "completed", ready=True, paid=True), 4)
    assert {name: show("order-1")[name] for name in ("status", "ready", "paid")} == {
        "status": "completed",
        "ready": True,
        "paid": True,
    }


@pytest.mark.parametrize("limit", [1, 2, 50])
def test_unfinished_orders_of_earlier_code_which_put_them_by_their_status_are_found_between_the_others(
    runtime: Runtime, limit: int
) -> None:
    for number in range(6):
        place(f"order-{number}", "approved", at=moment(number))
        if number % 2:
            row = views.order(f"order-{number}") or {}
            at = {views.BY_STATUS: ("approved", views.position(row))}
            assert runtime.views.put(Row("orders", f"order-{number}", row, indexes=at), 3)
    assert found({"status": "approved"}, limit) == [f"order-{number}" for number in reversed(range(6))]
    consume(order("order-3", "ready", at=moment(3), ready=True), 4)
    assert found({"status": "ready"}, limit) == ["order-3"]
    assert found({"status": "approved"}, limit) == ["order-5", "order-4", "order-2", "order-1", "order-0"]
