"""The timeline: the messages of every flow, and of every order.

The key of a message's row is its flow, time and id, so a redelivered message finds its own row. A reply may be
published again at another time, under the same id: the key of its row is the id alone, and an index has its time.

Nothing personal is in a message, nor in a row: what the first versions of customers' events held is dropped when they
are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.envelope import Metadata
from events.registry import Kind, Message, language
from functions.kernel.domain.errors import NotFoundError
from functions.kernel.projections.generation import View
from functions.kernel.projections.projection import Projection, read, rows
from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Stamp, Wire
from functions.kernel.runtime import runtime
from functions.kernel.runtime.context import STAFF
from functions.kernel.runtime.json_text import compact, fitting
from functions.kernel.runtime.views import Row

ANSWERS = "answers"
BEFORE = "person"  # in rows of earlier code: where the texts of a customer's event were, which are empty in the row
ORDER_IDS = ("order_id", "basket_id", "list_id", "difference_id")  # a field of one of these names holds the order's id

PAGE = 100  # messages that are read at once to find those around a time

projection = Projection(
    View(
        "timeline",
        partitions=("flow ", "answers in ", "flows of ", "about "),
        indexes=(ANSWERS,),
        by_order=("about ", "answers in "),
    )
)
api = Api("insights")


@dataclass(frozen=True)
class TimelinePage:
    """Messages, oldest first, and the position of the last one when more follow."""

    messages: Sequence[dict[str, Any]]
    last: str | None


@projection.on(*(message for message in language().values() if message.about.kind is not Kind.TIMER))
def message_rows(message: Message, metadata: Metadata) -> list[Row]:
    data = metadata.model_dump(
        include={"id", "name", "time", "source", "stream", "correlation_id", "causation_id", "actor"}
    )
    data["data"] = message.model_dump(mode="json")
    flow, position = _flow(metadata.correlation_id), _position(data)
    if type(message).about.kind is Kind.REPLY:
        row = Row(f"answers in {flow}", metadata.id, data, indexes={ANSWERS: (flow, position)})
    else:
        row = Row(flow, position, data)
    return [row, *_order_rows(message, metadata, data)]


def _order_rows(message: Message, metadata: Metadata, data: dict[str, Any]) -> list[Row]:
    """The row that makes a flow the order's, from the first message of the flow; or an order's event in another flow.

    A robot that stops its heartbeats gives its list back in the flow in which it came online. The first message of a
    flow may be received after others: then an event has two rows, and is shown once.
    """
    named = (getattr(message, name, None) for name in ORDER_IDS)
    order_id = next((id for id in named if id), None)
    if not order_id:
        return []
    if not metadata.causation_id:
        return [Row(_flows_of(order_id), metadata.correlation_id, {"correlation_id": metadata.correlation_id})]
    if type(message).about.kind is not Kind.EVENT or read(_flows_of(order_id), metadata.correlation_id):
        return []
    return [Row(_about(order_id), _position(data), data)]


def of_flow(correlation_id: str, limit: int, after: str | None) -> TimelinePage:
    """The messages of a flow behind a position, or from the first one on, at most `limit`."""
    return _merge(_partitions_of(correlation_id), limit, after)


def of_order(order_id: str, limit: int, after: str | None) -> TimelinePage:
    """The same for all flows of an order (a basket has its order's id), and the events about it in other flows."""
    flows = [row["correlation_id"] for row in rows(_flows_of(order_id))]
    partitions = [partition for flow in flows for partition in _partitions_of(flow)]
    return _merge([*partitions, (_about(order_id), None)], limit, after)


def around(order_id: str, correlation_id: str, time: str, before: int, after: int) -> list[dict[str, Any]]:
    """Up to so many messages before a time, and after it: of an order, or of the flow where that is not known."""
    earlier: list[dict[str, Any]] = []
    later: list[dict[str, Any]] = []
    last: str | None = None
    while True:
        page = of_order(order_id, PAGE, last) if order_id else of_flow(correlation_id, PAGE, last)
        earlier = [*earlier, *(one for one in page.messages if one["time"] <= time)][-before:] if before else []
        later += [one for one in page.messages if one["time"] > time]
        last = page.last
        if last is None or (later and len(later) >= after):
            break
    return [*earlier, *later[:after]]


def _merge(partitions: Sequence[tuple[str, str | None]], limit: int, after: str | None) -> TimelinePage:
    """A page from several partitions, each with its index or None."""
    found: dict[str, dict[str, Any]] = {}
    ends: list[str] = []
    for partition, index in partitions:
        # Two more than the page: the message at `after` itself, and one of the next page, to know whether there is one.
        page = runtime.current().views.query(partition, index=index, first=after, limit=limit + 2)
        found |= {_position(row): row for row in page.rows if after is None or _position(row) > after}
        if page.after:
            ends.append(_position(page.rows[-1]))
    # Behind the end of a partition that was not read to its own, messages of it may be missing.
    known = [position for position in sorted(found) if not ends or position <= min(ends)]
    messages = [_as_of_now(found[position]) for position in known[:limit]]
    shown = known[: fitting(map(compact, messages))][:limit]
    more = bool(ends) or len(known) > len(shown)
    return TimelinePage(messages[: len(shown)], shown[-1] if more and shown else None)


def _as_of_now(message: dict[str, Any]) -> dict[str, Any]:
    """A message of a row, also of earlier code: what is personal had a place of its own there, and is not shown."""
    if BEFORE not in message:
        return message
    kept = {name: value for name, value in message["data"].items() if value != ""}
    return {name: value for name, value in message.items() if name != BEFORE} | {"data": kept}


def _position(message: dict[str, Any]) -> str:
    return f"{message['time']} {message['id']}"


def _partitions_of(correlation_id: str) -> list[tuple[str, str | None]]:
    return [(_flow(correlation_id), None), (_flow(correlation_id), ANSWERS)]


def _flow(correlation_id: str) -> str:
    return f"flow {correlation_id}"


def _flows_of(order_id: str) -> str:
    return f"flows of {order_id}"


def _about(order_id: str) -> str:
    return f"about {order_id}"


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
    """Show the messages of one flow, oldest first."""
    purpose = f"flow {correlation_id}"
    return _timeline(of_flow(correlation_id, params.limit, _after(params, purpose)), purpose)


@api.get("/api/insights/orders/{id}/timeline", may=[STAFF])
def get_order_timeline(id: str, params: Paged) -> TimelineAnswer:
    """Show the messages of every flow of one order, oldest first."""
    purpose = f"flows of {id}"
    return _timeline(of_order(id, params.limit, _after(params, purpose)), purpose)


def _after(params: Paged, purpose: str) -> str | None:
    token = paging.read(params.next, purpose)
    return token["after"] if token else None


def _timeline(found: TimelinePage, purpose: str) -> TimelineAnswer:
    if not found.messages:
        raise NotFoundError("there are no messages in this timeline")
    return TimelineAnswer(
        messages=[MessageShape(**message) for message in found.messages],
        next=paging.sign({"after": found.last} if found.last else None, purpose),
    )
