"""The timeline of flows and orders."""

import json
from typing import Any

import pytest

from events.baskets import BasketCancelled, BasketCheckedOut, BasketStarted
from events.checkout import AuthorizeCustomer, SagaWatchEnds
from events.customers import CustomerRegistered
from events.depot import (
    BotCameOnline,
    BotState,
    ShoppingListAvailable,
    ShoppingListItemPicked,
    ShoppingListState,
)
from events.insights import SumsDue
from events.ordering import OrderApproved, OrderCancelled, OrderCreated, OrderPaid
from events.payments import PaymentVoided
from events.registry import Kind, Message, language
from functions.insights.api import api
from functions.insights.inbox import inbox
from functions.insights.models.stages import STAGES
from functions.insights.models.timeline import FIRST, KEPT
from functions.insights.queries import queries
from functions.kernel.runtime.runtime import Runtime
from language.story import sample
from tests.support.delivery import attributes, body_of, delivered
from tests.support.gateway import request
from tests.support.owners import Owners, asking
from tests.unit.insights.messages import BREAD, at, basket, consume, order

AUTHORIZE = AuthorizeCustomer(order_id="order-1", customer_id="ada")
PUBLIC = [message for message in language().values() if message.about.kind is not Kind.TIMER]


@pytest.fixture(autouse=True)
def owners(runtime: Runtime) -> Owners:
    return asking(runtime)


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


def robot(event: type[BotState]) -> BotState:
    """An event of a robot."""
    return event(bot_id="ajax", name="Ajax", status="idle", list_id=None)


def shopping_list(event: type[ShoppingListState], list_id: str, *, by_staff: bool = False) -> ShoppingListState:
    """An event of a list of order-1."""
    fields = {"shopping_list_id": list_id, "order_id": "order-1", "status": "active", "stops": ()}
    pick = {"store_id": "bakery", "product_id": "bread", "quantity": 1} if event is ShoppingListItemPicked else {}
    return event.model_validate({**fields, "bot_id": "ajax", "assignment": 1, "by_staff": by_staff, **pick})


def happens(owners: Owners, message: Message, order_id: str = "order-1", **metadata: Any) -> None:
    """Have a message of an order committed by its owner, and delivered to insights."""
    about = type(message).about
    id = metadata.pop("id", f"{about.name} {order_id} {getattr(message, about.key)}")
    [record] = delivered(message, id=id)["Records"]
    detail = json.loads(record["body"])["detail"]
    detail["metadata"] |= metadata
    owners.commit(order_id, detail)
    if about.kind is not Kind.TIMER:
        consume(message, id=id, **metadata)


def a_checkout(owners: Owners, order_id: str = "order-1", flow: str = "flow-1") -> None:
    """An order's checkout, and its basket in a flow of its own."""
    more = {"correlation_id": flow}
    happens(owners, basket(BasketStarted, order_id), order_id, time=at(9), correlation_id=f"start {order_id}")
    happens(owners, basket(BasketCheckedOut, order_id), order_id, time=at(9, 1), **more)
    happens(owners, order(OrderCreated, order_id), order_id, time=at(9, 2), causation_id="m", **more)
    asked = AuthorizeCustomer(order_id=order_id, customer_id="ada")
    happens(owners, asked, order_id, time=at(9, 3), causation_id="m", **more)
    watch = SagaWatchEnds(order_id=order_id, until=at(9, 4))
    happens(owners, watch, order_id, time=at(9, 3), causation_id="m", **more)
    happens(owners, order(OrderApproved, order_id), order_id, time=at(9, 4), causation_id="m", **more)


CHECKOUT = ["BasketCheckedOut", "OrderCreated", "AuthorizeCustomer", "OrderApproved"]


def test_insights_consumes_what_stages_need_what_begins_a_flow_and_what_is_about_no_order() -> None:
    expected: set[type[Message]] = {*STAGES, *FIRST, *KEPT, SumsDue}
    assert set(inbox.messages) == expected
    assert not {message for message in expected if message.about.kind in (Kind.COMMAND, Kind.REPLY)}


@pytest.mark.parametrize("message", PUBLIC, ids=lambda message: message.about.name)
def test_every_message_on_the_bus_is_taken_without_complaint(message: Any) -> None:
    """The release before subscribed to all: its queue may hold any."""
    record = {"messageId": "1", "receiptHandle": "1", "body": body_of(sample(message)), "attributes": attributes()}
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}


@pytest.mark.parametrize("message", KEPT, ids=lambda message: message.about.name)
def test_a_message_that_is_about_no_order_is_shown_verbatim_in_its_flow(message: Any) -> None:
    detail = sample(message)
    if "order_id" in detail["data"]:
        detail["data"]["order_id"] = None
    record = {"messageId": "1", "receiptHandle": "1", "body": body_of(detail), "attributes": attributes()}
    assert inbox.handle({"Records": [record]}) == {"batchItemFailures": []}
    metadata = detail["metadata"]
    [shown] = messages(f"timeline/{metadata['correlation_id']}")
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


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_an_orders_timeline_is_what_its_owners_hold_but_for_reminders(owners: Owners, limit: int) -> None:
    a_checkout(owners)
    assert names("orders/order-1/timeline", limit) == ["BasketStarted", *CHECKOUT]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 50])
def test_a_flow_that_a_request_about_an_order_began_has_the_orders_messages_in_it(owners: Owners, limit: int) -> None:
    a_checkout(owners)
    assert names("timeline/flow-1", limit) == CHECKOUT
    assert names("timeline/start order-1", limit) == ["BasketStarted"]


def test_a_redelivered_message_changes_nothing(owners: Owners) -> None:
    a_checkout(owners)
    before = messages("timeline/flow-1")
    consume(basket(BasketCheckedOut), time=at(9, 1))
    consume(order(OrderApproved), time=at(9, 4), causation_id="m")
    assert messages("timeline/flow-1") == before


def test_owners_are_asked_page_by_page(owners: Owners) -> None:
    owners.at_a_time = 1
    a_checkout(owners)
    assert names("orders/order-1/timeline") == ["BasketStarted", *CHECKOUT]


def test_a_payment_is_asked_for_by_what_the_orders_messages_say(owners: Owners) -> None:
    a_checkout(owners)
    messages("orders/order-1/timeline")
    assert [query["payment_ids"] for owner, query in owners.asked if owner == "payments"] == [["payment-1"]]


@pytest.mark.parametrize("owner", ["baskets", "checkout", "depot", "notifications", "ordering", "payments"])
def test_while_an_owner_does_not_answer_what_would_be_a_part_is_not_shown(owners: Owners, owner: str) -> None:
    a_checkout(owners)
    owners.away.add(owner)
    for path in ("orders/order-1/timeline", "timeline/flow-1", "orders/none/timeline"):
        answer = request(api, "GET", f"/api/insights/{path}")
        assert (answer.status, "Retry-After" in answer.headers) == (503, True), answer
        assert owner in answer.body["detail"]


def test_a_flow_of_several_orders_has_what_each_of_them_has_in_it(owners: Owners) -> None:
    for order_id in ("order-1", "order-2"):
        a_checkout(owners, order_id)
    for limit in (1, 3, 50):
        found = names("timeline/flow-1", limit)
        assert sorted(found) == sorted(CHECKOUT * 2)
    assert names("orders/order-2/timeline") == ["BasketStarted", *CHECKOUT]


def test_a_flow_of_more_orders_than_are_asked_for_at_once_is_refused(owners: Owners) -> None:
    for number in range(21):
        consume(basket(BasketStarted, f"order-{number}"), id=f"m{number}", stream=f"Basket#order-{number}")
    answer = request(api, "GET", "/api/insights/timeline/flow-1")
    assert (answer.status, owners.asked) == (409, [])
    assert "21 orders" in answer.body["detail"]


def test_messages_about_no_order_are_in_the_flow_of_an_order_too(owners: Owners) -> None:
    a_checkout(owners)
    for minute in (0, 2, 9):
        consume(robot(BotCameOnline), id=f"r{minute}", time=at(9, minute))
    for limit in (1, 2, 3, 50):
        found = messages("timeline/flow-1", limit)
        assert [one["time"] for one in found] == sorted(one["time"] for one in found)
        assert sorted(one["name"] for one in found) == sorted([*CHECKOUT, *["BotCameOnline"] * 3])
    assert "BotCameOnline" not in names("orders/order-1/timeline")


def test_what_follows_in_a_flow_that_another_message_began_makes_it_no_orders_flow(owners: Owners) -> None:
    consume(robot(BotCameOnline), time=at(9))
    given_back = shopping_list(ShoppingListAvailable, "order-1")
    happens(owners, given_back, time=at(9, 5), causation_id="a timer")
    happens(owners, order(OrderCancelled), time=at(9, 6), causation_id="a timer")
    assert names("timeline/flow-1") == ["BotCameOnline"]
    assert names("orders/order-1/timeline") == ["ShoppingListAvailable", "OrderCancelled"]


def test_the_flow_of_an_order_that_staff_placed_is_found_once_it_is_decided(owners: Owners) -> None:
    happens(owners, order(OrderCreated), time=at(9))
    assert request(api, "GET", "/api/insights/timeline/flow-1").status == 404
    happens(owners, order(OrderApproved), time=at(9, 1), causation_id="m")
    assert names("timeline/flow-1") == ["OrderCreated", "OrderApproved"]


def test_a_list_that_staff_made_is_asked_for_once_it_is_started(owners: Owners) -> None:
    happens(owners, shopping_list(ShoppingListItemPicked, "list-9", by_staff=True), time=at(9))
    assert names("orders/order-1/timeline") == ["ShoppingListItemPicked"]
    assert [query["list_ids"] for owner, query in owners.asked if owner == "depot"] == [["list-9"]]


def test_a_payment_that_is_voided_without_an_order_is_kept_and_another_is_not(owners: Owners) -> None:
    fields = {"payment_id": "payment-1", "customer_id": "ada", "authorized": 5, "captured": 0, "released": 5}
    voided = {**fields, "refunded": 0, "status": "voided"}
    consume(PaymentVoided.model_validate({**voided, "order_id": None}), correlation_id="a sweep")
    consume(PaymentVoided.model_validate({**voided, "order_id": "order-1"}), id="m2", correlation_id="a cancellation")
    assert names("timeline/a sweep") == ["PaymentVoided"]
    assert request(api, "GET", "/api/insights/timeline/a cancellation").status == 404


def test_a_basket_that_was_never_checked_out_has_a_timeline(owners: Owners) -> None:
    happens(owners, basket(BasketStarted), time=at(9))
    cancelled = BasketCancelled.model_validate(basket(BasketStarted).model_dump() | {"status": "cancelled"})
    happens(owners, cancelled, time=at(9, 1), correlation_id="flow-2")
    assert names("orders/order-1/timeline") == ["BasketStarted", "BasketCancelled"]
    assert names("timeline/flow-2") == ["BasketCancelled"]


@pytest.mark.parametrize("path", ["timeline/flow-1", "orders/order-1/timeline"])
def test_a_timeline_of_100_messages_of_150_kb_has_pages_that_fit_into_an_answer_and_lacks_none(
    path: str, owners: Owners
) -> None:
    lines = [BREAD.model_copy(update={"product_id": f"{n}", "product_name": "x" * 1_300}) for n in range(100)]
    happens(owners, basket(BasketStarted), id="m000", time=at(8))
    for number in range(1, 101):
        happens(owners, order(OrderPaid, items=lines), id=f"m{number:03}", time=at(9, number // 2), causation_id="m")
    found: list[str] = []
    after = ""
    while True:
        answer = request(api, "GET", f"/api/insights/{path}?limit=100{after}")
        assert len(json.dumps({"body": json.dumps(answer.body, default=str)})) < 6_291_456
        found += [message["id"] for message in answer.body["messages"]]
        if "next" not in answer.body:
            break
        after = f"&next={answer.body['next']}"
    assert found == [f"m{number:03}" for number in range(101)]


def test_a_flow_of_many_messages_about_no_order_is_shown_page_by_page() -> None:
    for number in range(250):
        consume(robot(BotCameOnline), id=f"m{number:03}", time=at(9 + number // 60, number % 60))
    assert [one["id"] for one in messages("timeline/flow-1", 60)] == [f"m{number:03}" for number in range(250)]


def test_a_message_without_an_order_is_in_no_orders_timeline() -> None:
    consume(CustomerRegistered(customer_id="ada", enabled=True))
    assert names("timeline/flow-1") == ["CustomerRegistered"]
    assert request(api, "GET", "/api/insights/orders/ada/timeline").status == 404


@pytest.mark.parametrize("path", ["timeline/nowhere", "orders/none/timeline"])
def test_a_timeline_without_messages_is_not_found(path: str, owners: Owners) -> None:
    a_checkout(owners)
    answer = request(api, "GET", f"/api/insights/{path}")
    assert (answer.status, answer.body["code"]) == (404, "not_found")


def test_a_page_of_another_timeline_is_refused(owners: Owners) -> None:
    a_checkout(owners)
    token = request(api, "GET", "/api/insights/timeline/flow-1?limit=1").body["next"]
    for path in ("timeline/flow-2", "orders/flow-1/timeline", "orders/order-1/timeline"):
        assert request(api, "GET", f"/api/insights/{path}?limit=1&next={token}").status == 400


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "next=forged"])
def test_an_invalid_limit_or_a_forged_page_is_refused(query: str, owners: Owners) -> None:
    a_checkout(owners)
    assert request(api, "GET", f"/api/insights/timeline/flow-1?{query}").status == 400


def around(time: str, before: int, after: int) -> list[str]:
    """The times of what the query answers."""
    query = {"correlation_id": "flow-1", "around": time, "before": before, "after": after}
    answer = queries.handle({"query": "FindTimeline", "data": query})["answer"]
    return [message["time"] for message in answer["messages"]]


def test_operations_is_told_what_is_about_no_order_around_a_time() -> None:
    for number in range(250):
        consume(robot(BotCameOnline), id=f"m{number:03}", time=at(9 + number // 60, number % 60))
    assert around(at(11, 30), 3, 2) == [at(11, 28 + minute) for minute in range(5)]
    assert around(at(9, 1), 50, 0) == [at(9), at(9, 1)]
    assert around(at(13, 8), 0, 50) == [at(13, 9)]
