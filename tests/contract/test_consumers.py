"""Contracts between those who say something and those who hear it.

Each consumer states in `consumers/` what it reads. The statement is held against what its inboxes really read, and
every message against all statements: a change that a consumer would not survive fails here, by the producer's name,
and says who it is.
"""

from pathlib import Path
from typing import Any, Literal, get_type_hints

import pytest

from events import registry
from events.ordering import OrderCancelled, OrderState
from events.registry import Event, Kind, Message, language
from events.shapes import Shape
from events.stores import ProductPriceChanged, StoreRebranded, StoreState
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.runtime.runtime import active
from tests.contract.promises import consumers, contract, missed
from tests.contract.reading import Data, read_of, reader, samples
from tests.support.delivery import delivered
from tests.support.messages import made_up
from tests.support.runtime import memory_runtime

SAMPLES = list(samples())
BUS = {name: message for name, message in language().items() if message.about.kind is not Kind.TIMER}


def heard(service: str) -> set[str]:
    """What a service's bus rules bring it."""
    return {
        message.about.name
        for inbox in manifest(service).inboxes
        for message in inbox.messages
        if message.about.name in BUS
    }


HEARD = [
    pytest.param(service, detail, id=f"{service}-{detail['metadata']['name']}.v{detail['metadata']['version']}")
    for service in services()
    for detail in SAMPLES
    if detail["metadata"]["name"] in heard(service)
]


@pytest.mark.parametrize("service", services())
def test_a_consumer_has_a_contract_about_all_that_it_hears_and_nothing_else(service: str) -> None:
    assert contract(service).keys() == heard(service)


@pytest.mark.parametrize(("service", "detail"), HEARD)
def test_a_consumer_reads_what_its_contract_states_neither_more_nor_less(service: str, detail: Data) -> None:
    assert read_of(service, detail) == contract(service)[detail["metadata"]["name"]].keys()


@pytest.mark.parametrize("producer", sorted({message.about.source for message in BUS.values()}))
def test_what_a_service_says_holds_what_its_consumers_read(producer: str) -> None:
    assert [sentence for m in BUS.values() if m.about.source == producer for sentence in missed(m)] == []


def test_every_message_on_the_bus_has_a_contract_but_an_answer_that_none_waits_for() -> None:
    assert [name for name in BUS if not consumers(name)] == ["CollectionAccepted"]


def test_there_is_no_contract_of_a_service_that_is_not_there() -> None:
    written = {path.stem for path in (Path(__file__).parent / "consumers").glob("*.py")}
    assert written == set(services())


# What follows plants changes and sees them found.


class _Line(Shape):
    store_id: str
    product_id: str
    store_name: str
    product_name: str
    price: str  # was a number of cents
    quantity: int


def changed(
    message: type[Message], shape: type[Message] = Event, drop: str = "", version: int = 1, **fields: Any
) -> type[Message]:
    """A message as its producer's next change has it."""
    registry._messages.pop(message.about.name)
    kept = get_type_hints(message, include_extras=True)
    kept = {name: kept[name] for name in message.model_fields if name != drop}
    about: dict[str, Any] = {"source": message.about.source, "key": message.about.key, "version": version}
    return made_up(message.about.name, shape, kept | fields, doc=message.__doc__, **about)


@pytest.mark.usefixtures("own_words")
class TestABreakIsFound:
    def test_a_field_that_is_removed(self) -> None:
        assert missed(changed(StoreRebranded, drop="location")) == [
            "depot reads StoreRebranded.location, which is not there",
            "live reads StoreRebranded.location, which is not there",
            "stores reads StoreRebranded.location, which is not there",
        ]

    def test_a_field_that_is_renamed(self) -> None:
        found = missed(changed(StoreRebranded, drop="name", title=str))
        assert [sentence.split()[0] for sentence in found] == [
            "baskets",
            "depot",
            "insights",
            "live",
            "search",
            "stores",
        ]
        assert {sentence.split(" ", 1)[1] for sentence in found} == {"reads StoreRebranded.name, which is not there"}

    def test_a_type_that_is_another(self) -> None:
        assert missed(changed(StoreRebranded, participating=str)) == [
            "baskets reads StoreRebranded.participating as boolean: it may now be string",
            "baskets reads StoreRebranded.participating as boolean: it can no longer be boolean",
            "live reads StoreRebranded.participating as boolean: it may now be string",
            "live reads StoreRebranded.participating as boolean: it can no longer be boolean",
            "stores reads StoreRebranded.participating as boolean: it may now be string",
            "stores reads StoreRebranded.participating as boolean: it can no longer be boolean",
        ]

    def test_a_type_deep_in_a_list(self) -> None:
        found = missed(changed(language()["OrderCompleted"], items=tuple[_Line, ...]))
        assert {sentence.split()[0] for sentence in found} == {"insights", "search"}
        assert "insights reads OrderCompleted.items[].price as integer: it may now be string" in found

    def test_a_word_that_is_never_said_any_more(self) -> None:
        status = Literal["pending", "approved", "completed", "rejected", "cancelled"]
        found = missed(changed(OrderCancelled, status=status))
        assert {sentence.split()[0] for sentence in found} == {"live", "payments", "search"}
        assert all(sentence.endswith('it can no longer be "ready"') for sentence in found)

    def test_a_word_that_is_new(self) -> None:
        status = Literal["pending", "approved", "ready", "completed", "rejected", "cancelled", "lost"]
        found = missed(changed(OrderCancelled, status=status))
        assert len(found) == 3
        assert all(sentence.endswith('it may now be "lost"') for sentence in found)

    def test_a_field_that_may_be_null_or_absent_now(self) -> None:
        assert "search reads OrderCancelled.total as integer: it may now be null" in missed(
            changed(OrderCancelled, total=int | None)
        )
        optional = made_up("SomeState", StoreState, {"location": str}, location="")
        assert "stores reads StoreRebranded.location as string: it may now be absent" in missed(
            changed(StoreRebranded, shape=optional, drop="location")
        )

    def test_a_break_in_a_new_version_too(self) -> None:
        newer = changed(StoreRebranded, drop="location", version=2)
        assert (newer.about.version, len(missed(newer))) == (2, 3)


@pytest.mark.usefixtures("own_words")
class TestNoBreakIsFound:
    def test_where_nobody_reads_what_is_removed(self) -> None:
        assert missed(changed(ProductPriceChanged, drop="previous_price")) == []

    def test_where_a_field_is_added(self) -> None:
        assert missed(changed(StoreRebranded, floor=int)) == []

    def test_where_what_might_be_null_never_is(self) -> None:
        assert missed(changed(OrderCancelled, shopping_list_id=str)) == []


def read_by(handler: Any, message: Message) -> set[str]:
    """What a handler reads of a message."""
    inbox = Inbox("search")
    inbox.on(type(message))(handler)
    with reader() as noted, active(memory_runtime("search")):
        inbox.handle(delivered(message))
    return noted.paths


REBRANDED = StoreRebranded(store_id="store-1", name="Bakery", location="Floor 0", participating=True)


def test_a_field_that_is_looked_at_is_noted_and_one_that_is_not_is_not() -> None:
    assert read_by(lambda event: event.name, REBRANDED) == {"name"}
    assert read_by(lambda event: getattr(event, "location", None), REBRANDED) == {"location"}
    assert read_by(lambda event: getattr(event, "floor", None), REBRANDED) == set()
    assert read_by(lambda event: None, REBRANDED) == set()


def test_a_field_that_is_read_with_others_at_once_is_noted() -> None:
    assert read_by(lambda event: dict(event), REBRANDED) == REBRANDED.model_fields_set
    named = {"name", "store_id"}
    assert read_by(lambda event: event.model_dump(include=named), REBRANDED) == named
    assert read_by(lambda event: event.model_dump(exclude=named), REBRANDED) == {"location", "participating"}
    assert read_by(lambda event: event.model_dump(mode="json"), REBRANDED) == {"*"}


def test_a_field_that_is_read_before_the_handler_fails_is_noted() -> None:
    assert read_by(lambda event: {}[event.name], REBRANDED) == {"name"}


def test_what_is_read_elsewhere_is_not_noted() -> None:
    other = REBRANDED.model_copy()
    assert read_by(lambda event: other.name, REBRANDED) == set()


def test_nothing_is_noted_any_more_afterwards() -> None:
    read_by(lambda event: event.name, REBRANDED)
    assert "__getattribute__" not in vars(Message)
    assert "model_dump" not in vars(Shape)
    assert OrderState.model_dump is Message.model_dump
