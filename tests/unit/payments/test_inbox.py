"""The messages that the payments service consumes: once, twice, and twice with the cause forgotten."""

from collections.abc import Callable

import pytest

from events.checkout import ConfirmPayment, VoidPayment
from events.customers import CustomerErased
from events.payments import PaymentAccepted, PaymentRefused, PaymentVoidAccepted
from events.registry import Message
from functions.kernel.domain.errors import NotFoundError, RefusedError
from functions.payments import service
from functions.payments.domain import Payment
from functions.payments.invoice import Invoice
from tests.unit.payments.till import ADA, Till, approved, cancelled, readied, rejected

Money = tuple[str, int, int, int, int]


@pytest.fixture(params=["once", "twice", "twice, forgotten"])
def deliver(request: pytest.FixtureRequest, till: Till) -> Callable[[Message], None]:
    """Deliver a message once, or twice."""

    def delivered(message: Message) -> None:
        assert till.deliver(message, id="" if request.param == "once" else "the-message")
        if request.param != "once":
            assert till.deliver(message, id="the-message" if request.param == "twice" else "")

    return delivered


def money(payment_id: str) -> Money:
    """A payment's status, and what was authorized, captured, released and refunded."""
    payment = service.payment(payment_id)
    return payment.status, payment.authorized, payment.captured, payment.released, payment.refunded


def owed(order_id: str = "order-1") -> tuple[str, int]:
    """An invoice's status and amount."""
    invoice = service.invoice(order_id)
    return invoice.status, invoice.amount


def confirm(payment_id: str, amount: int = 1699, order_id: str = "order-1", customer_id: str = "ada") -> ConfirmPayment:
    return ConfirmPayment(payment_id=payment_id, order_id=order_id, customer_id=customer_id, amount=amount)


def void(payment_id: str, order_id: str = "order-1", customer_id: str = "ada") -> VoidPayment:
    return VoidPayment(payment_id=payment_id, order_id=order_id, customer_id=customer_id)


def authorized(till: Till) -> str:
    till.deliver(ADA)
    return service.authorize("ada", 2000)


def replies(till: Till) -> set[Message]:
    return {message for message in till.published if isinstance(message, PaymentAccepted | PaymentRefused)}


def test_a_payment_that_covers_the_order_is_accepted(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = authorized(till)
    deliver(confirm(payment_id))
    assert replies(till) == {PaymentAccepted(order_id="order-1")}
    assert till.names().count("PaymentConfirmed") == 1
    assert money(payment_id) == ("confirmed", 2000, 0, 0, 0)


def test_every_try_of_a_command_is_answered(till: Till) -> None:
    payment_id = authorized(till)
    for _ in range(3):
        till.deliver(confirm(payment_id))
    assert till.names().count("PaymentAccepted") == 3
    assert till.names().count("PaymentConfirmed") == 1


@pytest.mark.parametrize(
    ("amount", "customer_id", "reason"),
    [(2001, "ada", "the payment does not cover the order"), (1699, "bob", "the payment is another customer's")],
)
def test_a_payment_that_cannot_serve_the_order_is_refused_with_the_reason(
    till: Till, deliver: Callable[[Message], None], amount: int, customer_id: str, reason: str
) -> None:
    payment_id = authorized(till)
    deliver(confirm(payment_id, amount, customer_id=customer_id))
    assert replies(till) == {PaymentRefused(order_id="order-1", reason=reason)}
    assert money(payment_id) == ("authorized", 2000, 0, 0, 0)


def test_a_payment_that_serves_another_order_is_refused(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = till.confirmed("order-1")
    deliver(confirm(payment_id, order_id="order-2"))
    assert replies(till) == {PaymentRefused(order_id="order-2", reason="the payment serves another order")}
    assert service.payment(payment_id).order_id == "order-1"


def test_an_unknown_payment_is_refused(till: Till, deliver: Callable[[Message], None]) -> None:
    deliver(confirm("unknown"))
    assert replies(till) == {PaymentRefused(order_id="order-1", reason="there is no payment unknown")}


def test_a_voided_payment_refuses_a_late_confirmation(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = authorized(till)
    deliver(void(payment_id))
    till.deliver(confirm(payment_id))
    assert replies(till) == {PaymentRefused(order_id="order-1", reason="the payment is voided")}
    assert PaymentVoidAccepted(order_id="order-1") in till.published
    assert money(payment_id) == ("voided", 2000, 0, 2000, 0)


def test_a_confirmed_payment_is_voided_by_its_order(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = till.confirmed()
    deliver(void(payment_id))
    assert till.names().count("PaymentVoided") == 1
    assert money(payment_id) == ("voided", 2000, 0, 2000, 0)


@pytest.mark.parametrize(("order_id", "customer_id"), [("order-2", "ada"), ("order-2", "bob")])
def test_voiding_the_payment_of_another_order_is_accepted_and_changes_nothing(
    till: Till, deliver: Callable[[Message], None], order_id: str, customer_id: str
) -> None:
    payment_id = till.confirmed("order-1")
    deliver(void(payment_id, order_id, customer_id))
    assert PaymentVoidAccepted(order_id=order_id) in till.published
    assert money(payment_id) == ("confirmed", 2000, 0, 0, 0)


def test_voiding_an_unknown_payment_is_accepted(till: Till, deliver: Callable[[Message], None]) -> None:
    deliver(void("unknown"))
    assert set(till.published) == {PaymentVoidAccepted(order_id="order-1")}


def test_an_approved_order_has_an_invoice_with_its_own_id(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = till.confirmed()
    deliver(approved(payment_id))
    assert service.invoice("order-1") == Invoice("order-1", 1, "pending", payment_id, 1699, "ada")
    assert till.names().count("InvoiceCreated") == 1


def test_a_short_pick_before_the_payment_reduces_the_invoice(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = till.confirmed()
    till.deliver(approved(payment_id))
    deliver(readied(payment_id, 900))
    service.pay("order-1")
    till.deliver_reminders()
    assert owed() == ("paid", 900)
    assert money(payment_id) == ("settled", 2000, 900, 1100, 0)
    assert till.bank.paid == {}


def test_a_short_pick_after_the_payment_is_refunded_once(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = till.paid()
    deliver(readied(payment_id, 900))
    for _ in range(2):
        till.deliver_reminders()
    assert owed() == ("paid", 900)
    assert money(payment_id) == ("settled", 2000, 1699, 301, 799)
    assert till.bank.paid_back(payment_id) == 799
    assert till.names().count("InvoiceAdjusted") == till.names().count("PaymentRefunded") == 1


def test_an_order_readied_before_its_approval_arrives_owes_what_was_found(
    till: Till, deliver: Callable[[Message], None]
) -> None:
    payment_id = till.confirmed()
    deliver(readied(payment_id, 900))
    deliver(approved(payment_id, 1699))
    assert owed() == ("pending", 900)


def test_an_order_cancelled_before_it_was_paid_voids_its_payment(
    till: Till, deliver: Callable[[Message], None]
) -> None:
    payment_id = till.confirmed()
    till.deliver(approved(payment_id))
    deliver(cancelled(payment_id))
    assert owed() == ("cancelled", 0)
    assert money(payment_id) == ("voided", 2000, 0, 2000, 0)
    assert till.names().count("InvoiceCancelled") == till.names().count("PaymentVoided") == 1
    with pytest.raises(RefusedError, match="the invoice is cancelled"):
        service.pay("order-1")


def test_an_order_cancelled_after_it_was_paid_is_refunded_once(till: Till, deliver: Callable[[Message], None]) -> None:
    payment_id = till.paid()
    deliver(cancelled(payment_id))
    for _ in range(2):
        till.deliver_reminders()
    assert owed() == ("paid", 0)
    assert money(payment_id) == ("refunded", 2000, 1699, 301, 1699)
    assert till.bank.paid_back(payment_id) == 1699
    assert len(till.bank.paid) == 1


def test_a_cancellation_after_a_short_pick_refunds_the_rest(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(readied(payment_id, 900))
    till.deliver(cancelled(payment_id))
    till.deliver_reminders()
    assert money(payment_id) == ("refunded", 2000, 1699, 301, 1699)
    assert sorted(till.bank.paid.values()) == [(payment_id, 799), (payment_id, 900)]


@pytest.mark.parametrize("end", [cancelled, rejected])
def test_an_end_before_the_approval_leaves_a_late_approval_without_effect(
    till: Till, deliver: Callable[[Message], None], end: Callable[[str], Message]
) -> None:
    payment_id = till.confirmed()
    deliver(end(payment_id))
    deliver(approved(payment_id))
    deliver(readied(payment_id, 900))
    assert owed() == ("cancelled", 0)
    assert money(payment_id) == ("voided", 2000, 0, 2000, 0)
    assert {"InvoiceCreated", "InvoiceAdjusted"}.isdisjoint(till.names())


@pytest.mark.parametrize("end", [cancelled, rejected])
def test_an_end_before_the_confirmation_leaves_a_late_confirmation_refused(
    till: Till, deliver: Callable[[Message], None], end: Callable[[str], Message]
) -> None:
    payment_id = authorized(till)
    deliver(end(payment_id))
    till.deliver(confirm(payment_id))
    assert replies(till) == {PaymentRefused(order_id="order-1", reason="the payment is voided")}


@pytest.mark.parametrize("end", [cancelled, rejected])
def test_the_end_of_an_order_changes_nothing_when_the_saga_has_voided_its_payment(
    till: Till, deliver: Callable[[Message], None], end: Callable[[str], Message]
) -> None:
    payment_id = till.confirmed()
    till.deliver(void(payment_id))
    before = service.payment(payment_id)
    deliver(end(payment_id))
    assert service.payment(payment_id) == before
    assert owed() == ("cancelled", 0)


@pytest.mark.parametrize("end", [cancelled, rejected])
def test_the_end_of_an_order_leaves_a_payment_that_serves_another_as_it_is(
    till: Till, deliver: Callable[[Message], None], end: Callable[[str, str], Message]
) -> None:
    payment_id = till.paid()
    deliver(end(payment_id, "order-2"))
    till.deliver_reminders()
    assert money(payment_id) == ("settled", 2000, 1699, 301, 0)
    assert owed("order-1") == ("paid", 1699)
    assert owed("order-2") == ("cancelled", 0)


@pytest.mark.parametrize("end", [cancelled, rejected])
def test_the_end_of_an_order_leaves_another_customers_payment_as_it_is(
    till: Till, deliver: Callable[[Message], None], end: Callable[[str, str, str], Message]
) -> None:
    payment_id = authorized(till)
    deliver(end(payment_id, "order-1", "bob"))
    assert money(payment_id) == ("authorized", 2000, 0, 0, 0)


def test_an_order_rejected_for_an_unknown_payment_has_a_cancelled_invoice(
    till: Till, deliver: Callable[[Message], None]
) -> None:
    deliver(rejected("unknown"))
    assert owed() == ("cancelled", 0)
    with pytest.raises(NotFoundError):
        service.payment("unknown")


def test_void_payment_leaves_a_captured_payment_to_be_refunded_at_the_orders_end(
    till: Till, deliver: Callable[[Message], None]
) -> None:
    payment_id = till.paid()
    deliver(void(payment_id))
    assert money(payment_id) == ("settled", 2000, 1699, 301, 0)
    till.deliver(cancelled(payment_id))
    till.deliver_reminders()
    assert money(payment_id) == ("refunded", 2000, 1699, 301, 1699)


def test_an_invoice_whose_payment_was_voided_is_not_paid(till: Till) -> None:
    payment_id = till.confirmed()
    till.deliver(approved(payment_id))
    till.deliver(void(payment_id))
    with pytest.raises(RefusedError, match="the payment is voided"):
        service.pay("order-1")
    assert owed() == ("pending", 1699)


def test_an_erased_customer_cannot_pay_although_an_old_event_comes_after_the_erasure(till: Till) -> None:
    till.deliver(ADA)
    till.deliver(CustomerErased(customer_id="ada"), stream_version=2)
    till.deliver(ADA)
    till.owners.down = True
    with pytest.raises(NotFoundError, match="customer was not located"):
        service.authorize("ada", 1)


def test_a_payment_is_read_as_it_was_authorized(till: Till) -> None:
    payment_id = authorized(till)
    at = service.payment(payment_id).authorized_at
    expected = Payment(payment_id, 1, "authorized", "ada", authorized=2000, authorized_at=at)
    assert service.payment(payment_id) == expected
