"""Replies that are repeated, late, or for another order or step change nothing."""

import pytest

from events.customers import CustomerAuthorized, CustomerRefused
from events.depot import (
    ShoppingInitiated,
    ShoppingListAccepted,
    ShoppingListCancellationAccepted,
    ShoppingListRefused,
    ShoppingRefused,
)
from events.ordering import (
    OrderApprovalAccepted,
    OrderApprovalRefused,
    OrderRejectionAccepted,
    OrderRejectionRefused,
)
from events.payments import PaymentAccepted, PaymentRefused, PaymentVoidAccepted
from events.registry import Message
from tests.flow.sagas import COMMANDS, ORDERED, SERVICES, Case, a_case, assert_accepted, assert_undone
from tests.flow.shopper import Shopper

ANSWERS: dict[str, set[type[Message]]] = {
    "AuthorizeCustomer": {CustomerAuthorized, CustomerRefused},
    "CreateShoppingList": {ShoppingListAccepted, ShoppingListRefused},
    "ConfirmPayment": {PaymentAccepted, PaymentRefused},
    "InitiateShopping": {ShoppingInitiated, ShoppingRefused},
    "ApproveOrder": {OrderApprovalAccepted, OrderApprovalRefused},
    "RejectOrder": {OrderRejectionAccepted, OrderRejectionRefused},
    "VoidPayment": {PaymentVoidAccepted},
    "CancelShoppingList": {ShoppingListCancellationAccepted},
}
GOES_TO = dict(zip(COMMANDS, SERVICES, strict=True)) | {
    "RejectOrder": "ordering",
    "VoidPayment": "payments",
    "CancelShoppingList": "depot",
}
EVERY = sorted({reply for replies in ANSWERS.values() for reply in replies}, key=lambda reply: reply.about.name)

disorders = pytest.mark.parametrize("disorder", ORDERED)


def awaiting(command: str, disorder: int | None) -> Case:
    """A case whose saga has just sent a command that is not answered yet."""
    case = a_case(disorder, amount=54.8 if command in COMMANDS else 10)
    case.checks_out(until=command)
    case.mall.stop(GOES_TO[command])
    case.mall.settle()
    return case


@disorders
@pytest.mark.parametrize("command", ANSWERS)
def test_replies_to_another_step_and_about_other_orders_change_nothing(command: str, disorder: int | None) -> None:
    case = awaiting(command, disorder)
    before = case.saga(), len(case.mall.published)
    for reply in EVERY:
        if reply not in ANSWERS[command]:
            case.publish(reply)
        case.publish(reply, order_id="unknown")
    strays = 2 * len(EVERY) - len(ANSWERS[command])
    case.mall.settle()
    assert (case.saga(), len(case.mall.published)) == (before[0], before[1] + strays)
    case.mall.start(GOES_TO[command])
    case.mall.pass_time(600)
    if command in COMMANDS:
        assert_accepted(case)
    else:
        assert_undone(case, "rejected")


@disorders
def test_the_answer_to_an_earlier_try_counts_once(disorder: int | None) -> None:
    case = awaiting("ConfirmPayment", disorder)
    case.mall.pass_time(150)
    case.mall.start("payments")
    case.mall.pass_time(600)
    assert len({e.metadata.id for e in case.mall.published if e.metadata.name == "PaymentAccepted"}) == 3
    assert len({e.metadata.id for e in case.mall.published if e.metadata.name == "InitiateShopping"}) == 1
    assert_accepted(case)


@disorders
def test_late_replies_to_steps_do_not_stop_the_compensation(disorder: int | None) -> None:
    case = a_case(disorder)
    case.checks_out(until="ConfirmPayment")
    case.mall.stop("payments", "depot")
    assert case.cancels() == 200
    case.mall.settle()
    for late in (PaymentAccepted, PaymentRefused, ShoppingInitiated, ShoppingListAccepted):
        case.publish(late)
    case.mall.settle()
    assert (case.saga()["step"], case.saga()["compensating"]) == (3, True)
    case.mall.start("payments", "depot")
    case.mall.pass_time(600)
    assert_undone(case, "cancelled")


def test_an_approval_and_a_rejection_that_meet_at_the_order_are_decided_by_it() -> None:
    fates = []
    for disorder in (None, *range(1, 7)):
        case = awaiting("ApproveOrder", disorder)
        case.publish(OrderApprovalRefused, status="pending")  # which no order sends in this status
        case.mall.settle()
        assert (case.saga()["step"], case.saga()["compensating"]) == (0, True)
        case.mall.start("ordering")
        case.mall.pass_time(600)
        fates.append(case.shopper.order()["status"])
        if fates[-1] == "approved":
            assert_accepted(case)
        else:
            assert_undone(case, "rejected")
    assert fates[0] == "approved"
    assert set(fates) == {"approved", "rejected"}


@disorders
def test_two_orders_at_once_do_not_affect_each_other(disorder: int | None) -> None:
    case = a_case(disorder)
    other = Shopper(case.mall).registers().fills_a_basket({case.products["cable"]: 1}).authorizes_a_payment(1)
    case.check_out()
    other.ask("PUT", f"/api/baskets/{other.basket_id}/checkout", {"paymentId": other.payment_id})
    case.mall.pass_time(600)
    assert case.shopper.order()["status"] == "approved"
    assert case.sagas("completed") == [case.order_id]
    assert other.order()["status"] == "rejected"
    assert case.sagas("compensated") == [other.basket_id]
    assert (case.shopper.payment()["status"], other.payment()["status"]) == ("confirmed", "voided")
    assert (case.shopper.shopping_list()["status"], other.shopping_list()["status"]) == ("assigned", "cancelled")
    assert case.mall.dead_letters() == {}


def test_staff_see_sagas_page_by_page_and_those_of_one_status() -> None:
    case = a_case()
    shoppers = [case.shopper]
    for _ in range(4):
        shoppers.append(Shopper(case.mall).registers().fills_a_basket({case.products["cable"]: 1}))
    case.mall.stop("payments")
    for shopper in shoppers:
        shopper.payment_id = shopper.payment_id or "no-such-payment"
        shopper.checks_out()
        case.mall.pass_time(1)
    newest_first = [shopper.basket_id for shopper in reversed(shoppers)]
    page = case.shopper.ask("GET", "/api/checkout/sagas?status=running&limit=2")
    found = page["sagas"]
    while "next" in page:
        page = case.shopper.ask("GET", f"/api/checkout/sagas?status=running&limit=2&next={page['next']}")
        found += page["sagas"]
    assert [saga["orderId"] for saga in found] == newest_first
    assert {(saga["status"], saga["step"], saga["compensating"]) for saga in found} == {("running", 3, False)}
    assert case.sagas("completed") == []
    case.mall.start("payments")
    case.mall.pass_time(600)
    assert case.sagas("running") == []
    assert case.sagas("completed") == [case.order_id]
    assert sorted(case.sagas("compensated")) == sorted(set(newest_first) - {case.order_id})
