"""Refunds: wherever a worker crashes, none is lost and none is paid twice."""

import json

import pytest
from botocore.exceptions import ClientError

from events.payments import PaymentRefunded
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.runtime import active
from functions.payments import service
from functions.payments.domain import Refund
from tests.support.contention import ContendedStore, crash
from tests.unit.payments.till import Till, cancelled, readied, request_fully


def test_a_refund_is_published_when_it_is_made_with_the_sum_of_all_refunds(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(readied(payment_id, 900))
    till.deliver(cancelled(payment_id))
    assert "PaymentRefunded" not in till.names()
    till.deliver_reminders()
    first, second = (message for message in till.published if isinstance(message, PaymentRefunded))
    assert (first.refund, first.refunded, first.status) == (799, 799, "settled")
    assert (second.refund, second.refunded, second.status) == (900, 1699, "refunded")


@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_provider_that_fails_is_retried_and_pays_once(till: Till, fails: str) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.bank.fails = fails
    till.deliver_reminders()
    assert service.payment(payment_id).refunded == 0
    till.deliver_reminders()
    assert service.payment(payment_id).status == "refunded"
    assert till.bank.paid_back(payment_id) == 1699


def test_a_refund_paid_but_not_recorded_is_recorded_by_the_next_try_and_not_paid_again(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.bank.fails = "after"
    with pytest.raises(UnavailableError):
        service.make_refund(payment_id, 1)
    assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 0)
    service.make_refund(payment_id, 1)
    assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 1699)


def test_a_redelivered_reminder_pays_once(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.relay()
    till.queue.sent *= 2
    till.deliver_reminders()
    assert till.bank.paid_back(payment_id) == 1699
    assert till.names().count("PaymentRefunded") == 1


def test_a_refund_that_is_made_is_not_requested_of_the_provider_again(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.deliver_reminders()
    till.bank.paid.clear()
    service.make_refund(payment_id, 1)
    assert till.bank.paid == {}


def test_two_refunds_of_one_amount_are_two_requests(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(readied(payment_id, 1699 - 500))
    till.deliver(readied(payment_id, 1699 - 1000))
    till.deliver_reminders()
    assert list(till.bank.paid.values()) == [(payment_id, 500), (payment_id, 500)]


def test_the_commit_that_requests_a_refund_carries_the_reminder(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    commit = list(service.payments.history(payment_id))[-1]
    assert [event.name for event in commit.events] == ["RefundRequested"]
    (reminder,) = commit.messages
    assert (reminder.name, reminder.delay) == ("RefundDue", 0)
    assert reminder.detail["data"] == {"payment_id": payment_id, "number": 1}


def test_a_refused_refund_is_dead_lettered_with_the_reason_and_stays_requested(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.bank.fails = "refuse"
    till.deliver_reminders()
    (letter,) = till.dead_letters.sent
    assert json.loads(letter.body)["detail"]["data"] == {"payment_id": payment_id, "number": 1}
    assert letter.reason is not None
    assert (
        letter.reason.items()
        >= {
            "reason": f"refund 1 of payment {payment_id} was refused: the account is closed",
            "error": "UndeliverableError",
            "tries": "1",
        }.items()
    )
    assert till.queue.sent == []
    assert service.payment(payment_id).refunds == (Refund(1699, made=False),)
    assert service.payment(payment_id).status == "settled"


def test_a_refused_refund_that_is_redriven_is_made_when_the_provider_pays(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    till.bank.fails = "refuse"
    till.deliver_reminders()
    till.bank.fails = ""
    till.queue.sent, till.dead_letters.sent = till.dead_letters.sent, []
    till.deliver_reminders()
    assert service.payment(payment_id).status == "refunded"
    assert till.bank.paid_back(payment_id) == 1699
    assert till.dead_letters.sent == []


def test_a_refused_refund_does_not_block_another(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(readied(payment_id, 900))
    till.bank.fails = "refuse"
    till.deliver_reminders()
    till.bank.fails = ""
    till.deliver(cancelled(payment_id))
    till.deliver_reminders()
    assert service.payment(payment_id).refunds == (Refund(799, made=False), Refund(900, made=True))
    assert (service.payment(payment_id).refunded, service.payment(payment_id).status) == (900, "settled")


def test_a_refund_is_dead_lettered_after_8_hours_without_an_answer(till: Till) -> None:
    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    for tries, hours in ((1, 0.0), (8, 0.1), (40, 7.9)):
        till.bank.fails = "before"
        till.deliver_reminders(tries, hours)
        assert till.dead_letters.sent == []
    till.bank.fails = "before"
    till.deliver_reminders(tries=41, hours=8)
    (letter,) = till.dead_letters.sent
    assert letter.reason is not None
    assert (
        letter.reason.items()
        >= {
            "reason": "the provider does not answer",
            "error": "UnavailableError",
            "tries": "41",
        }.items()
    )
    till.queue.sent = [letter]
    till.deliver_reminders()
    assert service.payment(payment_id).status == "refunded"


def test_the_text_of_an_error_of_the_provider_reaches_no_message_or_answer(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(payment_id: str, amount: int, request_id: str) -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "account 42-4242 of Ada Brown"}}, "PutItem")

    payment_id = till.paid()
    till.deliver(cancelled(payment_id))
    monkeypatch.setattr(till.bank, "refund", fail)
    till.deliver_reminders(tries=41, hours=8)
    (letter,) = till.dead_letters.sent
    assert letter.reason is not None
    assert letter.reason["reason"] == "Throttling in PutItem"
    status, headers, payment = request_fully("GET", f"/api/payments/{payment_id}")
    published = [repr(message) for message in till.published]
    assert status == 200
    assert all("42-4242" not in text for text in [repr(payment), repr(headers), *published])


def test_the_next_try_records_a_refund_when_a_workercrashed_after_it_was_paid() -> None:
    store = ContendedStore()
    till = Till(store)
    with active(till.runtime):
        payment_id = till.paid()
        till.deliver(cancelled(payment_id))
        till.relay()
        store.before = [crash]
        till.deliver_reminders()
        assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 0)
        till.deliver_reminders()
        assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 1699)
        assert len(till.bank.paid) == 1
