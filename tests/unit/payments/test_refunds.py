"""Refunds: wherever something stops, none is lost and none is paid twice."""

import pytest

from events.payments import PaymentRefunded
from functions.kernel.errors import UnavailableError
from functions.kernel.runtime import active, current
from functions.payments import service
from functions.payments.provider import provider
from tests.support.runtime import memory_runtime
from tests.unit.payments.till import Till, cancelled, readied


def test_a_refund_is_said_once_it_is_made_with_all_that_went_back(till: Till) -> None:
    payment_id = till.paid()
    till.hear(readied(payment_id, 900))
    till.hear(cancelled(payment_id))
    assert "PaymentRefunded" not in till.names()
    till.remind()
    first, second = (message for message in till.said if isinstance(message, PaymentRefunded))
    assert (first.refund, first.refunded, first.status) == (799, 799, "settled")
    assert (second.refund, second.refunded, second.status) == (900, 1699, "refunded")


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_provider_that_fails_is_asked_again_and_pays_once(till: Till, fails: str) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.bank.fails = fails
    till.remind()
    assert service.payment(payment_id).refunded == 0
    till.remind()
    assert service.payment(payment_id).status == "refunded"
    assert till.bank.paid_back(payment_id) == 1699


def test_a_refund_paid_but_not_noted_is_noted_by_the_next_try_and_not_paid_again(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.bank.fails = "after"
    with pytest.raises(UnavailableError):
        service.make_refund(payment_id, 1)
    assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 0)
    service.make_refund(payment_id, 1)
    assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 1699)


def test_a_reminder_that_comes_twice_pays_once(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.relay()
    till.queue.sent *= 2
    till.remind()
    assert till.bank.paid_back(payment_id) == 1699
    assert till.names().count("PaymentRefunded") == 1


def test_a_refund_that_is_made_is_not_asked_of_the_provider_again(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.remind()
    till.bank.paid.clear()
    service.make_refund(payment_id, 1)
    assert till.bank.paid == {}


def test_two_refunds_of_one_amount_are_two_requests(till: Till) -> None:
    payment_id = till.paid()
    till.hear(readied(payment_id, 1699 - 500))
    till.hear(readied(payment_id, 1699 - 1000))
    till.remind()
    assert list(till.bank.paid.values()) == [(payment_id, 500), (payment_id, 500)]


def test_the_reminder_is_promised_in_the_commit_that_asks_for_the_refund(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    commit = list(service.payments.history(payment_id))[-1]
    assert [event.name for event in commit.events] == ["RefundRequested"]
    (reminder,) = commit.messages
    assert (reminder.name, reminder.delay) == ("RefundDue", 0)
    assert reminder.detail["data"] == {"payment_id": payment_id, "number": 1}


def test_where_no_provider_is_given_the_sandbox_accepts_every_refund() -> None:
    with active(memory_runtime("payments")):
        for _ in range(2):
            provider().refund("payment-1", 799, "request-1")
        assert list(current().adapters) == ["provider"]
