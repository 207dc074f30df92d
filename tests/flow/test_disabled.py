"""A customer who is disabled while shopping: the order is rejected and compensated; after its approval it goes on."""

from collections.abc import Callable

import pytest

from functions.notifications import wording
from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import Scene, a_scene
from tests.flow.shopper import Shopper, collect

DISORDER = [None, 1, 2]  # messages in order, and by two seeds in disorder with duplicates


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


def change_customer(scene: Scene, change: str) -> None:
    """The change is "enable" or "disable"."""
    scene.shopper.ask("PUT", f"/api/customers/{scene.shopper.customer_id}/{change}")
    scene.mall.settle()


def between_basket_and_checkout(scene: Scene) -> None:
    change_customer(scene, "disable")
    scene.shopper.checks_out()


def between_checkout_and_the_saga(scene: Scene) -> None:
    scene.mall.stop("checkout")
    scene.shopper.checks_out()
    change_customer(scene, "disable")
    scene.mall.start("checkout")


def between_the_saga_and_customers(scene: Scene) -> None:
    scene.mall.hold("customers", "AuthorizeCustomer")
    scene.shopper.checks_out()
    change_customer(scene, "disable")
    scene.mall.release("customers", "AuthorizeCustomer")


disabled = pytest.mark.parametrize(
    "shops", [between_basket_and_checkout, between_checkout_and_the_saga, between_the_saga_and_customers]
)


@disabled
def test_the_order_of_a_customer_who_is_disabled_while_shopping_is_rejected_and_compensated(
    scene: Scene, shops: Callable[[Scene], None]
) -> None:
    shops(scene)
    scene.mall.pass_time(300)
    assert scene.shopper.order()["status"] == "rejected"
    saga = scene.shopper.ask("GET", f"/api/checkout/sagas/{scene.order_id}")["saga"]
    assert (saga["status"], saga["reason"]) == ("compensated", "the customer is disabled")
    assert scene.shopper.payment()["status"] == "voided"
    assert scene.shopper.shopping_list()["status"] == "cancelled"
    assert scene.robots() == {"idle"}
    assert scene.told() == ["received", "rejected"]
    everything_adds_up(scene.mall)


@disabled
def test_a_disabled_customer_is_texted_about_the_rejection_in_their_language(
    scene: Scene, shops: Callable[[Scene], None]
) -> None:
    scene.shopper.ask("PUT", f"/api/customers/{scene.shopper.customer_id}/language", {"language": "es"})
    scene.mall.settle()
    shops(scene)
    scene.mall.pass_time(300)
    assert sorted(scene.mall.texts.sent.values()) == sorted(
        ("+15550100", wording.text(kind, scene.order_id, "es")) for kind in ("received", "rejected")
    )


def test_an_approved_order_of_a_customer_who_is_then_disabled_goes_on(scene: Scene) -> None:
    scene.is_approved()
    change_customer(scene, "disable")
    collect(scene.shopper)
    scene.shopper.pays()
    scene.mall.pass_time(10)
    assert scene.shopper.order()["status"] == "completed"
    assert scene.told() == ["approved", "completed", "ready_for_pickup", "received"]
    everything_adds_up(scene.mall)


def test_a_customer_who_is_enabled_again_orders_anew(scene: Scene) -> None:
    between_basket_and_checkout(scene)
    change_customer(scene, "enable")
    again = Shopper(scene.mall, scene.shopper.customer_id).fills_a_basket({scene.products["cable"]: 1})
    again.authorizes_a_payment(20).checks_out()
    scene.mall.pass_time(10)
    assert (scene.shopper.order()["status"], again.order()["status"]) == ("rejected", "approved")
    everything_adds_up(scene.mall, ended=False)
