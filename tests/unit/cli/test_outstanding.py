"""What an order waits for after its end, and letters that are discarded, or of what the order does not wait for."""

from datetime import timedelta

import httpx
import pytest

from functions.checkout import service as checkout
from functions.kernel.eventstore.store import MemoryEventStore
from functions.payments import service as payments
from tests.flow.bank import Bank
from tests.flow.shopper import collect
from tests.support.callers import robot
from tests.unit.cli.scene import Scene
from tests.unit.cli.stuck import Stuck, refund_of_a_cancelled_order
from tests.unit.cli.stuck_floor import operates


@pytest.fixture
def stuck(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Stuck:
    return Stuck(scene, monkeypatch)


def paid_and_cancelled(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    stuck.scene.shopper.is_cancelled_by_staff()


def test_a_rejection_that_payments_did_not_take_is_of_no_effect_once_the_saga_released_the_payment(
    stuck: Stuck,
) -> None:
    stuck.mall.hold("payments", "OrderRejected")
    stuck.scene.shopper.authorizes_a_payment(1)
    stuck.scene.checks_out()
    stuck.mall.pass_time(120)
    found = stuck.scene.why()
    assert found["sentence"].startswith("waits for nothing: it is rejected")
    assert not found["blames"]


def test_a_refund_of_a_short_pick_is_outstanding_though_the_order_is_completed(stuck: Stuck) -> None:
    bank = Bank(stuck.mall)
    stuck.scene.checks_out()
    stuck.scene.shopper.pays()
    bank.behaviour = "is away"
    collect_one_less(stuck)
    stuck.mall.pass_time(60)
    found = stuck.scene.why()
    assert "is completed, and waits for payments to make the refund of its payment (RefundDue)" in found["sentence"]
    assert found["blames"] == "payments/inbox"
    bank.behaviour = "willing"
    stuck.mall.pass_time(900)
    assert stuck.scene.why()["sentence"] == "waits for nothing: it is completed"


def collect_one_less(stuck: Stuck) -> None:
    shopper = stuck.scene.shopper
    goods = shopper.shopping_list()
    path, assigned = f"/api/depot/shopping/{goods['id']}", {"assignment": goods["assignment"]}
    [stop] = goods["stops"]
    picked = {"storeId": stop["storeId"], "productId": stop["items"][0]["productId"], "quantity": 1}
    for step, body in (("start", assigned), ("pick", assigned | picked), ("complete", assigned)):
        shopper.ask("PUT", f"{path}/{step}", body, robot(goods["botId"]))


def test_a_refund_that_was_made_after_it_was_given_up_leaves_a_letter_to_close(stuck: Stuck) -> None:
    bank = refund_of_a_cancelled_order(stuck)
    assert "waits for RefundDue" in stuck.scene.why()["sentence"]
    bank.behaviour = "willing"
    stuck.mall.now += timedelta(hours=1)  # by when its money is compared
    stuck.scene.shopper.ask("POST", "/api/payments/reconciliation", {"day": f"{stuck.mall.now:%Y-%m-%d}"})
    stuck.mall.pass_time(60)
    found = stuck.scene.why()
    assert "waits for nothing: it is cancelled: the mall closes; 1 dead letter" in found["sentence"]
    assert not found["blames"]


def test_a_refund_that_was_given_up_is_found_behind_any_number_of_other_letters_of_payments(stuck: Stuck) -> None:
    refund_of_a_cancelled_order(stuck)
    other = {"id": "other", "state": "open", "stream": "Payment#other", "message": "OrderApproved"}
    page = httpx.Response(200, json={"letters": [other] * 100, "next": "more"})
    stuck.scene.cli.failing["/api/operations/letters?service=payments&limit"] = page
    assert "waits for RefundDue" in stuck.scene.why()["sentence"]


def test_a_void_that_the_provider_does_not_make_is_outstanding(stuck: Stuck) -> None:
    bank = Bank(stuck.mall)
    stuck.scene.checks_out()
    bank.behaviour = "is away"
    stuck.scene.shopper.is_cancelled_by_staff()
    stuck.mall.pass_time(60)
    found = stuck.scene.why()
    assert "is cancelled, and waits for payments to make the void of its payment (VoidDue)" in found["sentence"]
    assert found["blames"] == "payments/inbox"
    bank.behaviour = "willing"
    stuck.mall.pass_time(900)
    assert stuck.scene.why()["sentence"] == "waits for nothing: it is cancelled: the mall closes"


def test_what_a_service_did_after_the_end_is_not_claimed_while_it_does_not_answer(stuck: Stuck) -> None:
    paid_and_cancelled(stuck)
    stuck.mall.pass_time(60)
    assert "not known" not in stuck.scene.why()["sentence"]
    stuck.mall.stop("payments")
    assert "what payments did after it is not known" in stuck.scene.why()["sentence"]


def test_nothing_is_blamed_for_the_seconds_in_which_an_end_is_taken(stuck: Stuck) -> None:
    paid_and_cancelled(stuck)
    stuck.mall.stop_repeating("mappings")
    said = []
    for _ in range(10):
        stuck.mall.pass_time(1)
        said.append(stuck.scene.why())
    assert not [one for one in said if one["blames"]]
    assert said[-1]["sentence"].startswith("waits for nothing")


def test_a_discarded_letter_whose_effect_came_otherwise_is_not_blamed(stuck: Stuck) -> None:
    with pytest.MonkeyPatch.context() as deploy:
        Stuck(stuck.scene, deploy).breaks(payments, "create_or_reduce_invoice")
        stuck.scene.checks_out()
        stuck.is_given_up()
    [letter] = operates(stuck, "GET", "letters?state=open")["letters"]
    operates(stuck, "PUT", f"letters/{letter['id']}/discard", {"reason": "its goods will do"})
    assert "gave up and an operator discarded" in stuck.scene.why()["sentence"]
    collect(stuck.scene.shopper)
    stuck.mall.pass_time(10)
    found = stuck.scene.why()
    assert "waits for the customer to pay" in found["sentence"]
    assert not found["blames"]


def test_an_answer_that_was_given_up_counts_only_while_the_order_waits_for_it(stuck: Stuck) -> None:
    stuck.mall.hold("checkout", "OrderApprovalAccepted")
    stuck.is_collected()
    stuck.breaks(checkout, "answer")
    stuck.mall.release("checkout", "OrderApprovalAccepted")
    stuck.is_given_up()
    assert [one["message"] for one in operates(stuck, "GET", "letters?state=open")["letters"]]
    found = stuck.scene.why()
    assert "waits for the customer to pay" in found["sentence"]
    assert not found["blames"]


def test_an_answer_without_a_commit_is_looked_for_where_it_would_wait(stuck: Stuck) -> None:
    stuck.mall.hold("customers", "AuthorizeCustomer")
    stuck.scene.checks_out()
    stuck.scene.pauses("checkout/inbox")
    stuck.mall.release("customers", "AuthorizeCustomer")
    stuck.mall.pass_time(20)
    found = stuck.scene.why()
    assert "from customers, which may have answered" in found["sentence"]
    assert (found["blames"], found["do"]) == ("checkout/inbox", "mallbots resume checkout/inbox")


def test_a_run_that_is_to_send_a_letter_back_is_named_while_it_does_not(stuck: Stuck) -> None:
    stuck.breaks(payments, "create_or_reduce_invoice")
    stuck.is_collected()
    stuck.is_given_up()
    letters = [one["id"] for one in operates(stuck, "GET", "letters?state=open")["letters"]]
    run = operates(stuck, "POST", "redrives", {"letters": letters})["id"]
    assert stuck.scene.why()["do"] == f"mallbots run show {run}"
    operates(stuck, "PUT", f"runs/{run}/pause")
    assert stuck.scene.why()["do"] == f"mallbots run resume {run}"
    operates(stuck, "PUT", f"runs/{run}/cancel")
    assert stuck.scene.why()["do"].startswith("mallbots dead redrive")


def test_a_list_that_depot_lost_is_made_again_by_the_commands_that_the_runbook_sends_again(stuck: Stuck) -> None:
    stuck.scene.checks_out()
    order = stuck.scene.shopper.basket_id
    lost = stuck.mall.runtimes["depot"].store
    assert isinstance(lost, MemoryEventStore)
    del lost.items[f"ShoppingList#{order}"]
    assert stuck.scene.why()["do"] == "docs/runbooks/restore-a-table.md"
    again = [one for one in stuck.mall.published if one.metadata.name in ("CreateShoppingList", "InitiateShopping")]
    for command in again:
        stuck.mall.publish(command.detail())
        stuck.mall.settle()
    found = stuck.scene.why()
    assert "no shopping list" not in found["sentence"]
    assert "robot" in found["sentence"]
