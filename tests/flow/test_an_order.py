"""One order through all services, in memory: to completion, and to a rejection."""

import pytest

from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support.mall import Mall

ORDERED = [None, *range(5)]  # messages in order, and five kinds of disorder with repetitions


@pytest.fixture(params=ORDERED, ids=lambda seed: "in order" if seed is None else f"disorder {seed}")
def mall(request: pytest.FixtureRequest) -> Mall:
    return Mall(disorder=request.param)


@pytest.fixture
def products(mall: Mall) -> dict[str, str]:
    return open_a_store(mall, {"cable": 9.95, "charger": 34.9})


def a_shopper_who_checked_out(mall: Mall, products: dict[str, str], amount: float = 54.8) -> Shopper:
    shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2, products["charger"]: 1})
    return shopper.authorizes_a_payment(amount).checks_out()


def test_an_order_goes_from_basket_to_completed(mall: Mall, products: dict[str, str]) -> None:
    bot = bring_a_robot_online(mall)
    shopper = a_shopper_who_checked_out(mall, products)
    mall.pass_time(10)
    assert shopper.order()["status"] == "approved"
    assert shopper.shopping_list()["botId"] == bot
    collect(shopper)
    mall.pass_time(60)
    assert shopper.order()["status"] == "ready"
    shopper.pays()
    mall.pass_time(60)

    order = shopper.order()
    assert (order["status"], order["ready"], order["paid"], order["total"]) == ("completed", True, True, 54.8)
    assert shopper.payment()["status"] == "settled"
    assert shopper.invoice() | {"id": ""} == {
        "id": "",
        "orderId": shopper.basket_id,
        "paymentId": shopper.payment_id,
        "amount": 54.8,
        "status": "paid",
    }
    assert shopper.ask("GET", "/api/depot/bots")["bots"][0]["status"] == "idle"
    kinds = {
        notification["kind"]
        for notification in shopper.ask("GET", f"/api/notifications?customerId={shopper.customer_id}")["notifications"]
    }
    assert kinds == {"received", "approved", "ready_for_pickup", "completed"}
    found = shopper.ask("POST", "/api/search/orders", {"filters": {"customerId": shopper.customer_id}})["orders"]
    assert [(o["orderId"], o["status"], o["customerName"]) for o in found] == [
        (shopper.basket_id, "completed", "Ada Reyes")
    ]
    assert shopper.ask("GET", f"/api/checkout/sagas/{shopper.basket_id}")["saga"]["status"] == "completed"
    assert mall.dead_letters() == {}


def test_an_invoice_may_be_paid_before_the_items_are_ready(mall: Mall, products: dict[str, str]) -> None:
    bring_a_robot_online(mall)
    shopper = a_shopper_who_checked_out(mall, products)
    mall.pass_time(10)
    shopper.pays()
    assert (shopper.order()["status"], shopper.order()["paid"]) == ("approved", True)
    collect(shopper)
    mall.pass_time(60)
    assert shopper.order()["status"] == "completed"


def test_a_payment_that_does_not_cover_the_order_gets_it_rejected_and_everything_undone(
    mall: Mall, products: dict[str, str]
) -> None:
    bring_a_robot_online(mall)
    shopper = a_shopper_who_checked_out(mall, products, amount=10)
    mall.pass_time(120)

    assert shopper.order()["status"] == "rejected"
    assert shopper.shopping_list()["status"] == "cancelled"
    assert shopper.payment()["status"] == "voided"
    saga = shopper.ask("GET", f"/api/checkout/sagas/{shopper.basket_id}")["saga"]
    assert saga["status"] == "compensated"
    assert shopper.ask("GET", "/api/depot/bots")["bots"][0]["status"] == "idle"
    assert mall.dead_letters() == {}


def test_the_timeline_of_an_order_has_every_message_once_and_begins_with_the_checkout(
    mall: Mall, products: dict[str, str]
) -> None:
    bring_a_robot_online(mall)
    shopper = a_shopper_who_checked_out(mall, products)
    mall.pass_time(10)
    timeline = shopper.ask("GET", f"/api/insights/orders/{shopper.basket_id}/timeline?limit=100")["messages"]
    ids = [message["id"] for message in timeline]
    assert len(ids) == len(set(ids))
    checkout = next(message for message in timeline if message["name"] == "BasketCheckedOut")
    assert checkout.get("causationId") is None
    flow = [m for m in timeline if m["correlationId"] == checkout["correlationId"]]
    known = {message["id"] for message in flow}
    unknown = {m["name"] for m in flow if m is not checkout and m["causationId"] not in known}
    assert unknown <= {"InitiateShopping"}  # it may follow from CustomerAuthorized, which no commit holds
    for name in ("OrderCreated", "AuthorizeCustomer", "ShoppingListAccepted", "PaymentAccepted", "OrderApproved"):
        assert [m["name"] for m in flow].count(name) == 1


def test_every_request_of_a_flow_carries_on_its_correlation_id(mall: Mall, products: dict[str, str]) -> None:
    shopper = a_shopper_who_checked_out(mall, products)
    checked_out = next(e for e in mall.published if e.metadata.name == "BasketCheckedOut")
    approved = next(e for e in mall.published if e.metadata.name == "OrderApproved")
    assert approved.metadata.correlation_id == checked_out.metadata.correlation_id
    assert approved.data["order_id"] == shopper.basket_id
