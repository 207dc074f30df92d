"""The surroundings of notifications in these tests: Ada, her order, and the service that owns customers."""

from typing import Any, TypeVar

from events.ordering import OrderCreated, OrderState
from events.queries import AddressFound, OneTimeCodeFound
from events.registry import Message
from functions.kernel.domain.errors import UnavailableError
from functions.notifications import codes
from functions.notifications.inbox import inbox
from tests.support.delivery import delivered

NUMBER = "+15550100"
ADDRESS = AddressFound(sms_number=NUMBER, language="en")
IN_SPANISH = AddressFound(sms_number=NUMBER, language="es")

O = TypeVar("O", bound=OrderState)  # noqa: E741  (an order event)


class Owner:
    """The queries of the customers service, which knows Ada; while it is `down` it does not answer."""

    def __init__(self) -> None:
        self.addresses = {"ada": ADDRESS}
        self.codes: dict[tuple[str, int], OneTimeCodeFound] = {}
        self.down = False

    def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        if request["query"] == "FindOneTimeCode":
            code = self.codes.get((request["data"]["phone_id"], request["data"]["request"]))
            return {"answer": code.model_dump(mode="json")} if code else {"not_found": "there is no such code"}
        assert (owner, request["query"]) == ("customers", "FindAddress")
        customer_id = request["data"]["customer_id"]
        found = self.addresses.get(customer_id)
        return (
            {"answer": found.model_dump(mode="json")} if found else {"not_found": f"there is no customer {customer_id}"}
        )


def order(event: type[O], **fields: Any) -> O:
    """An event about Ada's order."""
    return event(
        order_id=fields.pop("order_id", "0a1b2c3d-4e5f"),
        customer_id="ada",
        payment_id="payment-1",
        items=(),
        total=900,
        status="pending",
        ready=False,
        paid=False,
        shopping_list_id=fields.pop("shopping_list_id", None),
        created_at="2026-03-14T09:20:00.000000Z",
        **fields,
    )


CREATED = order(OrderCreated)


def consume(message: Message, id: str = "message-1", stream_version: int = 1) -> bool:
    """Deliver a message to the service once; whether it was handled."""
    consumer = codes.inbox if type(message) in codes.inbox.messages else inbox
    return not consumer.handle(delivered(message, id=id, stream_version=stream_version))["batchItemFailures"]
