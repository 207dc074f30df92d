"""The copies of products and stores, and the queries to their owner when a copy misses."""

import pytest

from events.stores import ProductPriceChanged, ProductRemoved, StoreParticipationToggled, StoreRebranded
from functions.baskets import service
from functions.baskets.domain import Product
from functions.kernel.domain.errors import NotFoundError, UnavailableError
from tests.unit.baskets.mall import BAKERY, BREAD, BREAD_FOUND, Owners, consume

DEARER = ProductPriceChanged(**{**BREAD.model_dump(), "price": 500}, previous_price=450)
REMOVED = ProductRemoved(**{**BREAD.model_dump(), "removed": True})


def test_a_product_is_joined_with_the_current_row_of_its_store(owners: Owners) -> None:
    owners.down = True
    consume(BREAD)
    consume(BAKERY)
    consume(StoreRebranded(**{**BAKERY.model_dump(), "name": "Corner Café"}), stream_version=2)
    consume(
        StoreParticipationToggled(**{**BAKERY.model_dump(), "name": "Corner Café", "participating": True}),
        stream_version=3,
    )
    consume(DEARER, stream_version=2)
    assert service.product("bread") == Product("bread", "bakery", "Corner Café", "Rye bread", 500, participating=True)


def test_a_late_event_does_not_undo_a_newer_one(owners: Owners) -> None:
    owners.down = True
    consume(BAKERY)
    consume(DEARER, stream_version=2)
    consume(BREAD, stream_version=1)
    assert service.product("bread").price == 500


def test_a_product_whose_copy_misses_is_asked_for_and_kept(owners: Owners) -> None:
    owners.answers["bread"] = BREAD_FOUND
    expected = Product("bread", "bakery", "Corner Bakery", "Dark rye bread", 475, participating=True)
    assert service.product("bread") == expected
    owners.down = True
    assert service.product("bread") == expected


def test_a_product_whose_store_misses_is_asked_for_with_it(owners: Owners) -> None:
    owners.answers["bread"] = BREAD_FOUND
    consume(BREAD)
    assert service.product("bread").store_name == "Corner Bakery"
    owners.down = True
    assert service.product("bread").name == "Dark rye bread"


def test_an_answer_of_the_owner_is_overwritten_by_newer_events_only(owners: Owners) -> None:
    owners.answers["bread"] = BREAD_FOUND
    service.product("bread")
    consume(BREAD, stream_version=1)
    consume(BAKERY, stream_version=1)
    assert (service.product("bread").price, service.product("bread").participating) == (475, True)
    consume(DEARER, stream_version=6)
    consume(BAKERY, stream_version=4)
    assert (service.product("bread").price, service.product("bread").participating) == (500, False)


def test_a_product_that_is_unknown_to_its_owner_is_not_located() -> None:
    with pytest.raises(NotFoundError, match="product was not located"):
        service.product("bread")


def test_a_removed_product_is_not_located_even_while_its_owner_is_down(owners: Owners) -> None:
    owners.down = True
    consume(BAKERY)
    consume(REMOVED, stream_version=3)
    consume(BREAD, stream_version=1)
    with pytest.raises(NotFoundError, match="product was not located"):
        service.product("bread")


def test_without_an_answer_of_the_owner_nothing_is_assumed(owners: Owners) -> None:
    owners.down = True
    with pytest.raises(UnavailableError):
        service.product("bread")
