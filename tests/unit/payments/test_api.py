"""The REST routes of payments and invoices."""

import pytest

from functions.payments import service
from tests.unit.payments.till import ADA, ADA_FOUND, ADA_PAYS, Till, cancelled, readied, request, request_fully


def test_a_payment_is_authorized_and_read_back(till: Till) -> None:
    till.deliver(ADA)
    status, created = request("POST", "/api/payments", {"customerId": "ada", "amount": 16.99})
    assert status == 200
    assert request("GET", f"/api/payments/{created['id']}") == (
        200,
        {
            "payment": {
                "id": created["id"],
                "customerId": "ada",
                "orderId": None,
                "amount": 16.99,
                "status": "authorized",
                "notMade": [],
            }
        },
    )


def test_the_amount_of_a_payment_stays_what_was_authorized(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.deliver_reminders()
    _, answer = request("GET", f"/api/payments/{payment_id}")
    assert answer["payment"] == {
        "id": payment_id,
        "customerId": "ada",
        "orderId": "order-1",
        "amount": 20,
        "status": "refunded",
        "notMade": [],
    }


def test_a_payment_shows_what_was_asked_of_the_provider_until_it_is_done(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    assert request("GET", f"/api/payments/{payment_id}")[1]["payment"]["notMade"] == ["refund"]
    till.deliver_reminders()
    assert request("GET", f"/api/payments/{payment_id}")[1]["payment"]["notMade"] == []


def test_the_owner_is_asked_once_about_a_customer_whose_copy_is_missing(till: Till) -> None:
    till.owners.answers["ada"] = ADA_FOUND
    assert request("POST", "/api/payments", ADA_PAYS)[0] == 200
    till.owners.down = True
    assert request("POST", "/api/payments", ADA_PAYS)[0] == 200


def test_an_unknown_customer_is_not_found(till: Till) -> None:
    status, problem = request("POST", "/api/payments", ADA_PAYS)
    assert (status, problem["code"], problem["message"]) == (404, "not_found", "customer was not located")
    assert till.published == []


def test_a_payment_is_unavailable_while_the_owner_of_customers_does_not_answer(till: Till) -> None:
    till.owners.down = True
    status, headers, problem = request_fully("POST", "/api/payments", ADA_PAYS)
    assert (status, problem["code"]) == (503, "unavailable")
    assert int(headers["Retry-After"]) > 0
    assert till.published == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"customerId": "ada", "amount": 0}, "the payment amount must be greater than zero"),
        ({"customerId": "ada", "amount": -0.01}, "the payment amount must be greater than zero"),
        ({"customerId": " ", "amount": 1}, "the customer id cannot be blank"),
        ({"customerId": "ada", "amount": 1.005}, "amount: an amount has at most two decimals"),
        ({"customerId": "ada", "amount": "1"}, "amount: an amount must be a number"),
        ({"customerId": "ada", "amount": None}, "the payment amount must be greater than zero"),
        ({"customerId": "ada"}, "the payment amount must be greater than zero"),
        ({"amount": 1}, "the customer id cannot be blank"),
    ],
)
def test_a_malformed_payment_is_a_bad_request(till: Till, body: object, message: str) -> None:
    till.deliver(ADA)
    status, problem = request("POST", "/api/payments", body)
    assert (status, problem["message"]) == (400, message)
    assert till.published == []


def test_the_largest_amount_is_stored_exactly(till: Till) -> None:
    till.deliver(ADA)
    _, created = request("POST", "/api/payments", '{"customerId": "ada", "amount": 90071992547409.91}')
    assert service.payment(created["id"]).authorized == 2**53 - 1
    status, _ = request("POST", "/api/payments", '{"customerId": "ada", "amount": 90071992547409.92}')
    assert status == 400


def test_one_key_makes_one_payment(till: Till) -> None:
    till.deliver(ADA)
    key = {"idempotency-key": "key-1"}
    first = request("POST", "/api/payments", ADA_PAYS, key)
    assert request("POST", "/api/payments", ADA_PAYS, key) == first
    assert till.names() == ["PaymentAuthorized"]
    assert request("POST", "/api/payments", {"customerId": "ada", "amount": 21}, key)[0] == 422


def test_an_invoice_shows_what_is_owed(till: Till) -> None:
    payment_id = till.confirmed()
    service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
    status, answer = request("GET", "/api/payments/invoices/order-1")
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
    service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
    assert request("PUT", "/api/payments/invoices/order-1/pay", {}) == (200, {})
    assert request("GET", "/api/payments/invoices/order-1")[1]["invoice"]["status"] == "paid"
    status, problem = request("PUT", "/api/payments/invoices/order-1/pay")
    assert (status, problem["code"], problem["message"]) == (409, "refused", "the invoice is paid")
    assert service.payment(payment_id).captured == 1699


def test_a_repeated_request_to_pay_gets_the_first_answer(till: Till) -> None:
    payment_id = till.confirmed()
    service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
    key = {"idempotency-key": "key-1"}
    assert [request("PUT", "/api/payments/invoices/order-1/pay", {}, key) for _ in range(2)] == [(200, {})] * 2
    assert till.names().count("InvoicePaid") == 1


def test_a_paid_invoice_of_a_cancelled_order_stays_paid_with_nothing_owed(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    invoice = request("GET", "/api/payments/invoices/order-1")[1]["invoice"]
    assert (invoice["status"], invoice["amount"]) == ("paid", 0)


def test_an_invoice_has_a_tag_and_a_stale_one_pays_nothing(till: Till) -> None:
    payment_id = till.confirmed()
    service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
    seen = request_fully("GET", "/api/payments/invoices/order-1")[1]["ETag"]
    till.deliver(readied(payment_id, 900))
    path = "/api/payments/invoices/order-1/pay"
    assert request("PUT", path, {}, {"if-match": seen})[0] == 412
    newer = request_fully("GET", "/api/payments/invoices/order-1")[1]["ETag"]
    status, headers, _ = request_fully("PUT", path, {}, {"if-match": newer})
    assert status == 200
    assert headers["ETag"] == request_fully("GET", "/api/payments/invoices/order-1")[1]["ETag"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/payments/unknown"),
        ("GET", "/api/payments/invoices/unknown"),
        ("PUT", "/api/payments/invoices/unknown/pay"),
    ],
)
@pytest.mark.usefixtures("till")
def test_an_unknown_payment_or_invoice_is_not_found(method: str, path: str) -> None:
    status, problem = request(method, path)
    assert (status, problem["code"]) == (404, "not_found")
