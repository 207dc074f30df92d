"""Late messages about money and the end of an order do not change its fate."""

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import ORDERED, TOTAL, Scene, a_scene

DISORDER = [None, 1, 2]  # the other messages in order, and two kinds of disorder with repetitions


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


def has_ended(scene: Scene, status: str = "cancelled", *, paid: float = 0) -> None:
    """The order has ended before its completion, and all that was paid was refunded."""
    scene.mall.pass_time(120)
    assert scene.shopper.order()["status"] == status
    assert scene.shopper.invoice()["status"] == ("paid" if paid else "cancelled")
    assert scene.shopper.payment()["status"] == ("refunded" if paid else "voided")
    assert scene.paid_and_refunded() == (paid, paid)
    assert scene.robots() == {"idle"}
    assert status in scene.told()
    everything_adds_up(scene.mall)


def is_completed(scene: Scene, *, refunded: float = 0, paid: float = TOTAL) -> None:
    scene.mall.pass_time(120)
    assert scene.shopper.order()["status"] == "completed"
    assert scene.paid_and_refunded() == (paid, refunded)
    everything_adds_up(scene.mall)


def test_no_invoice_is_created_when_the_cancellation_reaches_payments_before_the_approval(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderApproved")
    scene.is_approved().shopper.cancels()
    scene.mall.release("payments", "OrderApproved")
    has_ended(scene)
    assert "InvoiceCreated" not in scene.mall.names()


def test_a_cancelled_order_is_not_resurrected_by_a_late_approval(scene: Scene) -> None:
    scene.mall.hold("ordering", "ApproveOrder")
    scene.shopper.checks_out().cancels()
    scene.mall.release("ordering", "ApproveOrder")
    has_ended(scene)
    assert "OrderApproved" not in scene.mall.names()


def test_what_was_short_is_not_owed_when_ready_reaches_payments_before_the_approval(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderApproved")
    scene.is_approved().is_collected({"kettle": 2})
    scene.shopper.pays()
    scene.mall.release("payments", "OrderApproved")
    is_completed(scene, paid=TOTAL - 40)


def test_a_late_approval_does_not_raise_a_pending_invoice(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderApproved")
    scene.is_approved().is_collected({"kettle": 2})
    scene.mall.release("payments", "OrderApproved")
    scene.mall.settle()
    assert (scene.shopper.invoice()["status"], scene.shopper.invoice()["amount"]) == ("pending", TOTAL - 40)
    scene.shopper.pays()
    is_completed(scene, paid=TOTAL - 40)


def test_what_was_paid_before_a_short_pick_reaches_payments_is_refunded(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderReadied")
    scene.is_approved().is_collected({"cable": 2})
    scene.shopper.pays()
    assert scene.paid_and_refunded() == (TOTAL, 0)
    scene.mall.release("payments", "OrderReadied")
    is_completed(scene, refunded=19.9)


def test_an_order_that_is_paid_while_it_is_being_cancelled_is_refunded(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderCancelled")
    scene.is_approved().shopper.cancels()
    scene.shopper.pays()
    assert scene.paid_and_refunded() == (TOTAL, 0)
    scene.mall.release("payments", "OrderCancelled")
    has_ended(scene, paid=TOTAL)
    assert scene.shopper.order()["paid"] is False


def test_an_order_whose_payment_reaches_ordering_after_its_cancellation_is_refunded(scene: Scene) -> None:
    scene.mall.hold("ordering", "InvoicePaid")
    scene.is_approved().shopper.pays()
    assert scene.shopper.cancels().status == 200
    scene.mall.release("ordering", "InvoicePaid")
    has_ended(scene, paid=TOTAL)


def test_an_order_that_is_paid_and_cancelled_at_once_is_refunded(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderCancelled")
    scene.mall.hold("ordering", "InvoicePaid")
    scene.is_approved().shopper.pays()
    assert scene.shopper.cancels().status == 200
    scene.mall.release("ordering", "InvoicePaid")
    scene.mall.settle()
    scene.mall.release("payments", "OrderCancelled")
    has_ended(scene, paid=TOTAL)


def test_an_order_that_is_cancelled_before_a_short_pick_reaches_payments_is_refunded_once(scene: Scene) -> None:
    scene.mall.hold("ordering", "InvoicePaid")
    scene.mall.hold("payments", "OrderReadied")
    scene.is_approved().shopper.pays()
    scene.is_collected({"charger": 1})
    assert scene.shopper.is_cancelled_by_staff().status == 200
    assert scene.paid_and_refunded() == (TOTAL, TOTAL)
    scene.mall.release("payments", "OrderReadied")
    scene.mall.release("ordering", "InvoicePaid")
    has_ended(scene, paid=TOTAL)


def test_an_order_of_which_nothing_was_found_is_refunded_when_it_was_paid_meanwhile(scene: Scene) -> None:
    scene.mall.hold("payments", "OrderCancelled")
    scene.is_approved().is_collected(ORDERED)
    scene.shopper.pays()
    scene.mall.release("payments", "OrderCancelled")
    has_ended(scene, paid=TOTAL)


@pytest.mark.parametrize("first", ["VoidPayment", "OrderRejected", "ConfirmPayment"])
def test_a_payment_is_voided_whether_its_confirmation_comes_before_or_after_the_end(scene: Scene, first: str) -> None:
    """The checkout gives up waiting for the confirmation: the compensation may overtake it."""
    late = ["ConfirmPayment", "VoidPayment", "OrderRejected"]
    scene.mall.hold("payments", *late)
    scene.shopper.checks_out()
    scene.mall.pass_time(300)
    assert scene.shopper.order()["status"] == "rejected"
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("payments", name)
        scene.mall.settle()
    has_ended(scene, "rejected")


@pytest.mark.parametrize("first", ["VoidPayment", "OrderCancelled", "ConfirmPayment"])
def test_a_payment_is_voided_in_whatever_sequence_a_cancelled_order_is_undone(scene: Scene, first: str) -> None:
    late = ["ConfirmPayment", "VoidPayment", "OrderCancelled"]
    scene.mall.hold("payments", *late)
    scene.shopper.checks_out().cancels()
    for name in sorted(late, key=lambda name: name != first):
        scene.mall.release("payments", name)
        scene.mall.settle()
    has_ended(scene)


def test_the_saga_of_an_order_that_is_cancelled_before_it_begins_sends_no_command(scene: Scene) -> None:
    scene.mall.hold("checkout", "OrderCreated")
    scene.shopper.checks_out().cancels()
    scene.mall.release("checkout", "OrderCreated")
    has_ended(scene)
    assert "AuthorizeCustomer" not in scene.mall.names()
    saga = scene.shopper.ask("GET", f"/api/checkout/sagas/{scene.order_id}")["saga"]
    assert saga["status"] == "stopped"


def test_a_cancellation_that_reaches_the_checkout_after_its_end_changes_nothing(scene: Scene) -> None:
    scene.mall.hold("checkout", "OrderCancelled")
    scene.is_approved().shopper.cancels()
    scene.mall.release("checkout", "OrderCancelled")
    has_ended(scene)
    saga = scene.shopper.ask("GET", f"/api/checkout/sagas/{scene.order_id}")["saga"]
    assert (saga["status"], saga["compensating"]) == ("completed", False)


def test_an_order_is_completed_when_the_approval_comes_last_of_all(scene: Scene) -> None:
    """The list is completed while the checkout still retries the approval."""
    scene.mall.hold("ordering", "ApproveOrder")
    scene.shopper.checks_out()
    scene.mall.pass_time(10)
    scene.is_collected({"charger": 1})
    assert scene.shopper.order()["status"] == "pending"
    scene.mall.release("ordering", "ApproveOrder")
    scene.mall.settle()
    assert (scene.shopper.order()["status"], scene.shopper.invoice()["amount"]) == ("ready", 79.9)
    scene.shopper.pays()
    is_completed(scene, paid=79.9)


def test_an_order_of_which_nothing_was_found_is_cancelled_when_the_approval_comes_last_of_all(scene: Scene) -> None:
    scene.mall.hold("ordering", "ApproveOrder")
    scene.shopper.checks_out()
    scene.mall.pass_time(10)
    scene.is_collected(ORDERED)
    scene.mall.release("ordering", "ApproveOrder")
    has_ended(scene)
    assert scene.ended_by() == ["system"]
