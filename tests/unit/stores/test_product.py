"""The rules of a product."""

from collections.abc import Callable

import pytest

from functions.stores.domain import Added, PriceChanged, Product, Relabelled, Removed
from tests.support.given import given

ADDED = Added("bakery", "Rye bread", "Baked this morning", "RYE-750", 450)
NO_NAME = "the product name cannot be blank"


def test_an_added_product_belongs_to_its_store() -> None:
    (
        given(Product)
        .when(lambda product: product.add("bakery", "Rye bread", "Baked this morning", "RYE-750", 450))
        .then(ADDED)
        .then_state(
            store_id="bakery",
            name="Rye bread",
            description="Baked this morning",
            sku="RYE-750",
            price=450,
            removed=False,
        )
    )


def test_a_product_may_be_free_and_without_description_and_sku() -> None:
    given(Product).when(lambda product: product.add("bakery", "Crumbs", "", "", 0)).then(
        Added("bakery", "Crumbs", "", "", 0)
    )


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_product_needs_a_name(blank: str) -> None:
    given(Product).when(lambda product: product.add("bakery", blank, "", "", 450)).then_invalid(NO_NAME)
    given(Product, ADDED).when(lambda product: product.rebrand(blank, "Fresh")).then_invalid(NO_NAME)


def test_a_price_cannot_be_negative() -> None:
    message = "the product price cannot be negative"
    given(Product).when(lambda product: product.add("bakery", "Rye bread", "", "", -1)).then_invalid(message)
    given(Product, ADDED).when(lambda product: product.decrease_price(-1)).then_invalid(message)


def test_a_product_is_added_once() -> None:
    given(Product, ADDED).when(lambda product: product.add("bakery", "Rye bread", "", "", 450)).then_nothing()


def test_a_product_may_change_its_name_and_description() -> None:
    (
        given(Product, ADDED)
        .when(lambda product: product.rebrand("Dark rye", "Fresh"))
        .then(Relabelled("Dark rye", "Fresh"))
        .then_state(name="Dark rye", description="Fresh", price=450)
    )


def test_a_description_that_is_not_given_stays_and_an_empty_one_does_not() -> None:
    given(Product, ADDED).when(lambda product: product.rebrand("Dark rye", None)).then_state(
        name="Dark rye", description="Baked this morning"
    )
    given(Product, ADDED).when(lambda product: product.rebrand("Rye bread", "")).then_state(description="")


def test_a_change_to_the_same_name_and_description_changes_nothing() -> None:
    given(Product, ADDED).when(lambda product: product.rebrand("Rye bread", None)).then_nothing()
    given(Product, ADDED).when(lambda product: product.rebrand("Rye bread", "Baked this morning")).then_nothing()


def test_a_price_goes_up_to_the_one_given() -> None:
    given(Product, ADDED).when(lambda product: product.increase_price(451)).then(PriceChanged(451, 450)).then_state(
        price=451
    )


def test_a_price_goes_down_to_the_one_given() -> None:
    given(Product, ADDED).when(lambda product: product.decrease_price(0)).then(PriceChanged(0, 450)).then_state(price=0)


def test_a_price_that_is_the_same_changes_nothing_either_way() -> None:
    given(Product, ADDED).when(lambda product: product.increase_price(450)).then_nothing()
    given(Product, ADDED).when(lambda product: product.decrease_price(450)).then_nothing()


def test_a_price_is_not_increased_downwards() -> None:
    given(Product, ADDED).when(lambda product: product.increase_price(449)).then_invalid(
        "an increased price cannot be lower than the price now"
    )


def test_a_price_is_not_decreased_upwards() -> None:
    given(Product, ADDED).when(lambda product: product.decrease_price(451)).then_invalid(
        "a decreased price cannot be higher than the price now"
    )


def test_a_price_is_compared_with_the_newest_one() -> None:
    given(Product, ADDED, PriceChanged(500, 450)).when(lambda product: product.increase_price(475)).then_invalid(
        "an increased price cannot be lower than the price now"
    )


def test_a_product_may_be_removed() -> None:
    given(Product, ADDED).when(Product.remove).then(Removed()).then_state(removed=True)


@pytest.mark.parametrize(
    "command",
    [
        Product.remove,
        lambda product: product.rebrand("Dark rye", "Fresh"),
        lambda product: product.rebrand("Rye bread", None),
        lambda product: product.increase_price(451),
        lambda product: product.decrease_price(449),
        lambda product: product.decrease_price(450),
    ],
    ids=["remove", "rebrand", "rebrand to the same", "increase", "decrease", "same price"],
)
def test_a_removed_product_takes_no_more_commands(command: Callable[[Product], None]) -> None:
    given(Product, ADDED, Removed()).when(command).then_invalid("the product was removed")
