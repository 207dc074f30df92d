"""What the customers service says of what it does, and how it answers the saga and those who ask."""

import pytest

from events.checkout import AuthorizeCustomer
from events.customers import CustomerAuthorized, CustomerRefused
from events.queries import CustomerFound
from events.registry import Message
from functions.customers import service
from functions.customers.inbox import inbox
from functions.customers.queries import queries
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from tests.support.delivery import delivered
from tests.support.promised import promised, read
from tests.support.runtime import RecordingBus


def ada() -> str:
    return service.register("Ada Reyes", "+1 555 0100")


def replies(bus: RecordingBus, customer_id: str) -> list[Message]:
    """What the service answers when it is asked twice, by one command, whether a customer may order."""
    bus.messages.clear()
    command = AuthorizeCustomer(order_id="order-1", customer_id=customer_id)
    for _ in range(2):
        assert inbox.handle(delivered(command)) == {"batchItemFailures": []}
    assert len({message.id for message in bus.messages}) == 1
    return [read(message) for message in bus.messages]


def test_every_change_of_a_customer_says_so_with_the_whole_state() -> None:
    customer_id = ada()
    service.disable(customer_id)
    service.change_sms_number(customer_id, "+1 555 0101")
    service.change_language(customer_id, "es")
    service.enable(customer_id)
    service.erase(customer_id)
    said = [read(message) for message in promised()]
    assert [(type(message).about.name, message.model_dump()) for message in said] == [
        *(
            (
                name,
                {
                    "customer_id": customer_id,
                    "name": "Ada Reyes",
                    "sms_number": number,
                    "enabled": enabled,
                    "language": language,
                },
            )
            for name, number, enabled, language in (
                ("CustomerRegistered", "+1 555 0100", True, "en"),
                ("CustomerDisabled", "+1 555 0100", False, "en"),
                ("CustomerSmsChanged", "+1 555 0101", False, "en"),
                ("CustomerLanguageChanged", "+1 555 0101", False, "es"),
                ("CustomerEnabled", "+1 555 0101", True, "es"),
            )
        ),
        ("CustomerErased", {"customer_id": customer_id, "erased": True}),
    ]


def test_an_erased_customer_is_not_there_and_the_newest_snapshot_names_nobody() -> None:
    customer_id = ada()
    service.erase(customer_id)
    service.erase(customer_id)
    with pytest.raises(NotFoundError, match=f"there is no customer {customer_id}"):
        service.customer(customer_id)
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    assert len(store.log) == 2
    assert "Ada" not in str(store.log[-1])
    assert "0100" not in str(store.log[-1])


def test_a_customer_who_never_was_cannot_be_erased() -> None:
    with pytest.raises(NotFoundError, match="there is no customer nobody"):
        service.erase("nobody")


def test_the_saga_hears_that_a_customer_may_order_each_time_it_asks(bus: RecordingBus) -> None:
    customer_id = ada()
    assert replies(bus, customer_id) == [CustomerAuthorized(order_id="order-1")] * 2
    assert service.customer(customer_id).version == 1


def test_the_saga_hears_that_a_customer_is_disabled(bus: RecordingBus) -> None:
    customer_id = ada()
    service.disable(customer_id)
    refused = CustomerRefused(order_id="order-1", reason="the customer is disabled")
    assert replies(bus, customer_id) == [refused] * 2
    service.enable(customer_id)
    assert replies(bus, customer_id) == [CustomerAuthorized(order_id="order-1")] * 2


def test_the_saga_hears_that_a_customer_is_not_there(bus: RecordingBus) -> None:
    customer_id = ada()
    service.erase(customer_id)
    for nobody in ("nobody", customer_id):
        refused = CustomerRefused(order_id="order-1", reason=f"there is no customer {nobody}")
        assert replies(bus, nobody) == [refused] * 2


def test_an_answer_that_the_bus_does_not_take_is_asked_for_again(bus: RecordingBus) -> None:
    command = AuthorizeCustomer(order_id="order-1", customer_id=ada())
    bus.down = True
    assert inbox.handle(delivered(command)) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    bus.down = False
    assert inbox.handle(delivered(command, tries=2)) == {"batchItemFailures": []}
    assert bus.names == ["CustomerAuthorized"]


def test_others_that_ask_hear_of_a_customer_as_one_is_now() -> None:
    customer_id = ada()
    service.change_sms_number(customer_id, "+1 555 0101")
    service.change_language(customer_id, "es")
    service.disable(customer_id)
    answer = queries.handle({"query": "FindCustomer", "data": {"customer_id": customer_id}})["answer"]
    assert CustomerFound.model_validate(answer) == CustomerFound(
        customer_id=customer_id,
        name="Ada Reyes",
        sms_number="+1 555 0101",
        enabled=False,
        language="es",
        version=4,
    )


def test_others_that_ask_for_a_customer_who_is_not_there_hear_so() -> None:
    customer_id = ada()
    service.erase(customer_id)
    for nobody in ("nobody", customer_id):
        answer = queries.handle({"query": "FindCustomer", "data": {"customer_id": nobody}})
        assert answer == {"not_found": f"there is no customer {nobody}"}
