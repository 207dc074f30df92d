"""The rules of shopping lists."""

from collections.abc import Callable
from dataclasses import replace
from operator import methodcaller

import pytest

from functions.depot.domain import (
    Assigned,
    Cancelled,
    Completed,
    Created,
    GivenBack,
    Initiated,
    Picked,
    ShoppingList,
    Started,
)
from functions.depot.stops import Item, Line, Stop
from functions.kernel.domain.aggregate import DomainEvent
from tests.support.given import given

AT = "2026-03-14T09:00:00.000000Z"
BREAD = Line("bakery", "Corner Bakery", "Floor 0, 12", "bread", "Rye bread", 2)
ROLL = Line("bakery", "Corner Bakery", "Floor 0, 12", "roll", "Roll", 3)
INK = Line("paper", "Paper & Ink", "Floor 1, 3", "ink", "Ink", 1)
BAKERY = Stop("bakery", "Corner Bakery", "Floor 0, 12", (Item("bread", "Rye bread", 2), Item("roll", "Roll", 3)))
PAPER = Stop("paper", "Paper & Ink", "Floor 1, 3", (Item("ink", "Ink", 1),))

PENDING = (Created("order-1", (BAKERY, PAPER), by_staff=False),)
BY_STAFF = (Created("order-1", (BAKERY, PAPER), by_staff=True),)
AVAILABLE = (*PENDING, Initiated())
ASSIGNED = (*AVAILABLE, Assigned("bot-1", 1))
ACTIVE = (*ASSIGNED, Started(AT))
GIVEN_BACK = (*ACTIVE, Picked("bakery", "roll", 3), GivenBack())
COMPLETED = (*ASSIGNED, Completed(()))
CANCELLED = (*ASSIGNED, Cancelled("order-1"))
NEVER_CREATED = (Cancelled("order-1"),)

HISTORIES = {
    "pending": PENDING,
    "available": AVAILABLE,
    "assigned": ASSIGNED,
    "active": ACTIVE,
    "completed": COMPLETED,
    "cancelled": CANCELLED,
}

History = tuple[DomainEvent, ...]


def picked(stop: Stop, **quantities: int) -> Stop:
    return replace(stop, items=tuple(replace(item, picked=quantities[item.product_id]) for item in stop.items))


def others(*statuses: str) -> list[str]:
    return [status for status in HISTORIES if status not in statuses]


def refused_unless(statuses: tuple[str, ...], decide: Callable[[ShoppingList], object]) -> None:
    for status in others(*statuses):
        given(ShoppingList, *HISTORIES[status]).when(decide).then_refused(f"the shopping list is {status}")


def test_a_list_has_a_stop_for_each_store_with_its_items() -> None:
    given(ShoppingList).when(lambda one: one.create("order-1", [BREAD, INK, ROLL], by_staff=False)).then(
        *PENDING
    ).then_state(status="pending", order_id="order-1", bot_id=None, assignment=0, by_staff=False)


def test_repeated_lines_add_up() -> None:
    again = replace(BREAD, quantity=5)
    given(ShoppingList).when(lambda one: one.create("order-1", [BREAD, INK, again], by_staff=True)).then(
        Created("order-1", (replace(BAKERY, items=(Item("bread", "Rye bread", 7),)), PAPER), by_staff=True)
    )


def test_one_product_id_in_two_stores_is_two_products() -> None:
    theirs = replace(INK, product_id="bread")
    given(ShoppingList).when(lambda one: one.create("order-1", [BREAD, theirs], by_staff=False)).then_state(
        stops=(
            replace(BAKERY, items=(Item("bread", "Rye bread", 2),)),
            replace(PAPER, items=(Item("bread", "Ink", 1),)),
        )
    )


def test_a_list_needs_items() -> None:
    given(ShoppingList).when(lambda one: one.create("order-1", [], by_staff=True)).then_invalid(
        "the shopping list has no items"
    )


@pytest.mark.parametrize(
    ("quantity", "why"), [(0, "the item quantity cannot be zero"), (-1, "the item quantity cannot be negative")]
)
def test_a_listed_quantity_is_positive(quantity: int, why: str) -> None:
    line = replace(BREAD, quantity=quantity)
    given(ShoppingList).when(lambda one: one.create("order-1", [line], by_staff=True)).then_invalid(why)


def test_a_list_holds_a_hundred_lines_and_no_more() -> None:
    lines = [replace(BREAD, product_id=f"product-{n}") for n in range(101)]
    given(ShoppingList).when(lambda one: one.create("order-1", lines[:100], by_staff=False)).then_state(
        status="pending"
    )
    given(ShoppingList).when(lambda one: one.create("order-1", lines, by_staff=False)).then_invalid(
        "a shopping list holds at most 100 lines"
    )


@pytest.mark.parametrize("quantities", [[1000], [999, 999], [500, 499, 1]])
def test_two_lines_of_999_of_one_product_are_refused_as_more_than_a_pick_can_name(quantities: list[int]) -> None:
    lines = [replace(BREAD, quantity=quantity) for quantity in quantities]
    for by_staff in (True, False):
        given(ShoppingList).when(
            lambda one, by_staff=by_staff: one.create("order-1", lines, by_staff=by_staff)
        ).then_invalid("a shopping list holds at most 999 of one product")


def test_the_limits_are_judged_when_101_lines_of_one_product_are_one() -> None:
    lines = [replace(BREAD, quantity=9)] * 101
    given(ShoppingList).when(lambda one: one.create("order-1", lines, by_staff=True)).then_state(
        stops=(replace(BAKERY, items=(Item("bread", "Rye bread", 909),)),)
    )


@pytest.mark.parametrize("status", others("cancelled"))
def test_a_list_that_exists_is_not_created_again(status: str) -> None:
    given(ShoppingList, *HISTORIES[status]).when(
        lambda one: one.create("order-1", [BREAD], by_staff=False)
    ).then_nothing()


@pytest.mark.parametrize("history", [CANCELLED, NEVER_CREATED])
def test_a_late_creation_of_a_cancelled_list_is_refused(history: History) -> None:
    given(ShoppingList, *history).when(lambda one: one.create("order-1", [BREAD], by_staff=False)).then_refused(
        "the shopping list is cancelled", state="cancelled"
    )


def test_a_pending_list_becomes_available() -> None:
    given(ShoppingList, *PENDING).when(lambda one: one.initiate()).then(Initiated()).then_state(status="available")


@pytest.mark.parametrize("status", others("pending", "cancelled"))
def test_a_list_that_was_initiated_stays_as_it_is(status: str) -> None:
    given(ShoppingList, *HISTORIES[status]).when(lambda one: one.initiate()).then_nothing()


def test_a_cancelled_list_is_not_initiated() -> None:
    given(ShoppingList, *CANCELLED).when(lambda one: one.initiate()).then_refused("the shopping list is cancelled")


def test_staff_initiate_a_list_that_staff_created() -> None:
    given(ShoppingList, *BY_STAFF).when(lambda one: one.initiate_by_staff()).then(Initiated())


def test_staff_do_not_initiate_a_list_before_its_order_is_paid_for() -> None:
    given(ShoppingList, *PENDING).when(lambda one: one.initiate_by_staff()).then_refused(
        "the shopping list waits for its order's checkout", state="pending"
    )


def test_staff_who_initiate_a_list_that_was_initiated_change_nothing() -> None:
    given(ShoppingList, *AVAILABLE).when(lambda one: one.initiate_by_staff()).then_nothing()


def test_an_available_list_is_assigned_under_the_first_number() -> None:
    given(ShoppingList, *AVAILABLE).when(lambda one: one.assign("bot-1")).then(Assigned("bot-1", 1)).then_state(
        status="assigned", bot_id="bot-1", assignment=1, robot="bot-1"
    )


def test_each_assignment_has_the_next_number() -> None:
    given(ShoppingList, *GIVEN_BACK).when(lambda one: one.assign("bot-2")).then(Assigned("bot-2", 2))


def test_only_an_available_list_is_assigned() -> None:
    refused_unless(("available",), lambda one: one.assign("bot-1"))


def test_an_assigned_list_is_started_by_its_number() -> None:
    given(ShoppingList, *ASSIGNED).when(lambda one: one.start(1, AT)).then(Started(AT)).then_state(
        status="active", robot="bot-1"
    )


def test_a_repeated_start_changes_nothing() -> None:
    given(ShoppingList, *ACTIVE).when(lambda one: one.start(1, AT)).then_nothing()


def test_a_list_that_is_not_assigned_is_not_started() -> None:
    for history, assignment, status in (
        (PENDING, 0, "pending"),
        (AVAILABLE, 0, "available"),
        (GIVEN_BACK, 1, "available"),
        (COMPLETED, 1, "completed"),
        (CANCELLED, 1, "cancelled"),
    ):
        given(ShoppingList, *history).when(methodcaller("start", assignment, AT)).then_refused(
            f"the shopping list is {status}"
        )


@pytest.mark.parametrize("assignment", [0, 2])
def test_start_pick_and_complete_must_name_the_assignment(assignment: int) -> None:
    why = f"this is not assignment {assignment} of the shopping list any more"
    given(ShoppingList, *ASSIGNED).when(lambda one: one.start(assignment, AT)).then_refused(why)
    given(ShoppingList, *ACTIVE).when(lambda one: one.start(assignment, AT)).then_refused(why)
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick(assignment, "bakery", "roll", 1)).then_refused(why)
    given(ShoppingList, *ACTIVE).when(lambda one: one.complete(assignment=assignment)).then_refused(why)


def test_a_robot_that_lost_its_list_cannot_go_on_with_its_old_number() -> None:
    again = (*GIVEN_BACK, Assigned("bot-2", 2), Started(AT))
    given(ShoppingList, *again).when(lambda one: one.pick(1, "bakery", "roll", 1)).then_refused(
        "this is not assignment 1 of the shopping list any more", state="active"
    )


def test_a_pick_is_the_quantity_picked_in_all() -> None:
    given(ShoppingList, *ACTIVE, Picked("bakery", "roll", 1)).when(lambda one: one.pick(1, "bakery", "roll", 3)).then(
        Picked("bakery", "roll", 3)
    ).then_state(stops=(picked(BAKERY, bread=0, roll=3), PAPER))


def test_a_pick_may_be_taken_back_to_zero() -> None:
    given(ShoppingList, *ACTIVE, Picked("bakery", "roll", 1)).when(lambda one: one.pick(1, "bakery", "roll", 0)).then(
        Picked("bakery", "roll", 0)
    )


def test_a_repeated_pick_changes_nothing() -> None:
    given(ShoppingList, *ACTIVE, Picked("bakery", "roll", 1)).when(
        lambda one: one.pick(1, "bakery", "roll", 1)
    ).then_nothing()


def test_several_items_are_picked_at_once_and_the_last_that_changed_says_so() -> None:
    everything = {("bakery", "bread"): 0, ("bakery", "roll"): 3, ("paper", "ink"): 1}
    given(ShoppingList, *ACTIVE, Picked("bakery", "bread", 1)).when(lambda one: one.pick_items(1, everything)).then(
        Picked("bakery", "bread", 0, is_followed=True),
        Picked("bakery", "roll", 3, is_followed=True),
        Picked("paper", "ink", 1),
    )


def test_repeated_picks_of_several_items_change_nothing() -> None:
    given(ShoppingList, *ACTIVE, Picked("bakery", "roll", 1)).when(
        lambda one: one.pick_items(1, {("bakery", "roll"): 1, ("paper", "ink"): 0})
    ).then_nothing()


def test_of_several_items_none_is_picked_where_one_is_refused() -> None:
    roll = {("bakery", "roll"): 1}
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick_items(1, {})).then_invalid("name at least one item")
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick_items(1, roll | {("paper", "ink"): 2})).then_invalid(
        "only 1 of this product are on the shopping list"
    )
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick_items(1, roll | {("paper", "cake"): 1})).then_not_found(
        "the product cake of the store paper is not on the shopping list"
    )
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick_items(2, roll)).then_refused(
        "this is not assignment 2 of the shopping list any more"
    )
    given(ShoppingList, *ASSIGNED).when(lambda one: one.pick_items(1, roll)).then_refused(
        "the shopping list is assigned"
    )


def test_no_more_is_picked_than_is_listed_and_no_less_than_zero() -> None:
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick(1, "bakery", "roll", 4)).then_invalid(
        "only 3 of this product are on the shopping list"
    )
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick(1, "bakery", "roll", -1)).then_invalid(
        "the item quantity cannot be negative"
    )


@pytest.mark.parametrize(("store_id", "product_id"), [("bakery", "ink"), ("paper", "roll"), ("bakery", "cake")])
def test_a_product_that_is_not_on_the_list_is_not_picked(store_id: str, product_id: str) -> None:
    given(ShoppingList, *ACTIVE).when(lambda one: one.pick(1, store_id, product_id, 1)).then_not_found(
        f"the product {product_id} of the store {store_id} is not on the shopping list"
    )


def test_only_items_of_an_active_list_are_picked() -> None:
    for status in ("assigned", "completed", "cancelled"):
        given(ShoppingList, *HISTORIES[status]).when(lambda one: one.pick(1, "bakery", "roll", 1)).then_refused(
            f"the shopping list is {status}"
        )
