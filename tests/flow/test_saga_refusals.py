"""A refusal at any step: the order is rejected (or was cancelled), and everything is undone."""

import pytest

from events.checkout import CancelShoppingList
from tests.flow.sagas import COMMANDS, ORDERED, Case, a_case, assert_accepted, assert_undone
from tests.flow.shopper import Shopper

disorders = pytest.mark.parametrize("disorder", ORDERED)


def assert_refused(case: Case, reason: str, *, sent: list[str], payment: str | None = "voided") -> None:
    """The saga compensated for this reason, after it had sent these commands and no others."""
    case.mall.pass_time(600)
    assert case.saga()["reason"] == reason
    names = case.mall.names()
    assert [name for name in COMMANDS if name in names] == sent
    rejected = next(e for e in case.mall.published if e.metadata.name == "OrderRejected")
    assert rejected.data["reason"] == reason
    assert_undone(case, "rejected", payment=payment)


@disorders
def test_step_1_a_customer_who_was_disabled_while_shopping(disorder: int | None) -> None:
    case = a_case(disorder)
    case.shopper.ask("PUT", f"/api/customers/{case.shopper.customer_id}/disable")
    case.checks_out()
    assert_refused(case, "the customer is disabled", sent=COMMANDS[:3])


@disorders
def test_step_1_a_customer_who_was_erased_while_shopping(disorder: int | None) -> None:
    case = a_case(disorder)
    case.shopper.ask("DELETE", f"/api/customers/{case.shopper.customer_id}")
    case.checks_out()
    case.mall.pass_time(600)
    assert case.shopper.order()["status"] == "rejected"
    assert case.saga()["status"] == "compensated"
    assert case.saga()["reason"] == f"there is no customer {case.shopper.customer_id}"
    assert case.shopper.payment()["status"] == "voided"
    assert case.mall.texts.sent == {}
    assert case.mall.dead_letters() == {}


@disorders
def test_step_1_an_unknown_customer_in_an_order_of_the_staff(disorder: int | None) -> None:
    case = a_case(disorder)
    store = case.shopper.ask("GET", "/api/stores")["stores"][0]["id"]
    item = {"storeId": store, "productId": case.products["cable"], "quantity": 1}
    order = {"customerId": "unknown", "paymentId": case.shopper.payment_id, "items": [item]}
    order_id = case.shopper.ask("POST", "/api/ordering", order)["id"]
    case.mall.pass_time(600)
    assert case.shopper.ask("GET", f"/api/ordering/{order_id}")["order"]["status"] == "rejected"
    refusals = {"there is no customer unknown", "the payment is another customer's"}  # the one that is heard first
    assert case.shopper.ask("GET", f"/api/checkout/sagas/{order_id}")["saga"]["reason"] in refusals
    assert case.shopper.payment()["status"] == "authorized", "another customer's payment is left as it was"
    assert case.mall.dead_letters() == {}


@disorders
def test_step_2_a_shopping_list_that_was_cancelled_before_it_was_created(disorder: int | None) -> None:
    case = a_case(disorder)
    case.publish(CancelShoppingList)
    case.mall.settle()
    case.checks_out()
    assert_refused(case, "the shopping list is cancelled", sent=COMMANDS[:3])


@disorders
def test_step_3_a_payment_that_does_not_cover_the_order(disorder: int | None) -> None:
    case = a_case(disorder, amount=54.79)
    case.checks_out()
    assert_refused(case, "the payment does not cover the order", sent=COMMANDS[:3])


@disorders
def test_step_3_a_payment_of_another_customer_is_left_as_it_was(disorder: int | None) -> None:
    case = a_case(disorder)
    case.shopper.payment_id = Shopper(case.mall).registers().authorizes_a_payment(100).payment_id
    case.checks_out()
    assert_refused(case, "the payment is another customer's", sent=COMMANDS[:3], payment="authorized")


@disorders
def test_step_3_a_payment_that_serves_another_order_stays_with_it(disorder: int | None) -> None:
    case = a_case(disorder)
    case.checks_out()
    case.mall.pass_time(60)
    assert_accepted(case)
    second = Shopper(case.mall, customer_id=case.shopper.customer_id, payment_id=case.shopper.payment_id)
    second.fills_a_basket({case.products["cable"]: 1}).checks_out()
    case.mall.pass_time(600)

    assert second.order()["status"] == "rejected"
    saga = second.ask("GET", f"/api/checkout/sagas/{second.basket_id}")["saga"]
    assert (saga["status"], saga["reason"]) == ("compensated", "the payment serves another order")
    assert second.shopping_list()["status"] == "cancelled"
    assert second.invoice()["status"] == "cancelled"
    assert_accepted(case)


@disorders
def test_step_3_an_unknown_payment(disorder: int | None) -> None:
    case = a_case(disorder)
    case.shopper.payment_id = "no-such-payment"
    case.checks_out()
    assert_refused(case, "there is no payment no-such-payment", sent=COMMANDS[:3], payment=None)


@disorders
def test_step_4_a_shopping_list_that_staff_cancel_before_it_is_initiated(disorder: int | None) -> None:
    case = a_case(disorder)
    case.checks_out(until="ShoppingListAccepted")
    case.shopper.ask("POST", f"/api/depot/shopping/{case.order_id}")
    assert_refused(case, "the shopping list is cancelled", sent=COMMANDS[:4])


@disorders
def test_step_5_an_order_that_is_cancelled_before_it_is_approved(disorder: int | None) -> None:
    case = a_case(disorder)
    case.checks_out(until="ApproveOrder")
    assert case.cancels() == 200
    case.mall.pass_time(600)
    assert "OrderApprovalRefused" in case.mall.names()
    assert "OrderApproved" not in case.mall.names()
    assert_undone(case, "cancelled")


@disorders
def test_an_order_that_was_refused_can_be_placed_anew(disorder: int | None) -> None:
    case = a_case(disorder, amount=10)
    case.checks_out()
    case.mall.pass_time(600)
    assert case.shopper.order()["status"] == "rejected"
    case.shopper.fills_a_basket({case.products["cable"]: 2, case.products["charger"]: 1}).authorizes_a_payment(54.8)
    case.checks_out()
    case.mall.pass_time(600)
    assert case.shopper.order()["status"] == "approved"
    assert case.robots() == {"active"}
    assert case.saga()["status"] == "completed"


@disorders
def test_the_first_of_two_refusals_rejects_the_order_and_what_was_asked_beside_them_is_undone(
    disorder: int | None,
) -> None:
    case = a_case(disorder, amount=10)
    case.shopper.ask("PUT", f"/api/customers/{case.shopper.customer_id}/disable")
    case.checks_out()
    case.mall.pass_time(600)
    assert case.saga()["reason"] in ("the customer is disabled", "the payment does not cover the order")
    assert_undone(case, "rejected")
