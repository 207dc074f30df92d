"""What functions do for robots of the robots' stream, told as stories: each is recorded while it happens."""

import json
from unittest.mock import patch

from clients.robot.settings import Settings
from functions.fleet import service
from functions.fleet.reports import Task
from functions.kernel.runtime import ids
from functions.kernel.runtime.runtime import active
from tests.flow.robots import PRICES, orders
from tests.flow.shopper import Shopper, open_a_store
from tests.support.broker import MemoryIdentities, StreamRobot
from tests.support.iot import signing_request
from tests.support.mall import Mall

BRISK = Settings().faster(4)


def robots_on_the_stream() -> None:
    """Robots collect, are called off and cut, get certificates before and while the mall learns of them, and retire."""
    collected_and_called_off()
    certificates_of_robots_that_come_and_go()
    unreadable_reports()


def collected_and_called_off() -> None:
    """One order is collected, one is cancelled in mid-work, and one is given to another robot after a cut."""
    mall = Mall()
    products = open_a_store(mall, PRICES)
    robot = a_robot_connects(mall)
    orders(mall, products)
    mall.pass_time(130)
    for message in [message for message in mall.published if message.metadata.name == "ReportCollection"]:
        detail = message.detail()
        mall.publish({**detail, "metadata": {**detail["metadata"], "id": ids.new()}})
    mall.settle()
    (cancelled,) = orders(mall, products)
    wait_until_at_work(mall, robot)
    assert cancelled.is_cancelled_by_staff().status == 200
    mall.pass_time(60)
    mall.broker.losing = 1  # its next state has the order sent again
    orders(mall, products)
    mall.pass_time(10)
    for act in ("pause", "resume"):
        Shopper(mall).ask("PUT", f"/api/fleet/robots/{robot.id}/{act}")
        mall.pass_time(2)
    robot.cut()
    mall.pass_time(180)  # its lease ends, and the sweep asks when it was there last
    robot.restart()
    robot.connect()
    mall.pass_time(180)
    robot.leave()
    mall.pass_time(130)


def wait_until_at_work(mall: Mall, robot: StreamRobot) -> None:
    """Until a robot has an order and has told so: how far it drives depends on the store's id, which is drawn."""
    for _ in range(120):
        if not robot.memory.idle:
            break
        mall.pass_time(0.5)
    assert not robot.memory.idle
    mall.pass_time(1)


def certificates_of_robots_that_come_and_go() -> None:
    """A certificate for a robot of which nothing has come yet, and for one that is retired while it is made."""
    mall = Mall()
    mall.hold("fleet", "BotRegistered")
    unheard_of = _register(mall)
    _certificate(mall, unheard_of, 200)
    mall = Mall()
    retired = _register(mall)
    issue = MemoryIdentities.issue

    def too_late(identities: MemoryIdentities, bot_id: str, request: object) -> str:
        with active(mall.runtimes["fleet"]):
            service.take_task(bot_id, Task(9, "retired", "", 0, "a flow"))
        return issue(identities, bot_id, request)

    with patch.object(MemoryIdentities, "issue", too_late):
        _certificate(mall, retired, 409)
    mall = Mall()
    leaving = a_robot_connects(mall)
    assert mall.request("DELETE", f"/api/depot/bots/{leaving.id}").status == 200
    mall.settle()


def unreadable_reports() -> None:
    """A report that is no message of the standard, and one of a topic that newer code may know."""
    mall = Mall()
    robot = a_robot_connects(mall)
    mall.broker.receive(robot.id, "state", b"no JSON")
    mall.settle()
    mall.runtimes["fleet"].queues["topics"].send(json.dumps({"topic": "responses"}))
    mall.settle()


def a_robot_connects(mall: Mall) -> StreamRobot:
    """A registered robot on the stream, which works as time passes."""
    robot = StreamRobot(mall.broker, _register(mall), BRISK)
    robot.connect()
    mall.repeat(0.5, robot.tick, robot.id)
    mall.pass_time(1)
    return robot


def _register(mall: Mall) -> str:
    bot_id: str = Shopper(mall).ask("POST", "/api/depot/bots", {"name": "Ajax"})["id"]
    mall.settle()
    return bot_id


def _certificate(mall: Mall, bot_id: str, status: int) -> None:
    answer = mall.request("POST", f"/api/fleet/robots/{bot_id}/certificate", {"csr": signing_request()})
    assert answer.status == status, answer
    mall.settle()
