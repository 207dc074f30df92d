"""The depot's copies of stores and products, and the queries to their owner."""

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
from functions.depot.gathered import inbox
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


def deliver(*messages: Message) -> None:
    """Deliver the events of one stream in turn, each twice."""
    for version, message in enumerate(messages, 1):
        for _ in range(2):
            assert inbox.handle(delivered(message, stream_version=version)) == {"batchItemFailures": []}


def stops(*wanted: service.Wanted) -> tuple[Stop, ...]:
    return service.shopping_list(service.plan_by_staff("order-1", wanted)).stops


def test_names_and_locations_are_read_from_the_copies(floor: Floor) -> None:
    deliver(StoreCreated(**STORE))
    deliver(ProductAdded(**PRODUCT))
    assert stops(CABLE) == (Stop("volt", "Volt & Wire", "Level 2", (Item("cable", "Cable", 2),)),)
    assert floor.catalogue.queries == []


def test_the_copies_follow_their_owner(floor: Floor) -> None:
    deliver(
        StoreCreated(**STORE),
        StoreRebranded(**STORE | {"name": "Volt"}),
        StoreParticipationToggled(**STORE | {"name": "Volt", "participating": True}),
    )
    deliver(
        ProductAdded(**PRODUCT),
        ProductRebranded(**PRODUCT | {"name": "Long cable"}),
        ProductPriceChanged(**PRODUCT | {"name": "Long cable", "price": 1095}, previous_price=995),
    )
    assert stops(CABLE) == (Stop("volt", "Volt", "Level 2", (Item("cable", "Long cable", 2),)),)


def test_names_that_are_given_are_kept(floor: Floor) -> None:
    deliver(StoreCreated(**STORE))
    named = service.Wanted("volt", "cable", 1, "Volt in May", "Cable in May")
    assert stops(named) == (Stop("volt", "Volt in May", "Level 2", (Item("cable", "Cable in May", 1),)),)
    assert floor.catalogue.queries == []


def test_the_owner_is_asked_once_when_a_copy_is_missing(floor: Floor) -> None:
    bread = service.Wanted("bakery", "bread", 1)
    expected = (Stop("bakery", "Corner Bakery", "Floor 6", (Item("bread", "Rye bread", 1),)),)
    assert stops(bread) == expected
    assert stops(bread) == expected
    assert floor.catalogue.queries == ["bread"]


def test_a_later_event_replaces_an_answer_that_was_kept(floor: Floor) -> None:
    stops(service.Wanted("bakery", "bread", 1))
    moved = STORE | {"store_id": "bakery", "name": "New Bakery", "location": "Level 9"}
    inbox.handle(delivered(StoreRebranded(**moved), stream_version=2))
    assert stops(service.Wanted("bakery", "bread", 1))[0].store_name == "New Bakery"


@pytest.mark.parametrize(
    "wanted",
    [
        service.Wanted("bakery", "cake", 1),
        service.Wanted("unknown", "cake", 1, "Nowhere", "Cake"),
        service.Wanted("paper", "bread", 1),
        service.Wanted("paper", "bread", 1, "Paper & Ink", "Rye bread"),
    ],
    ids=["no such product", "no such store", "of another store", "of another store by name"],
)
def test_an_unknown_product_or_store_is_not_found(floor: Floor, wanted: service.Wanted) -> None:
    with pytest.raises(NotFoundError, match="product was not located"):
        service.plan_by_staff("order-1", [wanted])


def test_a_product_that_was_removed_is_not_found_without_asking(floor: Floor) -> None:
    deliver(StoreCreated(**STORE))
    deliver(ProductAdded(**PRODUCT), ProductRemoved(**PRODUCT | {"removed": True}))
    with pytest.raises(NotFoundError, match="product was not located"):
        service.plan_by_staff("order-1", [CABLE])
    assert floor.catalogue.queries == []


def test_a_list_is_unavailable_while_the_owner_does_not_answer(floor: Floor) -> None:
    floor.catalogue.down = True
    with pytest.raises(UnavailableError):
        service.plan_by_staff("order-1", [service.Wanted("bakery", "bread", 1)])
