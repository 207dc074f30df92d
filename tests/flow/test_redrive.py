"""A handler is broken, its letters are found by group, it is mended, they are sent back; nothing happens twice."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from functions.kernel.domain.errors import RefusedError
from functions.ordering import service as ordering
from functions.payments import service as payments
from tests.flow.adding_up import everything_adds_up
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.mall import Mall

GIVEN_UP = 300  # seconds: an error of ours is given up at the eighth receive, after 254
ORDERS = 8


@pytest.fixture
def mall() -> Mall:
    return Mall()


def ask(mall: Mall, method: str, path: str, body: Any = None) -> Any:
    answer = mall.request(method, f"/api/operations/{path}", body, caller=OPERATOR_ON_CALL)
    assert answer.status == 200, answer
    return answer.body


def shoppers(mall: Mall, count: int = ORDERS) -> list[Shopper]:
    """So many who have checked out, and a robot for each."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    for number in range(count):
        bring_a_robot_online(mall, f"robot {number}")
    found = [Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(20) for _ in range(count)]
    for shopper in found:
        shopper.checks_out()
    return found


def broken(monkeypatch: pytest.MonkeyPatch, service: Any, use_case: str) -> Callable[[], None]:
    """A deploy that breaks a use case; returns what mends it."""
    working = getattr(service, use_case)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the column is gone")

    monkeypatch.setattr(service, use_case, fail)
    return lambda: monkeypatch.setattr(service, use_case, working)


def the_group(mall: Mall) -> Any:
    mall.operate("collector")
    [group] = ask(mall, "GET", "groups")["groups"]
    return group


def until_over(mall: Mall, run: str, minutes: int = 30) -> Any:
    for _ in range(minutes):
        mall.operate("redriver")
        shown = ask(mall, "GET", f"runs/{run}")
        if shown["run"]["ended"]:
            return shown
        mall.pass_time(60)
    raise AssertionError(shown)


def go_on(mall: Mall, found: list[Shopper]) -> None:
    """Robots collect, customers pay."""
    for shopper in found:
        collect(shopper)
    mall.pass_time(60)
    for shopper in found:
        shopper.pays()
    mall.pass_time(120)


def test_orders_whose_invoices_could_not_be_made_are_completed_by_a_redrive(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = broken(monkeypatch, payments, "create_or_reduce_invoice")
    found = shoppers(mall)
    mall.pass_time(GIVEN_UP)
    group = the_group(mall)
    assert (group["consumer"], group["message"], group["error"]) == ("payments/inbox", "OrderApproved", "RuntimeError")
    assert (group["reason"], group["counts"]["open"]) == ("the column is gone", ORDERS)
    assert mall.dead_letters() == {}

    mend()
    runs = [ask(mall, "POST", "redrives", {"group": group["id"]})["id"] for _ in range(2)]  # two operators at once
    mall.pass_time(1)
    shown = [until_over(mall, run) for run in runs]
    assert sum(one["run"]["counts"]["done"] for one in shown) == ORDERS
    go_on(mall, found)
    assert {shopper.order()["status"] for shopper in found} == {"completed"}
    everything_adds_up(mall)
    invoices = Counter(e.data["order_id"] for e in mall.published if e.metadata.name == "InvoiceCreated")
    assert set(invoices.values()) == {1}
    letters = ask(mall, "GET", "letters?state=done")["letters"]
    assert [(one["redrives"], one["repetitions"]) for one in letters] == [(1, 0)] * ORDERS


def test_a_redrive_of_what_is_still_broken_stops_by_itself_and_its_letters_are_open_again(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = broken(monkeypatch, payments, "create_or_reduce_invoice")
    found = shoppers(mall)
    mall.pass_time(GIVEN_UP)
    group = the_group(mall)
    mall.pass_time(1)
    run = ask(mall, "POST", "redrives", {"group": group["id"]})["id"]
    for _ in range(3):
        mall.operate("redriver")
        mall.pass_time(60)
    stopped = ask(mall, "GET", f"runs/{run}")["run"]
    assert (stopped["state"], stopped["counts"]["pending"]) == ("stopped", ORDERS - 3)
    mall.pass_time(GIVEN_UP)
    mall.operate("collector", "redriver")
    letters = ask(mall, "GET", "letters?state=open")["letters"]
    assert sorted(one["redrives"] for one in letters) == [0] * (ORDERS - 3) + [1] * 3
    assert sorted(one["repetitions"] for one in letters) == [0] * (ORDERS - 3) + [1] * 3

    mend()
    ask(mall, "PUT", f"runs/{run}/resume", {})
    over = until_over(mall, run)["run"]
    assert (over["state"], over["counts"]["dead"], over["counts"]["done"]) == ("done", 3, ORDERS - 3)
    mall.pass_time(1)
    until_over(mall, ask(mall, "POST", "redrives", {"group": group["id"]})["id"])
    go_on(mall, found)
    everything_adds_up(mall)


def test_commands_that_come_after_their_saga_has_ended_change_nothing(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend = broken(monkeypatch, payments, "confirm")
    found = shoppers(mall, 3)
    mall.pass_time(2 * GIVEN_UP)
    assert {shopper.order()["status"] for shopper in found} == {"rejected"}
    group = the_group(mall)
    assert (group["consumer"], group["message"]) == ("payments/inbox", "ConfirmPayment")
    before = [(shopper.order(), shopper.payment()) for shopper in found]

    mend()
    mall.pass_time(1)
    over = until_over(mall, ask(mall, "POST", "redrives", {"group": group["id"]})["id"])["run"]
    assert over["counts"]["done"] == over["total"] > 0
    mall.pass_time(GIVEN_UP)
    assert [(shopper.order(), shopper.payment()) for shopper in found] == before
    everything_adds_up(mall)


def test_a_letter_that_is_edited_is_handled_in_the_place_of_the_original(
    mall: Mall, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = ordering.approve

    def approve(order_id: str, shopping_list_id: str) -> None:
        if shopping_list_id == order_id:
            raise RuntimeError("that list is not the order's")
        working(order_id, order_id)

    monkeypatch.setattr(ordering, "approve", approve)
    [shopper] = shoppers(mall, 1)
    mall.pass_time(GIVEN_UP)
    mall.operate("collector")
    letters = ask(mall, "GET", "letters?state=open&message=ApproveOrder")["letters"]
    data = {"order_id": shopper.basket_id, "shopping_list_id": "another list"}
    edited = ask(mall, "PUT", f"letters/{letters[0]['id']}/data", {"data": data})
    until_over(mall, ask(mall, "POST", "redrives", {"letters": [edited["letter"]]})["id"])
    assert shopper.order()["status"] == "approved"
    approved = next(e for e in mall.published if e.metadata.name == "OrderApproved")
    assert approved.metadata.causation_id == edited["messageId"]


def test_a_refusal_is_no_letter(mall: Mall, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError("not today")

    monkeypatch.setattr(payments, "confirm", refuse)
    shoppers(mall, 1)
    mall.pass_time(GIVEN_UP)
    mall.operate("collector")
    assert ask(mall, "GET", "letters")["letters"] == []
