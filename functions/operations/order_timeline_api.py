"""The route of an order's timeline as its owners have it."""

from typing import Any

from functions.kernel.rest import paging
from functions.kernel.rest.http import Api
from functions.kernel.rest.paging import Paged, PagedAnswer
from functions.kernel.rest.wire import Stamp, Wire
from functions.kernel.runtime.context import OPERATOR
from functions.operations import order_timeline

api = Api("operations")


class CommittedShape(Wire):
    """A message of a commit; `data` is its own, verbatim."""

    id: str
    name: str
    time: Stamp
    source: str
    stream: str
    correlation_id: str
    causation_id: str | None
    actor: str
    data: dict[str, Any]


class CommittedTimeline(PagedAnswer):
    """Messages, oldest first. gaps: the services that did not answer, whose messages are missing."""

    messages: list[CommittedShape]
    gaps: list[str]


@api.get("/api/operations/orders/{id}/timeline", may=[OPERATOR])
def get_committed_timeline(id: str, params: Paged) -> CommittedTimeline:
    """Show the messages in the commits of an order, oldest first, as their owners have them.

    Reminders are among them; answers that changed nothing, and what is in robots' streams, are not.
    """
    purpose = f"committed timeline of {id}"
    token = paging.read(params.next, purpose)
    found = order_timeline.page(id, params.limit, token["after"] if token else None)
    return CommittedTimeline(
        messages=[CommittedShape(**message) for message in found.messages],
        gaps=found.gaps,
        next=paging.sign({"after": found.last} if found.last else None, purpose),
    )
