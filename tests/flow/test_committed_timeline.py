"""An order's timeline from its owners' commits, beside that of insights, and while services do not answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from events.registry import Kind, language
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.callers import OPERATOR_ON_CALL
from tests.support.operated import OperatedMall, deployed

ROBOTS = ("Bot#", "Robot#")


@pytest.fixture
def mall(monkeypatch: pytest.MonkeyPatch) -> Iterator[OperatedMall]:
    with deployed(monkeypatch):
        yield OperatedMall()


@pytest.fixture
def order(mall: OperatedMall) -> str:
    """A completed order."""
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2, products["charger"]: 1})
    shopper.authorizes_a_payment(54.8).checks_out()
    mall.pass_time(10)
    collect(shopper)
    mall.pass_time(60)
    shopper.pays()
    mall.pass_time(60)
    assert shopper.order()["status"] == "completed"
    return shopper.basket_id


def asked(mall: OperatedMall, order: str, rest: str = "") -> Any:
    answer = mall.request("GET", f"/api/operations/orders/{order}/timeline{rest}", caller=OPERATOR_ON_CALL)
    assert answer.status == 200, answer.body
    return answer.body


def of_insights(mall: OperatedMall, order: str) -> list[dict[str, Any]]:
    answer = mall.request("GET", f"/api/insights/orders/{order}/timeline?limit=100")
    messages: list[dict[str, Any]] = answer.body["messages"]
    return messages


def is_timer(message: dict[str, Any]) -> bool:
    return language()[message["name"]].about.kind is Kind.TIMER


def test_owners_have_what_insights_has_but_for_robots_streams_and_answers_of_no_commit(
    mall: OperatedMall, order: str
) -> None:
    found = asked(mall, order, "?limit=100")
    expected = [
        one
        for one in of_insights(mall, order)
        if not one["stream"].startswith(ROBOTS) and one["name"] != "CustomerAuthorized"
    ]
    assert len(expected) > 25
    assert [one for one in found["messages"] if one in expected] == expected
    assert found["gaps"] == []


def test_owners_have_reminders_and_the_authorization_that_came_before_the_order(mall: OperatedMall, order: str) -> None:
    known = of_insights(mall, order)
    more = [one for one in asked(mall, order, "?limit=100")["messages"] if one not in known]
    assert {one["name"] for one in more if is_timer(one)} == {"SagaWatchEnds"}
    assert [one["name"] for one in more if not is_timer(one)] == ["PaymentAuthorized"]


def test_pages_have_every_message_once(mall: OperatedMall, order: str) -> None:
    page = asked(mall, order, "?limit=7")
    messages = page["messages"]
    while page.get("next"):
        assert len(page["messages"]) == 7
        page = asked(mall, order, f"?limit=7&next={page['next']}")
        messages += page["messages"]
    assert messages == asked(mall, order, "?limit=100")["messages"]


def test_an_owner_that_does_not_answer_is_named_as_a_gap(mall: OperatedMall, order: str) -> None:
    whole = asked(mall, order, "?limit=100")["messages"]
    mall.stop("payments", "insights")
    found = asked(mall, order, "?limit=100")
    assert found["gaps"] == ["payments"]
    assert found["messages"] == [one for one in whole if one["source"] != "mallbots.payments"]


def test_of_an_order_that_is_not_there_nothing_is_shown(mall: OperatedMall) -> None:
    missing = f"/api/operations/orders/{'0' * 8}-0000-4000-8000-{'0' * 12}/timeline"
    assert mall.request("GET", missing, caller=OPERATOR_ON_CALL).status == 404
    mall.stop("depot")
    assert mall.request("GET", missing, caller=OPERATOR_ON_CALL).status == 503


def test_of_a_payment_that_served_another_order_nothing_of_that_order_is_shown(mall: OperatedMall) -> None:
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    first = Shopper(mall).registers().fills_a_basket({cable: 1}).authorizes_a_payment(30).checks_out()
    mall.pass_time(60)
    again = Shopper(mall)
    again.customer_id = first.customer_id
    again.fills_a_basket({cable: 2})
    again.payment_id = first.payment_id
    again.checks_out()
    mall.pass_time(60)
    found = asked(mall, again.basket_id, "?limit=100")["messages"]
    assert {"PaymentAuthorized", "OrderRejected"} <= {one["name"] for one in found}
    assert {one["data"].get("order_id") for one in found} <= {None, again.basket_id}
    assert "PaymentConfirmed" not in {one["name"] for one in found}
