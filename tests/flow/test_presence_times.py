"""Times in presence events may be two minutes wrong, as AWS documents: nothing follows from them."""

from datetime import datetime

import pytest

from clients.robot.settings import Settings
from tests.flow.robots import PRICES
from tests.flow.shopper import Shopper, open_a_store
from tests.support.broker import StreamRobot
from tests.support.mall import Mall


@pytest.mark.parametrize("seconds", [-120, 120])
def test_what_a_robot_reports_counts_though_the_broker_tells_a_wrong_time_of_its_connection(seconds: int) -> None:
    mall = Mall()
    open_a_store(mall, PRICES)
    mall.broker.presence_wrong_by = seconds * 1_000
    bot = Shopper(mall).ask("POST", "/api/depot/bots", {"name": "Ajax"})["id"]
    mall.settle()
    robot = StreamRobot(mall.broker, bot, Settings())
    robot.connect()
    mall.settle()
    mall.pass_time(30)
    robot.tick()
    mall.settle()
    shown = Shopper(mall).ask("GET", f"/api/fleet/robots/{bot}")["robot"]
    assert datetime.fromisoformat(shown["lastReportedAt"]) == mall.now
    assert shown["connection"] == "online"
