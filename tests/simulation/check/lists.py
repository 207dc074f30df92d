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
    """A list of all things of a kind: its member and their ids, and the message or the row that brings one into it.

    message: (queue, name, key in the data). rows: (table, partition), where the sort key is the id.
    """

    member: str
    id: str
    message: tuple[str, str, str] | None = None
    rows: tuple[str, str] | None = None


LISTS = {
    "POST /api/search/orders": Listed("orders", "orderId", message=("search/inbox", "OrderCreated", "order_id")),
    "GET /api/checkout/sagas": Listed("sagas", "orderId", rows=("checkout/views", "sagas")),
    "GET /api/stores": Listed("stores", "id", message=("stores/inbox", "StoreCreated", "store_id")),
}


@dataclass
class Reading:
    """A list that is read from its first page on, as far as its pages are read."""

    route: str
    begun: int
    who: str
    ids: list[str] = field(default_factory=list)


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Things that a list had twice, or lacked."""
    pages: dict[str, Reading] = {}
    for request in history.requests.values():
        route, token = _asked(request)
        listed = LISTS.get(route)
        if listed is None or not request.accepted:
            continue
        reading = pages.pop(token, None) if token else Reading(route, request.at, request.who)
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
        missing = _listed(history, listed, reading.begun - SLACK, reading.who) - set(reading.ids)
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


def _listed(history: ParsedHistory, listed: Listed, until: int, who: str) -> set[str]:
    """What had come into a list by then: of orders, a customer is shown its own."""
    role, _, caller = who.partition(":")
    own = caller if role == "customer" else None
    if listed.rows:
        written = [(at, sort) for at, table, partition, sort, _ in history.rows if (table, partition) == listed.rows]
        return {sort for at, sort in written if at <= until}
    queue, name, key = listed.message or ("", "", "")
    return {
        str(copy.message.data[key])
        for copy in history.copies.values()
        if copy.queue == queue
        and copy.message
        and copy.message.name == name
        and own in (None, copy.message.data.get("customer_id", own))
        and copy.deleted is not None
        and copy.deleted <= until
    }
