"""What the stores service publishes, how it answers queries, and what its lists hold."""

import pytest

from events.queries import ProductFound
from functions.kernel.domain.errors import InvalidError, NotFoundError
from functions.kernel.runtime import context
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.views import Page
from functions.stores import service, views
from functions.stores.inbox import inbox
from functions.stores.queries import queries
from tests.support.promised import hand_over, promised, read


def a_store(name: str = "Corner Bakery") -> str:
    return service.create_store(name, "Floor 0, 12")


def a_product(store_id: str, name: str = "Rye bread", price: int = 450) -> str:
    return service.add_product(store_id, name, "Baked this morning", "RYE-750", price)


def names(page: Page) -> list[str]:
    return [row["name"] for row in page.rows]


def test_every_change_of_a_store_is_published_with_the_whole_state() -> None:
    store_id = a_store()
    service.enable_participation(store_id)
    service.rebrand_store(store_id, "Old Mill")
    service.disable_participation(store_id)
    published = [read(message) for message in promised()]
    assert [(type(message).about.name, message.model_dump()) for message in published] == [
        (name, {"store_id": store_id, "name": store_name, "location": "Floor 0, 12", "participating": participating})
        for name, store_name, participating in (
            ("StoreCreated", "Corner Bakery", False),
            ("StoreParticipationToggled", "Corner Bakery", True),
            ("StoreRebranded", "Old Mill", True),
            ("StoreParticipationToggled", "Old Mill", False),
        )
    ]


def test_every_change_of_a_product_is_published_with_the_whole_state() -> None:
    store_id = a_store()
    product_id = a_product(store_id)
    service.rebrand_product(product_id, "Dark rye", "Fresh")
    service.increase_price(product_id, 500)
    service.decrease_price(product_id, 475)
    service.remove_product(product_id)
    published = [read(message) for message in promised()[1:]]
    label = {"product_id": product_id, "store_id": store_id, "sku": "RYE-750", "removed": False}
    first = label | {"name": "Rye bread", "description": "Baked this morning", "price": 450}
    then = label | {"name": "Dark rye", "description": "Fresh"}
    assert [(type(message).about.name, message.model_dump()) for message in published] == [
        ("ProductAdded", first),
        ("ProductRebranded", then | {"price": 450}),
        ("ProductPriceChanged", then | {"price": 500, "previous_price": 450}),
        ("ProductPriceChanged", then | {"price": 475, "previous_price": 500}),
        ("ProductRemoved", then | {"price": 475, "removed": True}),
    ]


def test_a_product_needs_an_existing_store() -> None:
    with pytest.raises(NotFoundError, match="there is no store nowhere"):
        a_product("nowhere")
    assert promised() == []


def test_a_repeated_request_creates_one_store_and_adds_one_product() -> None:
    for _ in range(2):
        with context.within(Context(cause=Cause("request-1"))):
            store_id = a_store()
        with context.within(Context(cause=Cause("request-2"))):
            a_product(store_id)
    assert [message.name for message in promised()] == ["StoreCreated", "ProductAdded"]


def test_a_removed_product_is_not_found() -> None:
    product_id = a_product(a_store())
    service.remove_product(product_id)
    with pytest.raises(NotFoundError, match=f"there is no product {product_id} any more"):
        service.product(product_id)
    with pytest.raises(InvalidError, match="the product was removed"):
        service.remove_product(product_id)


def test_a_query_for_a_product_answers_its_store_too() -> None:
    store_id = a_store()
    product_id = a_product(store_id)
    service.enable_participation(store_id)
    service.increase_price(product_id, 500)
    service.increase_price(product_id, 550)
    answer = queries.handle({"query": "FindProduct", "data": {"product_id": product_id}})["answer"]
    assert ProductFound.model_validate(answer) == ProductFound(
        product_id=product_id,
        store_id=store_id,
        store_name="Corner Bakery",
        store_version=2,
        store_location="Floor 0, 12",
        store_participating=True,
        name="Rye bread",
        price=550,
        version=3,
    )


def test_a_query_for_an_unknown_or_removed_product_answers_not_found() -> None:
    product_id = a_product(a_store())
    service.remove_product(product_id)
    for asked in (product_id, "nothing"):
        assert "not_found" in queries.handle({"query": "FindProduct", "data": {"product_id": asked}})


def test_the_lists_are_made_of_the_services_own_events_by_name() -> None:
    mill, bakery, paper = a_store("old mill"), a_store(), a_store("Paper & Ink")
    for store_id in (mill, paper):
        service.enable_participation(store_id)
    a_product(bakery, "Seed loaf", 390)
    removed = a_product(bakery, "Apple pie")
    a_product(bakery, "rolls")
    service.remove_product(removed)
    service.disable_participation(paper)
    hand_over(inbox, promised())

    assert names(views.stores(50, None)) == ["Corner Bakery", "old mill", "Paper & Ink"]
    assert names(views.stores(50, None, participating=True)) == ["old mill"]
    assert names(views.products(bakery, 50, None)) == ["rolls", "Seed loaf"]
    assert names(views.products(mill, 50, None)) == []


def test_the_lists_are_the_same_when_events_come_late_and_twice() -> None:
    store_id = a_store()
    product_id = a_product(store_id)
    service.enable_participation(store_id)
    service.rebrand_store(store_id, "Old Mill")
    service.increase_price(product_id, 500)
    hand_over(inbox, promised()[::-1] + promised())

    (row,) = views.stores(50, None, participating=True).rows
    assert row == {"id": store_id, "name": "Old Mill", "location": "Floor 0, 12", "participating": True}
    (row,) = views.products(store_id, 50, None).rows
    assert row["price"] == 500


def test_a_removal_that_arrives_first_keeps_the_product_out_of_the_list() -> None:
    store_id = a_store()
    service.remove_product(a_product(store_id))
    hand_over(inbox, promised()[::-1])
    assert names(views.products(store_id, 50, None)) == []


def test_a_long_list_is_read_page_by_page() -> None:
    store_id = a_store()
    for n in range(5):
        a_product(store_id, f"product {n}")
    hand_over(inbox, promised())
    first = views.products(store_id, 2, None)
    second = views.products(store_id, 2, first.after)
    third = views.products(store_id, 2, second.after)
    found = [names(page) for page in (first, second, third)]
    assert [len(page) for page in found] == [2, 2, 1]
    assert sorted(name for page in found for name in page) == [f"product {n}" for n in range(5)]
    assert third.after is None
