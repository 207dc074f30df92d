"""Refunds: wherever something stops, none is lost and none is paid twice."""

import json

import pytest
from botocore.exceptions import ClientError

from events.payments import PaymentRefunded
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime.runtime import active
from functions.payments import service
from functions.payments.domain import Refund
from tests.support.contention import ContendedStore
from tests.unit.payments.till import Till, ask_fully, cancelled, readied


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


def test_a_refused_refund_lies_with_the_dead_letters_with_the_reason_and_is_not_forgotten(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.bank.fails = "refuse"
    till.remind()
    (letter,) = till.dead_letters.sent
    assert json.loads(letter.body)["detail"]["data"] == {"payment_id": payment_id, "number": 1}
    assert letter.reason == {
        "reason": f"refund 1 of payment {payment_id} was refused: the account is closed",
        "error": "UndeliverableError",
        "tries": "1",
    }
    assert till.queue.sent == []
    assert service.payment(payment_id).refunds == (Refund(1699, made=False),)
    assert service.payment(payment_id).status == "settled"


def test_a_refused_refund_that_is_redriven_when_the_provider_will_pay_is_made(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    till.bank.fails = "refuse"
    till.remind()
    till.bank.fails = ""
    till.queue.sent, till.dead_letters.sent = till.dead_letters.sent, []
    till.remind()
    assert service.payment(payment_id).status == "refunded"
    assert till.bank.paid_back(payment_id) == 1699
    assert till.dead_letters.sent == []


def test_a_refused_refund_stands_in_the_way_of_no_other(till: Till) -> None:
    payment_id = till.paid()
    till.hear(readied(payment_id, 900))
    till.bank.fails = "refuse"
    till.remind()
    till.bank.fails = ""
    till.hear(cancelled(payment_id))
    till.remind()
    assert service.payment(payment_id).refunds == (Refund(799, made=False), Refund(900, made=True))
    assert (service.payment(payment_id).refunded, service.payment(payment_id).status) == (900, "settled")


def test_a_provider_that_stays_away_leaves_the_refund_with_the_dead_letters(till: Till) -> None:
    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    for _ in range(7):
        till.bank.fails = "before"
        till.remind()
        assert till.dead_letters.sent == []
    till.bank.fails = "before"
    till.remind(tries=8)
    (letter,) = till.dead_letters.sent
    assert letter.reason == {
        "reason": "the provider does not answer",
        "error": "UnavailableError",
        "tries": "8",
    }
    till.queue.sent = [letter]
    till.remind()
    assert service.payment(payment_id).status == "refunded"


def test_what_fails_at_the_providers_side_is_not_quoted(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(payment_id: str, amount: int, request_id: str) -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "account 4242 of Ada Brown"}}, "PutItem")

    payment_id = till.paid()
    till.hear(cancelled(payment_id))
    monkeypatch.setattr(till.bank, "refund", fail)
    till.remind(tries=8)
    (letter,) = till.dead_letters.sent
    assert letter.reason is not None
    assert letter.reason["reason"] == "Throttling in PutItem"
    status, headers, payment = ask_fully("GET", f"/api/payments/{payment_id}")
    said = [repr(message) for message in till.said]
    assert status == 200
    assert all("4242" not in text for text in [repr(payment), repr(headers), *said])


def test_a_crash_between_the_payment_back_and_its_note_is_made_good_by_the_next_try() -> None:
    store = ContendedStore()
    till = Till(store)
    with active(till.runtime):
        payment_id = till.paid()
        till.hear(cancelled(payment_id))
        till.relay()
        store.before = [_crash]
        till.remind()
        assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 0)
        till.remind()
        assert (till.bank.paid_back(payment_id), service.payment(payment_id).refunded) == (1699, 1699)
        assert len(till.bank.paid) == 1


def _crash() -> None:
    raise ConnectionError("the function was stopped")
