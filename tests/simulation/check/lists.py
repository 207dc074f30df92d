"""Lists: what is read page by page has nothing twice, and lacks nothing that was in the list throughout."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from tests.simulation.check.parsed_history import SECOND, ParsedHistory
from tests.simulation.check.records import Request
from tests.simulation.check.violation import Violation

NOTHING_TWICE = "a list that is read page by page has nothing twice"
NOTHING_MISSING = "a list that is read page by page has all that was in it throughout"

SLACK = 10 * SECOND  # an index is up to 8 s behind, and a read may show what was there 2 s before


@dataclass(frozen=True)
class Listed:
    """A list of all things of a kind: its member and their ids, and the message that brings one into it."""

    member: str
    id: str
    queue: str
    message: str
    key: str


LISTS = {
    "POST /api/search/orders": Listed("orders", "orderId", "search/inbox", "OrderCreated", "order_id"),
    "GET /api/checkout/sagas": Listed("sagas", "orderId", "checkout/inbox", "SagaMoved", "order_id"),
    "GET /api/stores": Listed("stores", "id", "stores/inbox", "StoreCreated", "store_id"),
}


@dataclass
class Reading:
    """A list that is read from its first page on, as far as its pages are read."""

    route: str
    begun: int
    ids: list[str] = field(default_factory=list)


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Things that a list had twice, or lacked."""
    pages: dict[str, Reading] = {}
    for request in history.requests.values():
        route, token = _asked(request)
        listed = LISTS.get(route)
        if listed is None or not request.accepted:
            continue
        reading = pages.pop(token, None) if token else Reading(route, request.at)
        if reading is None:
            continue
        reading.ids += [one[listed.id] for one in request.answer[listed.member]]
        following = request.answer.get("next")
        if following:
            pages[following] = reading
            continue
        about = {"request": request.id}
        twice = [id for id, count in Counter(reading.ids).items() if count > 1]
        if twice:
            yield Violation(NOTHING_TWICE, f"{route} has {', '.join(twice)} twice", about)
        missing = _handled(history, listed, reading.begun - SLACK) - set(reading.ids)
        if missing:
            yield Violation(NOTHING_MISSING, f"{route} lacks {', '.join(sorted(missing))}", about)


def _asked(request: Request) -> tuple[str, str]:
    """The route of a request for all of a list, and the token of its page; ("", "") for any other."""
    path, _, query = request.path.partition("?")
    body = request.body if isinstance(request.body, dict) else {}
    asked = {name: values[-1] for name, values in parse_qs(query).items()} if request.method == "GET" else body
    if asked.keys() - {"limit", "next", "filters"} or asked.get("filters"):
        return "", ""
    return f"{request.method} {path}", asked.get("next", "")


def _handled(history: ParsedHistory, listed: Listed, until: int) -> set[str]:
    """What had come into a list by then."""
    return {
        str(copy.message.data[listed.key])
        for copy in history.copies.values()
        if copy.queue == listed.queue
        and copy.message
        and copy.message.name == listed.message
        and copy.deleted is not None
        and copy.deleted <= until
    }
