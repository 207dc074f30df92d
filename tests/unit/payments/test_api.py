"""Payments over REST."""

import pytest

from functions.payments import service
from tests.unit.payments.till import ADA, ADA_FOUND, Till, ask, ask_fully, cancelled, readied

ADA_PAYS = {"customerId": "ada", "amount": 20}


def test_a_payment_is_authorized_and_read_back(till: Till) -> None:
    till.hear(ADA)
    status, created = ask("POST", "/api/payments", {"customerId": "ada", "amount": 16.99})
    assert status == 200
    assert ask("GET", f"/api/payments/{created['id']}") == (
        200,
        {
            "payment": {
                "id": created["id"],
                "customerId": "ada",
                "orderId": None,
                "amount": 16.99,
                "status": "authorized",
            }
        },
    )


def test_a_payment_says_what_was_authorized_whatever_became_of_it(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.remind()
    _, answer = ask("GET", f"/api/payments/{payment_id}")
    assert answer["payment"] == {
        "id": payment_id,
        "customerId": "ada",
        "orderId": "order-1",
        "amount": 20,
        "status": "refunded",
    }


def test_a_customer_whose_copy_misses_is_asked_for_once(till: Till) -> None:
    till.owners.answers["ada"] = ADA_FOUND
    assert ask("POST", "/api/payments", ADA_PAYS)[0] == 200
    till.owners.down = True
    assert ask("POST", "/api/payments", ADA_PAYS)[0] == 200


def test_an_unknown_customer_is_not_found(till: Till) -> None:
    status, problem = ask("POST", "/api/payments", ADA_PAYS)
    assert (status, problem["code"], problem["message"]) == (404, "not_found", "customer was not located")
    assert till.said == []


def test_an_owner_that_does_not_answer_is_no_guess(till: Till) -> None:
    till.owners.down = True
    status, headers, problem = ask_fully("POST", "/api/payments", ADA_PAYS)
    assert (status, problem["code"]) == (503, "unavailable")
    assert int(headers["Retry-After"]) > 0
    assert till.said == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"customerId": "ada", "amount": 0}, "the payment amount must be greater than zero"),
        ({"customerId": "ada", "amount": -0.01}, "the payment amount must be greater than zero"),
        ({"customerId": " ", "amount": 1}, "the customer id cannot be blank"),
        ({"customerId": "ada", "amount": 1.005}, "amount: an amount has at most two decimals"),
        ({"customerId": "ada", "amount": "1"}, "amount: an amount must be a number"),
        ({"customerId": "ada", "amount": None}, "amount: must not be null"),
        ({"customerId": "ada"}, "amount: this field is missing"),
        ({"amount": 1}, "customerId: this field is missing"),
    ],
)
def test_what_is_no_payment_is_refused(till: Till, body: object, message: str) -> None:
    till.hear(ADA)
    status, problem = ask("POST", "/api/payments", body)
    assert (status, problem["message"]) == (400, message)
    assert till.said == []


def test_the_largest_amount_comes_out_exactly(till: Till) -> None:
    till.hear(ADA)
    _, created = ask("POST", "/api/payments", '{"customerId": "ada", "amount": 90071992547409.91}')
    assert service.payment(created["id"]).authorized == 2**53 - 1
    status, _ = ask("POST", "/api/payments", '{"customerId": "ada", "amount": 90071992547409.92}')
    assert status == 400


def test_one_key_makes_one_payment(till: Till) -> None:
    till.hear(ADA)
    key = {"idempotency-key": "key-1"}
    first = ask("POST", "/api/payments", ADA_PAYS, key)
    assert ask("POST", "/api/payments", ADA_PAYS, key) == first
    assert till.names() == ["PaymentAuthorized"]
    assert ask("POST", "/api/payments", {"customerId": "ada", "amount": 21}, key)[0] == 422


def test_an_invoice_says_what_is_owed(till: Till) -> None:
    payment_id = till.confirmed()
    service.bill("order-1", payment_id, 1699)
    status, answer = ask("GET", "/api/payments/invoices/order-1")
    assert (status, answer) == (
        200,
        {
            "invoice": {
                "id": "order-1",
                "orderId": "order-1",
                "paymentId": payment_id,
                "amount": 16.99,
                "status": "pending",
            }
        },
    )


def test_an_invoice_is_paid_once(till: Till) -> None:
    payment_id = till.confirmed()
    service.bill("order-1", payment_id, 1699)
    assert ask("PUT", "/api/payments/invoices/order-1/pay", {}) == (200, {})
    assert ask("GET", "/api/payments/invoices/order-1")[1]["invoice"]["status"] == "paid"
    status, problem = ask("PUT", "/api/payments/invoices/order-1/pay")
    assert (status, problem["code"], problem["message"]) == (409, "refused", "the invoice is paid")
    assert service.payment(payment_id).captured == 1699


def test_a_repeated_request_to_pay_gets_the_first_answer(till: Till) -> None:
    payment_id = till.confirmed()
    service.bill("order-1", payment_id, 1699)
    key = {"idempotency-key": "key-1"}
    assert [ask("PUT", "/api/payments/invoices/order-1/pay", {}, key) for _ in range(2)] == [(200, {})] * 2
    assert till.names().count("InvoicePaid") == 1


def test_a_paid_invoice_of_a_cancelled_order_stays_paid_with_nothing_owed(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    invoice = ask("GET", "/api/payments/invoices/order-1")[1]["invoice"]
    assert (invoice["status"], invoice["amount"]) == ("paid", 0)


def test_an_invoice_has_a_tag_and_a_stale_one_pays_nothing(till: Till) -> None:
    payment_id = till.confirmed()
    service.bill("order-1", payment_id, 1699)
    seen = ask_fully("GET", "/api/payments/invoices/order-1")[1]["ETag"]
    till.hear(readied(payment_id, 900))
    path = "/api/payments/invoices/order-1/pay"
    assert ask("PUT", path, {}, {"if-match": seen})[0] == 412
    newer = ask_fully("GET", "/api/payments/invoices/order-1")[1]["ETag"]
    status, headers, _ = ask_fully("PUT", path, {}, {"if-match": newer})
    assert status == 200
    assert headers["ETag"] == ask_fully("GET", "/api/payments/invoices/order-1")[1]["ETag"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/payments/nowhere"),
        ("GET", "/api/payments/invoices/nowhere"),
        ("PUT", "/api/payments/invoices/nowhere/pay"),
    ],
)
@pytest.mark.usefixtures("till")
def test_what_is_not_there_is_not_found(method: str, path: str) -> None:
    status, problem = ask(method, path)
    assert (status, problem["code"]) == (404, "not_found")
