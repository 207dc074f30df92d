"""Further kinds of orders that are fine and only slow, or wait for a person or a robot (see `stuck_later.py`)."""

from typing import Any

from clients.robot.settings import Settings
from events.vda5050.state import OperatingMode
from functions.kernel.domain.errors import UnavailableError
from tests.flow.robots import pick, start
from tests.flow.shopper import Shopper, bring_a_robot_online, leave, stop_heartbeats
from tests.support.broker import StreamRobot
from tests.support.callers import OPERATOR_ON_CALL
from tests.unit.cli.stuck import ABSENT, Plant, Stuck

TO_PAY = ("customer to pay",)


def operates(stuck: Stuck, method: str, path: str, body: Any = None) -> Any:
    """A request of an operator to the operations API; its answer."""
    return stuck.scene.shopper.ask(method, f"/api/operations/{path}", body, OPERATOR_ON_CALL)


def another(stuck: Stuck) -> Shopper:
    """Another customer, with one of the same product in a basket, and a payment."""
    [item] = stuck.scene.shopper.acts("GET", f"/api/baskets/{stuck.scene.shopper.basket_id}")["basket"]["items"]
    return Shopper(stuck.mall).registers().fills_a_basket({item["productId"]: 1}).authorizes_a_payment(30)


# Orders that are fine, or wait for a person


def _basket_being_filled(stuck: Stuck) -> None:
    stuck.mall.pass_time(120)


def _robot_under_way(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    start(stuck.scene.shopper, 1)
    pick(stuck.scene.shopper, 1)
    stuck.mall.pass_time(30)


def _robots_busy(stuck: Stuck) -> None:
    first = another(stuck).checks_out()
    stuck.mall.pass_time(5)
    start(first, 1)
    stuck.scene.checks_out()


def _another_robot_took_over(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    bring_a_robot_online(stuck.mall, "Bert")
    stop_heartbeats(stuck.mall, stuck.scene.bot)
    stuck.scene.shopper.ask("DELETE", f"/api/depot/bots/{stuck.scene.bot}")
    stuck.mall.pass_time(10)


def _read_models_paused(stuck: Stuck) -> None:
    stuck.scene.pauses("search/inbox", "insights/inbox", "live/inbox", "depot/gathered")
    stuck.is_collected()
    stuck.mall.pass_time(60)


def _rebuild_paused(stuck: Stuck) -> None:
    stuck.is_collected()
    run = operates(stuck, "POST", "rebuilds", {"service": "search", "view": "orders"})["id"]
    operates(stuck, "PUT", f"runs/{run}/pause")
    stuck.mall.minute()


def _approval_answer_lost(stuck: Stuck) -> None:
    stuck.mall.hold("checkout", "OrderApprovalAccepted")
    stuck.is_collected()
    stuck.mall.pass_time(400)


def _erased_before_paying(stuck: Stuck) -> None:
    stuck.is_collected()
    stuck.scene.shopper.ask("DELETE", f"/api/customers/{stuck.scene.shopper.customer_id}")
    stuck.mall.pass_time(60)


def _told_too_late(stuck: Stuck) -> None:
    stuck.scene.pauses("notifications/inbox", "notifications/codes")
    stuck.is_collected()
    stuck.mall.pass_time(600)


def _completed(stuck: Stuck) -> None:
    stuck.scene.pauses("notifications/inbox", "search/inbox")
    stuck.is_collected()
    stuck.scene.shopper.pays()
    stuck.mall.pass_time(20)


def _payment_of_another_order(stuck: Stuck) -> None:
    first = stuck.scene.shopper
    first.checks_out()
    [item] = first.order()["items"]
    stuck.scene.shopper = Shopper(stuck.mall, first.customer_id, payment_id=first.payment_id)
    stuck.scene.shopper.fills_a_basket({item["productId"]: 1})
    stuck.scene.checks_out()


def _list_cancelled_by_staff(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    stuck.scene.shopper.ask("POST", f"/api/depot/shopping/{stuck.scene.shopper.basket_id}")
    stuck.mall.pass_time(20)


def _timed_out(stuck: Stuck) -> None:
    stuck.mall.hold("customers", "AuthorizeCustomer")
    stuck.scene.checks_out()
    stuck.mall.pass_time(900)


def _erased_before_acceptance(stuck: Stuck) -> None:
    stuck.mall.hold("customers", "AuthorizeCustomer")
    stuck.scene.checks_out()
    stuck.scene.shopper.ask("DELETE", f"/api/customers/{stuck.scene.shopper.customer_id}")
    stuck.mall.release("customers", "AuthorizeCustomer")
    stuck.mall.pass_time(20)


# Robots


def _robots_offline(stuck: Stuck) -> None:
    leave(stuck.mall, stuck.scene.bot)
    stuck.scene.checks_out()


def _robot_left_its_list(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    start(stuck.scene.shopper, 1)
    leave(stuck.mall, stuck.scene.bot)
    stuck.mall.pass_time(120)


def _robot_never_hands_in(stuck: Stuck) -> None:
    """It says that it is there, and stands with the goods."""
    stuck.scene.checks_out()
    start(stuck.scene.shopper, 1)
    pick(stuck.scene.shopper, 1)
    stuck.mall.pass_time(3_600)


def _taken_over_by_hand(stuck: Stuck) -> None:
    found = stuck.has_robot_on_the_stream()
    found.switch(OperatingMode.MANUAL)
    stuck.mall.pass_time(30)


def _is_on_the_stream(stuck: Stuck, settings: Settings) -> StreamRobot:
    """The only robot is on the robots' stream, and idle."""
    leave(stuck.mall, stuck.scene.bot)
    bot = stuck.scene.shopper.ask("POST", "/api/depot/bots", {"name": "Bert"})["id"]
    stuck.mall.settle()
    found = StreamRobot(stuck.mall.broker, bot, settings)
    found.connect()
    stuck.mall.repeat(0.5, found.tick, bot)
    stuck.mall.pass_time(1)
    return found


def _drop_fails(stuck: Stuck) -> None:
    """What it collected cannot be put down: that waits until staff have it tried again, or skipped."""
    found = _is_on_the_stream(stuck, Settings(failing=0.5).faster(4))
    found.chance = lambda: 0.0 if found.memory.loads else 1.0
    stuck.scene.checks_out()
    stuck.mall.pass_time(400)


def _gateway_paused(stuck: Stuck) -> None:
    _is_on_the_stream(stuck, Settings())
    stuck.scene.pauses("fleet/inbox")
    stuck.scene.checks_out()
    stuck.mall.pass_time(60)


def _broker_fails(stuck: Stuck) -> None:
    _is_on_the_stream(stuck, Settings())
    stuck.mall.broker.failing = UnavailableError("the broker does not answer")
    stuck.scene.checks_out()
    stuck.mall.pass_time(60)


def _gateway_down(stuck: Stuck) -> None:
    stuck.has_robot_on_the_stream()
    stuck.mall.stop("fleet")
    stuck.mall.pass_time(300)


PLANTS = [
    Plant("the basket is being filled", _basket_being_filled, "", ("basket", "check out")),
    Plant("its robot is under way", _robot_under_way, "", ("Ajax",)),
    Plant("all robots are busy", _robots_busy, "", ("robot",), ("none is registered",)),
    Plant("another robot took over", _another_robot_took_over, "", ("Bert",), ("Ajax",)),
    Plant("read models are paused", _read_models_paused, "", TO_PAY, ("paused",)),
    Plant("a rebuild is paused", _rebuild_paused, "", TO_PAY, ("paused", "rebuild")),
    Plant("the approval's answer is lost", _approval_answer_lost, "", TO_PAY, ("OrderApprovalAccepted",)),
    Plant("the customer is erased before paying", _erased_before_paying, "", (*TO_PAY, "erased")),
    Plant("the customer is told too late", _told_too_late, "", TO_PAY),
    Plant("it is completed, texts wait", _completed, "", ("completed",), ("waits for Order", "paused")),
    Plant("its payment serves another order", _payment_of_another_order, "", ("serves another order",)),
    Plant("staff cancelled its list", _list_cancelled_by_staff, "", ("shopping list was cancelled",)),
    Plant("a step timed out", _timed_out, "", ("rejected",)),
    Plant("the customer is erased before acceptance", _erased_before_acceptance, "", ("rejected",)),
    Plant("all robots are offline", _robots_offline, "robots", ("offline", "online")),
    Plant("its robot left", _robot_left_its_list, "robots", ("offline", "online")),
    Plant("its robot never hands in", _robot_never_hands_in, "robot Ajax", ("Ajax",)),
    Plant("its robot is taken over by hand", _taken_over_by_hand, "robot", ("Bert", "MANUAL", "manual", "online")),
    Plant("its robot cannot put it down", _drop_fails, "robot Bert", ("put down", "fail", "retry", "DROP_FAILED")),
    Plant("the robots' gateway is paused", _gateway_paused, "fleet/inbox", ("paused",), ("not connected",)),
    Plant("the robots' broker fails", _broker_fails, "fleet", ("fleet", "broker"), ("not connected",)),
    Plant("the robots' gateway is down", _gateway_down, "fleet", ABSENT),
]
