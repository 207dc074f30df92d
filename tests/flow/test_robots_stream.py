"""Robots on the robots' stream: from a list to an order over MQTT, and back to the depot, through cuts and restarts."""

from collections import Counter

import pytest

from clients.robot.settings import Settings
from events.vda5050.connection import ConnectionState
from tests.flow.adding_up import everything_adds_up
from tests.flow.robots import PRICES, orders, picked, robots, standing
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
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


def a_robot(mall: Mall, name: str = "Ajax", settings: Settings = BRISK) -> StreamRobot:
    """A registered robot on the stream, which works as time passes."""
    bot = Shopper(mall).ask("POST", "/api/depot/bots", {"name": name})["id"]
    mall.settle()
    robot = StreamRobot(mall.broker, bot, settings)
    robot.connect()
    mall.repeat(0.5, robot.tick, bot)
    mall.pass_time(1)
    return robot


def completions(mall: Mall) -> Counter[str]:
    """How often each list was completed."""
    completed = {m.metadata.id: m for m in mall.published if m.metadata.name == "ShoppingListCompleted"}
    return Counter(message.data["shopping_list_id"] for message in completed.values())


def orders_to(mall: Mall, robot: StreamRobot) -> list[str]:
    """The orders that a robot was sent, each once."""
    return list(dict.fromkeys(order["orderId"] for order in mall.broker.to(robot.id, "order")))


def asked(mall: Mall, robot: StreamRobot) -> list[str]:
    """The kinds of the instant actions that a robot was sent, each once."""
    sent = [action for message in mall.broker.to(robot.id, "instantActions") for action in message["actions"]]
    return list({action["actionId"]: action["actionType"] for action in sent}.values())


def holds_nothing(robot: StreamRobot) -> bool:
    """Whether a robot has no order, and no goods on it."""
    return robot.memory.idle and not robot.memory.loads


def test_a_robot_collects_an_order_from_its_assignment_to_the_depot(mall: Mall, products: dict[str, str]) -> None:
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


def test_two_robots_collect_four_orders_each_list_once(mall: Mall, products: dict[str, str]) -> None:
    both = [a_robot(mall, "Ajax"), a_robot(mall, "Bert")]
    shoppers = orders(mall, products, 4)
    mall.pass_time(400)
    assert completions(mall) == {shopper.basket_id: 1 for shopper in shoppers}
    assert sorted(len(orders_to(mall, robot)) for robot in both) == [2, 2]
    assert asked(mall, both[0]) == asked(mall, both[1]) == []
    for shopper in shoppers:
        shopper.pays()
    everything_adds_up(mall)


def test_what_a_robot_does_not_find_is_short(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall, settings=Settings(short=1.0).faster(4))
    robot.chance = lambda: 0.0
    (shopper,) = orders(mall, products)
    mall.pass_time(150)
    assert standing(shopper)[0] == "completed"
    assert picked(shopper) < 3


def test_a_list_that_is_cancelled_in_mid_work_is_called_off_and_put_back(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(10)
    assert shopper.is_cancelled_by_staff().status == 200
    mall.pass_time(60)
    assert standing(shopper)[0] == "cancelled"
    assert asked(mall, robot) == ["cancelOrder"]
    assert holds_nothing(robot)
    (other,) = orders(mall, products)
    mall.pass_time(120)
    assert standing(other) == ("completed", robot.id, 1)
    other.pays()
    everything_adds_up(mall)


def test_a_cut_of_30_seconds_in_mid_work_costs_nothing(mall: Mall, products: dict[str, str]) -> None:
    robot, _ = a_robot(mall, "Ajax"), a_robot(mall, "Bert")
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    worker = mall.broker.robots[standing(shopper)[1] or ""]
    worker.cut()
    mall.pass_time(30)
    assert robots(mall)[worker.id] == "active"
    worker.connect()
    mall.pass_time(120)
    assert standing(shopper) == ("completed", worker.id, 1)
    assert asked(mall, worker) == []
    assert robot.id in robots(mall)


def test_a_cut_of_90_seconds_gives_the_list_to_another_and_the_first_puts_back_what_it_holds(
    mall: Mall, products: dict[str, str]
) -> None:
    a_robot(mall, "Ajax")
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    first = mall.broker.robots[standing(shopper)[1] or ""]
    first.cut()
    second = a_robot(mall, "Bert")
    mall.pass_time(140)  # the lease, and what of a minute the sweep has left
    assert standing(shopper)[1:] == (second.id, 2)
    first.connect()
    mall.pass_time(200)
    assert standing(shopper) == ("completed", second.id, 2)
    assert completions(mall) == {shopper.basket_id: 1}
    assert asked(mall, first) == ["cancelOrder"]
    assert holds_nothing(first)
    assert robots(mall) == {first.id: "idle", second.id: "idle"}


def test_a_list_that_comes_back_to_the_same_robot_is_another_order(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    robot.cut()
    mall.pass_time(140)
    assert standing(shopper) == ("available", None, 1)
    robot.connect()
    mall.pass_time(200)
    assert standing(shopper) == ("completed", robot.id, 2)
    assert orders_to(mall, robot) == [f"{shopper.basket_id}.1", f"{shopper.basket_id}.2"]
    assert asked(mall, robot) == ["cancelOrder"]
    assert completions(mall) == {shopper.basket_id: 1}


def test_a_robot_that_restarts_in_mid_order_goes_on_though_its_numbers_begin_again(
    mall: Mall, products: dict[str, str]
) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(6)
    robot.cut()
    robot.restart()
    mall.pass_time(5)
    robot.connect()
    mall.pass_time(120)
    assert standing(shopper) == ("completed", robot.id, 1)
    assert asked(mall, robot) == []


def test_an_idle_robot_whose_connection_is_cut_is_offline_at_once_and_idle_when_it_is_back(mall: Mall) -> None:
    robot = a_robot(mall)
    robot.cut()
    mall.pass_time(1)
    assert robots(mall) == {robot.id: "offline"}
    robot.connect()
    mall.pass_time(31)  # with its next state at the latest: the first may overtake both its connection and ONLINE
    assert robots(mall) == {robot.id: "idle"}


def test_an_idle_robot_that_is_connected_stays_online_for_as_long_as_it_reports(mall: Mall) -> None:
    robot = a_robot(mall)
    mall.pass_time(900)
    assert robots(mall) == {robot.id: "idle"}
    assert mall.names().count("BotWentOffline") == 0


def test_a_last_will_that_comes_after_the_robot_is_back_takes_nothing_from_it(
    mall: Mall, products: dict[str, str]
) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    robot.cut(will=False)
    robot.connect()
    mall.pass_time(1)
    robot.say(ConnectionState.CONNECTION_BROKEN)
    mall.broker.tell_presence(robot.id, "session-1", 1, connected=False)
    mall.pass_time(1)
    assert robots(mall) == {robot.id: "active"}
    mall.pass_time(120)
    assert standing(shopper) == ("completed", robot.id, 1)
    assert mall.names().count("RobotDisconnected") == 0


def test_a_robot_of_which_no_end_was_told_loses_its_list_when_its_lease_ends(
    mall: Mall, products: dict[str, str]
) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    robot.cut(will=False)
    mall.pass_time(140)
    assert standing(shopper) == ("available", None, 1)
    assert robots(mall) == {robot.id: "offline"}


def test_what_the_broker_does_not_take_goes_out_later(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall)
    mall.broker.failing = ConnectionError("the broker is down")
    (shopper,) = orders(mall, products)
    mall.pass_time(15)
    assert orders_to(mall, robot) == []
    mall.broker.failing = None
    mall.pass_time(150)
    assert standing(shopper) == ("completed", robot.id, 1)
    assert mall.dead_letters() == {}


def test_an_order_that_is_lost_on_the_way_is_sent_again(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall)
    mall.broker.losing = 2
    (shopper,) = orders(mall, products)
    mall.pass_time(200)
    assert standing(shopper) == ("completed", robot.id, 1)
    assert orders_to(mall, robot) == [f"{shopper.basket_id}.1"]


def test_a_robot_that_is_retired_at_work_gives_its_list_back_and_its_certificates_are_revoked(
    mall: Mall, products: dict[str, str]
) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    assert mall.request("DELETE", f"/api/depot/bots/{robot.id}").status == 200
    other = a_robot(mall, "Bert")
    mall.pass_time(150)
    assert standing(shopper) == ("completed", other.id, 2)
    assert asked(mall, robot) == ["cancelOrder"]
    assert robot.id in mall.identities.revoked
    assert [one["id"] for one in Shopper(mall).ask("GET", "/api/fleet/robots")["robots"]] == [other.id]


def test_staff_pause_a_robot_and_let_it_go_on(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall)
    (shopper,) = orders(mall, products)
    mall.pass_time(3)
    clerk = Shopper(mall)
    clerk.ask("PUT", f"/api/fleet/robots/{robot.id}/pause")
    mall.pass_time(300)
    shown = clerk.ask("GET", f"/api/fleet/robots/{robot.id}")["robot"]
    assert (shown["paused"], shown["order"]) == (True, {"listId": shopper.basket_id, "assignment": 1})
    assert standing(shopper) == ("active", robot.id, 1)
    clerk.ask("PUT", f"/api/fleet/robots/{robot.id}/resume")
    mall.pass_time(120)
    assert standing(shopper) == ("completed", robot.id, 1)
    assert asked(mall, robot) == ["startPause", "stopPause"]


def test_robots_with_and_without_a_stream_share_the_work(mall: Mall, products: dict[str, str]) -> None:
    robot = a_robot(mall)
    without = bring_a_robot_online(mall, "Bert")
    first, second = orders(mall, products, 2)
    by_rest = next(shopper for shopper in (first, second) if standing(shopper)[1] == without)
    collect(by_rest)
    mall.pass_time(120)
    assert {standing(shopper)[1] for shopper in (first, second)} == {robot.id, without}
    assert completions(mall) == {first.basket_id: 1, second.basket_id: 1}
    assert mall.broker.to(without, "order") == []
