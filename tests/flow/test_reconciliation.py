"""Reconciliation by the schedule, in the whole mall: the differences that a night finds, publishes and clears."""

from typing import Any

import pytest

from tests.flow.adding_up import everything_adds_up
from tests.flow.bank import Bank
from tests.flow.scene import Scene, a_scene
from tests.flow.shopper import Shopper, leave
from tests.support.mall import Mall

HOUR = 3600
EVENING = 20
UNTIL_TWO_AT_NIGHT = 6 * HOUR
DAY = 24 * HOUR
DISORDER = [None, 1]  # messages in order, and in disorder with repetitions


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param, hour=EVENING)


@pytest.fixture
def bank(scene: Scene) -> Bank:
    return Bank(scene.mall)


def close_for_the_day(mall: Mall) -> None:
    """Take the robots offline: hours pass faster without their heartbeats."""
    for robot in mall.request("GET", "/api/depot/bots").body["bots"]:
        leave(mall, robot["id"])


def published_differences(mall: Mall) -> list[str]:
    return [name for name in mall.names() if name.startswith("Difference")]


def open_differences(mall: Mall) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mall.request("GET", "/api/payments/differences?status=open").body["differences"]
    return found


def reconcile(mall: Mall, day: str = "2026-01-05") -> None:
    """Staff start it now."""
    assert mall.request("POST", "/api/payments/reconciliation", {"day": day}).status == 200
    mall.settle()


def cancelled_without_refund(scene: Scene, bank: Bank) -> None:
    """A paid order is cancelled, and the provider refuses the refund."""
    bank.behaviour = "refuses"
    scene.is_approved().shopper.pays()
    assert scene.shopper.cancels().status == 200
    scene.mall.pass_time(60)


def test_a_night_after_a_day_on_which_everything_adds_up_publishes_nothing(scene: Scene, bank: Bank) -> None:
    second = Shopper(scene.mall).registers().fills_a_basket({scene.products["cable"]: 1}).authorizes_a_payment(1)
    third = Shopper(scene.mall).registers().fills_a_basket({scene.products["cable"]: 1}).authorizes_a_payment(10)
    scene.is_approved().shopper.pays()
    scene.is_collected({"cable": 1})
    second.checks_out()
    third.checks_out()
    scene.mall.pass_time(60)
    assert third.is_cancelled_by_staff().status == 200
    assert [shopper.order()["status"] for shopper in (scene.shopper, second, third)] == [
        "completed",
        "rejected",
        "cancelled",
    ]
    close_for_the_day(scene.mall)
    scene.mall.pass_time(UNTIL_TWO_AT_NIGHT)
    assert published_differences(scene.mall) == []
    assert open_differences(scene.mall) == []
    everything_adds_up(scene.mall)


def test_a_refund_that_was_never_made_is_found_at_night_and_cleared_when_it_is_made(scene: Scene, bank: Bank) -> None:
    cancelled_without_refund(scene, bank)
    close_for_the_day(scene.mall)
    assert published_differences(scene.mall) == []
    scene.mall.pass_time(UNTIL_TWO_AT_NIGHT)
    assert published_differences(scene.mall) == ["DifferenceFound"]
    (difference,) = open_differences(scene.mall)
    assert difference | {"since": ""} == {
        "orderId": scene.order_id,
        "paymentId": scene.shopper.payment_id,
        "status": "open",
        "reasons": [{"kind": "payment_balance", "expected": 0, "found": 114.8}],
        "since": "",
    }
    assert difference["since"].startswith("2026-01-06T02:0")

    scene.mall.pass_time(DAY)
    assert published_differences(scene.mall) == ["DifferenceFound"]

    assert len(bank.pays_again()) == 3  # the first reminder, and that of each night
    scene.mall.pass_time(DAY)
    assert published_differences(scene.mall) == ["DifferenceFound", "DifferenceCleared"]
    assert open_differences(scene.mall) == []
    everything_adds_up(scene.mall)


def test_staff_recheck_an_order_whose_refund_has_no_dead_letter_any_more(scene: Scene, bank: Bank) -> None:
    cancelled_without_refund(scene, bank)
    scene.mall.pass_time(HOUR)
    reconcile(scene.mall)
    assert len(open_differences(scene.mall)) == 1
    scene.mall.dead_letters()["payments"].clear()
    bank.behaviour = "willing"
    path = f"/api/payments/differences/{scene.order_id}"
    for _ in range(2):
        assert scene.mall.request("PUT", f"{path}/recheck").status == 200
        scene.mall.settle()
    assert scene.mall.request("GET", path).body["difference"]["status"] == "cleared"
    assert open_differences(scene.mall) == []
    assert bank.paid_back(scene.shopper.payment_id) == [11480]
    everything_adds_up(scene.mall)


def test_a_difference_that_is_under_way_is_not_published(scene: Scene, bank: Bank) -> None:
    cancelled_without_refund(scene, bank)
    reconcile(scene.mall)
    assert published_differences(scene.mall) == []
    scene.mall.pass_time(HOUR / 2)
    assert len(bank.pays_again()) == 1
    scene.mall.pass_time(HOUR)
    assert published_differences(scene.mall) == []
    assert scene.mall.waiting().get("payments", []) == []
    everything_adds_up(scene.mall)


def test_a_difference_is_published_after_an_hour_although_it_was_compared_before(scene: Scene, bank: Bank) -> None:
    cancelled_without_refund(scene, bank)
    reconcile(scene.mall)
    assert published_differences(scene.mall) == []
    scene.mall.pass_time(HOUR)
    assert published_differences(scene.mall) == ["DifferenceFound"]


def test_an_order_whose_cancellation_never_arrived_is_a_difference(scene: Scene) -> None:
    scene.is_approved().shopper.pays()
    scene.mall.hold("payments", "OrderCancelled")
    assert scene.shopper.cancels().status == 200
    close_for_the_day(scene.mall)
    scene.mall.pass_time(UNTIL_TWO_AT_NIGHT + DAY + HOUR)  # unfinished, as far as payments knows
    assert [difference["reasons"] for difference in open_differences(scene.mall)] == [
        [{"kind": "order_not_heard", "expected": 114.8, "found": 114.8}]
    ]
    scene.mall.release("payments", "OrderCancelled")
    scene.mall.pass_time(DAY)
    assert published_differences(scene.mall) == ["DifferenceFound", "DifferenceCleared"]
    assert scene.paid_and_refunded() == (114.8, 114.8)


def test_a_payment_that_never_arrived_at_ordering_is_a_difference(scene: Scene) -> None:
    scene.is_approved()
    scene.mall.hold("ordering", "InvoicePaid")
    scene.shopper.pays()
    close_for_the_day(scene.mall)
    scene.mall.pass_time(UNTIL_TWO_AT_NIGHT + DAY)
    assert [difference["reasons"] for difference in open_differences(scene.mall)] == [
        [{"kind": "order_not_paid", "expected": 114.8, "found": 0}]
    ]


def test_a_reconciliation_during_an_outage_is_caught_up(scene: Scene, bank: Bank) -> None:
    cancelled_without_refund(scene, bank)
    close_for_the_day(scene.mall)
    scene.mall.pass_time(UNTIL_TWO_AT_NIGHT - HOUR)
    scene.mall.stop("payments")
    scene.mall.pass_time(5 * HOUR)
    scene.mall.start("payments")
    scene.mall.pass_time(60)
    assert published_differences(scene.mall) == ["DifferenceFound"]


def test_a_provider_that_is_away_at_night_is_asked_later(scene: Scene, bank: Bank) -> None:
    cancelled_without_refund(scene, bank)
    close_for_the_day(scene.mall)
    bank.behaviour = "is away"
    scene.mall.pass_time(UNTIL_TWO_AT_NIGHT)
    assert published_differences(scene.mall) == []
    bank.behaviour = "refuses"
    scene.mall.pass_time(600)
    assert published_differences(scene.mall) == ["DifferenceFound"]


def test_the_time_without_changes_is_a_setting_of_the_stage() -> None:
    scene = a_scene(settings={"MALLBOTS_RECONCILE_AFTER": "2"})
    cancelled_without_refund(scene, Bank(scene.mall))
    reconcile(scene.mall)
    assert published_differences(scene.mall) == ["DifferenceFound"]
