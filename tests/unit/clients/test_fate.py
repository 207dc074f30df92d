"""How an order must end, and whether its money adds up, as a mall with a few canned answers says."""

from typing import Any

import pytest

from clients.mall import Json, Mall, MallError
from clients.order import Order
from clients.scenarios.fate import COMPLETED, REFUNDED, money_difference


class CannedMall(Mall):
    """Answers what it was given, by path; 404 for all else."""

    def __init__(self, answers: dict[str, Json]) -> None:
        self.answers = answers

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        found = self.answers.get(path.split("?")[0])
        if found is None:
            raise MallError(404, "not_found", "nobody knows")
        return found


def mall(status: str, total: float, messages: list[tuple[str, dict[str, Any]]], **more: Json) -> CannedMall:
    said = [{"name": name, "data": data} for name, data in messages]
    answers: dict[str, Json] = {
        "/api/ordering/o": {"order": {"status": status, "total": total}},
        "/api/insights/orders/o/timeline": {"messages": said},
    }
    return CannedMall(answers | more)


PAID = ("InvoicePaid", {"amount": 5_480})


def refunded(cents: int) -> tuple[str, dict[str, Any]]:
    return "PaymentRefunded", {"refunded": cents}


@pytest.mark.parametrize(
    ("status", "total", "messages", "cents"),
    [
        ("completed", 54.80, [PAID], 0),
        ("completed", 54.80, [], 5_480),
        ("completed", 30.30, [PAID, refunded(2_450)], 0),
        ("completed", 30.30, [PAID], 2_450),
        ("cancelled", 54.80, [PAID, refunded(5_480)], 0),
        ("cancelled", 54.80, [PAID], 5_480),
        (
            "cancelled",
            54.80,
            [PAID, refunded(5_480), refunded(30)],
            0,
        ),
        ("cancelled", 54.80, [PAID, refunded(6_480)], 1_000),
        ("rejected", 54.80, [("PaymentVoided", {"released": 5_480})], 0),
    ],
)
def test_what_was_captured_and_not_paid_back_must_be_what_is_owed(
    status: str, total: float, messages: list[tuple[str, dict[str, Any]]], cents: int
) -> None:
    assert money_difference(mall(status, total, messages), "o") == cents


def completed(**others: str) -> Order:
    """An order that was completed, but for what `others` say of its payment and invoice, and of the text about it."""
    said = {"payment": "settled", "invoice": "paid", "text": "completed"} | others
    answers: dict[str, Json] = {
        "/api/payments/invoices/o": {"invoice": {"status": said["invoice"], "amount": 54.80}},
        "/api/payments/p": {"payment": {"status": said["payment"]}},
        "/api/notifications": {"notifications": [{"kind": said["text"], "orderId": "o"}]},
    }
    return Order(mall("completed", 54.80, [], **answers), customer_id="c", id="o", payment_id="p")


def test_an_order_that_lacks_nothing_has_met_its_fate() -> None:
    assert COMPLETED.unmet(completed()) is None


@pytest.mark.parametrize(
    ("others", "lacking"),
    [
        ({"payment": "confirmed"}, "its payment is confirmed, not settled"),
        ({"invoice": "pending"}, "its invoice is pending, not paid"),
        ({"text": "received"}, "the customer got no text: completed"),
    ],
)
def test_what_an_order_lacks_of_its_fate_is_said(others: dict[str, str], lacking: str) -> None:
    assert COMPLETED.unmet(completed(**others)) == lacking


def test_another_fate_is_none() -> None:
    assert REFUNDED.unmet(completed()) == "the order is completed, not cancelled"
    assert COMPLETED.without_text.unmet(completed(text="received")) is None


def test_a_thing_that_is_not_there_yet_may_still_come() -> None:
    order = completed()
    assert isinstance(order.mall, CannedMall)
    del order.mall.answers["/api/payments/invoices/o"]
    assert COMPLETED.unmet(order) == "not there yet: nobody knows"
