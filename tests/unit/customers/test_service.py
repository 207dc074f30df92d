"""What the customers service publishes, and how it answers the saga."""

import pytest

from events.checkout import AuthorizeCustomer
from events.customers import CustomerAuthorized, CustomerRefused
from events.registry import Message
from functions.customers import service
from functions.customers.inbox import inbox
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime import runtime
from tests.support.delivery import delivered
from tests.support.promised import promised, read
from tests.support.runtime import RecordingBus


def ada() -> str:
    return service.register("Ada Reyes", "+1 555 0100")


def replies(bus: RecordingBus, customer_id: str) -> list[Message]:
    """The replies to one AuthorizeCustomer that is delivered twice."""
    bus.messages.clear()
    command = AuthorizeCustomer(order_id="order-1", customer_id=customer_id)
    for _ in range(2):
        assert inbox.handle(delivered(command)) == {"batchItemFailures": []}
    assert len({message.id for message in bus.messages}) == 1
    return [read(message) for message in bus.messages]


def test_every_change_of_a_customer_is_published_with_all_that_is_not_personal() -> None:
    customer_id = ada()
    service.disable(customer_id)
    service.change_sms_number(customer_id, "+1 555 0101")
    service.change_language(customer_id, "es")
    service.enable(customer_id)
    service.erase(customer_id)
    published = [read(message) for message in promised()]
    assert [(type(message).about.name, message.model_dump()) for message in published] == [
        *(
            (
                name,
                {
                    "customer_id": customer_id,
                    "enabled": enabled,
                    "language": language,
                },
            )
            for name, enabled, language in (
                ("CustomerRegistered", True, "en"),
                ("CustomerDisabled", False, "en"),
                ("CustomerSmsChanged", False, "en"),
                ("CustomerLanguageChanged", False, "es"),
                ("CustomerEnabled", True, "es"),
            )
        ),
        ("CustomerErased", {"customer_id": customer_id, "erased": True}),
    ]


def test_an_erased_customer_is_not_found_and_the_newest_snapshot_holds_no_personal_data() -> None:
    customer_id = ada()
    service.erase(customer_id)
    service.erase(customer_id)
    with pytest.raises(NotFoundError, match=f"there is no customer {customer_id}"):
        service.customer(customer_id)
    store = runtime.current().store
    assert isinstance(store, MemoryEventStore)
    assert len(store.log) == 2
    assert "Ada" not in str(store.log[-1])
    assert "555 0100" not in str(store.log[-1])


def test_an_unknown_customer_cannot_be_erased() -> None:
    with pytest.raises(NotFoundError, match="there is no customer nobody"):
        service.erase("nobody")


def test_an_enabled_customer_is_authorized_each_time_the_saga_asks(bus: RecordingBus) -> None:
    customer_id = ada()
    assert replies(bus, customer_id) == [CustomerAuthorized(order_id="order-1")] * 2
    assert service.customer(customer_id).version == 1


def test_a_disabled_customer_is_refused_to_the_saga(bus: RecordingBus) -> None:
    customer_id = ada()
    service.disable(customer_id)
    refused = CustomerRefused(order_id="order-1", reason="the customer is disabled")
    assert replies(bus, customer_id) == [refused] * 2
    service.enable(customer_id)
    assert replies(bus, customer_id) == [CustomerAuthorized(order_id="order-1")] * 2


def test_an_unknown_or_erased_customer_is_refused_to_the_saga(bus: RecordingBus) -> None:
    customer_id = ada()
    service.erase(customer_id)
    for missing in ("nobody", customer_id):
        refused = CustomerRefused(order_id="order-1", reason=f"there is no customer {missing}")
        assert replies(bus, missing) == [refused] * 2


def test_a_command_whose_reply_the_bus_rejects_is_retried(bus: RecordingBus) -> None:
    command = AuthorizeCustomer(order_id="order-1", customer_id=ada())
    bus.down = True
    assert inbox.handle(delivered(command)) == {"batchItemFailures": [{"itemIdentifier": "record-0"}]}
    bus.down = False
    assert inbox.handle(delivered(command, tries=2)) == {"batchItemFailures": []}
    assert bus.names == ["CustomerAuthorized"]
