"""Who began what: the actor in each commit, each message and the timeline of a customer's order."""

from collections.abc import Iterator
from typing import Any, cast

import pytest

from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.callers import A_KIOSK, CLERK, robot
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
