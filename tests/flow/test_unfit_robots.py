"""Robots on the stream that can take no list for a while: those that put goods back, are paused, or have to charge."""

from dataclasses import replace

from clients.robot.settings import Settings
from tests.flow.robots import PRICES, orders, robots, standing
from tests.flow.shopper import Shopper, open_a_store
from tests.flow.test_robots_stream import BRISK, a_robot, completions, holds_nothing, mall, products
from tests.support.broker import StreamRobot
from tests.support.mall import Mall

__all__ = ["mall", "products"]

SLOW_TO_PUT_BACK = replace(BRISK, put_back=120.0)
SOON = 30  # seconds: far less than the lease of 60


def waits_behind_a_cancelled_order(mall: Mall, products: dict[str, str], robot: StreamRobot) -> Shopper:
    """An order that waits for a robot, whose order staff cancel when it holds some of that."""
    cancelled, waiting = orders(mall, products, 2)
    while not robot.memory.loads:
        mall.pass_time(0.5)
    assert standing(waiting)[0] == "available"
    assert cancelled.is_cancelled_by_staff().status == 200
    return waiting


def test_a_list_that_comes_while_a_robot_puts_goods_back_goes_to_another_at_once(
    mall: Mall, products: dict[str, str]
) -> None:
    first = a_robot(mall, "Ajax", SLOW_TO_PUT_BACK)
    shopper = waits_behind_a_cancelled_order(mall, products, first)
    second = a_robot(mall, "Bert")
    mall.pass_time(SOON)
    assert not holds_nothing(first)
    assert standing(shopper)[1] == second.id
    mall.pass_time(300)
    assert standing(shopper)[:2] == ("completed", second.id)
    assert completions(mall) == {shopper.basket_id: 1}
    assert holds_nothing(first)
    assert robots(mall) == {first.id: "idle", second.id: "idle"}


def test_a_robot_that_put_goods_back_alone_in_the_mall_gets_the_list_that_waited(
    mall: Mall, products: dict[str, str]
) -> None:
    robot = a_robot(mall, "Ajax", SLOW_TO_PUT_BACK)
    shopper = waits_behind_a_cancelled_order(mall, products, robot)
    mall.pass_time(SOON)
    assert standing(shopper)[:2] == ("available", None)
    mall.pass_time(400)
    assert standing(shopper)[:2] == ("completed", robot.id)


def test_the_next_list_of_a_robot_that_must_charge_goes_to_another_at_once(
    mall: Mall, products: dict[str, str]
) -> None:
    low = a_robot(mall, "Ajax", replace(BRISK, percent_a_second=0.0001))
    first, second = orders(mall, products, 2)
    mall.pass_time(3)
    low.memory.charge = 5.0
    while standing(first)[0] != "completed":
        mall.pass_time(1)
    other = a_robot(mall, "Bert")
    mall.pass_time(SOON)
    assert standing(second)[1] == other.id
    assert robots(mall)[low.id] == "offline"
    mall.pass_time(120)
    assert completions(mall) == {first.basket_id: 1, second.basket_id: 1}


def test_a_list_that_comes_as_staff_pause_an_idle_robot_goes_to_another_at_once(
    mall: Mall, products: dict[str, str]
) -> None:
    paused = a_robot(mall, "Ajax", Settings())
    Shopper(mall).ask("PUT", f"/api/fleet/robots/{paused.id}/pause")
    (shopper,) = orders(mall, products)
    other = a_robot(mall, "Bert")
    mall.pass_time(SOON)
    assert standing(shopper)[1] == other.id
    Shopper(mall).ask("PUT", f"/api/fleet/robots/{paused.id}/resume")
    mall.pass_time(60)
    assert robots(mall)[paused.id] == "idle"


def test_a_robot_that_answers_is_asked_once_to_cancel_though_the_depot_says_more_of_it_meanwhile() -> None:
    mall = Mall(disorder=None)
    first = a_robot(mall, "Ajax", SLOW_TO_PUT_BACK)
    waits_behind_a_cancelled_order(mall, open_a_store(mall, PRICES), first)
    mall.pass_time(SOON)
    assert robots(mall)[first.id] == "offline"
    asked = [action for one in mall.broker.to(first.id, "instantActions") for action in one["actions"]]
    assert [action["actionType"] for action in asked] == ["cancelOrder"]
