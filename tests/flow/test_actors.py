"""Who began what: the actor in each commit, each message and the timeline of a customer's order."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.callers import A_KIOSK, CLERK, OPERATOR_ON_CALL, robot
from tests.support.mall import Mall


@pytest.fixture(params=[None, 1, 2], ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


def commits(mall: Mall) -> Iterator[Commit]:
    """All commits of all services."""
    for runtime in mall.runtimes.values():
        yield from (from_item(item) for item in cast(MemoryEventStore, runtime.store).log)


def actors_of(mall: Mall, name: str) -> set[str]:
    return {message.metadata.actor for message in mall.published if message.metadata.name == name}


def committed_by(mall: Mall, stream: str) -> list[tuple[str, str]]:
    """The events of a stream in their order, and by whom each was."""
    found = sorted((commit for commit in commits(mall) if commit.stream == stream), key=lambda c: c.version)
    return [(event.name, commit.actor) for commit in found for event in commit.events]


def test_everything_about_an_order_names_who_began_it(mall: Mall) -> None:
    products = open_a_store(mall, {"cable": 10.0})
    bot = robot(bring_a_robot_online(mall)).actor
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2}).authorizes_a_payment(20).checks_out()
    me, order_id = shopper.me.actor, shopper.basket_id
    mall.pass_time(10)
    collect(shopper)
    mall.pass_time(60)
    shopper.pays()
    mall.pass_time(60)
    assert shopper.order()["status"] == "completed"

    begun_by = {
        A_KIOSK.actor: "CustomerRegistered",
        me: """BasketStarted BasketCheckedOut OrderCreated AuthorizeCustomer CustomerAuthorized PaymentAuthorized
            PaymentConfirmed ShoppingListCreated ShoppingListAvailable OrderApproved InvoiceCreated InvoicePaid
            OrderPaid OrderCompleted""",
        bot: "BotCameOnline ShoppingListStarted ShoppingListItemPicked ShoppingListCompleted OrderReadied BotFinished",
        CLERK.actor: "StoreCreated ProductAdded BotRegistered",
        "system": "ShoppingListAssigned BotAssigned",
    }
    for actor, names in begun_by.items():
        for name in names.split():
            assert (name, actors_of(mall, name)) == (name, {actor})
    assert actors_of(mall, "NotificationSent") == {me, bot}

    assert committed_by(mall, f"Order#{order_id}") == [
        ("Created", me),
        ("Approved", me),
        ("Readied", bot),
        ("Paid", me),
        ("Completed", me),
    ]
    assert committed_by(mall, f"ShoppingList#{order_id}") == [
        ("Created", me),
        ("Initiated", me),
        ("Assigned", "system"),
        ("Started", bot),
        ("Picked", bot),
        ("Completed", bot),
    ]
    assert {commit.actor for commit in commits(mall)} == set(begun_by)


def test_the_timeline_shows_who_began_each_message(mall: Mall) -> None:
    products = open_a_store(mall, {"cable": 10.0})
    bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2}).authorizes_a_payment(20).checks_out()
    mall.pass_time(10)
    assert shopper.is_cancelled_by_staff().status == 200
    mall.pass_time(10)
    path = f"/api/insights/orders/{shopper.basket_id}/timeline?limit=100"
    messages: list[dict[str, Any]] = shopper.ask("GET", path)["messages"]
    shown = {message["name"]: message["actor"] for message in messages}
    assert shown["BasketCheckedOut"] == shown["OrderApproved"] == shown["InvoiceCreated"] == shopper.me.actor
    assert shown["OrderCancelled"] == shown["PaymentVoided"] == shown["ShoppingListCancelled"] == CLERK.actor


@pytest.mark.parametrize("by_customer", [True, False])
def test_who_cancelled_is_told_by_the_token(mall: Mall, by_customer: bool) -> None:
    products = open_a_store(mall, {"cable": 10.0})
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2}).authorizes_a_payment(20).checks_out()
    answer = shopper.cancels() if by_customer else shopper.is_cancelled_by_staff()
    assert answer.status == 200
    (cancelled,) = [message for message in mall.published if message.metadata.name == "OrderCancelled"]
    who = ("customer", shopper.me.actor) if by_customer else ("staff", CLERK.actor)
    assert (cancelled.data["by"], cancelled.metadata.actor) == who


def test_an_erasure_by_staff_is_in_the_audit_and_one_by_the_customer_is_in_the_commits_alone(mall: Mall) -> None:
    """What follows of it is in the same flow."""
    shopper, other = Shopper(mall).registers(), Shopper(mall).registers()
    flow = {"X-Correlation-Id": "6f1e7a52-3c55-4a27-9d3a-0f7b1c2d3e4f", "User-Agent": "mallbots/0.1 python"}
    mall.request("DELETE", f"/api/customers/{shopper.customer_id}", headers=flow)
    other.acts("DELETE", f"/api/customers/{other.customer_id}")
    mall.settle()
    query = "/api/operations/audit?limit=100"
    [done, asked] = mall.request("GET", query, caller=OPERATOR_ON_CALL).body["entries"]
    assert (asked["outcome"], done["outcome"]) == ("asked", "200")
    assert {
        "actor": CLERK.actor,
        "service": "customers",
        "action": "DELETE /api/customers/{id}",
        "path": f"/api/customers/{shopper.customer_id}",
        "through": "mallbots/0.1",
        "correlationId": flow["X-Correlation-Id"],
    }.items() <= asked.items()
    assert "Ada Reyes" not in str([asked, done])
    followed = [m.metadata for m in mall.published if m.metadata.correlation_id == asked["correlationId"]]
    assert {(one.name, one.actor) for one in followed} == {("CustomerErased", CLERK.actor)}
    assert actors_of(mall, "CustomerErased") == {CLERK.actor, other.me.actor}
