"""Robots on the robots' stream: from a list to an order over MQTT, and back to the depot, through cuts and restarts."""

from collections import Counter

import pytest

from clients.robot.settings import Settings
from tests.flow.adding_up import everything_adds_up
from tests.flow.robots import PRICES, orders, picked, robots, standing
from tests.flow.shopper import Shopper, open_a_store
from tests.support.broker import StreamRobot
from tests.support.mall import Mall

DISORDER = [None, 0, 1, 2, 3]
BRISK = Settings().faster(4)


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, PRICES)


def a_robot(mall: Mall, name: str = "Ajax", *, short: bool = False) -> StreamRobot:
    """A registered robot on the stream, which works as time passes."""
    bot = Shopper(mall).ask("POST", "/api/depot/bots", {"name": name})["id"]
    mall.settle()
    robot = StreamRobot(mall.broker, bot, BRISK, chance=lambda: 1.0)
    robot.connect()
    mall.repeat(0.5, robot.tick, bot)
    mall.pass_time(1)
    return robot


def completions(mall: Mall) -> Counter[str]:
    """How often each list was completed."""
    return Counter(m.data["shopping_list_id"] for m in mall.published if m.metadata.name == "ShoppingListCompleted")


def orders_to(mall: Mall, robot: StreamRobot) -> list[str]:
    """The orders that a robot was sent, each once."""
    return list(dict.fromkeys(order["orderId"] for order in mall.broker.to(robot.id, "order")))


def test_a_robot_on_the_stream_collects_an_order_from_its_assignment_to_the_depot(
    mall: Mall, products: dict[str, str]
) -> None:
    robot = a_robot(mall)
    assert robots(mall) == {robot.id: "idle"}
    (shopper,) = orders(mall, products)
    mall.pass_time(2)
    assert standing(shopper) == ("active", robot.id, 1)
    mall.pass_time(120)
    assert (standing(shopper), picked(shopper)) == (("completed", robot.id, 1), 3)
    assert robots(mall) == {robot.id: "idle"}
    assert orders_to(mall, robot) == [f"{shopper.basket_id}.1"]
    shopper.pays()
    everything_adds_up(mall)
