"""What is asked of the provider, and when: nothing is lost or done twice, wherever a request or a worker stops."""

from datetime import timedelta

import pytest

from events.customers import CustomerRegistered
from functions.kernel.runtime import budget, runtime
from functions.payments import service
from functions.payments.domain import Statement
from functions.payments.provider import connect
from functions.payments.sandbox import SandboxProvider
from tests.support.contention import ContendedStore, crash
from tests.unit.payments.till import ADA, ADA_PAYS, Till, authorized, cancelled, readied, request, request_fully

DAY = timedelta(days=1)
BOB = CustomerRegistered(customer_id="bob", enabled=True)
PAY = "/api/payments/invoices/order-1/pay"
KEY = {"idempotency-key": "key-1"}


@pytest.fixture(autouse=True)
def ada(till: Till) -> None:
    """The service knows Ada."""
    till.deliver(ADA)


def with_invoice(till: Till) -> str:
    payment_id = till.confirmed()
    service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
    return payment_id


class TestAuthorizing:
    def test_a_payment_is_authorized_by_the_provider(self, till: Till) -> None:
        assert till.bank.statement(authorized()) == Statement(held=2000)

    def test_a_declined_authorization_is_a_conflict_in_words_and_makes_no_payment(self, till: Till) -> None:
        till.bank.fails = "refuse"
        status, problem = request("POST", "/api/payments", ADA_PAYS)
        assert (status, problem["code"], problem["message"]) == (409, "refused", "the account is closed")
        assert (till.published, till.bank.held) == ([], {})

    @pytest.mark.parametrize("fails", ["before", "after"])
    def test_no_answer_is_unavailable_and_the_repeated_request_authorizes_once(self, till: Till, fails: str) -> None:
        till.bank.fails = fails
        status, headers, problem = request_fully("POST", "/api/payments", ADA_PAYS, KEY)
        assert (status, problem["code"], headers["Retry-After"]) == (503, "unavailable", "2")
        status, created = request("POST", "/api/payments", ADA_PAYS, KEY)
        assert (status, till.bank.held) == (200, {created["id"]: 2000})

    def test_a_crash_before_the_commit_and_the_repeated_request_authorize_once(
        self, till: Till, store: ContendedStore
    ) -> None:
        store.before = [crash]
        assert request("POST", "/api/payments", ADA_PAYS, KEY)[0] >= 500
        status, created = request("POST", "/api/payments", ADA_PAYS, KEY)
        assert (status, till.bank.held) == (200, {created["id"]: 2000})

    def test_a_request_that_comes_again_after_its_commit_asks_for_nothing(self, till: Till) -> None:
        first = request("POST", "/api/payments", ADA_PAYS, KEY)
        till.bank.fails = "before"
        assert request("POST", "/api/payments", ADA_PAYS, KEY) == first

    @pytest.mark.parametrize("sandbox", [False, True])
    def test_a_key_whose_answer_was_lost_authorizes_nothing_for_another_customer(
        self, till: Till, sandbox: bool
    ) -> None:
        provider = SandboxProvider() if sandbox else till.bank
        till.runtime.adapters["provider"] = provider
        till.deliver(BOB)
        amount = {"amount": 1_000_000.17}  # of which the sandbox loses the first answer
        till.bank.fails = "after"
        assert request("POST", "/api/payments", {"customerId": "ada", **amount}, KEY)[0] == 503
        assert request("POST", "/api/payments", {"customerId": "bob", **amount}, KEY)[0] == 409
        assert (till.published, list(till.store.log)) == ([], [])
        status, created = request("POST", "/api/payments", {"customerId": "ada", **amount}, KEY)
        assert (status, service.payment(created["id"]).customer_id) == (200, "ada")
        assert provider.statement(created["id"]) == Statement(held=100_000_017)

    def test_an_unknown_customer_is_not_found_and_nothing_is_asked(self, till: Till) -> None:
        assert request("POST", "/api/payments", {"customerId": "eve", "amount": 20})[0] == 404
        assert till.bank.held == {}

    def test_no_call_begins_for_which_there_is_no_time(self, till: Till) -> None:
        with budget.limited(lambda: budget.TRY + budget.RESERVE - 0.1):
            assert request("POST", "/api/payments", ADA_PAYS)[0] == 503
        assert till.bank.held == {}


class TestCapturing:
    def test_paying_captures_what_is_owed_and_releases_the_rest(self, till: Till) -> None:
        assert till.bank.statement(till.paid()) == Statement(captured=1699)

    def test_an_invoice_of_nothing_releases_all(self, till: Till) -> None:
        payment_id = till.confirmed()
        service.create_or_reduce_invoice("order-1", payment_id, 0, "ada")
        service.pay("order-1")
        assert till.bank.statement(payment_id) == Statement()

    def test_a_refused_capture_leaves_the_invoice_pending(self, till: Till) -> None:
        with_invoice(till)
        till.bank.fails = "refuse"
        status, problem = request("PUT", PAY)
        assert (status, problem["message"]) == (409, "the account is closed")
        assert service.invoice("order-1").status == "pending"

    @pytest.mark.parametrize("key", [{}, KEY])
    def test_no_answer_is_unavailable_and_the_next_request_captures_once(self, till: Till, key: dict[str, str]) -> None:
        payment_id = with_invoice(till)
        till.bank.fails = "after"
        status, headers, _ = request_fully("PUT", PAY, {}, key)
        assert (status, headers["Retry-After"], service.payment(payment_id).captured) == (503, "2", 0)
        assert request("PUT", PAY, {}, key)[0] == 200
        assert len(till.bank.captures) == 1
        assert service.payment(payment_id).captured == till.bank.captured(payment_id) == 1699

    @pytest.mark.parametrize(("amount", "first"), [(100_000_013, 409), (100_000_019, 503)])
    def test_a_capture_that_took_no_effect_is_asked_anew_for_less_after_a_short_pick(
        self, till: Till, amount: int, first: int
    ) -> None:
        till.runtime.adapters["provider"] = SandboxProvider()
        payment_id = service.authorize("ada", 200_000_000)
        service.confirm(payment_id, "order-1", "ada", amount)
        service.create_or_reduce_invoice("order-1", payment_id, amount, "ada")
        assert request("PUT", PAY)[0] == first
        till.deliver(readied(payment_id, amount - 500))
        assert request("PUT", PAY)[0] == 200
        assert SandboxProvider().statement(payment_id) == Statement(captured=amount - 500)

    def test_what_was_captured_before_a_crash_and_a_short_pick_is_refunded_beyond_what_is_owed(
        self, till: Till, store: ContendedStore
    ) -> None:
        payment_id = with_invoice(till)
        store.before = [crash]
        assert request("PUT", PAY)[0] >= 500
        till.deliver(readied(payment_id, 900))
        assert request("PUT", PAY)[0] == 200
        till.deliver_reminders()
        paid = service.payment(payment_id)
        assert (paid.captured, paid.released, paid.refunded) == (1699, 301, 799)
        assert (till.bank.captured(payment_id), till.bank.paid_back(payment_id)) == (1699, 799)

    def test_what_was_captured_before_a_crash_and_a_cancellation_is_given_back(
        self, till: Till, store: ContendedStore
    ) -> None:
        payment_id = with_invoice(till)
        store.before = [crash]
        assert request("PUT", PAY)[0] >= 500
        assert till.bank.captured(payment_id) == 1699
        till.deliver(cancelled(payment_id))
        till.deliver_reminders()
        assert till.bank.statement(payment_id) == Statement()
        assert request("PUT", PAY)[0] == 409
        assert service.payment(payment_id).status == "voided"

    def test_an_invoice_that_cannot_be_paid_asks_for_nothing(self, till: Till) -> None:
        payment_id = with_invoice(till)
        till.deliver(cancelled(payment_id))
        assert request("PUT", PAY)[0] == 409
        assert till.bank.captures == {}


class TestVoiding:
    def test_a_void_is_recorded_as_requested_and_then_as_made(self, till: Till) -> None:
        payment_id = till.confirmed()
        till.deliver(cancelled(payment_id))
        assert (service.payment(payment_id).to_void, till.bank.held) == (True, {payment_id: 2000})
        till.deliver_reminders()
        assert (service.payment(payment_id).to_void, till.bank.held) == (False, {})

    @pytest.mark.parametrize("fails", ["before", "after"])
    def test_one_without_an_answer_is_retried(self, till: Till, fails: str) -> None:
        payment_id = till.confirmed()
        till.deliver(cancelled(payment_id))
        till.bank.fails = fails
        till.deliver_reminders()
        assert service.payment(payment_id).to_void
        till.deliver_reminders()
        assert (service.payment(payment_id).to_void, till.bank.held) == (False, {})

    def test_a_refused_one_is_dead_lettered_at_once_and_stays_requested(self, till: Till) -> None:
        payment_id = till.confirmed()
        till.deliver(cancelled(payment_id))
        till.bank.fails = "refuse"
        till.deliver_reminders()
        [letter] = till.dead_letters.sent
        assert letter.reason
        assert letter.reason["reason"] == f"the void of payment {payment_id} was refused: the account is closed"
        assert service.payment(payment_id).to_void

    def test_a_payment_from_before_providers_authorized_is_captured_and_voided_without_one(self, till: Till) -> None:
        for number in (1, 2):
            payment_id, order_id = f"payment-{number}", f"order-{number}"
            service.payments.create(payment_id, lambda payment: payment.authorize("ada", 2000, at=""))
            service.confirm(payment_id, order_id, "ada", 1699)
            service.create_or_reduce_invoice(order_id, payment_id, 1699, "ada")
        service.pay("order-1")
        till.deliver(readied("payment-1", 900))
        till.deliver(cancelled("payment-2", "order-2"))
        till.deliver_reminders()
        assert service.payment("payment-1").captured == 1699
        assert till.bank.statement("payment-1") == Statement(refunds=till.bank.statement("payment-1").refunds)
        assert (till.bank.paid_back("payment-1"), till.bank.voided) == (799, set())
        assert service.payment("payment-2").status == "voided"


def test_the_stage_names_the_adapter(till: Till) -> None:
    assert isinstance(connect(), SandboxProvider)
    runtime.current().settings = {"MALLBOTS_PAYMENT_PROVIDER": "tests.unit.payments.till:Bank"}
    assert type(connect()).__name__ == "Bank"


def test_the_two_losers_of_a_conflict_ask_under_one_request_id(till: Till, store: ContendedStore) -> None:
    """Two requests under one key at the same time: one payment, authorized once."""
    answers: list[object] = []
    store.before = [lambda: answers.append(request("POST", "/api/payments", ADA_PAYS, KEY))]
    answers.append(request("POST", "/api/payments", ADA_PAYS, KEY))
    assert answers[0] == answers[1]
    assert len(till.bank.held) == 1
