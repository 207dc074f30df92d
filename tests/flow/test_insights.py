"""The sums and timelines of a day in the mall, with messages in any order, duplicated and replayed."""

from collections import Counter
from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from events.envelope import Envelope
from events.registry import Message, language
from functions.insights import views
from functions.insights.models import stages
from functions.insights.models.timeline import FIRST, KEPT
from functions.kernel.eventstore.item import messages_of
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.projections.projection import Projection
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import clock
from tests.flow.a_day import Day, a_day, afternoon, insights, morning, replay, replay_everything, timeline
from tests.flow.shopper import collect
from tests.support.mall import Mall
from tests.support.rows import stored_text

ORDERED = [None, 1, 2]  # messages in order, and by two seeds in disorder with duplicates
NAME, NUMBER = "Ada Reyes", "+15550100"  # of every shopper

FATES = {
    "paid when ready": ("completed", True, True, 54.8),
    "paid beforehand": ("completed", True, True, 54.8),
    "short": ("completed", True, True, 44.85),
    "rejected": ("rejected", False, False, 54.8),
    "cancelled before approval": ("cancelled", False, False, 54.8),
    "cancelled after approval": ("cancelled", False, False, 54.8),
    "cancelled though paid": ("cancelled", False, True, 54.8),
    "nothing found": ("cancelled", False, False, 0),
    "never paid": ("cancelled", True, False, 54.8),
}


@pytest.fixture(params=ORDERED, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def day(request: pytest.FixtureRequest) -> Day:
    return deepcopy(_finished(request.param))


@cache
def _finished(disorder: int | None) -> Day:
    """Run once, and copied for each test."""
    found = a_day(disorder)
    morning(found)
    afternoon(found)
    return found


def recounted(day: Day) -> dict[str, int]:
    """The funnel, counted from the baskets, orders and sagas of their own services."""
    ask = next(iter(day.shoppers.values())).ask
    baskets = [ask("GET", f"/api/baskets/{id}")["basket"]["status"] for id in day.baskets]
    sagas = [ask("GET", f"/api/checkout/sagas/{order['id']}")["saga"]["status"] for order in day.orders]
    return {
        "basketsStarted": len(baskets),
        "checkedOut": baskets.count("checked_out"),
        "abandoned": baskets.count("abandoned"),
        "approved": sagas.count("completed"),
        "ready": sum(order["ready"] for order in day.orders),
        "paid": sum(order["paid"] for order in day.orders),
        **{
            fate: sum(order["status"] == fate for order in day.orders)
            for fate in ("completed", "rejected", "cancelled")
        },
    }


def assert_sums_match_the_orders(day: Day) -> None:
    assert insights(day.mall, "funnel") == recounted(day)
    sales = insights(day.mall, "sales")
    sold = [order for order in day.orders if order["status"] == "completed"]
    items = [item for order in sold for item in order["items"]]
    revenue = round(sum(order["total"] for order in sold), 2)
    assert (sales["orders"], sales["revenue"]) == (len(sold), revenue)
    assert sales["items"] == sum(item["quantity"] for item in items)
    for part, id in (("byStore", "storeId"), ("byProduct", "productId")):
        worth: Counter[str] = Counter()
        quantity: Counter[str] = Counter()
        for item in items:
            worth[item[id]] += round(item["price"] * item["quantity"] * 100)
            quantity[item[id]] += item["quantity"]
        assert {row[id]: (round(row["revenue"] * 100), row["items"]) for row in sales[part]} == {
            key: (worth[key], quantity[key]) for key in worth
        }
        holding = {row[id]: sum(any(i[id] == row[id] for i in order["items"]) for order in sold) for row in sales[part]}
        assert {row[id]: row["orders"] for row in sales[part]} == holding
    for part in ("byStore", "byProduct", "byHour"):
        assert round(sum(row["revenue"] for row in sales[part]), 2) == revenue
    assert sum(row["orders"] for row in sales["byHour"]) == len(sold)
    assert len(sales["byHour"]) > 1


def shown(day: Day) -> dict[str, Any]:
    """Everything that insights shows."""
    flows = {envelope.metadata.correlation_id for envelope in day.mall.published}
    return {
        **{what: insights(day.mall, what) for what in ("sales", "funnel")},
        **{flow: day.mall.request("GET", f"/api/insights/timeline/{flow}?limit=100").body for flow in flows},
        **{id: timeline(day.mall, f"orders/{id}/timeline") for id in day.baskets},
    }


def test_the_day_has_orders_of_every_outcome(day: Day) -> None:
    found = {fate: shopper.order() for fate, shopper in day.shoppers.items()}
    assert {f: (o["status"], o["ready"], o["paid"], o["total"]) for f, o in found.items()} == FATES
    assert day.mall.dead_letters() == {}


def test_sales_and_funnel_match_the_orders_before_and_after_a_replay_of_all_history(day: Day) -> None:
    assert_sums_match_the_orders(day)
    before = shown(day)
    assert replay_everything(day.mall) > 100
    assert shown(day) == before
    assert_sums_match_the_orders(day)


def test_insights_without_rows_counts_the_same_from_a_replay(day: Day) -> None:
    expected = {what: insights(day.mall, what) for what in ("sales", "funnel")}
    delete_rows(day.mall)
    assert insights(day.mall, "funnel")["basketsStarted"] == 0
    replay_everything(day.mall)
    assert {what: insights(day.mall, what) for what in ("sales", "funnel")} == expected


def delete_rows(mall: Mall) -> None:
    """Delete all rows of insights, as before its first deployment."""
    rows = mall.runtimes["insights"].views
    assert isinstance(rows, MemoryViews)
    rows.items.clear()


def test_orders_that_go_on_during_a_replay_are_counted_once(day: Day) -> None:
    delete_rows(day.mall)
    waiting = day.orders_something("meanwhile")
    for number, service in enumerate(day.mall.manifests):
        replay(day.mall, service)
        if number == 2:
            waiting.pays()
            day.orders_something("refused meanwhile", amount=10)
    replay_everything(day.mall)
    assert_sums_match_the_orders(day)


def published(mall: Mall) -> dict[str, list[Envelope]]:
    """The published messages by id: a reply may be published again at another time."""
    found: dict[str, list[Envelope]] = {}
    for envelope in mall.published:
        found.setdefault(envelope.metadata.id, []).append(envelope)
    return found


def as_shown(envelope: Envelope) -> dict[str, Any]:
    metadata = envelope.metadata
    return {
        "id": metadata.id,
        "name": metadata.name,
        "time": metadata.time,
        "source": metadata.source,
        "stream": metadata.stream,
        "correlationId": metadata.correlation_id,
        "causationId": metadata.causation_id,
        "actor": metadata.actor,
        "data": envelope.data,
    }


def assert_in_order_and_verbatim(mall: Mall, messages: list[dict[str, Any]]) -> None:
    assert [message["time"] for message in messages] == sorted(message["time"] for message in messages)
    ids = [message["id"] for message in messages]
    assert len(ids) == len(set(ids))
    by_id = published(mall)
    for message in messages:
        assert message in [as_shown(envelope) for envelope in by_id[message["id"]]]


ROBOTS = ("Bot#", "Robot#")


def has_a_commit(mall: Mall, envelope: Envelope) -> bool:
    """Whether a commit holds a message: an answer that changed nothing is in none."""
    stores = (runtime.store for runtime in mall.runtimes.values())
    return envelope.metadata.id in {
        message.id
        for store in stores
        for item in store.log  # type: ignore[attr-defined]
        for message in messages_of(item)
    }


def is_of_an_order(envelopes: list[Envelope]) -> bool:
    """Whether a message about an order began a flow."""
    return any(type_of(e) in FIRST and not e.metadata.causation_id for e in envelopes)


def test_the_timeline_of_a_flow_that_a_request_about_an_order_began_is_all_of_its_messages(day: Day) -> None:
    flows: dict[str, list[Envelope]] = {}
    for envelope in day.mall.published:
        flows.setdefault(envelope.metadata.correlation_id, []).append(envelope)
    compared = 0
    for flow, envelopes in flows.items():
        if not is_of_an_order(envelopes):
            continue
        messages = timeline(day.mall, f"timeline/{flow}")
        expected = {
            e.metadata.id for e in envelopes if not e.metadata.stream.startswith(ROBOTS) and has_a_commit(day.mall, e)
        }
        assert {message["id"] for message in messages} == expected
        assert_in_order_and_verbatim(day.mall, messages)
        compared += 1
    assert compared > 40


def test_the_timeline_of_another_flow_is_all_of_its_messages_that_are_about_no_order(day: Day) -> None:
    flows: dict[str, list[Envelope]] = {}
    for envelope in day.mall.published:
        flows.setdefault(envelope.metadata.correlation_id, []).append(envelope)
    compared = 0
    for flow, envelopes in flows.items():
        expected = {e.metadata.id for e in envelopes if type_of(e) in KEPT and not e.data.get("order_id")}
        if is_of_an_order(envelopes) or not expected:
            continue
        messages = timeline(day.mall, f"timeline/{flow}")
        assert {message["id"] for message in messages} == expected
        assert_in_order_and_verbatim(day.mall, messages)
        compared += 1
    assert compared > 20


def type_of(envelope: Envelope) -> type[Message]:
    return language()[envelope.metadata.name]


def test_the_timeline_of_an_order_holds_all_messages_about_it(day: Day) -> None:
    names_of_it = ("order_id", "basket_id", "shopping_list_id", "invoice_id", "list_id")
    for shopper in day.shoppers.values():
        order_id = shopper.basket_id
        messages = timeline(day.mall, f"orders/{order_id}/timeline")
        assert_in_order_and_verbatim(day.mall, messages)
        about = {
            e.metadata.id
            for e in day.mall.published
            if order_id in [e.data.get(name) for name in names_of_it]
            and not e.metadata.stream.startswith(ROBOTS)
            and has_a_commit(day.mall, e)
        }
        found = {message["id"]: message["name"] for message in messages}
        assert about <= found.keys()
        assert {found[id] for id in found.keys() - about} <= {"PaymentAuthorized", "PaymentVoided"}
        checkout = next(message["correlationId"] for message in messages if message["name"] == "BasketCheckedOut")
        flow = timeline(day.mall, f"timeline/{checkout}")
        assert [message for message in messages if message["correlationId"] == checkout] == flow


def test_the_timeline_of_an_order_has_every_step(day: Day) -> None:
    shopper = day.shoppers["paid beforehand"]
    names = [message["name"] for message in timeline(day.mall, f"orders/{shopper.basket_id}/timeline")]
    once = ["BasketStarted", "BasketCheckedOut", "OrderCreated", "CreateShoppingList", "PaymentConfirmed"]
    once += ["OrderApproved", "InvoiceCreated", "InvoicePaid", "ShoppingListStarted", "OrderPaid"]
    once += ["ShoppingListCompleted", "OrderReadied", "OrderCompleted", "PaymentAuthorized"]
    twice = ["ShoppingListAvailable", "ShoppingListAssigned", "ShoppingListItemPicked"]
    assert {name: names.count(name) for name in once} == dict.fromkeys(once, 1)
    assert {name: names.count(name) for name in twice} == dict.fromkeys(twice, 2)
    ended = day.shoppers["never paid"]
    assert "OrderCancelled" in [message["name"] for message in timeline(day.mall, f"orders/{ended.basket_id}/timeline")]


def stored(mall: Mall) -> str:
    """All rows of insights, as text."""
    return stored_text(mall.runtimes["insights"].views)


def test_no_row_holds_anything_personal_and_an_erasure_changes_nothing_that_is_shown(day: Day) -> None:
    registered = [e for e in day.mall.published if e.metadata.name == "CustomerRegistered"]
    before = {
        fate: timeline(day.mall, f"orders/{shopper.basket_id}/timeline") for fate, shopper in day.shoppers.items()
    }
    for _ in range(3):  # before the erasures, after them, and after a replay
        for envelope in registered:
            assert timeline(day.mall, f"timeline/{envelope.metadata.correlation_id}")[0] == as_shown(envelope)
            day.mall.request("DELETE", f"/api/customers/{envelope.data['customer_id']}")
        assert (NAME in stored(day.mall), NUMBER in stored(day.mall)) == (False, False)
        replay_everything(day.mall)
    for fate, shopper in day.shoppers.items():
        assert timeline(day.mall, f"orders/{shopper.basket_id}/timeline") == before[fate]
    assert_sums_match_the_orders(day)


STAGES = {
    "approval": ("OrderCreated", "OrderApproved"),
    "collection": ("OrderApproved", "OrderReadied"),
    "payment": ("OrderApproved", "OrderPaid"),
    "completion": ("OrderReadied", "OrderCompleted"),
}


def waited(mall: Mall) -> dict[str, list[float]]:
    """How long orders waited at each stage, in seconds, by the published messages."""
    times: dict[str, dict[str, datetime]] = {}
    for envelope in mall.published:
        if envelope.metadata.source == "mallbots.ordering" and "order_id" in envelope.data:
            of_order = times.setdefault(envelope.data["order_id"], {})
            of_order[envelope.metadata.name] = clock.read(envelope.metadata.time)
    return {
        stage: [(ends[end] - ends[begin]).total_seconds() for ends in times.values() if {begin, end} <= set(ends)]
        for stage, (begin, end) in STAGES.items()
    }


def assert_waiting_is_as_published(mall: Mall) -> None:
    assert insights(mall, "waiting")["stages"] == [
        {
            "stage": stage,
            "orders": len(seconds),
            "averageSeconds": round(sum(seconds) / len(seconds), 3),
            "longestSeconds": max(seconds),
        }
        for stage, seconds in waited(mall).items()
    ]
    assert insights(mall, "waiting")["stages"][1]["longestSeconds"] > 3_600  # the robot was lost


def test_waits_match_the_published_messages_before_and_after_a_replay(day: Day) -> None:
    assert_waiting_is_as_published(day.mall)
    replay_everything(day.mall)
    assert_waiting_is_as_published(day.mall)


@pytest.mark.parametrize("seed", ORDERED)
def test_a_read_model_that_is_added_later_shows_the_same_after_a_replay(seed: int | None) -> None:
    day = a_day(seed)
    inbox = without(day.mall, stages.projection)
    morning(day)
    afternoon(day)
    day.orders_something("under way")
    assert {row["orders"] for row in insights(day.mall, "waiting")["stages"]} == {0}
    before = timeline(day.mall, f"orders/{day.baskets[0]}/timeline")
    next(s for s in day.mall.subscribers if s.inbox.service == "insights").inbox = inbox
    for service in day.mall.manifests:
        replay(day.mall, service)
        if service == "depot":  # before ordering, whose history is yet to come
            assert timeline(day.mall, f"orders/{day.baskets[0]}/timeline") == before
            collect(day.shoppers["under way"])
            day.orders_something("begun meanwhile").is_cancelled_by_staff()
            day.shoppers["under way"].pays()
    assert_waiting_is_as_published(day.mall)
    assert_sums_match_the_orders(day)


def without(mall: Mall, model: Projection) -> Inbox:
    """Give insights an inbox without a read model, as before it was added; the inbox with it."""
    older = Inbox("insights")
    for other in views.MODELS:
        if other.projection is not model:
            older.include(other.projection)
    subscriber = next(s for s in mall.subscribers if s.inbox.service == "insights")
    inbox, subscriber.inbox = subscriber.inbox, older
    return inbox
