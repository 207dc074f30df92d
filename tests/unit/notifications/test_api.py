"""The REST route of notifications."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.ordering import OrderCreated
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.context import STAFF
from functions.notifications.api import api
from functions.notifications.inbox import inbox
from tests.support import jar_api
from tests.support.promised import hand_over, promised
from tests.unit.notifications.mall import CREATED, consume, order

NINE = datetime(2026, 3, 14, 9, 0, tzinfo=UTC)


def listed(query: str) -> Any:
    answer = jar_api.ask("GET", f"/api/notifications{query}", api=api)
    assert answer.status == 200, answer
    return answer.body


@pytest.fixture
def three_orders() -> list[str]:
    """The ids of three orders of Ada's, the oldest first, each with one text sent."""
    for n in range(3):
        with clock.fixed(lambda n=n: NINE + timedelta(minutes=n)):  # type: ignore[misc]
            consume(order(OrderCreated, order_id=f"order-{n}"), f"message-{n}")
    hand_over(inbox, promised()[::-1] + promised())
    return [f"order-{n}" for n in range(3)]


def test_a_text_that_was_sent_is_listed() -> None:
    with clock.fixed(lambda: NINE):
        consume(CREATED, "message-2")
    hand_over(inbox, promised())
    assert listed("?customerId=ada") == {
        "notifications": [
            {
                "id": ids.derive(CREATED.order_id, "received"),
                "orderId": CREATED.order_id,
                "kind": "received",
                "status": "sent",
                "sentAt": "2026-03-14T09:00:00.000000Z",
            }
        ]
    }


def test_the_texts_of_a_customer_are_listed_once_each_newest_first(three_orders: list[str]) -> None:
    assert [text["orderId"] for text in listed("?customerId=ada")["notifications"]] == three_orders[::-1]


def test_the_list_of_a_customer_is_read_page_by_page(three_orders: list[str]) -> None:
    first = listed("?customerId=ada&limit=2")
    second = listed(f"?customerId=ada&limit=2&next={first['next']}")
    found = [text["orderId"] for page in (first, second) for text in page["notifications"]]
    assert found == three_orders[::-1]
    assert "next" not in second


def test_a_page_of_another_customer_is_refused(three_orders: list[str]) -> None:
    token = listed("?customerId=ada&limit=2")["next"]
    assert jar_api.ask("GET", f"/api/notifications?customerId=eve&next={token}", api=api).status == 400


def test_the_list_of_a_customer_without_texts_is_empty(three_orders: list[str]) -> None:
    assert listed("?customerId=eve") == {"notifications": []}


def test_a_list_needs_a_customer() -> None:
    answer = jar_api.ask("GET", "/api/notifications", api=api)
    assert (answer.status, answer.body["message"]) == (400, "customerId: this field is missing")


def test_the_list_is_for_staff() -> None:
    assert [route.may for route in api.routes] == [(STAFF,)]
