"""The route of an access request: all that is held of a customer."""

from typing import Any, Literal

from pydantic.alias_generators import to_camel

from functions.customers import held
from functions.kernel.domain import money
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Wire
from functions.kernel.runtime.context import STAFF

api = Api("customers")

AMOUNTS = {"price", "total", "amount", "authorized", "captured", "released", "refunded"}


class HeldThing(Wire):
    """A thing that is held of a customer; its data has the names of the routes that show such things."""

    id: str
    kind: Literal["profile", "change", "code", "order", "basket", "payment", "text"]
    data: dict[str, Any]


class HeldAnswer(PagedAnswer):
    held: list[HeldThing]


@api.get("/api/customers/{id}/data", may=[STAFF], versioned=False)
def get_held_data(id: str, params: Paged) -> HeldAnswer:
    """Show all that is held of a customer, for an access request; complete once there is no `next`."""
    purpose = f"data of {id}"
    page = held.of(id, paging.read(params.next, purpose), params.limit)
    return HeldAnswer(
        held=[HeldThing(id=thing.id, kind=thing.kind, data=_on_the_wire(thing.data)) for thing in page.things],
        next=paging.sign(page.after, purpose),
    )


def _on_the_wire(data: Any) -> Any:
    """Names in camelCase, and amounts as every route gives them."""
    if isinstance(data, list):
        return [_on_the_wire(one) for one in data]
    if not isinstance(data, dict):
        return data
    amounts = {name: money.amount(cents) for name, cents in data.items() if name in AMOUNTS}
    return {to_camel(name): _on_the_wire(value) for name, value in {**data, **amounts}.items()}
