"""The timeline: every message of the mall by its flow, and the flows of every order.

A message's row is found in its flow's partition by time and id, so a message that comes again finds its row there. An
answer may be given again at another time, under the same id: its row is found by id and has its time in an index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from events.envelope import Metadata
from events.registry import Kind, Message, language
from functions.kernel import paging, runtime
from functions.kernel.errors import NotFoundError
from functions.kernel.http import STAFF, Api
from functions.kernel.paging import Paged, PagedAnswer
from functions.kernel.projection import Projection
from functions.kernel.views import Row
from functions.kernel.wire import Wire

ANSWERS = "answers"
FLOWS_AT_A_TIME = 100

projection = Projection(indexes=[ANSWERS])
api = Api("insights")


@dataclass(frozen=True)
class Stretch:
    """Messages, oldest first, and the place of the last one when more follow."""

    messages: Sequence[dict[str, Any]]
    last: str | None


@projection.on(*(message for message in language().values() if message.kind is not Kind.TIMER))
def message_rows(message: Message, metadata: Metadata) -> list[Row]:
    data = metadata.model_dump(
        include={"id", "name", "time", "source", "stream", "correlation_id", "causation_id", "actor"}
    )
    data["data"] = message.model_dump(mode="json")
    flow, place = _flow(metadata.correlation_id), _place(data)
    if type(message).kind is Kind.REPLY:
        row = Row(f"answers in {flow}", metadata.id, data, indexes={ANSWERS: (flow, place)})
    else:
        row = Row(flow, place, data)
    return [row, *_link(message, metadata)]


def _link(message: Message, metadata: Metadata) -> list[Row]:
    """The flow as one of its order's; the first message of a flow names the order, if it is about one."""
    order_id = getattr(message, "order_id", None) or getattr(message, "basket_id", None)
    if metadata.causation_id or not order_id:
        return []
    return [Row(_flows_of(order_id), metadata.correlation_id, {"correlation_id": metadata.correlation_id})]


def of_flow(correlation_id: str, limit: int, after: str | None) -> Stretch:
    """The messages of a flow behind a place, at most `limit`; without a place from the first one on."""
    return _merge([correlation_id], limit, after)


def of_order(order_id: str, limit: int, after: str | None) -> Stretch:
    """The same of every flow of an order, which has the id of its basket."""
    views = runtime.current().views
    page = views.query(_flows_of(order_id), limit=FLOWS_AT_A_TIME)
    flows = [row["correlation_id"] for row in page.rows]
    while page.after:
        page = views.query(_flows_of(order_id), limit=FLOWS_AT_A_TIME, after=page.after)
        flows += [row["correlation_id"] for row in page.rows]
    return _merge(flows, limit, after)


def _merge(correlation_ids: Sequence[str], limit: int, after: str | None) -> Stretch:
    found: list[dict[str, Any]] = []
    for correlation_id in correlation_ids:
        for index in (None, ANSWERS):
            # The one at `after` itself, and one more than is shown, which tells whether more follow.
            page = runtime.current().views.query(_flow(correlation_id), index=index, first=after, limit=limit + 2)
            found += [row for row in page.rows if after is None or _place(row) > after]
    found.sort(key=_place)
    return Stretch(found[:limit], _place(found[limit - 1]) if len(found) > limit else None)


def _place(message: dict[str, Any]) -> str:
    return f"{message['time']} {message['id']}"


def _flow(correlation_id: str) -> str:
    return f"flow {correlation_id}"


def _flows_of(order_id: str) -> str:
    return f"flows of {order_id}"


class MessageShape(Wire):
    id: str
    name: str
    time: str
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
