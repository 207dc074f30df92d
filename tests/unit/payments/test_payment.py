"""The rules of a payment."""

from datetime import datetime, timedelta

import pytest

from functions.kernel.domain.aggregate import DomainEvent
from functions.payments.domain import (
    Abandoned,
    Authorized,
    Captured,
    Confirmed,
    Payment,
    Refund,
    Refunded,
    RefundRequested,
    Voided,
    VoidMade,
)
from tests.support.given import Given, given

AT = "2026-03-14T09:26:53.000000Z"
AUTHORIZED = Authorized("ada", 2000, AT)
CONFIRMED = (AUTHORIZED, Confirmed("order-1"))
SETTLED = (*CONFIRMED, Captured(1699))
REFUNDED = (*SETTLED, RefundRequested(1, 1699), Refunded(1, 1699))


def payment(*events: DomainEvent) -> Given[Payment]:
    return given(Payment, *events)


def test_a_payment_is_authorized_for_a_customer() -> None:
    payment().when(lambda p: p.authorize("ada", 2000, AT)).then(AUTHORIZED).then_state(
        status="authorized", customer_id="ada", order_id=None, authorized=2000, captured=0, released=0, refunded=0
    )


@pytest.mark.parametrize("amount", [0, -1])
def test_the_amount_of_a_payment_is_positive(amount: int) -> None:
    payment().when(lambda p: p.authorize("ada", amount, AT)).then_invalid(
        "the payment amount must be greater than zero"
    )


@pytest.mark.parametrize("blank", ["", " \t"])
def test_a_payment_has_a_customer(blank: str) -> None:
    payment().when(lambda p: p.authorize(blank, 1, AT)).then_invalid("the customer id cannot be blank")


def test_a_payment_is_authorized_once() -> None:
    payment(AUTHORIZED).when(lambda p: p.authorize("ada", 2000, AT)).then_nothing()


@pytest.mark.parametrize("amount", [0, 1999, 2000])
def test_a_payment_that_covers_an_order_is_confirmed_for_it(amount: int) -> None:
    payment(AUTHORIZED).when(lambda p: p.confirm("order-1", "ada", amount)).then(Confirmed("order-1")).then_state(
        status="confirmed", order_id="order-1", captured=0, released=0
    )


def test_a_payment_that_does_not_cover_an_order_is_refused() -> None:
    payment(AUTHORIZED).when(lambda p: p.confirm("order-1", "ada", 2001)).then_refused(
        "the payment does not cover the order", state="authorized"
    )


def test_another_customers_payment_is_refused() -> None:
    payment(AUTHORIZED).when(lambda p: p.confirm("order-1", "bob", 1)).then_refused(
        "the payment is another customer's", state="authorized"
    )


@pytest.mark.parametrize(("past", "status"), [(CONFIRMED, "confirmed"), (SETTLED, "settled"), (REFUNDED, "refunded")])
def test_a_payment_serves_one_order_only(past: tuple[DomainEvent, ...], status: str) -> None:
    payment(*past).when(lambda p: p.confirm("order-2", "ada", 1)).then_refused(
        "the payment serves another order", state=status
    )


@pytest.mark.parametrize("past", [CONFIRMED, SETTLED])
def test_a_payment_that_serves_the_order_already_is_confirmed_again_without_effect(
    past: tuple[DomainEvent, ...],
) -> None:
    payment(*past).when(lambda p: p.confirm("order-1", "ada", 1699)).then_nothing()


@pytest.mark.parametrize(
    ("past", "status"), [((AUTHORIZED, Voided()), "voided"), ((*CONFIRMED, Voided()), "voided"), (REFUNDED, "refunded")]
)
def test_a_voided_or_refunded_payment_serves_no_order_any_more(past: tuple[DomainEvent, ...], status: str) -> None:
    payment(*past).when(lambda p: p.confirm("order-1", "ada", 1)).then_refused(f"the payment is {status}")


def test_an_unconfirmed_payment_is_voided_for_its_own_customer() -> None:
    payment(AUTHORIZED).when(lambda p: p.void("order-1", "ada")).then(Voided()).then_state(
        status="voided", order_id=None, released=2000
    )


def test_an_unconfirmed_payment_of_another_customer_is_left_as_it_is() -> None:
    payment(AUTHORIZED).when(lambda p: p.void("order-1", "bob")).then_nothing().then_state(status="authorized")


def test_a_confirmed_payment_is_voided_by_the_order_that_it_serves() -> None:
    payment(*CONFIRMED).when(lambda p: p.void("order-1", "ada")).then(Voided()).then_state(
        status="voided", order_id="order-1", released=2000
    )


def test_a_confirmed_payment_is_left_as_it_is_by_another_order_of_its_customer() -> None:
    payment(*CONFIRMED).when(lambda p: p.void("order-2", "ada")).then_nothing().then_state(status="confirmed")


@pytest.mark.parametrize("past", [(), SETTLED, REFUNDED, (AUTHORIZED, Voided())])
def test_a_captured_refunded_voided_or_unknown_payment_is_not_voided(
    past: tuple[DomainEvent, ...],
) -> None:
    payment(*past).when(lambda p: p.void("order-1", "ada")).then_nothing()


@pytest.mark.parametrize("amount", [0, 1699, 2000])
def test_capturing_takes_what_is_owed_and_releases_the_rest(amount: int) -> None:
    payment(*CONFIRMED).when(lambda p: p.capture("order-1", amount)).then(Captured(amount)).then_state(
        status="settled", captured=amount, released=2000 - amount, refunded=0, kept=amount
    )


def test_no_more_is_captured_than_was_authorized() -> None:
    payment(*CONFIRMED).when(lambda p: p.capture("order-1", 2001)).then_refused(
        "the payment does not cover the order", state="confirmed"
    )


def test_another_order_captures_nothing() -> None:
    payment(*CONFIRMED).when(lambda p: p.capture("order-2", 1)).then_refused(
        "the payment serves another order", state="confirmed"
    )


@pytest.mark.parametrize(
    ("past", "status"),
    [
        ((AUTHORIZED,), "authorized"),
        (SETTLED, "settled"),
        (REFUNDED, "refunded"),
        ((*CONFIRMED, Voided()), "voided"),
    ],
)
def test_only_a_confirmed_payment_is_captured(past: tuple[DomainEvent, ...], status: str) -> None:
    payment(*past).when(lambda p: p.capture("order-1", 1)).then_refused(f"the payment is {status}")


def test_a_refund_is_requested_of_what_was_captured_beyond_what_is_owed() -> None:
    payment(*SETTLED).when(lambda p: p.refund_beyond("order-1", 900)).then(RefundRequested(1, 799)).then_state(
        status="settled", kept=900, refunded=0, refunds=(Refund(799),)
    )


def test_a_refund_is_requested_once_whether_or_not_it_is_made() -> None:
    requested = (*SETTLED, RefundRequested(1, 799))
    payment(*requested).when(lambda p: p.refund_beyond("order-1", 900)).then_nothing()
    payment(*requested, Refunded(1, 799)).when(lambda p: p.refund_beyond("order-1", 900)).then_nothing()


def test_when_less_is_owed_again_only_the_difference_is_refunded() -> None:
    payment(*SETTLED, RefundRequested(1, 799)).when(lambda p: p.refund_beyond("order-1", 0)).then(
        RefundRequested(2, 900)
    ).then_state(kept=0)


@pytest.mark.parametrize("past", [(), (AUTHORIZED,), CONFIRMED, (*CONFIRMED, Voided())])
def test_no_refund_is_requested_of_what_was_not_captured(past: tuple[DomainEvent, ...]) -> None:
    payment(*past).when(lambda p: p.refund_beyond("order-1", 0)).then_nothing()


def test_no_refund_is_requested_for_an_order_that_the_payment_does_not_serve() -> None:
    payment(*SETTLED).when(lambda p: p.refund_beyond("order-2", 0)).then_nothing()


def test_a_payment_partly_refunded_stays_settled() -> None:
    payment(*SETTLED, RefundRequested(1, 799)).when(lambda p: p.refund_made(1)).then(Refunded(1, 799)).then_state(
        status="settled", refunded=799, kept=900, refunds=(Refund(799, made=True),)
    )


def test_a_payment_wholly_refunded_is_refunded() -> None:
    payment(*SETTLED, RefundRequested(1, 1699)).when(lambda p: p.refund_made(1)).then(Refunded(1, 1699)).then_state(
        status="refunded", refunded=1699, kept=0
    )


def test_refunds_may_be_made_in_any_order() -> None:
    requested = (*SETTLED, RefundRequested(1, 799), RefundRequested(2, 900))
    later_first = payment(*requested).when(lambda p: p.refund_made(2)).then(Refunded(2, 900))
    later_first.then_state(status="settled", refunded=900, refunds=(Refund(799), Refund(900, made=True)))
    payment(*requested, Refunded(2, 900)).when(lambda p: p.refund_made(1)).then(Refunded(1, 799)).then_state(
        status="refunded", refunded=1699
    )


def test_a_refund_is_made_once() -> None:
    payment(*REFUNDED).when(lambda p: p.refund_made(1)).then_nothing()


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_a_refund_that_was_not_requested_is_not_found(number: int) -> None:
    payment(*REFUNDED).when(lambda p: p.refund_made(number)).then_not_found(f"the payment has no refund {number}")


DAY = timedelta(days=1)
BEGUN = datetime.fromisoformat(AT)


@pytest.mark.parametrize(("after", "events"), [(DAY, [Voided()]), (DAY - timedelta(seconds=1), [])])
def test_a_payment_that_no_order_took_is_voided_a_day_after_its_authorization(
    after: timedelta, events: list[DomainEvent]
) -> None:
    payment(AUTHORIZED).when(lambda p: p.expire(BEGUN + after, DAY)).then(*events)


@pytest.mark.parametrize("past", [CONFIRMED, SETTLED, REFUNDED, (AUTHORIZED, Voided())])
def test_a_payment_that_an_order_took_or_that_was_voided_does_not_expire(past: tuple[DomainEvent, ...]) -> None:
    payment(*past).when(lambda p: p.expire(BEGUN + 9 * DAY, DAY)).then_nothing()


def test_a_payment_whose_authorization_was_never_stored_is_abandoned_and_cannot_be_made_any_more() -> None:
    payment().when(lambda p: p.expire(BEGUN, DAY)).then(Abandoned()).then_state(status="voided", to_void=True)
    payment(Abandoned()).when(lambda p: p.authorize("ada", 2000, AT)).then_refused(
        "this payment was given up meanwhile: make a new one"
    )


@pytest.mark.parametrize("past", [(AUTHORIZED, Voided()), (*CONFIRMED, Voided()), (Abandoned(),)])
def test_a_void_is_requested_and_then_made_once(past: tuple[DomainEvent, ...]) -> None:
    payment(*past).when(lambda p: p.void_made()).then(VoidMade()).then_state(status="voided", to_void=False)
    payment(*past, VoidMade()).when(lambda p: p.void_made()).then_nothing()


def test_a_payment_from_before_providers_authorized_is_voided_without_one() -> None:
    old = Authorized("ada", 2000, at="")
    payment(old).when(lambda p: p.void("order-1", "ada")).then(Voided()).then_state(released=2000, to_void=False)
    payment(old).when(lambda p: p.expire(BEGUN + 9 * DAY, DAY)).then_nothing()
