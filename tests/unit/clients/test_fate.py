"""How an order must end, and whether its money adds up, on a mall with canned answers."""

from typing import Any

import pytest

from clients.mall import Json, Mall, MallError
from clients.order import Order
from clients.people import People
from clients.scenarios.fate import COMPLETED, REFUNDED, money_difference


class CannedMall(Mall):
    """Answers by path; 404 for any other."""

    def __init__(self, answers: dict[str, Json]) -> None:
        self.answers = answers

    def call(self, method: str, path: str, body: Json | None = None, *, key: str | None = None) -> Json:
        found = self.answers.get(path.split("?")[0])
        if found is None:
            raise MallError(404, "not_found", "unknown")
        return found


def mall(status: str, total: float, messages: list[tuple[str, dict[str, Any]]], **more: Json) -> CannedMall:
    timeline = [{"name": name, "data": data} for name, data in messages]
    answers: dict[str, Json] = {
        "/api/ordering/o": {"order": {"status": status, "total": total}},
        "/api/insights/orders/o/timeline": {"messages": timeline},
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
    """A completed order; `others` replace the status of its payment or invoice, or the kind of its text."""
    state = {"payment": "settled", "invoice": "paid", "text": "completed"} | others
    answers: dict[str, Json] = {
        "/api/payments/invoices/o": {"invoice": {"status": state["invoice"], "amount": 54.80}},
        "/api/payments/p": {"payment": {"status": state["payment"]}},
        "/api/notifications": {"notifications": [{"kind": state["text"], "orderId": "o"}]},
    }
    staff = mall("completed", 54.80, [], **answers)
    return Order(People(staff, kiosk=CannedMall({})), customer_id="c", id="o", payment_id="p")


def test_an_order_with_all_expected_statuses_has_reached_its_fate() -> None:
    assert COMPLETED.unmet(completed()) is None


@pytest.mark.parametrize(
    ("others", "unmet"),
    [
        ({"payment": "confirmed"}, "its payment is confirmed, not settled"),
        ({"invoice": "pending"}, "its invoice is pending, not paid"),
        ({"text": "received"}, "the customer got no text: completed"),
    ],
)
def test_what_is_unmet_is_reported(others: dict[str, str], unmet: str) -> None:
    assert COMPLETED.unmet(completed(**others)) == unmet


def test_another_end_does_not_reach_the_fate() -> None:
    assert REFUNDED.unmet(completed()) == "the order is completed, not cancelled"
    assert COMPLETED.without_text.unmet(completed(text="received")) is None


def test_what_does_not_exist_yet_is_unmet() -> None:
    order = completed()
    assert isinstance(order.people.staff, CannedMall)
    del order.people.staff.answers["/api/payments/invoices/o"]
    assert COMPLETED.unmet(order) == "not there yet: unknown"
