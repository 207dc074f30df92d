"""An invoice and its payment change in one transaction, also when another change comes in between."""

from collections.abc import Callable

import pytest

from functions.kernel.domain.errors import NotFoundError, RefusedError
from functions.payments import service
from functions.payments.domain import Statement
from tests.support.contention import ContendedStore, conflict
from tests.unit.payments.till import Till


def statuses(payment_id: str) -> tuple[str, str]:
    return service.invoice("order-1").status, service.payment(payment_id).status


def with_invoice(till: Till) -> str:
    payment_id = till.confirmed()
    service.create_or_reduce_invoice("order-1", payment_id, 1699, "ada")
    return payment_id


def pay(payment_id: str) -> None:
    service.pay("order-1")


def reduce(payment_id: str) -> None:
    service.create_or_reduce_invoice("order-1", payment_id, 900, "ada")


def cancel(payment_id: str) -> None:
    service.cancel_invoice("order-1", payment_id, "ada")


@pytest.mark.parametrize(
    ("past", "change"), [((), pay), ((), cancel), ((pay,), reduce), ((pay,), cancel), ((pay, reduce), cancel)]
)
def test_invoice_and_payment_change_in_one_write(
    till: Till,
    store: ContendedStore,
    past: tuple[Callable[[str], None], ...],
    change: Callable[[str], None],
) -> None:
    payment_id = with_invoice(till)
    for earlier in past:
        earlier(payment_id)
    store.tries = 0
    before = service.invoice("order-1").version, service.payment(payment_id).version
    change(payment_id)
    assert store.tries == 1
    assert (service.invoice("order-1").version, service.payment(payment_id).version) == (before[0] + 1, before[1] + 1)


def test_a_payment_that_meets_the_cancellation_is_refused_and_captures_nothing(
    till: Till, store: ContendedStore
) -> None:
    payment_id = with_invoice(till)
    store.before = [lambda: cancel(payment_id)]
    with pytest.raises(RefusedError, match="the invoice is cancelled"):
        service.pay("order-1")
    assert statuses(payment_id) == ("cancelled", "voided")
    assert till.bank.captured(payment_id) == 1699  # it was asked before the commit that was refused
    till.deliver_reminders()
    assert till.bank.statement(payment_id) == Statement()


def test_a_cancellation_that_meets_the_payment_refunds_it(till: Till, store: ContendedStore) -> None:
    payment_id = with_invoice(till)
    store.before = [lambda: pay(payment_id)]
    cancel(payment_id)
    till.deliver_reminders()
    assert statuses(payment_id) == ("paid", "refunded")
    assert till.bank.paid_back(payment_id) == 1699


def test_a_short_pick_that_meets_the_payment_refunds_the_difference(till: Till, store: ContendedStore) -> None:
    payment_id = with_invoice(till)
    store.before = [lambda: pay(payment_id)]
    reduce(payment_id)
    till.deliver_reminders()
    assert statuses(payment_id) == ("paid", "settled")
    assert till.bank.paid_back(payment_id) == 799


def test_a_payment_that_meets_the_short_pick_is_refunded_what_the_provider_had_captured_beyond_it(
    till: Till, store: ContendedStore
) -> None:
    payment_id = with_invoice(till)
    store.before = [lambda: reduce(payment_id)]
    service.pay("order-1")
    till.deliver_reminders()
    paid = service.payment(payment_id)
    assert (paid.captured, paid.refunded, service.invoice("order-1").amount) == (1699, 799, 900)
    assert (till.bank.captured(payment_id), till.bank.paid_back(payment_id)) == (1699, 799)


def test_a_payment_that_the_saga_voids_meanwhile_pays_nothing(till: Till, store: ContendedStore) -> None:
    payment_id = with_invoice(till)
    store.before = [lambda: service.void(payment_id, "order-1", "ada")]
    with pytest.raises(RefusedError, match="the payment is voided"):
        service.pay("order-1")
    assert statuses(payment_id) == ("pending", "voided")


def test_one_payment_is_bound_to_one_of_two_orders_that_want_it_at_once(till: Till, store: ContendedStore) -> None:
    till.confirmed("order-9")
    payment_id = service.authorize("ada", 2000)
    store.before = [lambda: service.confirm(payment_id, "order-2", "ada", 1)]
    with pytest.raises(RefusedError, match="the payment serves another order"):
        service.confirm(payment_id, "order-1", "ada", 1)
    assert service.payment(payment_id).order_id == "order-2"


def test_a_transaction_conflict_is_retried(till: Till, store: ContendedStore) -> None:
    payment_id = with_invoice(till)
    store.before = [conflict, conflict]
    service.pay("order-1")
    assert statuses(payment_id) == ("paid", "settled")


def test_an_unknown_invoice_is_not_paid(till: Till) -> None:
    with pytest.raises(NotFoundError, match="there is no invoice order-1"):
        service.pay("order-1")
