"""The surroundings of baskets in these tests: Ada, the bakery with its bread, and the services that own them."""

from typing import Any

from events.customers import CustomerRegistered
from events.queries import CustomerStatusFound, ProductFound
from events.registry import Message
from events.stores import ProductAdded, StoreCreated
from functions.baskets import service
from functions.baskets.inbox import inbox
from functions.kernel.domain.errors import UnavailableError
from tests.support.delivery import delivered

ADA = CustomerRegistered(customer_id="ada", enabled=True)
BAKERY = StoreCreated(store_id="bakery", name="Corner Bakery", location="Floor 0, 12", participating=False)
BREAD = ProductAdded(
    product_id="bread",
    store_id="bakery",
    name="Rye bread",
    description="Baked this morning",
    sku="RYE-750",
    price=450,
    removed=False,
)
BREAD_FOUND = ProductFound(
    product_id="bread",
    store_id="bakery",
    store_name="Corner Bakery",
    store_version=3,
    store_location="Floor 0, 12",
    store_participating=True,
    name="Dark rye bread",
    price=475,
    version=5,
)
ADA_FOUND = CustomerStatusFound(customer_id="ada", enabled=True, version=2)


class Owners:
    """The queries of the stores and customers services; while they are `down` they do not answer."""

    def __init__(self, *answers: ProductFound | CustomerStatusFound) -> None:
        self.answers = {_id(answer): answer for answer in answers}
        self.down = False

    def __call__(self, owner: str, request: dict[str, Any]) -> dict[str, Any]:
        if self.down:
            raise UnavailableError(f"{owner} does not answer")
        (id,) = request["data"].values()
        answer = self.answers.get(id)
        return {"answer": answer.model_dump(mode="json")} if answer else {"not_found": f"there is no {id}"}


def _id(answer: ProductFound | CustomerStatusFound) -> str:
    return answer.product_id if isinstance(answer, ProductFound) else answer.customer_id


def consume(message: Message, stream_version: int = 1) -> None:
    """Deliver a message to the service twice, as may happen."""
    event = delivered(message, id=f"{type(message).about.name}-{stream_version}", stream_version=stream_version)
    for _ in range(2):
        assert inbox.handle(event) == {"batchItemFailures": []}


def opened() -> str:
    """The id of a new basket of Ada's, with complete copies."""
    for message in (ADA, BAKERY, BREAD):
        consume(message)
    return service.start("ada")
