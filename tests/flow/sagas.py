"""An order in the create-order saga, and what must be true in every service when the saga has ended."""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from events.checkout import SagaWatchEnds
from events.registry import Kind, Message, language
from functions.payments import service as payments
from language.story import sample
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store, stop_heartbeats
from tests.support.mall import Mall

COMMANDS = ["AuthorizeCustomer", "CreateShoppingList", "ConfirmPayment", "InitiateShopping", "ApproveOrder"]
SERVICES = ["customers", "depot", "payments", "depot", "ordering"]  # the one that each command goes to
CORE = ["ordering", "checkout", "customers", "depot", "payments"]  # the participants of the saga

TOTAL = 54.8
ORDERED = [None, 1]  # messages in order, and in disorder with repetitions


@dataclass
class Case:
    """A customer with a basket of 54.80 and a payment, in a mall with one robot, before the checkout."""

    mall: Mall
    shopper: Shopper
    products: dict[str, str]

    @property
    def order_id(self) -> str:
        return self.shopper.basket_id

    def checks_out(self, until: str = "") -> None:
        """Check out, and deliver until the message `until` is published, or until none is left."""
        self.check_out()
        if not until:
            self.mall.settle()
            return
        while until not in self.mall.names():
            assert self.mall.deliver(), f"{until} was never published"
            self.mall.relay()

    def check_out(self) -> None:
        """Request the checkout, and deliver no message yet."""
        body = {"paymentId": self.shopper.payment_id}
        self.shopper.acts("PUT", f"/api/baskets/{self.order_id}/checkout", body)
        self.mall.relay()

    def cancels(self) -> int:
        """The customer cancels the order; the status of the answer."""
        reason = {"reason": "changed my mind"}
        return self.mall.request("DELETE", f"/api/ordering/{self.order_id}", reason, caller=self.shopper.me).status

    def saga(self) -> Any:
        return self.shopper.ask("GET", f"/api/checkout/sagas/{self.order_id}")["saga"]

    def sagas(self, status: str) -> list[str]:
        """The orders whose sagas staff see under a status."""
        listed = self.shopper.ask("GET", f"/api/checkout/sagas?status={status}")["sagas"]
        return [saga["orderId"] for saga in listed]

    def resumes(self) -> int:
        """Staff resume the saga; the status of the answer."""
        return self.mall.request("PUT", f"/api/checkout/sagas/{self.order_id}/resume").status

    def robots(self) -> set[str]:
        return {robot["status"] for robot in self.shopper.ask("GET", "/api/depot/bots")["bots"]}

    def texts(self) -> set[str]:
        """The kinds of notifications that the customer got about the order."""
        found = self.shopper.ask("GET", f"/api/notifications?customerId={self.shopper.customer_id}")["notifications"]
        return {notification["kind"] for notification in found if notification["orderId"] == self.order_id}

    def publish(self, message: type[Message], **fields: Any) -> None:
        """Publish a stray message about the order, or about another `order_id`."""
        detail = sample(message)
        detail["metadata"] |= {"id": self.mall.next_id("stray"), "name": message.about.name}
        detail["data"] |= {"order_id": self.order_id} | fields
        self.mall.publish(detail)


def a_case(disorder: int | None = None, *, amount: float = TOTAL, settings: dict[str, str] | None = None) -> Case:
    """A case in which the order would be accepted, unless the amount or a setting prevents it."""
    return deepcopy(_prepared(disorder, amount, tuple((settings or {}).items())))


@cache
def _prepared(disorder: int | None, amount: float, settings: tuple[tuple[str, str], ...]) -> Case:
    """Made once and copied for each case: there are many."""
    # A robot that may be silent for a week: hours pass faster without its heartbeats.
    mall = Mall(disorder=disorder, settings={"MALLBOTS_ROBOT_LEASE": "604800", **dict(settings)})
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    stop_heartbeats(mall, bring_a_robot_online(mall))
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2, products["charger"]: 1})
    return Case(mall, shopper.authorizes_a_payment(amount), products)


def assert_undone(case: Case, order: str, *, saga: str = "compensated", payment: str | None = "voided") -> None:
    """The order has ended with this status, and everything is undone.

    payment: the status of its payment, None when there is none.
    """
    assert case.shopper.order()["status"] == order
    assert case.saga()["status"] == saga
    assert case.shopper.shopping_list()["status"] == "cancelled"
    assert case.robots() == {"idle"}
    assert (case.shopper.invoice()["status"], case.shopper.invoice()["amount"]) == ("cancelled", 0)
    if payment is not None:
        shown = case.shopper.ask("GET", f"/api/payments/{case.shopper.payment_id}")  # by staff: it may be another's
        assert shown["payment"]["status"] == payment
    if payment == "voided":
        assert_money(case, captured=0)
    assert case.texts() - {"approved"} == {"received", order}
    assert_idle(case)


def assert_accepted(case: Case) -> None:
    """Every service has accepted the order."""
    assert case.shopper.order()["status"] == "approved"
    saga = case.saga()
    assert (saga["status"], saga["compensating"], saga["reason"]) == ("completed", False, "")
    assert case.shopper.shopping_list()["status"] == "assigned"
    assert case.robots() == {"active"}
    assert case.shopper.payment()["status"] == "confirmed"
    assert (case.shopper.invoice()["status"], case.shopper.invoice()["amount"]) == ("pending", TOTAL)
    assert case.texts() == {"received", "approved"}
    assert_idle(case)


def assert_money(case: Case, *, captured: int) -> None:
    """All that was authorized was captured or released (cents), and what was captured is owed or was refunded."""
    with case.mall.at_work("payments"):
        payment = payments.payment(case.shopper.payment_id)
        invoice = payments.invoice(case.order_id)
    assert payment.captured == captured
    assert payment.authorized == payment.captured + payment.released
    assert payment.captured - payment.refunded == invoice.amount


def assert_idle(case: Case) -> None:
    """No message waits except the services' own reminders, none is dead-lettered, and search is up to date."""
    waiting = {name for names in case.mall.waiting().values() for name in names}
    assert {name for name in waiting if language()[name].about.kind is not Kind.TIMER} == set()
    assert SagaWatchEnds.about.name not in waiting
    assert case.mall.dead_letters() == {}
    found = case.shopper.ask("GET", f"/api/search/orders/{case.order_id}")["order"]
    assert found["status"] == case.shopper.order()["status"]
    assert case.sagas(case.saga()["status"]) == [case.order_id]
