"""The use cases of baskets, and what they publish."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from events.customers import CustomerErased
from events.registry import Message, decode
from events.shapes import LineItem
from events.stores import StoreParticipationToggled
from functions.baskets import service
from functions.kernel.domain.errors import InvalidError, NotFoundError, RefusedError, UnavailableError
from functions.kernel.runtime import clock, context, runtime
from functions.kernel.runtime.commit import Cause
from functions.kernel.runtime.context import Context
from functions.kernel.runtime.runtime import active
from tests.unit.baskets.mall import ADA, ADA_FOUND, BAKERY, BREAD_FOUND, Owners, consume, opened

LINE = LineItem(
    store_id="bakery",
    product_id="bread",
    store_name="Corner Bakery",
    product_name="Rye bread",
    price=450,
    quantity=2,
)


def published(basket_id: str) -> list[Message]:
    """The messages in a basket's commits, as a consumer reads them."""
    messages = [message for commit in service.baskets.history(basket_id) for message in commit.messages]
    return [decode(message.name, message.detail["metadata"]["version"], message.detail["data"]) for message in messages]


def test_a_start_is_published_with_the_whole_state() -> None:
    basket_id = opened()
    (started,) = published(basket_id)
    assert type(started).about.name == "BasketStarted"
    assert started.model_dump() == {
        "basket_id": basket_id,
        "customer_id": "ada",
        "status": "open",
        "items": (),
        "total": 0,
    }


def test_adding_and_removing_items_is_not_published() -> None:
    basket_id = opened()
    service.add_item(basket_id, "bread", 3)
    service.remove_item(basket_id, "bread", 1)
    assert [type(message).about.name for message in published(basket_id)] == ["BasketStarted"]
    assert service.basket(basket_id).total == 900


def test_a_checkout_is_published_with_its_items_and_payment() -> None:
    basket_id = opened()
    service.add_item(basket_id, "bread", 2)
    service.check_out(basket_id, "payment-1")
    checked_out = published(basket_id)[-1]
    assert type(checked_out).about.name == "BasketCheckedOut"
    assert checked_out.model_dump() == {
        "basket_id": basket_id,
        "customer_id": "ada",
        "status": "checked_out",
        "items": (LINE.model_dump(),),
        "total": 900,
        "payment_id": "payment-1",
    }


def test_a_cancellation_is_published() -> None:
    basket_id = opened()
    service.cancel(basket_id)
    cancelled = published(basket_id)[-1]
    assert (type(cancelled).about.name, cancelled.model_dump()["status"]) == ("BasketCancelled", "cancelled")


def test_a_basket_untouched_for_30_minutes_is_abandoned_and_that_is_published() -> None:
    basket_id = opened()
    soon, later = (datetime.now(UTC) + timedelta(minutes=minutes) for minutes in (20, 31))
    with clock.fixed(lambda: soon):
        service.abandon(basket_id)
        assert service.basket(basket_id).status == "open"
    with clock.fixed(lambda: later):
        service.abandon(basket_id)
    abandoned = published(basket_id)[-1]
    assert (type(abandoned).about.name, abandoned.model_dump()["status"]) == ("BasketAbandoned", "abandoned")


def test_a_customer_whose_copy_misses_may_start_a_basket_all_the_same(owners: Owners) -> None:
    owners.answers["ada"] = ADA_FOUND
    assert service.basket(service.start("ada")).customer_id == "ada"


def test_an_unknown_customer_starts_no_basket() -> None:
    caused = Context(cause=Cause("request-1"))
    with context.within(caused), pytest.raises(NotFoundError, match="customer was not located"):
        service.start("ada")
    with pytest.raises(NotFoundError):
        service.basket(caused.new_id())


def test_an_erased_customer_starts_no_basket_and_the_owner_is_not_asked(owners: Owners) -> None:
    owners.down = True
    consume(CustomerErased(customer_id="ada"), stream_version=2)
    consume(ADA)
    with pytest.raises(NotFoundError, match="customer was not located"):
        service.start("ada")


def test_a_customer_id_is_validated_before_the_owner_is_asked(owners: Owners) -> None:
    owners.down = True
    with pytest.raises(InvalidError, match="the customer id cannot be blank"):
        service.start(" ")


def test_an_unknown_product_is_not_added() -> None:
    basket_id = opened()
    with pytest.raises(NotFoundError, match="product was not located"):
        service.add_item(basket_id, "ink", 1)
    assert service.basket(basket_id).lines == ()


def test_a_product_whose_copy_misses_is_added_as_its_owner_answers(owners: Owners) -> None:
    basket_id = opened()
    ink = BREAD_FOUND.model_copy(update={"product_id": "ink", "name": "Ink", "price": 799})
    owners.answers["ink"] = ink
    service.add_item(basket_id, "ink", 1)
    assert service.basket(basket_id).total == 799


def test_an_unknown_basket_is_not_found_before_its_product_is_asked_for(owners: Owners) -> None:
    owners.down = True
    changes: list[Callable[[], None]] = [
        lambda: service.add_item("nowhere", "bread", 1),
        lambda: service.remove_item("nowhere", "bread", 1),
        lambda: service.cancel("nowhere"),
        lambda: service.check_out("nowhere", "payment-1"),
        lambda: service.abandon("nowhere"),
    ]
    for change in changes:
        with pytest.raises(NotFoundError, match="there is no basket nowhere"):
            change()


def test_participation_is_required_where_the_stage_sets_it() -> None:
    basket_id = opened()
    strict = replace(runtime.current(), settings={"MALLBOTS_REQUIRE_PARTICIPATION": "1"})
    with active(strict):
        with pytest.raises(RefusedError, match="the store Corner Bakery is not participating"):
            service.add_item(basket_id, "bread", 1)
        consume(StoreParticipationToggled(**{**BAKERY.model_dump(), "participating": True}), stream_version=2)
        service.add_item(basket_id, "bread", 1)
    assert service.basket(basket_id).total == 450


def test_a_repeated_request_adds_once_even_if_the_product_is_gone(owners: Owners) -> None:
    basket_id = opened()
    owners.answers["ink"] = BREAD_FOUND.model_copy(update={"product_id": "ink"})
    for _ in range(2):
        with context.within(Context(cause=Cause("request-1"))):
            service.add_item(basket_id, "ink", 2)
        owners.answers.clear()
    assert service.basket(basket_id).lines[0].quantity == 2


def test_a_repeated_start_gives_the_same_basket(owners: Owners) -> None:
    owners.answers["ada"] = ADA_FOUND
    started = []
    for _ in range(2):
        with context.within(Context(cause=Cause("request-1"))):
            started.append(service.start("ada"))
    assert started[0] == started[1]
    assert service.basket(started[0]).version == 1


def test_a_blank_product_id_is_invalid_not_unknown() -> None:
    basket_id = opened()
    with pytest.raises(InvalidError, match="the product id cannot be blank"):
        service.add_item(basket_id, " ", 1)


def test_while_the_owner_is_down_the_basket_does_not_change(owners: Owners) -> None:
    basket_id = opened()
    owners.down = True
    with pytest.raises(UnavailableError):
        service.add_item(basket_id, "ink", 1)
    assert service.basket(basket_id).version == 1
