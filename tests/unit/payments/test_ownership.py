"""Whose a payment and an invoice are: their customer's own, and staff's to handle for any customer."""

from typing import Any

import pytest

from functions.kernel.runtime.context import Caller
from functions.payments import service
from functions.payments.api import api
from tests.support.callers import A_KIOSK, CLERK, NOBODY, OPERATOR_ON_CALL, customer, robot
from tests.support.gateway import Response, request
from tests.unit.payments.test_versions import SHORT, opened
from tests.unit.payments.till import ADA, Till, approved, cancelled, rejected

ADA_HERSELF, BO = customer("ada"), customer("bo")
INVOICE = "/api/payments/invoices/order-1"
REQUESTS = [("GET", "/{payment}"), ("GET", "/invoices/order-1"), ("PUT", "/invoices/order-1/pay")]
requests = pytest.mark.parametrize(("method", "path"), REQUESTS, ids=["payment", "invoice", "pay"])
STAFF_ONLY = [
    ("GET", "/differences"),
    ("GET", "/differences/order-1"),
    ("PUT", "/differences/order-1/recheck"),
    ("POST", "/reconciliation"),
]


def ask(method: str, path: str, who: Caller, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    return request(api, method, f"/api/payments{path.removeprefix('/api/payments')}", body, headers, who)


@pytest.fixture
def payment(till: Till) -> str:
    """A payment of Ada's, which serves her approved order."""
    payment_id = till.confirmed()
    till.deliver(approved(payment_id))
    return payment_id


@requests
@pytest.mark.parametrize("who", [ADA_HERSELF, CLERK, OPERATOR_ON_CALL])
def test_its_customer_and_staff_see_a_payment_and_pay_its_invoice(
    payment: str, method: str, path: str, who: Caller
) -> None:
    assert ask(method, path.format(payment=payment), who).status == 200


@requests
@pytest.mark.parametrize("paid", [False, True])
def test_anothers_payment_and_invoice_are_not_there_whatever_their_state(
    till: Till, payment: str, method: str, path: str, paid: bool
) -> None:
    if paid:
        assert ask("PUT", f"{INVOICE}/pay", ADA_HERSELF).status == 200
    before, captured = len(till.store.log), dict(till.bank.captures)
    missing = f"there is no payment {payment}" if "{payment}" in path else "there is no invoice order-1"
    for headers in ({}, {"If-Match": '"999"'}, {"If-None-Match": "*"}, {"Idempotency-Key": "a key"}):
        answer = ask(method, path.format(payment=payment), BO, headers=headers)
        assert (answer.status, answer.body["detail"]) == (404, missing)
        assert "ETag" not in answer.headers
    assert (len(till.store.log), till.bank.captures) == (before, captured)


def test_a_payment_for_another_customer_is_forbidden_before_anybody_is_asked(till: Till) -> None:
    till.deliver(ADA)
    till.owners.down, till.bank.fails = True, "before"
    for other in ("bo", "nobody"):
        for amount in (20, 0):
            answer = ask("POST", "", ADA_HERSELF, {"customerId": other, "amount": amount})
            assert (answer.status, answer.body["code"]) == (403, "forbidden")
    assert (till.store.log, till.bank.held, till.bank.fails) == ([], {}, "before")


def test_a_customer_authorizes_its_own_money_and_sets_nothing_else(till: Till) -> None:
    till.deliver(ADA)
    more = {"status": "settled", "orderId": "order-1", "captured": 2000, "id": "mine"}
    made = ask("POST", "", ADA_HERSELF, {"customerId": "ada", "amount": 20, **more})
    shown = ask("GET", f"/{made.body['id']}", ADA_HERSELF).body["payment"]
    assert (shown["status"], shown["orderId"], shown["amount"]) == ("authorized", None, 20)
    assert [commit.actor for commit in service.payments.history(made.body["id"])] == ["customer:ada"]
    answer = ask("POST", "", ADA_HERSELF, {"amount": 20})
    assert (answer.status, answer.body["detail"]) == (400, "the customer id cannot be blank")


@pytest.mark.parametrize("ended", [cancelled, rejected])
def test_the_invoice_of_an_order_that_named_anothers_payment_is_its_customers(
    till: Till, payment: str, ended: Any
) -> None:
    till.deliver(ended(payment, order_id="order-2", customer_id="bo"))
    assert ask("GET", "/invoices/order-2", BO).body["invoice"]["status"] == "cancelled"
    assert ask("GET", "/invoices/order-2", ADA_HERSELF).status == 404
    assert ask("GET", f"/{payment}", BO).status == 404
    assert ask("GET", f"/{payment}", ADA_HERSELF).body["payment"]["status"] == "confirmed"


@pytest.mark.parametrize("snapshots", [True, False])
def test_an_invoice_that_was_stored_without_its_customer_is_who_made_its_payment(snapshots: bool) -> None:
    with opened(SHORT, snapshots=snapshots):
        assert service.invoice("order-1").customer_id == ""
        for method, path in REQUESTS[1:]:
            assert ask(method, path, BO).status == 404
            assert ask(method, path, ADA_HERSELF).status == 200


def test_an_old_invoice_whose_payment_never_served_its_order_is_for_staff_alone() -> None:
    with opened(
        SHORT, **{'\\"Confirmed\\",1,{\\"order_id\\":\\"order-1': '\\"Confirmed\\",1,{\\"order_id\\":\\"order-9'}
    ) as till:
        assert service.payment("payment-1").order_id == "order-9"
        assert ask("GET", INVOICE, ADA_HERSELF).status == 404
        assert ask("GET", INVOICE, CLERK).status == 200
        assert till.dead_letters.sent == []


@requests
@pytest.mark.parametrize("who", [A_KIOSK, robot("ada"), NOBODY])
def test_kiosks_robots_and_nobody_have_no_money(payment: str, method: str, path: str, who: Caller) -> None:
    expected = 403 if who.role else 401
    assert ask(method, path.format(payment=payment), who).status == expected
    assert ask("POST", "", who, {"customerId": "ada", "amount": 20}).status == expected


@pytest.mark.parametrize(("method", "path"), STAFF_ONLY)
@pytest.mark.parametrize("who", [ADA_HERSELF, A_KIOSK, robot("bot-1")])
def test_only_staff_compare_money(till: Till, method: str, path: str, who: Caller) -> None:
    assert ask(method, path, who).status == 403
    assert till.queue.sent == []
