"""The depot's copies of stores and products, and what it asks their owner."""

from typing import Any

import pytest

from events.registry import Message
from events.stores import (
    ProductAdded,
    ProductPriceChanged,
    ProductRebranded,
    ProductRemoved,
    StoreCreated,
    StoreParticipationToggled,
    StoreRebranded,
)
from functions.depot import service
from functions.depot.inbox import inbox
from functions.depot.stops import Item, Stop
from functions.kernel.domain.errors import NotFoundError, UnavailableError
from tests.support.delivery import delivered
from tests.unit.depot.floor import Floor

STORE: dict[str, Any] = {"store_id": "volt", "name": "Volt & Wire", "location": "Level 2", "participating": False}
PRODUCT: dict[str, Any] = {
    "product_id": "cable",
    "store_id": "volt",
    "name": "Cable",
    "description": "",
    "sku": "C-1",
    "price": 995,
    "removed": False,
}
CABLE = service.Wanted("volt", "cable", 2)


def hear(*messages: Message) -> None:
    """Let these happen one after the other to one stream, each arriving twice."""
    for version, message in enumerate(messages, 1):
        for _ in range(2):
            assert inbox.handle(delivered(message, stream_version=version)) == {"batchItemFailures": []}


def stops(*wanted: service.Wanted) -> tuple[Stop, ...]:
    return service.shopping_list(service.plan_by_staff("order-1", wanted)).stops


def test_names_and_places_are_the_copies(floor: Floor) -> None:
    hear(StoreCreated(**STORE))
    hear(ProductAdded(**PRODUCT))
    assert stops(CABLE) == (Stop("volt", "Volt & Wire", "Level 2", (Item("cable", "Cable", 2),)),)
    assert floor.catalogue.asked == []


def test_the_copies_follow_their_owner(floor: Floor) -> None:
    hear(
        StoreCreated(**STORE),
        StoreRebranded(**STORE | {"name": "Volt"}),
        StoreParticipationToggled(**STORE | {"name": "Volt", "participating": True}),
    )
    hear(
        ProductAdded(**PRODUCT),
        ProductRebranded(**PRODUCT | {"name": "Long cable"}),
        ProductPriceChanged(**PRODUCT | {"name": "Long cable", "price": 1095}, previous_price=995),
    )
    assert stops(CABLE) == (Stop("volt", "Volt", "Level 2", (Item("cable", "Long cable", 2),)),)


def test_names_that_are_given_are_kept(floor: Floor) -> None:
    hear(StoreCreated(**STORE))
    named = service.Wanted("volt", "cable", 1, "Volt in May", "Cable in May")
    assert stops(named) == (Stop("volt", "Volt in May", "Level 2", (Item("cable", "Cable in May", 1),)),)
    assert floor.catalogue.asked == []


def test_a_copy_that_misses_asks_the_owner_once_and_keeps_the_answer(floor: Floor) -> None:
    bread = service.Wanted("bakery", "bread", 1)
    expected = (Stop("bakery", "Corner Bakery", "Floor 6", (Item("bread", "Rye bread", 1),)),)
    assert stops(bread) == expected
    assert stops(bread) == expected
    assert floor.catalogue.asked == ["bread"]


def test_an_answer_that_was_kept_gives_way_to_what_came_later(floor: Floor) -> None:
    stops(service.Wanted("bakery", "bread", 1))
    moved = STORE | {"store_id": "bakery", "name": "New Bakery", "location": "Level 9"}
    inbox.handle(delivered(StoreRebranded(**moved), stream_version=2))
    assert stops(service.Wanted("bakery", "bread", 1))[0].store_name == "New Bakery"


@pytest.mark.parametrize(
    "wanted",
    [
        service.Wanted("bakery", "cake", 1),
        service.Wanted("nowhere", "cake", 1, "Nowhere", "Cake"),
        service.Wanted("paper", "bread", 1),
        service.Wanted("paper", "bread", 1, "Paper & Ink", "Rye bread"),
    ],
    ids=["no such product", "no such store", "of another store", "of another store by name"],
)
def test_what_the_catalogue_does_not_have_is_not_found(floor: Floor, wanted: service.Wanted) -> None:
    with pytest.raises(NotFoundError, match="product was not located"):
        service.plan_by_staff("order-1", [wanted])


def test_a_product_that_was_removed_is_not_found_without_asking(floor: Floor) -> None:
    hear(StoreCreated(**STORE))
    hear(ProductAdded(**PRODUCT), ProductRemoved(**PRODUCT | {"removed": True}))
    with pytest.raises(NotFoundError, match="product was not located"):
        service.plan_by_staff("order-1", [CABLE])
    assert floor.catalogue.asked == []


def test_while_the_owner_does_not_answer_nobody_guesses(floor: Floor) -> None:
    floor.catalogue.down = True
    with pytest.raises(UnavailableError):
        service.plan_by_staff("order-1", [service.Wanted("bakery", "bread", 1)])
