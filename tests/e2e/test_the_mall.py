"""The deployed system, used as by a customer, a clerk and an operator."""

import json
import uuid

import httpx
import pytest

from clients.mall import Json, MallError, wait_for
from clients.scenarios.journey import shop
from infra.local.queues import depths
from infra.local.synthesis import STAGE
from infra.operate.dead_letters import dead_letters
from infra.operate.operator import operator
from tests.e2e.conftest import Deployed


def test_an_order_goes_from_basket_to_completed(deployed: Deployed) -> None:
    journey = shop(deployed.people, deployed.products[::25])

    assert journey.status == "completed"
    order = deployed.mall.get(f"/api/ordering/{journey.order_id}")["order"]
    assert (order["ready"], order["paid"]) == (True, True)
    payment = deployed.mall.get(f"/api/payments/{order['paymentId']}")["payment"]
    assert (payment["status"], payment["amount"]) == ("settled", order["total"])
    kinds = {"received", "approved", "ready_for_pickup", "completed"}

    def notified() -> bool | None:
        path = f"/api/notifications?customerId={order['customerId']}"
        return {n["kind"] for n in deployed.mall.get(path)["notifications"]} == kinds or None

    def found() -> Json | None:
        filters = {"filters": {"customerId": order["customerId"]}}
        orders: list[Json] = deployed.mall.post("/api/search/orders", filters)["orders"]
        return next((o for o in orders if o["status"] == "completed"), None)

    wait_for(notified, "the customer's texts")
    assert wait_for(found, "the order in search")["orderId"] == journey.order_id
    assert dead_letters(deployed.cloud) == []


def test_an_order_that_its_payment_does_not_cover_is_rejected_and_compensated(deployed: Deployed) -> None:
    mall = deployed.mall
    customer = mall.post("/api/customers", {"name": "Ada Reyes", "smsNumber": "+15550100"})["id"]
    basket = mall.post("/api/baskets", {"customerId": customer})["id"]
    mall.put(f"/api/baskets/{basket}/addItem", {"productId": deployed.products[0], "quantity": 2})
    payment = mall.post("/api/payments", {"customerId": customer, "amount": 0.01})["id"]
    mall.put(f"/api/baskets/{basket}/checkout", {"paymentId": payment})

    def compensated() -> Json | None:
        saga: Json = mall.get(f"/api/checkout/sagas/{basket}")["saga"]
        return saga if saga["status"] == "compensated" else None

    saga = wait_for(compensated, "the compensation")
    assert "cover" in saga["reason"]
    assert mall.get(f"/api/ordering/{basket}")["order"]["status"] == "rejected"
    assert mall.get(f"/api/depot/shopping/{basket}")["list"]["status"] == "cancelled"
    assert mall.get(f"/api/payments/{payment}")["payment"]["status"] == "voided"


def test_the_timeline_of_an_order_is_complete_and_names_each_cause(deployed: Deployed) -> None:
    journey = shop(deployed.people, deployed.products[:1])

    def timeline() -> list[Json] | None:
        found = deployed.mall.pages(f"/api/insights/orders/{journey.order_id}/timeline", "messages")
        return found if any(message["name"] == "OrderCompleted" for message in found) else None

    messages = wait_for(timeline, "the timeline")
    ids = {message["id"] for message in messages}
    assert len(ids) == len(messages)
    assert {"BasketCheckedOut", "AuthorizeCustomer", "PaymentAccepted", "InvoicePaid"} <= {m["name"] for m in messages}
    # That the customer may order is answered without a commit; the next command may follow from that answer.
    assert {m["name"] for m in messages if m["causationId"] and m["causationId"] not in ids} <= {"InitiateShopping"}


def test_a_message_that_cannot_be_decoded_is_dead_lettered_with_its_reason(deployed: Deployed) -> None:
    sqs = deployed.client("sqs")
    body = f"not a message {uuid.uuid4()}"
    sqs.send_message(QueueUrl=deployed.output("ordering", "InboxQueue"), MessageBody=body)

    letters = wait_for(
        lambda: [letter for letter in dead_letters(deployed.cloud) if letter.body == body] or None, "the dead letter"
    )
    assert [letter.queue for letter in letters] == ["ordering/inbox/dead-letters"]
    assert "not JSON" in letters[0].reason

    def discarded() -> bool:
        """Once it is stored, within a minute."""
        with operator(deployed.cloud, STAGE) as mall:
            mall.put(f"/api/operations/letters/{letters[0].id}/discard", {"reason": "a test's"})
        return True

    wait_for(discarded, "the letter in the store", seconds=90)
    assert dead_letters(deployed.cloud) == []


def test_a_republish_to_one_consumer_changes_nothing(deployed: Deployed) -> None:
    journey = shop(deployed.people, deployed.products[:1])
    wait_for(lambda: not depths(deployed.cloud) or None, "empty queues")
    path = f"/api/insights/orders/{journey.order_id}/timeline"
    before = deployed.mall.pages(path, "messages")

    request = {"republish": {"stream": f"Order#{journey.order_id}", "to": "insights"}}
    answer = deployed.client("lambda").invoke(
        FunctionName=deployed.output("ordering", "RelayFunction"), Payload=json.dumps(request)
    )
    assert json.loads(answer["Payload"].read())["sent"] >= 4
    wait_for(lambda: not depths(deployed.cloud) or None, "empty queues")
    assert deployed.mall.pages(path, "messages") == before


def test_a_request_repeated_with_its_idempotency_key_takes_effect_once(deployed: Deployed) -> None:
    key = str(uuid.uuid4())
    body = {"name": "Twice", "location": "Level 9"}
    first = deployed.mall.post("/api/stores", body, key=key)
    assert deployed.mall.post("/api/stores", body, key=key) == first
    with pytest.raises(MallError) as refused:
        deployed.mall.post("/api/stores", {**body, "name": "Thrice"}, key=key)
    assert (refused.value.status, refused.value.code) == (422, "idempotency_key_reused")


def test_an_etag_guards_against_overwriting_a_concurrent_change(deployed: Deployed) -> None:
    store = deployed.mall.post("/api/stores", {"name": "Guarded", "location": "Level 9"})["id"]
    path = f"/api/stores/{store}"
    guard = {"if-match": deployed.mall.send("GET", path).headers["etag"]}
    assert deployed.mall.send("PUT", f"{path}/rebrand", {"name": "New"}, guard).status_code == 200
    assert deployed.mall.send("PUT", f"{path}/rebrand", {"name": "Newer"}, guard).status_code == 412


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/nothing", 404, None),
        ("PATCH", "/api/stores", 405, "GET, POST"),
        ("GET", "/health", 200, None),
    ],
)
def test_the_gateway_answers_requests_that_no_service_has_a_route_for(
    deployed: Deployed, method: str, path: str, status: int, allow: str | None
) -> None:
    response = httpx.request(method, deployed.address + path)
    assert (response.status_code, response.headers.get("allow")) == (status, allow)
    kind = "application/json" if status == 200 else "application/problem+json"
    assert response.headers["content-type"].split(";")[0] == kind


def test_the_local_stage_counts_costs(deployed: Deployed) -> None:
    from infra.local.cost import LABELS, cost

    journey = shop(deployed.people, deployed.products[:1])
    counted = cost(deployed.cloud, 0, journey.robot)
    assert set(counted) == set(LABELS)
    assert all(units > 0 for units in counted.values())
