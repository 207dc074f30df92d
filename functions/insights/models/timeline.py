"""The timeline: every message of the mall by its flow, and what was said about every order.

A message's row is found in its flow's partition by time and id, so a message that comes again finds its row there. An
answer may be given again at another time, under the same id: its row is found by id and has its time in an index.

What is said of a person is in a row of its own, by the customer and the version of the customer's stream, and joined on
read. So whoever hears that a customer was erased knows the places of all that was said before, heard of or not, and
leaves tombstones there, which nothing that comes later, again or at the same time can write over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.customers import CustomerErased
from events.envelope import Metadata
from events.registry import Kind, Message, language
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Stamp, Wire
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.views import Row

ANSWERS = "answers"
CUSTOMERS = "customers"
ORDER_IDS = ("order_id", "basket_id", "list_id", "difference_id")  # whichever of them a message has is the order's id

projection = Projection(indexes=[ANSWERS])
api = Api("insights")


@dataclass(frozen=True)
class Stretch:
    """Messages, oldest first, and the place of the last one when more follow."""

    messages: Sequence[dict[str, Any]]
    last: str | None


@projection.on(*(message for message in language().values() if message.about.kind is not Kind.TIMER))
def message_rows(message: Message, metadata: Metadata) -> list[Row]:
    data = metadata.model_dump(
        include={"id", "name", "time", "source", "stream", "correlation_id", "causation_id", "actor"}
    )
    data["data"] = message.model_dump(mode="json")
    person = _person(message, data["data"], metadata)
    if person:
        data["person"] = [person.partition, person.sort]
        data["data"] |= dict.fromkeys(person.data or {}, "")
    flow, place = _flow(metadata.correlation_id), _place(data)
    if type(message).about.kind is Kind.REPLY:
        row = Row(f"answers in {flow}", metadata.id, data, indexes={ANSWERS: (flow, place)})
    else:
        row = Row(flow, place, data)
    return [*([person] if person else []), row, *_order_rows(message, metadata, data)]


def _person(message: Message, data: dict[str, Any], metadata: Metadata) -> Row | None:
    """The texts of an event of the customers service: a name, a number, whatever else there will be to forget."""
    about = type(message).about
    texts = {name: value for name, value in data.items() if isinstance(value, str) and name != about.key}
    if about.source != CUSTOMERS or about.kind is not Kind.EVENT or not texts:
        return None
    return Row(_said_of(data[about.key]), _version(metadata.stream_version), texts)


@projection.on(CustomerErased)
def forgotten_rows(event: CustomerErased, metadata: Metadata) -> list[Row]:
    """Tombstones for all that was said of the customer, whose stream ends here."""
    return [Row(_said_of(event.customer_id), _version(n), None) for n in range(1, metadata.stream_version)]


def _order_rows(message: Message, metadata: Metadata, data: dict[str, Any]) -> list[Row]:
    """The flow as one of the order that its first message names; of a flow begun by others, an event about an order.

    A robot that falls silent gives its list back in the flow in which it had come online. That a flow is the order's
    may be heard of later than what it holds: such an event has two rows and is shown once.
    """
    named = (getattr(message, name, None) for name in ORDER_IDS)
    order_id = next((id for id in named if id), None)
    if not order_id:
        return []
    if not metadata.causation_id:
        return [Row(_flows_of(order_id), metadata.correlation_id, {"correlation_id": metadata.correlation_id})]
    if type(message).about.kind is not Kind.EVENT or read(_flows_of(order_id), metadata.correlation_id):
        return []
    return [Row(_about(order_id), _place(data), data)]


def of_flow(correlation_id: str, limit: int, after: str | None) -> Stretch:
    """The messages of a flow behind a place, at most `limit`; without a place from the first one on."""
    return _merge(_places_of(correlation_id), limit, after)


def of_order(order_id: str, limit: int, after: str | None) -> Stretch:
    """The same of every flow of an order, which has the id of its basket, and of what other flows hold about it."""
    flows = [row["correlation_id"] for row in rows(_flows_of(order_id))]
    places = [place for flow in flows for place in _places_of(flow)]
    return _merge([*places, (_about(order_id), None)], limit, after)


def _merge(places: Sequence[tuple[str, str | None]], limit: int, after: str | None) -> Stretch:
    """From several partitions (of indexes)."""
    found: dict[str, dict[str, Any]] = {}
    for partition, index in places:
        # The one at `after` itself, and one more than is shown, which tells whether more follow.
        page = runtime.current().views.query(partition, index=index, first=after, limit=limit + 2)
        found |= {_place(row): row for row in page.rows if after is None or _place(row) > after}
    order = sorted(found)
    return Stretch([_whole(found[place]) for place in order[:limit]], order[limit - 1] if len(order) > limit else None)


def _whole(message: dict[str, Any]) -> dict[str, Any]:
    """A message with what is said of a person in it, unless that is forgotten."""
    person = message.pop("person", None)
    return {**message, "data": message["data"] | ((read(*person) if person else None) or {})}


def _place(message: dict[str, Any]) -> str:
    return f"{message['time']} {message['id']}"


def _places_of(correlation_id: str) -> list[tuple[str, str | None]]:
    return [(_flow(correlation_id), None), (_flow(correlation_id), ANSWERS)]


def _flow(correlation_id: str) -> str:
    return f"flow {correlation_id}"


def _flows_of(order_id: str) -> str:
    return f"flows of {order_id}"


def _about(order_id: str) -> str:
    return f"about {order_id}"


def _said_of(customer_id: str) -> str:
    return f"said of {customer_id}"


def _version(number: int) -> str:
    return f"{number:09}"  # so that a partition is in the stream's order


class MessageShape(Wire):
    id: str
    name: str
    time: Stamp
    source: str
    stream: str
    correlation_id: str
    causation_id: str | None
    actor: str
    data: dict[str, Any]


class TimelineAnswer(PagedAnswer):
    messages: list[MessageShape]


@api.get("/api/insights/timeline/{correlationId}", may=[STAFF])
def get_flow(correlation_id: str, params: Paged) -> TimelineAnswer:
    """The messages of one flow, oldest first."""
    purpose = f"flow {correlation_id}"
    return _timeline(of_flow(correlation_id, params.limit, _after(params, purpose)), purpose)


@api.get("/api/insights/orders/{id}/timeline", may=[STAFF])
def get_order_timeline(id: str, params: Paged) -> TimelineAnswer:
    """The messages of every flow of one order, oldest first."""
    purpose = f"flows of {id}"
    return _timeline(of_order(id, params.limit, _after(params, purpose)), purpose)


def _after(params: Paged, purpose: str) -> str | None:
    token = paging.read(params.next, purpose)
    return token["after"] if token else None


def _timeline(found: Stretch, purpose: str) -> TimelineAnswer:
    if not found.messages:
        raise NotFoundError("nothing has been said there")
    return TimelineAnswer(
        messages=[MessageShape(**message) for message in found.messages],
        next=paging.sign({"after": found.last} if found.last else None, purpose),
    )
