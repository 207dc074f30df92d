"""The rules of a basket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.baskets.domain import (
    Abandoned,
    Basket,
    Cancelled,
    CheckedOut,
    ItemAdded,
    ItemRemoved,
    Line,
    Product,
    Started,
)
from functions.kernel.domain.aggregate import DomainEvent
from functions.kernel.runtime.clock import stamp
from tests.support.given import given

OPENED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
AT = stamp(OPENED)
LATER = stamp(OPENED + timedelta(minutes=10))
HALF_AN_HOUR = timedelta(minutes=30)
STARTED = Started("ada", AT)
BREAD = Product("bread", "bakery", "Corner Bakery", "Rye bread", 450, participating=False)
TWO_BREADS = Line("bakery", "bread", "Corner Bakery", "Rye bread", 450, 2)
INK = Line("paper", "ink", "Paper & Ink", "Ink", 799, 1)
ADDED = ItemAdded(TWO_BREADS, AT)

ENDED: list[tuple[DomainEvent, str]] = [
    (Cancelled(), "the basket is cancelled"),
    (CheckedOut("payment-1"), "the basket is checked out"),
    (Abandoned(), "the basket is abandoned"),
]


def test_a_basket_starts_open_for_its_customer() -> None:
    given(Basket).when(lambda basket: basket.start("ada", AT)).then(STARTED).then_state(
        status="open", customer_id="ada", lines=(), total=0
    )


@pytest.mark.parametrize("customer_id", ["", "  \t"])
def test_a_basket_needs_a_customer(customer_id: str) -> None:
    given(Basket).when(lambda basket: basket.start(customer_id, AT)).then_invalid("the customer id cannot be blank")


def test_a_basket_that_has_started_does_not_start_again() -> None:
    given(Basket, STARTED).when(lambda basket: basket.start("ada", LATER)).then_nothing()


def test_an_added_item_has_the_names_and_the_price_of_the_catalogue() -> None:
    (
        given(Basket, STARTED)
        .when(lambda basket: basket.add_item(BREAD, 2, AT))
        .then(ADDED)
        .then_state(lines=(TWO_BREADS,), total=900)
    )


def test_adding_a_product_again_sums_and_keeps_the_first_price_and_names() -> None:
    dearer = replace(BREAD, price=500, name="Dark rye bread", store_name="Corner Café")
    five = replace(TWO_BREADS, quantity=5)
    (
        given(Basket, STARTED, ADDED, ItemAdded(INK, AT))
        .when(lambda basket: basket.add_item(dearer, 3, LATER))
        .then(ItemAdded(five, LATER))
        .then_state(lines=(five, INK), total=5 * 450 + 799, touched_at=LATER)
    )


def test_several_items_are_added_at_once_and_one_that_is_named_twice_adds_up() -> None:
    ink = Product("ink", "paper", "Paper & Ink", "Ink", 799, participating=True)
    (
        given(Basket, STARTED)
        .when(lambda basket: basket.add_items([(BREAD, 2), (ink, 1), (BREAD, 3)], LATER))
        .then(ItemAdded(TWO_BREADS, LATER), ItemAdded(INK, LATER), ItemAdded(replace(TWO_BREADS, quantity=5), LATER))
        .then_state(lines=(replace(TWO_BREADS, quantity=5), INK), total=5 * 450 + 799, touched_at=LATER)
    )


def test_no_items_at_all_are_not_added() -> None:
    given(Basket, STARTED).when(lambda basket: basket.add_items([], AT)).then_invalid("name at least one item")


def test_a_hundred_items_are_added_at_once_and_a_hundred_and_first_is_refused() -> None:
    wanted = [(replace(BREAD, product_id=f"product-{n}"), 999) for n in range(101)]
    given(Basket, STARTED).when(lambda basket: basket.add_items(wanted[:100], AT)).then_state(
        lines=tuple(replace(TWO_BREADS, product_id=f"product-{n}", quantity=999) for n in range(100))
    )
    given(Basket, STARTED).when(lambda basket: basket.add_items(wanted, AT)).then_invalid(
        "a basket holds at most 100 lines"
    )


def test_items_are_not_added_to_a_basket_that_has_ended() -> None:
    for end, message in ENDED:
        given(Basket, STARTED, ADDED, end).when(lambda basket: basket.add_items([(BREAD, 1)], AT)).then_refused(message)


def test_a_quantity_cannot_be_negative() -> None:
    message = "the item quantity cannot be negative"
    given(Basket, STARTED).when(lambda basket: basket.add_item(BREAD, -1, AT)).then_invalid(message)
    given(Basket, STARTED, ADDED).when(lambda basket: basket.remove_item("bread", -1, AT)).then_invalid(message)


def test_a_quantity_cannot_be_zero() -> None:
    message = "the item quantity cannot be zero"
    given(Basket, STARTED).when(lambda basket: basket.add_item(BREAD, 0, AT)).then_invalid(message)
    given(Basket, STARTED, ADDED).when(lambda basket: basket.remove_item("bread", 0, AT)).then_invalid(message)


def test_a_basket_holds_a_hundred_lines_and_more_of_what_is_in_them() -> None:
    full = [ItemAdded(replace(INK, product_id=f"product-{n}"), AT) for n in range(99)]
    given(Basket, STARTED, *full).when(lambda basket: basket.add_item(BREAD, 2, AT)).then(ADDED)
    given(Basket, STARTED, *full, ADDED).when(lambda basket: basket.add_item(BREAD, 1, AT)).then(
        ItemAdded(replace(TWO_BREADS, quantity=3), AT)
    )


def test_a_hundred_and_first_line_is_refused() -> None:
    full = [ItemAdded(replace(INK, product_id=f"product-{n}"), AT) for n in range(100)]
    given(Basket, STARTED, *full).when(lambda basket: basket.add_item(BREAD, 1, AT)).then_invalid(
        "a basket holds at most 100 lines"
    )


def test_a_line_holds_at_most_999_of_its_product() -> None:
    given(Basket, STARTED, ADDED).when(lambda basket: basket.add_item(BREAD, 997, AT)).then_state(total=999 * 450)
    given(Basket, STARTED, ADDED).when(lambda basket: basket.add_item(BREAD, 998, AT)).then_invalid(
        "a basket holds at most 999 of one product"
    )


def test_a_total_stays_below_what_a_json_number_holds_exactly() -> None:
    gold = replace(BREAD, price=2**53 - 1 - 900, product_id="gold")
    given(Basket, STARTED, ADDED).when(lambda basket: basket.add_item(gold, 1, AT)).then_state(total=2**53 - 1)
    message = "the basket's total must be below 2^53 cents"
    dearer = replace(gold, price=gold.price + 1)
    given(Basket, STARTED, ADDED).when(lambda basket: basket.add_item(dearer, 1, AT)).then_invalid(message)
    half = replace(gold, price=2**52)
    given(Basket, STARTED).when(lambda basket: basket.add_item(half, 2, AT)).then_invalid(message)


def test_where_it_is_required_only_products_of_participating_stores_can_be_added() -> None:
    participant = replace(BREAD, participating=True)
    given(Basket, STARTED).when(lambda basket: basket.add_item(BREAD, 2, AT, participating_only=True)).then_refused(
        "the store Corner Bakery is not participating"
    )
    given(Basket, STARTED).when(lambda basket: basket.add_item(participant, 2, AT, participating_only=True)).then(ADDED)


def test_removing_takes_away_that_many() -> None:
    (
        given(Basket, STARTED, ADDED, ItemAdded(INK, AT))
        .when(lambda basket: basket.remove_item("bread", 1, LATER))
        .then(ItemRemoved("bread", 1, LATER))
        .then_state(lines=(replace(TWO_BREADS, quantity=1), INK), total=450 + 799, touched_at=LATER)
    )


@pytest.mark.parametrize("quantity", [2, 3, 999])
def test_a_line_of_which_all_is_removed_is_gone(quantity: int) -> None:
    (
        given(Basket, STARTED, ADDED, ItemAdded(INK, AT))
        .when(lambda basket: basket.remove_item("bread", quantity, AT))
        .then(ItemRemoved("bread", 0, AT))
        .then_state(lines=(INK,), total=799)
    )


def test_removing_a_product_that_is_not_in_the_basket_is_no_error() -> None:
    given(Basket, STARTED, ADDED).when(lambda basket: basket.remove_item("ink", 1, AT)).then_nothing()


def test_an_open_basket_can_be_cancelled() -> None:
    given(Basket, STARTED, ADDED).when(Basket.cancel).then(Cancelled()).then_state(status="cancelled")


def test_a_basket_with_items_and_a_payment_is_checked_out() -> None:
    (
        given(Basket, STARTED, ADDED)
        .when(lambda basket: basket.check_out("payment-1"))
        .then(CheckedOut("payment-1"))
        .then_state(status="checked_out", payment_id="payment-1", lines=(TWO_BREADS,))
    )


@pytest.mark.parametrize("payment_id", ["", " "])
def test_a_checkout_needs_a_payment(payment_id: str) -> None:
    given(Basket, STARTED, ADDED).when(lambda basket: basket.check_out(payment_id)).then_invalid(
        "the payment id cannot be blank"
    )


def test_an_empty_basket_cannot_be_checked_out() -> None:
    emptied = ItemRemoved("bread", 0, AT)
    for history in ([STARTED], [STARTED, ADDED, emptied]):
        given(Basket, *history).when(lambda basket: basket.check_out("payment-1")).then_invalid(
            "the basket has no items"
        )


@pytest.mark.parametrize(("end", "message"), ENDED)
def test_a_basket_that_has_ended_does_not_change(end: DomainEvent, message: str) -> None:
    def ended() -> list[DomainEvent]:
        return [STARTED, ADDED, end]

    given(Basket, *ended()).when(lambda basket: basket.add_item(BREAD, 1, AT)).then_refused(message)
    given(Basket, *ended()).when(lambda basket: basket.remove_item("bread", 1, AT)).then_refused(message)
    given(Basket, *ended()).when(Basket.cancel).then_refused(message)
    given(Basket, *ended()).when(lambda basket: basket.check_out("payment-1")).then_refused(message)
    given(Basket, *ended()).when(lambda basket: basket.abandon(OPENED + timedelta(days=1), HALF_AN_HOUR)).then_nothing()


def test_a_basket_untouched_for_30_minutes_is_abandoned() -> None:
    given(Basket, STARTED).when(lambda basket: basket.abandon(OPENED + HALF_AN_HOUR, HALF_AN_HOUR)).then(
        Abandoned()
    ).then_state(status="abandoned")


def test_a_basket_untouched_for_one_second_less_stays_open() -> None:
    nearly = OPENED + HALF_AN_HOUR - timedelta(seconds=1)
    given(Basket, STARTED, ADDED).when(lambda basket: basket.abandon(nearly, HALF_AN_HOUR)).then_nothing()


@pytest.mark.parametrize("touch", [ItemAdded(INK, LATER), ItemRemoved("bread", 1, LATER)])
def test_a_touch_gives_a_basket_another_30_minutes(touch: DomainEvent) -> None:
    history = [STARTED, ADDED, touch]
    given(Basket, *history).when(
        lambda basket: basket.abandon(OPENED + timedelta(minutes=39), HALF_AN_HOUR)
    ).then_nothing()
    given(Basket, *history).when(lambda basket: basket.abandon(OPENED + timedelta(minutes=40), HALF_AN_HOUR)).then(
        Abandoned()
    )
