"""The timeline of flows and orders."""

import json
import random
from typing import Any

import pytest

from events.baskets import BasketCheckedOut, BasketStarted
from events.checkout import AuthorizeCustomer
from events.customers import CustomerAuthorized, CustomerRegistered
from events.depot import (
    BotAssigned,
    BotCameOnline,
    BotFinished,
    BotState,
    BotWentOffline,
    ShoppingListAssigned,
    ShoppingListAvailable,
    ShoppingListCompleted,
    ShoppingListState,
)
from events.insights import SumsDue
from events.ordering import OrderApproved, OrderCreated, OrderPaid
from events.registry import Kind, language
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.insights.queries import queries
from functions.kernel.runtime.runtime import Runtime
from language.story import sample
from tests.support.delivery import attributes, body_of
from tests.support.gateway import request
from tests.unit.insights.messages import BREAD, at, basket, consume, order

AUTHORIZE = AuthorizeCustomer(order_id="order-1", customer_id="ada")
AUTHORIZED = CustomerAuthorized(order_id="order-1")
PUBLIC = [message for message in language().values() if message.about.kind is not Kind.TIMER]


def messages(path: str, limit: int = 50) -> list[dict[str, Any]]:
    """All messages of a timeline, page by page."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        answer = request(api, "GET", f"/api/insights/{path}?limit={limit}{after}")
        assert answer.status == 200, answer
        assert len(answer.body["messages"]) <= limit
        found += answer.body["messages"]
        if "next" not in answer.body:
            return found
        after = f"&next={answer.body['next']}"


def names(path: str, limit: int = 50) -> list[str]:
    return [message["name"] for message in messages(path, limit)]


def shopping_list(event: type[ShoppingListState], order_id: str, **more: Any) -> ShoppingListState:
    """An event of an order's list."""
    fields = {"shopping_list_id": order_id, "order_id": order_id, "status": "completed", "stops": ()}
    return event.model_validate({**fields, "bot_id": "ajax", "assignment": 1, "by_staff": False, **more})


def robot(event: type[BotState], list_id: str | None = None) -> BotState:
    """An event of a robot."""
    return event(bot_id="ajax", name="Ajax", status="active" if list_id else "idle", list_id=list_id)


def consume_checkout() -> None:
    """Deliver an order's checkout flow, out of order."""
    consume(AUTHORIZED, id="m4", time=at(9, 4), causation_id="m3")
    consume(order(OrderCreated), id="m2", time=at(9, 2), causation_id="m1")
    consume(AUTHORIZE, id="m3", time=at(9, 3), causation_id="m2")
    consume(basket(BasketCheckedOut), id="m1", time=at(9, 1))


def test_insights_consumes_every_message_on_the_bus() -> None:
    assert [message for message in inbox.messages if message is not SumsDue] == PUBLIC


@pytest.mark.parametrize("message", PUBLIC, ids=lambda message: message.about.name)
def test_every_message_is_shown_verbatim_in_its_flow(message: Any) -> None:
    detail = sample(message)
    body = body_of(detail)
    record = {"messageId": "1", "receiptHandle": "1", "body": body, "attributes": attributes()}
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    metadata = detail["metadata"]
    shown = next(m for m in messages(f"timeline/{metadata['correlation_id']}") if m["id"] == metadata["id"])
    assert shown == {
        "id": metadata["id"],
        "name": message.about.name,
        "time": metadata["time"],
        "source": metadata["source"],
        "stream": metadata["stream"],
        "correlationId": metadata["correlation_id"],
        "causationId": metadata["causation_id"],
        "actor": metadata["actor"],
        "data": detail["data"],
    }


@pytest.mark.parametrize("path", ["timeline/flow-1", "orders/order-1/timeline"])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_a_timeline_goes_from_the_oldest_message_to_the_newest_in_whatever_order_they_come(
    path: str, limit: int
) -> None:
    consume_checkout()
    assert names(path, limit) == ["BasketCheckedOut", "OrderCreated", "AuthorizeCustomer", "CustomerAuthorized"]


def test_a_redelivered_message_is_shown_once() -> None:
    consume_checkout()
    before = messages("timeline/flow-1")
    consume_checkout()
    assert messages("timeline/flow-1") == before


def test_a_reply_that_is_published_again_later_is_shown_once_at_its_first_time() -> None:
    consume_checkout()
    consume(AUTHORIZED, id="m4", time=at(9, 30), causation_id="m3")
    assert [m["time"] for m in messages("timeline/flow-1", limit=1) if m["id"] == "m4"] == [at(9, 4)]


def test_messages_of_the_same_time_are_all_shown_with_any_page_size() -> None:
    consume_checkout()
    for number in range(5):
        consume(AUTHORIZE, id=f"try-{number}", time=at(9, 3), causation_id="m2")
    whole = [message["id"] for message in messages("timeline/flow-1")]
    assert whole == ["m1", "m2", "m3", "try-0", "try-1", "try-2", "try-3", "try-4", "m4"]
    for limit in (1, 2, 3, 8, 9):
        assert [message["id"] for message in messages("timeline/flow-1", limit)] == whole


def test_the_timeline_of_an_order_holds_all_messages_of_its_flows_and_no_others() -> None:
    consume(basket(BasketStarted), time=at(8), correlation_id="start")
    consume_checkout()
    consume(robot(BotFinished), time=at(9, 3, day=15), correlation_id="collect")
    consume(
        shopping_list(ShoppingListCompleted, "order-1", shortages=()), time=at(9, 2, day=15), correlation_id="collect"
    )
    consume(basket(BasketCheckedOut, "order-2"), time=at(9), correlation_id="other")
    expected = [
        "BasketStarted",
        "BasketCheckedOut",
        "OrderCreated",
        "AuthorizeCustomer",
        "CustomerAuthorized",
        "ShoppingListCompleted",
        "BotFinished",
    ]
    for limit in (1, 2, 5, 50):
        assert names("orders/order-1/timeline", limit) == expected


def consume_given_back() -> None:
    """A robot stops its heartbeats: its list is given back and assigned anew in the flow in which it came online."""
    consume(robot(BotCameOnline), id="r1", time=at(9, 2), correlation_id="robot")
    for minute, about in ((10, "order-1"), (20, "order-2")):
        more = {"time": at(9, minute), "correlation_id": "robot", "causation_id": "a timer"}
        consume(robot(BotWentOffline), id=f"{about} gone", **more)
        consume(shopping_list(ShoppingListAvailable, about), id=f"{about} back", **more)
        consume(
            shopping_list(ShoppingListAssigned, about), id=f"{about} away", **more | {"causation_id": f"{about} back"}
        )
        consume(robot(BotAssigned, about), id=f"{about} robot", **more | {"causation_id": f"{about} back"})


def test_events_of_an_order_in_other_flows_are_in_its_timeline_without_the_rest_of_those_flows() -> None:
    consume(basket(BasketCheckedOut, "order-1"), id="b1", time=at(9), correlation_id="checkout")
    consume_given_back()
    expected = {"BasketCheckedOut", "ShoppingListAvailable", "ShoppingListAssigned", "BotAssigned"}
    for limit in (1, 2, 50):
        found = names("orders/order-1/timeline", limit)
        assert (set(found), len(found)) == (expected, 4)
    assert len(names("timeline/robot")) == 9


@pytest.mark.parametrize("seed", range(5))
def test_an_event_that_is_received_before_the_first_of_its_flow_is_shown_once(seed: int) -> None:
    published = [
        (basket(BasketCheckedOut), {"id": "m1", "time": at(9, 1)}),
        (order(OrderCreated), {"id": "m2", "time": at(9, 2), "causation_id": "m1"}),
        (order(OrderApproved), {"id": "m3", "time": at(9, 3), "causation_id": "m2"}),
        (order(OrderPaid), {"id": "m4", "time": at(9, 4), "causation_id": "m3"}),
    ]
    published *= 2
    random.Random(seed).shuffle(published)
    for message, metadata in published:
        consume(message, **metadata)
    for limit in (1, 3, 50):
        expected = ["BasketCheckedOut", "OrderCreated", "OrderApproved", "OrderPaid"]
        assert names("orders/order-1/timeline", limit) == expected


def test_an_order_with_more_flows_than_a_page_is_shown_completely() -> None:
    for number in range(120):
        consume(basket(BasketStarted), id=f"m{number}", time=at(8, number % 60), correlation_id=f"flow-{number:03}")
    assert len(messages("orders/order-1/timeline", limit=100)) == 120


@pytest.mark.parametrize("path", ["timeline/flow-1", "orders/order-1/timeline"])
def test_a_timeline_of_100_messages_of_150_kb_has_pages_that_fit_into_an_answer_and_lacks_none(path: str) -> None:
    lines = [BREAD.model_copy(update={"product_id": f"{n}", "product_name": "x" * 1_300}) for n in range(100)]
    for number in range(100):  # the small ones are in another partition, and between the large ones
        time = at(9, number // 2)
        consume(order(OrderPaid, items=lines), id=f"m{2 * number:03}", time=time, causation_id="m")
        consume(AUTHORIZED, id=f"m{2 * number + 1:03}", time=time, causation_id="m")
    consume(basket(BasketStarted), id="m200", time=at(10), correlation_id="flow-1")
    found: list[str] = []
    after = ""
    while True:
        answer = request(api, "GET", f"/api/insights/{path}?limit=100{after}")
        assert len(json.dumps({"body": json.dumps(answer.body, default=str)})) < 6_291_456
        found += [message["id"] for message in answer.body["messages"]]
        if "next" not in answer.body:
            break
        after = f"&next={answer.body['next']}"
    assert found == [f"m{number:03}" for number in range(201)]


def test_a_message_without_an_order_is_in_no_orders_timeline(runtime: Runtime) -> None:
    consume(CustomerRegistered(customer_id="ada", enabled=True))
    assert names("timeline/flow-1") == ["CustomerRegistered"]
    assert request(api, "GET", "/api/insights/orders/ada/timeline").status == 404


@pytest.mark.parametrize("path", ["timeline/nowhere", "orders/none/timeline"])
def test_a_timeline_without_messages_is_not_found(path: str) -> None:
    consume_checkout()
    answer = request(api, "GET", f"/api/insights/{path}")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_a_page_of_another_timeline_is_refused() -> None:
    consume_checkout()
    token = request(api, "GET", "/api/insights/timeline/flow-1?limit=1").body["next"]
    for path in ("timeline/flow-2", "orders/flow-1/timeline", "orders/order-1/timeline"):
        assert request(api, "GET", f"/api/insights/{path}?limit=1&next={token}").status == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "next=forged"])
def test_an_invalid_limit_or_a_forged_page_is_refused(query: str) -> None:
    consume_checkout()
    assert request(api, "GET", f"/api/insights/timeline/flow-1?{query}").status == 400


def around(time: str, before: int, after: int, **of: str) -> list[tuple[str, str]]:
    """The names and times of what the query answers."""
    query = {"order_id": "", "correlation_id": "flow-1", "around": time, "before": before, "after": after, **of}
    answer = queries.handle({"query": "FindTimeline", "data": query})["answer"]
    return [(message["name"], message["time"]) for message in answer["messages"]]


def test_operations_is_told_what_was_published_around_a_time() -> None:
    consume_checkout()
    created = ("OrderCreated", at(9, 2))
    assert around(at(9, 2), 1, 1) == [created, ("AuthorizeCustomer", at(9, 3))]
    assert around(at(9, 2), 50, 0) == [("BasketCheckedOut", at(9, 1)), created]
    assert around(at(9, 2), 0, 50, order_id="order-1") == [
        ("AuthorizeCustomer", at(9, 3)),
        ("CustomerAuthorized", at(9, 4)),
    ]
    assert around(at(9), 5, 1, order_id="order-1") == [("BasketCheckedOut", at(9, 1))]
    assert around(at(9), 5, 5, order_id="another") == []


def test_what_was_published_around_a_time_is_found_in_a_long_flow() -> None:
    for number in range(250):
        consume(robot(BotCameOnline), id=f"m{number:03}", time=at(9 + number // 60, number % 60))
    assert [time for _, time in around(at(11, 30), 3, 2)] == [at(11, 28 + minute) for minute in range(5)]
