"""An order as search shows it."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from events.stores import ProductRebranded, ProductRemoved, StoreRebranded
from functions.search.api import api
from functions.search.inbox import inbox
from tests.support.gateway import request
from tests.unit.search.orders import Owner, ask, consume, found, line, order, show

BAKERY = StoreRebranded(store_id="bakery", name="Boulangerie", location="Level 1", participating=True)
BREAD: dict[str, Any] = {"product_id": "bread", "store_id": "bakery", "description": "", "sku": "", "price": 1}


def test_an_order_is_shown_in_the_shape_of_the_wire_alone_and_in_a_list(owner: Owner) -> None:
    owner.names["ada"] = "Ada Reyes"
    consume(order("order-1", items=(line("bread", 2), line("ink"))))
    expected = {
        "orderId": "order-1",
        "customerId": "ada",
        "customerName": "Ada Reyes",
        "paymentId": "payment of order-1",
        "items": [
            {
                "storeId": "bakery",
                "storeName": "Bakery",
                "productId": "bread",
                "productName": "Bread",
                "price": Decimal("4.5"),
                "quantity": 2,
            },
            {
                "storeId": "paper",
                "storeName": "Paper",
                "productId": "ink",
                "productName": "Ink",
                "price": Decimal("7.99"),
                "quantity": 1,
            },
        ],
        "total": Decimal("16.99"),
        "status": "pending",
        "ready": False,
        "paid": False,
        "createdAt": "2026-03-14T09:00:00.000000Z",
    }
    assert show("order-1") == expected
    assert ask().body == {"orders": [expected]}


def test_an_unknown_order_is_not_found() -> None:
    assert request(api, "GET", "/api/search/orders/nowhere").status == 404


def test_names_are_the_current_ones() -> None:
    consume(order("order-1"))
    consume(BAKERY, 3)
    consume(ProductRebranded(**BREAD, name="Rye bread", removed=False), 2)
    [item] = show("order-1")["items"]
    assert (item["storeName"], item["productName"]) == ("Boulangerie", "Rye bread")


def test_a_removed_product_keeps_its_last_name() -> None:
    consume(order("order-1"))
    consume(ProductRebranded(**BREAD, name="Rye bread", removed=False), 2)
    assert ProductRemoved.about.name not in inbox.pattern["detail-type"]
    assert show("order-1")["items"][0]["productName"] == "Rye bread"


@pytest.mark.parametrize("received", list(itertools.permutations(["pending", "approved", "ready", "completed"])))
def test_an_order_is_shown_with_its_newest_state_in_whatever_order_events_come(received: tuple[str, ...]) -> None:
    versions = {"pending": 1, "approved": 2, "ready": 3, "completed": 4}
    for status in received:
        items = (line("bread", 2),) if versions[status] >= 3 else (line("bread", 2), line("ink"))
        consume(order("order-1", status, items=items), versions[status])
    assert (show("order-1")["status"], show("order-1")["total"]) == ("completed", 9)
    for status in ("pending", "approved", "ready"):
        assert found({"status": status}) == []
    for filters in ({}, {"status": "completed"}, {"customerId": "ada"}, {"productIds": ["bread"]}):
        assert found(filters) == ["order-1"]
    assert found({"productIds": ["ink"]}) == []
    assert found({"storeIds": ["paper"]}) == []


def test_a_payment_is_shown_beside_the_status() -> None:
    consume(order("order-1"), 1)
    consume(order("order-1", "paid", paid=True), 3)
    consume(order("order-1", "approved"), 2)
    assert (show("order-1")["status"], show("order-1")["paid"]) == ("approved", True)
