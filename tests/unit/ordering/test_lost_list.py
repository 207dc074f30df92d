"""An order whose shopping list is cancelled at the depot: it could never become ready."""

from collections.abc import Sequence

import pytest

from events.checkout import ApproveOrder
from events.depot import ShoppingListCancelled
from functions.kernel.domain.aggregate import DomainEvent
from functions.ordering.domain import (
    Approved,
    Cancelled,
    CollectedEarly,
    Created,
    ListLost,
    Order,
    Paid,
    Readied,
    Rejected,
)
from functions.ordering.items import Item
from tests.support.given import given
from tests.unit.ordering.mall import CHECKED_OUT, deliver, names, published

AT = "2026-03-14T09:26:53.589793Z"
PENDING = [Created("ada", "payment-1", (Item("bakery", "bread", "Corner Bakery", "Rye bread", 450, 2),), AT)]
APPROVED = [*PENDING, Approved("list-1", AT)]
READY = [*APPROVED, Readied((), AT)]
CANCELLED = Cancelled("its shopping list was cancelled", "system")


def lost(list_id: str, order_id: str = "order-1", *, by_staff: bool = False) -> ShoppingListCancelled:
    return ShoppingListCancelled(
        shopping_list_id=list_id,
        order_id=order_id,
        status="cancelled",
        stops=(),
        bot_id=None,
        assignment=0,
        by_staff=by_staff,
    )


@pytest.mark.parametrize("history", [APPROVED, [*APPROVED, Paid()], READY], ids=["unpaid", "paid", "ready"])
def test_an_order_whose_list_is_cancelled_is_cancelled_by_the_system(history: Sequence[DomainEvent]) -> None:
    given(Order, *history).when(lambda order: order.lose_list("list-1")).then(CANCELLED).then_state(status="cancelled")


def test_the_cancellation_of_another_list_changes_nothing() -> None:
    given(Order, *APPROVED).when(lambda order: order.lose_list("list-2")).then_nothing()


def test_a_pending_order_records_once_that_a_list_was_cancelled() -> None:
    given(Order, *PENDING).when(lambda order: order.lose_list("list-1")).then(ListLost("list-1"))
    given(Order, *PENDING, ListLost("list-1")).when(lambda order: order.lose_list("list-1")).then_nothing()


def test_an_order_whose_list_was_cancelled_early_is_cancelled_when_it_is_approved() -> None:
    early = [ListLost("list-2"), ListLost("list-1")]
    given(Order, *PENDING, *early).when(lambda order: order.approve("list-1", AT)).then(
        Approved("list-1", AT), CANCELLED
    )
    given(Order, *PENDING, early[0]).when(lambda order: order.approve("list-1", AT)).then(Approved("list-1", AT))


def test_a_list_completed_early_counts_although_another_was_cancelled() -> None:
    early = [ListLost("list-2"), CollectedEarly("list-1", ())]
    given(Order, *PENDING, *early).when(lambda order: order.approve("list-1", AT)).then(
        Approved("list-1", AT), Readied((), AT)
    )


@pytest.mark.parametrize(
    ("end", "status"), [(Rejected("no money"), "rejected"), (Cancelled("changed my mind", "customer"), "cancelled")]
)
def test_an_order_that_has_ended_refuses_the_cancellation_of_its_list(end: DomainEvent, status: str) -> None:
    """Its list is cancelled because it ended."""
    given(Order, *PENDING, end).when(lambda order: order.lose_list("list-1")).then_refused(f"the order is {status}")


def test_a_list_that_staff_cancel_cancels_its_order() -> None:
    deliver(CHECKED_OUT)
    deliver(ApproveOrder(order_id="order-1", shopping_list_id="order-1"))
    deliver(lost("list-7", by_staff=True))
    deliver(lost("list-7", order_id="unknown", by_staff=True))
    assert "OrderCancelled" not in names()
    deliver(lost("order-1"))
    cancelled = published()[-1]
    assert names().count("OrderCancelled") == 1
    assert cancelled.model_dump(include={"status", "reason", "by"}) == {
        "status": "cancelled",
        "reason": "its shopping list was cancelled",
        "by": "system",
    }
