"""What is asked for: what an accepted request leaves in the stored events is what its body says."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.simulation.check.access import route_of
from tests.simulation.check.parsed_history import ParsedHistory
from tests.simulation.check.records import Commit, Request
from tests.simulation.check.violation import Violation

AS_ASKED = "what an accepted request stores is what it asked for"
SET = "an accepted change leaves the value that it asked for"

NUMBER = "sms_number"  # is sealed in an event, and so it is known by its request: personal.py opens it


def _text(value: Any) -> Any:
    return value


def _cents(value: Any) -> int:
    return round(float(value) * 100)


# By route: the event that its command records, and for members of the event the one of the body, and its form there.
STORES: dict[str, tuple[str, dict[str, tuple[str, Callable[[Any], Any]]]]] = {
    "POST /api/stores": ("Created", {"name": ("name", _text), "location": ("location", _text)}),
    "POST /api/stores/*/products": (
        "Added",
        {
            "name": ("name", _text),
            "description": ("description", _text),
            "sku": ("sku", _text),
            "price": ("price", _cents),
        },
    ),
    "POST /api/baskets": ("Started", {"customer_id": ("customerId", _text)}),
    "POST /api/baskets/withItems": ("Started", {"customer_id": ("customerId", _text)}),
    "POST /api/payments": ("Authorized", {"customer_id": ("customerId", _text), "amount": ("amount", _cents)}),
    "POST /api/ordering": ("Created", {"customer_id": ("customerId", _text), "payment_id": ("paymentId", _text)}),
    "POST /api/depot/bots": ("Registered", {"name": ("name", _text)}),
    "PUT /api/baskets/*/checkout": ("CheckedOut", {"payment_id": ("paymentId", _text)}),
    "DELETE /api/ordering/*": ("Cancelled", {"reason": ("reason", _text)}),
}

# By route: the kind of what is changed, the member of its events, that of the body, and its form there.
SETS: dict[str, tuple[str, str, str, Callable[[Any], Any]]] = {
    "PUT /api/customers/*/change-sms": ("Customer", NUMBER, "smsNumber", _text),
    "PUT /api/customers/*/language": ("Customer", "language", "language", _text),
    "PUT /api/stores/*/rebrand": ("Store", "name", "name", _text),
    "PUT /api/stores/products/*/rebrand": ("Product", "name", "name", _text),
    "PUT /api/stores/products/*/increasePrice": ("Product", "price", "price", _cents),
    "PUT /api/stores/products/*/decreasePrice": ("Product", "price", "price", _cents),
}


def violations(history: ParsedHistory) -> Iterator[Violation]:
    """Accepted requests after which something else is stored."""
    first: dict[tuple[str, str | None, str, str], int] = {}
    for request in history.requests.values():
        sent = request.who, request.key or request.id, request.method, request.path
        began = first.setdefault(sent, request.at)
        if not request.accepted or not isinstance(request.body, dict):
            continue
        route, id = route_of(request)
        about = {"request": request.id}
        for event, member, found in _stored(request, route):
            text = f"{request.where} stored {event} with another {member}: {found!r}"
            yield Violation(AS_ASKED, text, about)
        if route in SETS:
            kind, member, said, form = SETS[route]
            wanted = form(request.body[said])
            values = _values(history, kind, id, member, began, request.answered_at or history.end)
            if None not in values and wanted not in values:
                text = f"{request.where} was accepted, and {kind}#{id} has another {member} before and after it"
                yield Violation(SET, text, about)


def _stored(request: Request, route: str) -> Iterator[tuple[str, str, Any]]:
    """The event and its member that differ from the body, and what is stored."""
    name, members = STORES.get(route, ("", {}))
    for commit in request.commits:
        for event in commit.events:
            for member, (said, form) in members.items() if event.name == name else ():
                if said in request.body and event.data[member] != form(request.body[said]):
                    yield name, member, event.data[member]


def _values(history: ParsedHistory, kind: str, id: str, member: str, begin: int, end: int) -> list[Any]:
    """The values of a member at any moment from `begin` to `end`; None for one that is not known."""
    values: list[Any] = []
    for commit in history.stream(kind, id):
        for event in commit.events:
            if member in event.data and commit.at <= end:
                value = _number(history, commit) if member == NUMBER else event.data[member]
                values = [value] if commit.at < begin else [*values, value]
    return values


def _number(history: ParsedHistory, commit: Commit) -> Any:
    request = history.requests.get(commit.request or "")
    return request.body.get("smsNumber") if request and isinstance(request.body, dict) else None
