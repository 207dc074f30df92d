"""Late messages about robots and lists, and to read models, do not change what becomes of an order."""

from collections.abc import Sequence

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import TOTAL, Scene, a_scene

DISORDER = [None, 1, 2]  # the other messages in order, and two kinds of disorder with repetitions


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


ORDER_EVENTS = ["OrderCreated", "OrderApproved", "OrderReadied", "OrderPaid", "OrderCompleted"]


def has_ended(scene: Scene, status: str = "cancelled", *, list_status: str = "cancelled") -> None:
    """The order has ended before its completion, and no robot works on it."""
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
def test_a_list_whose_creation_is_late_stays_cancelled(scene: Scene, first: str) -> None:
    """The checkout gives up waiting for the list: the compensation may overtake it."""
    late = ["CreateShoppingList", "CancelShoppingList", "OrderRejected"]
    scene.mall.hold("depot", *late)
    scene.shopper.checks_out()
    scene.mall.pass_time(300)
    assert scene.shopper.order()["status"] == "rejected"
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("depot", name)
        scene.mall.settle()
    has_ended(scene, "rejected")
    assert "ShoppingListAvailable" not in scene.mall.names()


@pytest.mark.parametrize("first", ["CancelShoppingList", "OrderCancelled", "CreateShoppingList"])
def test_a_list_of_a_cancelled_order_is_cancelled_before_or_after_it_is_created(scene: Scene, first: str) -> None:
    late = ["CreateShoppingList", "CancelShoppingList", "OrderCancelled"]
    scene.mall.hold("depot", *late)
    scene.shopper.checks_out().cancels()
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("depot", name)
        scene.mall.settle()
    has_ended(scene)


@pytest.mark.parametrize("first", ["CancelShoppingList", "OrderCancelled", "InitiateShopping"])
def test_a_list_of_a_cancelled_order_is_not_collected_when_its_start_is_late(scene: Scene, first: str) -> None:
    late = ["InitiateShopping", "CancelShoppingList", "OrderCancelled"]
    scene.mall.hold("depot", *late)
    scene.shopper.checks_out().cancels()
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("depot", name)
        scene.mall.settle()
    has_ended(scene)


def test_a_list_that_is_completed_after_the_cancellation_does_not_make_the_order_ready(scene: Scene) -> None:
    scene.mall.hold("depot", "OrderCancelled")
    scene.is_approved().shopper.cancels()
    scene.is_collected()
    scene.mall.release("depot", "OrderCancelled")
    has_ended(scene, list_status="completed")
    assert not {"OrderReadied", "OrderCompleted"} & set(scene.mall.names())


def test_a_list_completed_before_the_cancellation_whose_event_comes_after_it_changes_nothing(
    scene: Scene,
) -> None:
    """Ordering did not know that the order is ready, so the customer could still cancel it."""
    scene.mall.hold("ordering", "ShoppingListCompleted")
    scene.is_approved().is_collected()
    assert scene.shopper.cancels().status == 200
    scene.mall.release("ordering", "ShoppingListCompleted")
    has_ended(scene, list_status="completed")


def test_a_list_whose_availability_arrives_after_its_cancellation_is_not_assigned(scene: Scene) -> None:
    scene.mall.hold("depot", "ShoppingListAvailable")
    scene.is_approved().shopper.cancels()
    scene.mall.release("depot", "ShoppingListAvailable")
    has_ended(scene)
    assert "BotAssigned" not in scene.mall.names()


def test_staff_see_a_cancelled_list_as_cancelled_although_its_events_arrive_in_reverse(scene: Scene) -> None:
    late = ["ShoppingListAssigned", "ShoppingListCreated"]
    scene.mall.hold("depot", *late)
    scene.is_approved().shopper.cancels()
    for name in late:
        scene.mall.release("depot", name)
        scene.mall.settle()
    assert lists(scene, "cancelled") == [scene.order_id]
    assert [lists(scene, status) for status in ("pending", "available", "assigned")] == [[], [], []]
    has_ended(scene)


def test_an_order_whose_list_staff_cancel_while_its_approval_is_late_is_cancelled(scene: Scene) -> None:
    scene.mall.hold("ordering", "ApproveOrder")
    scene.shopper.checks_out()
    scene.shopper.ask("POST", scene.path)
    scene.mall.settle()
    assert scene.shopper.order()["status"] == "pending"
    scene.mall.release("ordering", "ApproveOrder")
    has_ended(scene)
    assert scene.ended_by() == ["system"]


def test_an_order_whose_list_staff_cancel_is_cancelled_although_it_was_paid(scene: Scene) -> None:
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
@pytest.mark.parametrize("consumer", ["search", "insights", "notifications"])
def test_read_models_show_a_completed_order_in_whatever_sequence_its_events_arrive(
    scene: Scene, consumer: str, order: Sequence[str]
) -> None:
    others = {"notifications": "OrderPaid", "insights": "OrderCreated"}  # which are no text, and no stage
    consumed = [name for name in order if name != others.get(consumer)]
    scene.mall.hold(consumer, *consumed)
    scene.is_approved().is_collected({"cable": 1})
    scene.shopper.pays()
    for name in consumed:
        scene.mall.release(consumer, name)
        scene.mall.settle()
    everything_adds_up(scene.mall)


@pytest.mark.parametrize(
    ("consumer", "last"),
    [
        ("search", "OrderCreated"),
        ("notifications", "OrderCreated"),
        *((consumer, "OrderApproved") for consumer in ("search", "notifications", "insights")),
    ],
)
def test_read_models_show_a_cancelled_order_whichever_event_arrives_last(
    scene: Scene, consumer: str, last: str
) -> None:
    scene.mall.hold(consumer, last)
    scene.is_approved().shopper.cancels()
    scene.mall.settle()
    scene.mall.release(consumer, last)
    everything_adds_up(scene.mall)
