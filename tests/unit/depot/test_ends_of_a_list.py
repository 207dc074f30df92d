"""The rules of how a shopping list ends: completed, given back, cancelled."""

import pytest

from functions.depot.domain import Assigned, Cancelled, Completed, GivenBack, Picked, ShoppingList, Started
from functions.depot.stops import Shortage
from tests.support.given import given
from tests.unit.depot.test_shopping_list import (
    ACTIVE,
    ASSIGNED,
    AVAILABLE,
    BAKERY,
    CANCELLED,
    COMPLETED,
    GIVEN_BACK,
    HISTORIES,
    NEVER_CREATED,
    PAPER,
    History,
    picked,
    refused_unless,
)


def test_from_assigned_all_was_found_unless_shortages_are_reported() -> None:
    given(ShoppingList, *ASSIGNED).when(lambda one: one.complete(assignment=1)).then(Completed(())).then_state(
        status="completed", bot_id="bot-1", robot=None, stops=(picked(BAKERY, bread=2, roll=3), picked(PAPER, ink=1))
    )


def test_from_active_what_was_not_picked_is_short() -> None:
    history = (*ACTIVE, Picked("bakery", "bread", 2), Picked("bakery", "roll", 1))
    given(ShoppingList, *history).when(lambda one: one.complete(assignment=1)).then(
        Completed((Shortage("bakery", "roll", 2), Shortage("paper", "ink", 1)))
    ).then_state(stops=(picked(BAKERY, bread=2, roll=1), picked(PAPER, ink=0)))


@pytest.mark.parametrize("history", [ASSIGNED, ACTIVE])
def test_reported_shortages_are_short_and_the_rest_was_found(history: History) -> None:
    given(ShoppingList, *history).when(lambda one: one.complete([Shortage("bakery", "roll", 2)])).then(
        Completed((Shortage("bakery", "roll", 2),))
    ).then_state(stops=(picked(BAKERY, bread=2, roll=1), picked(PAPER, ink=1)))


def test_no_reported_shortages_mean_that_all_was_found() -> None:
    given(ShoppingList, *ACTIVE).when(lambda one: one.complete([])).then(Completed(()))


def test_repeated_shortages_add_up() -> None:
    short = [Shortage("bakery", "roll", 1), Shortage("paper", "ink", 1), Shortage("bakery", "roll", 2)]
    given(ShoppingList, *ASSIGNED).when(lambda one: one.complete(short)).then(
        Completed((Shortage("bakery", "roll", 3), Shortage("paper", "ink", 1)))
    )


@pytest.mark.parametrize(
    "short",
    [
        [Shortage("bakery", "roll", 4)],
        [Shortage("bakery", "roll", 2), Shortage("bakery", "roll", 2)],
        [Shortage("bakery", "cake", 1)],
        [Shortage("paper", "roll", 1)],
    ],
)
def test_no_more_is_short_than_is_listed(short: list[Shortage]) -> None:
    given(ShoppingList, *ASSIGNED).when(lambda one: one.complete(short)).then_invalid(
        f"more of the product {short[0].product_id} is short than is on the shopping list"
    )


@pytest.mark.parametrize(
    ("quantity", "why"), [(0, "the item quantity cannot be zero"), (-1, "the item quantity cannot be negative")]
)
def test_a_shortage_is_positive(quantity: int, why: str) -> None:
    given(ShoppingList, *ASSIGNED).when(lambda one: one.complete([Shortage("bakery", "roll", quantity)])).then_invalid(
        why
    )


def test_a_list_is_completed_from_assigned_or_active_and_once() -> None:
    refused_unless(("assigned", "active"), lambda one: one.complete())


@pytest.mark.parametrize("history", [ASSIGNED, ACTIVE])
def test_a_list_that_is_given_back_is_available_again(history: History) -> None:
    given(ShoppingList, *history).when(lambda one: one.give_back()).then(GivenBack()).then_state(
        status="available", bot_id=None, robot=None, assignment=1
    )


def test_what_was_picked_before_a_list_was_given_back_is_void() -> None:
    given(ShoppingList, *GIVEN_BACK).when(lambda one: one.assign("bot-2")).then_state(stops=(BAKERY, PAPER))


def test_only_a_list_that_a_robot_has_is_given_back() -> None:
    refused_unless(("assigned", "active"), lambda one: one.give_back())


@pytest.mark.parametrize("status", ["pending", "available", "assigned", "active"])
def test_a_list_can_be_cancelled_until_it_is_completed(status: str) -> None:
    given(ShoppingList, *HISTORIES[status]).when(lambda one: one.cancel()).then(Cancelled("order-1")).then_state(
        status="cancelled", bot_id=None, robot=None, order_id="order-1"
    )


def test_a_completed_list_is_not_cancelled() -> None:
    given(ShoppingList, *COMPLETED).when(lambda one: one.cancel()).then_refused("the shopping list is completed")


def test_a_second_cancellation_changes_nothing() -> None:
    given(ShoppingList, *CANCELLED).when(lambda one: one.cancel()).then_nothing()


def test_the_end_of_an_order_records_a_list_that_does_not_exist_yet_as_cancelled() -> None:
    given(ShoppingList, id="order-1").when(lambda one: one.cancel_for_order()).then(*NEVER_CREATED).then_state(
        status="cancelled", order_id="order-1", stops=()
    )


@pytest.mark.parametrize("status", ["pending", "available", "assigned", "active"])
def test_the_end_of_an_order_cancels_a_list_under_way(status: str) -> None:
    given(ShoppingList, *HISTORIES[status]).when(lambda one: one.cancel_for_order()).then(Cancelled("order-1"))


@pytest.mark.parametrize("history", [COMPLETED, CANCELLED, NEVER_CREATED])
def test_the_end_of_an_order_changes_nothing_of_a_list_that_has_ended(history: History) -> None:
    given(ShoppingList, *history).when(lambda one: one.cancel_for_order()).then_nothing()


def test_a_list_goes_from_robot_to_robot_until_one_completes_it() -> None:
    history = (*AVAILABLE, Assigned("bot-1", 1), GivenBack(), Assigned("bot-2", 2), Started())
    given(ShoppingList, *history).when(lambda one: one.complete([], assignment=2)).then(Completed(())).then_state(
        bot_id="bot-2", assignment=2
    )
