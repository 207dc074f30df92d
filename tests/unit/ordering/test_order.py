"""The rules of an order: approve, reject, become ready, pay, complete, cancel, expire."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.kernel.domain.aggregate import DomainEvent
from functions.kernel.eventstore.codec import from_data
from functions.kernel.runtime.clock import stamp
from functions.ordering.domain import (
    Approved,
    Caller,
    Cancelled,
    CollectedEarly,
    Completed,
    Created,
    NothingFound,
    Order,
    Paid,
    Readied,
    Rejected,
)
from functions.ordering.items import Item, Shortage
from tests.support.given import given

BEGUN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AT = stamp(BEGUN)
A_DAY = timedelta(hours=24)
BREAD = Item("bakery", "bread", "Corner Bakery", "Rye bread", 450, 2)
INK = Item("paper", "ink", "Paper & Ink", "Ink", 799, 1)
NO_INK = (Shortage("paper", "ink", 1),)
NOTHING = (Shortage("bakery", "bread", 2), *NO_INK)

CREATED = Created("ada", "payment-1", (BREAD, INK), AT)
APPROVED = Approved("list-1", AT)
READIED = Readied((), AT)
CANCELLED = Cancelled("changed my mind", "customer")

PENDING: list[DomainEvent] = [CREATED]
APPROVED_ORDER: list[DomainEvent] = [CREATED, APPROVED]
READY: list[DomainEvent] = [CREATED, APPROVED, READIED]
COMPLETED: list[DomainEvent] = [CREATED, APPROVED, READIED, Paid(), Completed()]
REJECTED: list[DomainEvent] = [CREATED, Rejected("the customer is disabled")]
CANCELLED_ORDER: list[DomainEvent] = [CREATED, CANCELLED]


def make_ready(order: Order) -> None:
    order.make_ready("list-1", (), AT)


class TestApproving:
    def test_a_pending_order_is_approved_and_knows_its_list(self) -> None:
        given(Order, *PENDING).when(lambda order: order.approve("list-1", AT)).then(APPROVED).then_state(
            status="approved", shopping_list_id="list-1", approved_at=AT
        )

    def test_an_approval_that_was_stored_without_its_time_still_counts(self) -> None:
        old = from_data(Approved, {"shopping_list_id": "list-1"})
        given(Order, CREATED, old).when(make_ready).then_state(status="ready", approved_at=None, readied_at=AT)

    @pytest.mark.parametrize("history", [APPROVED_ORDER, READY, COMPLETED])
    def test_an_approval_that_took_effect_changes_nothing(self, history: list[DomainEvent]) -> None:
        given(Order, *history).when(lambda order: order.approve("list-1", AT)).then_nothing()

    def test_a_cancelled_order_is_not_resurrected_by_a_late_approval(self) -> None:
        given(Order, *CANCELLED_ORDER).when(lambda order: order.approve("list-1", AT)).then_refused(
            "the order is cancelled"
        )

    def test_a_rejected_order_is_not_approved(self) -> None:
        given(Order, *REJECTED).when(lambda order: order.approve("list-1", AT)).then_refused("the order is rejected")


class TestRejecting:
    def test_a_pending_order_is_rejected(self) -> None:
        given(Order, *PENDING).when(lambda order: order.reject("the customer is disabled")).then(
            Rejected("the customer is disabled")
        ).then_state(status="rejected")

    @pytest.mark.parametrize("history", [REJECTED, CANCELLED_ORDER])
    def test_rejecting_what_is_rejected_or_cancelled_is_accepted(self, history: list[DomainEvent]) -> None:
        given(Order, *history).when(lambda order: order.reject("too late")).then_nothing()

    @pytest.mark.parametrize(
        ("history", "message"),
        [
            (APPROVED_ORDER, "the order is approved"),
            (READY, "the order is ready"),
            (COMPLETED, "the order is completed"),
        ],
    )
    def test_an_approved_order_is_not_rejected_any_more(self, history: list[DomainEvent], message: str) -> None:
        given(Order, *history).when(lambda order: order.reject("too late")).then_refused(message)


class TestBecomingReady:
    def test_an_approved_order_is_ready_when_its_list_is_completed(self) -> None:
        given(Order, *APPROVED_ORDER).when(make_ready).then(READIED).then_state(
            status="ready", ready=True, paid=False, readied_at=AT
        )

    def test_short_picks_reduce_the_items_and_the_total(self) -> None:
        given(Order, *APPROVED_ORDER).when(lambda order: order.make_ready("list-1", NO_INK, AT)).then(
            Readied(NO_INK, AT)
        ).then_state(items=(BREAD,), total=900)

    def test_an_order_of_which_nothing_was_found_is_cancelled_by_the_system(self) -> None:
        given(Order, *APPROVED_ORDER).when(lambda order: order.make_ready("list-1", NOTHING, AT)).then(
            NothingFound("nothing of the order was found")
        ).then_state(status="cancelled", items=(), total=0, ready=False)

    def test_a_paid_order_of_which_nothing_was_found_is_cancelled_too(self) -> None:
        given(Order, *APPROVED_ORDER, Paid()).when(lambda order: order.make_ready("list-1", NOTHING, AT)).then(
            NothingFound("nothing of the order was found")
        )

    def test_an_order_of_free_items_that_were_found_is_ready(self) -> None:
        gift = replace(INK, price=0)
        given(Order, Created("ada", "payment-1", (BREAD, gift), AT), APPROVED).when(
            lambda order: order.make_ready("list-1", (Shortage("bakery", "bread", 2),), AT)
        ).then_state(status="ready", items=(gift,), total=0)

    def test_another_orders_list_makes_nothing_ready(self) -> None:
        message = "the shopping list list-2 is not this order's"
        given(Order, *APPROVED_ORDER).when(lambda order: order.make_ready("list-2", (), AT)).then_refused(message)
        given(Order, *READY).when(lambda order: order.make_ready("list-2", (), AT)).then_refused(message)

    @pytest.mark.parametrize("history", [READY, COMPLETED, [*READY, CANCELLED]])
    def test_a_completion_that_took_effect_changes_nothing(self, history: list[DomainEvent]) -> None:
        given(Order, *history).when(lambda order: order.make_ready("list-1", NO_INK, AT)).then_nothing()

    @pytest.mark.parametrize(
        ("history", "message"),
        [(REJECTED, "the order is rejected"), (CANCELLED_ORDER, "the order is cancelled")],
    )
    def test_an_order_that_has_ended_does_not_become_ready(self, history: list[DomainEvent], message: str) -> None:
        given(Order, *history).when(make_ready).then_refused(message)

    def test_a_list_completed_before_the_approval_is_recorded(self) -> None:
        given(Order, *PENDING).when(lambda order: order.make_ready("list-1", NO_INK, AT)).then(
            CollectedEarly("list-1", NO_INK)
        ).then_state(status="pending", ready=False, items=(BREAD, INK))

    def test_a_list_completed_before_the_approval_is_recorded_once(self) -> None:
        given(Order, *PENDING, CollectedEarly("list-1", NO_INK)).when(
            lambda order: order.make_ready("list-1", NO_INK, AT)
        ).then_nothing()

    def test_an_order_whose_list_was_completed_early_is_ready_when_it_is_approved(self) -> None:
        given(Order, *PENDING, CollectedEarly("list-1", NO_INK)).when(lambda order: order.approve("list-1", AT)).then(
            APPROVED, Readied(NO_INK, AT)
        ).then_state(status="ready", items=(BREAD,))

    def test_an_approval_uses_its_own_list_among_those_completed_early(self) -> None:
        early = [CollectedEarly("list-1", NO_INK), CollectedEarly("list-2", ())]
        given(Order, *PENDING, *early).when(lambda order: order.approve("list-1", AT)).then(
            APPROVED, Readied(NO_INK, AT)
        )
        given(Order, *PENDING, early[1]).when(lambda order: order.approve("list-1", AT)).then(APPROVED)

    def test_an_order_of_which_nothing_was_found_early_is_cancelled_when_it_is_approved(self) -> None:
        given(Order, *PENDING, CollectedEarly("list-1", NOTHING)).when(lambda order: order.approve("list-1", AT)).then(
            APPROVED, NothingFound("nothing of the order was found")
        ).then_state(status="cancelled")


class TestPayingAndCompleting:
    @pytest.mark.parametrize(("history", "status"), [(PENDING, "pending"), (APPROVED_ORDER, "approved")])
    def test_an_order_may_be_paid_before_it_is_ready(self, history: list[DomainEvent], status: str) -> None:
        given(Order, *history).when(Order.pay).then(Paid()).then_state(status=status, paid=True)

    def test_a_ready_order_is_complete_when_it_is_paid(self) -> None:
        given(Order, *READY).when(Order.pay).then(Paid(), Completed()).then_state(
            status="completed", ready=True, paid=True
        )

    def test_a_paid_order_is_complete_when_it_is_ready(self) -> None:
        given(Order, *APPROVED_ORDER, Paid()).when(make_ready).then(READIED, Completed()).then_state(
            status="completed", ready=True, paid=True
        )

    def test_an_order_collected_and_paid_early_is_complete_when_it_is_approved(self) -> None:
        given(Order, *PENDING, CollectedEarly("list-1", ()), Paid()).when(
            lambda order: order.approve("list-1", AT)
        ).then(APPROVED, READIED, Completed())

    @pytest.mark.parametrize("history", [[*APPROVED_ORDER, Paid()], COMPLETED])
    def test_a_payment_that_took_effect_changes_nothing(self, history: list[DomainEvent]) -> None:
        given(Order, *history).when(Order.pay).then_nothing()

    @pytest.mark.parametrize(
        ("history", "message"),
        [(REJECTED, "the order is rejected"), (CANCELLED_ORDER, "the order is cancelled")],
    )
    def test_an_order_that_has_ended_is_not_paid(self, history: list[DomainEvent], message: str) -> None:
        given(Order, *history).when(Order.pay).then_refused(message)


class TestCancelling:
    @pytest.mark.parametrize("by", ["customer", "staff", "system"])
    @pytest.mark.parametrize("history", [PENDING, APPROVED_ORDER, [*APPROVED_ORDER, Paid()]])
    def test_an_order_that_is_not_ready_can_be_cancelled(self, history: list[DomainEvent], by: Caller) -> None:
        given(Order, *history).when(lambda order: order.cancel("changed my mind", by)).then(
            Cancelled("changed my mind", by)
        ).then_state(status="cancelled", items=(BREAD, INK))

    @pytest.mark.parametrize("by", ["staff", "system"])
    def test_a_ready_order_can_be_cancelled_by_staff_and_the_system(self, by: Caller) -> None:
        given(Order, *READY).when(lambda order: order.cancel("not collected", by)).then(Cancelled("not collected", by))

    def test_a_customer_cannot_cancel_what_is_ready(self) -> None:
        given(Order, *READY).when(lambda order: order.cancel("changed my mind", "customer")).then_refused(
            "the order is ready"
        )

    @pytest.mark.parametrize("by", ["customer", "staff", "system"])
    @pytest.mark.parametrize("history", [CANCELLED_ORDER, [*APPROVED_ORDER, NothingFound("nothing was found")]])
    def test_a_second_cancel_is_accepted_and_changes_nothing(self, history: list[DomainEvent], by: Caller) -> None:
        given(Order, *history).when(lambda order: order.cancel("again", by)).then_nothing()

    @pytest.mark.parametrize("by", ["customer", "staff", "system"])
    @pytest.mark.parametrize(
        ("history", "message"),
        [(REJECTED, "the order is rejected"), (COMPLETED, "the order is completed")],
    )
    def test_what_is_rejected_or_completed_cannot_be_cancelled(
        self, history: list[DomainEvent], message: str, by: Caller
    ) -> None:
        given(Order, *history).when(lambda order: order.cancel("too late", by)).then_refused(message)


class TestExpiring:
    def test_an_order_unpaid_for_24_hours_after_ready_is_cancelled_by_the_system(self) -> None:
        given(Order, *READY).when(lambda order: order.expire(BEGUN + A_DAY, A_DAY)).then(
            Cancelled("the order was not paid within 24 hours of being ready", "system")
        ).then_state(status="cancelled")

    def test_an_order_ready_for_less_than_24_hours_is_left_as_it_is(self) -> None:
        given(Order, *READY).when(
            lambda order: order.expire(BEGUN + A_DAY - timedelta(seconds=1), A_DAY)
        ).then_nothing()

    def test_the_time_counts_from_ready_and_not_from_the_checkout(self) -> None:
        later = BEGUN + timedelta(hours=20)
        history = [CREATED, APPROVED, Readied((), stamp(later))]
        given(Order, *history).when(lambda order: order.expire(BEGUN + A_DAY, A_DAY)).then_nothing()
        given(Order, *history).when(lambda order: order.expire(later + A_DAY, A_DAY)).then_state(status="cancelled")

    @pytest.mark.parametrize(
        "history", [PENDING, APPROVED_ORDER, [*APPROVED_ORDER, Paid()], COMPLETED, REJECTED, CANCELLED_ORDER]
    )
    def test_an_order_that_does_not_await_its_payment_does_not_expire(self, history: list[DomainEvent]) -> None:
        given(Order, *history).when(lambda order: order.expire(BEGUN + timedelta(days=7), A_DAY)).then_nothing()
