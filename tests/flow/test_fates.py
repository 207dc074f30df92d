"""Every fate of an order after its approval: paid before or after ready, short, nothing found, cancelled."""

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import ORDERED, TOTAL, Checker, Scene, a_scene, cost, less
from tests.flow.shopper import leave, start_heartbeats

DISORDER = [None, 1, 2]  # messages in order, and two kinds of disorder with repetitions
SHORT = {
    "part of a line": {"cable": 1},
    "a whole line": {"charger": 1},
    "all of one store": {"kettle": 3},
    "something at each store": {"cable": 2, "kettle": 1},
}
BY: list[Checker] = ["robot", "clerk", "clerk while the robot collects"]


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


def test_an_order_that_is_paid_when_ready_is_completed_by_the_payment(scene: Scene) -> None:
    scene.is_approved().is_collected()
    assert (scene.shopper.order()["status"], scene.shopper.order()["paid"]) == ("ready", False)
    everything_adds_up(scene.mall, ended=False)
    scene.shopper.pays()
    assert scene.shopper.order()["status"] == "completed"
    assert scene.paid_and_refunded() == (TOTAL, 0)
    assert scene.told() == ["approved", "completed", "ready_for_pickup", "received"]
    everything_adds_up(scene.mall)


def test_an_order_that_is_paid_beforehand_is_completed_when_its_items_are_at_the_depot(scene: Scene) -> None:
    scene.is_approved().shopper.pays()
    assert (scene.shopper.order()["status"], scene.shopper.order()["paid"]) == ("approved", True)
    everything_adds_up(scene.mall, ended=False)
    scene.is_collected()
    assert scene.shopper.order()["status"] == "completed"
    assert scene.paid_and_refunded() == (TOTAL, 0)
    assert scene.told() == ["approved", "completed", "ready_for_pickup", "received"]
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("short", SHORT.values(), ids=SHORT)
def test_what_was_not_found_is_not_owed(short: dict[str, int], by: Checker) -> None:
    scene = a_scene().is_approved().is_collected(short, by)
    assert scene.items() == less(short)
    assert scene.shopper.invoice()["amount"] == cost(less(short)) < TOTAL
    assert scene.shopper.invoice()["status"] == "pending"
    assert scene.robots() == {"idle"}
    scene.shopper.pays()
    assert scene.shopper.order()["status"] == "completed"
    assert scene.paid_and_refunded() == (cost(less(short)), 0)
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("short", SHORT.values(), ids=SHORT)
def test_what_was_paid_and_not_found_is_refunded(short: dict[str, int], by: Checker) -> None:
    scene = a_scene().is_approved()
    scene.shopper.pays()
    scene.is_collected(short, by)
    assert scene.shopper.order()["status"] == "completed"
    assert (scene.shopper.invoice()["status"], scene.shopper.invoice()["amount"]) == ("paid", cost(less(short)))
    assert scene.paid_and_refunded() == (TOTAL, cost(short))
    assert scene.shopper.payment()["status"] == "settled"
    everything_adds_up(scene.mall)


def test_a_short_pick_has_the_same_effect_in_disorder(scene: Scene) -> None:
    scene.is_approved().shopper.pays()
    scene.is_collected({"cable": 1, "charger": 1})
    assert scene.shopper.order()["total"] == scene.shopper.invoice()["amount"] == 69.95
    assert scene.paid_and_refunded() == (TOTAL, 44.85)
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("by", BY)
def test_an_order_of_which_nothing_was_found_is_cancelled_and_its_payment_voided(scene: Scene, by: Checker) -> None:
    scene.is_approved().is_collected(ORDERED, by)
    _was_cancelled(scene, by="system", list_status="completed")
    assert (scene.shopper.order()["items"], scene.shopper.order()["total"]) == ([], 0)
    assert scene.shopper.payment()["status"] == "voided"
    assert scene.paid_and_refunded() == (0, 0)


@pytest.mark.parametrize("by", BY)
def test_an_order_of_which_nothing_was_found_is_refunded_if_it_was_paid(scene: Scene, by: Checker) -> None:
    scene.is_approved().shopper.pays()
    scene.is_collected(ORDERED, by)
    _was_cancelled(scene, by="system", list_status="completed")
    assert scene.shopper.payment()["status"] == "refunded"
    assert scene.paid_and_refunded() == (TOTAL, TOTAL)


def test_a_rejected_order_is_undone_everywhere(scene: Scene) -> None:
    scene.shopper.authorizes_a_payment(round(TOTAL - 0.01, 2)).checks_out()
    scene.mall.pass_time(10)
    assert scene.shopper.order()["status"] == "rejected"
    assert scene.shopper.shopping_list()["status"] == "cancelled"
    assert scene.robots() == {"idle"}
    assert scene.shopper.invoice()["status"] == "cancelled"
    assert scene.shopper.payment()["status"] == "voided"
    assert scene.told() == ["received", "rejected"]
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("scene", [None, 1], indirect=True, ids=["in order", "disorder 1"])  # a day has many messages
def test_an_order_unpaid_for_a_day_is_cancelled_and_its_list_stays_completed(scene: Scene) -> None:
    scene.is_approved().is_collected({"cable": 1})
    robot = scene.shopper.ask("GET", "/api/depot/bots")["bots"][0]["id"]
    leave(scene.mall, robot)  # hours pass faster without its heartbeats
    scene.mall.pass_time(25 * 3600)
    start_heartbeats(scene.mall, robot)
    _was_cancelled(scene, by="system", list_status="completed")
    assert scene.shopper.payment()["status"] == "voided"
    assert scene.paid_and_refunded() == (0, 0)


def test_a_short_pick_and_then_a_cancellation_refund_all_that_was_paid_in_two_parts(scene: Scene) -> None:
    scene.is_approved()
    scene.mall.hold("ordering", "InvoicePaid")  # else the order would be completed, and could not be cancelled
    scene.shopper.pays()
    scene.is_collected({"kettle": 2})
    assert scene.shopper.order()["status"] == "ready"
    assert scene.paid_and_refunded() == (TOTAL, 40.0)
    assert scene.shopper.is_cancelled_by_staff().status == 200
    scene.mall.release("ordering", "InvoicePaid")
    scene.mall.pass_time(10)
    _was_cancelled(scene, by="staff", list_status="completed")
    assert scene.paid_and_refunded() == (TOTAL, TOTAL)
    assert scene.shopper.payment()["status"] == "refunded"


def _was_cancelled(scene: Scene, *, by: str, list_status: str) -> None:
    """The order is cancelled once and everywhere, and the customer notified."""
    assert scene.shopper.order()["status"] == "cancelled"
    assert scene.ended_by() == [by]
    assert scene.shopper.shopping_list()["status"] == list_status
    assert scene.robots() == {"idle"}
    assert scene.shopper.invoice()["amount"] == 0
    assert {"received", "cancelled"} <= set(scene.told())
    everything_adds_up(scene.mall)
