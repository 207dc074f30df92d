"""An order's timeline from its owners' commits, for operators and for staff, and while services do not answer."""

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


def of_the_order(mall: OperatedMall, order: str) -> list[str]:
    """The ids of what was published with the order's id, or in a flow that a request about it began."""
    named = ("order_id", "basket_id", "list_id", "difference_id")
    about = [one for one in mall.published if order in [one.data.get(name) for name in named]]
    flows = {one.metadata.correlation_id for one in about if not one.metadata.causation_id}
    return [one.metadata.id for one in mall.published if one in about or one.metadata.correlation_id in flows]


def test_owners_have_all_that_was_published_but_for_robots_streams_and_answers_of_no_commit(
    mall: OperatedMall, order: str
) -> None:
    published = {one.metadata.id: one.metadata for one in mall.published}
    expected = {
        id
        for id in of_the_order(mall, order)
        if not published[id].stream.startswith(ROBOTS) and published[id].name != "CustomerAuthorized"
    }
    found = asked(mall, order, "?limit=100")
    assert len(expected) > 25
    assert expected <= {one["id"] for one in found["messages"]}
    assert found["gaps"] == []


def test_staff_see_the_same_but_for_reminders(mall: OperatedMall, order: str) -> None:
    messages = asked(mall, order, "?limit=100")["messages"]
    assert of_insights(mall, order) == [one for one in messages if not is_timer(one)]
    assert {one["name"] for one in messages if is_timer(one)} == {"SagaWatchEnds"}


def test_the_authorization_that_came_before_the_order_is_in_its_timeline(mall: OperatedMall, order: str) -> None:
    more = {one["name"] for one in of_insights(mall, order) if one["id"] not in of_the_order(mall, order)}
    assert more == {"PaymentAuthorized"}


def test_while_an_owner_does_not_answer_staff_are_told_to_ask_again(mall: OperatedMall, order: str) -> None:
    whole = of_insights(mall, order)
    mall.stop("depot")
    answer = mall.request("GET", f"/api/insights/orders/{order}/timeline")
    assert (answer.status, answer.body["code"]) == (503, "unavailable")
    mall.start("depot")
    assert of_insights(mall, order) == whole


def test_a_timeline_is_whole_while_insights_has_received_nothing(mall: OperatedMall) -> None:
    mall.paused.add("insights/inbox")
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    shopper = Shopper(mall).registers().fills_a_basket({cable: 1}).authorizes_a_payment(9.95).checks_out()
    mall.pass_time(60)
    assert "OrderApproved" in {one["name"] for one in of_insights(mall, shopper.basket_id)}


def test_pages_have_every_message_once(mall: OperatedMall, order: str) -> None:
    page = asked(mall, order, "?limit=7")
    messages = page["messages"]
    while page.get("next"):
        assert len(page["messages"]) == 7
        page = asked(mall, order, f"?limit=7&next={page['next']}")
        messages += page["messages"]
    assert messages == asked(mall, order, "?limit=100")["messages"]


def test_each_message_is_named_by_a_commit_that_has_its_time(mall: OperatedMall, order: str) -> None:
    """By this the console's tree of an order follows its slider, which goes from commit to commit.

    An answer to a command has a stream of the command, and is in the commit of the aggregate that took it.
    """
    messages = asked(mall, order, "?limit=100")["messages"]
    times: dict[str, str] = {}
    for service, stream in {(one["source"].removeprefix("mallbots."), one["stream"]) for one in messages}:
        path = f"/api/operations/streams/{service}/{stream.replace('#', '/')}?limit=100"
        commits = mall.request("GET", path, caller=OPERATOR_ON_CALL).body.get("commits", [])
        times |= {told["id"]: commit["time"] for commit in commits for told in commit["messages"]}
    assert {one["id"]: one["time"] for one in messages} == {one["id"]: times.get(one["id"]) for one in messages}


def test_an_owner_that_does_not_answer_is_named_as_a_gap(mall: OperatedMall, order: str) -> None:
    whole = asked(mall, order, "?limit=100")["messages"]
    mall.stop("payments", "insights", "search")
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
