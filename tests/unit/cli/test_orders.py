"""order, trace, wait: where an order is, and why it waits, judged by what was planted."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from functions.checkout import service as checkout
from functions.depot import service as depot
from functions.payments import service as payments
from tests.flow.shopper import Shopper, collect, leave, stop_heartbeats
from tests.flow.test_redrive import broken
from tests.support.callers import robot
from tests.unit.cli.scene import Scene


def _nothing_yet(scene: Scene) -> None:
    """The customer has not checked out."""


def _ordering_paused(scene: Scene) -> None:
    scene.pauses("ordering/inbox")
    scene.checks_out()


def _checkout_paused(scene: Scene) -> None:
    scene.pauses("checkout/inbox")
    scene.checks_out()


def _customers_paused(scene: Scene) -> None:
    scene.pauses("customers/inbox")
    scene.checks_out()


def _depot_paused(scene: Scene) -> None:
    scene.pauses("depot/inbox")
    scene.checks_out()


def _payments_paused(scene: Scene) -> None:
    scene.pauses("payments/inbox")
    scene.checks_out()


def _depot_held(scene: Scene) -> None:
    scene.mall.hold("depot", "CreateShoppingList")
    scene.checks_out()


def _answers_held(scene: Scene) -> None:
    scene.mall.hold("checkout", "ShoppingListAccepted")
    scene.checks_out()


def _no_robot(scene: Scene) -> None:
    leave(scene.mall, scene.bot)
    scene.checks_out()


def _robots_at_work(scene: Scene) -> None:
    other = Shopper(scene.mall).registers().fills_a_basket({_product(scene): 1}).authorizes_a_payment(30)
    other.checks_out()
    scene.mall.pass_time(10)
    scene.checks_out()


def _product(scene: Scene) -> str:
    items = scene.shopper.acts("GET", f"/api/baskets/{scene.shopper.basket_id}")["basket"]["items"]
    return str(items[0]["productId"])


def _collecting(scene: Scene) -> None:
    scene.checks_out()


def _dispatcher_paused(scene: Scene) -> None:
    scene.pauses("depot/dispatcher")
    scene.checks_out()


def _unpaid(scene: Scene) -> None:
    scene.checks_out()
    collect(scene.shopper)


def _collected_unseen(scene: Scene) -> None:
    scene.checks_out()
    scene.pauses("ordering/inbox")
    collect(scene.shopper)


def _paid_unseen(scene: Scene) -> None:
    scene.checks_out()
    collect(scene.shopper)
    scene.pauses("ordering/inbox")
    scene.shopper.pays()


def _completed(scene: Scene) -> None:
    scene.checks_out()
    collect(scene.shopper)
    scene.shopper.pays()


def _cancelled(scene: Scene) -> None:
    scene.checks_out()
    scene.shopper.cancels()
    scene.mall.pass_time(60)


def _basket_cancelled(scene: Scene) -> None:
    scene.shopper.acts("DELETE", f"/api/baskets/{scene.shopper.basket_id}")
    scene.mall.settle()


PLANTED: list[tuple[Callable[[Scene], None], str, str]] = [
    (_nothing_yet, "waits for the customer to check out", ""),
    (_ordering_paused, "waits for ordering to take BasketCheckedOut", "ordering/inbox"),
    (_checkout_paused, "waits for checkout to take OrderCreated", "checkout/inbox"),
    (_customers_paused, "waits for CustomerAuthorized or CustomerRefused from customers", "customers/inbox"),
    (_depot_paused, "waits for ShoppingListAccepted or ShoppingListRefused from depot", "depot/inbox"),
    (_payments_paused, "waits for PaymentAccepted or PaymentRefused from payments", "payments/inbox"),
    (_depot_held, "waits for ShoppingListAccepted or ShoppingListRefused from depot", "checkout/relay"),
    (_answers_held, "waits for checkout to take", "depot/relay"),
    (_no_robot, "waits for a robot: none is idle (1 offline)", "robots"),
    (_robots_at_work, "waits for a robot: none is idle (1 at work)", ""),
    (_collecting, "waits for robot Ajax, which has 0 of 2 items", ""),
    (_dispatcher_paused, "waits to be given to a robot, of which 1 is idle", "depot/dispatcher"),
    (_unpaid, "waits for the customer to pay 19.90", ""),
    (_collected_unseen, "waits for ordering to take ShoppingListCompleted", "ordering/inbox"),
    (_paid_unseen, "waits for ordering to take InvoicePaid", "ordering/inbox"),
    (_completed, "waits for nothing: it is completed", ""),
    (_cancelled, "waits for nothing: it is cancelled: changed my mind", ""),
    (_basket_cancelled, "never became an order: its basket is cancelled", ""),
]


@pytest.mark.parametrize(("plant", "sentence", "blames"), PLANTED, ids=[plant.__name__ for plant, _, _ in PLANTED])
def test_the_sentence_says_what_was_planted(
    scene: Scene, plant: Callable[[Scene], None], sentence: str, blames: str
) -> None:
    plant(scene)
    found = scene.why()
    assert sentence in found["sentence"]
    assert found["blames"].startswith(blames) if blames else not found["blames"]
    assert ("because" in found["sentence"]) == plant.__name__.endswith("_paused") or blames == "ordering/inbox"


@pytest.mark.parametrize(
    ("service", "use_case", "message", "consumer"),
    [
        (payments, "create_or_reduce_invoice", "OrderApproved", "payments/inbox"),
        (checkout, "start", "OrderCreated", "checkout/inbox"),
    ],
)
def test_a_message_that_was_given_up_is_named_with_the_command_that_sends_it_back(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, service: Any, use_case: str, message: str, consumer: str
) -> None:
    broken(monkeypatch, service, use_case)
    scene.checks_out()
    scene.mall.pass_time(300)
    scene.mall.operate("collector")
    found = scene.why()
    assert f"waits for {message}, which {consumer} gave up: the column is gone" in found["sentence"]
    assert found["do"].startswith("mallbots dead redrive ")


def test_an_order_that_was_rejected_for_a_broken_handler_waits_for_nothing_and_has_letters_to_close(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch, depot, "plan_for_order")
    scene.checks_out()
    scene.mall.pass_time(600)
    scene.mall.operate("collector")
    said = scene.why()["sentence"]
    assert "waits for nothing: it is rejected: CreateShoppingList has no answer after 3 tries" in said
    assert "dead letter" in said


def test_a_robot_that_falls_silent_at_work_is_named(scene: Scene) -> None:
    scene.checks_out()
    stop_heartbeats(scene.mall, scene.bot)
    goods = scene.shopper.shopping_list()
    start = f"/api/depot/shopping/{goods['id']}/start"
    scene.shopper.ask("PUT", start, {"assignment": goods["assignment"]}, robot(scene.bot))
    scene.mall.pass_time(10)
    assert "waits for robot Ajax" in scene.why()["sentence"]
    scene.mall.pass_time(300)
    assert "waits for a robot: none is idle (1 offline)" in scene.why()["sentence"]


def test_the_third_try_is_counted(scene: Scene) -> None:
    scene.mall.hold("customers", "AuthorizeCustomer")
    scene.shopper.checks_out()
    scene.mall.pass_time(150)
    assert "third try" in scene.why()["sentence"]


def test_a_service_that_is_down_is_named(scene: Scene) -> None:
    scene.checks_out()
    scene.mall.stop("payments")
    shown = scene.cli(f"order {scene.shopper.basket_id} --json").data
    assert shown["silent"] == ["payments"]
    assert "waits for robot Ajax" in shown["why"]["sentence"]


def test_an_order_is_shown_with_items_money_and_tree(scene: Scene) -> None:
    _unpaid(scene)
    shown = scene.cli(f"order {scene.shopper.basket_id}").out
    for text in ("ready (not paid)", "2 × cable 9.95", "19.90", "confirmed, 30.00", "It waits for the customer to pay"):
        assert text in shown
    assert "baskets: BasketCheckedOut" in shown


def test_the_tree_has_every_message_under_its_cause(scene: Scene) -> None:
    _completed(scene)
    found = scene.cli(f"trace {scene.shopper.basket_id} --json").data
    published = {one.metadata.id: one.metadata for one in scene.mall.published}
    above: list[str] = []
    for one in found:
        del above[one["depth"] :]
        on_bus = one["name"] != "SagaWatchEnds"  # a reminder is in its commit alone
        cause = published[one["id"]].causation_id if on_bus else one["causationId"]
        assert above[-1:] == [cause] if one["depth"] else cause not in {other["id"] for other in found}
        above.append(one["id"])
    names = [one["name"] for one in found]
    assert {"OrderCreated", "ShoppingListAccepted", "OrderApproved", "InvoicePaid", "OrderCompleted"} <= set(names)
    assert "SagaWatchEnds" in names
    assert len({one["id"] for one in found}) == len(found)


def test_an_order_is_found_by_what_belongs_to_it(scene: Scene) -> None:
    _collecting(scene)
    order = scene.shopper.basket_id
    flow = next(e.metadata.correlation_id for e in scene.mall.published if e.metadata.name == "OrderCreated")
    message = next(e.metadata.id for e in scene.mall.published if e.metadata.name == "ShoppingListAccepted")
    for id in (order[:8], scene.shopper.payment_id, scene.bot, flow, message, "+15550100"):
        assert scene.cli(f"order {id} --json").data["id"] == order
    assert f"did you mean {order}?" in scene.cli(f"order {order[:-3]}", code=3).err


def test_what_is_not_found_while_a_service_is_silent_is_not_said_not_to_be(scene: Scene) -> None:
    _collecting(scene)
    payment = scene.shopper.payment_id
    scene.cli.failing["/api/payments"] = httpx.Response(500, json={"code": "internal", "message": "wrong here"})
    assert "payments did not answer" in scene.cli(f"order {payment}", code=1).err


def test_an_order_is_shown_while_a_service_fails_which_is_named(scene: Scene) -> None:
    _collecting(scene)
    order = scene.shopper.basket_id
    problem = {"code": "internal", "message": "something went wrong here"}
    scene.cli.failing["/api/depot"] = httpx.Response(500, json=problem, headers={"x-correlation-id": "flow-7"})
    shown = scene.cli(f"order {order} --json")
    assert shown.data["order"]["status"] == "approved"
    assert "depot does not answer: something went wrong here (500 internal), X-Correlation-Id flow-7" in shown.err
    assert "depot" in shown.data["why"]["sentence"]


def test_waiting_ends_when_the_order_is_there_or_never_can_be(scene: Scene) -> None:
    _collecting(scene)
    order = scene.shopper.basket_id
    assert scene.cli(f"wait {order} approved").out == "approved\n"
    assert "waits for robot Ajax" in scene.cli(f"wait {order} ready --seconds 0", code=1).err
    scene.mall.repeat(60, lambda: collect(scene.shopper), "collects")
    assert scene.cli(f"wait {order} ready --json").data["status"] == "ready"
    scene.mall.stop_repeating("collects")
    scene.shopper.is_cancelled_by_staff()
    assert "will never be completed" in scene.cli(f"wait {order} completed", code=1).err
    assert "did you mean completed?" in scene.cli(f"wait {order} complete", code=2).err


def test_a_phone_number_is_in_no_address_and_only_staff_may_ask_for_it(scene: Scene) -> None:
    _collecting(scene)
    scene.cli("order '+1 555-0100'")
    others = ("020 7946 0000", "0044-20-7946-0000", "(020) 7946.0000", "02079460000", "20794600")
    for other in others:
        assert "no customer has this number" in scene.cli(f"order '{other}'", code=3).err
    scene.cli("incident '+1 555-0100' --dry-run")
    spelled = {quote(one, safe="") for one in ("+1 555-0100", *others)} | {"555-0100", "15550100"}
    assert [one for one in scene.cli.requests for number in spelled if number in one] == []
    assert "no customer has this number" in scene.cli("order +15550199", code=3).err
    scene.cli.caller = scene.shopper.me
    assert "your role may not do this" in scene.cli("order +15550100", code=1).err


def test_a_saga_is_tried_again_by_the_very_message_that_was_lost(scene: Scene) -> None:
    scene.mall.hold("depot", "CreateShoppingList")
    scene.checks_out()
    order = scene.shopper.basket_id
    assert scene.why()["do"] == f"mallbots saga retry {order}"
    scene.mall.held.clear()
    [asked] = [e.metadata.id for e in scene.mall.published if e.metadata.name == "CreateShoppingList"]
    assert scene.cli(f"saga retry {order} --dry-run --json").data["sent"] == []
    assert scene.cli(f"saga retry {order} --yes --json").data == {"commands": ["CreateShoppingList"], "sent": [asked]}
    scene.mall.settle()
    assert scene.shopper.order()["status"] == "approved"
    assert "it waits for no answer" in scene.cli(f"saga retry {order} --yes", code=1).err


def test_an_order_without_a_saga_has_nothing_to_try_again(scene: Scene) -> None:
    _nothing_yet(scene)
    assert (
        scene.mall.request(
            "PUT", "/api/operations/sagas/none/retry", {"commands": ["X"]}, caller=scene.cli.caller
        ).status
        == 404
    )


def test_the_tree_is_whole_while_insights_does_not_answer(scene: Scene) -> None:
    scene.mall.stop("insights")
    scene.checks_out()
    order = scene.shopper.basket_id
    found = scene.cli(f"trace {order} --json")
    assert "did not answer" not in found.err
    depths = {one["name"]: one["depth"] for one in found.data}
    assert depths["BasketCheckedOut"] < depths["OrderCreated"] < depths["CreateShoppingList"]
    shown = scene.cli(f"order {order} --json").data
    assert {one["id"] for one in shown["messages"]} == {one["id"] for one in found.data}


def test_a_service_that_does_not_answer_is_named_beside_the_tree_that_lacks_its_messages(scene: Scene) -> None:
    scene.checks_out()
    scene.mall.stop("depot")
    found = scene.cli(f"trace {scene.shopper.basket_id} --json")
    assert "depot did not answer: some messages are missing" in found.err
    assert "OrderCreated" in {one["name"] for one in found.data}
    assert "mallbots.depot" not in {one["source"] for one in found.data}
