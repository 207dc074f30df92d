"""An order that is cancelled, by the customer or by staff, in each of its states."""

from collections.abc import Callable

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import TOTAL, Scene, a_scene
from tests.flow.shopper import bring_a_robot_online

Moment = Callable[[Scene], object]

DISORDER = [None, 1, 2]  # messages in order, and two kinds of disorder with repetitions


def pending(scene: Scene) -> None:
    scene.mall.stop("customers")  # the first service that the checkout asks
    scene.shopper.checks_out()
    assert scene.shopper.order()["status"] == "pending"


def waiting_for_a_robot(scene: Scene) -> None:
    scene.is_approved()
    assert scene.shopper.shopping_list()["status"] == "available"


def assigned(scene: Scene) -> None:
    bring_a_robot_online(scene.mall)
    scene.is_approved()
    assert scene.shopper.shopping_list()["status"] == "assigned"


def being_collected(scene: Scene) -> None:
    assigned(scene)
    scene.robot_starts()
    assert scene.robot_picks("cable", 2) == 200
    scene.mall.settle()
    assert scene.shopper.shopping_list()["status"] == "active"


def paid(scene: Scene) -> None:
    being_collected(scene)
    scene.shopper.pays()
    assert (scene.shopper.order()["status"], scene.shopper.order()["paid"]) == ("approved", True)


def ready(scene: Scene) -> None:
    assigned(scene)
    scene.is_collected()
    assert scene.shopper.order()["status"] == "ready"


def completed(scene: Scene) -> None:
    ready(scene)
    scene.shopper.pays()
    assert scene.shopper.order()["status"] == "completed"


BEFORE_READY: list[Moment] = [pending, waiting_for_a_robot, assigned, being_collected, paid]
WITHOUT_ROBOTS: list[Moment] = [pending, waiting_for_a_robot]


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param, robots=0)


def was_cancelled_everywhere(scene: Scene, moment: Moment, *, by: str, list_status: str = "cancelled") -> None:
    """The order is cancelled, and so are list and invoice; the robot is idle, the money back, the customer notified."""
    captured = TOTAL if scene.shopper.order()["paid"] else 0
    assert scene.shopper.order()["status"] == "cancelled"
    assert scene.ended_by() == [by]
    assert scene.shopper.shopping_list()["status"] == list_status
    assert scene.robots() == (set() if moment in WITHOUT_ROBOTS else {"idle"})
    assert scene.shopper.invoice()["status"] == ("paid" if captured else "cancelled")
    assert scene.shopper.invoice()["amount"] == 0
    assert scene.shopper.payment()["status"] == ("refunded" if captured else "voided")
    assert scene.paid_and_refunded() == (captured, captured)
    assert "cancelled" in scene.told()
    everything_adds_up(scene.mall)


@pytest.mark.parametrize("moment", BEFORE_READY)
def test_a_customer_cancels_an_order_until_it_is_ready(scene: Scene, moment: Moment) -> None:
    moment(scene)
    assert scene.shopper.cancels().status == 200
    scene.mall.start("customers")
    scene.mall.pass_time(60)
    was_cancelled_everywhere(scene, moment, by="customer")


@pytest.mark.parametrize("moment", BEFORE_READY)
def test_staff_cancel_an_order(scene: Scene, moment: Moment) -> None:
    moment(scene)
    assert scene.shopper.is_cancelled_by_staff().status == 200
    scene.mall.start("customers")
    scene.mall.pass_time(60)
    was_cancelled_everywhere(scene, moment, by="staff")


def test_a_ready_order_is_cancelled_by_staff_and_not_by_the_customer(scene: Scene) -> None:
    ready(scene)
    assert scene.shopper.cancels().status == 409
    assert scene.shopper.order()["status"] == "ready"
    everything_adds_up(scene.mall, ended=False)
    assert scene.shopper.is_cancelled_by_staff().status == 200
    scene.mall.pass_time(60)
    was_cancelled_everywhere(scene, ready, by="staff", list_status="completed")


def test_a_completed_order_is_not_cancelled(scene: Scene) -> None:
    completed(scene)
    assert scene.shopper.cancels().status == 409
    assert scene.shopper.is_cancelled_by_staff().status == 409
    scene.mall.pass_time(60)
    assert scene.shopper.order()["status"] == "completed"
    assert scene.paid_and_refunded() == (TOTAL, 0)
    everything_adds_up(scene.mall)


def test_a_rejected_order_is_not_cancelled(scene: Scene) -> None:
    scene.shopper.authorizes_a_payment(1).checks_out()
    scene.mall.pass_time(60)
    assert scene.shopper.order()["status"] == "rejected"
    assert scene.shopper.cancels().status == 409
    assert scene.shopper.is_cancelled_by_staff().status == 409
    assert scene.told() == ["received", "rejected"]
    everything_adds_up(scene.mall)


def test_an_order_is_cancelled_once_however_often_it_is_requested(scene: Scene) -> None:
    paid(scene)
    assert scene.shopper.cancels().status == 200
    assert scene.shopper.is_cancelled_by_staff().status == 200
    assert scene.shopper.cancels().status == 200
    scene.mall.pass_time(60)
    was_cancelled_everywhere(scene, paid, by="customer")


def test_a_robot_whose_order_was_cancelled_gets_the_next_list_and_cannot_go_on_with_the_old_one(scene: Scene) -> None:
    being_collected(scene)
    first, old = scene.order_id, scene.path
    bot, assignment = scene.assigned_robot()
    scene.shopper.cancels()
    pick = {"assignment": assignment, **scene.line("charger", 1)}
    assert scene.mall.request("PUT", f"{old}/pick", pick, caller=bot).status == 404
    assert scene.mall.request("PUT", f"{old}/complete", {"assignment": assignment}, caller=bot).status == 404

    scene.shopper.fills_a_basket({scene.products["kettle"]: 1}).authorizes_a_payment(20)
    assert scene.order_id != first
    scene.is_approved()
    assert scene.shopper.shopping_list()["status"] == "assigned"
    everything_adds_up(scene.mall, ended=False)


@pytest.mark.parametrize("moment", [waiting_for_a_robot, assigned, being_collected, paid])
def test_an_order_whose_list_staff_cancel_is_cancelled_by_the_system(scene: Scene, moment: Moment) -> None:
    """It could never become ready: no robot would collect it."""
    moment(scene)
    scene.shopper.ask("POST", scene.path)
    scene.mall.pass_time(60)
    was_cancelled_everywhere(scene, moment, by="system")
