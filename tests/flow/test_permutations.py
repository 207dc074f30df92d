"""A service comes to the same result in whatever order it receives the messages of an order: all permutations."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

from tests.flow.scene import TOTAL, Scene, a_scene
from tests.support.rehearsal import Rehearsal

ORDER_EVENTS = ["OrderCreated", "OrderApproved", "OrderReadied", "OrderPaid", "OrderCompleted"]


def outcomes(rehearsal: Rehearsal, names: list[str], show: Callable[[], Any]) -> list[Any]:
    """What the service shows after each permutation of these messages, each outcome once; none is dead-lettered."""
    found: list[Any] = []
    for messages in permutations(rehearsal.published(*names)):
        rehearsal.replay(messages)
        assert rehearsal.mall.dead_letters() == {}, [message.metadata.name for message in messages]
        outcome = show()
        if outcome not in found:
            found.append(outcome)
    return found


def completes(scene: Scene) -> None:
    """The order is approved, collected except one cable, paid and completed."""
    scene.is_approved()
    completes_after_approval(scene)


def completes_after_approval(scene: Scene) -> None:
    scene.is_collected({"cable": 1})
    scene.shopper.pays()
    assert scene.shopper.order()["status"] == "completed"


def ends_cancelled(scene: Scene) -> None:
    """The order is approved and ready except one cable; it is cancelled before the checkout receives its approval."""
    scene.mall.hold("checkout", "OrderApprovalAccepted")
    scene.is_approved().is_collected({"cable": 1})
    assert scene.shopper.is_cancelled_by_staff().status == 200
    scene.mall.release("checkout", "OrderApprovalAccepted")
    scene.mall.pass_time(10)
    assert scene.shopper.ask("GET", f"/api/checkout/sagas/{scene.order_id}")["saga"]["status"] == "compensated"


def standing(order: dict[str, Any]) -> tuple[Any, ...]:
    return order["status"], order["ready"], order["paid"], order["total"]


def money_of(scene: Scene) -> Callable[[], Any]:
    def show() -> Any:
        shopper = scene.shopper
        return shopper.invoice()["status"], shopper.invoice()["amount"], shopper.payment()["status"]

    return show


def test_search_shows_a_completed_order_the_same() -> None:
    scene = a_scene()
    rehearsal = Rehearsal(scene.mall, "search")
    completes(scene)
    path = f"/api/search/orders/{scene.order_id}"
    shown = outcomes(rehearsal, ORDER_EVENTS, lambda: standing(scene.shopper.ask("GET", path)["order"]))
    assert shown == [("completed", True, True, 104.85)]


def test_insights_count_a_completed_order_the_same() -> None:
    scene = a_scene()
    rehearsal = Rehearsal(scene.mall, "insights")
    completes(scene)

    def show() -> Any:
        funnel = scene.shopper.ask("GET", "/api/insights/funnel")
        sales = scene.shopper.ask("GET", "/api/insights/sales")
        stages = ("approved", "ready", "paid", "completed", "rejected", "cancelled")
        return [funnel[stage] for stage in stages], sales["orders"], sales["items"], sales["revenue"]

    assert outcomes(rehearsal, ORDER_EVENTS, show) == [([1, 1, 1, 1, 0, 0], 1, 5, 104.85)]


def test_the_customer_is_notified_of_a_completed_order_the_same() -> None:
    scene = a_scene()
    rehearsal = Rehearsal(scene.mall, "notifications", "customers")
    completes(scene)
    path = f"/api/notifications?customerId={scene.shopper.customer_id}"
    names = [name for name in ORDER_EVENTS if name != "OrderPaid"]

    def show() -> Any:
        return sorted(found["kind"] for found in scene.shopper.ask("GET", path)["notifications"])

    assert outcomes(rehearsal, names, show) == [["approved", "completed", "ready_for_pickup", "received"]]


def test_ordering_completes_an_order_the_same() -> None:
    scene = a_scene()
    scene.mall.hold("ordering", "ApproveOrder")
    scene.shopper.checks_out()
    rehearsal = Rehearsal(scene.mall, "ordering")
    scene.mall.release("ordering", "ApproveOrder")
    scene.mall.settle()
    completes_after_approval(scene)
    found = outcomes(
        rehearsal, ["ApproveOrder", "ShoppingListCompleted", "InvoicePaid"], lambda: standing(scene.shopper.order())
    )
    assert found == [("completed", True, True, 104.85)]


def test_ordering_leaves_a_cancelled_order_cancelled() -> None:
    scene = a_scene()
    scene.mall.hold("checkout", "OrderApprovalAccepted")
    scene.is_approved()
    late = ["ApproveOrder", "RejectOrder", "ShoppingListCompleted", "InvoicePaid"]
    scene.mall.hold("ordering", *late)
    scene.is_collected()
    scene.shopper.pays()
    assert scene.shopper.cancels().status == 200
    rehearsal = Rehearsal(scene.mall, "ordering")
    found = outcomes(rehearsal, late, lambda: standing(scene.shopper.order()))
    assert found == [("cancelled", False, False, TOTAL)]


def test_payments_void_a_cancelled_order_the_same() -> None:
    scene = a_scene()
    rehearsal = Rehearsal(scene.mall, "payments")
    ends_cancelled(scene)
    names = ["ConfirmPayment", "OrderApproved", "OrderReadied", "OrderCancelled", "VoidPayment"]
    assert outcomes(rehearsal, names, money_of(scene)) == [("cancelled", 0, "voided")]


def test_payments_refund_a_cancelled_order_the_same() -> None:
    scene = a_scene()
    scene.mall.hold("ordering", "InvoicePaid")
    scene.mall.hold("checkout", "OrderApprovalAccepted")
    scene.is_approved().shopper.pays()
    rehearsal = Rehearsal(scene.mall, "payments")
    scene.is_collected({"cable": 1})
    assert scene.shopper.is_cancelled_by_staff().status == 200
    names = ["OrderReadied", "OrderCancelled", "VoidPayment"]
    found = outcomes(rehearsal, names, lambda: (money_of(scene)(), scene.paid_and_refunded()))
    assert found == [(("paid", 0, "refunded"), (TOTAL, TOTAL))]


def test_payments_void_a_rejected_order_the_same() -> None:
    scene = a_scene()
    scene.shopper.authorizes_a_payment(1)
    rehearsal = Rehearsal(scene.mall, "payments")
    scene.shopper.checks_out()
    scene.mall.pass_time(10)
    names = ["ConfirmPayment", "OrderRejected", "VoidPayment"]
    assert outcomes(rehearsal, names, money_of(scene)) == [("cancelled", 0, "voided")]


def test_the_depot_cancels_the_list_of_a_cancelled_order_the_same() -> None:
    scene = a_scene(settings={"MALLBOTS_ROBOT_LEASE": "604800"})  # a replay hears no heartbeats
    rehearsal = Rehearsal(scene.mall, "depot")
    ends_cancelled(scene)
    names = ["CreateShoppingList", "InitiateShopping", "OrderCancelled", "CancelShoppingList"]
    found = outcomes(rehearsal, names, lambda: (scene.shopper.shopping_list()["status"], scene.robots()))
    assert found == [("cancelled", {"idle"})]
