"""A customer who is erased: what is personal is nowhere but with its owner, orders remain, and no new ones begin."""

import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from functions.customers.domain import Customer
from functions.kernel.eventstore import relay
from functions.kernel.eventstore.item import messages_of
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import ids
from functions.kernel.runtime.views import Row
from functions.notifications import service as notifications
from tests.flow.adding_up import everything_adds_up
from tests.flow.scene import Scene, a_scene
from tests.flow.shopper import Shopper, collect
from tests.support.mall import Mall
from tests.support.rows import stored_text

DISORDER = [None, 1, 2]  # messages in order, and by two seeds in disorder with duplicates
PERSONAL = ("Ada Reyes", "+15550100", "+15550199")
CUSTOMER_EVENTS = ["CustomerRegistered", "CustomerSmsChanged", "CustomerLanguageChanged", "CustomerErased"]
COPIES = ["baskets", "payments"]  # the services with a copy of customers


@pytest.fixture(params=DISORDER, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def scene(request: pytest.FixtureRequest) -> Scene:
    return a_scene(request.param)


def changes_contact(shopper: Shopper) -> None:
    """The customer changes number and language; no message is delivered yet."""
    path = f"/api/customers/{shopper.customer_id}"
    shopper.acts("PUT", f"{path}/change-sms", {"smsNumber": "+15550199"})
    shopper.acts("PUT", f"{path}/language", {"language": "es"})


def is_erased(shopper: Shopper) -> None:
    shopper.acts("DELETE", f"/api/customers/{shopper.customer_id}")
    shopper.mall.settle()


def holders(mall: Mall) -> set[str]:
    """What holds the name or a number of the customer as it is: tables of services, queues, and the bus's archive."""
    held = [("archive", str(mall.published))]
    for name, runtime in mall.runtimes.items():
        held.append((name, stored_text(runtime.views) + committed(mall, name)))
    for s in mall.subscribers:
        held.append((f"queue of {s.inbox.service}", str([s.queue.messages, s.dead_letters.messages])))
    return {place for place, content in held if any(personal in content for personal in PERSONAL)}


def committed(mall: Mall, service: str) -> str:
    """All commits of a service, with their messages and snapshots, as text."""
    store = mall.runtimes[service].store
    assert isinstance(store, MemoryEventStore)
    commits = [commit for stream in store.items for commit in store.forwards(stream)]
    newest = [next(store.backwards(stream, page=1)) for stream in store.items]
    return str([*commits, *newest, *(messages_of(item) for item in store.log)])


def name_in_search(scene: Scene) -> set[str | None]:
    """The customer's name in search, in the order alone and in a list; None where there is none."""
    single = scene.shopper.ask("GET", f"/api/search/orders/{scene.order_id}")["order"]
    filters = {"filters": {"customerId": scene.shopper.customer_id}}
    listed: list[Any] = scene.shopper.ask("POST", "/api/search/orders", filters)["orders"]
    assert [order["orderId"] for order in listed] == [scene.order_id]
    return {order.get("customerName") for order in (single, *listed)}


def nothing_begins(shopper: Shopper) -> bool:
    """Whether the customer gets neither basket nor payment, also while the owner cannot be asked."""
    shopper.mall.stop("customers")
    customer = {"customerId": shopper.customer_id}
    answers = [
        shopper.refused("POST", "/api/baskets", customer).status,
        shopper.refused("POST", "/api/payments", {**customer, "amount": 5}).status,
    ]
    shopper.mall.start("customers")
    return answers == [404, 404]


def test_no_table_queue_or_archive_holds_a_name_or_a_number_before_or_after_the_erasure(scene: Scene) -> None:
    scene.is_approved()
    changes_contact(scene.shopper)
    scene.mall.settle()
    assert holders(scene.mall) == set()
    assert name_in_search(scene) == {"Ada Reyes"}
    assert {number for number, _ in scene.mall.texts.sent.values()} == {"+15550100"}
    is_erased(scene.shopper)
    assert holders(scene.mall) == set()
    assert scene.shopper.refused("GET", f"/api/customers/{scene.shopper.customer_id}").status == 404


@pytest.mark.parametrize("place", ["search", "customers", "stores", "queue of depot", "archive"])
def test_a_name_that_is_held_somewhere_is_found(place: str) -> None:
    mall = a_scene().mall
    if place == "stores":  # in a commit, which is compressed
        mall.request("POST", "/api/stores", {"name": "Ada Reyes", "location": "Level 1"})
    elif place.startswith("queue"):
        mall.runtimes["depot"].queue.send("for Ada Reyes")
    elif place == "archive":
        mall.published.append(mall.published[-1].model_copy(update={"data": {"name": "Ada Reyes"}}))
    else:
        long = {"name": "Ada Reyes", "more": "x" * 2_000}  # such a row is stored compressed
        mall.runtimes[place].views.put(Row("copies", "ada", long), 1)
    assert holders(mall) == {place}


def test_the_state_of_an_erased_customer_holds_no_personal_data(scene: Scene) -> None:
    changes_contact(scene.shopper)
    is_erased(scene.shopper)
    store = scene.mall.runtimes["customers"].store
    newest = next(store.backwards(Customer.stream(scene.shopper.customer_id), page=1))
    assert newest.snapshot
    assert not any(personal in str(newest) for personal in PERSONAL)


def test_search_shows_the_orders_of_an_erased_customer_without_a_name_at_once(scene: Scene) -> None:
    scene.is_approved()
    assert name_in_search(scene) == {"Ada Reyes"}
    scene.shopper.acts("DELETE", f"/api/customers/{scene.shopper.customer_id}")  # and no message is delivered
    assert name_in_search(scene) == {None}


def test_search_shows_orders_without_names_while_their_owner_is_down(scene: Scene) -> None:
    scene.is_approved()
    scene.mall.stop("customers")
    assert name_in_search(scene) == {None}
    scene.mall.start("customers")
    assert name_in_search(scene) == {"Ada Reyes"}


def test_an_approved_order_of_an_erased_customer_goes_on_to_its_end(scene: Scene) -> None:
    scene.is_approved()
    is_erased(scene.shopper)
    collect(scene.shopper)
    scene.shopper.pays()
    scene.mall.pass_time(10)
    order = scene.shopper.order()
    assert (order["status"], order["customerId"]) == ("completed", scene.shopper.customer_id)
    assert scene.shopper.invoice()["status"] == "paid"
    everything_adds_up(scene.mall)


def test_an_erased_customer_gets_no_more_texts(scene: Scene) -> None:
    scene.is_approved()
    is_erased(scene.shopper)
    scene.is_collected()
    assert scene.told() == ["approved", "received"]
    assert len(scene.mall.texts.sent) == 2
    with scene.mall.at_work("notifications"):
        skipped = notifications.notifications.get(ids.derive(scene.order_id, "ready_for_pickup"))
    assert skipped.status == "skipped"
    assert scene.mall.dead_letters() == {}


@pytest.mark.parametrize("order", list(permutations(CUSTOMER_EVENTS)), ids=", ".join)
def test_in_whatever_order_events_of_a_customer_arrive_nothing_begins_after_the_erasure(
    order: tuple[str, ...],
) -> None:
    mall = Mall()
    for name in COPIES:
        mall.hold(name, *CUSTOMER_EVENTS)
    shopper = Shopper(mall).registers()
    changes_contact(shopper)
    is_erased(shopper)
    for position, event in enumerate(order):
        for name in COPIES:
            mall.release(name, event)
        mall.settle()
        if "CustomerErased" in order[: position + 1]:
            assert nothing_begins(shopper)
    assert mall.dead_letters() == {}


@pytest.mark.parametrize("to", [None, *COPIES, "insights"])
def test_a_replay_of_all_events_of_customers_brings_nothing_back(scene: Scene, to: str | None) -> None:
    scene.is_approved()
    changes_contact(scene.shopper)
    is_erased(scene.shopper)
    texts = dict(scene.mall.texts.sent)
    for stream in (Customer.stream(scene.shopper.customer_id), None):
        with scene.mall.at_work("customers"):
            assert relay.republish(to=to, stream=stream)["sent"] == 4
        scene.mall.pass_time(10)
        assert holders(scene.mall) == set()
    assert name_in_search(scene) == {None}
    assert nothing_begins(scene.shopper)
    assert scene.mall.texts.sent == texts
    everything_adds_up(scene.mall, ended=False)


def test_a_consumer_that_is_down_during_the_erasure_knows_of_it_when_it_is_back(scene: Scene) -> None:
    scene.mall.stop(*COPIES)
    is_erased(scene.shopper)
    scene.mall.start(*COPIES)
    scene.mall.pass_time(10)
    assert nothing_begins(scene.shopper)


def test_of_messages_of_before_which_had_name_and_number_nothing_personal_is_kept(scene: Scene) -> None:
    before = [e for e in scene.mall.published if e.metadata.name == "CustomerRegistered"]
    old = {"name": "Ada Reyes", "sms_number": "+15550100"}
    for number, envelope in enumerate(before):
        detail = json.loads(json.dumps(envelope.detail()))
        detail["metadata"] |= {"id": f"before-{number}", "version": 1, "stream_version": 9}
        scene.mall.publish({**detail, "data": {**detail["data"], **old}})
    assert "archive" in holders(scene.mall)
    scene.mall.pass_time(30)
    assert holders(scene.mall) == {"archive"}  # which forgets after 14 days
    assert scene.mall.dead_letters() == {}


def test_nothing_new_begins_for_an_erased_customer(scene: Scene) -> None:
    is_erased(scene.shopper)
    customer = {"customerId": scene.shopper.customer_id}
    assert scene.shopper.refused("POST", "/api/baskets", customer).status == 404
    assert scene.shopper.refused("POST", "/api/payments", {**customer, "amount": 5}).status == 404


def test_an_erased_customer_without_a_copy_gets_no_basket_either() -> None:
    mall = Mall()
    for name in COPIES:
        mall.hold(name, *CUSTOMER_EVENTS)
    shopper = Shopper(mall).registers()
    is_erased(shopper)
    assert shopper.refused("POST", "/api/baskets", {"customerId": shopper.customer_id}).status == 404
    assert shopper.refused("POST", "/api/payments", {"customerId": shopper.customer_id, "amount": 5}).status == 404


def before_the_checkout(scene: Scene) -> None:
    is_erased(scene.shopper)
    scene.shopper.checks_out()


def before_baskets_receives_it(scene: Scene) -> None:
    scene.mall.hold("baskets", "CustomerErased")
    is_erased(scene.shopper)
    scene.shopper.fills_a_basket({scene.products["cable"]: 1}).checks_out()
    scene.mall.release("baskets", "CustomerErased")


def between_checkout_and_authorization(scene: Scene) -> None:
    scene.mall.hold("customers", "AuthorizeCustomer")
    scene.shopper.checks_out()
    is_erased(scene.shopper)
    scene.mall.release("customers", "AuthorizeCustomer")


@pytest.mark.parametrize("shops", [before_the_checkout, before_baskets_receives_it, between_checkout_and_authorization])
def test_the_order_of_a_customer_who_is_erased_while_shopping_is_rejected_and_compensated(
    scene: Scene, shops: Callable[[Scene], None]
) -> None:
    shops(scene)
    scene.mall.pass_time(300)
    assert scene.shopper.order()["status"] == "rejected"
    assert scene.shopper.payment()["status"] == "voided"
    assert scene.shopper.shopping_list()["status"] == "cancelled"
    assert scene.robots() == {"idle"}
    assert name_in_search(scene) == {None}
    assert holders(scene.mall) == set()
    everything_adds_up(scene.mall)
