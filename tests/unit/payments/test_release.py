"""Payments that no order took, and authorizations that were never stored, are released a day later."""

from datetime import timedelta

import pytest

from events.checkout import ConfirmPayment, VoidPayment
from events.payments import PaymentRefused, UnconfirmedPaymentsDue, VoidDue
from functions.kernel.composition.manifest import manifest
from functions.kernel.domain.errors import UnavailableError
from functions.kernel.runtime import clock
from functions.kernel.runtime.views import Row
from functions.payments import service, views
from tests.support.contention import ContendedStore, crash
from tests.unit.payments.nightly import NIGHT, Watch
from tests.unit.payments.till import ADA, ADA_PAYS, Till, authorized, request

DAY = timedelta(days=1)
KEY = {"idempotency-key": "key-1"}


@pytest.fixture(autouse=True)
def ada(till: Till) -> None:
    """The service knows Ada."""
    till.deliver(ADA)


def sweep(till: Till) -> None:
    """The tick of the schedule."""
    assert till.deliver(UnconfirmedPaymentsDue(time=clock.stamp()))


def test_a_payment_that_no_order_took_is_released_a_day_after_its_authorization(till: Till, watch: Watch) -> None:
    watch.now = NIGHT
    payment_id = authorized()
    watch.now = NIGHT + DAY - timedelta(seconds=1)
    sweep(till)
    assert (service.payment(payment_id).status, till.bank.held) == ("authorized", {payment_id: 2000})
    watch.now = NIGHT + DAY
    sweep(till)
    assert (service.payment(payment_id).status, till.bank.held) == ("voided", {payment_id: 2000})
    till.deliver_reminders()
    assert (service.payment(payment_id).to_void, till.bank.held) == (False, {})
    assert till.names() == ["PaymentAuthorized", "PaymentVoided"]
    assert list(views.unconfirmed_since(watch.now)) == []


def test_the_day_is_a_setting_of_the_stage(till: Till, watch: Watch) -> None:
    till.runtime.settings = {**till.runtime.settings, "MALLBOTS_PAYMENT_UNCONFIRMED": "60"}
    payment_id = authorized()
    watch.now += timedelta(seconds=60)
    sweep(till)
    assert service.payment(payment_id).status == "voided"


def test_a_payment_that_an_order_took_is_kept_however_old_and_no_sweep_looks_at_it(till: Till, watch: Watch) -> None:
    payment_id = till.confirmed()
    watch.now += 9 * DAY
    assert list(views.unconfirmed_since(watch.now)) == []
    service.release(payment_id)
    assert service.payment(payment_id).status == "confirmed"


def test_an_order_that_takes_it_while_it_is_being_released_wins_where_it_commits_first(
    till: Till, store: ContendedStore, watch: Watch
) -> None:
    payment_id = authorized()
    watch.now += DAY
    store.before = [lambda: service.confirm(payment_id, "order-1", "ada", 1699)]
    sweep(till)
    assert (service.payment(payment_id).status, till.bank.held) == ("confirmed", {payment_id: 2000})


@pytest.mark.parametrize("at_once", [True, False])
def test_an_order_that_comes_too_late_is_refused_with_the_reason(
    till: Till, store: ContendedStore, watch: Watch, at_once: bool
) -> None:
    payment_id = authorized()
    watch.now += DAY
    if at_once:
        store.before = [service.release_unconfirmed]
    else:
        sweep(till)
    order = {"order_id": "order-1", "payment_id": payment_id, "customer_id": "ada"}
    assert till.deliver(ConfirmPayment(**order, amount=1699))
    assert PaymentRefused(order_id="order-1", reason="the payment is voided") in till.published
    assert till.deliver(VoidPayment(**order))  # the saga's undo
    till.deliver_reminders()
    assert till.bank.held == {}


def test_an_authorization_that_was_never_stored_is_released_too_and_its_late_request_refused(
    till: Till, store: ContendedStore, watch: Watch
) -> None:
    store.before = [crash]
    assert request("POST", "/api/payments", ADA_PAYS, KEY)[0] >= 500
    assert list(till.bank.held.values()) == [2000]
    watch.now += DAY
    sweep(till)
    till.deliver_reminders()
    assert (till.bank.held, till.names()) == ({}, [])
    status, problem = request("POST", "/api/payments", ADA_PAYS, KEY)
    assert (status, problem["message"]) == (409, "this payment was given up meanwhile: make a new one")
    assert list(views.unconfirmed_since(watch.now)) == []


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("fails", ["before", "after"])
def test_a_void_without_an_answer_is_retried_by_its_reminder_whether_the_payment_was_stored_or_not(
    till: Till, store: ContendedStore, watch: Watch, fails: str, stored: bool
) -> None:
    store.before = [] if stored else [crash]
    request("POST", "/api/payments", ADA_PAYS)
    [payment_id] = till.bank.held
    watch.now += DAY
    sweep(till)
    till.bank.fails = fails
    till.deliver_reminders()
    assert service.payment(payment_id).to_void
    till.deliver_reminders()
    assert (service.payment(payment_id).to_void, till.bank.held) == (False, {})


def test_a_refused_void_of_a_payment_without_an_order_is_dead_lettered_and_made_by_a_redrive(
    till: Till, watch: Watch
) -> None:
    payment_id = authorized()
    watch.now += DAY
    sweep(till)
    till.bank.fails = "refuse"
    till.deliver_reminders()
    [letter] = till.dead_letters.sent
    assert letter.reason
    assert letter.reason["reason"] == f"the void of payment {payment_id} was refused: the account is closed"
    till.bank.fails = ""
    till.deliver(VoidDue(payment_id=payment_id))
    assert (service.payment(payment_id).to_void, till.bank.held) == (False, {})


def test_voids_that_hang_delay_no_other_payment(till: Till, watch: Watch) -> None:
    """The provider takes three seconds for each of the four oldest, and does not answer."""
    payment_ids = []
    for _ in range(8):
        watch.now += timedelta(seconds=1)
        payment_ids.append(authorized())
    void = till.bank.void

    def hang(payment_id: str, request_id: str) -> None:
        if payment_id in payment_ids[:4]:
            watch.now += timedelta(seconds=3)
            raise UnavailableError("the provider does not answer")
        void(payment_id, request_id)

    till.bank.void = hang  # type: ignore[method-assign]
    watch.now += DAY
    sweep(till)
    till.deliver_reminders()
    assert set(till.bank.held) == set(payment_ids[:4])


def test_one_tick_releases_as_many_as_it_can_commit_however_slow_the_provider_is(till: Till, watch: Watch) -> None:
    for _ in range(100):
        authorized()
    void = till.bank.void

    def slow(payment_id: str, request_id: str) -> None:
        watch.now += timedelta(seconds=0.4)
        void(payment_id, request_id)

    till.bank.void = slow  # type: ignore[method-assign]
    watch.now += DAY
    sweep(till)
    assert list(views.unconfirmed_since(watch.now)) == []
    till.deliver_reminders()
    assert till.bank.held == {}


def test_a_payment_that_cannot_be_voided_rings_the_alarm_and_is_voided_by_the_next_tick(
    till: Till,
    store: ContendedStore,
    watch: Watch,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MALLBOTS_SERVICE", "payments")
    payment_id = authorized()
    watch.now += DAY
    store.before = [crash]
    sweep(till)
    assert '"PaymentNotReleased":[1.0]' in capsys.readouterr().out
    assert service.payment(payment_id).status == "authorized"
    sweep(till)
    assert service.payment(payment_id).status == "voided"
    assert service.payment_not_released in manifest("payments").alarms


def test_a_row_that_is_lost_after_the_order_took_the_payment_is_put_right_by_the_sweep(
    till: Till, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment_id = authorized()
    with monkeypatch.context() as patched:
        patched.setattr(views, "await_no_more", crash)
        with pytest.raises(ConnectionError):
            service.confirm(payment_id, "order-1", "ada", 1699)
    watch.now += DAY
    assert [found.id for found in views.unconfirmed_since(watch.now)] == [payment_id]
    sweep(till)
    assert list(views.unconfirmed_since(watch.now)) == []
    assert service.payment(payment_id).status == "confirmed"


def test_payments_in_rows_of_earlier_code_are_released_too_and_no_sweep_looks_at_them_again(
    till: Till, watch: Watch
) -> None:
    left, taken = authorized(), till.confirmed()
    for found in views.unconfirmed_since(watch.now):
        views.await_no_more(found)
    for payment_id in (left, taken):
        place = {views.INDEX: (views.UNCONFIRMED_BEFORE, clock.stamp())}
        till.runtime.views.put(Row(views.UNCONFIRMED_BEFORE, payment_id, {"id": payment_id}, indexes=place), 1)
    watch.now += DAY - timedelta(seconds=1)
    sweep(till)
    assert [service.payment(payment_id).status for payment_id in (left, taken)] == ["authorized", "confirmed"]
    watch.now += timedelta(seconds=1)
    sweep(till)
    assert [service.payment(payment_id).status for payment_id in (left, taken)] == ["voided", "confirmed"]
    assert list(views.unconfirmed_before(watch.now)) == []


def test_the_sweep_ticks_each_minute() -> None:
    (inbox,) = manifest("payments").inboxes
    assert inbox.schedules[UnconfirmedPaymentsDue] == "rate(1 minute)"
