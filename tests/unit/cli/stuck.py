"""Kinds of stuck orders: what is planted, and the fact that the sentence must name.

Those of `test_orders.py` were planted while the rules were written; these were written down before any rule knew them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from clients.robot.settings import Settings
from events.baskets import UntouchedBasketsDue
from events.checkout import SagasDue
from events.depot import RobotLeasesDue
from events.ordering import UnpaidOrdersDue
from events.registry import Timer
from functions.depot import matching
from functions.depot import service as depot
from functions.kernel.domain import saga
from functions.kernel.domain.errors import RefusedError
from functions.kernel.runtime.commit import Outgoing
from functions.kernel.runtime.runtime import Unsent
from functions.notifications import service as notifications
from functions.ordering import service as ordering
from functions.payments import service as payments
from tests.flow.bank import Bank
from tests.flow.shopper import collect, leave, stop_heartbeats
from tests.support.broker import StreamRobot
from tests.support.callers import robot
from tests.unit.cli.scene import Scene

DAY = 86_400


@dataclass(frozen=True)
class Plant:
    """A kind of stuck order. plant: makes it. blames: how the name of the culprit begins, empty where there is none.

    names: one of these must be in the sentence: the message, service or thing that the order waits for. never: none of
    these may be in it.
    """

    kind: str
    plant: Callable[["Stuck"], object]
    blames: str
    names: tuple[str, ...]
    never: tuple[str, ...] = ()


@dataclass
class Stuck:
    """A scene, in which code and settings can be broken until the test ends."""

    scene: Scene
    patch: pytest.MonkeyPatch

    @property
    def mall(self) -> Any:
        return self.scene.mall

    def breaks(self, service: ModuleType, use_case: str) -> None:
        """A deploy breaks a use case."""

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("the column is gone")

        self.patch.setattr(service, use_case, fail)

    def loses_schedule(self, service: str, timer: type[Timer]) -> None:
        """A schedule does not fire any more."""
        for one in self.mall.subscribers:
            if one.inbox.service == service and timer in one.inbox.schedules:
                others = {name: every for name, every in one.inbox.schedules.items() if name is not timer}
                self.patch.setattr(one.inbox, "schedules", others)  # as a whole: what is put back is in the same order

    def is_collected(self) -> None:
        self.scene.checks_out()
        collect(self.scene.shopper)

    def is_given_up(self) -> None:
        """What fails by an error of ours is given up, and stored."""
        self.mall.pass_time(300)
        self.mall.operate("collector")

    def has_robot_on_the_stream(self) -> StreamRobot:
        """The only robot is on the robots' stream, and works."""
        leave(self.mall, self.scene.bot)
        bot = self.scene.shopper.ask("POST", "/api/depot/bots", {"name": "Bert"})["id"]
        self.mall.settle()
        found = StreamRobot(self.mall.broker, bot, Settings())
        found.connect()
        self.mall.repeat(0.5, found.tick, bot)
        self.mall.pass_time(1)
        self.scene.checks_out()
        return found


def _services_down(*names: str) -> Callable[[Stuck], None]:
    def plant(stuck: Stuck) -> None:
        stuck.mall.stop(*names)
        stuck.scene.checks_out()

    return plant


def _ordering_down_later(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    stuck.mall.stop("ordering")


def _payment_unseen(stuck: Stuck) -> None:
    stuck.breaks(ordering, "mark_paid")
    stuck.is_collected()
    stuck.scene.shopper.pays()
    stuck.is_given_up()


def _collection_unseen(stuck: Stuck) -> None:
    stuck.breaks(ordering, "make_ready")
    stuck.is_collected()
    stuck.is_given_up()


def _initiation_given_up(stuck: Stuck) -> None:
    stuck.breaks(depot, "initiate")
    stuck.scene.checks_out()
    stuck.is_given_up()


def _approval_given_up(stuck: Stuck) -> None:
    stuck.breaks(ordering, "approve")
    stuck.scene.checks_out()
    stuck.is_given_up()


def _text_given_up(stuck: Stuck) -> None:
    stuck.breaks(notifications, "notify")
    stuck.is_collected()
    stuck.is_given_up()


def _dispatcher_gives_up(stuck: Stuck) -> None:
    stuck.patch.setattr(matching, "match", _fail)
    stuck.scene.checks_out()
    stuck.is_given_up()


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError("the column is gone")


def _parked(stuck: Stuck) -> None:
    stuck.patch.setattr(saga, "UNDO_TRIES", 2)
    stuck.mall.hold("ordering", "ApproveOrder")
    stuck.mall.hold("payments", "VoidPayment")
    stuck.scene.checks_out()
    stuck.scene.shopper.cancels()
    stuck.mall.pass_time(900)


def _undoing_paused(stuck: Stuck) -> None:
    stuck.mall.hold("ordering", "ApproveOrder")
    stuck.scene.checks_out()
    stuck.scene.pauses("payments/inbox")
    stuck.scene.shopper.cancels()
    stuck.mall.pass_time(30)


def _payment_too_small(stuck: Stuck) -> None:
    stuck.scene.shopper.authorizes_a_payment(1)
    stuck.scene.checks_out()


def _customer_disabled(stuck: Stuck) -> None:
    stuck.scene.shopper.ask("PUT", f"/api/customers/{stuck.scene.shopper.customer_id}/disable")
    stuck.scene.checks_out()


def _list_refused(stuck: Stuck) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError("the store has closed", "closed")

    stuck.patch.setattr(depot, "plan_for_order", refuse)
    stuck.scene.checks_out()


def _robots_retired(stuck: Stuck) -> None:
    stuck.scene.shopper.ask("DELETE", f"/api/depot/bots/{stuck.scene.bot}")
    stop_heartbeats(stuck.mall, stuck.scene.bot)
    stuck.scene.checks_out()


def _robot_paused(stuck: Stuck) -> None:
    found = stuck.has_robot_on_the_stream()
    stuck.scene.shopper.ask("PUT", f"/api/fleet/robots/{found.id}/pause")
    stuck.mall.pass_time(20)


def _robot_cut(stuck: Stuck) -> None:
    stuck.has_robot_on_the_stream().cut()
    stuck.mall.pass_time(20)


def _robot_silent_unnoticed(stuck: Stuck) -> None:
    stuck.loses_schedule("depot", RobotLeasesDue)
    stuck.scene.checks_out()
    stop_heartbeats(stuck.mall, stuck.scene.bot)
    stuck.mall.pass_time(1_800)


def refund_of_a_cancelled_order(stuck: Stuck) -> Bank:
    """A refund that the bank refused, and that was given up."""
    bank = Bank(stuck.mall)
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    bank.behaviour = "refuses"
    stuck.scene.shopper.is_cancelled_by_staff()
    stuck.is_given_up()
    return bank


def _relay_behind(stuck: Stuck) -> None:
    stuck.mall.unrelayed.add("ordering")
    stuck.scene.checks_out()
    stuck.mall.pass_time(60)


def _bus_refuses(stuck: Stuck) -> None:
    bus = stuck.mall.runtimes["ordering"].bus
    put = bus.put

    def refuse(messages: Sequence[Outgoing]) -> list[Unsent]:
        refused = [n for n, one in enumerate(messages) if one.name == "OrderCreated"]
        put([one for n, one in enumerate(messages) if n not in refused])
        return [Unsent(n, "the entry is too large") for n in refused]

    stuck.patch.setattr(bus, "put", refuse)
    stuck.scene.checks_out()
    stuck.is_given_up()


def _throttled(stuck: Stuck) -> None:
    stuck.mall.throttled.add("depot/inbox")
    stuck.scene.checks_out()


def _retried(stuck: Stuck) -> None:
    stuck.breaks(payments, "create_or_reduce_invoice")
    stuck.is_collected()
    stuck.mall.pass_time(30)


def _timeline_paused(stuck: Stuck) -> None:
    stuck.scene.pauses("insights/inbox", "depot/inbox")
    stuck.scene.checks_out()


def _watch_lost(stuck: Stuck) -> None:
    stuck.loses_schedule("checkout", SagasDue)
    queue = stuck.mall.runtimes["checkout"].queue
    send = queue.send
    stuck.patch.setattr(queue, "send", lambda body, *a, **k: None if "SagaWatchEnds" in body else send(body, *a, **k))
    stuck.mall.hold("customers", "AuthorizeCustomer")
    stuck.scene.checks_out()
    stuck.mall.pass_time(600)


def _operations_down(stuck: Stuck) -> None:
    stuck.scene.pauses("depot/inbox")
    stuck.mall.stop("operations")
    stuck.scene.checks_out()


def _unpaid_for_days(stuck: Stuck) -> None:
    stuck.loses_schedule("ordering", UnpaidOrdersDue)
    stuck.is_collected()
    stuck.mall.now += timedelta(seconds=2 * DAY)


def _basket_forgotten(stuck: Stuck) -> None:
    stuck.loses_schedule("baskets", UntouchedBasketsDue)
    stuck.mall.now += timedelta(seconds=DAY)


def _basket_abandoned(stuck: Stuck) -> None:
    stuck.mall.pass_time(2_400)


def _nothing_found(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    goods = stuck.scene.shopper.shopping_list()
    path, bot = f"/api/depot/shopping/{goods['id']}", robot(goods["botId"])
    stuck.scene.shopper.ask("PUT", f"{path}/start", {"assignment": goods["assignment"]}, bot)
    stuck.scene.shopper.ask("PUT", f"{path}/complete", {"assignment": goods["assignment"]}, bot)
    stuck.mall.pass_time(30)


def _letter_parked(stuck: Stuck) -> None:
    _payment_unseen(stuck)
    [letter] = stuck.scene.cli("dead list --state open --json").data
    stuck.scene.cli(f"dead park {letter['id']} --reason 'asked the bank' --yes")


def _letter_sent_back(stuck: Stuck) -> None:
    _payment_unseen(stuck)
    stuck.scene.pauses("ordering/inbox")
    [letter] = stuck.scene.cli("dead list --state open --json").data
    stuck.scene.cli(f"dead redrive {letter['id']} --yes --no-wait")
    stuck.mall.minute()


def _dispatcher_misses_the_list(stuck: Stuck) -> None:
    stuck.mall.hold("depot", "ShoppingListAvailable")
    stuck.scene.checks_out()


def _invoice_lost(stuck: Stuck) -> None:
    stuck.mall.hold("payments", "OrderApproved", "OrderReadied")
    stuck.is_collected()
    stuck.mall.pass_time(60)


def _initiation_paused(stuck: Stuck) -> None:
    stuck.mall.hold("checkout", "PaymentAccepted")
    stuck.scene.checks_out()
    stuck.scene.pauses("depot/inbox")
    stuck.mall.release("checkout", "PaymentAccepted")
    stuck.mall.pass_time(20)


ABSENT = ("does not answer", "is down")

PLANTS = [
    Plant("depot is down", _services_down("depot"), "depot", ABSENT),
    Plant("payments is down", _services_down("payments"), "payments", ABSENT),
    Plant("customers is down", _services_down("customers"), "customers", ("CustomerAuthorized",)),
    Plant("checkout is down", _services_down("checkout"), "checkout", ABSENT),
    Plant("ordering is down later", _ordering_down_later, "ordering", ABSENT, ("BasketCheckedOut",)),
    Plant("the payment's news was given up", _payment_unseen, "ordering/inbox", ("InvoicePaid",)),
    Plant("the collection's news was given up", _collection_unseen, "ordering/inbox", ("ShoppingListCompleted",)),
    Plant("the list's beginning was given up", _initiation_given_up, "depot/inbox", ("InitiateShopping",)),
    Plant("the approval was given up", _approval_given_up, "ordering/inbox", ("ApproveOrder",)),
    Plant("a text was given up", _text_given_up, "", ("customer to pay",), ("waits for Order",)),
    Plant("the dispatcher fails", _dispatcher_gives_up, "depot/dispatcher", ("robot", "ShoppingListAvailable")),
    Plant("the saga is parked", _parked, "saga", ("parked",)),
    Plant("its undoing is paused", _undoing_paused, "payments/inbox", ("PaymentVoidAccepted",)),
    Plant("the payment is too small", _payment_too_small, "", ("does not cover",)),
    Plant("the customer is disabled", _customer_disabled, "", ("disabled",)),
    Plant("the list is refused", _list_refused, "", ("the store has closed",)),
    Plant("all robots are retired", _robots_retired, "robots", ("none is registered",)),
    Plant("its robot is paused", _robot_paused, "robot Bert", ("paused",)),
    Plant("its robot is cut off", _robot_cut, "robot Bert", ("not connected",)),
    Plant("its robot is silent, unnoticed", _robot_silent_unnoticed, "robot Ajax", ("robot Ajax",)),
    Plant("its refund was given up", refund_of_a_cancelled_order, "payments/inbox", ("RefundDue",), ("may be closed",)),
    Plant("ordering's relay is behind", _relay_behind, "ordering/relay", ("OrderCreated",)),
    Plant("the bus refuses a message", _bus_refuses, "ordering/relay", ("OrderCreated",)),
    Plant("depot's inbox is throttled", _throttled, "depot/inbox", ("message waits for", "messages wait for")),
    Plant("the invoice is tried again", _retried, "payments/inbox", ("invoice",)),
    Plant("the timeline is behind too", _timeline_paused, "depot/inbox", ("paused",)),
    Plant("the saga's watch is lost", _watch_lost, "checkout/inbox", ("overdue",)),
    Plant("operations is down too", _operations_down, "depot/inbox", ("from depot",)),
    Plant("the schedule for the unpaid is lost", _unpaid_for_days, "ordering", ("overdue",)),
    Plant("the schedule for baskets is lost", _basket_forgotten, "baskets", ("overdue",)),
    Plant("the basket was abandoned", _basket_abandoned, "", ("abandoned",)),
    Plant("nothing was found", _nothing_found, "", ("cancelled",)),
    Plant("its letter is parked", _letter_parked, "ordering/inbox", ("parked",)),
    Plant("its letter is sent back", _letter_sent_back, "ordering/inbox", ("sent back",)),
    Plant("the dispatcher missed the list", _dispatcher_misses_the_list, "depot/relay", ("idle",)),
    Plant("the invoice never came about", _invoice_lost, "ordering/relay", ("OrderApproved",)),
    Plant("the list's beginning is paused", _initiation_paused, "depot/inbox", ("ShoppingInitiated",)),
]
