"""Messages in the worst order, of all that robots do for an order and all that onlookers show of it."""

from collections.abc import Sequence

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import TOTAL, Scene, a_scene

DISORDER = [None, 1, 2]  # the other messages as they come, and two ways of disorder with repetitions


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


ORDER_EVENTS = ["OrderCreated", "OrderApproved", "OrderReadied", "OrderPaid", "OrderCompleted"]


def is_over(scene: Scene, status: str = "cancelled", *, list_status: str = "cancelled") -> None:
    """The order has ended before its completion, and no robot goes on with it."""
    scene.mall.pass_time(120)
    assert scene.shopper.order()["status"] == status
    assert scene.shopper.shopping_list()["status"] == list_status
    assert scene.robots() == {"idle"}
    assert scene.shopper.payment()["status"] == "voided"
    everything_adds_up(scene.mall)


def lists(scene: Scene, status: str) -> list[str]:
    """The lists that staff see under a status."""
    return [found["id"] for found in scene.shopper.ask("GET", f"/api/depot/shopping?status={status}")["lists"]]


@pytest.mark.parametrize("first", ["CancelShoppingList", "OrderRejected", "CreateShoppingList"])
def test_a_list_that_is_asked_for_too_late_stays_cancelled(scene: Scene, first: str) -> None:
    """The checkout gives up waiting for the list: what undoes it may overtake it."""
    late = ["CreateShoppingList", "CancelShoppingList", "OrderRejected"]
    scene.mall.hold("depot", *late)
    scene.shopper.checks_out()
    scene.mall.pass_time(300)
    assert scene.shopper.order()["status"] == "rejected"
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("depot", name)
        scene.mall.settle()
    is_over(scene, "rejected")
    assert "ShoppingListAvailable" not in scene.mall.names()


@pytest.mark.parametrize("first", ["CancelShoppingList", "OrderCancelled", "CreateShoppingList"])
def test_a_list_of_a_cancelled_order_is_cancelled_before_or_after_it_is_made(scene: Scene, first: str) -> None:
    late = ["CreateShoppingList", "CancelShoppingList", "OrderCancelled"]
    scene.mall.hold("depot", *late)
    scene.shopper.checks_out().cancels()
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("depot", name)
        scene.mall.settle()
    is_over(scene)


@pytest.mark.parametrize("first", ["CancelShoppingList", "OrderCancelled", "InitiateShopping"])
def test_a_list_of_a_cancelled_order_is_not_collected_when_its_start_is_late(scene: Scene, first: str) -> None:
    late = ["InitiateShopping", "CancelShoppingList", "OrderCancelled"]
    scene.mall.hold("depot", *late)
    scene.shopper.checks_out().cancels()
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("depot", name)
        scene.mall.settle()
    is_over(scene)


def test_a_list_that_is_completed_after_the_cancellation_does_not_make_the_order_ready(scene: Scene) -> None:
    scene.mall.hold("depot", "OrderCancelled")
    scene.is_approved().shopper.cancels()
    scene.is_collected()
    scene.mall.release("depot", "OrderCancelled")
    is_over(scene, list_status="completed")
    assert not {"OrderReadied", "OrderCompleted"} & set(scene.mall.names())


def test_a_list_that_was_completed_before_the_cancellation_and_is_heard_of_after_it_changes_nothing(
    scene: Scene,
) -> None:
    """To the customer the order was not ready yet, so it could still be called off."""
    scene.mall.hold("ordering", "ShoppingListCompleted")
    scene.is_approved().is_collected()
    assert scene.shopper.cancels().status == 200
    scene.mall.release("ordering", "ShoppingListCompleted")
    is_over(scene, list_status="completed")


def test_a_robot_does_not_take_a_list_of_which_it_hears_after_its_cancellation(scene: Scene) -> None:
    scene.mall.hold("depot", "ShoppingListAvailable")
    scene.is_approved().shopper.cancels()
    scene.mall.release("depot", "ShoppingListAvailable")
    is_over(scene)
    assert "BotAssigned" not in scene.mall.names()


def test_staff_see_a_cancelled_list_as_cancelled_though_the_news_of_it_comes_in_reverse(scene: Scene) -> None:
    news = ["ShoppingListAssigned", "ShoppingListCreated"]
    scene.mall.hold("depot", *news)
    scene.is_approved().shopper.cancels()
    for name in news:
        scene.mall.release("depot", name)
        scene.mall.settle()
    assert lists(scene, "cancelled") == [scene.order_id]
    assert [lists(scene, status) for status in ("pending", "available", "assigned")] == [[], [], []]
    is_over(scene)


def test_an_order_whose_list_staff_cancel_while_its_approval_is_late_is_cancelled(scene: Scene) -> None:
    scene.mall.hold("ordering", "ApproveOrder")
    scene.shopper.checks_out()
    scene.shopper.ask("POST", scene.path)
    scene.mall.settle()
    assert scene.shopper.order()["status"] == "pending"
    scene.mall.release("ordering", "ApproveOrder")
    is_over(scene)
    assert scene.ended_by() == ["system"]


def test_an_order_whose_list_staff_cancel_is_cancelled_though_it_was_paid_late(scene: Scene) -> None:
    scene.mall.hold("ordering", "InvoicePaid", "ShoppingListCancelled")
    scene.is_approved().shopper.pays()
    scene.shopper.ask("POST", scene.path)
    scene.mall.settle()
    scene.mall.release("ordering", "ShoppingListCancelled")
    scene.mall.settle()
    scene.mall.release("ordering", "InvoicePaid")
    scene.mall.pass_time(60)
    assert scene.ended_by() == ["system"]
    assert scene.paid_and_refunded() == (TOTAL, TOTAL)
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("order", [ORDER_EVENTS, ORDER_EVENTS[::-1], ORDER_EVENTS[2:] + ORDER_EVENTS[:2]])
@pytest.mark.parametrize("onlooker", ["search", "insights", "notifications"])
def test_onlookers_show_a_completed_order_whatever_they_hear_first(
    scene: Scene, onlooker: str, order: Sequence[str]
) -> None:
    heard = [name for name in order if (onlooker, name) != ("notifications", "OrderPaid")]  # of which none is texted
    scene.mall.hold(onlooker, *heard)
    scene.is_approved().is_collected({"cable": 1})
    scene.shopper.pays()
    for name in heard:
        scene.mall.release(onlooker, name)
        scene.mall.settle()
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("last", ["OrderCreated", "OrderApproved"])
@pytest.mark.parametrize("onlooker", ["search", "notifications", "insights"])
def test_onlookers_show_a_cancelled_order_whatever_they_hear_last(scene: Scene, onlooker: str, last: str) -> None:
    scene.mall.hold(onlooker, last)
    scene.is_approved().shopper.cancels()
    scene.mall.settle()
    scene.mall.release(onlooker, last)
    everything_adds_up(scene.mall)
